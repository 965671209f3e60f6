"""Every message is one short line that no terminal acts on."""

import pytest

from engine.cli.parsing.message import MAX_CHARACTERS, one_line

LONG = "x" * 10_000


@pytest.mark.parametrize(
    "message",
    [
        f"unknown preset {LONG!r}; choose from quick, talk",
        f"folder:/{LONG} cannot be read (File name too long); folder:/{LONG} needs all of it",
        "word " * 5_000,
        f"one 'quoted value {'of many words ' * 500}' and its remedy",
        "\x1b[31m" * 2_000,
        "é" * 10_000,
    ],
)
def test_a_long_message_keeps_its_beginning_and_its_end(message):
    line = one_line(message)
    assert len(line) <= MAX_CHARACTERS
    assert "..." in line
    assert line[:3] == one_line(message[:40])[:3]
    assert line[-3:] == one_line(message[-40:])[-3:]
    assert line.isprintable()


def test_what_is_right_stays_where_a_value_is_too_long():
    line = one_line(f"unknown preset {LONG!r}; choose from quick, instant, talk")
    assert line.startswith("unknown preset 'xxxx")
    assert line.endswith("xxxx'; choose from quick, instant, talk")


def test_a_short_message_stays_as_it_is():
    message = "--steps is a whole number from 1 to 10,000,000 (got '0'); see `python -m engine race --help`"
    assert one_line(message) == message
    assert one_line("x" * MAX_CHARACTERS) == "x" * MAX_CHARACTERS
    assert one_line("größer als 3 Ω") == "größer als 3 Ω"


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ("a\nb\r\tc", "a b c"),
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("bell\x07", "bell\\x07"),
        ("left\u202eright", "left\\u202eright"),
        ("\udcff of a file name", "\\udcff of a file name"),
    ],
)
def test_control_characters_are_escaped(given, line):
    assert one_line(given) == line
