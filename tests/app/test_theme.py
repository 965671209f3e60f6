"""Colours: readable on both grounds, ordered by depth, the same in every race."""

import tomllib
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pytest

from app import theme
from engine.events import RunState
from engine.models.registry import SHORTCUTS

CONFIG = tomllib.loads((Path(__file__).parents[2] / "app/.streamlit/config.toml").read_text())
DEPTHS = (8, 14, 20, 32, 44, 56, 110, 1202)
#: What protanopes and deuteranopes see of linear RGB (Machado, Oliveira, Fernandes 2009, severity 1).
EYES = (
    ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
)
#: Linear RGB to the cones of OKLab, and those to L, a, b (Ottosson 2020).
CONES = (
    (0.4122214708, 0.5363325363, 0.0514459929), (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)  # fmt: skip
OKLAB = (
    (0.2104542553, 0.7936177850, -0.0040720468), (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)  # fmt: skip
#: Shortcuts that may be in one race.
SIDE_BY_SIDE = [
    (one, other)
    for one, other in combinations(SHORTCUTS, 2)
    if {*SHORTCUTS[one].families} & {*SHORTCUTS[other].families}
]


def apart(one, other, eye=((1, 0, 0), (0, 1, 0), (0, 0, 1))):
    """Distance of two colours in OKLab, times 100, as an eye sees them."""
    seen = []
    for colour in (one, other):
        channels = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
        linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
        seen.append(np.array(OKLAB) @ np.cbrt(np.array(CONES) @ np.clip(np.array(eye) @ linear, 0, 1)))
    return 100 * float(np.linalg.norm(seen[0] - seen[1]))


@pytest.mark.parametrize("scheme", theme.BACKGROUND)
@pytest.mark.parametrize("shortcut", SHORTCUTS)
def test_lines_keep_three_to_one_and_names_four_and_a_half_to_one_against_their_ground(scheme, shortcut):
    for depth in DEPTHS:
        assert theme.contrast(theme.line_color(shortcut, depth, scheme), theme.BACKGROUND[scheme]) >= 3
        assert theme.contrast(theme.text_color(shortcut, depth, scheme), theme.BACKGROUND[scheme]) >= 4.5


@pytest.mark.parametrize("scheme", theme.BACKGROUND)
def test_text_keeps_four_and_a_half_to_one(scheme):
    for colour in (theme.TEXT[scheme], theme.MUTED[scheme]):
        assert theme.contrast(colour, theme.BACKGROUND[scheme]) >= 4.5


def test_deeper_is_darker_on_light_and_brighter_on_dark():
    for shortcut in SHORTCUTS:
        light = [theme.perceived_lightness(theme.line_color(shortcut, depth, "light")) for depth in DEPTHS[:-1]]
        dark = [theme.perceived_lightness(theme.line_color(shortcut, depth, "dark")) for depth in DEPTHS[:-1]]
        assert light == sorted(light, reverse=True)
        assert dark == sorted(dark)
        assert len(set(light)) == len(light)


def test_every_shortcut_has_a_colour_that_the_usual_eye_tells_apart():
    for scheme, depth in product(theme.BACKGROUND, (20, 56)):
        for one, other in SIDE_BY_SIDE:
            colours = [theme.line_color(name, depth, scheme) for name in (one, other)]
            assert apart(*colours) > 4, (one, other, scheme, depth)


def test_shortcuts_of_one_mark_are_told_apart_by_red_and_green_blind_eyes_too():
    looks = theme.looks(list(SHORTCUTS))
    zoo = [pair for pair in SIDE_BY_SIDE if looks[pair[0]].mark == looks[pair[1]].mark != "circle"]
    assert len(zoo) >= 6
    for (one, other), scheme, depth, eye in product(zoo, theme.BACKGROUND, (20, 56), EYES):
        colours = [theme.line_color(looks[name].color, depth, scheme) for name in (one, other)]
        assert apart(*colours, eye) > 8, (one, other, scheme, depth)


def test_variants_of_one_shortcut_have_marks_of_their_own_and_neighbouring_hues():
    names = ["A", "A:order=full-pre", "gated", "A:layers=1", "A 12", "gated:bias=-7"]
    looks = theme.looks(names)
    assert looks["A"] == theme.Look(theme.color("A"), "circle")
    assert len({look.mark for name, look in looks.items() if name.startswith("A")}) == 4
    assert len({look.color for look in looks.values()}) == len(names)
    assert theme.looks(names[:3]) == {name: looks[name] for name in names[:3]}, "what is added changes nothing"
    assert {look.mark for look in looks.values()} <= set(theme.MARKS)
    for look, scheme, depth in product(looks.values(), theme.BACKGROUND, DEPTHS):
        assert theme.contrast(theme.line_color(look.color, depth, scheme), theme.BACKGROUND[scheme]) >= 3


def test_the_grounds_are_those_of_the_page():
    for scheme, colour in theme.BACKGROUND.items():
        assert CONFIG["theme"][scheme]["backgroundColor"] == colour
        assert CONFIG["theme"][scheme]["textColor"] == theme.TEXT[scheme]


def test_every_state_has_a_symbol():
    assert set(theme.STATES) == set(RunState)
