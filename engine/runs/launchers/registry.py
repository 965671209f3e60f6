"""The launchers as a torch-free table, and their protocol. A new launcher is one file and one row."""

import os
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Protocol

from engine.errors import ConfigError
from engine.hardware.machine import ProcessId
from engine.runs.protocol.cluster_address import ENVIRONMENT, require_answer, require_ray
from engine.runs.protocol.job import Job
from engine.store.rows import JobRow
from engine.store.workspace import Workspace


class Launched(Protocol):
    """A launched worker."""

    job: Job

    @property
    def place(self) -> str:
        """Where the worker is: ``process 812``, with its node on a cluster; '' until it exists."""

    @property
    def delay(self) -> str:
        """Why this start is late, in one line; '' while it is in time, or for a reason that meets all starts."""

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
        """Give up a start that has not begun; return whether it had not.

        No process works on the job then, or all that it writes is refused once the caller has ended the attempt.
        """

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
class LeftBehindProcess:
    """One on this machine."""

    process: ProcessId

    @property
    def place(self) -> str:
        """The process in words."""
        return f"process {self.process.pid}"

    def lives(self) -> bool:
        """Return whether the process lives."""
        return self.process.lives()

    def kill(self) -> None:
        """End the process."""
        self.process.kill()


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
    """One launcher; ``launcher`` names the class as ``module:attribute``.

    ``needs_address``: the class takes a workspace and the address of a cluster; else it takes nothing. ``trial`` names
    a function of the address, which connects for a moment and leaves nothing, or raises ConfigError.
    """

    name: str
    label: str
    help: str
    launcher: str
    needs_address: bool = False
    trial: str = ""


LAUNCHERS: dict[str, LauncherRow] = {
    row.name: row
    for row in (
        LauncherRow(
            name="local",
            label="This machine",
            help="Workers are forked from a process that has torch loaded; where there is no fork, spawned.",
            launcher="engine.runs.launchers.local:LocalLauncher",
        ),
        LauncherRow(
            name="ray",
            label="Ray cluster",
            help="Workers are actors on the nodes of a running cluster; one desk beside the database writes for them.",
            launcher="engine.runs.launchers.ray_cluster.launcher:RayLauncher",
            needs_address=True,
            trial="engine.runs.launchers.ray_cluster.connection:try_out",
        ),
    )
}


@dataclass(frozen=True, slots=True)
class LauncherChoice:
    """The launcher that a person chose, and the address of its cluster, '' for none."""

    name: str = "local"
    address: str = ""

    def __str__(self) -> str:
        return f"{self.name} {self.address}".strip()

    @classmethod
    def of_environment(cls) -> "LauncherChoice":
        """Return what this process chose for the engines that it starts (``for_engines``)."""
        return cls(*os.environ.get(ENVIRONMENT, "local").split()[:2])

    def for_engines(self) -> None:
        """Let the engines that this process starts use this launcher."""
        os.environ[ENVIRONMENT] = str(self)

    def check(self) -> "LauncherChoice":
        """Return the choice. Raises ConfigError for a wrong one, as far as nothing need be started to know."""
        if self.name not in LAUNCHERS:
            raise ConfigError(f"unknown launcher {self.name!r}; choose from {', '.join(LAUNCHERS)}")
        if not LAUNCHERS[self.name].needs_address:
            if self.address:
                raise ConfigError(f"the launcher {self.name} takes no address; --launcher ray --address A takes one")
            return self
        require_ray()
        require_answer(self.address)
        return self

    def try_out(self) -> "LauncherChoice":
        """Return the choice, whose cluster takes this machine. Raises ConfigError; nothing was made then."""
        if trial := LAUNCHERS[self.check().name].trial:
            resolve_name(trial)(self.address)
        return self


def make_launcher(choice: LauncherChoice, workspace: Workspace) -> Launcher:
    """Return a launcher. Raises ConfigError for a wrong choice, or a cluster that cannot be used."""
    row = LAUNCHERS[choice.check().name]
    make = resolve_name(row.launcher)
    launcher: Launcher = make(workspace, choice.address) if row.needs_address else make()
    return launcher
