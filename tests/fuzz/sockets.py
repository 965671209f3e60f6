"""Requests over real sockets, byte for byte, and what came back."""

import socket
from contextlib import suppress
from dataclasses import dataclass

from tests.fuzz.asgi import Request

_PATIENCE_S = 20.0
_END = b"\r\n\r\n"


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
