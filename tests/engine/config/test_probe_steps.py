import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config import RunConfig, replace
from engine.config.presets import PRESETS
from engine.config.probe_steps import FEWER_FIRST_STEPS, FIRST_STEPS, probe_steps


def run(steps, **changes):
    return replace(RunConfig(), {"optim.steps": steps} | {key.replace("__", "."): v for key, v in changes.items()})


@pytest.mark.parametrize("steps", [300, 600, 2_000, 64_000])
def test_dense_at_the_start_then_every_k_and_the_last(steps):
    found = probe_steps(run(steps))
    assert found[:6] == FIRST_STEPS
    assert found[-1] == steps
    assert list(found) == sorted(set(found))
    regular = [step for step in found if step > 20]
    gaps = {later - earlier for earlier, later in itertools.pairwise(regular[:-1])}
    assert len(gaps) == 1
    (every,) = gaps
    assert all(step % every == 0 for step in regular[:-1])
    assert regular[-1] - regular[-2] <= 1.5 * every


def test_a_net_of_short_steps_has_fewer_probes_at_its_start():
    assert probe_steps(run(200, model__family="mlp", model__depth=10)) == (*FEWER_FIRST_STEPS["mlp"], 200)


def test_columns():
    assert len(probe_steps(run(600))) >= 20
    assert len(probe_steps(run(300))) >= 20
    assert len(probe_steps(run(2_000))) >= 40
    assert len(probe_steps(run(64_000))) <= 510


@given(steps=st.integers(1, 60) | st.integers(1, 100_000))
def test_every_run_is_probed_at_its_start_and_at_its_end(steps):
    found = probe_steps(run(steps))
    assert found == tuple(sorted(set(found)))
    assert found[0] == 0
    assert found[-1] == steps
    assert {step for step in FIRST_STEPS if step <= steps} <= set(found)


def test_a_cadence_of_one_s_own():
    assert probe_steps(run(100, probe__every=30)) == (0, 1, 2, 5, 10, 20, 30, 60, 100)
    assert probe_steps(run(120, probe__every=30)) == (0, 1, 2, 5, 10, 20, 30, 60, 90, 120)
    assert probe_steps(run(100, probe__every=1)) == tuple(range(101))
    assert probe_steps(run(100, probe__every=10_000)) == (0, 1, 2, 5, 10, 20, 100)


def test_no_images_no_probes():
    assert probe_steps(run(600, probe__images=0)) == ()
    assert probe_steps(run(600, probe__images=0, probe__every=5)) == ()


def test_more_images_fewer_columns():
    lengths = [len(probe_steps(run(2_000, probe__images=images))) for images in (16, 32, 64, 256)]
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[0] > lengths[-1]


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_equal_for_all_arms(preset):
    arms = [
        replace(preset.run, {"model.depth": depth, "model.shortcut": shortcut, "seed": seed, "threads": threads})
        for depth in preset.depths
        for shortcut in ("none", "A")
        for seed, threads in ((0, 1), (3, 2))
    ]
    assert len({probe_steps(arm) for arm in arms}) == 1


def test_an_extended_run_keeps_its_columns_and_goes_on_as_one_of_the_new_length():
    short, longer = probe_steps(run(300)), probe_steps(run(300), (1_000, 2_000))
    assert longer[: len(short)] == short
    assert {300, 1_000, 2_000} <= set(longer)
    assert longer == tuple(sorted(set(longer)))
    assert set(longer[len(short) :]) <= set(probe_steps(run(1_000))) | set(probe_steps(run(2_000)))
    assert min(b - a for a, b in zip(longer[len(short) - 1 :], longer[len(short) :], strict=False)) > 5
    assert probe_steps(run(100, probe__every=30), (160,)) == (0, 1, 2, 5, 10, 20, 30, 60, 100, 120, 160)
    assert probe_steps(run(300, probe__images=0), (600,)) == ()
