"""The live routes behind the middleware, asked without sockets: as Uvicorn would hand a request over."""

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import unquote

import streamlit as st
from starlette.applications import Starlette
from starlette.middleware import Middleware

from app.data import authorization
from app.live.routes import routes
from app.live.stream.feed import Feed
from app.live.stream.page_head import PageHead
from app.live.stream.preload import Preload
from app.web import middleware, presenter_link

#: Tables that change by themselves: who is there, and when he was last seen.
OF_THE_LIVING = ("engine", "clients")
#: Seconds for which a stream is followed.
_STREAM_S = 0.02
_PATIENCE_S = 60.0


@dataclass(frozen=True)
class Request:
    """A request as its bytes: a path with its query as it stands in the first line, and headers."""

    method: str
    target: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""


@dataclass
class Answer:
    """What came back; ``raised`` is what the application left to the server, which answers 500."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    raised: BaseException | None = None


class Site:
    """An application with the live routes, and a thread with the loop in which it answers."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="site", daemon=True)
        self._thread.start()
        self.feed = Feed()
        stack = [*middleware.stack(), Middleware(Preload), Middleware(PageHead)]
        self.app = Starlette(routes=[*routes(self.feed), *presenter_link.routes()], middleware=stack)
        self._call(self._start())

    def close(self) -> None:
        self._call(self.feed.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_PATIENCE_S)
        self._loop.close()

    def ask(self, request: Request) -> Answer:
        return self._call(self._ask(request))

    def _call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(_PATIENCE_S)

    async def _start(self) -> None:
        self.feed.start()
        await self.feed.ready()

    async def _ask(self, request: Request) -> Answer:
        answer, gone = Answer(), asyncio.Event()
        parts = iter([{"type": "http.request", "body": request.body, "more_body": False}])

        async def receive():
            with suppress(StopIteration):
                return next(parts)
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            if message["type"] == "http.response.start":
                assert answer.status == 0, "a second head"
                answer.status = message["status"]
                answer.headers = {
                    name.decode("latin-1").lower(): value.decode("latin-1") for name, value in message["headers"]
                }
                if answer.headers.get("content-type", "").startswith("text/event-stream"):
                    self._loop.call_later(_STREAM_S, gone.set)  # a stream has no end: who follows it leaves
                return
            answer.body += message.get("body", b"")

        try:
            await asyncio.wait_for(self.app(scope_of(request), receive, send), _PATIENCE_S)
        except Exception as error:
            answer.raised = error
        return answer


@contextmanager
def shared(bench, monkeypatch, hosts=("localhost", "127.0.0.1"), base="") -> Iterator[Site]:
    """Serve the routes of a shared page with four runs, for these hosts and below a base path."""
    option, options = st.get_option, {"server.allowedHosts": [*hosts], "server.baseUrlPath": base}
    monkeypatch.setattr(st, "get_option", lambda name: options[name] if name in options else option(name))
    monkeypatch.setattr(presenter_link, "WRONG_S", 0.0)
    monkeypatch.setattr(presenter_link, "_presenter", None)
    monkeypatch.setattr(authorization, "_guard", None)
    presenter_link.share(8501)
    bench.start_all()
    for run in bench.runs:
        bench.steps(run, 1, 40)
    site = Site()
    yield site
    site.close()


def scope_of(request: Request) -> dict:
    path, _, query = request.target.partition(b"?")
    return {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "scheme": "http",
        "method": request.method, "path": unquote(path.decode("ascii")), "raw_path": path, "query_string": query,
        "root_path": "", "headers": [(name.lower(), value) for name, value in request.headers],
        "client": ("127.0.0.1", 40_000), "server": ("127.0.0.1", 8501), "state": {},
    }  # fmt: skip


class Tracebacks(logging.Handler):
    """Collects what is logged with a traceback."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            self.seen.append(f"{record.name}: {record.getMessage()} {record.exc_info[1]!r}")


def contents(database) -> list[str]:
    """All that a database holds, but who is there at the moment."""
    skipped = tuple(f'INSERT INTO "{table}"' for table in OF_THE_LIVING)
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return [line for line in connection.iterdump() if not line.startswith(skipped)]
