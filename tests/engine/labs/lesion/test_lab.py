"""The lab of lesions: at its centre the stored evaluation; runs unchanged; numbers are those of nets taken apart."""

import copy
import dataclasses
import math
from fractions import Fraction
from math import comb

import numpy as np
import pytest
import torch
from torch import nn

from engine.config import RunConfig, replace
from engine.events import CurveUpdated, MetricReported, Split
from engine.labs.lesion import curves, plan
from engine.labs.lesion.lab import LesionLab
from engine.labs.lesion.spec import LESION, METRICS
from engine.labs.registry import check_settings
from engine.training.evaluate import FoldedNet, subset
from tests.engine.labs.bench import DEVICE, PRECISIONS, ended
from tests.engine.labs.inspected_runs import trained


def lab(*inspected_runs, **settings):
    return LesionLab(check_settings(LESION, settings), DEVICE, None, inspected_runs)


def results(*inspected_runs, **settings):
    """Last curve of each panel and name, and last figures."""
    events = list(lab(*inspected_runs, **{"paths": 1, "bn": "running", **settings}).events())
    curves = {(e.panel, e.name.text): dict(zip(e.x, e.y, strict=True)) for e in events if isinstance(e, CurveUpdated)}
    return curves, {e.name: e.value for e in events if isinstance(e, MetricReported)}


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("more", [{"model__shortcut": "none"}, {"model__shortcut": "A"}, {"recalibrate_bn": True}])
def test_with_nothing_deleted_it_is_the_stored_evaluation(more, precision):
    inspected = trained(precision=precision, **more)
    _, figures = results(inspected)
    stored, role = inspected.stored[Split.TEST_SUBSET], "plain" if more.get("model__shortcut") == "none" else "residual"
    assert figures["intact_equals_stored"] == 1.0
    assert figures[f"{role}_intact_error"] == figures[f"{role}_stored_error"] == stored.error
    assert figures[f"{role}_intact_loss"] == pytest.approx(stored.loss, abs=1e-6)


def test_another_net_than_the_stored_one_is_told():
    inspected = trained()
    score = inspected.stored[Split.TEST_SUBSET]
    for wrong in (
        dataclasses.replace(score, error=score.error + 1),
        dataclasses.replace(score, loss=score.loss + 1e-5),
    ):
        other = dataclasses.replace(inspected, stored={Split.TEST_SUBSET: wrong})
        assert checked(trained(2, model__shortcut="none"), other)["intact_equals_stored"] == 0.0
    figures = checked(dataclasses.replace(inspected, stored={}))
    assert math.isnan(figures["intact_equals_stored"]) and math.isnan(figures["residual_stored_error"])


def checked(*inspected_runs):
    """The figures once every net was compared with what its run recorded."""
    job, figures, done = lab(*inspected_runs), {}, {}
    for unit in job.plan():
        if unit.part in ("intact", "stored"):
            work = job.measure(unit, done)
            while unit.name not in done:
                try:
                    next(work)
                except StopIteration as stop:
                    done[unit.name] = stop.value
            figures |= {
                found.name: found.value for found in job.findings(unit, done) if isinstance(found, MetricReported)
            }
    return figures


@pytest.mark.parametrize("shortcut", ["none", "A"])
def test_bars_are_the_errors_of_nets_without_the_block(shortcut):
    inspected = trained(model__shortcut=shortcut, model__depth=14)
    curves, figures = results(inspected)
    bars = curves["deleted", inspected.name]
    assert list(bars) == list(range(7))
    for block in (1, 2, 4, 6):
        model = inspected.model()
        stage, place = divmod(block - 1, 2)
        blocks = list(getattr(model, f"stage{stage + 1}"))
        del blocks[place]
        setattr(model, f"stage{stage + 1}", nn.Sequential(*blocks))
        assert bars[block] == error_of(inspected, model)
    assert bars[0] == error_of(inspected, inspected.model()) == figures[f"{lab_role(shortcut)}_error_before"]
    assert figures[f"{lab_role(shortcut)}_worst_error_after_deletion"] == max(bars[b] for b in range(1, 7))
    swapped = curves["swapped", inspected.name]
    model = inspected.model()
    model.stage1[0], model.stage1[1] = model.stage1[1], model.stage1[0]
    assert list(swapped) == [0, 1] and swapped[1] == error_of(inspected, model)


def lab_role(shortcut):
    return "plain" if shortcut == "none" else "residual"


@torch.no_grad()
def error_of(inspected, model):
    test = inspected.images.test
    chosen = subset(test, inspected.config.data.eval_images)
    folded = FoldedNet(model, inspected.device)
    folded.take(model)
    pixels, labels = test.batch(chosen)
    wrong = folded.logits(inspected.images.normalise(pixels)).argmax(1) != labels
    return 100 * int(wrong.sum()) / len(labels)


def test_recalibrated_bars_are_an_evaluation_with_recalibrated_statistics():
    inspected = trained(model__shortcut="A")
    curves, figures = results(inspected, bn="both")
    again = dataclasses.replace(inspected, config=replace(inspected.config, {"recalibrate_bn": True}))
    model = inspected.model()
    score = ended(again.scores(again.evaluator(model), model, [Split.TEST_SUBSET]))[Split.TEST_SUBSET]
    bars = curves["deleted", "A-8 recalibrated"]
    assert bars[0] == score.error
    assert list(bars) == [0, 1, 2, 3]
    alone, _ = results(inspected, bn="recalibrated")
    assert alone["deleted", "A-8 recalibrated"] == bars and ("deleted", "A-8") not in alone
    assert figures["residual_least_error_recalibrated"] == min(bars[b] for b in (1, 2, 3))


def test_of_a_net_without_batch_norm_nothing_is_recalibrated():
    normed, without = trained(model__shortcut="A"), trained(2, model__shortcut="none:norm=none")
    curves, figures = results(normed, without, bn="recalibrated")
    assert {name for panel, name in curves if panel == "deleted"} == {"A-8 recalibrated", without.name}
    assert figures["intact_equals_stored"] == 1.0
    assert figures["plain_error_before"] == figures["plain_stored_error"]
    assert figures["plain_median_error_after_deletion"] >= figures["plain_least_error_after_deletion"] >= 0


def test_factors_go_from_the_deletion_through_the_net_as_it_is():
    residual, plain = trained(model__shortcut="A"), trained(2, model__shortcut="none")
    curves, _ = results(residual, plain)
    one = curves["scaled", "A-8 stage 2; block 2"]
    assert list(one) == [0, 0.5, 0.75, 1, 1.5]
    assert one[0] == curves["deleted", "A-8"][2] and one[1] == curves["deleted", "A-8"][0]
    assert curves["scaled", "A-8 stage 2"] == one
    assert "plain-8 stage 3; block 3" in {name for panel, name in curves if panel == "scaled"}


@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_run_is_left_as_it_was(precision):
    # Of fewer than 8 channels, torch's strided 1x1 convolution writes past its memory on CPUs without AVX-512.
    inspected = trained(3, precision=precision, model__shortcut="C", model__width=8)
    before = copy.deepcopy(inspected.document)
    results(inspected, bn="both", grid="full")
    for name, tensor in before.pop("model").items():
        assert torch.equal(inspected.document["model"][name], tensor)
    assert repr({key: inspected.document[key] for key in before}) == repr(before)


def test_a_plain_net_has_one_path():
    inspected = trained(model__shortcut="none")
    curves, figures = results(inspected)
    assert curves["paths", "plain-8"] == curves["path_gradient", "plain-8"] == {3: 1.0}
    assert math.isnan(figures["most_gradient_from_path_length"]) and math.isnan(figures["residual_blocks"])
    assert figures["plain_blocks"] == 3


@pytest.mark.parametrize("shortcut", ["none", "A"])
def test_gradients_along_paths_are_those_of_test_images(shortcut):
    inspected = trained(model__shortcut=shortcut)
    train = inspected.images.train
    black = dataclasses.replace(train, pixels=torch.zeros_like(train.pixels))
    other = dataclasses.replace(inspected, images=dataclasses.replace(inspected.images, train=black))
    (curves, _), (same, _) = results(inspected), results(other)
    paths = [key for key in curves if key[0] in ("paths", "path_gradient")]
    assert len(paths) >= 2
    assert all(same[key] == curves[key] for key in paths)


def test_paths_of_a_residual_net_are_binomial():
    curves, figures = results(trained(model__shortcut="A"))
    assert curves["paths", "A-8; number of paths"] == pytest.approx({0: 1 / 8, 1: 3 / 8, 2: 3 / 8, 3: 1 / 8})
    gradient = curves["paths", "A-8"]
    each = curves["path_gradient", "A-8"]
    weights = {k: comb(3, k) * each[k] for k in range(4)}
    assert gradient == pytest.approx({k: weight / sum(weights.values()) for k, weight in weights.items()})
    assert figures["path_norms_over_gradient"] == pytest.approx(sum(weights.values()))
    low, high = (int(figures[f"most_gradient_{end}_path_length"]) for end in ("from", "to"))
    assert sum(gradient[k] for k in range(low, high + 1)) >= 0.9
    share = 100 * sum(comb(3, k) for k in range(low, high + 1)) / 8
    assert figures["share_of_paths_with_most_gradient"] == pytest.approx(share)


def test_shares_of_very_many_paths_are_exact():
    shares = curves.gradient_shares(600, range(601), [1.0] * 601)
    assert shares[290] == pytest.approx(float(Fraction(comb(600, 290), 2**600)), rel=1e-9)
    half = curves.gradient_shares(54, range(55), [0.3**k for k in range(55)])
    expected = [comb(54, k) * 0.3**k / 1.3**54 for k in range(55)]
    assert half == pytest.approx(expected)
    assert all(map(math.isnan, curves.gradient_shares(3, range(4), [math.nan] * 4)))


def test_the_shortest_range_that_holds():
    assert curves.holding([0.05, 0.5, 0.4, 0.05], 0.9) == (1, 2)
    assert curves.holding([1.0], 0.9) == (0, 0)
    assert curves.holding([math.nan] * 3, 0.9) is None


def test_rank_correlation():
    x, y = [1.0, 5.0, 2.0, 2.0, 9.0], [3.0, 1.0, 4.0, 1.0, 5.0]
    ranks = [1, 4, 2.5, 2.5, 5], [3, 1.5, 4, 1.5, 5]
    assert curves.rank_correlation([*zip(x, y, strict=True)]) == pytest.approx(np.corrcoef(*ranks)[0, 1])
    assert curves.rank_correlation([(1, 10), (2, 20), (3, 21)]) == 1.0
    assert math.isnan(curves.rank_correlation([(1, 1), (2, 1), (3, 1)]))


def test_first_bars_come_first_and_are_spread():
    cases = [plan.Case(name, (1,) * 9 + (2,) * 9 + (3,) * 9, ((0, 1), (1, 2)), 27) for name in ("a", "b")]
    units = plan.planned(cases, LESION.defaults())
    assert [unit.part for unit in units[:10]] == ["intact"] * 2 + ["delete"] * 8
    first = {unit.blocks[0] // 9 for unit in units[2:10]}
    assert first == {0, 1, 2} and {unit.case for unit in units[2:4]} == {0, 1}
    for of in (0, 1):
        found = [u.blocks[0] for u in units if (u.part, u.case, u.bn) == ("delete", of, "running")]
        assert sorted(found) == list(range(27))
    assert len({unit.name for unit in units}) == len(units)


def test_large_nets_are_sampled_unless_all_is_asked_for():
    pairs = tuple((b, b + 1) for b in range(599))
    case = plan.Case("a", (1,) * 600, pairs, 600)
    for grid, most in (("default", 30), ("full", 600)):
        settings = {**LESION.defaults(), "grid": grid, "bn": "running"}
        blocks = [u.blocks[0] for u in plan.planned([case], settings) if u.part == "delete"]
        assert len(set(blocks)) == most and {0, 599} <= set(blocks)
    assert plan.spread(3, 6) == [0, 1, 2] and plan.spread(27, 4) == [0, 9, 17, 26]
    assert plan.middles(3, 6) == [0, 1, 2] and plan.middles(27, 4) == [3, 10, 16, 23]


def test_the_deepest_plain_and_the_deepest_residual_net_are_chosen():
    def config(depth, shortcut):
        return replace(RunConfig(), {"model.depth": depth, "model.shortcut": shortcut})

    configs = [config(20, "none"), config(56, "none"), config(56, "dirac"), config(20, "A"), config(56, "B")]
    assert LESION.choose(configs) == [1, 4]
    assert LESION.choose(configs[3:]) == [1]
    assert LESION.suits(configs) == ""
    other = replace(configs[0], {"data.pool": 2})
    assert "one data set" in LESION.suits([configs[0], other])


def test_every_figure_is_told_whatever_the_settings():
    _, figures = results(trained(model__shortcut="A"))
    assert set(figures) == {figure.name for figure in METRICS}


def test_estimated_time_grows_with_what_is_asked():
    seconds = {grid: LESION.seconds({**LESION.defaults(), "grid": grid}) for grid in ("default", "full")}
    assert 5 < seconds["default"] <= 30 < seconds["full"]
