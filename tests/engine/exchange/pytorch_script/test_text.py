"""What a script looks like: short, in ruff's format, standing alone, and without a word that a person wrote."""

import ast
import subprocess
import sys

import pytest

from engine.config import replace
from engine.config.presets import PRESETS
from tests.engine.exchange.pytorch_script.scripts import ARMS, small_run, small_stream, written
from tests.engine.exchange.pytorch_script.test_equality import OTHER_ARMS, SETTINGS, STREAMS

PAPER = {"model.depth": 110, "optim.warmup_lr": 0.01}
#: Lines of a script of the paper's arms, and of any.
SHORT, LONG = 120, 200


def every_text() -> dict[str, str]:
    """Return scripts of every arm and setting of the tests, by a name that is one of a file."""
    configs = [small_run(model__shortcut=arm, model__depth=20) for arm in (*ARMS, *OTHER_ARMS)]
    configs += [small_run(model__shortcut=arm, **changes) for arm, changes in SETTINGS.values()]
    configs += [replace(PRESETS["paper"].run, {**PAPER, "model.shortcut": arm}) for arm in (*ARMS, "B:order=full-pre")]
    configs += [small_run(data__name=name, data__crop=4) for name in ("cifar100", "fashion-mnist", "svhn")]
    configs += [small_stream(family, arm, **changes) for family, arm, changes in STREAMS]
    texts = [written(config) for config in configs]
    texts += [written(configs[0], "bf16"), written(configs[1], "bf16", "cuda"), written(configs[2], "fp32", "cuda")]
    return {f"script_{number}": text for number, text in enumerate(texts)}


@pytest.mark.parametrize("preset", ["quick", "talk", "depth", "paper"])
@pytest.mark.parametrize("arm", ARMS)
def test_a_script_of_the_papers_arms_is_short(preset, arm):
    settings = {"model.shortcut": arm} | (PAPER if preset == "paper" else {})
    assert len(written(replace(PRESETS[preset].run, settings)).splitlines()) < SHORT


def test_scripts_are_clean_and_in_rules_format(tmp_path):
    texts = every_text()
    for name, text in texts.items():
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
        assert len(text.splitlines()) < LONG
    for command in (["check"], ["format", "--diff"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--isolated", str(tmp_path)], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout


def test_a_script_imports_nothing_of_the_project_and_defines_what_it_uses():
    for text in every_text().values():
        tree = ast.parse(text)
        imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        tops = {name.partition(".")[0] for name in imported} - sys.stdlib_module_names
        assert tops <= {"torch", "numpy", "torchvision"}
        assert ast.get_docstring(tree)


@pytest.mark.parametrize("arguments", [[], ["there/is/none.npz"]])
def test_without_its_images_a_script_says_what_would_be_right_in_one_line(tmp_path, arguments):
    file = tmp_path / "net.py"
    file.write_text(written(small_run()), encoding="utf-8")
    done = subprocess.run([sys.executable, str(file), *arguments], capture_output=True, text=True, cwd=tmp_path)
    path = arguments[0] if arguments else tmp_path / "fashion-mnist-mini.npz"
    assert done.stderr == f"No images at {path}: name the path of fashion-mnist-mini.npz.\n"
    assert done.returncode == 1
