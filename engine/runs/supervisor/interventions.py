"""Interventions in the engine: the change of a live run, an extension, a fork.

The engine records an intervention with the time of its command, before the acknowledgement. A command that two engines
serve, because the first engine ended, therefore takes effect once.
"""

import json
import math

from engine.config import LIVE, STEPS, check_change
from engine.errors import ConfigError
from engine.events import CHANGEABLE, FINAL, RunState, Split
from engine.models.registry import variant
from engine.runs.protocol import older_nets
from engine.runs.protocol.checkpoint_names import others_saved
from engine.runs.protocol.forking import plan_fork
from engine.runs.protocol.job import CHANGES
from engine.runs.protocol.verbs import recorded_elsewhere
from engine.runs.supervisor.checkpoint_copy import CheckpointCopy
from engine.runs.supervisor.worker_pool import WorkerPool
from engine.store.reader import Reader
from engine.store.rows import ChangeRow, CommandRow, ForkPlan, RunRow
from engine.store.writer import Writer

#: The maximum of a config.
MAX_STEPS = 10_000_000

_S = RunState


class Interventions:
    """Serves the commands ``set``, ``extend`` and ``fork``.

    Each method returns '' when done, one line when refused, None while it is under way.
    """

    def __init__(self, reader: Reader, writer: Writer, pool: WorkerPool):
        self._workspace, self._reader, self._writer, self._pool = reader.workspace, reader, writer, pool
        self._copies: dict[int, tuple[CheckpointCopy, ForkPlan]] = {}

    def set(self, row: RunRow, command: CommandRow) -> str | None:
        """Change ``key=value`` of a live run; done once a step uses the value, or now if the run does not train."""
        key, _, text = command.argument.partition("=")
        change = self._recorded(row, key, command)
        if change is None:
            try:
                value = check_change(key, text)
            except ConfigError as error:
                return str(error)
            if refusal := _refusal(row, key) or self._changes_nothing(row, key, value):
                return refusal
            self._writer.interventions.add_change(row.id, key, value, command.created)
            self._pool.send(row.id, CHANGES)
            return None if row.state == _S.RUNNING else ""
        if change.step is None and row.state in {_S.RUNNING, _S.STOPPING}:
            return None
        if change.step is None and row.state in FINAL:
            self._writer.interventions.drop_change(change.id)
            return f"run {row.id} is {row.state}: it ended before a step could go by the change"
        return ""

    def extend(self, row: RunRow, command: CommandRow) -> str | None:
        """Extend a finished run to ``argument`` steps in total."""
        if self._recorded(row, STEPS, command) is not None:
            return ""
        if row.state != _S.FINISHED:
            return f"run {row.id} is {row.state}; only finished runs can be extended"
        if row.imported is not None:
            return recorded_elsewhere(row.id)
        steps = int(command.argument) if command.argument.isdecimal() else 0
        if not row.total_steps < steps <= MAX_STEPS:
            return f"run {row.id} has done {row.total_steps} steps; extend it to more, at most {MAX_STEPS}"
        if not self._reader.checkpoints.of(row.id):
            return f"run {row.id} has no checkpoint to go on from"
        if reason := older_nets.refusal(row):
            return reason
        return "" if self._writer.interventions.extend(row.id, steps, command.created) else None

    def fork(self, row: RunRow, command: CommandRow) -> str | None:
        """Fork a run at a saved step, with the changes of ``argument`` (JSON); done once its file is read."""
        if self._reader.interventions.fork_of(row.id, command.created) is not None:
            return ""
        if reason := older_nets.refusal(row):
            return reason
        if (begun := self._copies.get(command.id)) is None:
            try:
                requested = json.loads(command.argument)
                plan = plan_fork(self._reader, row, requested["step"], requested["settings"])
            except ConfigError as error:
                return str(error)
            saved = [each for each in self._reader.checkpoints.of(row.id) if each.step == plan.step]
            if not saved:
                return f"the checkpoint of run {row.id} at step {plan.step} was replaced by a newer one; fork again"
            begun = self._copies[command.id] = CheckpointCopy(self._workspace, saved[0]), plan
        copy, plan = begun  # the run may replace its checkpoint while the copy is made
        if not copy.is_ready:
            return None
        if copy.refusal:
            return copy.refusal + others_saved(self._reader, row.id, plan.step)
        try:
            self._writer.interventions.fork(row, plan, command.created, copy.move_to)
        except OSError as error:
            return f"the checkpoint of run {row.id} at step {plan.step} cannot be taken over ({error.strerror})"
        self._copies.pop(command.id)[0].discard(keeps_file=True)
        return ""

    def copies(self, run: int) -> bool:
        """Return whether a fork of the run is under way: its checkpoint is being read."""
        return any(copy.run == run for copy, _ in self._copies.values())

    def forget(self, command: int) -> None:
        """Remove what a command leaves that was answered."""
        if (begun := self._copies.pop(command, None)) is not None:
            begun[0].discard(keeps_file=False)

    def _changes_nothing(self, row: RunRow, key: str, value: float) -> str:
        """Return in one line that ``key`` has this value already, '' if it has another or none is known."""
        changes = [change for change in self._reader.interventions.changes(row.id) if change.key == key]
        if changes and (key != "lr" or changes[-1].step is None):
            in_force = changes[-1].value
        elif key == "strength":
            in_force = 1.0
        elif key == "weight_decay":
            in_force = row.config.optim.weight_decay
        else:
            in_force = self._rate(row, set_before=bool(changes))
        same = math.isclose(in_force, value, rel_tol=1e-9)
        return f"run {row.id} has {key} ({LIVE[key].label}) {value:g} already; nothing was changed" if same else ""

    def _rate(self, row: RunRow, *, set_before: bool) -> float:
        """Return the learning rate in force, NaN where setting it would change something all the same."""
        optim = row.config.optim
        point = self._reader.points.last([row.id]).get((row.id, Split.TRAIN))
        rate = point["lr"] if point else optim.lr
        if not isinstance(rate, int | float):
            return math.nan  # trials still look for it
        # To set the rate of a warm-up ends the warm-up.
        held = optim.warmup_lr is not None and (point is None or rate == optim.warmup_lr)
        warming = held or optim.ramps_at(point["step"] if point else 0)
        return math.nan if warming and not set_before else rate

    def _recorded(self, row: RunRow, key: str, command: CommandRow) -> ChangeRow | None:
        """Return the change that this command made when served before."""
        changes = self._reader.interventions.changes(row.id)
        return next((change for change in changes if (change.key, change.created) == (key, command.created)), None)


def _refusal(row: RunRow, key: str) -> str:
    """Return why the run refuses the change, '' if it does not."""
    if row.state not in CHANGEABLE:
        return f"run {row.id} is {row.state}; only running, starting, queued and paused runs can be changed"
    if key == "strength" and variant(row.config.model.shortcut).plain:
        return f"run {row.id} ({row.arm}) has no shortcut whose strength could be set; choose from lr, weight_decay"
    return ""
