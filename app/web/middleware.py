"""Middleware of every request: allowed hosts, own origin, read-only methods, the server's numbers, a limit on viewers.

Streamlit checks hosts and origins on its WebSocket alone, and trusts any port of this machine's names.
"""

import asyncio
import logging
import re
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from urllib.parse import urlsplit

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.web import addresses, content_policy, descriptors, presenter_link
from app.web.base_path import BasePath, CookiePlace, base, below, inside
from app.web.connections import READING, UPLOADS
from app.web.places import Line, Pace, Place, Places, Turns, network_of
from app.web.proxy import Proxied
from app.web.visitor import VisitorCookie
from app.web.web_sockets import FILE, MAX_AUDIENCE_BYTES, MAX_FILES, MAX_SCRIPTS, RERUN, PagePace, limited

#: Simultaneous readings of the store for the audience.
MAX_READS = 4
#: Pages of the audience that open at once, and the seconds for one: 80 in a second, each 4 ms of this process.
MAX_OPENING, OPENING_S = 4, 0.05
#: Requests at once, and then a second, of one connection and of one network: a room of 200 loads 40 files each.
CONNECTION_PACE, NETWORK_PACE = (300, 50), (8_000, 200)
#: Answers to the audience that begin at once, and parts of files that are read; and the seconds after which one that
#: takes longer holds up nobody.
MAX_BEGINNING, BEGINNING_S = 8, 0.25
#: Seconds for the last word to a page that gives way.
GOODBYE_S = 1.0
#: Prefixes of files, which need no reading of the store.
_FILES = ("/live/js/", "/live/plotly-")
#: How files come to the uploader, guarded by Streamlit's token against foreign pages.
UPLOADING = ("PUT", "DELETE")
#: Where Streamlit tells of its sessions and caches.
NUMBERS = "/_stcore/metrics"
#: Before the opening of a WebSocket: browsers get a 403.
_CLOSED = {"type": "websocket.close", "code": 1008}
#: Letters of a refused host that are told; a name that may stand in a command.
MAX_HOST_LETTERS, _NAME = 100, re.compile(r"[a-z0-9][a-z0-9.-]{0,99}", re.ASCII)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": content_policy.CLOSED,
}


_log = logging.getLogger(__name__)


def stack() -> list[Middleware]:
    """Return the middleware in the order in which a request meets it."""
    first = (SafeHeaders, Proxied, AudiencePace, AllowedHosts, BasePath, CookiePlace)
    return [Middleware(part) for part in (*first, OwnOrigin, ReadingOnly, OwnNumbers, ConnectionLimit, VisitorCookie)]


class _Guard:
    # Not Starlette's BaseHTTPMiddleware: it skips WebSockets, and queues streams.
    def __init__(self, app: ASGIApp):
        self.app = app


class SafeHeaders(_Guard):
    """Add the headers against frames of other sites and guesses of the media type."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, with_headers if scope["type"] == "http" else send)


class AudiencePace(_Guard):
    """Bound what the audience loads, also what is refused: how fast, how much at once, how many files are open.

    Readings and streams have bounds of their own.
    """

    def __init__(self, app: ASGIApp):
        super().__init__(app)
        self._base = base()
        self._files = Line(descriptors.files())
        self._beginnings, self._parts = Turns(MAX_BEGINNING), Turns(MAX_BEGINNING)
        self._connections, self._networks = Pace(*CONNECTION_PACE), Pace(*NETWORK_PACE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request wait, and answer 503 where that takes too long."""
        task = asyncio.current_task()
        if not task or scope["type"] != "http" or _kind(below(scope, self._base)) or _is_presenter(scope):
            return await self.app(scope, receive, send)
        is_shared = presenter_link.shared_port() is not None
        if is_shared and not await self._keep_pace(scope):
            return await _say_busy(scope, receive, send)
        place = await self._files.enter(network_of(scope), task)
        if not place:
            return await _say_busy(scope, receive, send)
        answer = Answer(send, place)
        try:
            await (self._in_turn if is_shared else self.app)(scope, receive, answer.send)
        except asyncio.CancelledError:
            if not place.gives_way:
                raise
            task.uncancel()
            if not answer.has_begun:
                await _say_busy(scope, receive, send)
        finally:
            self._files.leave(place)
        return None

    async def _keep_pace(self, scope: Scope) -> bool:
        waits = [self._networks.take(network_of(scope))]
        client = scope.get("client")
        if client and client[1]:  # a proxy's connections are everybody's
            waits.append(self._connections.take(tuple(client)))
        known = [each for each in waits if each is not None]
        if len(known) < len(waits):
            return False
        if longest := max(known):
            await asyncio.sleep(longest)
        return True

    async def _in_turn(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer when few others begin; as long as that took, the turn stays with the rest of this process."""
        network, clock = network_of(scope), asyncio.get_running_loop().time
        end_turn = await self._beginnings.hold(network, BEGINNING_S)
        end_part: Callable[[float], None] | None = None
        began = clock()

        def end_soon() -> None:
            end_turn(min(clock() - began, BEGINNING_S))
            if end_part is not None:
                end_part(0.0)

        async def send_and_end(message: Message) -> None:
            nonlocal end_part
            end_soon()
            await send(message)
            # Files are read in the threads that the presenter's page needs too: few parts at once.
            if message["type"] == "http.response.start" or message.get("more_body"):
                end_part = await self._parts.hold(network, BEGINNING_S)

        try:
            await self.app(scope, receive, send_and_end)
        finally:
            end_soon()


class AllowedHosts(_Guard):
    """Refuse a host outside Streamlit's ``server.allowedHosts`` as of the start; an empty list accepts any."""

    def __init__(self, app: ASGIApp):
        super().__init__(app)
        self._hosts = [addresses.in_url(host) for host in st.get_option("server.allowedHosts") or ()] or ["*"]
        self._is_logged = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 400 with the option that allows the host; the log has the first one."""
        if await self._allows(scope, receive):
            return await self.app(scope, receive, send)
        words = host_words(Headers(scope=scope).get("host", ""))
        if not self._is_logged:
            self._is_logged = True
            _log.warning("%s; further hosts are refused without a line here", words)
        return await PlainTextResponse(words, 400)(scope, receive, send)

    async def _allows(self, scope: Scope, receive: Receive) -> bool:
        reached = []

        async def reach(*_: object) -> None:
            reached.append(True)

        async def drop(_: Message) -> None:
            """Starlette judges, and answers in two words."""

        await TrustedHostMiddleware(reach, self._hosts, www_redirect=False)(scope, receive, drop)
        return bool(reached)


def host_words(host: str) -> str:
    """Return one line on a refused host: its name, escaped and bounded, and what allows it."""
    name = host.lower().partition(":")[0]
    option = f"--proxy-host {name if _NAME.fullmatch(name) else 'NAME'}"
    hint = f"if it names a proxy in front of it, start it with {option}"
    return f"the host '{_shown(host)}' is no address of this page; {hint}"


class OwnOrigin(_Guard):
    """Refuse WebSockets from another host or port: cookies do not know ports. Clients without an origin pass."""

    _is_logged = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 403 to a WebSocket of a foreign page."""
        if scope["type"] == "websocket":
            headers = Headers(scope=scope)
            origin = headers.get("origin")
            scheme = "https" if scope.get("scheme") in ("wss", "https") else "http"
            own = f"{scheme}://{headers.get('host', '').lower()}"
            if origin is not None and _place(origin) != own:
                self._log(origin, own)
                return await send(_CLOSED)
        return await self.app(scope, receive, send)

    def _log(self, origin: str, own: str) -> None:
        """Tell of the first one: behind a proxy that is not believed every page is refused."""
        if not self._is_logged:
            self._is_logged = True
            words = (
                "a page of '%s' was refused, for this is '%s'; a proxy is believed from this machine, with --proxy-host"
            )
            _log.warning(words, _shown(origin), _shown(own))


class ReadingOnly(_Guard):
    """Refuse requests that write: commands come by the WebSocket, files that a page asks for from the presenter."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 405 to other methods."""
        if scope["type"] == "http" and scope["method"] not in READING and not _is_upload(scope):
            refused = PlainTextResponse("this server answers to GET alone", 405, headers={"Allow": ", ".join(READING)})
            return await refused(scope, receive, send)
        return await self.app(scope, receive, send)


class OwnNumbers(_Guard):
    """Keep the server's own numbers, such as its sessions and memory, from the audience of a shared page."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 404 to others than the presenter."""
        inner = scope["type"] == "http" and inside(scope).rstrip("/").endswith(NUMBERS)
        if inner and not presenter_link.may_send(HTTPConnection(scope).cookies):
            return await PlainTextResponse("there is nothing here", 404)(scope, receive, send)
        return await self.app(scope, receive, send)


class ConnectionLimit(_Guard):
    """Bound the open streams and WebSockets, their reruns and the simultaneous readings, but the presenter's."""

    def __init__(self, app: ASGIApp):
        super().__init__(app)
        #: Open streams, WebSockets and readings of the audience, each.
        self.most = descriptors.viewers()
        self._places = {kind: Places(self.most) for kind in ("page", "stream", "reading")}
        self._readings, self._openings = Turns(MAX_READS), Turns(MAX_OPENING)
        self._of_pages = {RERUN: Turns(MAX_SCRIPTS), FILE: Turns(MAX_FILES)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 503 to a stream or reading beyond the limit, 403 to a WebSocket; queue other readings and reruns."""
        kind = _bounded(scope)
        if not kind or presenter_link.is_presenter(HTTPConnection(scope).cookies):
            return await self.app(scope, receive, send)
        task = asyncio.current_task()
        place = task and self._places[kind].take(network_of(scope), task)
        if not task or not place:
            return await self._refuse(kind, scope, receive, send)
        answer = Answer(send, place)
        serve = {"page": self._page, "stream": self.app, "reading": self._in_turn}[kind]
        try:
            await serve(scope, receive, answer.send)
        except asyncio.CancelledError:
            if not place.gives_way:
                raise
            task.uncancel()
            if kind == "page":
                await _say_goodbye(None if answer.has_begun else scope, send)
            elif not answer.has_begun:
                await self._refuse(kind, scope, receive, send)
        finally:
            self._places[kind].leave(place)
        return None

    async def _refuse(self, kind: str, scope: Scope, receive: Receive, send: Send) -> None:
        if kind == "page":
            return await send(_CLOSED)
        refusal = f"{self.most} viewers look on already, and there is no room for more"
        return await PlainTextResponse(refusal, 503, headers={"Retry-After": "10"})(scope, receive, send)

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        if presenter_link.shared_port() is None:  # nobody is audience
            return await self.app(scope, limited(receive, send), send)
        await self._openings.acquire(network_of(scope))
        asyncio.get_running_loop().call_later(OPENING_S, self._openings.release)
        heard = limited(receive, send, MAX_AUDIENCE_BYTES)
        pace = PagePace(self._of_pages, network_of(scope), heard, send)
        try:
            await self.app(scope, pace.receive, pace.send)
        finally:
            pace.leave()

    async def _in_turn(self, scope: Scope, receive: Receive, send: Send) -> None:
        # The turn ends when the answer begins: the store is read by then, and a slow receiver blocks nobody.
        with ExitStack() as turn:

            async def send_and_end(message: Message) -> None:
                if message["type"] == "http.response.start":
                    turn.close()
                await send(message)

            await self._readings.acquire(network_of(scope))
            turn.callback(self._readings.release)
            await self.app(scope, receive, send_and_end)


async def _say_goodbye(unopened: Scope | None, send: Send) -> None:
    """Close a page's WebSocket with *try again later*. One that still waits is opened for it: a 403 says no."""
    with suppress(OSError, RuntimeError):
        async with asyncio.timeout(GOODBYE_S):
            if unopened is not None:  # a browser takes none but a protocol that it has asked for
                spoken = next(iter(unopened.get("subprotocols", ())), None)
                await send({"type": "websocket.accept", "subprotocol": spoken})
            await send({"type": "websocket.close", "code": 1013})


async def _say_busy(scope: Scope, receive: Receive, send: Send) -> None:
    """Ask a browser to come again."""
    refusal = PlainTextResponse("so much is asked for that this has to wait", 503, headers={"Retry-After": "10"})
    await refusal(scope, receive, send)


class Answer:
    """An answer on its way: whether it has begun, and at its place since when its reader keeps it waiting."""

    def __init__(self, send: Send, place: Place):
        self._send, self._place = send, place
        self.has_begun = False

    async def send(self, message: Message) -> None:
        """Pass a part on."""
        self.has_begun = True
        self._place.stands_since = time.monotonic()
        await self._send(message)
        self._place.stands_since = None


def _is_presenter(scope: Scope) -> bool:
    """Whether a request comes from the presenter, or opens his link."""
    return presenter_link.is_presenter(HTTPConnection(scope).cookies) or presenter_link.is_opened(scope)


def _is_upload(scope: Scope) -> bool:
    """Return whether this is a file for a page's uploader, from a browser that may send one. Streamlit bounds it."""
    upload = scope["method"] in UPLOADING and inside(scope).startswith(UPLOADS)
    return upload and presenter_link.may_send(HTTPConnection(scope).cookies)


def _bounded(scope: Scope) -> str:
    """Return the kind of an answer that stays open or reads the store, else ''."""
    if scope["type"] == "websocket":
        return "page"
    return _kind(inside(scope)) if scope["type"] == "http" else ""


def _kind(path: str) -> str:
    """Return 'stream' or 'reading' for the path of one, else ''."""
    if not path.startswith("/live/") or path.startswith(_FILES):
        return ""
    return "stream" if path.endswith("/stream") else "reading"


def _shown(text: str) -> str:
    return ascii(text)[1:-1][:MAX_HOST_LETTERS]


def _place(origin: str) -> str:
    """Return an origin's scheme, host and port as browsers write them, '' for an invalid origin."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}".lower()
