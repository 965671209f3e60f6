"""Requests over real sockets, byte for byte, and what came back."""

import socket
from contextlib import suppress
from dataclasses import dataclass

from tests.fuzz.web.asgi import Request

_PATIENCE_S = 20.0
_END = b"\r\n\r\n"
_GET, _HOST = b"GET / HTTP/1.1\r\n", b"Host: localhost\r\n"
_SOCKET = b"GET /_stcore/stream HTTP/1.1\r\n" + _HOST + b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
_KEY = b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
_POST = b"POST / HTTP/1.1\r\n" + _HOST
#: What is no request, or two, or one that means different things to different readers.
BROKEN = (
    b"", _END, b"GET\r\n\r\n", b"GET /\r\n\r\n", b"GET / HTTP/9.9\r\n" + _HOST + _END,
    b"GET  / HTTP/1.1\r\n" + _HOST + b"\r\n",
    b"get / http/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)), b"\0" * 4_000,
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET / HTTP/1.0\r\n\r\n", _GET + b"\r\n", _GET + _HOST * 2 + b"\r\n",
    _GET + b"Host: localhost\r\nHost: evil.example\r\n\r\n", _GET + _HOST + b"a: b\r\n" * 5_000 + b"\r\n",
    _GET + _HOST + b"a: " + b"x" * 200_000 + _END, b"GET /" + b"x" * 200_000 + b" HTTP/1.1\r\n" + _HOST + b"\r\n",
    _GET + _HOST + b" folded: x\r\n\tmore\r\n\r\n", _GET + _HOST + b"bad header\r\n\r\n", _GET + _HOST + b": x\r\n\r\n",
    _GET + _HOST + b"a\x00b: c\r\n\r\n", _GET + _HOST + b"a: \xff\xfe\r\n\r\n",
    (_GET + _HOST + b"\r\n").replace(b"\r", b""),
    b"GET http://evil.example/ HTTP/1.1\r\n" + _HOST + b"\r\n",
    b"CONNECT evil.example:80 HTTP/1.1\r\n" + _HOST + b"\r\n",
    b"OPTIONS * HTTP/1.1\r\n" + _HOST + b"\r\n", b"GET \xff\xfe HTTP/1.1\r\n" + _HOST + b"\r\n",
    b"GET /%ff%00 HTTP/1.1\r\n" + _HOST + b"\r\n",
    _POST + b"Content-Length: -1\r\n\r\n",
    _POST + b"Content-Length: 9" * 2 + _END,
    _POST + b"Content-Length: 99999999999999999999\r\n\r\nx",
    _POST + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx\r\n0\r\n\r\n",
    _POST + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + _HOST + b"Expect: 100-continue\r\n\r\n",
    _POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /present HTTP/1.1\r\n\r\n",
    (_GET + _HOST + b"\r\n") * 50, _SOCKET + b"\r\n", _SOCKET + b"Sec-WebSocket-Version: 13\r\n\r\n",
    _SOCKET + b"Sec-WebSocket-Version: 99\r\nSec-WebSocket-Key: x\r\n\r\n",
    _SOCKET + b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: \xff\r\n\r\n" + b"\xff" * 200,
    _SOCKET + _KEY + b"\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff",
    _SOCKET.replace(b"/_stcore/stream", b"/live/stream") + _KEY,
)  # fmt: skip


@dataclass(frozen=True)
class Head:
    """The first line and the headers of an answer; status 0 where the server closed without one."""

    status: int
    text: str = ""


def written(request: Request, port: int, host: bytes = b"") -> bytes:
    """Return a request as its bytes, with an honest length of its body."""
    named = {name for name, _ in request.headers}
    headers = [
        (name, b"localhost:%d" % port if name == b"host" and value == b"localhost:8501" else value)
        for name, value in request.headers
    ]
    if b"host" not in named or host:
        headers = [
            (b"host", host or b"localhost:%d" % port),
            *((name, value) for name, value in headers if name != b"host"),
        ]
    if request.body:
        headers.append((b"content-length", str(len(request.body)).encode()))
    lines = [
        f"{request.method} ".encode() + request.target + b" HTTP/1.1",
        *(name + b": " + value for name, value in headers),
    ]
    return b"\r\n".join(lines) + _END + request.body


def sent(port: int, content: bytes, ends: bool = False) -> Head:
    """Send bytes on a connection of their own, and read the head of what comes back.

    ``ends``: nothing more will come, which ends the wait for the rest of a broken request.
    """
    heard = b""
    with socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE_S) as connection:
        with suppress(OSError):  # the server may have closed before the end
            connection.sendall(content)
            if ends:
                connection.shutdown(socket.SHUT_WR)
        with suppress(ConnectionError):
            while _END not in heard and (more := connection.recv(65_536)):
                heard += more
    line = heard.partition(b"\r\n")[0].split()
    if len(line) < 2 or not line[0].startswith(b"HTTP/"):
        return Head(0, heard.decode("latin-1"))
    return Head(int(line[1]), heard.decode("latin-1"))
