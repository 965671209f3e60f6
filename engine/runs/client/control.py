"""The engine from outside: start it, ask how it is, give it races and commands. For the page and the command line.

Torch-free. Making a ``Control`` touches nothing; every method opens what it needs, so threads may share one.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from engine.config import LabConfig, RaceConfig, lockstep
from engine.errors import CommandRefused, EngineUnreachable, WorkspaceError
from engine.hardware.machine import facts, this_process
from engine.labs.registry import check_settings, get_lab
from engine.runs.client.interventions import InterventionControl
from engine.runs.client.process import EngineProcess, EngineStatus, until
from engine.runs.client.visitor_notes import NoteControl
from engine.runs.protocol.inspected_runs import resolve
from engine.runs.supervisor.commands import RUN_VERBS
from engine.store.reader import Reader
from engine.store.writer import Writer

__all__ = ["Control", "EngineStatus"]

ACKNOWLEDGE_S = 3.0
#: What the engine has begun may take longer: a checkpoint is copied, the database is locked by somebody.
CLAIMED_S = 30.0


class Control(EngineProcess, InterventionControl, NoteControl):
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
        if lab.subject is not None:
            with Reader(self.workspace) as reader:
                found = resolve(reader, lab, config.settings)
            config = LabConfig.checked(
                lab=lab.name, settings=found.settings, device=found.device, threads=found.threads
            )
        self.ensure_engine()
        with Writer(self.workspace) as writer:
            job = writer.submit_lab(config, machine=facts() if lab.timed else "")
        self.ensure_engine()
        return job

    def command(self, verb: str, run: int, until_done_s: float = 0.0) -> bool:
        """Pause, resume, stop or delete a run: ``ask`` and, for up to ``until_done_s``, ``await_done``."""
        return self.await_done(self.ask(verb, run), until_done_s)

    def ask(self, verb: str, run: int, argument: str = "") -> int:
        """Give the engine a command and wait for its acknowledgement; return the command's id.

        Raises CommandRefused with the engine's reason, EngineUnreachable when no engine answers within 3 s (the
        command is then withdrawn), and the errors of ``ensure_engine``.
        """
        if verb not in RUN_VERBS:
            raise CommandRefused(f"unknown command {verb!r}; choose from {', '.join(RUN_VERBS)}")
        return self._ask(verb, run=run, argument=argument)

    def ask_each(self, verb: str, runs: Sequence[int], until_done_s: float = ACKNOWLEDGE_S) -> dict[int, str]:
        """Give the engine one command for each of several runs at once; return {run: what is left to say of it}.

        '' for done, a refusal in the engine's words, or that it is still being done after ``until_done_s``. What no
        engine has begun with by then is withdrawn. Raises CommandRefused for an unknown verb, and the errors of
        ``ensure_engine``.
        """
        if verb not in RUN_VERBS:
            raise CommandRefused(f"unknown command {verb!r}; choose from {', '.join(RUN_VERBS)}")
        self.ensure_engine()
        with Writer(self.workspace) as writer, Reader(self.workspace) as reader:
            asked = {run: writer.command(verb, run) for run in dict.fromkeys(runs)}

            def are_done() -> bool:
                return all(reader.command(command).done is not None for command in asked.values())

            until(are_done, until_done_s)
            said = {}
            for run, command in asked.items():
                refusal = f"no engine answered within {until_done_s:g} s; nothing was changed"
                if reader.command(command).done is None and not writer.withdraw(command, refusal):
                    said[run] = f"{verb} of run {run} is under way and ends by itself"
                else:
                    said[run] = reader.command(command).refusal or ""
        return said

    def set_pace(self, race: int, pace: str) -> None:
        """Let a race keep another pace from the next updates on. Raises ConfigError, and the errors of ``ask``."""
        lockstep(pace)
        self._ask("pace", race=race, argument=pace)

    def _ask(self, verb: str, **what: Any) -> int:
        self.ensure_engine()
        with Writer(self.workspace) as writer, Reader(self.workspace) as reader:
            command = writer.command(verb, **what)

            def is_acknowledged() -> bool:
                return reader.command(command).acknowledged is not None

            if not until(is_acknowledged, ACKNOWLEDGE_S):
                refusal = f"no engine answered within {ACKNOWLEDGE_S:g} s; nothing was changed"
                if writer.withdraw(command, refusal):
                    raise EngineUnreachable(f"{refusal}; see {self.workspace.engine_log}")
                if not until(is_acknowledged, CLAIMED_S):  # it is being done
                    raise EngineUnreachable(
                        f"the engine has begun with {verb} and not answered yet; look at `python -m engine runs` "
                        f"before asking again, and at {self.workspace.engine_log}"
                    )
            if (refusal := reader.command(command).refusal) is not None:
                raise CommandRefused(refusal)
        return command

    def await_done(self, command: int, seconds: float) -> bool:
        """Return whether the command was done within ``seconds``; a run in a long step ends that step first."""
        with Reader(self.workspace) as reader:
            return until(lambda: reader.command(command).done is not None, seconds)

    # --- clients ---------------------------------------------------------------------------------------------------

    def enter(self, kind: str) -> None:
        """Say that this process looks on (``app``, ``race``): the engine stays up for it."""
        me = this_process()
        with Writer(self.workspace.prepare()) as writer:
            writer.enter_client(me.pid, me.started, kind)

    def leave(self) -> None:
        """This process looks on no longer. Nothing happens when the workspace is gone."""
        me = this_process()
        with suppress(WorkspaceError):
            if self.workspace.database.exists():
                with Writer(self.workspace) as writer:
                    writer.leave_client(me.pid, me.started)
