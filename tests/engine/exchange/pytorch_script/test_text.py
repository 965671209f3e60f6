"""What a script looks like: short, in ruff's format, standing alone, and without a word that a person wrote."""

import ast
import subprocess
import sys

import pytest

from engine.config import replace
from engine.config.presets import PRESETS
from tests.engine.exchange.pytorch_script.scripts import ARMS, COMPUTING, small_run, small_stream, written
from tests.engine.exchange.pytorch_script.test_equality import OTHER_ARMS, SETTINGS, STREAMS, TOGETHER

PAPER = {"model.depth": 110, "optim.warmup_lr": 0.01}
#: Lines of any script, and columns of a line.
LONG, WIDE = 200, 120


#: Settings with the longest numbers.
_SIZES = {
    "model__width": 1024, "model__channels": 64, "model__classes": 10_000, "model__image_size": 512,
    "model__depth": 1190, "data__pool": 16, "data__crop": 16, "data__validation": 1_000_000, "seed": 2**31 - 1,
    "optim__batch_size": 65_536, "optim__steps": 10_000_000, "optim__drops": (1 / 3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9),
    "optim__drop_factor": 0.12345678901234568, "optim__weight_decay": 0.00012345678901234567, "recalibrate_bn": True,
}  # fmt: skip
_RATE = 0.00012345678901234567
_SGD = {**_SIZES, "optim__lr": _RATE, "optim__momentum": 0.12345678901234568}
WIDEST = [
    (arm, rates)
    for arm in (*ARMS, "B:order=full-pre:norm=none:layers=3")
    for rates in (
        {**_SGD, "optim__warmup_lr": _RATE, "optim__warmup_error": 79.12345678901234},
        {**_SGD, "optim__warmup_steps": 3_333_333},
        {**_SIZES, "optim__optimizer": "adamw", "optim__lr": _RATE, "optim__warmup_steps": 3_333_333},
    )
]


def every_text() -> dict[str, str]:
    """Return scripts of every arm and setting of the tests, by a name that is one of a file."""
    configs = [small_run(model__shortcut=arm, model__depth=20) for arm in (*ARMS, *OTHER_ARMS)]
    configs += [small_run(model__shortcut=arm, **changes) for arm, changes in SETTINGS.values()]
    configs += [replace(PRESETS["paper"].run, {**PAPER, "model.shortcut": arm}) for arm in (*ARMS, "B:order=full-pre")]
    configs += [small_run(data__name=name, data__crop=4) for name in ("cifar100", "fashion-mnist", "svhn")]
    configs += [small_run(model__shortcut=arm, **changes) for arm, changes in (*TOGETHER, *WIDEST)]
    configs += [small_stream(family, arm, **changes) for family, arm, changes in STREAMS]
    texts = [written(config) for config in configs]
    texts += [written(config, *how) for config in configs[:5] for how in COMPUTING]
    return {f"script_{number}": text for number, text in enumerate(texts)}


def test_scripts_are_clean_and_in_rules_format(tmp_path):
    texts = every_text()
    for name, text in texts.items():
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
        assert len(text.splitlines()) < LONG
        assert max(map(len, text.splitlines())) <= WIDE
    for command in (["check"], ["format", "--diff"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--isolated", f"--line-length={WIDE}", str(tmp_path)],
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout


def test_a_script_imports_nothing_of_the_project_and_defines_what_it_uses():
    for text in every_text().values():
        tree = ast.parse(text)
        imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        tops = {name.partition(".")[0] for name in imported} - sys.stdlib_module_names
        assert tops <= {"torch", "numpy", "torchvision"}
        assert ast.get_docstring(tree)


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [[], ["there/is/none.npz"]])
def test_without_its_images_a_script_says_what_would_be_right_in_one_line(tmp_path, arguments):
    file = tmp_path / "net.py"
    file.write_text(written(small_run()), encoding="utf-8")
    done = subprocess.run([sys.executable, str(file), *arguments], capture_output=True, text=True, cwd=tmp_path)
    path = arguments[0] if arguments else tmp_path / "fashion-mnist-mini.npz"
    assert done.stderr == f"No images at {path}: name the path of fashion-mnist-mini.npz.\n"
    assert done.returncode == 1
