"""Races and runs as the page shows them: the list, the command that repeats a race, the summaries of runs."""

import json
import shlex
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

from app.data.workspace import as_seen, current, kept_until_change, reading
from engine.analysis.difference import NO_DIFFERENCE, Difference
from engine.analysis.numbers import signed
from engine.analysis.settings import race_of
from engine.analysis.settings import setting_differences as setting_differences
from engine.config import FAMILIES, TUNED, RaceConfig, RunConfig, depth_name, leaves
from engine.config import TRIAL_SEED as TRIAL_SEED
from engine.config import on_replicas as on_replicas
from engine.config.optim import OPTIMIZERS
from engine.config.presets import PRESETS
from engine.data.registry import SOURCES
from engine.errors import ConfigError
from engine.events import ALIVE as ALIVE
from engine.events import AT_WORK as AT_WORK
from engine.events import ENDED as ENDED
from engine.events import ENGINE_GONE as ENGINE_GONE
from engine.events import STATE_GROUPS as STATE_GROUPS
from engine.events import RunState as RunState
from engine.exchange import race_reference
from engine.exchange.privacy import data_name
from engine.models import arm_names
from engine.models.arm_names import arm_label as arm_label
from engine.models.arm_names import is_plain as is_plain
from engine.models.arm_names import run_label as run_label
from engine.provenance import release
from engine.runs.protocol.comparable_runs import differences
from engine.runs.protocol.planning import overridden
from engine.store.placements import PLACED
from engine.store.reader import Reader
from engine.store.rows import RaceRow
from engine.store.rows import RunRow as RunRow
from engine.store.tables.tuning import ArmTuning as ArmTuning

#: Kinds of remarks on the curves, and the newest remarks of one run.
DRAWN_REMARKS, MAX_REMARKS = ("change", "fork"), 12
#: Settings that follow from arm, data set or an option of their own: no ``--set`` of the command line.
_DECIDED = {
    "model.depth", "model.shortcut", "model.channels", "model.classes", "model.image_size", "seed", "data.name",
    "optim.steps",
}  # fmt: skip
#: Settings that differ between the runs of a race: no part of their shared protocol.
_BY_ARM = {"model.depth", "model.shortcut", "seed"}
#: Settings that only some families of nets have.
_FAMILY_SETTINGS = {f"model.{key}" for rules in FAMILIES.values() for key in rules.settings}
#: Fields of a run's summary that equal its row, and digits of the rounded ones.
_AS_STORED = (
    "race", "depth", "shortcut", "seed", "detail", "cause", "step", "total_steps", "parameters", "device", "precision",
    "threads", "parent_step", "note",
)  # fmt: skip
_DIGITS = {"images_per_s": 1, "seconds": 2, "evaluation_share": 4, "probe_share": 4}


@dataclass(frozen=True, slots=True)
class ListedRace:
    """One race of the list: ``arms`` in starting order, ``runs`` are ids in starting order."""

    id: int
    name: str
    arms: tuple[str, ...]
    depths: tuple[int, ...]
    shortcuts: tuple[str, ...]
    data: str
    steps: int
    seeds: int
    runs: tuple[int, ...]
    family: str

    @property
    def images(self) -> str:
        """The name of the data set without the folders of this machine: pictures have it, and they leave."""
        return data_name(self.data)

    @property
    def title(self) -> str:
        """One line for the picker, and above pictures."""
        arms = ", ".join(self.arms) if len(self.arms) <= 6 else f"{len(self.arms)} arms"
        seeds = f", {self.seeds} seeds" if self.seeds > 1 else ""
        name = f"{self.name}: " if self.name else ""
        return f"Race {self.id}: {name}{arms} on {self.images}, {self.steps:,} steps{seeds}"

    @property
    def short_title(self) -> str:
        """A few words for the title of the window."""
        depths = [depth_name(depth, self.family) for depth in self.depths]
        families = ["plain" if is_plain(shortcut) else shortcut for shortcut in self.shortcuts]
        return f"Race {self.id}: {self.name or f'{listed(families)}, {listed(depths)}'}"


@dataclass(frozen=True, slots=True)
class Race(ListedRace):
    """One race with its settings.

    ``states`` counts runs by state, ``lr`` holds the known rates, ``tuned`` means trials for each arm, ``is_probed``
    that the page Layers has pictures. ``settings`` differ from the preset, as ``{"model.width": "16"}``; ``protocol``
    and ``origin`` are tables for people, rows of two texts.
    """

    preset: str
    first_seed: int
    lr: tuple[float, ...]
    states: Mapping[str, int]
    settings: Mapping[str, str]
    protocol: list[dict[str, str]]
    origin: list[dict[str, str]]
    pace: str = "free"
    tuned: bool = False
    is_probed: bool = True

    @property
    def has_both_families(self) -> bool:
        """Whether the race has nets with and without a shortcut."""
        return len({is_plain(shortcut) for shortcut in self.shortcuts}) > 1

    @property
    def has_batch_norm(self) -> bool:
        """Whether the nets may have batch norm, which keeps statistics for evaluations."""
        return FAMILIES[self.family].batch_normed

    @property
    def as_command(self) -> str:
        """The command line that repeats the race."""
        usual_seeds = PRESETS[self.preset].seeds if self.preset in PRESETS else 1
        words = ["python", "-m", "engine", "race"]
        words += ["--depths", ",".join(map(str, self.depths)), "--shortcuts", ",".join(self.shortcuts)]
        words += ["--preset", self.preset] if self.preset else []
        words += ["--data", self.data, "--steps", str(self.steps)]
        words += ["--seeds", str(self.seeds)] if self.seeds != usual_seeds else []
        words += ["--first-seed", str(self.first_seed)] if self.first_seed != 0 else []
        words += ["--pace", self.pace] if self.pace != "free" else []
        for key, value in self.settings.items():
            words += ["--set", f"{key}={value}"]
        return shlex.join(words)


def summary(row: RaceRow, runs: Sequence[RunRow]) -> Race:
    """Return a race from its stored row and the rows of its runs."""
    config, preset, family = row.config, PRESETS.get(row.preset), row.config.run.model.family
    values, usual = settings_of(config.run), settings_of(preset.run if preset else RunConfig())
    # A setting for all depths replaces a preset's exception for a depth: the command must name that setting.
    overruled = {
        key
        for depth, exceptions in (preset.per_depth if preset else {}).items()
        for key in exceptions
        if depth in config.depths and key not in config.per_depth.get(depth, {})
    }
    settings = {
        key: value
        for key, value in values.items()
        if key not in _DECIDED and (key in overruled or value != usual.get(key))
    }
    if preset:
        with suppress(ConfigError):  # an older version let through what this one refuses
            settings |= {key: values[key] for key in sorted(overridden(config, preset, settings))}
    own = {f"model.{key}" for key in FAMILIES[family].settings}
    protocol = {f"shortcut {text}": arm_names.variant_in_words(text, family) for text in config.shortcuts}
    protocol |= {"pace": row.pace}
    protocol |= {key: value for key, value in values.items() if key not in _BY_ARM | _FAMILY_SETTINGS - own}
    protocol["optim.optimizer"] = config.run.optim.optimizer_in_words
    if config.run.optim.lr == TUNED:
        rates = {run_label(run.config): run.config.optim.lr for run in runs}
        protocol |= {f"optim.lr of {arm}": "not found yet" if lr == TUNED else f"{lr:g}" for arm, lr in rates.items()}
    for depth, exceptions in config.per_depth.items():
        protocol |= {
            f"{key} of depth {depth_name(depth, family)}": json.dumps(value) for key, value in exceptions.items()
        }
    origin = {
        "started": time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(row.created)),
        "seeds": ", ".join(str(seed) for seed in sorted({run.seed for run in runs})),
        **{name: _distinct(getattr(run, name) for run in runs) for name in ("device", "precision", "threads")},
        **(runs[0].versions if runs else {}),
    }
    return Race(
        id=row.id, name=row.name, preset=row.preset,
        arms=tuple(dict.fromkeys(run_label(run.config) for run in runs)),
        depths=tuple(sorted(config.depths)), shortcuts=config.shortcuts, data=config.run.data.name,
        steps=config.run.optim.steps, seeds=config.seeds, first_seed=config.first_seed,
        lr=tuple(sorted({float(run.config.optim.lr) for run in runs if run.config.optim.lr != TUNED})),
        states=Counter(run.state.value for run in runs),
        runs=tuple(run.id for run in runs),
        settings=settings,
        protocol=[{"setting": key, "value": value} for key, value in protocol.items()],
        origin=[{"what": key, "value": value} for key, value in origin.items() if value], pace=row.pace,
        tuned=config.run.optim.lr == TUNED, family=family, is_probed=config.run.probe.images > 0,
    )  # fmt: skip


def settings_of(config: Any) -> dict[str, str]:
    """Return every setting of a config as ``{"optim.lr": "0.1"}``."""
    return {
        key: value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
        for key, value in leaves(config).items()
    }


def listed(values: Sequence[object], last: str = "and") -> str:
    """Return values as in a sentence: ``8, 20 and 56``."""
    *before, final = map(str, values)
    return f"{', '.join(before)} {last} {final}" if before else final


def _distinct(values: Any) -> str:
    return ", ".join(dict.fromkeys(str(value) for value in values if value))


def races() -> list[ListedRace]:
    """Return the races, newest first, at most 200. Raises SkipscopeError."""
    return kept_until_change(_races)


def _races(reader: Reader) -> list[ListedRace]:
    rows = reader.races.newest()
    by_race = defaultdict(list)
    for run in reader.runs.outline([row.id for row in rows]):
        by_race[run["race"]].append(run)
    return [_listed(row, by_race[row.id]) for row in rows]


def _listed(row: RaceRow, runs: Sequence[Any]) -> ListedRace:
    config, family = row.config, row.config.run.model.family
    return ListedRace(
        id=row.id, name=row.name,
        arms=tuple(
            dict.fromkeys(
                on_replicas(arm_label(run["depth"], run["shortcut"], family), config.run.replicas) for run in runs
            )
        ),
        depths=tuple(sorted(config.depths)), shortcuts=config.shortcuts, data=config.run.data.name,
        steps=config.run.optim.steps, seeds=config.seeds, runs=tuple(run["id"] for run in runs), family=family,
    )  # fmt: skip


def race(race: int) -> Race | None:
    """Return one race, of the list or older, or None. Raises SkipscopeError."""

    def read(reader: Reader) -> list[Race]:
        row = reader.races.get(race)
        return [summary(row, reader.runs.all(race))] if row and row.tunes is None else []

    return next(iter(kept_until_change(read, key=("race", race))), None)


def first_shown(requested: str) -> tuple[int, ...]:
    """Return the runs of the requested race, else of the newest. Raises SkipscopeError."""
    race_list = races()
    chosen = next((race for race in race_list if str(race.id) == requested), race_list[0] if race_list else None)
    return chosen.runs if chosen else ()


def runs(race: int) -> list[RunRow]:
    """Return the runs of a race in starting order, in the states that a reader sees. Raises SkipscopeError."""
    with reading() as reader:
        rows = reader.runs.all(race)
    return as_seen(rows)


def tuning(race: int) -> list[ArmTuning]:
    """Return the learning-rate curve of every arm of a race; empty without ``lr=tuned``. Raises SkipscopeError."""
    with reading() as reader, reader.snapshot():
        return reader.tuning.arms(race)


def race_config(race: int) -> RaceConfig | None:
    """Return the configuration of a stored race, None for an unknown one. Raises SkipscopeError."""
    with reading() as reader:
        row = reader.races.get(race)
        return row.config if row else None


def run_config(run: int) -> RaceConfig | None:
    """Return the configuration of a race that trains a stored run again, None for an unknown run.

    Raises SkipscopeError.
    """
    with reading() as reader:
        row = reader.runs.get(run)
        if row is None:
            return None
        race = reader.races.get(row.race)
        return race_of(row.config, race.preset if race else "")


def known_runs(runs: Sequence[int]) -> set[int]:
    """Return the existing ones of ``runs``. Raises SkipscopeError."""
    with reading() as reader:
        return {row.id for row in stored_runs(reader, runs)}


def stored_runs(reader: Reader, runs: Sequence[int]) -> list[RunRow]:
    """Return the rows of these runs in their order, without unknown runs."""
    return [row for run in runs if (row := reader.runs.get(run)) is not None]


def run_summaries_of(reader: Reader, rows: Sequence[RunRow]) -> list[dict[str, Any]]:
    """Return the summaries of stored runs, with the number and size of their checkpoints."""
    totals = reader.checkpoints.totals([row.id for row in rows]) if rows else {}
    different = differences(reader, rows)
    remarks = defaultdict(list)
    for remark in reader.log.of([row.id for row in rows]) if rows else ():
        remarks[remark["run"]].append(remark)
    return [
        run_summary(row, totals.get(row.id, (0, 0)), remarks[row.id], different.get(row.id, NO_DIFFERENCE))
        for row in rows
    ]


def _train_images(row: RunRow) -> int:
    """Return the stored number of training images, else the registry's."""
    source = SOURCES.get(row.config.data.name)
    return row.train_images or (source.train_images - row.config.data.validation if source else 0)


def _closing_images(row: RunRow) -> int:
    """Return how many training images are measured where the run ends; versions before 0.5 measured the live subset."""
    data = row.config.data
    if release(row.versions) < (0, 5):
        return data.eval_images
    return min(data.closing_images, _train_images(row) or data.closing_images)


def run_summary(
    row: RunRow, checkpoints: tuple[int, int], remarks: Sequence[Any], difference: Difference = NO_DIFFERENCE
) -> dict[str, Any]:
    """Return the summary of a stored run. Units: seconds, images per second, bytes.

    ``arm``, ``variant`` and ``optimizer`` are names for people. ``lr`` is None before the tuned rate is known.
    ``changes`` are ``[step, text]`` of changes while training and of a fork's start. ``difference`` says what makes the
    run an arm of its own, ``difference_name`` in few words; both are '' for a comparable run. ``evaluation_share`` and
    ``probe_share`` are 0 to 1, ``eval_images`` is the size of each fixed subset, ``closing_images`` that of the
    training subset where the run ends, ``bn`` the batch-norm statistics of the evaluations, '' for nets without.
    ``place`` is the newest attempt and its node on a cluster, '' on this machine.
    """
    return {
        **{name: getattr(row, name) for name in _AS_STORED},
        **{name: _rounded(getattr(row, name), digits) for name, digits in _DIGITS.items()},
        "run": row.id, "parent": row.parent_run, "state": row.state.value, "log": str(current().workspace.log(row.id)),
        "arm": run_label(row.config), "variant": arm_names.variant_name(row.shortcut),
        "depth_name": row.depth_name,
        "plain": is_plain(row.shortcut), "lr": None if row.config.optim.lr == TUNED else row.config.optim.lr,
        "optimizer": OPTIMIZERS[row.config.optim.optimizer], "warmup_steps": row.config.optim.warmup_steps,
        "batch_size": row.config.optim.batch_size, "train_images": _train_images(row), "checkpoints": checkpoints[0],
        "checkpoint_bytes": checkpoints[1], "eval_images": row.config.data.eval_images,
        "closing_images": _closing_images(row),
        "bn": _statistics(row.config),
        "difference": difference.text, "difference_name": difference.name,
        "changes": [[r["step"], r["text"]] for r in remarks if r["kind"] in DRAWN_REMARKS][-MAX_REMARKS:],
        "place": next((r["text"] for r in reversed(remarks) if r["kind"] == PLACED), ""),
    }  # fmt: skip


def _statistics(config: RunConfig) -> str:
    """Return which batch-norm statistics evaluations use, '' for nets that have none."""
    if not FAMILIES[config.model.family].batch_normed:
        return ""
    return "recalibrated" if config.recalibrate_bn else "running"


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


class RecordedGaps(NamedTuple):
    """The per-seed gaps of a recorded race in words, where they were recorded, and how to measure them here."""

    text: str
    origin: str
    again: str


def recorded_gaps(preset: str, arm: str) -> RecordedGaps | None:
    """Return the gaps of a shortcut type in the recorded race of a preset, None where there is no record.

    Raises DataError for a broken file.
    """
    if (race := race_reference.read(preset)) is None:
        return None
    gaps = race_reference.gaps(race, arm.replace("_", "-"))
    again = f"Start the preset {preset} with {len(gaps)} seeds to measure it here."
    return RecordedGaps(f"{signed(min(gaps))} to {signed(max(gaps))} points", race.origin.text, again)
