"""Plans a requested race and finds mistakes, for page and command line. Torch-free."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.config import FAMILIES, FREE, MAX_RUNS, DataConfig, RaceConfig, RunConfig, apply_settings, leaves, replace
from engine.config.optim import OPTIMIZER_DEFAULTS
from engine.config.presets import Preset, get_preset
from engine.config.values import shown
from engine.data.presence import present
from engine.data.registry import SOURCES, Source, check_pool, get_source
from engine.errors import ConfigError
from engine.hardware.compiler import GRAPH_REFUSAL, refusal
from engine.hardware.cores import cores
from engine.hardware.machine import devices, nameable_devices
from engine.models.registry import Variant, variant
from engine.models.zoo.spec import STREAMS
from engine.runs.protocol.cluster_address import trains_on_cluster
from engine.store.workspace import Workspace

#: Settings that follow from other choices.
_DECIDED = {
    "model.depth": "the depths of the race",
    "model.shortcut": "the shortcuts of the race",
    "seed": "the seeds of the race",
    "data.name": "the data set of the race",
    "model.channels": "the data set",
    "model.classes": "the data set",
    "model.image_size": "the data set and pool",
}
_OPTIMIZER, _WARMUP = "optim.optimizer", "optim.warmup_steps"
#: The shortcuts with chance inside the net.
DRAWING = ("dropout", "stochastic-depth")
#: Settings that count as chosen only where they are others than the preset's: the page names them always.
_AS_THE_PRESET = (_OPTIMIZER, _WARMUP)
#: Settings whose choice replaces a preset's exception for a depth, where there are others than the setting itself.
_REPLACED_BY = {"optim.warmup_lr": {"optim.warmup_lr", _WARMUP, _OPTIMIZER}}


@dataclass(frozen=True)
class RaceRequest:
    """A race as a person requests it.

    Args:
        depths, shortcuts, steps, seeds: Empty or None means the preset's.
        blocks: Depths of the families whose depth is named by blocks, in place of ``depths``.
        data: A registered name, ``folder:PATH`` or ``parquet:PATH``; None: the preset's first present one.
        settings: Texts as in ``--set key=value``, which override the preset.
        pace: ``free`` or ``lockstep:K``.
    """

    depths: Sequence[int] = ()
    shortcuts: Sequence[str] = ()
    preset: str = "quick"
    data: str | None = None
    steps: int | None = None
    seeds: int | None = None
    first_seed: int = 0
    settings: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    pace: str = FREE
    blocks: Sequence[int] = ()


def plan_race(request: RaceRequest, workspace: Workspace) -> RaceConfig:
    """Return the requested race with all values of preset and data set; scan a path of images, which takes seconds.

    Raises ConfigError, DataError.
    """
    preset = get_preset(request.preset)
    depths = _depths(request, preset)
    if request.steps is not None and (twice := {"steps", "optim.steps"} & request.settings.keys()):
        key = min(twice)
        told = shown(request.settings[key]).strip("'")
        raise ConfigError(f"the steps are given twice ({request.steps}, and {key}={told}); give one")
    # Together: whether a warm-up fits is a question of the steps.
    steps = {} if request.steps is None else {"optim.steps": f"{request.steps}"}
    run, chosen_keys = _with_settings(preset.run, {**request.settings, **steps}, depths[0])
    variants = [variant(shortcut, run.model.family) for shortcut in request.shortcuts or preset.shortcuts]
    data = request.data if request.data is not None else _preferred(preset, workspace)
    source = get_source(data, run.data.resize)
    implied = shape_of(source, run.data) | _habits(source, run.data, chosen_keys)
    run = replace(run, {"data.name": source.name, **implied})
    check_fit(run, source)
    check_device(run, workspace)
    check_execution(run, variants, workspace)
    check_replicas(run, workspace)
    race = RaceConfig.checked(
        depths=depths,
        shortcuts=tuple(each.text for each in variants),
        seeds=preset.seeds if request.seeds is None else request.seeds,
        first_seed=request.first_seed,
        preset=request.preset,
        name=request.name,
        run=run,
        per_depth={
            depth: {key: value for key, value in values.items() if not _REPLACED_BY.get(key, {key}) & chosen_keys}
            for depth, values in preset.per_depth.items()
            if depth in depths
        },
        pace=request.pace,
    )
    _check_size(race)
    race.runs()  # refuses depths that the family lacks
    for depth in depths if run.model.family == "cifar" else ():
        for each in variants:
            each.blocks_per_stage(depth)  # refuses layers per shortcut that do not divide a stage
    return race


def _depths(request: RaceRequest, preset: Preset) -> tuple[int, ...]:
    if not request.blocks:
        return tuple(request.depths) or preset.depths
    if request.depths:
        raise ConfigError("depths and blocks both say how deep the nets are; choose one of them")
    requested = (request.settings[key] for key in ("model.family", "family") if key in request.settings)
    family = FAMILIES.get(next(requested, preset.run.model.family), FAMILIES["cifar"])
    return tuple(map(family.depth, request.blocks))


def _preferred(preset: Preset, workspace: Workspace) -> str:
    if not preset.data:
        raise ConfigError(
            f"the preset {preset.name} brings no images; name a folder of class folders with --data folder:PATH"
        )
    return next((name for name in preset.data if present(name, workspace.path)), preset.data[0])


def _with_settings(run: RunConfig, settings: Mapping[str, str], depth: int) -> tuple[RunConfig, frozenset[str]]:
    """Apply settings; return the run and the full keys, without those of ``_AS_THE_PRESET`` that are the preset's.

    A new family gets ``depth`` and replaces a default width. A new optimizer gets its own rate, decay and grid.
    """
    full = {key: next((p for p in leaves(run) if key in {p, p.rsplit(".", 1)[-1]}), key) for key in settings}
    for key, path in full.items():
        if path in _DECIDED:
            raise ConfigError(f"setting {key!r} follows from {_DECIDED[path]}; choose it there")
    implied: dict[str, int | None] = {}
    if "model.family" in full.values():
        implied["model.depth"] = depth
        # The width of a stream is no number of filters, so a preset's width for the other kind says nothing.
        usual = run.model.width == FAMILIES[run.model.family].defaults["width"]
        streams = {run.model.family, settings[next(key for key in full if full[key] == "model.family")]} & {*STREAMS}
        if "model.width" not in full.values() and (usual or streams):
            implied["model.width"] = None
    same = {(path, f"{leaves(run)[path]}") for path in _AS_THE_PRESET}
    chosen = {path for key, path in full.items() if (path, settings[key]) not in same}
    if _OPTIMIZER in chosen:
        own = {f"optim.{key}" for key in OPTIMIZER_DEFAULTS[run.optim.optimizer]}
        implied |= dict.fromkeys(own - chosen)
    return apply_settings(run, settings, implied), frozenset(chosen)


def overridden(race: RaceConfig, preset: Preset, named: Mapping[str, str]) -> set[str]:
    """Return the settings that a race shares with its preset, but would not without naming them.

    Another optimizer or family brings values of its own, and some images are not mirrored unless asked for.

    Args:
        named: The settings that differ from the preset, as in ``--set``.
    """
    source, found = SOURCES.get(race.run.data.name), set[str]()
    if source and not source.mirrors and race.run.data.flip and preset.run.data.flip:
        found.add("data.flip")
    if {_OPTIMIZER, "model.family"} & named.keys():
        said = {**named, "optim.steps": f"{race.run.optim.steps}"}
        planned, wanted = leaves(_with_settings(preset.run, said, race.depths[0])[0]), leaves(race.run)
        found |= {key for key in planned.keys() - _DECIDED.keys() - said.keys() if planned[key] != wanted[key]}
    return found


def shape_of(source: Source, data: DataConfig) -> dict[str, int]:
    """Return the settings of a net for these images. Raises ConfigError for a pool that does not fit."""
    check_pool(source, data.pool)
    size = source.image_size // data.pool
    return {"model.channels": source.channels, "model.classes": len(source.classes), "model.image_size": size}


def _habits(source: Source, data: DataConfig, chosen_keys: frozenset[str]) -> dict[str, bool | int]:
    """Return replacements for a preset's settings that do not suit the data set, unless set by a person."""
    habits: dict[str, bool | int] = {}
    if not source.mirrors and "data.flip" not in chosen_keys:
        habits["data.flip"] = False
    if data.eval_images > source.test_images and "data.eval_images" not in chosen_keys:
        habits["data.eval_images"] = source.test_images
    return habits


def _check_size(race: RaceConfig) -> None:
    arms = len(race.depths) * len(race.shortcuts)
    runs, seeds = arms * race.seeds, MAX_RUNS // arms
    if runs > MAX_RUNS:
        right = f"at most {seeds} seed{'s' * (seeds > 1)}" if seeds else "fewer depths or shortcuts"
        raise ConfigError(
            f"{len(race.depths)} depths, {len(race.shortcuts)} shortcuts and {race.seeds} seeds make {runs} runs and a "
            f"race has at most {MAX_RUNS}; choose {right}"
        )


def check_execution(run: RunConfig, variants: Sequence[Variant], workspace: Workspace) -> None:
    """Raise ConfigError for nets that cannot be compiled, or recorded as a CUDA graph, where they would train.

    What the nodes of a cluster have is for them to say: a run waits for a GPU, and ends in one line without a compiler.
    """
    names = [each.shortcut.name for each in variants]
    if run.compile and "stochastic-depth" in names:
        raise ConfigError("compile=true cannot be used with stochastic-depth, whose net is another one in every step")
    if run.graph and (drawing := next((name for name in names if name in DRAWING), "")):
        raise ConfigError(f"graph=true cannot be used with {drawing}, which draws anew in every step; set graph=false")
    kind, elsewhere = run.device.partition(":")[0], trains_on_cluster(workspace)
    if kind == "auto" and not elsewhere:
        kind = "cuda" if any(device.startswith("cuda") for device in devices()) else "cpu"
    if run.compile and (kind == "mps" or not elsewhere) and (reason := refusal(kind)):
        raise ConfigError(reason)
    if run.graph and kind != "cuda" and not (kind == "auto" and elsewhere):
        raise ConfigError(GRAPH_REFUSAL)


def check_replicas(run: RunConfig, workspace: Workspace) -> None:
    """Raise ConfigError for a device that replicas cannot share out, or more of them than GPUs or cores are here.

    On a cluster the run waits for GPUs or cores.
    """
    if run.replicas == 1:
        return
    if run.device == "mps":
        raise ConfigError("replicas train on cpu or cuda (got device mps); set replicas=1")
    if run.device.startswith("cuda:"):
        raise ConfigError(f"each replica has a GPU of its own; set device=cuda, without a number (got {run.device})")
    if trains_on_cluster(workspace):
        return
    gpus = sum(device.startswith("cuda") for device in devices())
    if run.device == "cuda" or (run.device == "auto" and gpus):
        if run.replicas > gpus:
            raise ConfigError(f"replicas={run.replicas} need as many GPUs; this machine has {gpus}, or set device=cpu")
    elif run.replicas > cores():
        raise ConfigError(f"replicas={run.replicas} need a core each; this machine has {cores()}")


def check_fit(run: RunConfig, source: Source) -> None:
    """Raise ConfigError for too large batches or subsets."""
    left = source.train_images - run.data.validation
    if run.optim.batch_size > left:
        held = f" that validation={run.data.validation} leaves" if run.data.validation else ""
        raise ConfigError(
            f"batch_size {run.optim.batch_size} is more than the {max(0, left)} training images of {source.name}{held}"
        )
    if run.data.eval_images > source.test_images:
        raise ConfigError(
            f"eval_images {run.data.eval_images} is more than the {source.test_images} test images of {source.name}"
        )


def check_device(run: RunConfig, workspace: Workspace) -> None:
    """Raise ConfigError for a device that this machine lacks; on a cluster the run waits for it."""
    if run.device in ("auto", "cpu") or trains_on_cluster(workspace):
        return
    present_devices = nameable_devices()
    if ("cuda:0" if run.device == "cuda" else run.device) not in present_devices:
        raise ConfigError(f"device {run.device} is not there; choose from auto, {', '.join(present_devices)}")
