"""The launchers as a torch-free table, and what each of them promises. A new launcher is one file and one row.

``launcher`` names a class as ``module:attribute``; it is imported where an engine starts.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

from engine.errors import ConfigError
from engine.runs.protocol.job import Job


class Launched(Protocol):
    """A worker, from its launch until its process is gone."""

    job: Job

    @property
    def pid(self) -> int | None:
        """The worker's process; None until it exists."""

    def send(self, word: str) -> None:
        """Say ``pause``, ``stop`` or ``changes`` to the worker; repeats and signals to a dead worker do nothing."""

    def ended(self) -> str | None:
        """Return None while the worker lives (or is being started), else in words how it ended."""

    def kill(self) -> None:
        """End the process at once."""


class Launcher(Protocol):
    """Starts workers. A worker must find out by itself when its engine is gone."""

    def warm(self) -> None:
        """Prepare in the background, so that workers start fast. Never blocks."""

    def launch(self, job: Job) -> Launched:
        """Start a worker for the job. Never blocks; a start that fails shows in ``Launched.ended``."""

    def close(self) -> None:
        """Let go of everything; workers that still live are left to their own."""


@dataclass(frozen=True)
class LauncherRow:
    """One way to start workers."""

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
    module, attribute = LAUNCHERS[name].launcher.split(":")
    made: Launcher = getattr(import_module(module), attribute)()
    return made
