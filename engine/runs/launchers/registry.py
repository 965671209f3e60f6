"""The launchers as a torch-free table, and their protocol. A new launcher is one file and one row."""

from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Protocol

from engine.errors import ConfigError
from engine.runs.protocol.job import Job
from engine.store.rows import JobRow


class Launched(Protocol):
    """A launched worker."""

    job: Job

    @property
    def place(self) -> str:
        """Where the worker is: ``process 812``, with its node on a cluster; '' until it exists."""

    @property
    def is_lost_with_place(self) -> bool:
        """Whether the worker ended because its node did: another attempt may succeed elsewhere."""

    def send(self, word: str) -> None:
        """Send ``pause``, ``stop`` or ``changes``; repeats and signals to a dead worker do nothing."""

    def shows_life(self) -> bool:
        """Return whether the worker gave a sign of life since the last call; a healthy one gives one a second."""

    def ended(self) -> str | None:
        """Return None while the worker lives or starts, else how the worker ended."""

    def withdraw(self) -> bool:
        """Give up a start that has not begun; return whether it had not, so that no process ever works on the job."""

    def kill(self) -> None:
        """End the process at once."""


class LeftBehind(Protocol):
    """The worker of an engine that is gone: it writes a checkpoint and ends."""

    @property
    def place(self) -> str:
        """Where the worker is."""

    def lives(self) -> bool:
        """Return whether the worker may still live."""

    def kill(self) -> None:
        """End the worker at once."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """What a cluster has: torch's names of its devices, numbered through, and the cores of each node."""

    devices: tuple[str, ...]
    nodes: tuple[int, ...]


class Launcher(Protocol):
    """Starts workers, which detect the end of their engine themselves."""

    def trouble(self) -> str:
        """Return what keeps workers from being started for now, in one line with its cause, '' for nothing.

        Called in every round of the engine. Never blocks.
        """

    def warm(self) -> None:
        """Prepare fast starts in the background. Never blocks."""

    def launch(self, job: Job) -> Launched:
        """Start a worker for the job. Never blocks; a start that fails shows in ``Launched.ended``."""

    def adopt(self, row: JobRow) -> LeftBehind | None:
        """Return the worker that an engine before left with the job, None if none can live. Never blocks."""

    def capacity(self) -> Capacity | None:
        """Return what runs are planned for, None for this machine.

        Labs and instant races always work on this machine.
        """

    def close(self) -> None:
        """Release all resources; living workers go on."""


@dataclass(frozen=True)
class LauncherRow:
    """One launcher; ``launcher`` names the class as ``module:attribute``."""

    name: str
    label: str
    help: str
    launcher: str


LAUNCHERS: dict[str, LauncherRow] = {
    row.name: row
    for row in (
        LauncherRow(
            name="local",
            label="This machine",
            help="Workers are forked from a process that has torch loaded; where there is no fork, spawned.",
            launcher="engine.runs.launchers.local:LocalLauncher",
        ),
    )
}


def make_launcher(name: str) -> Launcher:
    """Return a launcher by name. Raises ConfigError naming the choices."""
    if name not in LAUNCHERS:
        raise ConfigError(f"unknown launcher {name!r}; choose from {', '.join(LAUNCHERS)}")
    launcher: Launcher = resolve_name(LAUNCHERS[name].launcher)()
    return launcher
