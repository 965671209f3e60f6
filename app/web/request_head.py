"""The head of a request: how long it is, and a target that names the host as well, as clients send it to a proxy.

``GET http://localhost:8501/live HTTP/1.1`` is the same request as ``GET /live`` with that host, whatever its header
``Host`` says (RFC 9112, section 3.2.2). Nothing behind this middleware sees the difference.
"""

import re
from collections.abc import Sequence
from urllib.parse import unquote

from starlette.types import ASGIApp, Receive, Scope, Send

from app.web.base_path import raw_path, target_bytes

#: Scheme and authority of a target in absolute form; a path begins with a slash.
_ABSOLUTE = re.compile(rb"(?:https?|wss?)://([^/?#]*)", re.IGNORECASE)
_FIRST_LINE, _LINE = len("GET  HTTP/1.1\r\n"), len(b": \r\n")


def head_bytes(scope: Scope, headers: Sequence[tuple[bytes, bytes]]) -> int:
    """Return how long a head is, without white space that says nothing."""
    return _FIRST_LINE + target_bytes(scope) + sum(len(name) + len(value) + _LINE for name, value in headers)


def origin_form(scope: Scope) -> Scope:
    """Return the scope of a request with a path as its target; its host is that of the target."""
    came = raw_path(scope)
    target = _ABSOLUTE.match(came)
    if target is None:
        return scope
    raw = came[target.end() :] or b"/"
    others = [(name, value) for name, value in scope["headers"] if name != b"host"]
    path = unquote(raw.decode("ascii"))
    return {**scope, "path": path, "raw_path": raw, "headers": [(b"host", target[1]), *others]}


class OriginForm:
    """Bring targets with a host in them to their path, before anything asks for host or path."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        await self.app(origin_form(scope), receive, send)
