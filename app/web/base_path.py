"""The path below which this server's pages lie: '' or such as ``/skipscope``, as Streamlit's ``server.baseUrlPath``.

Nothing else knows it. Other middleware asks ``inside`` for the path of a request, routes are written without the base,
and browsers resolve relative addresses.
"""

import re

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Our own routes: Streamlit's carry the base themselves.
OWN = ("/live/", "/present")
#: Key of a request's scope: its path without the base.
_INSIDE = "skipscope.path"
_CLOSED = {"type": "websocket.close", "code": 1008}
_ROOT = re.compile(rb";\s*path=/(?=;|$)", re.IGNORECASE)
_SECURE = re.compile(rb";\s*secure(?=;|$)", re.IGNORECASE)


_given: str | None = None


def use(path: str) -> None:
    """Serve below this path, from the start of the server on, whatever Streamlit's other settings say."""
    global _given
    _given = path


def refuse_own(path: str) -> None:
    """Refuse a base path such as ``/live``, below which pages and own routes have the same paths. Raises ValueError."""
    if f"{path}/".startswith(("/live/", "/present/")):
        raise ValueError("does not begin with /live or /present, which are paths of this server")


def options() -> dict[str, str]:
    """Return the options of Streamlit for the path that was given."""
    return {} if _given is None else {"server.baseUrlPath": _given}


def base() -> str:
    """Return the base path of this server."""
    import streamlit as st  # the command line refuses a wrong path before this is loaded

    path = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{path}" if path else ""


def first_page() -> str:
    """Return the path of the first page for links: '', or the base with a slash, which not every proxy adds."""
    return f"{path}/" if (path := base()) else ""


def inside(scope: Scope) -> str:
    """Return the path of a request below the base: ``/live/history``, whatever the base is."""
    path: str = scope.get(_INSIDE, scope["path"])
    return path


def below(scope: Scope, base: str) -> str:
    """Return the path of a request that ``BasePath`` has not met yet below the base, '' outside of it."""
    path: str = scope["path"]
    return path[len(base) :] if path.startswith(f"{base}/") else ""


class BasePath:
    """Find the own routes below the base, and answer 404 outside of it."""

    def __init__(self, app: ASGIApp):
        self.app = app
        self.base = base()
        refuse_own(self.base)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request below the base on."""
        if not self.base or scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        path = scope["path"]
        if path != self.base and not path.startswith(f"{self.base}/"):
            if scope["type"] == "websocket":
                return await send(_CLOSED)
            return await PlainTextResponse(f"this page is at {self.base}/", 404)(scope, receive, send)
        below = path[len(self.base) :] or "/"
        root = {"root_path": self.base} if below.startswith(OWN) else {}
        return await self.app({**scope, _INSIDE: below, **root}, receive, send)


class CookiePlace:
    """Give cookies for the whole host the base path, and all of an encrypted page ``Secure``.

    Streamlit sets cookies of its own for the whole host, and knows of encryption only where it encrypts itself.
    """

    def __init__(self, app: ASGIApp):
        self.app = app
        self.base = base().encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        encrypted = scope["type"] == "http" and scope["scheme"] == "https"
        if scope["type"] != "http" or not (self.base or encrypted):
            return await self.app(scope, receive, send)

        async def send_bounded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message.get("headers", ())
                message = {
                    **message,
                    "headers": [(name, self._bounded(name, value, encrypted)) for name, value in headers],
                }
            await send(message)

        return await self.app(scope, receive, send_bounded)

    def _bounded(self, name: bytes, value: bytes, encrypted: bool) -> bytes:
        if name.lower() != b"set-cookie":
            return value
        if self.base:
            value = _ROOT.sub(lambda _: b"; Path=" + self.base, value)
        return value + b"; Secure" if encrypted and not _SECURE.search(value) else value


def raw_path(scope: Scope) -> bytes:
    """Return the path of a request as it came, which may have scheme and host before it; nothing for other scopes."""
    return scope.get("raw_path") or b""


def target_bytes(scope: Scope) -> int:
    """Return how long the target of a request is, as it came."""
    return len(scope["raw_path"]) + len(b"?") + len(scope["query_string"])
