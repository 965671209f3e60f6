"""Steering interventions from outside: a change of a live run, an extension, a fork. Torch-free."""

import json
from collections.abc import Mapping

from engine.config import check_change
from engine.errors import CommandRefused, EngineUnreachable
from engine.runs.client.commands import CommandClient, answer
from engine.runs.protocol.forking import plan_fork
from engine.store.reader import Reader

#: How long a fork may take: where files have no second name its checkpoint is copied.
_FORK_S = 30.0


class InterventionClient:
    """Interventions; every method raises the errors of ``CommandClient.ask``, each in one line."""

    def __init__(self, commands: CommandClient):
        self.workspace, self._commands = commands.workspace, commands

    def set_value(self, run: int, key: str, value: str | float) -> int:
        """Change ``lr``, ``weight_decay`` or ``strength`` of a live run from its next step on; return the command's id.

        Raises ConfigError when there is no such key or the value is out of its range, CommandRefused when the run has
        ended or has no shortcut.
        """
        return self._commands.ask("set", run, f"{key}={check_change(key, value)!r}")

    def extend(self, run: int, steps: int) -> int:
        """Let a finished run go on until it has ``steps`` in total; return the command's id.

        Raises CommandRefused when it is not finished, or has done as many steps already.
        """
        return self._commands.ask("extend", run, str(int(steps)))

    def fork(self, run: int, step: int | None = None, settings: Mapping[str, str] | None = None) -> int:
        """Make a run that goes on from a saved step of ``run`` (None: the newest) and return its id.

        ``settings``: what differs, as texts like ``--set key=value``; ``strength`` is one of them. Raises ConfigError
        in one line for what cannot be forked so (``engine.runs.protocol.forking``), before anything is started.
        """
        settings = dict(settings or {})
        with Reader(self.workspace) as reader:
            step = plan_fork(reader, reader.runs.known(run), step, settings).step
        command = self._commands.ask("fork", run, json.dumps({"step": step, "settings": settings}))
        self._commands.await_done(command, _FORK_S)
        with Reader(self.workspace) as reader:
            row = answer(reader, command)
            child = reader.interventions.fork_of(run, row.created)
        if row.refusal is not None:
            raise CommandRefused(row.refusal)
        if child is None:
            raise EngineUnreachable(
                f"the engine did not fork run {run} in {_FORK_S:g} s; see {self.workspace.engine_log}"
            )
        return child
