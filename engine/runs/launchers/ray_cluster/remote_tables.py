"""A worker's ``Writer`` and ``Reader`` by way of the desk. Torch-free, and without Ray.

Measurements are sent ahead, at most ``MAX_IN_FLIGHT`` batches without an answer; every other call waits for its own. A
refused batch is not lost: it stays first in its line, and the error is raised by the call after it, which is not taken
then. ``RetryingWriter`` repeats that call, as it does with a database on this machine. Batches have numbers: one that
is sent again after silence is done once.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from engine.runs.launchers.ray_cluster.messages import MAX_IN_FLIGHT, Batch, Call, DeskLine, DeskSilent, Reply, Sender
from engine.runs.worker.retrying_writer import PASSING
from engine.store.workspace import Workspace

#: Methods whose callers wait for no answer.
AHEAD = frozenset({("points", "record"), ("probes", "add"), ("log", "add"), ("labs", "results")})
#: How long a call waits for its answer before it counts as refused for now.
WAIT_S = 10.0
#: How long a reader repeats a call that the desk did not answer, and the pause between two tries.
READ_S, PAUSE_S = 30.0, 0.5
_TRIES = 3


def patient(line: DeskLine, group: str, method: str, *values: object, within_s: float = READ_S) -> Any:
    """Call a method of the desk that may be repeated, until it answers; raise its error after ``within_s``."""
    deadline = time.monotonic() + within_s
    while True:
        try:
            reply: Reply = line.answer(line.send(group, method, *values), within_s)
            return reply.result()
        except PASSING:
            if time.monotonic() > deadline:
                raise
            time.sleep(PAUSE_S)


@dataclass(slots=True)
class _Sent:
    batch: Batch
    handle: Any


class RemoteWriter:
    """Looks like ``engine.store.writer.Writer`` to a worker; one per thread."""

    def __init__(self, line: DeskLine, sender: Sender):
        self._line, self._sender = line, sender
        self._number = 0
        self._sent: deque[_Sent] = deque()
        #: Whether the first of them is a call whose caller heard no answer and may repeat it.
        self._is_unanswered = False
        for table in ("jobs", "points", "log", "checkpoints", "probes", "labs", "interventions"):
            setattr(self, table, _Table(table, self._call))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Wait for the answers of all batches; what the desk refused for good was raised before."""
        self._settle(0)

    def _call(self, call: Call) -> Any:
        if call[:2] in AHEAD:
            self._settle(MAX_IN_FLIGHT - 1)
            self._send(call)
            return None
        if not (self._is_unanswered and len(self._sent) == 1 and self._sent[0].batch.calls == (call,)):
            self._settle(0)
            self._send(call)
        return self._first()

    def _send(self, call: Call) -> None:
        first = self._sent[0].batch.number if self._sent else self._number
        batch = Batch(self._sender, self._number, (call,), first)
        self._number += 1
        self._sent.append(_Sent(batch, self._line.send("writes", "write", batch)))

    def _settle(self, most: int) -> None:
        """Take answers until at most so many batches have none."""
        while self._sent and (len(self._sent) > most or self._line.is_answered(self._sent[0].handle)):
            self._first()

    def _first(self) -> Any:
        """Return the answer to the first batch. Raises what it raises; a batch that may pass later stays."""
        waits = self._sent[0].batch.calls[0][:2] not in AHEAD
        try:
            reply = self._answered()
        except DeskSilent:
            # Nobody knows whether it was done: it is sent again under its number, before whatever comes next.
            self._is_unanswered = waits
            self._send_anew(self._sent[0].batch.number)
            raise
        self._is_unanswered = False
        if isinstance(reply.error, PASSING) and not waits:
            self._send_anew(self._sent[0].batch.number)
            raise reply.error
        number = self._sent.popleft().batch.number
        if reply.error is not None:  # it was undone, so its number is the next one's
            self._send_anew(number)
        return reply.result()

    def _answered(self) -> Reply:
        for _ in range(_TRIES):
            reply: Reply = self._line.answer(self._sent[0].handle, WAIT_S)
            if reply.resend is None:
                return reply
            self._send_anew(self._sent[0].batch.number)
        raise DeskSilent("the desk misses what was sent to it; nothing was changed, try again")

    def _send_anew(self, number: int) -> None:
        """Send all batches without an answer again, the first under this number."""
        self._number = number + len(self._sent)
        for place, sent in enumerate(self._sent):
            sent.batch = Batch(self._sender, number + place, sent.batch.calls, number)
            sent.handle = self._line.send("writes", "write", sent.batch)


class RemoteReader:
    """Looks like ``engine.store.reader.Reader`` to a worker."""

    def __init__(self, line: DeskLine, workspace: Workspace):
        self._line, self.workspace = line, workspace
        for table in ("jobs", "points", "runs", "races", "checkpoints", "probes", "labs", "interventions"):
            setattr(self, table, _Table(table, self._call))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def _call(self, call: Call) -> Any:
        return patient(self._line, "reads", "read", *call)


class _Table:
    """A table of the desk: every method is a call."""

    def __init__(self, name: str, call: Callable[[Call], Any]):
        self._name, self._call = name, call

    def __getattr__(self, method: str) -> Callable[..., Any]:
        if method.startswith("_"):
            raise AttributeError(method)
        return lambda *values, **named: self._call((self._name, method, values, named))
