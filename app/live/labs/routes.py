"""The live routes of the labs: GET and read-only, like those of ``race/routes.py`` and with the same refusals.

    GET /live/lab?run=ID                          one snapshot of a job as JSON, see labs/messages.py
    GET /live/lab/stream?run=ID[&since=CURSOR]    Server-Sent Events with what is new from the cursor on
    GET /live/lab/reference?lab=NAME              the recorded results of a lab, for a page without a job

A stream ends when the job is deleted or another database takes this one's place.
"""

from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.data import labs, streaming
from app.live.labs.messages import lab_changes, lab_document, reference_document
from app.live.stream.answers import json_answer, news_events, resumed_from, stored, stream_answer
from app.live.stream.feed import Feed
from app.live.stream.query_params import BadRequest, number, refuse_ahead

#: Seconds between two messages at least.
PACE_S = 0.15


def lab_routes(feed: Feed) -> list[Route]:
    """Return the routes of the labs, woken by ``feed``."""

    async def snapshot(request: Request) -> Response:
        return json_answer(lab_document(await stored(_news, _run(request))))

    async def stream(request: Request) -> Response:
        run, since = _run(request), resumed_from(request) or (0, 0)
        await stored(_refuse_stranger, run, since)
        return stream_answer(follow(feed, run, since))

    async def reference(request: Request) -> Response:
        return json_answer(await stored(_reference, request.query_params.get("lab", "")))

    return [
        Route("/live/lab", snapshot, methods=["GET"]),
        Route("/live/lab/stream", stream, methods=["GET"]),
        Route("/live/lab/reference", reference, methods=["GET"]),
    ]


def follow(feed: Feed, run: int, since: tuple[int, int]) -> AsyncIterator[bytes]:
    """Return Server-Sent Events about one job: news since the cursor, the engine's state, trouble."""
    seen, position = -1, since
    sent: dict[str, Any] = {}

    def is_due(head: streaming.Head) -> bool:
        return head.changes != seen

    def read(head: streaming.Head) -> tuple[str | None, dict[str, Any]]:
        nonlocal seen, position
        news = labs.lab_news(run, position[1])
        if news is None:
            return None, {"gone": True}
        seen, position = head.changes, news.cursor
        document = lab_document(news)
        changes = lab_changes(document, sent)
        return document["cursor"] if changes else None, changes

    return news_events(feed, PACE_S, is_due, read)


def _run(request: Request) -> int:
    run = number(request, "run", (1, 10**12 - 1), None)
    if run is None:
        raise BadRequest(400, "run must name a job of a lab, for example run=12")
    return run


def _news(run: int) -> labs.LabNews:
    news = labs.lab_news(run, 0)
    if news is None:
        raise BadRequest(404, f"there is no lab job {run}")
    return news


def _reference(lab: str) -> dict[str, Any]:
    reference = labs.lab_reference(lab)
    if reference is None:
        raise BadRequest(404, "lab must name a lab with recorded results, for example lab=gradients")
    return reference_document(reference)


def _refuse_stranger(run: int, since: tuple[int, int]) -> None:
    refuse_ahead(since, _news(run).cursor)
