"""Limits on connections, before a request is read: heads that never end, readers that stall, rooms that are too full.

Uvicorn waits for a request's head for ever, and for a reader who reads nothing. Here a head has a deadline, and so has
a full buffer. Of connections that wait for a head only the newest are kept: an honest head is whole within moments,
so that half requests never keep the presenter out, whatever address they come from.
"""

import asyncio
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import uvicorn
from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from app.web import descriptors, presenter_link, web_sockets
from app.web.addresses import network
from app.web.audience.bounded_server import ACCEPTED, BoundedServer
from app.web.base_path import inside
from app.web.proxy_hosts import is_proxy
from app.web.request_head import head_bytes, origin_form
from app.web.web_sockets import MAX_MESSAGE_BYTES, BoundedWebSocket

#: Seconds for the head of a request, from its first byte or the opening of the connection.
HEAD_S = 10.0
#: Seconds in which a reader takes nothing of a full buffer.
STALL_S = 60.0
#: Connections without a whole head, in all. A browser opens a few ahead of its requests.
MAX_WAITING = 512
#: Connections that only the presenter may use, and the seconds for his head there.
RESERVE, RESERVE_HEAD_S = 32, 2.0
#: The part of all connections that one address may have. A lecture room may be one address.
ADDRESS_SHARE = 0.9
#: Bytes that are read of one connection before others have their turn, and those of the presenter's files. The smallest
#: frames and parts have six, and each takes 10 to 30 us.
READ_BYTES, FILE_READ_BYTES = 1024, 256 * 1024
#: Bytes of a head: a longer one is refused, unread from so many on or once it is whole.
MAX_HEAD_BYTES = 16 * 1024
#: What this server answers to. Where another brings a long body, it is answered without it.
READING = ("GET", "HEAD", "OPTIONS")
#: Where Streamlit takes files for its uploader and drops them. No other request has a body that is waited for.
UPLOADS = "/_stcore/upload_file/"


class Connections:
    """The open connections of this server: who waits for a head, how many each address has."""

    def __init__(self, most: int, waiting: int = MAX_WAITING, reserve: int = RESERVE) -> None:
        self.most = most
        self.reserve = min(reserve, most // 4)
        self.max_waiting = min(waiting, (most - self.reserve) // 2)
        self._open: dict[Any, str] = {}
        self._waiting: dict[Any, None] = {}

    def opened(self, protocol: "BoundedProtocol") -> bool:
        """Take in a new connection; return whether only the presenter may use it."""
        address = network(protocol.client[0]) if protocol.client else ""
        crowded = self._is_crowded(address)
        if crowded:
            self._forget_closed()
            crowded = self._is_crowded(address)
        if crowded and self._close_oldest(address if len(self._open) < self.most - self.reserve else None):
            crowded = self._is_crowded(address)
        if len(self._open) >= self.most:
            protocol.transport.abort()
            return True
        self._open[protocol] = address
        self.wait(protocol)
        return crowded

    def wait(self, protocol: "BoundedProtocol") -> None:
        """Note that a connection has no whole head; the one that waits longest gives way."""
        if protocol in self._open:
            self._waiting.pop(protocol, None)
            self._waiting[protocol] = None
        while len(self._waiting) > self.max_waiting:
            self._close_oldest()

    def serve(self, protocol: "BoundedProtocol") -> None:
        """Note that the head of a connection is whole."""
        self._waiting.pop(protocol, None)

    def closed(self, protocol: "BoundedProtocol") -> None:
        """Forget a connection."""
        self._waiting.pop(protocol, None)
        self._open.pop(protocol, None)

    def _is_crowded(self, address: str) -> bool:
        audience = self.most - self.reserve
        if len(self._open) <= audience / 4 or is_proxy(address):  # behind a proxy is a whole room: it has to bound
            return len(self._open) >= audience
        of_address = sum(other == address for other in self._open.values())
        return len(self._open) >= audience or of_address >= audience * ADDRESS_SHARE

    def _forget_closed(self) -> None:
        for protocol in [each for each in self._open if each.transport.is_closing()]:
            self.closed(protocol)

    def _close_oldest(self, address: str | None = None) -> bool:
        """Close the connection that has waited longest, of one address or of all; return whether there was one."""
        waiting = (each for each in self._waiting if address is None or self._open[each] == address)
        oldest = next(waiting, None)
        if oldest is not None:
            self.closed(oldest)
            oldest.transport.abort()
        return oldest is not None


class BoundedProtocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    """Uvicorn's protocol of one connection, with deadlines and a place among all connections."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Take the connection in, or close it where there is no room."""
        self._deadline: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None
        self._all = all_connections()
        super().connection_made(transport)
        self._read_bytes(READ_BYTES)
        self._is_reserved = self._all.opened(self)
        if self._is_reserved:
            self.app: ASGIApp = presenter_alone(self.app)
        self.app = self._unless_refused(self.app)
        self._set_deadline(RESERVE_HEAD_S if self._is_reserved else HEAD_S)

    def _unless_refused(self, app: ASGIApp) -> ASGIApp:
        """Return an application that does nothing for a request that was refused before its answer began."""

        async def answered(scope: Scope, receive: Receive, send: Send) -> None:
            if not self._is_refused:
                await app(scope, receive, send)

        return answered

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place free."""
        self._all.closed(self)
        self._set_deadline(None)
        self._stop_watching()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on. A head has until its deadline, however often a byte of it comes."""
        if self.transport.is_closing() or self._is_refused:
            return
        super().data_received(data)
        if self._upgraded or self._is_refused:
            return
        if self._has_request():
            self._set_deadline(None)
            self._all.serve(self)
            self._look_at_body()
        elif self._deadline is None:
            self._set_deadline(HEAD_S)

    def handle_events(self) -> None:
        """Take what has been read. The library behind bounds a head that goes on, and none that has just ended."""
        super().handle_events()
        if self._has_request() and not self._upgraded and head_bytes(self.scope, self.headers) > MAX_HEAD_BYTES:
            self.send_400_response(_LONG)

    def _look_at_body(self) -> None:
        """Read on for the presenter's files. Any other body that goes on might never end, and ends the connection."""
        if not self.cycle.more_body:
            return
        if UPLOADS in inside(self.scope) and _of_presenter(self.headers):
            self._read_bytes(FILE_READ_BYTES)
        elif self.scope["method"] not in READING:
            self._refuse(_READING_ONLY)
        else:
            self.send_400_response("this server reads no body")

    def _read_bytes(self, most: int) -> None:
        """Set how much is read at once, where the transport has a number for that: asyncio's own one of plain sockets.

        Others (uvloop, TLS, Windows) read up to 256 KB, and one connection may keep the others for longer.
        """
        if hasattr(self.transport, "max_size"):
            self.transport.max_size = most

    def on_response_complete(self) -> None:
        """Wait for the next head."""
        self._read_bytes(READ_BYTES)
        super().on_response_complete()
        if not self._has_request():
            self._all.wait(self)

    def send_400_response(self, msg: str) -> None:
        """Tell that this is no request, where no answer has begun. Uvicorn would send that answer on and fail.

        It fails with the words as well, where the request at hand is one for a head alone.
        """
        self._refuse(_no_request("" if self.cycle is not None and self.scope["method"] == "HEAD" else msg))

    def _refuse(self, answer: bytes) -> None:
        """Give an answer of our own and end, where no other has begun."""
        if self._leaves_room():
            self._hold(answer)

    def _hold(self, answer: bytes) -> None:
        """Refuse in a while, as one of those without a whole head, of which only the newest are kept."""
        self._is_refused = True
        self._set_deadline(None)
        self.transport.pause_reading()
        self._all.wait(self)

        def end() -> None:
            if not self.transport.is_closing():
                self.transport.write(answer)
                self.transport.close()

        self.loop.call_later(web_sockets.REFUSAL_S, end)

    def shutdown(self) -> None:
        """End with the server. Uvicorn tells it by the protocol, which may not be ready while a refusal waits."""
        if self._is_refused:
            self.transport.close()
        else:
            super().shutdown()

    def _leaves_room(self) -> bool:
        """End what answers the request at hand; where its answer has begun, close and return False."""
        cycle = self.cycle
        if cycle is not None:
            cycle.disconnected = True
            cycle.message_event.set()
            if cycle.response_started and (cycle.more_body or not cycle.response_complete):
                self.transport.close()
                return False
        return True

    def handle_websocket_upgrade(self, *event: Any) -> None:
        """Hand the connection over to the protocol of WebSockets, which has an application of its own."""
        is_long = head_bytes(self.scope, self.headers) > MAX_HEAD_BYTES
        refusal = b"" if web_sockets.opens(self.scope, self.headers) and not is_long else _MALFORMED
        if self._is_reserved and not _of_presenter(self.headers):
            refusal = _FULL
        if refusal:
            self._hold(refusal)
            return
        self._set_deadline(None)
        self._all.serve(self)
        self._upgraded = True
        super().handle_websocket_upgrade(*event)
        after: BoundedWebSocket = self.transport.get_protocol()
        after.on_lost = self._page_lost

        def look() -> None:
            if not after.handshake_complete:
                self.transport.abort()

        self._deadline = self.loop.call_later(HEAD_S, look)

    def _page_lost(self) -> None:
        self._all.closed(self)
        self._set_deadline(None)

    def pause_writing(self) -> None:
        """Give the reader a while to take what waits for him."""
        super().pause_writing()
        self._watch_reader()

    def resume_writing(self) -> None:
        """The reader reads."""
        super().resume_writing()
        self._stop_watching()

    _upgraded = _is_refused = False

    def _has_request(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _set_deadline(self, seconds: float | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = None if seconds is None else self.loop.call_later(seconds, self.transport.abort)

    def _watch_reader(self) -> None:
        """Look again later: who took nothing meanwhile is left, and who reads slowly is not."""
        self._stop_watching()
        waits = _unsent_bytes(self.transport)

        def look() -> None:
            if _unsent_bytes(self.transport) >= waits:
                self.transport.abort()
            else:
                self._watch_reader()

        self._stalled = self.loop.call_later(STALL_S, look)

    def _stop_watching(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
        self._stalled = None


_LONG = f"a request's head has {MAX_HEAD_BYTES:,} bytes at the most"
#: The answers to a WebSocket that is none, to one where only the presenter has room, and to what writes.
_MALFORMED = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_FULL = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 10\r\nContent-Length: 0\r\n\r\n"
_READING_ONLY = (
    f"HTTP/1.1 405 Method Not Allowed\r\nAllow: {', '.join(READING)}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
).encode()


def _no_request(words: str) -> bytes:
    return (
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n"
        f"Content-Length: {len(words)}\r\n\r\n{words}"
    ).encode("ascii", "replace")


def _unsent_bytes(transport: asyncio.Transport) -> int:
    """Return what waits for the reader, here and, where the system tells it, in the socket, which holds megabytes."""
    waits = transport.get_write_buffer_size()
    with suppress(ImportError, OSError, AttributeError, ValueError):
        import fcntl
        import termios

        socket = transport.get_extra_info("socket")
        waits += int.from_bytes(fcntl.ioctl(socket.fileno(), termios.TIOCOUTQ, bytes(4)), sys.byteorder)
    return waits


def _of_presenter(headers: Sequence[tuple[bytes, bytes]]) -> bool:
    cookies = cookie_parser(Headers(raw=list(headers)).get("cookie", ""))
    return presenter_link.may_send(cookies)


def presenter_alone(app: ASGIApp) -> ASGIApp:
    """Return an application that answers the presenter and tells others that the room is full."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if _of_presenter(scope.get("headers", ())) or presenter_link.is_opened(origin_form(scope)):
            return await app(scope, receive, send)
        words = "so many look on already that there is no room for more"
        headers = {"Retry-After": "10", "Connection": "close"}
        return await PlainTextResponse(words, 503, headers=headers)(scope, receive, send)

    return guarded


_connections: Connections | None = None


def all_connections() -> Connections:
    """Return the connections of this process's server."""
    global _connections
    if _connections is None:
        _connections = Connections(descriptors.connections())
    return _connections


def install() -> None:
    """Serve with these limits. Streamlit makes Uvicorn's settings itself and takes none of these from outside.

    Uvicorn would believe whatever loopback says of a browser's address and scheme: ``proxy.py`` decides instead.
    """
    global _connections
    _connections = Connections(descriptors.connections())
    uvicorn.Config = bounded_config  # type: ignore[misc, assignment]
    uvicorn.Server = BoundedServer  # type: ignore[misc]


def bounded_config(*arguments: Any, **options: Any) -> uvicorn.config.Config:
    """Return Uvicorn's settings with these limits, whatever else is asked for."""
    return uvicorn.config.Config(*arguments, **{**options, **LIMITS})


LIMITS: dict[str, Any] = {
    "http": BoundedProtocol,
    "backlog": ACCEPTED,
    "proxy_headers": False,
    "h11_max_incomplete_event_size": MAX_HEAD_BYTES,
    "ws": BoundedWebSocket,
    # Before a message is in memory, and of a packed one before it is unpacked.
    "ws_max_size": MAX_MESSAGE_BYTES,
}
