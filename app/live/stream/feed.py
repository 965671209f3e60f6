"""The news of some runs, read and composed once for all viewers of the same runs.

A ``Watcher`` reports the growth of the store. Viewers of the same runs share a ``Subscription``: a chain of messages,
each from one cursor to the next. After a reload or a reconnect, a viewer's first message is its own and leads onto the
chain. So each viewer gets every change exactly once.
"""

import asyncio
import logging
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from app.data import machine, streaming, workspace
from app.live.stream import delta as deltas
from app.live.stream import sse
from app.live.stream.subscription import Cursor, Signal, Subscription
from app.live.stream.watcher import KEEP_ALIVE_S, POLL_S, Source, Watcher

#: Seconds between two messages at least, also for runs that make more steps than are streamed.
PACE_S, FAST_PACE_S = 0.2, 0.5
#: Seconds between running means, seconds between conclusions at least, bytes per second of conclusions at most.
RUNNING_S, CONCLUSIONS_S, CONCLUSIONS_BYTES_PER_S = 0.9, 2.0, 60
#: Seconds between two readings of the machine's meters at least.
LOAD_S = 2.0

_log = logging.getLogger(__name__)


class Feed(Watcher):
    """Send every viewer the news of its runs."""

    def __init__(self, source: Source = streaming, on_new_file: Callable[[], object] | None = None):
        super().__init__(source, on_new_file)
        self.subscriptions: dict[tuple[int, ...], Subscription] = {}
        #: Wakes the viewers without a subscription.
        self._changed = Signal()
        # One thread composes all messages, so subscriptions need no locks.
        self._composer = ThreadPoolExecutor(1, thread_name_prefix="feed-compose")
        self._load: machine.MachineLoad | None = None

    def start(self) -> None:
        """Begin to watch, and to measure the machine's load."""
        super().start()
        self._composer.submit(self._meters)

    async def stop(self) -> None:
        """End everything."""
        self.close()
        tasks = [subscription.task for subscription in self.subscriptions.values() if subscription.task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._composer.shutdown(wait=False, cancel_futures=True)
        await super().stop()

    def age(self, runs: tuple[int, ...]) -> float | None:
        """Return the seconds since the newest points of these runs, None without viewers or points."""
        subscription = self.subscriptions.get(runs)
        return subscription.age if subscription else None

    def _is_watched(self) -> bool:
        return bool(self.subscriptions) or super()._is_watched()

    def _replaced(self) -> None:
        # Cursors of the old database mean nothing: viewers reconnect and get a refusal.
        for subscription in list(self.subscriptions.values()):
            subscription.moved.wake()
            self._drop(subscription)

    def _wake_viewers(self) -> None:
        for subscription in self.subscriptions.values():
            subscription.moved.wake()
        self._changed.wake()

    def _drop(self, subscription: Subscription) -> None:
        if self.subscriptions.get(subscription.runs) is subscription:
            del self.subscriptions[subscription.runs]
        if subscription.task:
            subscription.task.cancel()

    def _join(self, runs: tuple[int, ...]) -> Subscription:
        assert self.head is not None
        subscription = self.subscriptions.get(runs)
        if subscription is None:
            subscription = self.subscriptions[runs] = Subscription(runs, (self.head.points, self.head.changes), PACE_S)
            subscription.task = asyncio.create_task(self._guarded(subscription), name=f"subscription {runs}")
            self._awake.set()
        subscription.viewers += 1
        return subscription

    def _leave(self, subscription: Subscription) -> None:
        subscription.viewers -= 1
        if subscription.viewers == 0:
            self._drop(subscription)

    # --- a subscription: one composition per tick for all viewers ----------------------------------------------------

    async def _guarded(self, subscription: Subscription) -> None:
        """Drive a subscription; an error ends it, and its viewers learn the cause and connect anew."""
        try:
            await self._drive(subscription)
        except Exception as error:
            _log.exception("subscription %s", subscription.runs)
            subscription.trouble = _stopped(error)
            subscription.moved.wake()
            if self.subscriptions.get(subscription.runs) is subscription:
                del self.subscriptions[subscription.runs]

    async def _drive(self, subscription: Subscription) -> None:
        await self._refresh_conclusions(subscription)
        stale = False
        while not self.closing:
            further = self._further.now
            if stale and time.monotonic() >= subscription.conclusions_due:
                await self._refresh_conclusions(subscription)
                stale = False
            head = self.head and (self.head.points, self.head.changes)
            if head is None or head == subscription.seen:
                await Signal.wait(further, subscription.conclusions_due - time.monotonic() if stale else KEEP_ALIVE_S)
                continue
            try:
                upto, event, changed = await self._in_thread(self._composed, subscription, subscription.seen, head)
            except (workspace.SkipscopeError, sqlite3.Error):
                await asyncio.sleep(PACE_S)  # the watcher meets the same trouble and reports it
                continue
            subscription.append(upto, event)
            if event:
                subscription.moved.wake()
            stale = stale or bool(event)
            if changed:
                subscription.conclusions_due = 0.0
            await self._rest(subscription, subscription.pace if event else POLL_S)

    async def _rest(self, subscription: Subscription, seconds: float) -> None:
        """Wait between two messages; a run that begins or ends is told at once."""
        due = time.monotonic() + seconds
        await asyncio.sleep(POLL_S)
        while (left := due - time.monotonic()) > 0:
            further = self._further.now
            if self.head and self.head.changes != subscription.seen[1]:
                return
            await Signal.wait(further, left)

    async def _refresh_conclusions(self, subscription: Subscription) -> None:
        try:
            conclusions = await self._in_thread(self.source.conclusions, subscription.runs)
        except (workspace.SkipscopeError, sqlite3.Error):
            return
        document = deltas.conclusions_document(conclusions)
        fresh = {key: value for key, value in document.items() if subscription.conclusions.get(key) != value}
        size = len(sse.dumps(fresh)) if fresh else 0
        subscription.conclusions_due = time.monotonic() + max(CONCLUSIONS_S, size / CONCLUSIONS_BYTES_PER_S)
        if fresh:
            subscription.conclusions = document
            subscription.moved.wake()

    async def _in_thread(self, function: Callable[..., Any], *values: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._composer, function, *values)

    def _composed(
        self, subscription: Subscription, since: Cursor, upto: Cursor, catching_up: bool = False
    ) -> tuple[Cursor, bytes, bool]:
        """Return (cursor reached, event or nothing, whether a run's state changed)."""
        delta = self.source.delta(subscription.runs, since, upto)
        train = deltas.by_run(delta)
        now = time.monotonic()
        # Running means come about once a second, and with every card: at its end a run must show its last ones.
        begun = {card["run"] for card in delta.run_summaries if card["state"] not in ("queued", "starting")}
        due = {run for run in train if now - subscription.running_sent.get(run, 0.0) >= RUNNING_S}
        with_running = set(train) if catching_up else train.keys() & (begun | due)
        document = deltas.delta_document(delta, train, with_running)
        if not catching_up:
            subscription.news = now if delta.points else subscription.news
            subscription.running_sent.update(dict.fromkeys(with_running, now))
            if train:
                if now >= subscription.load_due and (load := self._meters().now()):
                    subscription.load_due = now + LOAD_S
                    document["m"] = load
                subscription.pace = FAST_PACE_S if any(map(deltas.is_fast, train.values())) else PACE_S
        elif document:
            age = subscription.age
            document |= {"a": None if age is None else round(age, 1)}
        event = sse.event(f"{upto[0]}.{upto[1]}", document) if document else b""
        return upto, event, bool(delta.run_summaries or delta.deleted)

    def _meters(self) -> machine.MachineLoad:
        self._load = self._load or machine.MachineLoad(LOAD_S)
        return self._load

    # --- a viewer -------------------------------------------------------------------------------------------------

    async def follow(self, runs: tuple[int, ...], since: Cursor | None) -> AsyncIterator[bytes]:
        """Yield Server-Sent Events about these runs from a cursor on (None: from now), until the feed closes.

        Ends when the database is replaced, appears or becomes readable; the browser then reconnects. Without runs, or
        without a readable database, events hold only the engine's state and trouble.
        """
        yield b"retry:1000\n\n"
        await self.ready()
        subscription = self._join(runs) if runs and self.head else None
        position = since or (subscription.cursor if subscription else (0, 0))
        known: dict[str, Any] = {"error": ""}
        sent = time.monotonic()
        began_with = self.file
        try:
            while not self.closing:
                moved = (subscription.moved if subscription else self._changed).now
                if self.file != began_with or (runs and subscription is None and self.head):
                    return
                if subscription and subscription.trouble:
                    yield sse.event(None, {"error": subscription.trouble})
                    return
                if notices := self._notices(subscription, known):
                    sent = time.monotonic()
                    yield notices
                if subscription and position != subscription.cursor and subscription.covers(position):
                    position, chunk = await self._next(subscription, position)
                    if chunk:
                        sent = time.monotonic()
                        yield chunk
                    continue
                left = sent + KEEP_ALIVE_S - time.monotonic()
                if left <= 0:
                    sent = time.monotonic()
                    yield b": keep-alive\n\n"
                else:
                    await Signal.wait(moved, left)
        except (workspace.SkipscopeError, sqlite3.Error) as error:
            yield sse.event(None, {"error": str(error)})
        except Exception as error:
            _log.exception("a viewer of %s", runs)
            yield sse.event(None, {"error": _stopped(error)})
        finally:
            if subscription:
                self._leave(subscription)

    async def _next(self, subscription: Subscription, position: Cursor) -> tuple[Cursor, bytes]:
        if position in subscription.links:
            return subscription.links[position]
        upto, event, _ = await self._in_thread(self._composed, subscription, position, subscription.cursor, True)
        return upto, event

    def _notices(self, subscription: Subscription | None, known: dict[str, Any]) -> bytes:
        """Return the event of engine, trouble and conclusions where a viewer ``known`` others; nothing without news."""
        now = self.notices() | (subscription.conclusions if subscription else {})
        fresh = {key: value for key, value in now.items() if known.get(key) != value}
        known.update(fresh)
        return sse.event(None, fresh) if fresh else b""


def _stopped(error: Exception) -> str:
    return f"the live data stopped ({workspace.in_one_line(error)}); see the server's messages"
