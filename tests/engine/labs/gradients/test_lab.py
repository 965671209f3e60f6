import io
import math

import pytest
import torch

from engine.errors import CheckpointError
from engine.events import Concluded, CurveName, CurveUpdated, MetricReported, Progressed
from engine.labs import dense_stacks
from engine.labs.gradient_kinds import BN, GAINS, KINDS, PLAIN, RESIDUAL
from engine.labs.gradients import lab as gradients
from engine.labs.gradients.lab import GradientsLab
from engine.labs.registry import LABS, check_settings
from tests.engine.labs.bench import DEVICE, results, until

ROW = LABS["gradients"]
SMALL = {"layers": 4, "width": 16, "images": 16, "seeds": 2, "gain": 0.8}


def lab(state=None, **settings):
    return GradientsLab(check_settings(ROW, SMALL | settings), DEVICE, state)


def test_the_chosen_gain_comes_first_then_direction_then_the_sweep():
    events = list(lab().events())
    panels = [event.panel for event in events if isinstance(event, CurveUpdated)]
    first = {panel: panels.index(panel) for panel in ("norm", "collapse", "direction")}
    assert max(first["norm"], first["collapse"]) < first["direction"]
    gains = [event.name.value for event in events if isinstance(event, CurveUpdated) and event.panel == "norm"]
    assert gains[:6] == [0.8] * 6
    assert sorted(set(gains[6:])) == list(GAINS)
    assert {event.words for event in events if isinstance(event, Progressed)} >= {
        "gradient norms: with BN, gain 0.8, seed 1",
        "direction of the gradient: residual with BN, gain 0.8, seed 0",
        "all measured",
    }


def test_every_panel_and_figure_of_the_row_is_there():
    curves, figures = results(lab().events())
    chosen = {CurveName(kind, "gain", 0.8).text for kind in KINDS}
    swept = {CurveName(kind, "gain", gain).text for kind in (PLAIN, BN) for gain in GAINS}
    assert {name for panel, name in curves if panel == "norm"} == chosen | swept
    assert {name for panel, name in curves if panel == "growth"} == set(KINDS)
    for panel in ("direction", "collapse"):
        assert {name for where, name in curves if where == panel} == chosen
    assert set(figures) == {metric.name for metric in ROW.metrics}


def test_curves_are_means_over_seeds_and_figures_are_read_off_them():
    events = list(lab(layers=6).events())
    traces = {(e.panel, e.name.text): e for e in events if isinstance(e, CurveUpdated)}
    figures = {e.name: e.value for e in events if isinstance(e, MetricReported)}
    alone = [
        {
            (e.panel, e.name.text): e.y
            for e in lab(layers=6, seeds=1, first_seed=seed).events()
            if isinstance(e, CurveUpdated)
        }
        for seed in (0, 1)
    ]
    key = "norm", CurveName(BN, "gain", 0.8).text
    expected = [math.sqrt(a * b) for a, b in zip(alone[0][key], alone[1][key], strict=True)]
    assert traces[key].y == pytest.approx(expected)
    assert traces[key].x == [1, 2, 3, 4, 5, 6]
    assert traces[key].y[-1] == pytest.approx(1)
    assert figures["bn_gradient_total"] == pytest.approx(expected[0] / expected[-1])
    assert figures["bn_gradient_growth_per_layer"] == pytest.approx((expected[0] / expected[-1]) ** (1 / 5))
    growth = traces["growth", BN]
    assert growth.x == sorted([*GAINS, 0.8])
    assert growth.y[growth.x.index(0.8)] == figures["bn_gradient_growth_per_layer"]
    assert figures["bn_growth_spread_over_gains"] == max(growth.y) - min(growth.y)
    point = traces["growth", RESIDUAL]
    assert (point.x, point.y) == ([0.8], [figures["residual_bn_gradient_growth_per_layer"]])
    assert figures["residual_bn_direction_at_last_layer"] == traces["direction", "residual with BN, gain 0.8"].y[-1]
    assert figures["plain_activation_cosine_at_last_layer"] == traces["collapse", "without BN, gain 0.8"].y[-1]


@pytest.mark.parametrize(("settings", "stacks"), [({"sweep": False}, 6), ({"gain": 1.0}, 38), ({}, 42)])
def test_the_sweep_measures_each_gain_once_or_not_at_all(settings, stacks):
    events = list(lab(**settings).events())
    curves, figures = results(events)
    assert events[0].total == stacks + 30
    assert ("bn_growth_spread_over_gains" in figures) == settings.get("sweep", True)
    assert ("growth", BN) in curves


def test_interrupted_and_resumed_the_events_are_the_same():
    whole = list(lab().events())
    for count in (len(whole) // 2, len(whole) * 3 // 4):
        first = lab()
        taken = until(first, count)
        written = io.BytesIO()
        torch.save(first.state(), written)
        written.seek(0)
        second = lab(torch.load(written, weights_only=True))
        rest = list(second.events())
        # The unit under way is done again, so what follows is the whole run from the last finished unit on.
        finished = max(i for i in range(count) if isinstance(taken[i], Progressed))
        assert rest[:-1] == whole[finished:-1]
        assert isinstance(rest[-1], Concluded)
        assert results(taken + rest) == results(whole)


def test_state_is_a_copy_and_seconds_go_on():
    job = lab()
    events = job.events()
    next(events)
    state = job.state()
    list(events)
    assert state["results"] == {}
    again = lab(job.state())
    (progressed, concluded) = again.events()
    assert progressed.done == progressed.total
    assert concluded.seconds == job.state()["seconds"] > 0


def test_a_state_of_another_job_is_refused():
    with pytest.raises(CheckpointError, match="another lab"):
        lab(lab().state(), gain=0.9)
    with pytest.raises(CheckpointError):
        lab(lab().state() | {"format": 0})


@pytest.mark.parametrize("gain", [0.5, 2.0])
def test_the_extremes_of_the_settings_do_not_break_it(gain, monkeypatch):
    monkeypatch.setattr(gradients, "DIRECTION_NETS", 1)
    events = list(lab(layers=100, gain=gain, seeds=1, sweep=False).events())
    figures = {e.name: e.value for e in events if isinstance(e, MetricReported)}
    assert math.log(figures["plain_gradient_total"], gain) == pytest.approx(99, abs=40)
    assert 1.1 < figures["bn_gradient_growth_per_layer"] < 1.4


def test_values_that_are_not_finite_are_said_and_do_not_break_it(monkeypatch):
    broken = dense_stacks.Profile([1e4, -math.inf, math.nan, 0.0], [math.nan] * 4)
    monkeypatch.setattr(gradients.stacks, "profile", lambda *_: broken)
    curves, figures = results(lab().events())
    assert figures["bn_gradient_total"] == "inf"
    assert figures["bn_activation_cosine_at_last_layer"] == "nan"
    assert curves["norm", "with BN, gain 0.8"].endswith("[inf, 0.0, nan, 1.0])")
