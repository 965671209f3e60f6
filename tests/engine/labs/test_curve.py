"""The grammar of the names of a lab's curves."""

import pytest

from engine.labs.curve import CurveName, parse_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("plain", CurveName("plain")),
        ("with BN, gain 0.8", CurveName("with BN", "gain", 0.8)),
        ("plain, blocks 6; seed 3", CurveName("plain", "blocks", 6.0, part="seed 3")),
        ("identity: plain, blocks 2; seed 0", CurveName("plain", "blocks", 2.0, "identity", "seed 0")),
        ("-x: residual / L", CurveName("residual / L", cell="-x")),
        ("gated:bias=-7-20, b -1.5", CurveName("gated:bias=-7-20", "b", -1.5)),
        ("plain; low", CurveName("plain", part="low")),
        ("plain, b 1e-05", CurveName("plain", "b", 1e-05)),
        ("near-identity, nonlinear: plain", CurveName("plain", cell="near-identity, nonlinear")),
    ],
)
def test_names_are_read_as_they_are_written(text, name):
    assert parse_name(text) == name
    assert name.text == text


@pytest.mark.parametrize("text", ["plain, width wide", "", "a, B 3"])
def test_a_text_outside_the_grammar_is_a_kind(text):
    assert parse_name(text) == CurveName(text)
