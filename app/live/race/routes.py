"""The live routes of a race: GET and read-only, as Streamlit's checks of origin and token do not cover them.

    GET /live/history?runs=1,2&n=2000[&first=&last=]   one snapshot as JSON; n points of each run, all splits together,
                                                       first and last step: one for all runs or one each (first=0,500)
    GET /live/stream?runs=1,2[&since=CURSOR]           Server-Sent Events from the cursor on
    GET /live/recording?runs=1,2[&n=2000]              what a replay plays: the history, and conclusions at moments
    GET /live/recorded-curves.json                     the recorded race of the first visit with few points, likewise
    GET /live/recorded-picture-SCHEME.png              its picture before it plays; SCHEME is light or dark

The history lists unknown runs under "d". The answer to a wrong parameter is one line: 400, 404 when none of the runs
exists, 409 for a cursor of another database, 503 when the store cannot be read.
"""

import sqlite3
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from typing import Any

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from app.data import races, streaming, workspace
from app.data.exchange import recordings
from app.data.recording.recording import recording
from app.live.race import messages
from app.live.stream.answers import resumed_from, stored, stream_answer
from app.live.stream.feed import Feed
from app.live.stream.query_params import NO_STORE, BadRequest, no_run, number, numbers, refuse_ahead, runs_of

#: Points of one curve; the most also of all the curves of an answer together.
MIN_POINTS, MAX_POINTS = 100, 20_000
#: The largest step that a query can name.
MAX_STEP = 10**9
Ranges = dict[int, tuple[int, int | None]]
#: The stream itself reports an unreadable store.
_left_to_the_stream = suppress(workspace.SkipscopeError, sqlite3.Error)


def race_routes(feed: Feed) -> list[Route]:
    """Return the routes of a race, fed by ``feed``."""

    async def stream(request: Request) -> Response:
        runs, since = runs_of(request, at_least=0), resumed_from(request)
        await feed.ready()
        if feed.head and since and (since[0] > feed.head.points or since[1] > feed.head.changes):
            await anyio.to_thread.run_sync(_refuse_stranger, since)
        if feed.head and runs and not request.headers.get("last-event-id"):
            await anyio.to_thread.run_sync(_refuse_unknown, runs)
        return stream_answer(feed.follow(runs, since))

    async def history(request: Request) -> Response:
        runs = runs_of(request, at_least=1)
        at_most = number(request, "n", (MIN_POINTS, MAX_POINTS // len(runs)), usual_points(len(runs)))
        first = numbers(request, "first", (0, MAX_STEP), 0, len(runs))
        last = numbers(request, "last", (0, MAX_STEP), None, len(runs))
        ranges: Ranges = dict(zip(runs, zip(first, last, strict=True), strict=True))
        for begin, end in ranges.values():
            if end is not None and end < begin:
                raise BadRequest(400, f"last ({end}) must not be smaller than first ({begin})")
        text = await stored(_read_history, runs, at_most, ranges, feed.age(runs))
        return Response(text, media_type="application/json", headers=NO_STORE)

    async def recorded(request: Request) -> Response:
        runs = runs_of(request, at_least=1)
        at_most = number(request, "n", (MIN_POINTS, MAX_POINTS // len(runs)), usual_points(len(runs)))
        text = await stored(_read_recording, runs, at_most)
        return Response(text, media_type="application/json", headers=NO_STORE)

    async def curves(_: Request) -> Response:
        if not recordings.CURVES.is_file():
            raise BadRequest(404, "there are no curves")
        return FileResponse(recordings.CURVES, media_type="application/json", headers={"Cache-Control": "no-cache"})

    answers = {"history": history, "stream": stream, "recording": recorded, "recorded-curves.json": curves}
    answers |= {f"recorded-picture-{scheme}.png": _still(scheme) for scheme in recordings.SCHEMES}
    return [Route(f"/live/{name}", answer, methods=["GET"]) for name, answer in answers.items()]


def _still(scheme: str) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    """Return the answer with the picture for a page of these colours."""

    async def still(_: Request) -> Response:
        if (path := recordings.first_still(scheme)) is None:
            raise BadRequest(404, "there is no picture")
        return FileResponse(path, media_type="image/png", headers={"Cache-Control": "no-cache"})

    return still


def usual_points(runs: int) -> int:
    """Return the points of a run in a history of so many runs: four fifths of those drawn, so that curves can grow."""
    return max(MIN_POINTS, min(2_000, MAX_POINTS * 4 // 5 // max(1, runs)))


def _read_history(runs: tuple[int, ...], at_most: int, ranges: Ranges, age: float | None) -> str:
    history = streaming.history(runs, at_most, ranges)
    if not history.series:
        raise no_run(runs)
    return messages.history_document(history, age, [run for run in runs if run not in history.series])


def _read_recording(runs: tuple[int, ...], at_most: int) -> str:
    found = recording(runs, at_most)
    if not found.history.series:
        raise no_run(runs)
    # A record outlives its processes: after a kill it says `running`, and its replay must end as the page ends.
    seen = streaming.engine_status()["seen"]
    summaries = [summary | seen.get(summary["run"], {}) for summary in found.history.run_summaries]
    return messages.recording_document(replace(found, history=replace(found.history, run_summaries=summaries)))


def _refuse_unknown(runs: tuple[int, ...]) -> None:
    """Refuse runs of which none exists: a page may still name some deleted runs."""
    with _left_to_the_stream:
        if not races.known_runs(runs):
            raise no_run(runs)


def _refuse_stranger(since: tuple[int, int]) -> None:
    """Refuse a cursor of another database. The feed can be a moment behind the browser, so the store decides."""
    with _left_to_the_stream:
        head = streaming.head()
        refuse_ahead(since, (head.points, head.changes))
