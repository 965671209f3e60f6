"""A folder that all nodes see: the way of large checkpoints to the database's side and back. Torch-free, without Ray.

A worker writes its file there; the desk, after asking the fence, gives it its place in the workspace. So a checkpoint
is never in the memory of Ray, and lies beside the database like any other. Where folder and workspace are on one file
system nothing is copied. ``SKIPSCOPE_CHECKPOINT_FOLDER`` of the engine names the folder.
"""

import contextlib
import os
import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import ConfigError
from engine.runs.launchers.ray_cluster.messages import CHUNK_BYTES, Sender

ENVIRONMENT = "SKIPSCOPE_CHECKPOINT_FOLDER"
#: A smaller checkpoint travels by way of the desk.
LARGE_BYTES = 500 * 10**6
#: The least speed of a copy that a worker waits for.
SLOWEST_BYTES_S = 10**7
#: The file by whose content a node knows the folder.
_IDENTITY = "identity"


@dataclass(frozen=True, slots=True)
class SharedFolder:
    """The folder of one workspace inside of the shared one, and the word that its identity file holds."""

    path: Path
    word: str

    @classmethod
    def of_environment(cls, namespace: str) -> "SharedFolder | None":
        """Make the folder that the environment names, None for none. Raises ConfigError."""
        if not (text := os.environ.get(ENVIRONMENT, "").strip()):
            return None
        if not Path(text).is_absolute() or not Path(text).is_dir():
            raise ConfigError(f"{ENVIRONMENT} is the absolute path of a folder that all nodes see (got {text!r})")
        folder = Path(text) / namespace
        try:
            folder.mkdir(exist_ok=True)
            # The word stays the same for all engines of the workspace: nodes may have the file in a cache.
            if not (word := _word(folder)):
                word = secrets.token_hex(8)
                part = folder / f".{_IDENTITY}-{word}.part"
                part.write_text(word, encoding="utf-8")
                part.replace(folder / _IDENTITY)
        except OSError as error:
            raise ConfigError(f"{text} ({ENVIRONMENT}) cannot be written ({error.strerror})") from None
        return cls(folder, word)

    def require_same(self, node: str) -> None:
        """Raise ConfigError on a node that does not see this folder, or may not write there."""
        place = f"{self.path.parent} ({ENVIRONMENT})"
        if _word(self.path) != self.word:
            raise ConfigError(f"node {node} does not see the folder that the engine's machine sees at {place}")
        if not os.access(self.path, os.W_OK):
            raise ConfigError(f"node {node} may not write to {place}")

    def file(self, sender: Sender, step: int) -> Path:
        """Return the file of an attempt while it is on its way."""
        return self.path / f"run-{sender.run}-attempt-{sender.attempt}-step-{step}.pt"

    def take(self, sender: Sender, step: int, goal: Path, fence: Callable[[], None]) -> None:
        """Give the file of a worker its place; do nothing where it has it already. Raises OSError, and as ``fence``."""
        fence()
        source = self.file(sender, step)
        if not source.exists() and goal.exists():
            return  # the answer to the same call was lost
        goal.parent.mkdir(parents=True, exist_ok=True)
        _place(source, goal, fence)
        source.unlink(missing_ok=True)

    def lend(self, sender: Sender, step: int, source: Path) -> Path:
        """Give a worker a checkpoint to read; it removes the file. Raises OSError."""
        goal = self.file(sender, step)
        _place(source, goal, lambda: None)
        return goal

    def clear(self, run: int, but: int = 0) -> None:
        """Remove what workers of a run left on the way; keep the files of attempt ``but``."""
        for path in self.path.glob(f"*run-{run}-attempt-*"):
            if f"run-{run}-attempt-{but}-" not in path.name:
                with contextlib.suppress(OSError):
                    path.unlink()


def bytes_of(state: Any) -> int:
    """Return about the bytes of a state's file: those of its tensors."""
    if isinstance(state, dict):
        return sum(map(bytes_of, state.values()))
    if isinstance(state, list | tuple):
        return sum(map(bytes_of, state))
    return int(getattr(state, "nbytes", 0))


def _word(folder: Path) -> str:
    """Return what the identity file of a folder holds, '' without one."""
    try:
        return (folder / _IDENTITY).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def _place(source: Path, goal: Path, fence: Callable[[], None]) -> None:
    """Give a file another name, by a copy between two file systems; ``goal`` appears whole, after ``fence()``."""
    part = goal.with_name(f".{goal.name}-{os.getpid()}.part")
    try:
        part.unlink(missing_ok=True)
        try:
            os.link(source, part)
        except FileNotFoundError:
            raise
        except OSError:  # another file system, or one without links
            with source.open("rb") as read, part.open("wb") as write:
                shutil.copyfileobj(read, write, CHUNK_BYTES)
                write.flush()
                os.fsync(write.fileno())
        fence()
        part.replace(goal)
    finally:
        part.unlink(missing_ok=True)
