"""The mapping lab: what it trains at which settings, what it refuses, and what its curves and figures say."""

import math

import pytest

from engine.errors import ConfigError
from engine.events import CurveUpdated, MetricReported
from engine.labs.mapping import arms
from engine.labs.mapping.lab import MappingLab
from engine.labs.mapping.plan import HEAT, plan
from engine.labs.registry import LABS, check_settings
from tests.engine.labs.bench import DEVICE

ROW = LABS["mapping"]


def checked(**settings):
    return check_settings(ROW, settings)


def run(**settings):
    events = list(MappingLab(checked(**settings), DEVICE).events())
    curves = {(e.panel, e.name.text): dict(zip(e.x, e.y, strict=True)) for e in events if isinstance(e, CurveUpdated)}
    return events, curves, {e.name: e.value for e in events if isinstance(e, MetricReported)}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"grid": "batch norm", "identity_start": 0.5}, "identity_start moves where the arm plain begins, which grid"),
        ({"grid": "batch norm", "sweep": "start"}, "sweep start moves where the arm plain begins, which grid batch"),
        ({"toward": "-x"}, "target 0 is x itself, so toward -x changes nothing; raise target, or choose toward"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_reason(settings, words):
    with pytest.raises(ConfigError) as caught:
        checked(**settings)
    assert str(caught.value).startswith(words)
    assert "\n" not in str(caught.value)


def test_grids_are_what_they_promise():
    default = [work for work in plan(checked()) if work.part == HEAT]
    assert [(work.arm.name, work.blocks) for work in default] == [
        (arm, blocks) for blocks in (2, 6) for arm in ("plain", "plain with identity start", "residual/L")
    ]
    assert {len(work.problems) for work in default} == {5 * 2}
    full = [work for work in plan(checked(grid="full")) if work.part == HEAT]
    assert {work.blocks for work in full} == {2, 6, 16}
    assert len(full) == 3 * len(arms.ARMS)
    assert {len(work.problems) for work in full} == {9 * 4}
    assert all(work.part == HEAT for work in plan(checked(sweep="none")))


def test_sliders_reach_what_they_name_and_nothing_else():
    works = plan(checked(identity_start=0.3, target=0.4, toward="-x", weight_decay=0.02))
    for work in works:
        for problem in work.problems:
            if work.part != "start":
                assert problem.start == (0.3 if work.arm == arms.PLAIN else 0.0)
            if work.part != "decay":
                assert problem.decay == 0.02
    heat = [problem for problem in works[0].problems if problem.target == arms.BLEND]
    assert {(problem.blend, problem.toward) for problem in heat} == {(0.4, "-x")}
    sweeps = {work.part: {problem[2:] for problem in work.problems} for work in works}
    assert 0.3 in {start for start, *_ in sweeps["start"]}
    assert 0.02 in {decay for _, decay, *_ in sweeps["decay"]}
    assert 0.4 in {blend for *_, blend in sweeps["target"]}


def test_time_grows_with_what_is_asked():
    assert ROW.seconds(checked(sweep="none")) < ROW.seconds(checked()) < 30
    assert ROW.seconds(checked(grid="full", sweep="none")) > 100
    assert ROW.seconds(checked(steps=600)) == pytest.approx(2 * ROW.seconds(checked()), rel=0.05)


def test_cells_open_their_curves_and_figures_are_their_errors():
    _, curves, figures = run(steps=10, sweep="none", target=0.5, blocks=3, first_seed=4)
    rows = {name for panel, name in curves if panel == "heat"}
    assert rows == {f"{arm}, blocks {blocks}" for blocks in (2, 3)
                    for arm in ("plain", "plain with identity start", "residual/L")}  # fmt: skip
    for row in rows:
        columns = curves["heat", row]
        assert [arms.TARGETS[column] for column in columns] == [*arms.TARGETS[:5], arms.BLEND]
        for column, error in columns.items():
            name = f"{arms.TARGETS[column]}: {row}"
            losses, rates = curves["curves", name], curves["rates", name]
            best = curves["best", row][column]
            assert rates[best] == pytest.approx(error) == pytest.approx(min(v for v in rates.values() if v == v))
            assert list(losses) == [0, 5, 10]
            seeds = [curves["curves", f"{name}; seed {seed}"] for seed in (4, 5)]
            for step, loss in losses.items():
                assert loss == pytest.approx(math.sqrt(seeds[0][step] * seeds[1][step]), rel=1e-4)
    assert figures["smooth_plain"] == pytest.approx(curves["heat", "plain, blocks 3"][4])
    factor = curves["heat", "plain, blocks 3"][4] / curves["heat", "plain, blocks 2"][4]
    assert figures["smooth_plain_depth_factor"] == pytest.approx(factor)
    edges = [best in (arms.RATES[0], arms.RATES[-1]) for row in rows for best in curves["best", row].values()]
    assert figures["edge_share"] == pytest.approx(sum(edges) / len(edges))
    assert figures["seeds"] == 2
    assert math.isnan(figures["identity_plain_bn"])


def test_the_ends_of_sweeps_are_cells_of_the_same_training():
    """The sweep over target at 0 fits x, at the start's 0 the usual plain stack: three ways to the same nets."""
    _, curves, _ = run(steps=15, seeds=1, sweep="all", blocks=3)
    identity = curves["to_constant", "plain"][0.0]
    assert curves["to_negated", "plain"][0.0] == identity
    assert curves["start", "identity"][0.0] == pytest.approx(identity, rel=1e-4)
    assert curves["decay_identity", "plain"][1e-5] == pytest.approx(identity, rel=1e-2)
    assert curves["start", "identity"][1.0] == pytest.approx(1e-12)
    assert curves["to_negated", "plain"][0.5] == pytest.approx(curves["decay_zero", "plain"][1e-5], rel=1e-2)
    assert set(curves["condition", "plain"]) == set(arms.POINTS)
