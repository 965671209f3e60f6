"""The registry of faults: each is one row, and one function that makes it happen to a living workspace."""

from collections.abc import Callable
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Any


class Skipped(Exception):
    """This machine cannot make the fault happen; the text says why, and what would help."""


@dataclass(frozen=True)
class Fault:
    """One kind of fault.

    ``inject`` names the function as ``module:attribute`` below ``tests.faults``; it takes a ``Trial``. ``trials`` is
    the number in the long form. ``limit_s`` bounds one trial. ``temporary``: length of the path of TMPDIR.
    """

    name: str
    help: str
    inject: str
    trials: int = 1
    limit_s: float = 240.0
    temporary: int = 0

    @property
    def function(self) -> Callable[[Any], None]:
        """The function that makes the fault happen."""
        function: Callable[[Any], None] = resolve_name(f"tests.faults.{self.inject}")
        return function


FAULTS: dict[str, Fault] = {
    fault.name: fault
    for fault in (
        Fault(
            "kills",
            "SIGKILL of ten processes in turn, drawn at random",
            "processes.kills:mixed",
            trials=20,
            limit_s=600,
        ),
        Fault("kill-engine", "SIGKILL of the engine", "processes.kills:engine"),
        Fault("kill-worker", "SIGKILL of a worker", "processes.kills:worker"),
        Fault("kill-app", "SIGKILL of the app server", "processes.kills:app"),
        Fault("kill-fork-server", "SIGKILL of the fork server of a busy engine", "processes.kills:fork_server"),
        Fault("kill-loading", "SIGKILL of the fork server while it loads torch", "processes.kills:loading"),
        Fault("kill-everything", "SIGKILL of every process, in random order", "processes.kills:everything"),
        Fault("stop-engine", "SIGSTOP of the engine for half a minute", "processes.stops:engine"),
        Fault("stop-worker", "SIGSTOP of a worker for half a minute", "processes.stops:worker"),
        Fault("hung-worker", "SIGSTOP of a worker for good", "processes.stops:hung", limit_s=400),
        Fault(
            "hung-writer",
            "SIGSTOP of a worker for good, in the middle of a write",
            "processes.stops:hung_writer",
            limit_s=400,
        ),
        Fault("full-disk", "the disk is full for ten seconds", "storage.disk:full", trials=2),
        Fault("full-disk-long", "the disk is full for a minute and a half", "storage.disk:long_full", limit_s=400),
        Fault("read-only", "the disk of a dead workspace is read-only", "storage.disk:at_rest", trials=2),
        Fault("read-only-live", "the kernel makes the disk read-only under a live race", "storage.disk:under_way"),
        Fault("locked-database", "another program locks the database for half a minute", "storage.database:locked"),
        Fault(
            "foreign-database",
            "a file of another kind or version is in the database's place",
            "storage.database:foreign",
        ),
        Fault(
            "damaged-pages", "half of the database's pages are overwritten under a live race", "storage.pages:corrupted"
        ),
        Fault(
            "checkpoint",
            "the newest checkpoint is damaged, cut off, empty, gone, foreign",
            "storage.files:checkpoints",
            5,
        ),
        Fault("checkpoints", "all checkpoints of a run are damaged", "storage.files:all_checkpoints"),
        Fault("long-tmpdir", "TMPDIR has 200 characters", "storage.files:long_temporary_folder", temporary=200),
        Fault("clock", "the clock is set under a live race", "clock:shifted", trials=3),
        Fault(
            "threads",
            "an error in the threads that others wait for, of engine, workers and app",
            "processes.threads:broken",
        ),
        Fault("busy-machine", "other programs take the cores of a run with several threads", "processes.busy:crowded"),
        Fault("engines", "several engines start at once", "processes.engines:several"),
        Fault("gpu-memory", "a GPU is out of memory, simulated", "processes.gpu:out_of_memory"),
    )
}


def chosen(names: list[str]) -> list[Fault]:
    """Return the named faults, all without a name. Raises KeyError with one line."""
    for name in names:
        if name not in FAULTS:
            raise KeyError(f"unknown fault {name!r}; choose from {', '.join(FAULTS)}")
    return [FAULTS[name] for name in names or FAULTS]
