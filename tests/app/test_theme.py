"""Colours: readable on both grounds, ordered by depth, the same in every race."""

import tomllib
from pathlib import Path

import pytest

from app import theme
from engine.events import RunState
from engine.models.registry import SHORTCUTS

CONFIG = tomllib.loads((Path(__file__).parents[2] / "app/.streamlit/config.toml").read_text())
DEPTHS = (8, 14, 20, 32, 44, 56, 110, 1202)


@pytest.mark.parametrize("ground", theme.GROUND)
@pytest.mark.parametrize("shortcut", SHORTCUTS)
def test_lines_keep_three_to_one_and_names_four_and_a_half_to_one_against_their_ground(ground, shortcut):
    for depth in DEPTHS:
        assert theme.contrast(theme.line_colour(shortcut, depth, ground), theme.GROUND[ground]) >= 3
        assert theme.contrast(theme.word_colour(shortcut, depth, ground), theme.GROUND[ground]) >= 4.5


@pytest.mark.parametrize("ground", theme.GROUND)
def test_text_keeps_four_and_a_half_to_one(ground):
    for colour in (theme.TEXT[ground], theme.MUTED[ground]):
        assert theme.contrast(colour, theme.GROUND[ground]) >= 4.5


def test_deeper_is_darker_on_light_and_brighter_on_dark():
    for shortcut in SHORTCUTS:
        light = [theme.perceived_lightness(theme.line_colour(shortcut, depth, "light")) for depth in DEPTHS[:-1]]
        dark = [theme.perceived_lightness(theme.line_colour(shortcut, depth, "dark")) for depth in DEPTHS[:-1]]
        assert light == sorted(light, reverse=True)
        assert dark == sorted(dark)
        assert len(set(light)) == len(light)


def test_every_shortcut_has_its_own_hue():
    assert len({theme.hue(name) for name in SHORTCUTS}) == len(SHORTCUTS)


def test_the_grounds_are_those_of_the_page():
    for ground, colour in theme.GROUND.items():
        assert CONFIG["theme"][ground]["backgroundColor"] == colour
        assert CONFIG["theme"][ground]["textColor"] == theme.TEXT[ground]


def test_every_state_has_a_symbol():
    assert set(theme.STATES) == set(RunState)
