"""The figure of the learning-rate curves: what is drawn for trials that finished, were chosen, or came to nothing."""

import math

from app.charts.rates import RateCurve, apart, rates_figure

RATES = [0.003, 0.01, 0.03]
COLOURS = {"text": "#000000", "muted": "#555555", "grid": "#eeeeee", "page": "#ffffff"}


def curve(arm, points, chosen=None):
    return RateCurve(arm, "#0072b2", "#005a8c", "diamond", tuple(points), chosen)


def figure(*curves):
    return rates_figure(curves, RATES, **COLOURS)


def test_a_line_per_arm_and_a_ring_at_the_rate_that_was_taken():
    drawn = figure(curve("A-20", [(0.003, 60.0), (0.01, 40.0), (0.03, 50.0)], 0.01), curve("plain-20", [(0.003, 80.0)]))
    line, ring, other = drawn.data
    assert (list(line.x), list(line.y), line.marker.symbol) == ([0.003, 0.01, 0.03], [60.0, 40.0, 50.0], "diamond")
    assert (list(ring.x), list(ring.y), ring.marker.symbol) == ([0.01], [40.0], "circle-open")
    assert list(other.x) == [0.003], "a chosen rate is marked once there is one"
    assert line.line.color == "#0072b2"


def test_a_trial_that_diverged_is_a_cross_and_no_point_of_the_line():
    line, cross = figure(curve("A-20", [(0.003, 60.0), (0.03, None)])).data
    assert list(line.x) == [0.003]
    assert (list(cross.x), list(cross.y)) == ([0.03], [100.0])


def test_a_trial_that_goes_on_is_an_open_mark():
    (line, so_far) = figure(RateCurve("A-20", "#0072b2", "#005a8c", "star", (), None, ((0.01, 70.0),))).data
    assert len(line.x) == 0
    assert (list(so_far.x), list(so_far.y), so_far.marker.symbol) == ([0.01], [70.0], "star-open")


def test_the_axis_has_every_rate_before_any_trial_has_ended():
    axis = figure(curve("A-20", [])).layout.xaxis
    assert axis.type == "log"
    assert list(axis.ticktext) == ["0.003", "0.01", "0.03"]
    low, high = axis.range
    assert low < math.log10(0.003) < math.log10(0.03) < high


def test_names_at_the_line_ends_do_not_cover_one_another():
    drawn = figure(*(curve(f"A-{depth}", [(0.03, 50.0 + depth / 100)]) for depth in (8, 20, 32, 56)))
    labels = sorted(drawn.layout.annotations, key=lambda label: label.y)
    per_point = (drawn.layout.height - drawn.layout.margin.t - drawn.layout.margin.b) / 100
    heights = [label.y * per_point + label.yshift for label in labels]
    assert all(b - a > 15 for a, b in zip(heights, heights[1:], strict=False))
    assert [label.text for label in labels] == ["A-8", "A-20", "A-32", "A-56"]


def test_what_stands_close_is_moved_apart_about_its_middle():
    assert apart([10.0, 100.0], 17) == [10.0, 100.0]
    assert apart([50.0, 50.0], 16) == [42.0, 58.0]
    spread = apart([50.0, 51.0, 52.0, 60.0], 10)
    assert all(b - a >= 10 - 1e-9 for a, b in zip(spread, spread[1:], strict=False))
    assert sum(spread) / 4 == (50 + 51 + 52 + 60) / 4
    assert apart([], 10) == []
