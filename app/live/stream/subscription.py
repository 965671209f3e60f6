"""The chain of messages that the viewers of one set of runs share, and the signal that wakes them."""

import asyncio
import time
from collections import OrderedDict
from contextlib import suppress
from typing import Any

Cursor = tuple[int, int]
#: Messages of a chain that stay for slow viewers.
KEPT = 64


class Signal:
    """Wake all who wait. Take ``now`` before a check, ``wait`` for it after the check: no wake-up is lost."""

    def __init__(self) -> None:
        self.now = asyncio.Event()

    def wake(self) -> None:
        """Wake everybody."""
        event, self.now = self.now, asyncio.Event()
        event.set()

    @staticmethod
    async def wait(event: asyncio.Event, seconds: float) -> None:
        """Wait for an event taken from ``now``, at most so many seconds."""
        with suppress(TimeoutError):
            # Not asyncio.wait_for: in Python 3.11 it can lose a cancellation.
            async with asyncio.timeout(max(0.0, seconds)):
                await event.wait()


class Subscription:
    """The chain of messages for one set of runs.

    ``links`` map a cursor to (next cursor, event); ``cursor`` is the chain's end, ``seen`` the last cursor read.
    """

    def __init__(self, runs: tuple[int, ...], cursor: Cursor, pace: float):
        self.runs = runs
        self.cursor = self.seen = cursor
        self.links: OrderedDict[Cursor, tuple[Cursor, bytes]] = OrderedDict()
        self.viewers = 0
        #: Wakes the viewers after a new message or another notice.
        self.moved = Signal()
        self.task: asyncio.Task[None] | None = None
        #: What ended the task by an error, in one line.
        self.trouble = ""
        self.pace = pace
        #: By key of the message.
        self.conclusions: dict[str, Any] = {}
        self.conclusions_due = 0.0
        self.load_due = 0.0
        self.running_sent: dict[int, float] = {}
        #: Monotonic seconds of the newest points, None before the first ones.
        self.news: float | None = None

    @property
    def age(self) -> float | None:
        """Seconds since the newest points, None before the first ones."""
        return None if self.news is None else time.monotonic() - self.news

    def covers(self, position: Cursor) -> bool:
        """Whether the chain reaches a position: a snapshot can be a moment ahead, and its viewer then waits."""
        return self.cursor[0] >= position[0] and self.cursor[1] >= position[1]

    def append(self, upto: Cursor, event: bytes) -> None:
        """Extend the chain to ``upto``; an empty event changes ``seen`` alone."""
        self.seen = upto
        if not event:
            return
        self.links[self.cursor] = (upto, event)
        self.cursor = upto
        while len(self.links) > KEPT:
            self.links.popitem(last=False)
