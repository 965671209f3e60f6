"""A script trains as the trainer does: losses and weights are equal bit for bit, batches and augmentation included.

The arms of the paper train on the whole embedded set. All else trains on every tenth of its images: the score at the
end of a run, over all images, takes several times as long as its 20 steps.
"""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from engine.data.downloads.fashion_mnist_mini import FILE
from engine.data.files.array_writer import ArrayWriter
from engine.data.images import load_images
from engine.data.subset import balanced
from engine.events import Evaluated, Measured, Split
from engine.hardware.device import choose
from engine.store.workspace import Workspace
from engine.training.evaluate import has_batch_norm
from engine.training.trainer import Trainer
from tests.engine.exchange.pytorch_script.scripts import ARMS, executed, small_run, small_stream, written

#: Settings that change what a step computes, each with the arm that it is tried on.
SETTINGS = {
    "crops": ("A", {"data__crop": 4}),
    "crops alone": ("none", {"data__crop": 2, "data__flip": False}),
    "no augmentation": ("C", {"data__flip": False}),
    "whole images, deeper, another seed": (
        "B", {"model__depth": 20, "data__pool": 1, "model__image_size": 28, "seed": 3},
    ),
    "other images": ("A", {"data__pool": 4, "model__image_size": 7}),
    "held-out images": ("A:order=full-pre", {"data__validation": 500}),
    "batches over two epochs": ("none", {"optim__batch_size": 1_050, "optim__steps": 4}),
    "no momentum, no decay": ("C", {"optim__momentum": 0.0, "optim__weight_decay": 0.0}),
    "drops": ("A", {"optim__drops": (0.25, 0.5), "optim__drop_factor": 0.3, "optim__lr": 0.05}),
    "warm-up by steps, then a drop": ("B", {"optim__warmup_steps": 7, "optim__drops": (0.5,)}),
    "warm-up by the error": (
        "A", {"optim__warmup_lr": 0.01, "optim__warmup_error": 89.0, "optim__steps": 120, "optim__drops": (0.9,)},
    ),
    "AdamW": ("A", {"optim__optimizer": "adamw", "optim__lr": 0.001, "optim__weight_decay": 0.01}),
    "recalibrated": ("none", {"recalibrate_bn": True}),
    "Dirac start": ("dirac", {}),
    "zero gamma": ("zero-gamma:order=relu-only-pre", {}),
}  # fmt: skip
#: Many settings at once, which make the longest scripts of the paper's arms.
_ALL = {"data__crop": 4, "data__validation": 500, "optim__drops": (0.5, 0.75), "recalibrate_bn": True}
TOGETHER = (
    ("none", {**_ALL, "optim__warmup_lr": 0.01, "optim__warmup_error": 89.0}),
    ("A", {**_ALL, "optim__warmup_steps": 5, "data__validation": 123}),
    ("B", {**_ALL, "optim__warmup_steps": 5, "optim__optimizer": "adamw", "optim__lr": 0.001}),
    ("C", {**_ALL, "data__pool": 4, "model__image_size": 7, "data__flip": False, "seed": 5}),
    ("A:order=full-pre", {**_ALL, "optim__warmup_steps": 5, "model__width": 6, "optim__batch_size": 50}),
    ("B:layers=3", {**_ALL, "model__depth": 20, "data__crop": 0}),
    ("B:norm=none", {**_ALL, "data__validation": 1_900, "optim__momentum": 0.5}),
    ("A:order=full-pre:norm=none:layers=1", {**_ALL, "data__crop": 1, "data__validation": 1}),
)  # fmt: skip
#: Arms of stacks of sublayers.
STREAMS = (
    ("mlp", "none", {}), ("mlp", "A:order=post-ln", {"data__crop": 2}), ("mlp", "skipinit:norm=none", {}),
    ("mlp", "scaled:shortcut=0.3:branch=0.5", {"optim__optimizer": "sgd", "optim__lr": 0.1}),
    ("vit", "A", {"data__flip": True}), ("vit", "A:wire=attention", {"model__heads": 4, "model__patch": 14}),
    ("vit", "deepnorm", {}), ("vit", "skipinit", {"optim__warmup_steps": 5}), ("vit", "none:norm=none", {}),
)  # fmt: skip
#: Arms of other orders, norms and lengths.
OTHER_ARMS = (
    "B:order=full-pre", "C:order=full-pre", "none:order=full-pre", "A:norm=none", "C:norm=none:order=full-pre",
    "B:order=bn-after-addition:layers=1", "C:order=relu-before-addition", "B:order=relu-only-pre:layers=3",
    "gated", "highway:bias=-1:layers=1", "shortcut-gated:order=full-pre", "conv1x1:norm=none:order=relu-only-pre",
    "skipinit:start=0.2", "scaled:branch=0.5", "delta-orthogonal", "gated:order=full-pre:norm=none",
)  # fmt: skip


@pytest.fixture(autouse=True)
def own_threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def decoded(tmp_path_factory):
    """A workspace for the decoded images of all tests here."""
    return Workspace.at(tmp_path_factory.mktemp("decoded")).prepare()


def drawn_set(folder: Path, sets: list[tuple[np.ndarray, np.ndarray]]) -> None:
    """Write images and labels of a training and of a test set as the decoded copy of a data set."""
    folder.mkdir(parents=True)
    writer = ArrayWriter(folder, *sets[0][0].shape[1:3])
    for split, (images, labels) in zip(("train", "test"), sets, strict=True):
        writer.append(split, images, labels)
    writer.finish(classes=[*map(str, range(10))])


@pytest.fixture(scope="module")
def few(tmp_path_factory) -> tuple[Workspace, Path]:
    """A workspace whose embedded set has a tenth of the images, and the file of those images for the scripts."""
    workspace = Workspace.at(tmp_path_factory.mktemp("few")).prepare()
    with np.load(FILE) as file:
        labels = {split: file[f"{split}_labels"] for split in ("train", "test")}
        tenth = {split: balanced(every, len(every) // 10) for split, every in labels.items()}
        arrays = {name: file[name][tenth[name.partition("_")[0]]] for name in file.files}
    sets = [(arrays[f"{split}_images"][:, None], arrays[f"{split}_labels"]) for split in labels]
    drawn_set(workspace.path / "data" / "fashion-mnist-mini", sets)
    path = workspace.path / FILE.name
    np.savez(path, **arrays)
    return workspace, path


def trained(config, workspace):
    """Return losses, weights and last scores of the trainer."""
    trainer = Trainer(config, load_images(config.data, workspace.path), choose(config))
    events = [*trainer.events()]
    losses = [row.loss for event in events if isinstance(event, Measured) for row in event.rows]
    scores = {event.split: event for event in events if isinstance(event, Evaluated)}
    return losses, trainer.state()["model"], scores


def assert_equal(config, images: tuple[Workspace, Path], folder, monkeypatch) -> str:
    workspace, path = images
    losses, weights, scores = trained(config, workspace)
    update_bn, before = torch.optim.swa_utils.update_bn, {}

    def noted(batches, net):
        before.update({name: tensor.clone() for name, tensor in net.state_dict().items()})
        update_bn(batches, net)

    monkeypatch.setattr("torch.optim.swa_utils.update_bn", noted)
    names, said = executed(written(config), folder, monkeypatch, path)
    assert names["losses"] == losses
    assert len(losses) == config.optim.steps
    # Recalibration replaces the statistics of the script's net, of which the trainer recalibrates a copy.
    mine = before or names["net"].state_dict()
    assert bool(before) == (config.recalibrate_bn and has_batch_norm(names["net"]))
    assert mine.keys() == weights.keys()
    assert [name for name, tensor in weights.items() if not torch.equal(mine[name], tensor)] == []
    if not before:  # a recalibrating script takes other batches
        assert f"test: loss {scores[Split.TEST].loss:.3f}, error {scores[Split.TEST].error:.1f} %" in said.splitlines()
    return said


@pytest.mark.parametrize("arm", ARMS)
def test_each_arm_trains_bit_for_bit(decoded, tmp_path, monkeypatch, arm):
    said = assert_equal(small_run(model__shortcut=arm), (decoded, FILE), tmp_path, monkeypatch)
    assert said.startswith("step 20: training loss ")


@pytest.mark.slow
@pytest.mark.parametrize("what", SETTINGS)
def test_each_setting_trains_bit_for_bit(few, tmp_path, monkeypatch, what):
    arm, changes = SETTINGS[what]
    assert_equal(small_run(model__shortcut=arm, **changes), few, tmp_path, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize(("arm", "changes"), TOGETHER)
def test_many_settings_at_once_train_bit_for_bit(few, tmp_path, monkeypatch, arm, changes):
    assert_equal(small_run(model__shortcut=arm, **changes), few, tmp_path, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize(("family", "arm", "changes"), STREAMS)
def test_stacks_of_sublayers_train_bit_for_bit(few, tmp_path, monkeypatch, family, arm, changes):
    assert_equal(small_stream(family, arm, **changes), few, tmp_path, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("arm", OTHER_ARMS)
def test_other_arms_train_bit_for_bit(few, tmp_path, monkeypatch, arm):
    assert_equal(small_run(model__shortcut=arm, model__depth=20), few, tmp_path, monkeypatch)


def test_the_warm_up_of_the_test_ends_within_it(few):
    """Else the test above would hold for a script that never looks at the error."""
    arm, changes = SETTINGS["warm-up by the error"]
    config = small_run(model__shortcut=arm, **changes)
    trainer = Trainer(config, load_images(config.data, few[0].path), choose(config))
    rates = [row.lr for event in trainer.events() if isinstance(event, Measured) for row in event.rows]
    assert {0.01, 0.1} < {*rates}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cifar10", "cifar100", "fashion-mnist", "svhn"])
def test_published_images_come_as_torchvision_has_them(workspace, tmp_path, monkeypatch, name):
    """The archives are not here: torchvision's classes are replaced by some that hold drawn images in their form."""
    size, channels = (28, 1) if name == "fashion-mnist" else (32, 3)
    draw = np.random.default_rng(4)
    sets = [(draw.integers(0, 256, (n, channels, size, size), np.uint8), draw.integers(0, 10, n)) for n in (600, 200)]
    drawn_set(workspace.path / "data" / name, sets)
    monkeypatch.setattr("torchvision.datasets", published(sets))
    config = small_run(
        data__name=name, data__pool=1, data__crop=4, model__channels=channels, model__image_size=size, model__width=8
    )
    losses, weights, _ = trained(config, workspace)
    names, _ = executed(written(config), tmp_path, monkeypatch)
    assert names["losses"] == losses
    assert all(torch.equal(names["net"].state_dict()[key], tensor) for key, tensor in weights.items())


def published(sets):
    """Return classes in place of ``torchvision.datasets``: arrays, lists and tensors as the real ones hold them."""

    def coloured(folder, train, download):
        images, labels = sets[not train]
        return SimpleNamespace(data=images.transpose(0, 2, 3, 1), targets=labels.tolist())

    def grey(folder, train, download):
        images, labels = sets[not train]
        return SimpleNamespace(data=torch.from_numpy(images[:, 0]), targets=torch.from_numpy(labels))

    def numbers(folder, split, download):
        images, labels = sets[split != "train"]
        # MATLAB's order, turned around: a view.
        turned = np.asfortranarray(images.transpose(2, 3, 1, 0)).transpose(3, 2, 0, 1)
        return SimpleNamespace(data=turned, labels=labels)

    return SimpleNamespace(CIFAR10=coloured, CIFAR100=coloured, FashionMNIST=grey, SVHN=numbers)
