"""The lab ``rates``: its trainings are those of races, its cells means over seeds, and what it counts."""

import math

import pytest
import torch

from engine.config import replace
from engine.errors import ConfigError
from engine.events import CurveUpdated, Measured, MetricReported
from engine.labs.rates.findings import gap_at_best, gap_at_usual, usable
from engine.labs.rates.lab import RatesLab
from engine.labs.rates.plan import COLUMNS, RATES, Cell, cells, seconds
from engine.labs.rates.training import images_of, run_config, train
from engine.labs.registry import LABS, check_settings
from engine.training.trainer import Trainer
from engine.training.update import Update
from tests.engine.labs.bench import DEVICE

ROW = LABS["rates"]
SMALL = check_settings(ROW, {"steps": 20, "shallow": 1, "blocks": 2, "seeds": 2})
NONE = ROW.defaults()


def test_a_training_is_that_of_a_run_of_these_settings_bit_for_bit():
    cell, settings = Cell("post-LN", 2, 0.003, 1), SMALL | {"warmup": 10}
    config = replace(run_config(cell, settings), {"optim.steps": 20, "eval_every": 20, "data.eval_images": 100})
    assert (config.model.arm, config.optim.optimizer, config.optim.warmup_steps) == (
        "A 2 blocks (6 layers) order=post-ln", "adamw", 10,
    )  # fmt: skip
    torch.set_num_threads(1)
    rows = [row for event in Trainer(config, images_of(settings), DEVICE).events()
            if isinstance(event, Measured) for row in event.rows]  # fmt: skip
    points = [point for more in train(cell, settings, DEVICE) for point in more]
    assert points == [(row.step, row.running_error) for row in rows if row.step in (1, 10, 20)]


@pytest.mark.parametrize("bad", [3, 27, 30])
def test_a_training_that_diverges_ends_with_no_number(monkeypatch, bad):
    """The bad update lies between two points, or is the last one: no event comes behind it."""

    def update(self, step):
        loss, wrong = whole(self, step)
        return (loss * math.nan if step >= bad else loss), wrong

    whole = Update.__call__
    monkeypatch.setattr(Update, "__call__", update)
    points = [point for more in train(Cell("plain", 1, 0.001, 0), SMALL | {"steps": 30}, DEVICE) for point in more]
    assert [point.step for point in points] == [step for step in (1, 10, 20) if step < bad] + [30]
    assert [math.isfinite(point.error) for point in points] == [True] * (len(points) - 1) + [False]


@pytest.mark.parametrize(("family", "layers", "pixels"), [("mlp", 8, 14), ("vit", 14, 28)])
def test_nets_and_images_are_those_of_the_family(family, layers, pixels):
    config = run_config(Cell("plain", 3, 0.001, 0), NONE | {"family": family})
    assert (config.model.depth, config.model.image_size, config.precision) == (layers, pixels, "fp32")
    assert (config.data.crop, config.data.flip) == (0, False)


def test_every_net_trains_at_every_rate_and_the_quick_ones_come_first():
    planned = cells(NONE)
    assert len(planned) == len(set(planned)) == 2 * 3 * len(RATES)
    assert [cell.blocks for cell in planned] == [3] * 15 + [15] * 15
    assert [cell.seed for cell in cells(NONE | {"seeds": 2, "first_seed": 7})] == [7] * 30 + [8] * 30
    assert seconds(NONE | {"family": "vit"}) > 5 * seconds(NONE) > 5
    assert [float(column) for column in COLUMNS] == list(RATES)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"shallow": 15}, "the shallow nets have fewer blocks than the deep ones .got 15 and 15."),
        ({"warmup": 210}, "warmup is at most the 200 steps .got 210."),
    ],
)
def test_settings_that_conflict_are_refused(settings, said):
    with pytest.raises(ConfigError, match=said):
        check_settings(ROW, settings)


def test_cells_are_means_over_the_seeds_and_metrics_those_of_the_cells():
    events = list(RatesLab(SMALL, DEVICE).events())
    curves = {(e.panel, e.name): e for e in events if isinstance(e, CurveUpdated)}
    metrics = {e.name: e.value for e in events if isinstance(e, MetricReported)}
    assert set(metrics) == {metric.name for metric in ROW.metrics}
    errors = {}
    for (panel, name), curve in curves.items():
        if panel == "error" and not name.part:
            seeds = [curves[panel, name._replace(part=f"seed {seed}")].y for seed in (0, 1)]
            assert list(curve.y) == pytest.approx([(a + b) / 2 for a, b in zip(*seeds, strict=True)])
            assert list(curve.y) == list(curves["grid", name].y)
            for column, y in zip(COLUMNS, curve.y, strict=True):
                assert curves["training", name._replace(cell=column)].y[-1] == pytest.approx(y)
            errors[name.kind, name.value] = dict(zip(RATES, curve.y, strict=True))
    assert len(errors) == 6
    for kind, prefix in (("plain", "plain"), ("pre-LN", "pre")):
        few, many = errors[kind, 1.0], errors[kind, 2.0]
        assert metrics[f"{prefix}_gap"] == pytest.approx(many[0.001] - few[0.001])
        assert metrics[f"{prefix}_gap_best"] == pytest.approx(min(many.values()) - min(few.values()))
        assert metrics[f"{prefix}_usable_deep"] == sum(error < 40 for error in many.values())


def test_the_first_cell_grows_while_it_trains():
    first = next(event for event in RatesLab(SMALL, DEVICE).events() if isinstance(event, CurveUpdated))
    assert (first.panel, first.name.text) == ("training", "0.0001: plain, blocks 1; seed 0")


def test_what_did_not_end_in_a_number_is_no_usable_rate_and_no_best_one():
    few, many = {0.001: 20.0, 0.003: 18.0}, {0.001: 45.0, 0.003: math.nan}
    assert (usable(few), usable(many)) == ([0.001, 0.003], [])
    assert (gap_at_usual(few, many), gap_at_best(few, many)) == (25.0, 27.0)
    assert math.isnan(gap_at_best(few, {0.001: math.nan}))
