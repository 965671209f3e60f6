"""The live routes of a race: GET and read-only, as Streamlit's checks of origin and token do not cover them.

    GET /live/history?runs=1,2&n=2000[&first=&last=]   one snapshot as JSON; n points of each run, all splits together,
                                                       first and last step: one for all runs or one each (first=0,500)
    GET /live/stream?runs=1,2[&since=CURSOR]           Server-Sent Events from the cursor on

Runs that do not exist are left out; the history lists them under "d". A wrong parameter is answered with one line: 400,
or 404 when none of the runs exists, 409 for a cursor of another database, 503 when the store cannot be read.
"""

import sqlite3

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from app.data import races, streaming, workspace
from app.live.race import messages
from app.live.stream.feed import Feed
from app.live.stream.query_params import NO_STORE, STREAMED, BadRequest, cursor, number, numbers, refusal, runs_of

#: Points of one curve; the most also of all the curves of an answer together.
MIN_POINTS, MAX_POINTS = 100, 20_000
#: The largest step that a query can name.
MAX_STEP = 10**9
Ranges = dict[int, tuple[int, int | None]]


def race_routes(feed: Feed) -> list[Route]:
    """Return the routes of a race, fed by ``feed``."""

    async def stream(request: Request) -> Response:
        try:
            runs = runs_of(request, at_least=0)
            resumed = request.headers.get("last-event-id")
            since = cursor(resumed or request.query_params.get("since"))
            await feed.ready()
            if feed.head and since and (since[0] > feed.head.points or since[1] > feed.head.changes):
                await anyio.to_thread.run_sync(_refuse_stranger, since)
            if feed.head and runs and not resumed:
                await anyio.to_thread.run_sync(_refuse_unknown, runs)
        except BadRequest as refused:
            return refusal(refused)
        return StreamingResponse(
            feed.follow(runs, since),
            media_type="text/event-stream",
            headers=STREAMED,
        )

    async def history(request: Request) -> Response:
        try:
            runs = runs_of(request, at_least=1)
            at_most = number(request, "n", (MIN_POINTS, MAX_POINTS // len(runs)), usual_points(len(runs)))
            first = numbers(request, "first", (0, MAX_STEP), 0, len(runs))
            last = numbers(request, "last", (0, MAX_STEP), None, len(runs))
            ranges: Ranges = dict(zip(runs, zip(first, last, strict=True), strict=True))
            for begin, end in ranges.values():
                if end is not None and end < begin:
                    raise BadRequest(400, f"last ({end}) must not be smaller than first ({begin})")
            text = await anyio.to_thread.run_sync(_read_history, runs, at_most, ranges, feed.age(runs))
        except BadRequest as refused:
            return refusal(refused)
        return Response(text, media_type="application/json", headers=NO_STORE)

    return [
        Route("/live/history", history, methods=["GET"]),
        Route("/live/stream", stream, methods=["GET"]),
    ]


def usual_points(runs: int) -> int:
    """Return the points of a run that a history of so many runs brings: of 20,000 that are drawn at most, four fifths.

    The rest is room to grow until the history is asked for again (``stream.js``).
    """
    return max(MIN_POINTS, min(2_000, MAX_POINTS * 4 // 5 // max(1, runs)))


def _read_history(runs: tuple[int, ...], at_most: int, ranges: Ranges, age: float | None) -> str:
    try:
        history = streaming.history(runs, at_most, ranges)
        missing = [run for run in runs if run not in history.series]
        if not history.series:
            raise BadRequest(404, _none_of(runs))
        return messages.history_document(history, age, missing)
    except (workspace.SkipscopeError, sqlite3.Error) as error:
        raise BadRequest(503, str(error)) from None


def _refuse_unknown(runs: tuple[int, ...]) -> None:
    """A page may still name runs that were deleted; only where nothing is left to follow is it told so."""
    try:
        known = races.known_runs(runs)
    except (workspace.SkipscopeError, sqlite3.Error):
        return  # the stream itself says so
    if not known:
        raise BadRequest(404, _none_of(runs))


def _none_of(runs: tuple[int, ...]) -> str:
    return f"there is no run {', '.join(map(str, runs[:5]))}{' and so on' if len(runs) > 5 else ''}"


def _refuse_stranger(since: tuple[int, int]) -> None:
    """The feed may be a moment behind a snapshot that the browser has; a fresh look decides."""
    try:
        head = streaming.head()
    except (workspace.SkipscopeError, sqlite3.Error):
        return
    if since[0] > head.points or since[1] > head.changes:
        raise BadRequest(409, "the database was replaced; load the page again")
