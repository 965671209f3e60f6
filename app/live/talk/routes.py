"""The live route of a talk: GET and read-only, like those of ``race/routes.py``.

    GET /live/talk/stream   Server-Sent Events: what the room sees now, and again at each change, see talk/messages.py

A vote comes by the page's WebSocket, like every command.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.data import streaming
from app.data.talks import room
from app.live.stream.answers import news_events, stream_answer
from app.live.stream.feed import Feed
from app.live.talk.messages import showing_document
from app.web.visitor import visitor_of

#: Seconds between two messages at least: a room votes all at once.
PACE_S = 0.15


def talk_routes(feed: Feed) -> list[Route]:
    """Return the route of the room, woken by ``feed``."""

    async def stream(request: Request) -> Response:
        visitor = visitor_of(request.cookies)
        seen: int | None = None
        sent: dict[str, Any] | None = None

        def is_due(head: streaming.Head) -> bool:
            return head.changes != seen

        def read(head: streaming.Head) -> tuple[str | None, dict[str, Any]]:
            nonlocal seen, sent
            document, seen = showing_document(room.showing(visitor)), head.changes
            news = {} if document == sent else {"showing": document}
            sent = document
            return None, news

        return stream_answer(news_events(feed, PACE_S, is_due, read))

    return [Route("/live/talk/stream", stream, methods=["GET"])]
