"""The live routes of the probes: GET and read-only, like those of ``race/routes.py`` and with the same refusals.

GET /live/probes/history?runs=1,2&quantities=a,b[&n=400]             all columns, at most n of each run
GET /live/probes/stream?runs=1,2&quantities=a,b[&since=CURSOR]       Server-Sent Events: new columns only, cards
    both with [&about=a]: what the nets show together of this quantity, by step
GET /live/probes/detail?runs=1,2&layer=stage1/block1/conv1&step=120  one layer of several runs at one moment
GET /live/probes/detail?runs=1&layer=stage1/block1/conv1&over=1      one layer of one run over time
"""

from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.data import probes, races, streaming
from app.live.layers import messages
from app.live.stream.answers import json_answer, news_events, resumed_from, stored, stream_answer
from app.live.stream.feed import Feed
from app.live.stream.query_params import BadRequest, no_run, number, refuse_ahead, runs_of

MIN_COLUMNS, MAX_COLUMNS, USUAL_COLUMNS = 20, 2_000, 400
#: Columns that a stream brings at once at most; a viewer who missed more loads the thinned history again.
MAX_MISSED = 500
#: Histograms of one layer over time.
MAX_MOMENTS, USUAL_MOMENTS = 100, 24
#: Seconds between two messages at least.
PACE_S = 0.5
#: The largest step that a query can name.
MAX_STEP = 10**9


def probe_routes(feed: Feed) -> list[Route]:
    """Return the routes of the probes, woken by ``feed``."""

    async def history(request: Request) -> Response:
        return json_answer(await stored(_history, request))

    async def detail(request: Request) -> Response:
        return json_answer(await stored(_detail, request))

    async def stream(request: Request) -> Response:
        runs, quantities = runs_of(request, at_least=1), _quantities(request)
        since = await stored(_checked, runs, resumed_from(request))
        return stream_answer(follow(feed, runs, quantities, since))

    return [
        Route("/live/probes/history", history, methods=["GET"]),
        Route("/live/probes/stream", stream, methods=["GET"]),
        Route("/live/probes/detail", detail, methods=["GET"]),
    ]


def follow(
    feed: Feed, runs: tuple[int, ...], quantities: tuple[tuple[str, ...], str], since: tuple[int, int]
) -> AsyncIterator[bytes]:
    """Return Server-Sent Events about the insides of some runs; ``quantities`` as of ``_quantities``."""
    names, about = quantities
    position = since

    def is_due(head: streaming.Head) -> bool:
        return head.probes > position[0] or head.changes > position[1]

    def read(head: streaming.Head) -> tuple[str | None, dict[str, Any]]:
        nonlocal position
        news = probes.inside_news(runs, names, position, about)
        position = news.cursor
        return messages.cursor_text(news), messages.news_document(news)

    return news_events(feed, PACE_S, is_due, read)


def _history(request: Request) -> dict[str, Any]:
    runs, (names, about) = runs_of(request, at_least=1), _quantities(request)
    inside = probes.inside(runs, names, number(request, "n", (MIN_COLUMNS, MAX_COLUMNS), USUAL_COLUMNS), about)
    if not inside.columns:
        raise no_run(runs)
    return messages.history_document(inside)


def _detail(request: Request) -> dict[str, Any]:
    runs, layer = runs_of(request, at_least=1), request.query_params.get("layer", "")[:80]
    if request.query_params.get("over"):
        at_most = number(request, "n", (2, MAX_MOMENTS), USUAL_MOMENTS)
        over_time = probes.layer_over_time(runs[0], layer, at_most)
        if over_time is None:
            raise BadRequest(404, f"run {runs[0]} has no probed layer {layer!r}")
        return messages.over_time_document(runs[0], *over_time)
    moments = probes.layer_moments(runs, layer, number(request, "step", (0, MAX_STEP), MAX_STEP))
    if not moments:
        raise BadRequest(404, f"none of these runs has a probed layer {layer!r}")
    return {"runs": {str(run): messages.moment_document(moment) for run, moment in moments.items()}}


def _checked(runs: tuple[int, ...], since: tuple[int, int] | None) -> tuple[int, int]:
    """Return the cursor to follow from. Raises BadRequest for one of another database, and for unknown runs."""
    head = streaming.head()
    if since:
        refuse_ahead(since, (head.probes, head.changes))
        if head.probes - since[0] > MAX_MISSED and probes.columns_since(runs, since[0]) > MAX_MISSED:
            raise BadRequest(409, "too much happened since; load the history again")
    if not races.known_runs(runs):
        raise no_run(runs)
    return since or (head.probes, head.changes)


def _quantities(request: Request) -> tuple[tuple[str, ...], str]:
    """Return the quantities of the columns, and the quantity of the findings or ''."""
    # Quantities per bin or channel come by /live/probes/detail, one layer at a time.
    known = {row.name for row in probes.quantities() if row.per in (*messages.DRAWN, "stage")}
    names = tuple(dict.fromkeys(name for name in request.query_params.get("quantities", "").split(",") if name))
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        got = unknown[0][:40] if unknown else ""
        raise BadRequest(400, f"quantities must name some of {', '.join(sorted(known))} (got {got!r})")
    about = request.query_params.get("about", "")
    if about not in ("", *names):
        raise BadRequest(400, f"about must be one of the quantities (got {about[:40]!r})")
    return names, about
