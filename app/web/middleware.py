"""What every request passes before it is answered: known hosts, own origin, reading only, room for one more.

Streamlit checks hosts and origins on its WebSocket alone, and takes any port of this machine's names for its own.
"""

import asyncio
from collections import Counter
from contextlib import ExitStack
from urllib.parse import urlsplit

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.web import presenter_link

#: Streams, and WebSockets, that are open at once for those who look on; and readings that wait or are answered.
MAX_OPEN = 200
#: Bytes of one message of theirs; a page's own have a few thousand, and what is no use may end in the log.
MAX_SAID = 256 * 1024
#: Readings of the store that are made at once for them.
MAX_ROWS_READ = 4
#: Below these are files, no store.
_FILES = ("/live/js/", "/live/plotly-")
READING = ("GET", "HEAD", "OPTIONS")
#: Closed before it was opened: browsers are answered 403.
_CLOSED = {"type": "websocket.close", "code": 1008}
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "no-referrer",
}


def gates() -> list[Middleware]:
    """Return the gates in the order in which a request meets them."""
    return [Middleware(gate) for gate in (SafeHeaders, AllowedHosts, OwnOrigin, ReadingOnly, ConnectionLimit)]


class SafeHeaders:
    """Add the headers that keep answers from being framed by other sites or taken for another type."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, with_headers if scope["type"] == "http" else send)


class AllowedHosts:
    """TrustedHostMiddleware with the hosts of Streamlit's ``server.allowedHosts``, read when the server starts.

    An empty list accepts any host, as in Streamlit, which names IPv6 addresses without the brackets of a Host header.
    """

    def __init__(self, app: ASGIApp):
        hosts = [f"[{host}]" if ":" in host else host for host in st.get_option("server.allowedHosts") or ()]
        self._checked = TrustedHostMiddleware(app, hosts or ["*"], www_redirect=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 400 to a request for an unknown host."""
        await self._checked(scope, receive, send)


class OwnOrigin:
    """Lets pages open a WebSocket from the very host and port that they came from.

    A page of another port of this machine would else pass as one of ours, with the cookie: cookies know no ports.
    Whoever sends no origin is no page of a browser, and has no cookie but one that it was given.
    """

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 403 to a WebSocket of a foreign page."""
        if scope["type"] == "websocket":
            headers = Headers(scope=scope)
            origin = headers.get("origin")
            if origin is not None and _place(origin) != headers.get("host", "").lower():
                return await send(_CLOSED)
        return await self.app(scope, receive, send)


class ReadingOnly:
    """Lets through only what asks to read: commands come by the WebSocket, and no page takes uploads."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 405 to everything else."""
        if scope["type"] == "http" and scope["method"] not in READING:
            refused = PlainTextResponse("this server answers to GET alone", 405, headers={"Allow": ", ".join(READING)})
            return await refused(scope, receive, send)
        return await self.app(scope, receive, send)


def _briefly(receive: Receive, send: Send) -> Receive:
    """Return a way to receive that closes the WebSocket, as too big (1009), at a message beyond ``MAX_SAID``."""

    async def heard() -> Message:
        message = await receive()
        if message["type"] != "websocket.receive":
            return message
        if len(message.get("bytes") or b"") + len(message.get("text") or "") <= MAX_SAID:
            return message
        await send({"type": "websocket.close", "code": 1009})
        return {"type": "websocket.disconnect", "code": 1009}

    return heard


class ConnectionLimit:
    """Bounds how many streams and WebSockets are open at once, and how much is read from the store at once.

    The presenter of a shared page always gets in.
    """

    def __init__(self, app: ASGIApp):
        self.app = app
        self.open: Counter[str] = Counter()
        self._turns = asyncio.Semaphore(MAX_ROWS_READ)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 503 to a stream or reading beyond, 403 to a WebSocket; let other readings wait for their turn."""
        kind = _bounded(scope)
        if not kind or presenter_link.is_presenter(HTTPConnection(scope).cookies):
            return await self.app(scope, receive, send)
        if self.open[kind] >= MAX_OPEN:
            if kind == "page":
                return await send(_CLOSED)
            words = f"{MAX_OPEN} viewers look on already, and there is no room for more"
            return await PlainTextResponse(words, 503, headers={"Retry-After": "10"})(scope, receive, send)
        self.open[kind] += 1
        try:
            heard = _briefly(receive, send) if kind == "page" else receive
            return await (self._in_turn if kind == "reading" else self.app)(scope, heard, send)
        finally:
            self.open[kind] -= 1

    async def _in_turn(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The turn ends when the answer begins: all is read by then, and whoever takes it slowly keeps nobody out."""
        with ExitStack() as turn:

            async def sent(message: Message) -> None:
                if message["type"] == "http.response.start":
                    turn.close()
                await send(message)

            await self._turns.acquire()
            turn.callback(self._turns.release)
            await self.app(scope, receive, sent)


def _bounded(scope: Scope) -> str:
    """Return the kind of an answer that stays open or reads the store, '' for any other."""
    if scope["type"] == "websocket":
        return "page"
    path = scope["path"] if scope["type"] == "http" else ""
    if not path.startswith("/live/") or path.startswith(_FILES):
        return ""
    return "stream" if path.endswith("/stream") else "reading"


def _place(origin: str) -> str:
    """Return host and port of an origin as a Host header has them, '' for what is none."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""
