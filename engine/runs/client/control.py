"""Controls the engine for page and command line: status, races, labs, commands and clients. Torch-free.

Every method opens its own connections, so threads may share a ``Control``.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, TypeVar

from engine.config import LabConfig, RaceConfig
from engine.errors import WorkspaceError
from engine.hardware.machine import this_process
from engine.hardware.training import require_torch
from engine.labs.registry import check_settings, get_lab
from engine.runs.client.author import author
from engine.runs.client.commands import CommandClient
from engine.runs.client.interventions import InterventionClient
from engine.runs.client.process import EngineProcess
from engine.runs.client.retention import check_quota
from engine.runs.client.talks import TalkClient
from engine.runs.client.visitor_notes import NoteClient
from engine.runs.protocol.inspected_runs import resolve
from engine.store.reader import Reader
from engine.store.workspace import Workspace
from engine.store.writer import Writer

_Submitted = TypeVar("_Submitted")


class Control:
    """Controls the engine of one workspace; ``notes`` need no engine."""

    def __init__(self, workspace: Workspace):
        self.workspace = workspace
        self.engine, self.notes, self.talks = EngineProcess(workspace), NoteClient(workspace), TalkClient(workspace)
        self.commands = CommandClient(self.engine)
        self.interventions = InterventionClient(self.commands)

    def start_race(self, race: RaceConfig) -> tuple[int, list[int]]:
        """Submit a race; return the ids of race and runs.

        Raises ViewOnly, QuotaReached, and the errors of ``EngineProcess.ensure``.
        """
        self.engine.require_training()

        def submit(writer: Writer) -> tuple[int, list[int]]:
            started = writer.races.submit(race)
            writer.commands.note("start", author=author(), race=started[0])
            return started

        return self._submitted(submit)

    def start_instant(self, race: RaceConfig) -> tuple[int, list[int]]:
        """Submit an instant race, which takes the place of one that still trains; return the ids of race and runs.

        Raises ViewOnly, QuotaReached, and the errors of ``EngineProcess.ensure``.
        """
        require_torch()  # instant races and labs stay on this machine whatever the launcher

        def submit(writer: Writer) -> tuple[int, list[int]]:
            started = writer.races.submit(race, instant=True)
            writer.commands.note("start", argument="instant", author=author(), race=started[0])
            return started

        return self._submitted(submit)

    def start_lab(self, name: str, settings: Mapping[str, Any]) -> int:
        """Submit a lab; return the job's id.

        Raises ConfigError, ViewOnly, QuotaReached, and the errors of ``EngineProcess.ensure``.
        """
        lab = get_lab(name)
        require_torch()
        config = LabConfig.checked(
            lab=lab.name, settings=check_settings(lab, settings), device=lab.device, threads=lab.threads_here
        )
        if lab.run_option is not None:
            with Reader(self.workspace) as reader:
                resolved = resolve(reader, lab, config.settings)
            config = LabConfig.checked(lab=lab.name, **resolved._asdict())

        def submit(writer: Writer) -> int:
            job = writer.labs.submit(config)
            writer.commands.note("measure", author=author(), run=job)
            return job

        return self._submitted(submit)

    def _submitted(self, submit: Callable[[Writer], _Submitted]) -> _Submitted:
        check_quota(self.workspace)
        self.engine.ensure()
        with Writer(self.workspace) as writer:
            submitted = submit(writer)
        self.engine.ensure()  # an idle engine may have ended in between
        return submitted

    def enter(self, kind: str) -> None:
        """Register this process as a client of a ``kind`` (``app``, ``race``); the engine stays up for it."""
        me = this_process()
        with Writer(self.workspace.prepare()) as writer:
            writer.presence.enter_client(me.pid, me.started, kind)

    def leave(self) -> None:
        """Remove this process from the clients; do nothing when the workspace is gone."""
        me = this_process()
        with suppress(WorkspaceError):
            if self.workspace.database.exists():
                with Writer(self.workspace) as writer:
                    writer.presence.leave_client(me.pid, me.started)
