"""The live routes of a talk: GET and read-only, like those of ``race/routes.py``.

    GET /live/talk/recording/NAME?runs=1,2   what a scene plays, as /live/recording has it: a race of no workspace
    GET /live/talk/stream                    Server-Sent Events: what the room sees now, and again at each change

The messages of the room: talk/messages.py. A vote comes by the page's WebSocket, like every command.
"""

import threading
from functools import lru_cache
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.data import streaming
from app.data.recording.recording import recording
from app.data.talks import room, talks
from app.live.race.messages import recording_document
from app.live.race.routes import usual_points
from app.live.stream.answers import news_events, stored, stream_answer
from app.live.stream.feed import Feed
from app.live.stream.query_params import NO_STORE, BadRequest, no_run, runs_of
from app.live.talk.messages import scenes_document, showing_document
from app.web.visitor import visitor_of

#: Seconds between two messages at least: a room votes all at once.
PACE_S = 0.15
#: Answers about recorded races that are kept: each takes seconds to make, and none changes.
MAX_KEPT = 32
_reading = threading.Lock()


def talk_routes(feed: Feed) -> list[Route]:
    """Return the route of the room, woken by ``feed``."""

    async def stream(request: Request) -> Response:
        visitor = visitor_of(request.cookies)
        seen: int | None = None
        sent: dict[str, Any] | None = None
        told = ("", 0)

        def is_due(head: streaming.Head) -> bool:
            return head.changes != seen

        def read(head: streaming.Head) -> tuple[str | None, dict[str, Any]]:
            nonlocal seen, sent, told
            showing = room.showing(visitor)
            document, place = showing_document(showing), (showing.talk, showing.scene)
            news: dict[str, Any] = {} if document == sent else {"showing": document}
            if place != told:
                news["scenes"] = scenes_document(showing)
            seen, sent, told = head.changes, document, place
            return None, news

        return stream_answer(news_events(feed, PACE_S, is_due, read))

    async def recorded(request: Request) -> Response:
        name, runs = request.path_params["name"], runs_of(request, at_least=1)
        if not talks.is_recorded(name):
            raise BadRequest(404, "there is no such recorded race")
        text = await stored(_read_recorded, name, runs)
        return Response(text, media_type="application/json", headers=NO_STORE)

    return [
        Route("/live/talk/recording/{name}", recorded, methods=["GET"]),
        Route("/live/talk/stream", stream, methods=["GET"]),
    ]


def _read_recorded(name: str, runs: tuple[int, ...]) -> str:
    # A room asks for a scene all at once: one answer is made, and all get it.
    with _reading:
        return _answer(name, runs)


@lru_cache(maxsize=MAX_KEPT)
def _answer(name: str, runs: tuple[int, ...]) -> str:
    with talks.recorded(name):
        found = recording(runs, usual_points(len(runs)))
    if not found.history.series:
        raise no_run(runs)
    return recording_document(found)
