# ruff: noqa: E501
"""The import arrows of the house, read from the syntax trees of engine/ and app/ (nothing is imported here)."""

import ast
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
BASICS = {
    "engine",
    "engine.paths",
    "engine.hardware.cores",
    "engine.errors",
    "engine.events",
    "engine.config",
    "engine.config.presets",
}
#: What the torch-free sides may know of probes and labs.
TABLES = {
    "engine.probes.registry", "engine.probes.quantity", "engine.probes.online.histogram", "engine.config.probe_steps",
    "engine.labs.registry", "engine.labs.spec", "engine.labs.curve", "engine.labs.gradient_kinds",
    "engine.labs.timing.arms", "engine.analysis.run_time",
    *(f"engine.labs.{path.stem}" for path in (PROJECT / "engine" / "labs").glob("*_row.py")),
}  # fmt: skip
#: What they may know of nets: names, sizes and what was published, as tables and arithmetic.
COUNTS = {
    "engine.models.registry", "engine.models.count", "engine.models.tensors", "engine.models.imagenet_tensors",
}  # fmt: skip

#: Module prefix -> the project's modules it may import (prefixes). The longest prefix that fits decides.
ARROWS: dict[str, set[str]] = {
    "engine": set(),
    "engine.hardware.cores": set(),
    "engine.paths": set(),
    "engine.errors": set(),
    "engine.events": set(),
    "engine.config": {"engine.errors", "engine.events", "engine.config"},
    "engine.config.presets": {"engine.errors", "engine.events", "engine.config"},
    "engine.provenance": {"engine", "engine.paths"},
    "engine.hardware.compiler": set(),
    "engine.hardware.device": {*BASICS},
    "engine.data": {*BASICS, "engine.data"},
    "engine.models": {*BASICS, "engine.models"},
    "engine.training": {*BASICS, "engine.hardware.compiler", "engine.hardware.device", "engine.data", "engine.models", "engine.training"},
    "engine.probes": {*BASICS, "engine.hardware.device", "engine.data", "engine.models", "engine.probes"},
    "engine.labs": {
        *BASICS, "engine.hardware.device", "engine.data", "engine.models", "engine.training", "engine.labs",
        "engine.probes",
    },
    "engine.store": {*BASICS, "engine.provenance", "engine.store"},
    # The engine's torch-free side: registries, counts and presence, never nets, images or training.
    "engine.runs": {
        *BASICS, "engine.provenance", "engine.store", "engine.runs", *COUNTS, "engine.hardware.compiler",
        "engine.data.registry", "engine.data.presence", *TABLES,
    },
    # The places where training and store meet (a run, a lab), and what loads it all ahead of time.
    "engine.runs.worker.training_job": {
        *BASICS, "engine.store", "engine.runs", "engine.hardware.device", "engine.data", "engine.models", "engine.training",
        "engine.probes", "engine.hardware.compiler",
    },
    "engine.runs.worker.lab_job": {
        *BASICS, "engine.store", "engine.runs", "engine.hardware.device", "engine.data", "engine.training", "engine.labs",
    },
    "engine.runs.launchers.preload": {
        "engine.runs.worker.worker", "engine.hardware.device", "engine.data", "engine.training", "engine.probes",
    },
    "engine.cli.group": {
        *BASICS, "engine.provenance", "engine.store", "engine.runs", "engine.cli.doctor", "engine.cli.output",
        "engine.cli.races", "engine.cli.interventions", "engine.cli.labs", "engine.cli.layers", "engine.cli.interrupt",
        "engine.cli.tuning", *COUNTS,
        "engine.cli.bench", "engine.bench.benchmark", "engine.bench.workload",
        "engine.data.registry", "engine.data.presence", "engine.data.files.offered", *TABLES,
    },
    # The contestants of the bench train; who lets them contend knows processes alone.
    "engine.bench": {*BASICS, "engine.bench"},
    "engine.bench.conventional": {*BASICS, "engine.bench.workload", "engine.models"},
    "engine.bench.engine_loop": {
        *BASICS, "engine.bench.workload", "engine.hardware.device", "engine.data", "engine.models", "engine.training",
        "engine.probes",
    },
    "engine.__main__": {"engine.cli.group"},
    "app": {"app"},
    # The only file of the app that touches the engine.
    "app.data": {
        *BASICS, "app", "engine.store", "engine.runs", "engine.provenance", *COUNTS, "engine.data.registry",
        "engine.data.presence", "engine.data.files.offered", *TABLES,
    },
}  # fmt: skip
for _verb in ("race", "output", "lab", "layers", "bench", "whatif", "tuning"):
    ARROWS[f"engine.cli_{_verb}"] = ARROWS["engine.cli.group"]
ARROWS["engine.cli.doctor"] = ARROWS["engine.cli.group"] | {"engine.hardware.compiler", "engine.hardware.device"}

#: Modules that may import torch; all others must not, at any depth of their code.
MAY_TORCH = (
    "engine.hardware.device", "engine.data", "engine.models", "engine.training", "engine.probes", "engine.labs",
    "engine.runs.launchers.preload", "engine.bench",
)  # fmt: skip
TORCH = {"torch", "torchvision"}
#: Torch-free although their folder is not: the app and the engine's supervisor import them.
TORCH_FREE = {
    *COUNTS, "engine.models.parts", "engine.models.zoo",
    "engine.data.registry", "engine.data.presence", "engine.data.files.offered", "engine.data.source", "engine.data.files.paths",
    "engine.data.files.listing", "engine.data.files.folder", "engine.data.files.parquet", "engine.data.files.pixels", "engine.data.files.decoding",
    "engine.data.files.origin", "engine.data.downloads.archives", "engine.data.files.array_writer", "engine.data.files.raw", "engine.data.files.cache",
    *(f"engine.models.zoo.{name}" for name in ("row", "sizes", "paper", "identity_mappings", "others", "orders")),
    "engine.bench.workload", "engine.bench.benchmark", "engine.data.files.columns",
    *TABLES,
}  # fmt: skip
BASIC_PACKAGES = {"pydantic", *sys.stdlib_module_names}


def modules() -> dict[str, Path]:
    found = {}
    for top in ("engine", "app"):
        for path in sorted((PROJECT / top).rglob("*.py")):
            parts = path.relative_to(PROJECT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def imports(path: Path) -> set[str]:
    """Every module that a file imports, inside functions too; ``from package import module`` counts as the module."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                found.add(inner if inner in MODULES else node.module)
    return found


def inside(module: str, prefixes) -> bool:
    return any(module == prefix or module.startswith(f"{prefix}.") for prefix in prefixes if prefix)


def rule_for(module: str) -> str:
    return max((prefix for prefix in ARROWS if inside(module, [prefix])), key=len)


@pytest.mark.parametrize("module", MODULES)
def test_arrows(module):
    allowed = ARROWS[rule_for(module)]
    own = {name for name in imports(MODULES[module]) if inside(name, ["engine", "app"])}
    # "engine" alone in a rule means the package's own __init__ (the version), not everything below it.
    wrong = {name for name in own if not (name in allowed or inside(name, allowed - {"engine"}))}
    assert not wrong, f"{module} must not import {', '.join(sorted(wrong))}"


@pytest.mark.parametrize("module", MODULES)
def test_torch_and_streamlit_stay_where_they_belong(module):
    packages = {name.partition(".")[0] for name in imports(MODULES[module])}
    if not inside(module, MAY_TORCH) or module in TORCH_FREE:
        assert not packages & TORCH, f"{module} must not import torch"
    if inside(module, ["engine"]):
        assert "streamlit" not in packages, f"{module} must not import streamlit"
    if inside(module, ["app.data", "app.charts"]):
        assert "streamlit" not in packages, f"{module} must not import streamlit"
    if inside(module, BASICS - {"engine"}):
        assert packages <= {"engine", *BASIC_PACKAGES}


def test_the_rules_can_fail(tmp_path):
    wrong = tmp_path / "wrong.py"
    wrong.write_text("def late():\n    from engine.training import trainer\n    import torch.nn\n")
    assert imports(wrong) == {"engine.training.trainer", "torch.nn"}
    assert not inside("engine.training.trainer", ARROWS["engine.runs"] - {"engine"})
    assert inside("engine.training.trainer", ARROWS["engine.runs.worker.training_job"] - {"engine"})
    assert rule_for("engine.runs.worker.training_job") == "engine.runs.worker.training_job"
    assert rule_for("engine.runs.supervisor.worker_pool") == "engine.runs"
