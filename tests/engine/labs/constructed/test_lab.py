"""The lab constructed: what it trains on, that its arms are comparable, what it shows of noise, what it refuses."""

import math

import pytest
import torch

from engine.config import DataConfig, RunConfig, diff
from engine.data.images import Images, load_images
from engine.errors import CheckpointError, ConfigError
from engine.events import CurveUpdated, MetricReported
from engine.labs.constructed.curves import Shown
from engine.labs.constructed.lab import ConstructedLab
from engine.labs.constructed.plan import ARMS, CONTRAST, FULL, NOISES, ArmTask, budget, marks, new_blocks, planned
from engine.labs.registry import LABS, check_settings
from engine.labs.small_images import POOL, embedded_images
from tests.engine.labs.bench import DEVICE

ROW = LABS["constructed"]
SMALL = {
    "grown": 14, "before": 6, "after": 4, "rates": 2, "width": 4, "batch": 8, "images": 50, "noise": 0.03,
}  # fmt: skip


@pytest.fixture(scope="module")
def ran():
    """A small lab that is done: the lab, the last curves and figures, and which images its trainings asked for."""
    asked: list[tuple[int, ...]] = []
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        batch = Images.batch

        def recorded(self, indices):
            if len(indices) == SMALL["batch"]:
                asked.append(tuple(indices.tolist()))
            return batch(self, indices)

        patch.setattr(Images, "batch", recorded)
        lab = ConstructedLab(check_settings(ROW, SMALL), DEVICE)
        curves, figures, per_unit = {}, {}, {}
        for event in lab.events():
            if isinstance(event, CurveUpdated):
                curves[event.panel, event.name.text] = event
            elif isinstance(event, MetricReported):
                figures[event.name] = event.value
            elif hasattr(event, "done") and event.done:
                per_unit[list(lab.state()["results"])[event.done - 1]] = list(asked)
                asked.clear()
    return lab, curves, figures, per_unit


def test_images_are_those_that_runs_train_on(workspace):
    mine, theirs = embedded_images(), load_images(DataConfig(pool=POOL), workspace.path)
    for split in ("train", "test"):
        assert torch.equal(getattr(mine, split).pixels, getattr(theirs, split).pixels)
        assert torch.equal(getattr(mine, split).labels, getattr(theirs, split).labels)
    assert torch.equal(mine.mean, theirs.mean) and mine.scale == theirs.scale


def test_every_arm_sees_the_same_batches_and_has_as_many_updates(ran):
    lab, _, _, per_unit = ran
    first, second = set(), set()
    for task in planned(lab.settings):
        asked = per_unit[task.name]
        if task.role == "source":
            first.add(batches_of(asked, SMALL["before"]))
        elif task.role in ("arm", "repair"):
            second.add(batches_of(asked, SMALL["after"]))
            track = lab.state()["results"][task.name]
            assert track["steps"][0] > SMALL["before"] and track["steps"][-1] == SMALL["before"] + SMALL["after"]
    assert len(first) == len(second) == 1
    assert not set(*first) & set(*second)


def batches_of(asked, updates):
    """The first so many different batches that a unit trained on; evaluations ask for fixed images as well."""
    found = []
    fixed = {tuple(part.tolist()) for part in calibration()}
    for indices in asked:
        if indices not in fixed and indices not in found:
            found.append(indices)
    assert len(found) == updates
    return tuple(found)


def calibration():
    from engine.training.evaluate import _RECALIBRATION_BATCHES, subset

    chosen = subset(embedded_images().train, _RECALIBRATION_BATCHES * SMALL["batch"])
    return chosen.split(SMALL["batch"])


def test_configs_of_the_arms_differ_in_depth_shortcut_and_rate_alone():
    lab = ConstructedLab(check_settings(ROW, {"grid": FULL}), DEVICE)
    configs = [lab._config(arm, 0, deep, rate) for arm in ARMS for deep in (False, True) for rate in (0.1, 0.01)]
    assert all(isinstance(config, RunConfig) for config in configs)
    differ = {key for config in configs for key in diff(configs[0], config)}
    assert differ == {"model.depth", "model.shortcut", "optim.lr"}


def test_the_insertion_is_exact_and_noise_is_heard_by_the_plain_net_alone(ran):
    _, curves, figures, _ = ran
    for prefix in ("inserted", "inserted_residual"):
        assert figures[f"{prefix}_output_change"] == 0.0
    assert 0.0 < figures["inserted_output_change_train"] <= 1e-3
    assert figures["inserted_output_change_settled"] < 1e-5
    assert figures["inserted_output_change_train_raw"] > 0.01, "what gamma and beta are set for"
    for name in ("_train", "_train_others", "_train_raw", "_settled"):
        assert figures[f"inserted_residual_output_change{name}"] == 0.0
    plain, residual = curves["change", "plain"], curves["change", "residual"]
    assert list(plain.x) == sorted({*NOISES, 0.03})
    assert plain.y == sorted(plain.y) and plain.y[-1] > 2 * plain.y[0]
    assert set(residual.y) == {0.0} and len(set(curves["jump", "residual"].y)) == 1


def test_noise_stands_beside_none(ran):
    lab, curves, figures, _ = ran
    assert lab.settings["noise"] == 0.03
    assert {name for panel, name in curves if panel == "repair"} == {"grown, noise 0", "grown, noise 0.03"}
    loss = dict(zip(curves["jump", "plain"].x, curves["jump", "plain"].y, strict=True))
    assert (figures["loss_at_insertion"], figures["loss_at_insertion_noisy"]) == (loss[0.0], loss[0.03])
    assert figures["loss_after"] != figures["loss_after_noisy"]
    assert budget(check_settings(ROW, {})).repairs == (CONTRAST,)


def test_the_chosen_rate_is_the_one_with_the_lowest_clean_training_error(ran):
    lab, curves, figures, _ = ran
    results = lab.state()["results"]
    for kind, key in (("grown", "grown"), ("from scratch", "from_scratch"), ("residual grown", "residual_grown")):
        finals = {rate: results[ArmTask("arm", kind, 0, rate).name]["clean"][-1] for rate in (0.01, 0.1)}
        assert figures[f"{key}_training_error"] == min(finals.values())
        assert finals[figures[f"{key}_rate"]] == min(finals.values())
        assert list(curves["rates", kind].y) == [finals[0.01], finals[0.1]]
    assert figures["gap"] == figures["from_scratch_training_error"] - figures["grown_training_error"]
    assert figures["seeds"] == 1.0 and math.isnan(figures["grown_training_error_spread"])


@pytest.mark.parametrize(("broken", "other"), [(0.01, 0.1), (0.1, 0.01)])
def test_the_rate_of_a_training_that_diverged_is_never_the_best(ran, broken, other):
    results = dict(ran[0].state()["results"])
    name = ArmTask("arm", "grown", 0, broken).name
    track = results[name]
    # It ended one update early, however low its error was.
    results[name] = {**track, "marks": [track["marks"][-1] - 1], "clean": [0.0]}
    assert results[ArmTask("arm", "grown", 0, other).name]["clean"][-1] > 0
    assert Shown(check_settings(ROW, SMALL)).best_rate("grown", results) == other


def test_inserted_blocks_start_as_far_from_the_identity_as_their_noise_and_random_ones_at_the_root_of_three(ran):
    _, curves, _, _ = ran
    grown, scratch = curves["distance", "grown"], curves["distance", "from scratch"]
    # Noise s in all 9 C^2 weights of a layer, C of which are 1 in the identity; stages of 4, 8 and 16 channels.
    expected = 0.03 * math.sqrt(9 * (4**2 + 8**2 + 16**2) / (4 + 8 + 16))
    assert grown.y[0] == pytest.approx(expected, rel=0.1)
    assert scratch.y[0] == pytest.approx(math.sqrt(3), abs=0.1)
    assert grown.x[0] > SMALL["before"] > scratch.x[0]


def test_the_full_grid_has_more_of_everything_and_says_how_long_it_takes():
    small, full = check_settings(ROW, {}), check_settings(ROW, {"grid": FULL})
    assert {len(budget(settings).rates) for settings in (small, full)} == {2, 5}
    assert set(budget(full).arms) > set(budget(small).arms) and len(budget(full).seeds) == 3
    assert ROW.seconds(small) < 30 < 60 < ROW.seconds(full)
    names = [task.name for task in planned(full)]
    assert len(names) == len(set(names))


def test_evaluations_end_with_the_phase():
    assert marks(0, 100) == [50, 100] and marks(100, 60) == [160] and marks(10, 4) == [14] and not marks(0, 10)
    assert len(marks(0, 2000)) == 8 and marks(0, 2000)[-1] == 2000


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"grown": 20, "shallow": 20}, "grown 20 is not deeper than shallow 20: there is nothing to insert; take"),
        ({"grown": 14, "shallow": 26}, "take grown 32 or more"),
        ({"grown": 21}, "grown 21 is not 6n+2, the depths of the paper's nets; take 20 and 26"),
        ({"shallow": 9}, "shallow 9 is not 6n+2"),
    ],
)
def test_what_does_not_go_together_is_refused_with_the_reason(settings, said):
    with pytest.raises(ConfigError, match=said.replace("+", r"\+")):
        check_settings(ROW, settings)


def test_a_checkpoint_of_other_settings_is_refused():
    lab = ConstructedLab(check_settings(ROW, {}), DEVICE)
    with pytest.raises(CheckpointError):
        ConstructedLab(check_settings(ROW, {"grown": 26}), DEVICE, lab.state())


def test_new_blocks_are_those_behind_the_old_ones_of_each_stage():
    assert new_blocks(8, 14) == ("stage1.block2", "stage2.block2", "stage3.block2")
    assert len(new_blocks(8, 20)) == 6, "two in each stage"
