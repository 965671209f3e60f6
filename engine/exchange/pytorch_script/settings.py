"""Which settings of a run a script has in it, which have no effect on a training, and which runs have no script.

Every setting of ``RunConfig`` stands in one of the three tables; a test goes over all. Torch-free.
"""

from collections.abc import Callable, Mapping

from engine.config import RunConfig
from engine.errors import ConfigError
from engine.exchange.pytorch_script import net, stream
from engine.exchange.pytorch_script.images import LOADINGS
from engine.exchange.pytorch_script.training import drop_ends
from engine.models.registry import variant

#: Settings that decide lines of a script.
WRITTEN = frozenset(
    {
        "model.depth", "model.shortcut", "model.width", "model.channels", "model.classes", "model.image_size",
        "model.heads", "model.patch", "data.name", "data.pool", "data.crop", "data.flip", "data.validation",
        "optim.optimizer", "optim.lr", "optim.momentum", "optim.weight_decay", "optim.batch_size", "optim.steps",
        "optim.drops", "optim.drop_factor", "optim.warmup_steps", "optim.warmup_lr", "optim.warmup_error",
        "seed", "precision", "device", "threads", "recalibrate_bn",
    }
)  # fmt: skip
#: Settings that change neither a weight nor what a script prints, with the reason.
WITHOUT_EFFECT: Mapping[str, str] = {
    "model.stem": "these families have one stem",
    "probe.images": "a probe changes nothing that a training sees",
    "probe.every": "a probe changes nothing that a training sees",
    "eval_every": "a script measures at its end alone",
    "data.eval_images": "a script measures all images",
    "optim.tune_grid": "the rate is found before a run begins",
    "optim.tune_steps": "the rate is found before a run begins",
}
#: Characters of the steps of all drops: with more, their line of the script would be wider than 120 columns.
_MAX_ENDS = 79
#: The shortcuts of each family that a script can have.
SHORTCUTS = {"cifar": (*net.SHORTCUTS,), "mlp": (*stream.SHORTCUTS,), "vit": (*stream.SHORTCUTS,)}


def _family(config: RunConfig) -> str:
    family = config.model.family
    if family in SHORTCUTS:
        return ""
    return f"scripts are written for the families {', '.join(SHORTCUTS)}, not for {family}"


def _shortcut(config: RunConfig) -> str:
    family = config.model.family
    name = variant(config.model.shortcut, family).shortcut.name
    if name in SHORTCUTS[family]:
        return ""
    return f"scripts of the family {family} are written for {', '.join(SHORTCUTS[family])}, not for {name}"


def _data(config: RunConfig) -> str:
    if config.data.name in LOADINGS:
        return ""
    return "a script cannot read images named by their path as Skipscope does; take a registered data set"


def _compiled(config: RunConfig) -> str:
    return "compiled code rounds in an order that no script repeats" if config.compile else ""


def _recorded(config: RunConfig) -> str:
    return "a recorded update rounds the learning rate as no script does" if config.graph else ""


def _replicas(config: RunConfig) -> str:
    return "a script trains in one process, and replicas are another model" if config.replicas > 1 else ""


def _tuned(config: RunConfig) -> str:
    return "its learning rate is still to be tuned" if isinstance(config.optim.lr, str) else ""


def _drops(config: RunConfig) -> str:
    if len(drop_ends(config.optim)) <= _MAX_ENDS:
        return ""
    return f"a script lists the drops of the rate in one line, and {len(config.optim.drops)} are too many for it"


#: Settings some values of which have no script: each check returns the reason in one line, "" where there is none.
REFUSED: Mapping[str, Callable[[RunConfig], str]] = {
    "model.family": _family,
    "model.shortcut": lambda config: _family(config) or _shortcut(config),
    "data.name": _data,
    "data.resize": _data,
    "compile": _compiled,
    "graph": _recorded,
    "replicas": _replicas,
    "optim.lr": _tuned,
    "optim.drops": _drops,
}


def check(config: RunConfig) -> None:
    """Raise ConfigError with the reason why a run of this config has no script."""
    if reason := next(filter(None, (refused(config) for refused in REFUSED.values())), ""):
        raise ConfigError(reason)
