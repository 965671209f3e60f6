import json
import math
import random

import numpy as np
import pytest

from app.live.stream import delta, sse


def rows(count, per_second, start=1):
    noise = random.Random(3)
    return [
        {"step": start + i, "loss": 1 + noise.random(), "error": 50 + noise.random(), "seconds": i / per_second}
        for i in range(count)
    ]


@pytest.mark.parametrize("per_second", [2, 9.9])
def test_up_to_ten_steps_a_second_are_all_sent(per_second):
    points = rows(100, per_second)
    assert delta.thinned(points) == points
    assert not delta.is_fast(points)


@pytest.mark.parametrize("per_second", [25, 400])
def test_faster_runs_are_thinned_to_ten_a_second_and_keep_spikes_and_the_last(per_second):
    points = rows(10 * per_second, per_second)
    points[777 % len(points)]["loss"] = 9.0
    points[501 % len(points)]["error"] = 99.0
    points[33]["error"] = 1.0
    kept = delta.thinned(points)
    assert len(kept) <= 100
    assert kept[-1] is points[-1]
    for spike in (points[777 % len(points)], points[501 % len(points)], points[33]):
        assert spike in kept
    assert [p["step"] for p in kept] == sorted({p["step"] for p in kept})
    assert delta.is_fast(points)


def test_a_loss_that_is_not_finite_is_kept_as_a_spike():
    points = rows(1000, 1000)
    points[400]["loss"] = None
    assert points[400] in delta.thinned(points)


def test_numbers_are_rounded_alike_in_history_and_stream():
    values = np.array([1.23456, 0.000123456, 56.789, 100.0, 1234.56, 0.0, -2.71828, np.nan, np.inf])
    several = sse.rounded(values, 4)
    assert several == [sse.short(float(value), 4) for value in values]
    assert several[:5] == [1.235, 0.0001235, 56.79, 100.0, 1235.0]
    assert several[-2:] == [None, None]
    assert math.isclose(sse.short(56.25, 3), 56.2)


def test_an_event_is_one_line_of_json_and_only_a_cursor_moves_the_browser():
    text = sse.event("5.2", {"p": [[1, 0.5, [1, 2.3, 90]]]}).decode()
    assert text == 'id:5.2\ndata:{"p":[[1,0.5,[1,2.3,90]]]}\n\n'
    assert sse.event(None, {"g": "a\nb"}).decode() == 'data:{"g":"a\\nb"}\n\n'
    assert json.loads(text.split("data:")[1])
