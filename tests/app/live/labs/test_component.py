"""What the view of a lab is told: the panels that a page asks for, styles that no eye confuses."""

from itertools import combinations

import pytest

from app import theme
from app.live.labs.component import chosen_panels, family_styles, spare_styles
from tests.app.test_theme import EYES, apart
from tests.e2e.pictures import PICTURES


def test_a_page_may_ask_for_single_panels_which_come_in_the_rows_order():
    names = [panel.name for panel in chosen_panels(PICTURES.panels, ("plane", "rates", "map"))]
    assert names == ["map", "rates", "plane", "path"]
    assert chosen_panels(PICTURES.panels, ("training", "map"))[0].opens == "training"
    assert chosen_panels(PICTURES.panels, ("map",))[0].opens == "", "nothing is there that a cell could open"
    assert chosen_panels(PICTURES.panels, None) == list(PICTURES.panels)


@pytest.mark.parametrize("scheme", theme.BACKGROUND)
def test_nine_kinds_without_a_style_and_the_plain_and_residual_net_are_told_apart_by_every_eye(scheme):
    styles = [*spare_styles(), *(family[0] for family in family_styles().values())]
    assert len(spare_styles()) == 9
    for style in styles:
        assert theme.contrast(style["color"][scheme], theme.BACKGROUND[scheme]) >= 3
        assert theme.contrast(style["textColor"][scheme], theme.BACKGROUND[scheme]) >= 4.5
    for one, other in combinations([style["color"][scheme] for style in styles], 2):
        assert min(apart(one, other), *(apart(one, other, eye) for eye in EYES)) > 6.5, (one, other)


def test_plain_and_residual_nets_have_their_hues_and_variants_a_dash_of_their_own():
    families = family_styles()
    for begins, hue in (("plain", "none"), ("residual", "A")):
        assert families[begins][0]["color"]["light"] == theme.line_color(hue, 26, "light")
        assert len({style["dash"] for style in families[begins]}) == len(families[begins]) == 6
        assert len({style["color"]["dark"] for style in families[begins]}) == 6
