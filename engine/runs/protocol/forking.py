"""Plans a fork: the saved step of its begin, and its changes from there on. Torch-free.

A fork may change every setting that keeps the name and shape of each tensor. Rate and weight decay change at the fork's
first step, as in a live run; the new config decides all other settings.
"""

import math
from collections.abc import Mapping, Set

from engine.config import LIVE, MAX_RUNS, STEPS, Change, ModelConfig, RunConfig, apply_settings, check_change, replace
from engine.config.base import diff
from engine.config.values import shown
from engine.data.registry import get_source
from engine.errors import ConfigError
from engine.events import Split
from engine.models.registry import variant
from engine.models.tensors import tensors
from engine.runs.protocol.checkpoint_names import saved_step
from engine.runs.protocol.planning import check_device, check_execution, check_fit, shape_of
from engine.store.reader import Reader
from engine.store.rows import ForkPlan, RunRow

#: Kept from the parent: the fork equals the parent bit for bit until a change takes effect.
_KEPT = ("device", "threads", "optimizer", "replicas")
#: The settings of a warm-up, with the text of a run without one.
_NO_WARMUP = {"warmup_lr": "null", "warmup_steps": "0"}
_MAX_NAMED = 4


def plan_fork(reader: Reader, parent: RunRow, step: int | None, settings: Mapping[str, str]) -> ForkPlan:
    """Plan a fork; ``step`` None takes the newest saved step, ``settings`` as in ``--set``.

    Raises ConfigError for a missing step, a wrong setting, different tensors, a full race.
    """
    if parent.tunes is not None:
        raise ConfigError(f"run {parent.id} is a trial for race {parent.tunes}; fork a run of that race")
    before = parent.config
    step = saved_step(reader, parent.id, step)
    if len(reader.runs.all(parent.race)) >= MAX_RUNS:
        raise ConfigError(f"race {parent.race} has {MAX_RUNS} runs, the most there can be; delete one of them first")
    config, own = _changed(before, settings)
    if _sees(config) != _sees(before) or config.optim.batch_size > before.optim.batch_size:
        _check_images(config)
        check_device(config, reader.workspace)
    if (config.compile, config.graph, config.model) != (before.compile, before.graph, before.model):
        check_execution(config, [variant(config.model.shortcut, config.model.family)], reader.workspace)
    _check_tensors(parent, config.model)
    longer = config.optim.steps != before.optim.steps
    past = [
        Change(row.id, row.key, row.value, row.step)
        for row in reader.interventions.changes(parent.id)
        if row.step is not None and row.step <= step and not (longer and row.key == STEPS)
    ]
    plan = ForkPlan(config, step, (*past, *own))
    if plan.total_steps <= step:
        raise ConfigError(
            f"at step {step} the fork would have done its {plan.total_steps} steps; fork an earlier step, or add "
            f"--set steps=N with more than {step}"
        )
    now = in_force(reader, parent, step)
    if _schedule(config) != _schedule(before):
        now.pop("lr", None)  # what it would be from here on, another schedule decides
    changed = {name for path in diff(_changed(before, {})[0], config) for name in (path, path.rsplit(".", 1)[-1])}
    for key, text in settings.items():
        if words := _as_it_is(changed, now, key, text):
            raise ConfigError(f"run {parent.id} has {words} already at step {step}; fork it to another value")
    return plan


def _schedule(config: RunConfig) -> tuple[object, ...]:
    optim = config.optim
    return optim.steps, optim.drops, optim.drop_factor, optim.warmup_lr, optim.warmup_steps


def in_force(reader: Reader, parent: RunRow, step: int) -> dict[str, float]:
    """Return what update ``step + 1`` of the parent goes by, by key of a live change; no rate of a warm-up.

    To set the rate of a warm-up ends the warm-up.
    """
    changes = reader.interventions.changes(parent.id)
    last = {row.key: row for row in changes if row.key in LIVE and row.step is not None and row.step <= step}
    optim = parent.config.optim
    values = {
        "strength": 1.0,
        "weight_decay": optim.weight_decay,
        **{key: change.value for key, change in last.items()},
    }
    if change := last.get("lr"):
        values["lr"] = optim.rate_after(step + 1, change.value, change.step or 0)
    elif not optim.ramps_at(step + 1) and (
        optim.warmup_lr is None or any(rate != optim.warmup_lr for rate in _rates(reader, parent.id, step))
    ):
        values["lr"] = optim.lr_at(step + 1)
    return values


def _rates(reader: Reader, run: int, step: int) -> list[float]:
    rates: list[float] = reader.points.series(run, Split.TRAIN, (step, step)).columns["lr"].tolist()
    return rates


def _as_it_is(changed: Set[str], now: Mapping[str, float], key: str, text: str) -> str:
    """Return a setting in words that changes nothing, '' for one that does; ``changed`` are keys, dotted and short."""
    if not _is_live(key):
        told = shown(text).strip("'")
        return "" if key in changed else f"{key}={told}"
    last = key.rsplit(".", 1)[-1]
    value = check_change(last, text)
    same = math.isclose(now.get(last, math.nan), value, rel_tol=1e-9)
    return f"{last} ({LIVE[last].label}) {value:g}" if same else ""


def _is_live(key: str) -> bool:
    last = key.rsplit(".", 1)[-1]
    return last in LIVE and key in {last, f"optim.{last}"}


def _sees(config: RunConfig) -> tuple[object, ...]:
    """Return the settings that a net's images depend on."""
    model = config.model
    return config.data, model.channels, model.classes, model.image_size, config.device


def _changed(config: RunConfig, settings: Mapping[str, str]) -> tuple[RunConfig, list[Change]]:
    """Return the fork's config, and the live settings among ``settings`` as changes without a step."""
    own: list[Change] = []
    for key, text in settings.items():
        last = key.rsplit(".", 1)[-1]
        if last in _KEPT:
            raise ConfigError(f"setting {key!r} is kept from the parent; start a race for another one")
        if text != (none := _NO_WARMUP.get(last, text)):
            raise ConfigError(f"a warm-up begins with a run; a fork can end it ({last}={none}) or set lr")
        if _is_live(key):
            own.append(Change(0, last, check_change(last, text)))
    # Together: half of the settings may be a config that nobody can train.
    config = apply_settings(config, {key: text for key, text in settings.items() if key != "strength"})
    chosen = variant(config.model.shortcut, config.model.family)
    if "strength" in settings and chosen.plain:
        raise ConfigError(f"{config.model.arm} has no shortcut whose strength could be set")
    return replace(config, {"model.shortcut": chosen.text}), own


def _check_images(config: RunConfig) -> None:
    """Raise ConfigError unless the net, batches and subsets fit the data set."""
    source = get_source(config.data.name, config.data.resize)
    wrong = [
        f"{key}={value}"
        for key, value in shape_of(source, config.data).items()
        if getattr(config.model, key.removeprefix("model.")) != value
    ]
    if wrong:
        raise ConfigError(f"the images of {source.name} would need another net ({', '.join(wrong)}); start a race")
    check_fit(config, source)


def _check_tensors(parent: RunRow, model: ModelConfig) -> None:
    """Raise ConfigError naming tensors unless the parent's weights fit the net ``model``."""
    saved, needed = tensors(parent.config.model), tensors(model)
    differences = [
        f"{name} {_shape(saved.get(name))} to {_shape(needed.get(name))}"
        for name in saved | needed
        if saved.get(name) != needed.get(name)
    ]
    if differences:
        named = ", ".join(differences[:_MAX_NAMED])
        more = f" and {len(differences) - _MAX_NAMED} more" if len(differences) > _MAX_NAMED else ""
        raise ConfigError(f"the weights of run {parent.id} do not fit {model.arm}: {named}{more}; start a race for it")


def _shape(shape: tuple[int, ...] | None) -> str:
    return "nothing" if shape is None else "x".join(map(str, shape)) or "1"
