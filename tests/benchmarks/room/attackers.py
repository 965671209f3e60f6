"""Connections of an audience that attacks, in one process: each comes again as soon as the server lets go of it.

    python -m tests.benchmarks.room.attackers --port 8501 --attack chunked --connections 60 --seconds 10

Prints one JSON line at the end: how often they came in a second, what they were answered, this process's CPU time. They
come from 127.0.0.1, as the presenter does; with ``--addresses N`` from N addresses of loopback beside it.
"""

import argparse
import asyncio
import json
import resource
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from streamlit.proto.BackMsg_pb2 import BackMsg

from app.live.stream.plotly_js import WHOLE

#: Seconds for which one connection is held at the most.
HELD_S = 30.0
#: Linux's number of an option that Python has no name for.
_BIND_ADDRESS_NO_PORT = 24
#: A browser's upgrade.
_UPGRADE = (
    b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


@dataclass(frozen=True)
class Attack:
    """What each connection sends: first, and then again and again; whether it reads, and when it leaves.

    ``%d`` in ``first`` is the port. ``leaves_s``: the seconds after which it goes by itself, 0: with its first answer.
    """

    says: str
    first: bytes = b""
    again: bytes = b""
    connections: int = 60
    reads: bool = True
    leaves_s: float = HELD_S
    #: Seconds between two times of ``again``.
    every_s: float = 0.0


def _head(target: bytes = b"/", method: bytes = b"GET", host: bytes = b"127.0.0.1:%d", more: bytes = b"") -> bytes:
    return method + b" " + target + b" HTTP/1.1\r\nHost: " + host + b"\r\n" + more + b"\r\n"


def _frame(content: bytes) -> bytes:
    length = bytes([0x80 | len(content)]) if len(content) < 126 else b"\xfe" + len(content).to_bytes(2, "big")
    return b"\x82" + length + bytes(4) + content


def _rerun() -> bytes:
    message = BackMsg()
    message.rerun_script.query_string = ""
    return _frame(message.SerializeToString())


_CHUNKED = b"Transfer-Encoding: chunked\r\n"
_PAGE = _head(b"/_stcore/stream", more=_UPGRADE)
ATTACKS = {
    "nothing": Attack("nobody attacks", connections=0),
    "chunked": Attack("endless bodies in parts", _head(more=_CHUNKED), b"1\r\nx\r\n" * 100),
    "bodies": Attack("endless bodies of what writes", _head(method=b"POST", more=_CHUNKED), b"1\r\nx\r\n" * 100),
    "plain": Attack("the page on new connections", _head(more=b"Connection: close\r\n"), connections=190),
    "kept": Attack("the page on connections that stay", _head(), _head(), connections=190),
    "malformed": Attack("no HTTP", b"\x16\x03\x01\x02\x00\x01\x00 / \r\n\r\n", connections=190),
    "empty": Attack("connections that leave without a word", connections=190, leaves_s=0.0),
    "half": Attack("heads that never end, more than are kept", b"GET / HTTP/1.1\r\nX: ", connections=700),
    "hosts": Attack("wrong hosts", _head(host=b"evil.example", more=b"Connection: close\r\n"), connections=190),
    "foreign": Attack("pages of other sites", _head(b"/_stcore/stream", more=_UPGRADE + b"Origin: null\r\n"),
                      connections=190),
    "odd": Attack("upgrades with a body", _head(b"/_stcore/stream", more=_UPGRADE + _CHUNKED), connections=190),
    "pages": Attack("pages that leave once they are open", _PAGE, connections=190, leaves_s=0.0),
    "many": Attack("more pages than there are places", _PAGE, connections=400),
    "reruns": Attack("pages that ask for their script again and again", _PAGE, _rerun(), connections=190, every_s=0.1),
    "links": Attack("guesses of the presenter's link", _head(b"/present?token=" + b"x" * 43), connections=190),
    "readings": Attack("the history of races", _head(b"/live/history?runs=1,2,3,4", more=b"Connection: close\r\n"),
                       connections=190),
    "slow": Attack("readers of a large file who take nothing", _head(b"/" + WHOLE.address.encode()), connections=700,
                   reads=False),
    "streams": Attack("streams that leave once they begin", _head(b"/live/stream?runs=1,2,3,4"), connections=190,
                      leaves_s=0.0),
}  # fmt: skip


@dataclass
class Crowd:
    """All connections of one attack, until its end."""

    attack: Attack
    port: int
    addresses: int = 1
    ends: float = 0.0
    came: int = 0
    answers: Counter[str] = field(default_factory=Counter)

    async def attack_for(self, seconds: float) -> None:
        """Come again and again."""
        self.ends = time.monotonic() + seconds
        if not self.attack.connections:
            await asyncio.sleep(seconds)
        await asyncio.gather(*(self._come_again(number) for number in range(self.attack.connections)))

    async def _come_again(self, number: int) -> None:
        while time.monotonic() < self.ends:
            self.came += 1
            try:
                answer = await self._connect(number)
            except (OSError, TimeoutError) as error:
                answer = type(error).__name__
            self.answers[answer] += 1

    async def _connect(self, number: int) -> str:
        address = f"127.0.{number % self.addresses // 250}.{2 + number % self.addresses % 250}"
        with socket.socket() as one:
            one.setblocking(False)
            if not self.attack.reads:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
            if self.addresses > 1:
                # The port is chosen with the connection: a search before it takes long where many were used.
                one.setsockopt(socket.IPPROTO_IP, _BIND_ADDRESS_NO_PORT, 1)
                one.bind((address, 0))
            loop = asyncio.get_running_loop()
            async with asyncio.timeout_at(loop.time() + max(0.01, self.ends - time.monotonic())):
                await loop.sock_connect(one, ("127.0.0.1", self.port))
            if not self.attack.first and not self.attack.leaves_s:
                return "left"
            return await self._speak(one, self.attack.first.replace(b"%d", str(self.port).encode()))

    async def _speak(self, one: socket.socket, first: bytes) -> str:
        loop, answer = asyncio.get_running_loop(), b""
        left = min(self.attack.leaves_s or HELD_S, self.ends - time.monotonic())
        more = asyncio.ensure_future(self._say_more(one)) if self.attack.again else None
        with suppress(TimeoutError, OSError):
            async with asyncio.timeout(max(0.0, left)):
                await loop.sock_sendall(one, first)
                if not self.attack.reads:
                    await asyncio.sleep(left)
                while part := await loop.sock_recv(one, 65_536):
                    answer = answer or part
                    if not self.attack.leaves_s:
                        break
        if more:
            more.cancel()
            await asyncio.gather(more, return_exceptions=True)
        return answer[:12].decode("latin-1") or "none"

    async def _say_more(self, one: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        again = self.attack.again.replace(b"%d", str(self.port).encode())
        while True:
            await asyncio.sleep(self.attack.every_s or 0.001)
            await loop.sock_sendall(one, again)


def attacked(port: int, name: str, seconds: float, connections: int = 0, addresses: int = 1) -> dict[str, object]:
    """Attack a server; return how often they came in a second, what they were answered, and the CPU that it took."""
    known: Attack = ATTACKS[name]
    chosen = Attack(**{**vars(known), "connections": connections or known.connections})
    crowd, cpu, began = Crowd(chosen, port, addresses), time.process_time(), time.monotonic()
    asyncio.run(crowd.attack_for(seconds))
    took = max(time.monotonic() - began, 0.001)
    return {
        "came_per_s": round(crowd.came / took, 1), "answers": dict(crowd.answers.most_common(5)),
        "own_cpu": round((time.process_time() - cpu) / took, 3),
    }  # fmt: skip


def number(least: int, most: int) -> Callable[[str], int]:
    """Return what reads a number within bounds from a command line."""

    def read(text: str) -> int:
        if not least <= (found := int(text)) <= most:
            raise argparse.ArgumentTypeError(f"{least} to {most}")
        return found

    return read


def main() -> None:
    """Read the options, and attack."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=number(1, 65_535), required=True)
    parser.add_argument("--attack", choices=ATTACKS, required=True)
    parser.add_argument("--connections", type=number(0, 5_000), default=0)
    parser.add_argument("--addresses", type=number(1, 50_000), default=1)
    parser.add_argument("--seconds", type=number(1, 300), default=10)
    options = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    found = attacked(options.port, options.attack, options.seconds, options.connections, options.addresses)
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
