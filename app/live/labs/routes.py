"""The live routes of the labs: GET and read-only, like those of ``race/routes.py`` and with the same refusals.

    GET /live/lab?run=ID                          one snapshot of a job as JSON, see labs/messages.py
    GET /live/lab/stream?run=ID[&since=CURSOR]    Server-Sent Events with what is new from the cursor on

A stream ends when the job is deleted or another database takes this one's place.
"""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from app.data import labs, workspace
from app.live.labs.messages import lab_changes, lab_document
from app.live.stream.feed import Feed
from app.live.stream.query_params import NO_STORE, STREAMED, BadRequest, cursor, number, refusal
from app.live.stream.sse import dumps, event

#: Seconds between two messages at least, between two looks at the engine's state, and of silence at most.
PACE_S, LOOK_S, KEEP_ALIVE_S = 0.15, 1.0, 15.0


def lab_routes(feed: Feed) -> list[Route]:
    """Return the routes of the labs, woken by ``feed``."""

    async def snapshot(request: Request) -> Response:
        try:
            document = lab_document(await anyio.to_thread.run_sync(_news, _run(request), 0))
        except BadRequest as refused:
            return refusal(refused)
        return Response(dumps(document), media_type="application/json", headers=NO_STORE)

    async def stream(request: Request) -> Response:
        try:
            run = _run(request)
            since = cursor(request.headers.get("last-event-id") or request.query_params.get("since")) or (0, 0)
            await anyio.to_thread.run_sync(_refuse_stranger, run, since)
        except BadRequest as refused:
            return refusal(refused)
        return StreamingResponse(follow(feed, run, since), media_type="text/event-stream", headers=STREAMED)

    return [
        Route("/live/lab", snapshot, methods=["GET"]),
        Route("/live/lab/stream", stream, methods=["GET"]),
    ]


async def follow(feed: Feed, run: int, since: tuple[int, int]) -> AsyncIterator[bytes]:
    """Yield Server-Sent Events about one job: what is new since the cursor, the engine's state, trouble."""
    yield b"retry:1000\n\n"
    position = since
    told: dict[str, Any] = {}
    notices: dict[str, Any] = {"error": ""}
    looked, sent = None, time.monotonic()
    async with aclosing(feed.heads(LOOK_S)) as heads:
        async for head in heads:
            fresh = {key: value for key, value in feed.notices().items() if notices.get(key) != value}
            notices.update(fresh)
            cursor_text = None
            if head is not None and head.changes != looked:
                try:
                    news = await anyio.to_thread.run_sync(labs.lab_news, run, position[1])
                except (workspace.SkipscopeError, sqlite3.Error):
                    continue  # the watcher meets the same trouble and says so
                if news is None:
                    yield event(None, {"gone": True})
                    return
                looked, position = head.changes, news.cursor
                document = lab_document(news)
                changes = lab_changes(document, told)
                fresh |= changes
                cursor_text = document["cursor"] if changes else None
            if fresh:
                yield event(cursor_text, fresh)
                await asyncio.sleep(PACE_S)
            elif time.monotonic() - sent >= KEEP_ALIVE_S:
                yield b": keep-alive\n\n"
            else:
                continue
            sent = time.monotonic()


def _run(request: Request) -> int:
    run = number(request, "run", (1, 10**12 - 1), None)
    if run is None:
        raise BadRequest(400, "run must name a job of a lab, for example run=12")
    return run


def _news(run: int, since: int) -> labs.LabNews:
    try:
        news = labs.lab_news(run, since)
    except (workspace.SkipscopeError, sqlite3.Error) as error:
        raise BadRequest(503, str(error)) from None
    if news is None:
        raise BadRequest(404, f"there is no lab job {run}")
    return news


def _refuse_stranger(run: int, since: tuple[int, int]) -> None:
    """A cursor that is ahead of the store, or of the job's curves, is of another database."""
    news = _news(run, 0)
    if since[0] > news.cursor[0] or since[1] > news.cursor[1]:
        raise BadRequest(409, "the database was replaced; load the page again")
