"""The chain of messages that the viewers of one set of runs share, and the signal that wakes those who wait for it."""

import asyncio
import time
from collections import OrderedDict
from contextlib import suppress
from typing import Any

Cursor = tuple[int, int]
#: Messages of a chain that are kept for viewers that lag behind.
KEPT = 64


class Signal:
    """Wakes all who wait. Take ``now`` before looking at what may change, then ``wait`` for it: no wake-up is lost."""

    def __init__(self) -> None:
        self.now = asyncio.Event()

    def wake(self) -> None:
        """Wake everybody."""
        event, self.now = self.now, asyncio.Event()
        event.set()

    @staticmethod
    async def wait(event: asyncio.Event, seconds: float) -> None:
        """Wait until the event taken from ``now`` is over, at most so many seconds."""
        with suppress(TimeoutError):
            # Not asyncio.wait_for: that of Python 3.11 can lose a cancellation.
            async with asyncio.timeout(max(0.0, seconds)):
                await event.wait()


class Subscription:
    """The chain of messages for one set of runs. ``links``: cursor -> (next cursor, event).

    ``cursor`` is the chain's end; ``seen`` how far the store was looked through since, with nothing about these runs.
    """

    def __init__(self, runs: tuple[int, ...], cursor: Cursor, pace: float):
        self.runs = runs
        self.cursor = self.seen = cursor
        self.links: OrderedDict[Cursor, tuple[Cursor, bytes]] = OrderedDict()
        self.viewers = 0
        #: Wakes its viewers: the chain is longer, or something beside it changed.
        self.moved = Signal()
        self.task: asyncio.Task[None] | None = None
        self.pace = pace
        #: What is told of these runs beside their points, by key of the message.
        self.conclusions: dict[str, Any] = {}
        self.conclusions_due = 0.0
        self.load_due = 0.0
        self.running_sent: dict[int, float] = {}
        #: When the newest points of these runs were seen (monotonic seconds), None before the first ones.
        self.news: float | None = None

    @property
    def age(self) -> float | None:
        """Seconds since new points of these runs were last seen, None when none were."""
        return None if self.news is None else time.monotonic() - self.news

    def covers(self, position: Cursor) -> bool:
        """Whether the chain has come as far: a snapshot can be a moment ahead of it, and its viewer then waits."""
        return self.cursor[0] >= position[0] and self.cursor[1] >= position[1]

    def append(self, upto: Cursor, event: bytes) -> None:
        """Extend the chain to ``upto``; an event of nothing leaves it as it is."""
        self.seen = upto
        if not event:
            return
        self.links[self.cursor] = (upto, event)
        self.cursor = upto
        while len(self.links) > KEPT:
            self.links.popitem(last=False)
