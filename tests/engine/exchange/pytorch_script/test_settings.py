"""Every setting of a run is in its script, or has no effect on it, or the run is refused: no field is forgotten."""

from functools import partial

import pytest

from engine.config import FAMILIES, RunConfig, leaves
from engine.data.registry import SOURCES
from engine.errors import ConfigError
from engine.exchange.pytorch_script.images import LOADINGS
from engine.exchange.pytorch_script.script import script_of
from engine.exchange.pytorch_script.settings import REFUSED, SHORTCUTS, WITHOUT_EFFECT, WRITTEN, check
from engine.models.registry import SHORTCUTS as ALL_SHORTCUTS
from engine.paths import PROJECT
from engine.store.reader import Reader
from engine.store.rows import ForkPlan
from engine.store.writer import Writer
from tests.engine.exchange.pytorch_script.scripts import small_run, small_stream, written
from tests.engine.exchange.recorded_workspace import fill, small_race

#: Another value of each setting, with what it needs besides.
OTHERS = {
    "model.depth": {"model__depth": 20},
    "model.shortcut": {"model__shortcut": "B"},
    "model.width": {"model__width": 6},
    "model.channels": {"model__channels": 3},
    "model.classes": {"model__classes": 100},
    "model.image_size": {"model__image_size": 28, "data__pool": 1},
    "model.stem": {"model__stem": "small"},
    "model.heads": {"model__heads": 4},
    "model.patch": {"model__patch": 14},
    "data.name": {"data__name": "cifar10"},
    "data.pool": {"data__pool": 4},
    "data.crop": {"data__crop": 1},
    "data.flip": {"data__flip": False},
    "data.eval_images": {"data__eval_images": 77},
    "data.validation": {"data__validation": 100},
    "optim.optimizer": {"optim__optimizer": "adamw"},
    "optim.lr": {"optim__lr": 0.2},
    "optim.momentum": {"optim__momentum": 0.5},
    "optim.weight_decay": {"optim__weight_decay": 0.01},
    "optim.batch_size": {"optim__batch_size": 16},
    "optim.steps": {"optim__steps": 21},
    "optim.drops": {"optim__drops": (0.5,)},
    "optim.drop_factor": {"optim__drops": (0.25,), "optim__drop_factor": 0.5},
    "optim.warmup_steps": {"optim__warmup_steps": 3},
    "optim.warmup_lr": {"optim__warmup_lr": 0.01},
    "optim.warmup_error": {"optim__warmup_lr": 0.01, "optim__warmup_error": 70.0},
    "optim.tune_grid": {"optim__tune_grid": (0.1, 0.2)},
    "optim.tune_steps": {"optim__tune_steps": 9},
    "probe.images": {"probe__images": 8},
    "probe.every": {"probe__every": 7},
    "seed": {"seed": 1},
    "threads": {"threads": 2},
    "eval_every": {"eval_every": 3},
    "recalibrate_bn": {"recalibrate_bn": True},
}
#: Values that have no script, each with words of the refusal.
WITHOUT = {
    "model.family": (
        {"model__family": "imagenet", "model__depth": 18, "model__image_size": 32},
        "families cifar, mlp, vit, not for imagenet",
    ),
    "model.shortcut": ({"model__shortcut": "dropout"}, "cifar are written for none, A, .*, not for dropout"),
    "data.name": ({"data__name": "folder:/tmp/pictures"}, "cannot read images named by their path"),
    "data.resize": ({"data__name": "folder:/tmp/pictures", "data__resize": 32}, "named by their path"),
    "compile": ({"compile": True}, "compiled code rounds"),
    "graph": ({"graph": True}, "a recorded update rounds"),
    "replicas": ({"replicas": 2}, "replicas are another model"),
    "optim.lr": ({"optim__lr": "tuned"}, "still to be tuned"),
    "optim.drops": (
        {"optim__steps": 9_000_000, "optim__drops": tuple(n / 100 for n in range(50, 60))},
        "in one line, and 10 are too",
    ),
}


def test_no_setting_is_forgotten():
    known = WRITTEN | WITHOUT_EFFECT.keys() | REFUSED.keys()
    assert leaves(RunConfig()).keys() == known
    assert not WRITTEN & WITHOUT_EFFECT.keys()


@pytest.mark.parametrize("setting", sorted(WRITTEN - {"precision", "device"}))
def test_what_is_written_changes_the_script(setting):
    small = partial(small_stream, "vit", "A") if setting in ("model.heads", "model.patch") else small_run
    without = {key: value for key, value in OTHERS[setting].items() if key.replace("__", ".", 1) != setting}
    assert written(small(**OTHERS[setting])) != written(small(**without))


def test_precision_and_device_are_those_that_the_run_had():
    config = small_run(model__width=8)
    plain, half, card = written(config), written(config, "bf16"), written(config, device="cuda")
    assert "autocast" not in plain and "cuda" not in plain
    assert half.count('torch.autocast("cpu", torch.bfloat16)') == 2
    assert "memory_format" in half and "memory_format" not in card
    assert 'net.to("cuda")' in card and "allow_tf32 = False" in card


@pytest.mark.parametrize("setting", sorted(WITHOUT_EFFECT))
def test_what_has_no_effect_leaves_the_script_as_it_is(setting):
    assert written(small_run(**OTHERS[setting])) == written(small_run())


@pytest.mark.parametrize("setting", sorted(REFUSED))
def test_what_has_no_script_is_refused_in_one_line(setting):
    changes, words = WITHOUT[setting]
    with pytest.raises(ConfigError, match=words) as refusal:
        check(small_run(**changes))
    assert "\n" not in str(refusal.value)


def test_the_document_names_the_shortcuts_without_a_script():
    without = {
        name
        for family, names in SHORTCUTS.items()
        for name in {row for row, each in ALL_SHORTCUTS.items() if family in each.families} - {*names}
    }
    assert without == {"dropout", "stochastic-depth", "fixup", "shaped"}
    said = (PROJECT / "assets/docs/pytorch-script.md").read_text(encoding="utf-8")
    assert [name for name in without if f"`{name}`" not in said] == []


def test_what_a_script_can_have_are_rows_of_the_tables():
    for family, names in SHORTCUTS.items():
        assert {family} <= {*FAMILIES}
        assert {*names} <= {name for name, row in ALL_SHORTCUTS.items() if family in row.families}
    assert LOADINGS.keys() == SOURCES.keys()


def submitted(workspace, settings, stored) -> int:
    """Submit a race with these settings; return a run of it that has these columns."""
    with Writer(workspace.prepare()) as writer:
        _, (run, *_) = writer.races.submit(small_race(**settings))
        writer.jobs.update(run, **stored)
    return run


class TestHistory:
    """A run that is not what its settings alone make has no script."""

    @pytest.fixture
    def refused(self, workspace):
        fill(workspace)

        def refusal(run: int) -> str:
            with Reader(workspace) as reader:
                row = reader.runs.known(run)
                with pytest.raises(ConfigError) as error:
                    script_of(reader, row)
            return str(error.value)

        return refusal

    def test_words_of_a_stored_run_do_not_get_into_the_script(self, workspace):
        """What a bundle of somebody else says of its device and precision is text of a person."""
        fill(workspace)
        with Writer(workspace) as writer:
            writer.jobs.update(1, device='cpu"""\nimport os', precision='fp32"""', threads=1)
        with Reader(workspace) as reader:
            text = script_of(reader, reader.runs.known(1))
        assert text.count('"""') == written(small_run(model__shortcut="none")).count('"""')
        assert "import os" not in text

    @pytest.mark.parametrize(("settings", "stored", "words"), [
        ({}, {}, "precision, device and threads are"),
        ({"precision": "fp32", "threads": 1}, {}, "device is"),
        ({"device": "cpu", "threads": 1}, {}, "precision is"),
        ({"device": "cpu", "precision": "fp32"}, {}, "threads are"),
        # An engine chooses device and threads before the process of the run knows the precision.
        ({}, {"device": "cuda:0", "threads": 1}, "precision is"),
    ])  # fmt: skip
    def test_a_run_whose_machine_is_still_to_choose(self, workspace, settings, stored, words):
        run = submitted(workspace, settings, stored)
        with Reader(workspace) as reader, pytest.raises(ConfigError) as error:
            script_of(reader, reader.runs.known(run))
        assert str(error.value) == f"run {run} has no script: it has not trained yet, and its {words} not known before"

    @pytest.mark.parametrize(("settings", "stored", "words"), [
        ({"precision": "fp32", "device": "cpu", "threads": 1}, {}, "fp32 on cpu with 1 thread."),
        ({"precision": "bf16", "device": "cuda:1", "threads": 2}, {}, "bf16 on cuda with 2 threads."),
        ({}, {"precision": "bf16", "device": "cpu", "threads": 2}, "bf16 on cpu with 2 threads."),
        # What it trained in goes before what was asked for.
        ({"precision": "bf16", "device": "cuda", "threads": 1},
         {"precision": "fp32", "device": "cpu", "threads": 2}, "fp32 on cpu with 2 threads."),
    ])  # fmt: skip
    def test_a_run_whose_machine_is_known(self, workspace, settings, stored, words):
        run = submitted(workspace, settings, stored)
        with Reader(workspace) as reader:
            assert f"run {run} trains in {words}\n" in script_of(reader, reader.runs.known(run))

    def test_a_fork(self, workspace, refused):
        with Reader(workspace) as reader, Writer(workspace) as writer:
            row = reader.runs.known(1)
            child = writer.interventions.fork(row, ForkPlan(row.config, 20, ()), 1.0, lambda run: 0)
        assert (
            refused(child) == f"run {child} has no script: it is a fork and begins with weights of run 1, from step 20"
        )

    def test_a_changed_run(self, workspace, refused):
        with Reader(workspace) as reader, Writer(workspace) as writer:
            writer.interventions.add_change(2, "strength", 0.0, 1.0)
            (change,) = reader.interventions.changes(2)
            writer.interventions.take_over(2, change.id, 20, "cut")
        assert refused(2) == "run 2 has no script: its shortcut strength was changed at step 20, while it trained"
