"""What readers of foreign files return, and how one is refused. Torch-free."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from engine.errors import DataError
from engine.exchange import limits


@dataclass(frozen=True)
class Series:
    """One column of a foreign file: ``run`` is the folder of an event file below the named one, else ''.

    Shapes: ``steps`` and ``numbers`` (points,) float64, in the order of the file.
    """

    run: str
    column: str
    steps: np.ndarray
    numbers: np.ndarray


@dataclass
class Foreign:
    """What a file holds: the names of its columns in their order, and those that were asked for."""

    columns: list[str] = field(default_factory=list)
    series: list[Series] = field(default_factory=list)


def shown_name(path: Path) -> str:
    """Return what a path is called in a line; a folder may be named by a dot alone."""
    return path.name or str(path)


def refused(name: str, reason: str) -> DataError:
    """Return the error of a file that is not taken, in one line."""
    shown = " ".join("".join(letter if letter.isprintable() else " " for letter in reason).split())
    return DataError(f"{name} is not imported: {shown[: 2 * limits.MAX_NAME]}")


def listed(names: Sequence[str], most: int = 8) -> str:
    """Return some names in words."""
    shown = [repr(name[:60]) for name in names[:most]]
    return ", ".join([*shown, *([f"{len(names) - most} more"] if len(names) > most else [])])
