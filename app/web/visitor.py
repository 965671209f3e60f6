"""What tells one visitor from another in a vote: a cookie of this workspace's page, which nobody else can make up.

It says nothing about a person and counts for nothing but votes. A browser without it gets one with the page. It comes
back with a link from another site too, as from a mail: who follows that is no new visitor. How many new ones may vote:
``first_votes.py``.
"""

import hmac
import secrets
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.web import presenter_link
from app.web.base_path import inside

_ID_BYTES, _SIGNATURE, _KEY_BYTES = 12, 32, 32
_key = secrets.token_bytes(_KEY_BYTES)


def keep(path: Path) -> None:
    """Sign with the key in this file, which is made where there is none: votes outlive a start, and so do their voters.

    Where the file cannot be used, the key of this start stays.
    """
    global _key
    try:
        if not _has_key(path):
            with TemporaryDirectory(dir=path.parent, prefix=f"{path.name}.") as folder:  # its owner's alone
                part = Path(folder, path.name)
                part.touch(0o600)
                part.write_bytes(_key)
                part.replace(path)
        if _has_key(path):
            _key = path.read_bytes()
    except OSError:
        return


def _has_key(path: Path) -> bool:
    return path.is_file() and path.stat().st_size == _KEY_BYTES


def visitor_of(cookies: Mapping[str, str]) -> str | None:
    """Return what stands for the visitor of these cookies, None for a browser without such a cookie."""
    name = _name()
    if name is None:
        return None
    number, _, signature = cookies.get(name, "").partition(".")
    known = hmac.compare_digest(signature.encode("utf-8", "replace"), _signed(number).encode())
    return _signed(f"visitor {number}") if number and known else None


def new_cookie() -> str:
    """Return the value of a new visitor's cookie."""
    number = secrets.token_urlsafe(_ID_BYTES)
    return f"{number}.{_signed(number)}"


def _name() -> str | None:
    port = presenter_link.shared_port()
    return None if port is None else f"skipscope_visitor_{port}"


def _signed(text: str) -> str:
    return hmac.new(_key, text.encode("utf-8", "replace"), sha256).hexdigest()[:_SIGNATURE]


class VisitorCookie:
    """Give a browser that opens a shared page its cookie."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        name = _name()
        if name is None or not _opens(scope) or visitor_of(HTTPConnection(scope).cookies) is not None:
            return await self.app(scope, receive, send)

        async def with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.append("set-cookie", f"{name}={new_cookie()}; HttpOnly; Path=/; SameSite=lax")
            await send(message)

        return await self.app(scope, receive, with_cookie)


def _opens(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] != "GET" or inside(scope).startswith("/live/"):
        return False
    return "text/html" in Headers(scope=scope).get("accept", "")
