import json
import math
import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.data import streaming
from app.live.stream import delta, sse
from engine.analysis.interval import Interval
from engine.analysis.statement import Statement


def rows(count, per_second, seed=0):
    noise = random.Random(seed)
    return [
        {"step": 1 + i, "loss": 1 + noise.random(), "error": 50 + noise.random(), "seconds": i / per_second}
        for i in range(count)
    ]


@given(count=st.integers(0, 300), per_second=st.floats(0.1, 9.99), seed=st.integers(0, 999))
def test_up_to_ten_steps_a_second_are_all_sent(count, per_second, seed):
    points = rows(count, per_second, seed)
    assert delta.thinned(points) == points
    assert not delta.is_fast(points)


@given(
    per_second=st.integers(25, 400), seed=st.integers(0, 999), spikes=st.tuples(*[st.integers(0, 249)] * 3).filter(
        lambda places: len(set(places)) == 3
    ),
)  # fmt: skip
def test_faster_runs_are_thinned_to_ten_a_second_and_keep_spikes_and_the_last(per_second, seed, spikes):
    points = rows(10 * per_second, per_second, seed)
    points[spikes[0]]["loss"] = 9.0
    points[spikes[1]]["error"] = 99.0
    points[spikes[2]]["error"] = 1.0
    kept = delta.thinned(points)
    assert len(kept) <= 100
    assert kept[-1] is points[-1]
    assert all(points[place] in kept for place in spikes)
    assert [p["step"] for p in kept] == sorted({p["step"] for p in kept})
    assert delta.is_fast(points)


def test_a_loss_that_is_not_finite_is_kept_as_a_spike():
    points = rows(1000, 1000)
    points[400]["loss"] = None
    assert points[400] in delta.thinned(points)


def test_numbers_are_rounded_alike_in_history_and_stream():
    values = np.array([1.23456, 0.000123456, 56.789, 100.0, 1234.56, 0.0, -2.71828, np.nan, np.inf])
    several = sse.rounded(values, 4)
    assert several[:5] == [1.235, 0.0001235, 56.79, 100.0, 1235.0]
    assert several[-2:] == [None, None]
    assert math.isclose(sse.short(56.25, 3), 56.2)


@given(st.lists(st.floats(width=32), max_size=50), st.integers(2, 6))
def test_every_number_is_rounded_alike_in_history_and_stream(values, digits):
    assert sse.rounded(np.array(values, dtype=np.float64), digits) == [sse.short(value, digits) for value in values]


def test_an_event_is_one_line_of_json_and_only_a_cursor_moves_the_browser():
    text = sse.event("5.2", {"p": [[1, 0.5, [1, 2.3, 90]]]}).decode()
    assert text == 'id:5.2\ndata:{"p":[[1,0.5,[1,2.3,90]]]}\n\n'
    assert sse.event(None, {"g": "a\nb"}).decode() == 'data:{"g":"a\\nb"}\n\n'
    assert json.loads(text.split("data:")[1])


def test_an_error_over_depth_travels_with_its_runs_and_with_those_that_are_missing():
    mean = Interval(41.23456, 2.0, 35.5, 46.96789, (40.2, 42.2))
    errors = [
        streaming.DepthError("none", 56, 3, True, (4, 5), {6: "diverged"}, mean),
        streaming.DepthError("A", 56, 1, False, (), {}, None),
    ]
    document = delta.conclusions_document(streaming.Conclusions(Statement(), depths={"running": errors}))
    assert json.loads(sse.dumps(document["depths"])) == {
        "running": {
            "none": [[56, True, 41.23, 35.5, 46.97, [4, 5], 3, [[6, "diverged"]]]],
            "A": [[56, False, None, None, None, [], 1, []]],
        }
    }
