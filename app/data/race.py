"""A race as the page shows it: title, arms, how it was set up, the command that repeats it. Plain values only."""

import json
import shlex
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.data import arms
from engine.config import TUNED

#: The first of these states that a run is in says how the race is.
_TELLING = ("running", "starting", "stopping", "queued", "paused", "lost", "failed", "diverged", "stopped", "finished")
#: What the arm, the data set or an option of its own decides: no ``--set`` of the command line.
_DECIDED = {
    "model.depth", "model.shortcut", "model.channels", "model.classes", "model.image_size", "seed", "data.name",
    "optim.steps",
}  # fmt: skip
#: What differs between the runs of a race, so that it is not part of their shared protocol.
_BY_ARM = {"model.depth", "model.shortcut", "seed"}


@dataclass(frozen=True, slots=True)
class Race:
    """One race of the list, newest data as of ``data.races()``.

    ``runs`` are ids in starting order, ``states`` counts runs by state, ``lr`` the learning rates in use (one, unless
    they differ by arm; those that are still looked for are left out), ``tuned`` whether each arm has its own by trials,
    ``pace`` the one that the race keeps now, ``created`` seconds since 1970. ``settings`` are what differs from the
    preset as ``{"model.width": "16"}``; ``protocol`` and ``origin`` are tables for people, rows of two texts.
    """

    id: int
    name: str
    preset: str
    arms: tuple[str, ...]
    depths: tuple[int, ...]
    shortcuts: tuple[str, ...]
    data: str
    steps: int
    seeds: int
    first_seed: int
    lr: tuple[float, ...]
    states: Mapping[str, int]
    created: float
    runs: tuple[int, ...]
    settings: Mapping[str, str]
    protocol: list[dict[str, str]]
    origin: list[dict[str, str]]
    pace: str = "free"
    tuned: bool = False

    @property
    def state(self) -> str:
        """The most telling state of its runs, for example ``running`` while one of them runs."""
        return next((state for state in _TELLING if state in self.states), "")

    @property
    def has_both_families(self) -> bool:
        """Whether nets with and without a shortcut are in it, so that panels side by side make sense."""
        return len({arms.is_plain(shortcut) for shortcut in self.shortcuts}) > 1

    @property
    def title(self) -> str:
        """One line for the picker."""
        arms = ", ".join(self.arms) if len(self.arms) <= 6 else f"{len(self.arms)} arms"
        seeds = f", {self.seeds} seeds" if self.seeds > 1 else ""
        name = f"{self.name}: " if self.name else ""
        return f"Race {self.id}: {name}{arms} on {self.data}, {self.steps:,} steps{seeds}"

    @property
    def as_command(self) -> str:
        """The command line that runs the same race again, ready to paste into a shell."""
        words = ["python", "-m", "engine", "race"]
        words += ["--depths", ",".join(map(str, self.depths)), "--shortcuts", ",".join(self.shortcuts)]
        words += ["--preset", self.preset] if self.preset else []
        words += ["--data", self.data, "--steps", str(self.steps)]
        words += ["--seeds", str(self.seeds)] if self.seeds != 1 else []
        words += ["--first-seed", str(self.first_seed)] if self.first_seed != 0 else []
        words += ["--pace", self.pace] if self.pace != "free" else []
        for key, value in self.settings.items():
            words += ["--set", f"{key}={value}"]
        return shlex.join(words)


def summary(row: Any, runs: Sequence[Any], preset_run: Any, preset_per_depth: Mapping[int, Mapping[str, Any]]) -> Race:
    """Return a race from its stored row, the rows of its runs, and what its preset starts from."""
    config = row.config
    states: dict[str, int] = {}
    for run in runs:
        states[run.state.value] = states.get(run.state.value, 0) + 1
    values, usual = settings_of(config.run), settings_of(preset_run)
    # A preset's exception for a depth is absent where its key was set for all: that key must be named to repeat it.
    overruled = {
        key
        for depth, exceptions in preset_per_depth.items()
        for key in exceptions
        if depth in config.depths and key not in config.per_depth.get(depth, {})
    }
    protocol = {f"shortcut {text}": arms.variant_in_words(text) for text in config.shortcuts}
    protocol |= {"pace": row.pace}
    protocol |= {key: value for key, value in values.items() if key not in _BY_ARM}
    if config.run.optim.lr == TUNED:
        found = {arms.arm_label(run.depth, run.shortcut): run.config.optim.lr for run in runs}
        protocol |= {f"optim.lr of {arm}": "not found yet" if lr == TUNED else f"{lr:g}" for arm, lr in found.items()}
    for depth, exceptions in config.per_depth.items():
        protocol |= {f"{key} of depth {depth}": json.dumps(value) for key, value in exceptions.items()}
    origin = {
        "started": time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(row.created)),
        "seeds": ", ".join(str(seed) for seed in sorted({run.seed for run in runs})),
        **{name: _distinct(getattr(run, name) for run in runs) for name in ("device", "precision", "threads")},
        **(runs[0].versions if runs else {}),
    }
    return Race(
        id=row.id, name=row.name, preset=row.preset,
        arms=tuple(dict.fromkeys(arms.arm_label(run.depth, run.shortcut) for run in runs)),
        depths=tuple(sorted(config.depths)), shortcuts=config.shortcuts, data=config.run.data.name,
        steps=config.run.optim.steps, seeds=config.seeds, first_seed=config.first_seed,
        lr=tuple(sorted({run.config.optim.lr for run in runs} - {TUNED})), states=states, created=row.created,
        runs=tuple(run.id for run in runs),
        settings={
            key: value
            for key, value in values.items()
            if key not in _DECIDED and (key in overruled or value != usual.get(key))
        },
        protocol=[{"setting": key, "value": value} for key, value in protocol.items()],
        origin=[{"what": key, "value": value} for key, value in origin.items() if value], pace=row.pace,
        tuned=config.run.optim.lr == TUNED,
    )  # fmt: skip


def settings_of(config: Any) -> dict[str, str]:
    """Return every setting of a config as ``{"optim.lr": "0.1"}``."""
    found = {}

    def walk(document: Mapping[str, Any], prefix: str) -> None:
        for key, value in document.items():
            if isinstance(value, dict):
                walk(value, f"{prefix}{key}.")
            else:
                found[prefix + key] = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))

    walk(config.model_dump(mode="json"), "")
    return found


def _distinct(values: Any) -> str:
    return ", ".join(dict.fromkeys(str(value) for value in values if value))
