"""Requests interventions: a change of a live run, an extension, a fork. Torch-free."""

import json
from collections.abc import Mapping

from engine.config import check_change
from engine.errors import CommandRefused, EngineUnreachable
from engine.runs.client.commands import CommandClient, answer
from engine.runs.client.retention import check_quota
from engine.runs.protocol.checkpoint_names import whole_step
from engine.runs.protocol.forking import plan_fork
from engine.store.reader import Reader

#: Time limit of a fork: file systems without links copy the checkpoint.
_FORK_S = 30.0


class InterventionClient:
    """Requests interventions; every method raises the errors of ``CommandClient.ask``."""

    def __init__(self, commands: CommandClient):
        self.workspace, self._commands = commands.workspace, commands

    def set_value(self, run: int, key: str, value: str | float) -> int:
        """Change ``lr``, ``weight_decay`` or ``strength`` of a live run from its next step on; return the command's id.

        Raises ConfigError for a wrong key or value, CommandRefused for an ended run or a net without shortcuts.
        """
        return self._commands.ask("set", run, f"{key}={check_change(key, value)!r}")

    def extend(self, run: int, steps: int) -> int:
        """Extend a finished run to ``steps`` in total; return the command's id. Raises CommandRefused."""
        return self._commands.ask("extend", run, str(int(steps)))

    def fork(self, run: int, step: int | None = None, settings: Mapping[str, str] | None = None) -> int:
        """Fork ``run`` at a saved step with ``settings`` as in ``--set``; return the fork's id.

        ``step`` None is the newest whose file is whole. Raises QuotaReached, and ConfigError before the command for an
        impossible fork (``engine.runs.protocol.forking``).
        """
        settings = dict(settings or {})
        check_quota(self.workspace)
        with Reader(self.workspace) as reader:
            parent = reader.runs.known(run)
            if step is None and reader.checkpoints.of(run):
                step = whole_step(reader, run, None)
            step = plan_fork(reader, parent, step, settings).step
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
