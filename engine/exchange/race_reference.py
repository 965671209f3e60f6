"""The recorded end of a race that the guide cites: the document of ``race --json``, and the curves. Torch-free."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.config import FAMILIES
from engine.config.presets import get_preset
from engine.events import Split
from engine.exchange import reference_files
from engine.exchange.reference_files import FOLDER, Origin, rounded
from engine.store.reader import Reader
from engine.store.rows import RunRow

#: Points of a curve that are kept: every tenth step of a short race.
_MAX_POINTS = 60


@dataclass(frozen=True)
class RaceReference:
    """A race of a preset. ``document`` is that of ``race --json``; ``curves`` hold run, step and running error."""

    preset: str
    origin: Origin
    document: Mapping[str, Any]
    curves: tuple[Mapping[str, Any], ...]


def of_race(reader: Reader, preset: str, document: Mapping[str, Any], rows: list[RunRow]) -> RaceReference:
    """Return a race that finished here and now."""
    return RaceReference(preset, Origin.here(), document, tuple(_curve(reader, row) for row in rows))


def write(reference: RaceReference, folder: Path = FOLDER) -> Path:
    """Write a reference; return its file."""
    facts = {"preset": reference.preset, **{key: reference.document[key] for key in ("runs", "verdict")}}
    return reference_files.write(_name(reference.preset), reference.origin, facts, [*reference.curves], folder)


def read(preset: str, folder: Path = FOLDER) -> RaceReference | None:
    """Return the recorded race of a preset, None where there is none. Raises DataError in one line."""
    if (found := reference_files.read(_name(preset), folder)) is None:
        return None
    origin, content = found
    try:
        document = {key: content[key] for key in ("runs", "verdict")}
        return RaceReference(content["preset"], origin, document, tuple(content["curves"]))
    except (ValueError, KeyError, TypeError) as error:
        raise reference_files.unreadable(_name(preset), error) from None


def gaps(reference: RaceReference, arm: str) -> list[float]:
    """Return the per-seed gaps of a shortcut type in points: training error at the end, deepest minus shallowest net.

    It is the clean error, as in the headline of a race. Nets with batch norm have the running one: in a short race the
    running statistics lag behind in deep nets.

    Args:
        arm: A shortcut as in a variant text, ``plain`` for none.
    """
    shortcut = "none" if arm == "plain" else arm
    runs = [run for run in reference.document["runs"] if run["shortcut"] == shortcut]
    batch_normed = FAMILIES[get_preset(reference.preset).run.model.family].batch_normed
    kind = "train_error" if batch_normed else "train_clean_error"
    errors = {(run["seed"], run["depth"]): run[kind] for run in runs}
    depths = sorted({run["depth"] for run in runs})
    seeds = sorted({run["seed"] for run in runs})
    return [errors[seed, depths[-1]] - errors[seed, depths[0]] for seed in seeds]


def _name(preset: str) -> str:
    return f"race-{preset}"


def _curve(reader: Reader, row: RunRow) -> dict[str, Any]:
    columns = reader.points.series(row.id, Split.TRAIN, (1, row.step)).columns
    stride = -(-row.step // _MAX_POINTS)
    kept = [place for place, step in enumerate(columns["step"].tolist()) if step % stride == 0 or step == row.step]
    return {
        "run": row.id, "arm": row.arm, "seed": row.seed, "step": [int(columns["step"][place]) for place in kept],
        "running_error": [rounded(columns["running_error"][place].item()) for place in kept],
    }  # fmt: skip
