"""Watches the database for all streams: its head, the engine's state, the replacement of its file.

A thread of its own reads the head, which takes microseconds: a locked database must not stop the server. Everything
else happens in the server's event loop.
"""

import asyncio
import logging
import sqlite3
import threading
import time
from collections.abc import AsyncGenerator, Callable
from typing import Any, Protocol

from app.data import streaming, workspace
from app.live.stream.subscription import Cursor, Signal

#: Seconds between two looks for a write, with viewers and without.
POLL_S, IDLE_POLL_S = 0.02, 0.5
#: Seconds between two reads of the head: at most, since the mark of a write may stay as it was; at least, since runs
#: that write at different moments would have it read at every look.
HEAD_S, BETWEEN_HEADS_S = 0.1, 0.05
ENGINE_S = 1.0
KEEP_ALIVE_S = 15.0

_log = logging.getLogger(__name__)


class Source(Protocol):
    """The functions of ``app.data.streaming`` that a feed reads by; tests have stand-ins."""

    def head(self) -> streaming.Head: ...  # noqa: D102
    def log_mark(self) -> tuple[int, ...] | None: ...  # noqa: D102
    def delta(self, runs: Any, since: Cursor, upto: Cursor) -> streaming.Delta: ...  # noqa: D102
    def conclusions(self, runs: Any) -> streaming.Conclusions: ...  # noqa: D102
    def engine_status(self) -> dict[str, Any]: ...  # noqa: D102


class Watcher:
    """Watch one source. Start and stop it inside the server's event loop.

    ``head`` is None for an unreadable store, with the reason in ``trouble``. ``file`` identifies the database. A
    thread calls ``on_new_file`` when another database takes this one's place.
    """

    def __init__(self, source: Source = streaming, on_new_file: Callable[[], object] | None = None):
        self.source = source
        self.on_new_file = on_new_file
        self.head: streaming.Head | None = None
        self.file: tuple[int, int] | None = None
        self.trouble = ""
        self.engine: dict[str, Any] | None = None
        self.closing = False
        #: Woken by a new head.
        self._further = Signal()
        self._observers = 0
        self._awake = threading.Event()
        self._stopped = threading.Event()
        self._first_look = asyncio.Event()

    # --- life -----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to watch."""
        self._loop = asyncio.get_running_loop()
        self._thread = workspace.GuardedThread("feed-watch", self._watch, self._watch_ended)
        self._thread.start()

    def close(self) -> None:
        """End every stream; called in the event loop's thread, also long before ``stop``."""
        self.closing = True
        self._further.wake()
        self._wake_viewers()

    async def stop(self) -> None:
        """End everything."""
        self.close()
        self._stopped.set()
        self._awake.set()
        await asyncio.to_thread(self._thread.join, 1.0)

    async def ready(self) -> None:
        """Wait for the first read of the head."""
        self._awake.set()
        await self._first_look.wait()

    async def heads(self, seconds: float = KEEP_ALIVE_S) -> AsyncGenerator[streaming.Head | None, None]:
        """Yield the head (None: unreadable store): now, at every change, after so many seconds without a change.

        Ends when the feed closes or another database takes this one's place.
        """
        await self.ready()
        self._observers += 1
        began_with = self.file
        try:
            while not self.closing and self.file == began_with:
                further = self._further.now
                yield self.head
                await Signal.wait(further, seconds)
        finally:
            self._observers -= 1

    def notices(self) -> dict[str, Any]:
        """Return the part of every stream beside its own news: trouble with the store, and the engine's state."""
        return {"error": self.trouble} | ({"engine": self.engine} if self.engine is not None else {})

    # --- in the watching thread -----------------------------------------------------------------------------------

    def _watch(self) -> None:
        engine_due, head_due, head_from, mark = 0.0, 0.0, 0.0, None
        while not self._stopped.is_set():
            now, found = time.monotonic(), self.source.log_mark()  # before the read, which may see a later write
            if now >= head_due or ((found is None or found != mark) and now >= head_from):
                mark = found
                head, trouble = self._head()
                head_due, head_from = (0.0 if trouble else now + HEAD_S), now + BETWEEN_HEADS_S
                if head != self.head or trouble != self.trouble:
                    self._call_in_loop(self._arrived, head, trouble)
                elif not self._first_look.is_set():
                    self._call_in_loop(self._first_look.set)
            if time.monotonic() >= engine_due:
                engine_due = time.monotonic() + ENGINE_S
                engine = self._engine_status()
                if engine != self.engine:
                    self._call_in_loop(self._engine_changed, engine)
            self._awake.wait(POLL_S if self._is_watched() else IDLE_POLL_S)
            self._awake.clear()

    def _watch_ended(self, cause: str) -> None:
        """Tell the viewers what ended the thread, for nothing else would ever reach them again."""
        self._call_in_loop(self._arrived, None, f"the page is no longer live: {cause}; start the server again")

    def _head(self) -> tuple[streaming.Head | None, str]:
        """Return the store's head and '', else None and what keeps it from being read."""
        try:
            return self.source.head(), ""
        except (workspace.SkipscopeError, sqlite3.Error) as error:
            return None, str(error)
        except Exception as error:
            trouble = f"the database cannot be read ({workspace.in_one_line(error)}); see the server's messages"
            if trouble != self.trouble:
                _log.exception("the head of the store")
            return None, trouble

    def _engine_status(self) -> dict[str, Any]:
        try:
            return self.source.engine_status()
        except (workspace.SkipscopeError, sqlite3.Error) as error:
            return {"state": "silent", "message": str(error)}
        except Exception as error:
            return {"state": "silent", "message": f"the engine's state cannot be read ({workspace.in_one_line(error)})"}

    def _call_in_loop(self, function: Callable[..., None], *values: Any) -> None:
        if not self._stopped.is_set() and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function, *values)

    # --- in the event loop ----------------------------------------------------------------------------------------

    def _arrived(self, head: streaming.Head | None, trouble: str) -> None:
        another = head is not None and head.file != self.file and self._first_look.is_set()
        viewers_must_know = another or trouble != self.trouble
        self.head, self.trouble = head, trouble
        self.file = head.file if head else self.file
        self._first_look.set()
        if another:
            self._replaced()
            if self.on_new_file:
                startup = workspace.GuardedThread("feed-startup", self.on_new_file, self._startup_ended)
                if not startup.start_if_possible():
                    self._startup_ended("this process may have no further thread")
        self._further.wake()
        if viewers_must_know:
            self._wake_viewers()

    def _startup_ended(self, cause: str) -> None:
        self._call_in_loop(self._engine_changed, {"state": "none", "message": f"the engine was not started: {cause}"})

    def _engine_changed(self, engine: dict[str, Any]) -> None:
        self.engine = engine
        self._wake_viewers()

    def _is_watched(self) -> bool:
        return bool(self._observers)

    def _replaced(self) -> None:
        """React to another database."""

    def _wake_viewers(self) -> None:
        """Wake the viewers after a change outside the store: the engine, trouble, the end."""
