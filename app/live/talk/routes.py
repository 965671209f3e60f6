"""The live routes of a talk: GET and read-only, like those of ``race/routes.py``.

    GET /live/talk/recording/NAME?runs=1,2   what a scene plays, as /live/recording has it: a race of no workspace,
                                             and of its runs those that a scene names
    GET /live/talk/stream                    Server-Sent Events: what the room sees now, and again at each change

The messages of the room: talk/messages.py. A vote comes by the page's WebSocket, like every command.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.data import streaming
from app.data.talks import room, talks
from app.live.stream.answers import news_events, stream_answer
from app.live.stream.feed import Feed
from app.live.stream.query_params import NO_STORE, BadRequest, runs_of
from app.live.talk.messages import scenes_document, showing_document
from app.live.talk.recorded_answers import RecordedAnswers
from app.web.visitor import visitor_of

#: Seconds between two messages at least: a room votes all at once.
PACE_S = 0.15


def talk_routes(feed: Feed) -> list[Route]:
    """Return the routes of talks; the room's is woken by ``feed``."""
    answers = RecordedAnswers()

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
        return Response(await answers.get(name, runs), media_type="application/json", headers=NO_STORE)

    return [
        Route("/live/talk/recording/{name}", recorded, methods=["GET"]),
        Route("/live/talk/stream", stream, methods=["GET"]),
    ]
