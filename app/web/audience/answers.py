"""Answers to the audience on their way: which kind one is, how it is refused, and whether its reader takes it."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress

from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from app.web.audience.places import Place

#: Before the opening of a WebSocket: browsers get a 403.
CLOSED = {"type": "websocket.close", "code": 1008}
#: Seconds for the last word to a page that gives way.
GOODBYE_S = 1.0
#: Bytes of an answer that are sent in one go: what is behind them waits until the reader has taken enough.
PART_BYTES = 64 * 1024
#: Prefixes of files, which need no reading of the store.
_FILES = ("/live/js/", "/live/plotly-")


class Answer:
    """An answer on its way: whether it has begun, and at its place since when its reader keeps it waiting."""

    def __init__(self, send: Send, place: Place):
        self._send, self._place = send, place
        self.has_begun = False

    async def send(self, message: Message) -> None:
        """Pass a message on, a large body in parts: whole it would lie in memory once for each reader."""
        self.has_begun = True
        for part in _in_parts(message):
            self._place.stands_since = time.monotonic()
            await self._send(part)
            self._place.stands_since = None
            if part.get("more_body"):
                await asyncio.sleep(0)


def _in_parts(message: Message) -> Iterator[Message]:
    body = memoryview(message.get("body", b""))
    if len(body) <= PART_BYTES:
        yield message
        return
    while len(body) > PART_BYTES:
        yield {**message, "body": bytes(body[:PART_BYTES]), "more_body": True}
        body = body[PART_BYTES:]
    yield {**message, "body": bytes(body)}


async def say_goodbye(unopened: Scope | None, send: Send) -> None:
    """Close a page's WebSocket with *try again later*. One that still waits is opened for it: a 403 says no."""
    with suppress(OSError, RuntimeError):
        async with asyncio.timeout(GOODBYE_S):
            if unopened is not None:  # a browser takes none but a protocol that it has asked for
                spoken = next(iter(unopened.get("subprotocols", ())), None)
                await send({"type": "websocket.accept", "subprotocol": spoken})
            await send({"type": "websocket.close", "code": 1013})


async def say_busy(scope: Scope, receive: Receive, send: Send) -> None:
    """Ask a browser to come again."""
    refusal = PlainTextResponse("so much is asked for that this has to wait", 503, headers={"Retry-After": "10"})
    await refusal(scope, receive, send)


def kind_of(path: str) -> str:
    """Return 'stream' or 'reading' for the path of one, else ''."""
    if not path.startswith("/live/") or path.startswith(_FILES):
        return ""
    return "stream" if path.endswith("/stream") else "reading"
