"""What the view of a lab is told: the panels that a page asks for, styles that no eye confuses."""

from itertools import combinations

import pytest

from app import theme
from app.data import labs
from app.live.labs.component import chosen_panels, hues, rules_of, spare_styles
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
    styles = [
        *spare_styles(),
        *(hues(every=False)[match][26] for match in (r"^(plain|none)\b", r"^(residual|A|pre-LN)\b")),
    ]
    assert len(spare_styles()) == 9
    for style in styles:
        assert theme.contrast(style["color"][scheme], theme.BACKGROUND[scheme]) >= 3
        assert theme.contrast(style["textColor"][scheme], theme.BACKGROUND[scheme]) >= 4.5
    for one, other in combinations([style["color"][scheme] for style in styles], 2):
        assert min(apart(one, other), *(apart(one, other, eye) for eye in EYES)) > 6.5, (one, other)


def test_an_arm_has_the_colour_that_it_has_in_a_race():
    for every, names in ((False, {"dirac", "none", "A"}), (True, set(theme.COLORS))):
        shades = {frozenset(of[depth]["color"].items()) for of in hues(every).values() for depth in (8, 56)}
        race = {
            frozenset((scheme, theme.line_color(name, depth, scheme)) for scheme in theme.BACKGROUND)
            for name in names
            for depth in (8, 56)
        }
        assert shades == race


def test_a_page_with_some_panels_has_the_sentences_of_these_panels():
    mapping = labs.LABS["mapping"]
    assert rules_of(mapping, None) == [rule.name for rule in mapping.findings]
    assert rules_of(mapping, ("to_constant", "to_negated")) == ["constant", "negated"]
