"""Edits of a live run: which of them hold, which wait, and their effect.

Learning rate, weight decay and shortcut strength of an update follow from the config, the earlier edits and the warm-up
alone. An edit takes effect before an update and is recorded with the step of that update. A training that resumes from
an older checkpoint takes the edit over at the same step, so its weights are those of one that was never interrupted. An
edit without a step waits until the training has passed every step on record.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, replace
from typing import Any

from torch import nn
from torch.optim import Optimizer

from engine.config import LIVE, STEPS, Change, OptimConfig
from engine.events import Changed
from engine.models.shortcuts.strength import set_strength
from engine.training.optim import learning_rate


class LiveEdits:
    """The edits of one run.

    Args:
        optim: the schedule that they change.
        rows: the edits that are known so far.
        on_record: the last step whose metrics are stored.
    """

    def __init__(self, optim: OptimConfig, rows: Iterable[Change] = (), on_record: int = 0):
        self._optim, self._on_record = optim, on_record
        self._waiting: dict[int, Change] = {}
        self._holding: list[Change] = []
        self._unrecorded: list[Change] = []
        self.add(rows)

    def add(self, rows: Iterable[Change]) -> None:
        """Add edits; those that are known already are passed over."""
        known = {change.id for change in self._holding}
        for row in sorted(rows, key=lambda row: row.id):
            if row.id in known:
                continue
            if row.key == STEPS:  # an extension waits for nothing: it holds behind the end that the run had
                self._holding.append(row)
            else:
                self._waiting.setdefault(row.id, row)

    def restore(self, held: Iterable[Sequence[Any]], step: int) -> None:
        """Go on from a checkpoint after ``step`` updates that holds the edits ``held``, as ``document`` returned them.

        Every edit on record up to that step is in the weights of the checkpoint, also where ``held`` lacks it.
        """
        for change in (Change(*entry) for entry in held):
            row = self._waiting.pop(change.id, None)
            if row is not None and row.step is None:  # it took effect, but its worker ended before the record
                self._unrecorded.append(change)
            if change.id not in {one.id for one in self._holding}:
                self._holding.append(change)
        for row in list(self._waiting.values()):
            if row.step is not None and row.step <= step:
                self._holding.append(self._waiting.pop(row.id))
        self._holding.sort(key=lambda change: (change.step, change.id))

    def document(self) -> list[list[Any]]:
        """Return the edits that hold, as plain values for a checkpoint."""
        return [list(astuple(change)) for change in self._holding]

    def begin(self, step: int, lr: float) -> Iterator[Changed]:
        """Put the edits into effect that begin with update ``step``, one by one; ``lr`` is the rate before."""
        while self._unrecorded:
            change = self._unrecorded.pop(0)
            yield Changed(_began(change), change.id, f"{_label(change)} to {change.value:g}")
        for row in list(self._waiting.values()):
            if row.step == step or (row.step is None and step > self._on_record):
                before = lr if row.key == "lr" else self._value(row.key)
                self._holding.append(replace(self._waiting.pop(row.id), step=step))
                lr = row.value if row.key == "lr" else lr
                # A fork's config has its new value already: its parent's value is not known here.
                was = f" {before:g}" if before != row.value else ""
                yield Changed(step, row.id, f"{_label(row)}{was} to {row.value:g}")

    @property
    def ends(self) -> tuple[int, ...]:
        """The number of steps that the run was planned with, and each to which it was extended, ascending."""
        return (self._optim.steps, *(int(change.value) for change in self._holding if change.key == STEPS))

    @property
    def rate_set_at(self) -> int | None:
        """The first update with the learning rate that was set last; None if none was. Any warm-up is over with it."""
        change = self._last("lr")
        return None if change is None else change.step

    def rate(self, step: int, warming: bool) -> float:
        """Return the learning rate of update ``step``: as changed, divided by the drops that came after the change."""
        change = self._last("lr")
        if change is None:
            return learning_rate(self._optim, step, warming)
        return self._optim.rate_after(step, change.value, _began(change))

    def apply(self, model: nn.Module, optimizer: Optimizer) -> None:
        """Set weight decay and shortcut strength of the next update; the rate is set at every step."""
        if self._last("weight_decay") is not None:
            for group in optimizer.param_groups:
                group["weight_decay"] = self._value("weight_decay")
        if self._last("strength") is not None:
            set_strength(model, self._value("strength"))

    def _value(self, key: str) -> float:
        change = self._last(key)
        if change is not None:
            return change.value
        return 1.0 if key == "strength" else getattr(self._optim, key)

    def _last(self, key: str) -> Change | None:
        return next((change for change in reversed(self._holding) if change.key == key), None)


def _began(change: Change) -> int:
    assert change.step is not None, "a change that holds has its step"
    return change.step


def _label(change: Change) -> str:
    return LIVE[change.key].label
