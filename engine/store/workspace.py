"""The workspace: the folder of the database and the run files. Nothing is written outside. Torch-free.

skipscope.db             the store (SQLite, WAL)
engine.lock engine.pid   the engine's lock and its holder
engine.log engine.end    the engine's messages, and the error that ended it
engine.launcher          where the living engine lets runs train
engine.notice            what the engine says while the database refuses its writes
talk.key                 signs the cookies of a room's visitors
data/                    decoded data sets and downloads
run-00012/               one run: run.log, worker.notice and checkpoints/step-00000300.pt
race-00003.pace          steps of the runs of one race in lockstep
tmp/                     temporary files of the living engine and its workers, and of imports
"""

import errno
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from engine.errors import WorkspaceError
from engine.paths import PROJECT
from engine.store.space.writability import ENGINE_NOTICE, FULL, disk_full, is_read_only, read_only

#: Moves the workspace; ``--workspace`` takes precedence.
ENVIRONMENT = "SKIPSCOPE_WORKSPACE"
_MAX_SHOWN_LENGTH = 200
_PROBE_BYTES = 4096


@dataclass(frozen=True)
class Workspace:
    """A workspace folder, which ``prepare`` creates."""

    path: Path

    @classmethod
    def at(cls, path: str | Path | None = None) -> "Workspace":
        """Return the workspace at ``path``, else at ``SKIPSCOPE_WORKSPACE``, else ``runs/`` beside the README.

        Raises WorkspaceError for a name that no folder can have.
        """
        if path == "":
            raise WorkspaceError("a workspace is a folder (got ''); name one, or leave --workspace out")
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
        """The file that a living engine locks."""
        return self.path / "engine.lock"

    @property
    def engine_pid(self) -> Path:
        """The engine's pid and start time, for an unreadable database."""
        return self.path / "engine.pid"

    @property
    def engine_log(self) -> Path:
        """The file of the engine's messages."""
        return self.path / "engine.log"

    @property
    def engine_end(self) -> Path:
        """The error that ended the last engine, in one line; there is no file after an end in good order."""
        return self.path / "engine.end"

    @property
    def engine_launcher(self) -> Path:
        """The launcher of the living engine, and the address of its cluster."""
        return self.path / "engine.launcher"

    @property
    def talk_key(self) -> Path:
        """The key that signs the cookies of a room's visitors."""
        return self.path / "talk.key"

    @property
    def temporary(self) -> Path:
        """The folder of the temporary files of engines, workers and imports."""
        return self.path / "tmp"

    @property
    def engine_notice(self) -> Path:
        """The file in which the engine speaks while the database refuses its writes."""
        return self.path / ENGINE_NOTICE

    def run(self, run: int) -> Path:
        """The folder of one run."""
        return self.path / f"run-{run:05d}"

    def log(self, run: int) -> Path:
        """The log file of one run."""
        return self.run(run) / "run.log"

    def notice(self, run: int) -> Path:
        """The file in which the worker of one run speaks while the database refuses its writes."""
        return self.run(run) / "worker.notice"

    def checkpoint(self, run: int, step: int) -> Path:
        """The checkpoint file of one run after ``step`` updates."""
        return self.run(run) / "checkpoints" / f"step-{step:08d}.pt"

    def shared_steps(self, race: int) -> Path:
        """The file that the runs of one race in lockstep share."""
        return self.path / f"race-{race:05d}.pace"

    def prepare(self) -> "Workspace":
        """Create the folder. Raises DiskFull, and WorkspaceError for another folder that cannot be written."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.path) as file:
                file.write(bytes(_PROBE_BYTES))  # a full disk makes empty files
                file.flush()
        except OSError as error:
            if error.errno in FULL:
                raise disk_full(self.path) from None
            if error.errno == errno.EROFS or is_read_only(self.path):
                raise read_only(self.path) from None
            raise unusable(self.path, error.strerror or str(error), "written") from None
        return self


def unusable(path: Path | str, reason: str, use: str = "used") -> WorkspaceError:
    """Return the error about a folder that cannot be a workspace."""
    return WorkspaceError(
        f"workspace {path} cannot be {use} ({reason}); choose another folder with --workspace DIR or {ENVIRONMENT}"
    )
