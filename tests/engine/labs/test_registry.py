import pytest

from engine.errors import ConfigError
from engine.labs.registry import LABS, check_settings, get_lab

ROW = LABS["gradients"]


def test_settings_are_read_as_text_or_values_and_completed():
    checked = check_settings(ROW, {"gain": "0.8", "layers": "20", "sweep": "false", "seeds": 2.0})
    assert checked == ROW.defaults() | {"gain": 0.8, "layers": 20, "sweep": False, "seeds": 2}
    assert isinstance(checked["seeds"], int)
    assert isinstance(check_settings(ROW, {"gain": 1})["gain"], float)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"gian": 1}, "unknown setting 'gian' of lab gradients; choose from layers, width, images, seeds, gain,"),
        ({"gain": 3}, "gain must be a number from 0.5 to 2 (got 3.0)"),
        ({"gain": "x"}, "gain must be a number from 0.5 to 2 (got 'x')"),
        ({"gain": float("nan")}, "gain must be a number from 0.5 to 2 (got nan)"),
        ({"layers": 4.5}, "layers must be a whole number from 4 to 100 (got 4.5)"),
        ({"layers": "[4]"}, "layers must be a whole number from 4 to 100 (got [4])"),
        ({"layers": True}, "layers must be a whole number from 4 to 100 (got true)"),
        ({"seeds": 0}, "seeds must be a whole number from 1 to 20 (got 0)"),
        ({"gain": "9" * 400}, "gain must be a number from 0.5 to 2 (got 999"),
        ({"sweep": 1}, "sweep must be true or false (got 1)"),
    ],
)
def test_wrong_settings_are_refused_in_one_line(settings, words):
    with pytest.raises(ConfigError) as caught:
        check_settings(ROW, settings)
    assert str(caught.value).startswith(words)
    assert "\n" not in str(caught.value)


def test_an_unknown_lab_is_refused_with_the_choices():
    with pytest.raises(ConfigError, match=r"unknown lab 'gradient'; choose from .*gradients"):
        get_lab("gradient")
