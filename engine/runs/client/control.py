"""The engine from outside, for page and command line: its status, races, labs, commands and clients.

Torch-free. Making a ``Control`` touches nothing; every method opens what it needs, so threads may share one.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from engine.config import LabConfig, RaceConfig
from engine.errors import WorkspaceError
from engine.hardware.machine import this_process
from engine.labs.registry import check_settings, get_lab
from engine.runs.client.interventions import InterventionControl
from engine.runs.client.process import EngineStatus
from engine.runs.client.visitor_notes import NoteControl
from engine.runs.protocol.inspected_runs import resolve
from engine.store.reader import Reader
from engine.store.writer import Writer

__all__ = ["Control", "EngineStatus"]


class Control(InterventionControl, NoteControl):
    """Steers the engine of one workspace."""

    # --- races and commands ----------------------------------------------------------------------------------------

    def start_race(self, race: RaceConfig) -> tuple[int, list[int]]:
        """Hand a race to the engine, which is started if none lives; return the race's id and its runs' ids.

        Nothing is written unless an engine of this version lives. Raises the errors of ``ensure_engine``.
        """
        self.ensure_engine()
        with Writer(self.workspace) as writer:
            started = writer.submit(race)
        self.ensure_engine()  # the one before may have ended in between, having had nothing to do
        return started

    def start_lab(self, name: str, settings: Mapping[str, Any]) -> int:
        """Hand a lab to the engine, which is started if none lives; return the job's run id.

        Raises ConfigError in one line, and the errors of ``ensure_engine``.
        """
        lab = get_lab(name)
        config = LabConfig.checked(lab=lab.name, settings=check_settings(lab, settings), device=lab.device)
        if lab.run_option is not None:
            with Reader(self.workspace) as reader:
                found = resolve(reader, lab, config.settings)
            config = LabConfig.checked(
                lab=lab.name, settings=found.settings, device=found.device, threads=found.threads
            )
        self.ensure_engine()
        with Writer(self.workspace) as writer:
            job = writer.submit_lab(config)
        self.ensure_engine()
        return job

    # --- clients ---------------------------------------------------------------------------------------------------

    def enter(self, kind: str) -> None:
        """Register this process as a client of a ``kind`` (``app``, ``race``); the engine stays up for it."""
        me = this_process()
        with Writer(self.workspace.prepare()) as writer:
            writer.enter_client(me.pid, me.started, kind)

    def leave(self) -> None:
        """Remove this process from the clients; do nothing when the workspace is gone."""
        me = this_process()
        with suppress(WorkspaceError):
            if self.workspace.database.exists():
                with Writer(self.workspace) as writer:
                    writer.leave_client(me.pid, me.started)
