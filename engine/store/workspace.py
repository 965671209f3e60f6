"""The workspace: the folder that holds the database and the run files, and the names of everything in it.

    skipscope.db             the store (SQLite, WAL)
    engine.lock engine.pid   the engine's lock, and who holds it
    engine.log               the engine's own messages
    data/                    decoded data sets and downloads
    run-00012/               one run: run.log and checkpoints/step-00000300.pt
    race-00003.pace          how far the runs of one race are, for those that keep in step

Nothing is written outside this folder. Torch-free; imports ``engine.errors`` and ``engine.paths``.
"""

import errno
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from engine.errors import WorkspaceError
from engine.paths import PROJECT

#: Moves the workspace; ``--workspace`` wins over it.
ENVIRONMENT = "SKIPSCOPE_WORKSPACE"
_MAX_SHOWN_LENGTH = 200


@dataclass(frozen=True)
class Workspace:
    """A workspace folder. Making the object touches nothing; ``prepare`` creates the folder."""

    path: Path

    @classmethod
    def at(cls, path: str | Path | None = None) -> "Workspace":
        """Return the workspace at ``path``, else at ``SKIPSCOPE_WORKSPACE``, else ``runs/`` beside the README.

        Raises WorkspaceError for a name that no folder can have.
        """
        chosen = path or os.environ.get(ENVIRONMENT) or PROJECT / "runs"
        try:
            place = Path(chosen).expanduser().resolve()
            place.exists()  # raises for names that no file system takes
        except (OSError, RuntimeError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error).rstrip(".")
            shown = text if len(text := str(chosen)) <= _MAX_SHOWN_LENGTH else f"{text[:_MAX_SHOWN_LENGTH]}..."
            raise unusable(shown, reason) from None
        return cls(place)

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.path / "skipscope.db"

    @property
    def engine_lock(self) -> Path:
        """The file whose lock says that an engine lives."""
        return self.path / "engine.lock"

    @property
    def engine_pid(self) -> Path:
        """Who the engine is (pid and start time), for when the database cannot be read."""
        return self.path / "engine.pid"

    @property
    def engine_log(self) -> Path:
        """Where the engine's own messages go."""
        return self.path / "engine.log"

    def run(self, run: int) -> Path:
        """The folder of one run."""
        return self.path / f"run-{run:05d}"

    def log(self, run: int) -> Path:
        """The log file of one run."""
        return self.run(run) / "run.log"

    def checkpoint(self, run: int, step: int) -> Path:
        """The checkpoint file of one run after ``step`` updates."""
        return self.run(run) / "checkpoints" / f"step-{step:08d}.pt"

    def shared_steps(self, race: int) -> Path:
        """The file through which the runs of one race keep in step."""
        return self.path / f"race-{race:05d}.pace"

    def prepare(self) -> "Workspace":
        """Create the folder and prove that it can be written. Raises WorkspaceError in one line."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.path):
                pass
        except OSError as error:
            reason = "the folder is read-only" if error.errno == errno.EROFS else error.strerror or str(error)
            raise unusable(self.path, reason, "written") from None
        return self


def unusable(path: Path | str, reason: str, use: str = "used") -> WorkspaceError:
    """Return the error about a folder that cannot be a workspace."""
    return WorkspaceError(
        f"workspace {path} cannot be {use} ({reason}); choose another folder with --workspace DIR or {ENVIRONMENT}"
    )
