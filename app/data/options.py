"""The choices of a visitor as torch-free tables, and the problems of a choice."""

import logging
import re
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import lru_cache

from app.data.workspace import workspace_path
from engine.config import FAMILIES, ModelConfig, RaceConfig, apply_settings, lead_from, leaves, replace
from engine.config import depth_name as depth_name
from engine.config.families import MAX_DEPTH
from engine.config.optim import OPTIMIZER_DEFAULTS
from engine.config.optim import OPTIMIZERS as OPTIMIZERS
from engine.config.presets import PRESETS, Preset, get_preset
from engine.data.files.offered import ENVIRONMENT, Offer, offered
from engine.data.presence import present
from engine.data.registry import SOURCES, Source, get_source
from engine.errors import ConfigError, SkipscopeError, in_one_line
from engine.models.arm_names import contested as contested
from engine.models.arm_names import figure_in_words as figure_in_words
from engine.models.arm_names import layers_of_a_shortcut as layers_of_a_shortcut
from engine.models.arm_names import norms_of as norms_of
from engine.models.arm_names import orders_of as orders_of
from engine.models.arm_names import references as references
from engine.models.arm_names import shortcut_groups as shortcut_groups
from engine.models.arm_names import shortcuts as shortcuts
from engine.models.arm_names import value_in_words as value_in_words
from engine.models.arm_names import variant_from as variant_from
from engine.models.arm_names import variant_name as variant_name
from engine.models.arm_names import variant_text as variant_text
from engine.models.count import Count
from engine.models.count import count as count_model
from engine.models.registry import Shortcut as Shortcut
from engine.models.registry import Variant as Variant
from engine.runs.protocol.planning import check_replicas
from engine.store.workspace import Workspace

_log = logging.getLogger(__name__)

#: Depths offered as chips, by family: those of the paper's Table 6 and two small ones; 3 to 31 and 2 to 24 blocks.
DEPTHS = {"cifar": (8, 14, 20, 32, 44, 56, 110), "mlp": (8, 16, 32, 64), "vit": (10, 18, 34, 50, 98)}


@dataclass(frozen=True)
class Look:
    """What a path is taken for, one subject a line, or why it cannot be trained on; neither while it is looked at.

    ``doubt`` is what may be meant otherwise.
    """

    lines: tuple[str, ...] = ()
    problem: str = ""
    doubt: str = ""


#: One at a time: the disk is the limit. What was found is shown for so many seconds before it is looked at again.
_looking = ThreadPoolExecutor(1, thread_name_prefix="look")
_looks: dict[tuple[str, int], tuple[float, Future[Look]]] = {}
_lock = threading.Lock()
_FRESH_S, _AGAIN_S, _REMEMBERED = 10.0, 0.2, 32
_WHOLE = re.compile(r"[0-9]{1,6}")
#: Values that forbid none of another setting: steps for any warm-up, a batch that any number of replicas divides.
_FORBIDS_NOTHING = {"run.optim.steps": 10_000_000, "run.optim.batch_size": 840}


def presets() -> Mapping[str, Preset]:
    """Return the presets that bring their images."""
    return {name: preset for name, preset in PRESETS.items() if preset.data}


def family(preset: str) -> str:
    """Return the family of a preset's nets."""
    return get_preset(preset).run.model.family


def depth_chips(family: str) -> dict[int, str]:
    """Return the depths to choose from, with the text of each: blocks where people name depths by blocks."""
    rules = FAMILIES[family]
    return {depth: f"{rules.blocks(depth) or depth}" for depth in DEPTHS[family]}


def depth_rule(family: str) -> str:
    """Return which depths a family has: ``4n+2 from 6 to 1202``."""
    rules = FAMILIES[family]
    return f"{rules.period}n+2 from {rules.period + 2} to {MAX_DEPTH}"


def sources() -> Mapping[str, Source | Offer]:
    """Return the data sets of the page: the registered ones, and the folders below ``SKIPSCOPE_DATA``."""
    return {**SOURCES, **{offer.name: offer for offer in offered()}}


def check_source(name: str) -> None:
    """Raise ConfigError unless the page offers ``name``: only the command line takes any other path."""
    if ":" in name and name not in sources():
        raise ConfigError(
            f"the page trains on registered data sets and on what lies below {ENVIRONMENT}; for any other path use "
            "python -m engine race --data"
        )


def data_present(name: str) -> bool:
    """Return whether a data set needs no download. Raises SkipscopeError for a data set off the page's list."""
    check_source(name)
    return present(name, workspace_path())


def look(name: str, resize: int) -> Look:
    """Return what the engine finds below a path that the page offers; waits for a moment where it looks again.

    Raises SkipscopeError for what is not offered.
    """
    check_source(name)
    now = time.monotonic()
    with _lock:
        begun, future = _looks.pop((name, resize), (0.0, None))
        again = future is not None and future.done() and now - begun > _FRESH_S
        if future is None or again:
            # The engine remembers what it found, so that nothing is read again where nothing has changed.
            begun, future = now, _looking.submit(_look, name, resize)
        _looks[name, resize] = begun, future
        while len(_looks) > _REMEMBERED:
            _looks.pop(next(iter(_looks)))
    if again:  # what has not changed is found again at once
        wait([future], _AGAIN_S)
    return future.result() if future.done() else Look()


def _look(name: str, resize: int) -> Look:
    try:
        found = get_source(name, resize).description
    except SkipscopeError as error:
        return Look(problem=str(error))
    except Exception as error:
        _log.exception("a look at %s", name)
        return Look(problem=f"cannot be looked at ({in_one_line(error)}); see the server's messages")
    return Look(found.lines(), doubt=found.doubt) if found else Look()


def preset_source(name: str) -> str:
    """Return the data set of a preset here: the first present one, else the first."""
    wanted = get_preset(name).data
    return next((source for source in wanted if data_present(source)), wanted[0])


def usual_rate(preset: str, optimizer: str) -> str:
    """Return the rate of a preset for its own optimizer, else the usual one of the optimizer, as typed."""
    optim = get_preset(preset).run.optim
    own = OPTIMIZER_DEFAULTS[optimizer]["lr"]
    return f"{own if optim.optimizer != optimizer or isinstance(optim.lr, str) else optim.lr:g}"


def trial_plan(preset: str, steps: int) -> tuple[int, int]:
    """Return (rates, steps of a trial) of ``lr=tuned`` for runs of so many steps."""
    optim = replace(get_preset(preset).run, {"optim.steps": steps, "optim.warmup_steps": 0}).optim
    return len(optim.tune_grid), optim.trial_steps()


def depth_from(text: str, family: str = "cifar") -> tuple[int | None, str]:
    """Return (depth, '') for a valid typed depth, else (None, the problem in one line)."""
    if not _WHOLE.fullmatch(text.strip()):
        return None, f"a depth is a whole number such as 20 or 56 (got {text[:20]!r})"
    try:
        return ModelConfig.checked(family=family, depth=int(text)).depth, ""
    except ConfigError as error:
        return None, str(error)


@lru_cache(maxsize=1024)
def setting_from(setting: str, text: str) -> tuple[int | float | str | None, str]:
    """Return (value, '') of a typed setting of a race, else (None, what is right for it and what was typed).

    Args:
        setting: A dotted key of ``RaceConfig``, or ``lead``: how many steps a lockstep lets a run be ahead.
    """
    try:
        if setting == "lead":
            return lead_from(text), ""
        # What depends on other settings is judged where the race is planned.
        return leaves(apply_settings(RaceConfig(), {setting: text}, _FORBIDS_NOTHING))[setting], ""
    except ConfigError as error:
        return None, str(error).partition(" is ")[2].replace("(got '')", "(nothing is typed)")


def replicas_problem(preset: str, replicas: int) -> str:
    """Return why the nets of a preset cannot be trained by so many processes here, '' where they can."""
    try:
        check_replicas(replace(get_preset(preset).run, {"replicas": replicas}), Workspace(workspace_path()))
    except ConfigError as error:
        return str(error)
    return ""


def count(depth: int, shortcut: str, shape: Mapping[str, int] | None = None) -> Count:
    """Return parameters, weighted layers and multiply-adds of a net, by default of the paper's shape.

    Args:
        shape: As of ``net_shape``.

    Raises:
        SkipscopeError: In one line.
    """
    return count_model(replace(ModelConfig(), {**(shape or {}), "depth": depth, "shortcut": shortcut}))


def net_shape(preset: str, source: str, width: int) -> dict[str, int] | None:
    """Return the shape for ``count``, None for images that the engine does not know yet.

    Pooling that does not fit the images is ignored here: the start of such a race refuses it.
    """
    row = SOURCES.get(source)
    if row is None:
        return None
    pool = get_preset(preset).run.data.pool
    size = row.image_size // pool if row.image_size % pool == 0 else row.image_size
    return {"width": width, "channels": row.channels, "classes": len(row.classes), "image_size": size}
