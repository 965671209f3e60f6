"""Middleware of every request: allowed hosts, own origin, read-only methods, the server's numbers.

Streamlit checks hosts and origins on its WebSocket alone, and trusts any port of this machine's names. What bounds the
audience lies in ``app/web/audience``.
"""

import logging
import re
from urllib.parse import urlsplit

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.web import addresses, content_policy, presenter_link
from app.web.audience.answers import CLOSED
from app.web.audience.connection_limit import ConnectionLimit
from app.web.audience.request_pace import AudiencePace
from app.web.base_path import BasePath, CookiePlace, inside
from app.web.connections import READING, UPLOADS
from app.web.proxy import Proxied
from app.web.request_head import OriginForm
from app.web.visitor import VisitorCookie

#: How files come to the uploader, guarded by Streamlit's token against foreign pages.
UPLOADING = ("PUT", "DELETE")
#: Where Streamlit tells of its sessions and caches.
NUMBERS = "/_stcore/metrics"
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
    first = (SafeHeaders, OriginForm, Proxied, AudiencePace, AllowedHosts, BasePath, CookiePlace)
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
                return await send(CLOSED)
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


def _is_upload(scope: Scope) -> bool:
    """Return whether this is a file for a page's uploader, from a browser that may send one. Streamlit bounds it."""
    upload = scope["method"] in UPLOADING and inside(scope).startswith(UPLOADS)
    return upload and presenter_link.may_send(HTTPConnection(scope).cookies)


def _shown(text: str) -> str:
    return ascii(text)[1:-1][:MAX_HOST_LETTERS]


def _place(origin: str) -> str:
    """Return an origin's scheme, host and port as browsers write them, '' for an invalid origin."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}".lower()
