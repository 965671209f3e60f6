"""A script of the paper's nets is short, whatever the settings: pure generation, over all that add lines."""

from collections.abc import Iterator
from itertools import product

import pytest

from engine.config import RunConfig, replace
from engine.config.presets import PRESETS
from engine.exchange.pytorch_script.images import LOADINGS
from tests.engine.exchange.pytorch_script.scripts import ARMS, COMPUTING, small_run, written

#: Lines of a script of plain, A, B, C and full pre-activation are fewer than these, issue 21.
SHORT = 120
#: What each group of settings may be, as changes. One of each is a run.
_IMAGES = tuple(
    {"data__pool": pool, "data__crop": crop, "data__flip": flip, "data__validation": held}
    for pool, crop, flip, held in product((1, 2), (0, 4), (False, True), (0, 5000))
)
_SGD = tuple(
    {"optim__drops": drops, **warm_up}
    for drops in ((), (0.5, 0.75))
    for warm_up in ({}, {"optim__warmup_steps": 5}, {"optim__warmup_lr": 0.01})
)
_ADAMW = tuple({"optim__optimizer": "adamw", **rates} for rates in _SGD if "optim__warmup_lr" not in rates)
#: Batch norm or none, and 1 to 3 layers in a block: not the paper's five, but no longer.
_BLOCKS = (":norm=none", ":layers=1", ":layers=3", ":layers=3:norm=none")


def runs(arms: tuple[str, ...], names: tuple[str, ...]) -> Iterator[RunConfig]:
    groups = product(arms, names, _IMAGES, (*_SGD, *_ADAMW), (False, True))
    for arm, name, images, rates, recalibrate in groups:
        yield small_run(
            model__shortcut=arm, model__depth=20, data__name=name, recalibrate_bn=recalibrate, **images, **rates
        )


def longest(arms: tuple[str, ...], names: tuple[str, ...], how: tuple[str, str]) -> tuple[int, str]:
    """Return the lines of the longest script, and that script."""
    return max((len(text.splitlines()), text) for text in (written(run, *how) for run in runs(arms, names)))


@pytest.mark.parametrize("how", COMPUTING, ids="-".join)
def test_every_setting_of_the_papers_arms_makes_a_short_script(how):
    names = (*LOADINGS,) if how == COMPUTING[0] else ("fashion-mnist-mini", "cifar10")
    lines, text = longest(ARMS, names, how)
    assert lines < SHORT, text


@pytest.mark.parametrize("arm", ["none", "B", "C"])
def test_full_pre_activation_of_other_shortcuts_is_as_short(arm):
    lines, text = longest((f"{arm}:order=full-pre",), ("fashion-mnist-mini",), COMPUTING[0])
    assert lines < SHORT, text


@pytest.mark.parametrize("block", _BLOCKS)
def test_blocks_of_other_norms_and_lengths_are_as_short(block):
    lines, text = longest(tuple(f"{arm}{block}" for arm in ARMS), ("fashion-mnist-mini",), COMPUTING[0])
    assert lines < SHORT, text


def test_the_product_has_the_lines_that_a_setting_adds():
    """Else the test above would hold for a product that leaves out what is long."""
    text = longest(("B",), ("fashion-mnist-mini",), COMPUTING[0])[1]
    said = ("pixels are averaged", "held-out", "random crops", "mirror images", "drops =", "warming", "update_bn")
    assert [words for words in said if words not in text] == []
    assert len(written(small_run(model__shortcut="B")).splitlines()) < len(text.splitlines()) - 10


@pytest.mark.parametrize("preset", ["quick", "talk", "depth", "paper"])
@pytest.mark.parametrize("arm", ARMS)
def test_a_script_of_a_preset_is_short(preset, arm):
    settings = {"model.shortcut": arm} | ({"model.depth": 110, "optim.warmup_lr": 0.01} if preset == "paper" else {})
    assert len(written(replace(PRESETS[preset].run, settings)).splitlines()) < SHORT
