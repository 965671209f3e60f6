"""The set-up: a number that is wrong turns Start off and is said twice, in the words of the engine. No engine."""

from functools import partial

import pytest

from tests.app.views.race.test_race import page  # noqa: F401

rare = partial(pytest.param, marks=pytest.mark.slow)


@pytest.mark.parametrize(
    ("key", "typed", "right"),
    [
        ("steps", "0", "a whole number from 1 to 10,000,000"),
        ("lr", "nan", "a number above 0 and at most 100, or tuned"),
        ("width", "１６", "a whole number from 1 to 1,024"),
        *(rare("steps", typed, "a whole number from 1 to 10,000,000") for typed in ("-5", "1e9", "abc", "", "3.5")),
        *(rare("lr", typed, "a number above 0 and at most 100, or tuned") for typed in ("0", "-1", "x")),
        *(rare("width", typed, "a whole number from 1 to 1,024") for typed in ("0", "2000", "null")),
        ("seeds", "-1", "a whole number from 1 to 100"),
        ("first_seed", "-1", "a whole number from 0 to"),
        ("warmup_steps", "x", "a whole number from 0 to 10,000,000"),
        ("validation", "true", "a whole number from 0 to 1,000,000"),
        ("replicas", "0", "a whole number from 1 to 8"),
        rare("replicas", "9", "a whole number from 1 to 8"),
        ("lead", "0", "a whole number from 1 to 9,999,999"),
    ],
)
def test_a_wrong_number_keeps_from_starting_and_says_what_is_right(page, key, typed, right):  # noqa: F811
    page.query_params["set_pace"] = "lockstep"
    page.run()
    page.text_input(key=key).set_value(typed).run()
    assert not page.exception
    label = page.text_input(key=key).label
    lines = [caption.value for caption in page.sidebar.caption if f"{label}: {right}" in caption.value]
    assert [line.startswith(":red[") for line in lines] == [True, True], "below the field, and below the start"
    assert (page.button(key="start").disabled, "typed" in lines[0]) == (True, typed == "")
    assert f"set_{key}" not in page.query_params
