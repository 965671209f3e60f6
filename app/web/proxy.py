"""Middleware for a proxy on this machine: what it says of a browser, and when it is believed.

It is believed from loopback alone, and only for the names that the start was given (``--proxy-host``). A header that
anybody else sends changes nothing. The page of another site, whose name was rebound to this machine, may set every
header but ``Host``: so where that has a third name, the other headers change nothing either. Behind a proxy all
browsers have one address: the proxy names theirs.
"""

from collections.abc import Iterator
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from app.web.proxy_hosts import PORTS, ProxyHost, host_name, hosts, ip_of, is_loopback, is_proxy

_MARKS = ("forwarded", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-for")


class Proxied:
    """Put host, scheme and address of the browser in place of the proxy's."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, as the browser sent it."""
        peer = scope.get("client")
        if scope["type"] not in ("http", "websocket") or not peer or not is_proxy(peer[0]):
            return await self.app(scope, receive, send)
        said = _Said(Headers(scope=scope))
        for host in said.hosts():
            name, port = _place_of(host)
            named = next((each for each in hosts() if each.name == name), None)
            if named and (said.is_forwarded or not is_loopback(name)):
                return await self.app({**scope, **said.instead(scope, named, port)}, receive, send)
        return await self.app(scope, receive, send)


class _Said:
    """What a proxy says in the headers of one request."""

    def __init__(self, headers: Headers):
        self._headers = headers
        #: Whether a proxy has left its mark; without one, a request for loopback came straight from here.
        self.is_forwarded = any(name in headers for name in _MARKS)
        # Each proxy on the way appends an element: the last one is the nearest proxy's.
        self._forwarded = [_pairs(element) for element in self._list("forwarded")]

    def hosts(self) -> Iterator[str]:
        """Yield the hosts that the browser may have asked for; none where the request itself is for another site."""
        own = self._headers.get("host", "")
        name, _ = _place_of(own)
        if not (is_loopback(name) or any(each.name == name for each in hosts())):
            return
        yield from reversed(self._list("x-forwarded-host"))
        yield from (element["host"] for element in reversed(self._forwarded) if "host" in element)
        yield own

    def instead(self, scope: Scope, named: ProxyHost, port: int | None) -> Scope:
        """Return the parts of a request's scope that the browser's request would have."""
        scheme = self._scheme() or named.scheme
        seen = ProxyHost(scheme, named.name, named.port or (None if port == PORTS[scheme] else port))
        others = [(name, value) for name, value in scope["headers"] if name != b"host"]
        found: Scope = {"headers": [(b"host", seen.url.partition("://")[2].encode()), *others]}
        found["scheme"] = scheme.replace("http", "ws") if scope["type"] == "websocket" else scheme
        if address := self._address():
            found["client"] = (address, 0)
        return found

    def _scheme(self) -> str:
        # Of several the browser's own: a proxy behind the one that decrypts sees plain HTTP.
        said = [*self._list("x-forwarded-proto"), *(each.get("proto", "") for each in self._forwarded)]
        first = said[0].lower().replace("ws", "http") if said else ""
        return first if first in ("http", "https") else ""

    def _address(self) -> str:
        # What a browser sends itself stands before what the proxy appends.
        if said := self._list("x-forwarded-for"):
            return ip_of(said[-1])
        return ip_of(self._forwarded[-1].get("for", "")) if self._forwarded else ""

    def _list(self, name: str) -> list[str]:
        return [part.strip() for value in self._headers.getlist(name) for part in value.split(",") if part.strip()]


def _pairs(element: str) -> dict[str, str]:
    """Return an element of the header Forwarded (RFC 7239): ``for=192.0.2.1;proto=https``."""
    parts = (part.partition("=") for part in element.split(";"))
    return {name.strip().lower(): value.strip().strip('"') for name, _, value in parts}


def _place_of(host: str) -> tuple[str, int | None]:
    """Return name and port of a Host header, an empty name for a wrong one."""
    try:
        parts = urlsplit(f"//{host}")
        return host_name(parts.hostname or ""), parts.port
    except ValueError:
        return "", None
