"""The live route of the instant races: GET and read-only, like those of ``race/routes.py``.

    GET /live/instant/stream   Server-Sent Events: all instant races on the record, then what is new of them

The first message of a connection has ``whole``: a viewer forgets what it knew, which may be gone meanwhile.

The points of their curves come as those of any race.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.data import streaming
from app.live.race.instant.messages import ring_changes
from app.live.stream.answers import news_events, stream_answer
from app.live.stream.feed import Feed

#: Seconds between two messages at least.
PACE_S = 0.05


def instant_routes(feed: Feed) -> list[Route]:
    """Return the route of the instant races, woken by ``feed``."""

    async def stream(_: Request) -> Response:
        seen: int | None = None
        sent: dict[int, str] = {}
        busy: list[int] | None = None

        def is_due(head: streaming.Head) -> bool:
            return head.changes != seen

        def read(head: streaming.Head) -> tuple[str | None, dict[str, Any]]:
            nonlocal seen, busy
            changes = ring_changes(sent, busy) | ({"whole": True} if seen is None else {})
            seen, busy = head.changes, changes.get("busy", busy)
            return None, changes

        return stream_answer(news_events(feed, PACE_S, is_due, read))

    return [Route("/live/instant/stream", stream, methods=["GET"])]
