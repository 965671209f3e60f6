"""Answers of the live routes: JSON documents, and streams of news other than the points of races."""

import logging
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any, TypeVar

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from app.data import streaming, workspace
from app.live.stream.query_params import NO_STORE, STREAMED, BadRequest, cursor
from app.live.stream.sse import dumps, event
from app.live.stream.watcher import KEEP_ALIVE_S, Watcher

#: Seconds between two looks at the engine's state.
LOOK_S = 1.0
_Result = TypeVar("_Result")

_log = logging.getLogger(__name__)


async def stored(read: Callable[..., _Result], *values: Any) -> _Result:
    """Call a function that reads the store, in a thread. Raises BadRequest for an unreadable store."""
    try:
        return await anyio.to_thread.run_sync(read, *values)
    except (workspace.SkipscopeError, sqlite3.Error) as error:
        raise BadRequest(503, str(error)) from None


def json_answer(document: Any) -> Response:
    """Return a document as JSON that no cache keeps."""
    return Response(dumps(document), media_type="application/json", headers=NO_STORE)


def stream_answer(chunks: AsyncIterator[bytes]) -> Response:
    """Return the answer that sends Server-Sent Events."""
    return StreamingResponse(chunks, media_type="text/event-stream", headers=STREAMED)


def resumed_from(request: Request) -> tuple[int, int] | None:
    """Return the cursor of a reconnect, else that of the query, None without one. Raises BadRequest."""
    return cursor(request.headers.get("last-event-id") or request.query_params.get("since"))


async def news_events(
    feed: Watcher,
    pace_s: float,
    is_due: Callable[[streaming.Head], bool],
    read: Callable[[streaming.Head], tuple[str | None, dict[str, Any]]],
) -> AsyncIterator[bytes]:
    """Yield Server-Sent Events until the feed closes: news of the store, the engine's state, trouble.

    Args:
        pace_s: Seconds between two messages at least.
        is_due: Whether the store has grown enough for another read.
        read: Returns a cursor and the news, in a thread; ``{"gone": True}`` ends the stream.
    """
    yield b"retry:1000\n\n"
    notices: dict[str, Any] = {"error": ""}
    sent = time.monotonic()
    async with aclosing(feed.heads(LOOK_S)) as heads:
        async for head in heads:
            fresh = {key: value for key, value in feed.notices().items() if notices.get(key) != value}
            notices.update(fresh)
            position = None
            if head is not None and is_due(head):
                try:
                    position, news = await anyio.to_thread.run_sync(read, head)
                except (workspace.SkipscopeError, sqlite3.Error):
                    news = {}  # the watcher meets the same trouble and reports it
                except Exception as error:
                    _log.exception("news of a page")
                    said = f"the live data stopped ({workspace.in_one_line(error)}); see the server's messages"
                    yield event(None, {"error": said})
                    return  # the browser connects anew
                if "gone" in news:
                    yield event(None, news)
                    return
                fresh |= news
            if fresh:
                sent = time.monotonic()
                yield event(position, fresh)
                await anyio.sleep(pace_s)
            elif time.monotonic() - sent >= KEEP_ALIVE_S:
                sent = time.monotonic()
                yield b": keep-alive\n\n"
