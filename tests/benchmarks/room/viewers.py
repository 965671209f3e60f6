"""Many viewers of a shared race in one process: each opens the page, runs it, and follows the race's stream.

    python -m tests.benchmarks.room.viewers --url http://127.0.0.1:8501 --race 1 --runs 1,2 --viewers 200 --seconds 60

Each does what a browser does: the document, the history, Streamlit's WebSocket with the page's script, the timers of
its fragments, the stream. Prints one JSON line when all are in (or were refused), and one at the end: every viewer's
rows with the times of their arrival, what was refused, and this process's own CPU time.
"""

import argparse
import asyncio
import contextlib
import json
import resource
import sys
import time
from typing import Any
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

#: Seconds for one answer, and for the opening of a connection.
PATIENCE_S = 30.0
#: Bytes of an answer that are read at most.
MAX_BYTES = 2**24


class Viewer:
    """One viewer; ``rows`` are (run, step, time of arrival)."""

    def __init__(self, url: str, query: str, runs: str):
        self.url, self.query, self.runs = url, query, runs
        self.host = urlsplit(url).netloc
        self.cookie = ""
        self.rows: list[tuple[int, int, float]] = []
        self.trouble = ""
        self.scripts = self.events = 0
        self._timers: dict[str, asyncio.Task[None]] = {}

    async def join(self) -> None:
        """Open page, WebSocket and stream; returns when the script has run and the stream has begun."""
        head, _ = await self._get("/", "Accept: text/html")
        self.cookie = next((line.split(": ", 1)[1].split(";")[0] for line in head if line.startswith("set-cookie")), "")
        self._socket = await connect(
            self.url.replace("http", "ws", 1) + "/_stcore/stream", origin=self.url,  # type: ignore[arg-type]
            subprotocols=["streamlit", "none"],  # type: ignore[list-item]
            additional_headers={"Cookie": self.cookie} if self.cookie else {}, max_size=None, open_timeout=PATIENCE_S,
        )  # fmt: skip
        drawn = asyncio.Event()
        self._tasks = [asyncio.create_task(self._guarded(self._page(self._socket, drawn)))]
        await self._run(self._socket)
        await asyncio.wait_for(drawn.wait(), PATIENCE_S)
        _, body = await self._get(f"/live/history?runs={self.runs}")
        cursor = json.loads(body)["cursor"]
        begun = asyncio.Event()
        self._tasks.append(asyncio.create_task(self._guarded(self._stream(cursor, begun))))
        await asyncio.wait_for(begun.wait(), PATIENCE_S)

    async def leave(self) -> None:
        """Close everything."""
        for task in [*getattr(self, "_tasks", ()), *self._timers.values()]:
            task.cancel()
        self._timers.clear()
        if hasattr(self, "_socket"):
            await self._socket.close()

    async def _guarded(self, work: Any) -> None:
        try:
            await work
            self.trouble = self.trouble or "ended"
        except Exception as error:
            self.trouble = self.trouble or f"{type(error).__name__}: {error}"[:200]

    async def _open(self, path: str, *more: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, list[str]]:
        port = urlsplit(self.url).port
        reader, writer = await asyncio.wait_for(asyncio.open_connection(urlsplit(self.url).hostname, port), PATIENCE_S)
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: {self.host}",
            *([f"Cookie: {self.cookie}"] if self.cookie else []),
            *more,
        ]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE_S)).decode().split("\r\n")
        status = int(head[0].split()[1])
        if status != 200:
            writer.close()
            raise OSError(f"{path.partition('?')[0]}: {status}")
        return reader, writer, head

    async def _get(self, path: str, *more: str) -> tuple[list[str], bytes]:
        reader, writer, head = await self._open(path, "Connection: close", *more)
        body = await asyncio.wait_for(reader.read(MAX_BYTES), PATIENCE_S)
        while part := await asyncio.wait_for(reader.read(MAX_BYTES), PATIENCE_S):
            body += part
        writer.close()
        if any(line.lower() == "transfer-encoding: chunked" for line in head):
            body = _unchunked(body)
        return head, body

    async def _run(self, socket: ClientConnection, fragment: str = "") -> None:
        message = BackMsg()
        message.rerun_script.query_string = self.query
        message.rerun_script.fragment_id = fragment
        await socket.send(message.SerializeToString())

    async def _page(self, socket: ClientConnection, drawn: asyncio.Event) -> None:
        async for frame in socket:
            message = ForwardMsg.FromString(frame)  # type: ignore[arg-type]
            kind = message.WhichOneof("type")
            if kind == "script_finished":
                self.scripts += 1
                drawn.set()
            elif kind == "auto_rerun":
                self._repeat(socket, message.auto_rerun.fragment_id, message.auto_rerun.interval)

    def _repeat(self, socket: ClientConnection, fragment: str, seconds: float) -> None:
        """Run a fragment so often, as the page's browser part does."""

        async def repeat() -> None:
            with contextlib.suppress(Exception):
                while True:
                    await asyncio.sleep(seconds)
                    await self._run(socket, fragment)

        if (before := self._timers.pop(fragment, None)) is not None:
            before.cancel()
        self._timers[fragment] = asyncio.create_task(repeat())

    async def _stream(self, cursor: str, begun: asyncio.Event) -> None:
        reader, writer, _ = await self._open(f"/live/stream?runs={self.runs}&since={cursor}")
        begun.set()
        with contextlib.closing(writer):
            while line := await reader.readline():
                if not line.startswith(b"data:"):
                    continue
                now = time.time()
                self.events += 1
                for entry in json.loads(line[5:]).get("p", ()):
                    self.rows += [(entry[0], step, now) for step in entry[-1][::3]]


def _unchunked(body: bytes) -> bytes:
    parts = []
    while body:
        size, _, body = body.partition(b"\r\n")
        count = int(size, 16)
        if not count:
            break
        parts.append(body[:count])
        body = body[count + 2 :]
    return b"".join(parts)


async def room(options: argparse.Namespace) -> None:
    """Let the viewers come, look on and go."""
    viewers = [Viewer(options.url, f"race={options.race}", options.runs) for _ in range(options.viewers)]
    began, refused = time.monotonic(), []

    async def come(number: int, viewer: Viewer) -> None:
        await asyncio.sleep(number / options.per_second)
        try:
            await viewer.join()
            for _ in range(options.reloads):
                await viewer.leave()
                viewer.trouble = ""
                await viewer.join()
        except Exception as error:
            viewer.trouble = viewer.trouble or f"{type(error).__name__}: {error}"[:200]
            refused.append(viewer.trouble)

    await asyncio.gather(*(come(number, viewer) for number, viewer in enumerate(viewers)))
    _say(
        joined=len(viewers) - len(refused),
        refused=refused[:5],
        join_s=round(time.monotonic() - began, 1),
        at=time.time(),
    )
    cpu, scripts = time.process_time(), sum(viewer.scripts for viewer in viewers)
    looking = time.monotonic()
    await asyncio.sleep(options.seconds)
    looked = time.monotonic() - looking
    cpu = time.process_time() - cpu
    scripts = sum(viewer.scripts for viewer in viewers) - scripts
    lost = [viewer.trouble for viewer in viewers if viewer.trouble]
    _say(
        own_cpu=round(cpu / looked, 3), scripts_per_s=round(scripts / looked, 1), lost=lost[:5],
        events=sum(viewer.events for viewer in viewers), rows=[viewer.rows for viewer in viewers],
    )  # fmt: skip
    for viewer in viewers:
        await viewer.leave()


def _say(**document: object) -> None:
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Read the options, and bring the viewers."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--race", type=int, required=True)
    parser.add_argument("--runs", required=True)
    parser.add_argument("--viewers", type=int, default=200)
    parser.add_argument("--per-second", type=float, default=5.0)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--reloads", type=int, default=0)
    options = parser.parse_args()
    if not (1 <= options.viewers <= 1_000 and 0 < options.seconds <= 300):
        parser.error("1 to 1,000 viewers for at most 300 s")
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(room(options))


if __name__ == "__main__":
    main()
