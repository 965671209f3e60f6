"""The nets that are trained on the pretended GPU: every row of every family; orders and norms once each."""

from typing import Any

from engine.config import RunConfig
from engine.models.registry import SHORTCUTS, norms_of, orders_of
from tests.contracts.variants import shallow
from tests.engine.training.tiny import config

PRECISIONS = ("fp32", "bf16")
#: Settings of a family beside the row.
_FAMILIES: dict[str, dict[str, Any]] = {
    "cifar": {},
    "imagenet": {"model__depth": 18, "model__stem": "small"},
    "mlp": {"model__depth": 6, "model__width": 16},
    "vit": {"model__depth": 6, "model__width": 16},
}


def nets() -> dict[str, dict[str, Any]]:
    """Return changes of the tiny config by the net's name."""
    cases = {
        f"{family}-{name}": {**settings, "model__family": family, "model__shortcut": name}
        for family, settings in _FAMILIES.items()
        for name, row in SHORTCUTS.items()
        if family in row.families
    }
    parts = {f"order={order}": name for name, row in SHORTCUTS.items() for order in orders_of(row)}
    parts |= {f"norm={norm}": name for name, row in SHORTCUTS.items() for norm in norms_of(row)}
    for part, name in parts.items():
        family = SHORTCUTS[name].families[0]
        cases[f"{family}-{name}-{part}"] = {
            **_FAMILIES[family], "model__family": family, "model__shortcut": f"{name}:{part}",
        }  # fmt: skip
    cases["imagenet-bottleneck"] = _FAMILIES["imagenet"] | {
        "model__family": "imagenet", "model__depth": 50, "model__shortcut": "B",
    }  # fmt: skip
    for changes in cases.values():
        if changes["model__family"] == "cifar":
            changes["model__depth"] = shallow(changes["model__shortcut"])
    return cases


def run_on_gpu(precision: str = "fp32", **changes: Any) -> RunConfig:
    """Return a tiny config for the GPU."""
    return config(device="cuda", precision=precision, **changes)
