"""A limit on the audience's open streams, pages and readings of the store."""

import asyncio
from contextlib import ExitStack

from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.web import descriptors, presenter_link
from app.web.audience.answers import CLOSED, Answer, kind_of, say_goodbye
from app.web.audience.places import Places, Turns, network_of
from app.web.base_path import inside
from app.web.web_sockets import FILE, MAX_AUDIENCE_BYTES, MAX_FILES, MAX_SCRIPTS, RERUN, PagePace, limited

#: Simultaneous readings of the store for the audience.
MAX_READS = 4
#: Pages of the audience that open at once, and streams, and the seconds for one: 80 in a second, each 4 ms of this
#: process.
MAX_OPENING, OPENING_S = 4, 0.05


class ConnectionLimit:
    """Bound the open streams and WebSockets, their reruns and the simultaneous readings, but the presenter's."""

    def __init__(self, app: ASGIApp):
        self.app = app
        #: Open streams, WebSockets and readings of the audience, each.
        self.most = descriptors.viewers()
        self._places = {kind: Places(self.most) for kind in ("page", "stream", "reading")}
        self._readings = Turns(MAX_READS)
        self._openings = {kind: Turns(MAX_OPENING) for kind in ("page", "stream")}
        self._of_pages = {RERUN: Turns(MAX_SCRIPTS), FILE: Turns(MAX_FILES)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 503 to a stream or reading beyond the limit, 403 to a WebSocket; queue other readings and reruns."""
        kind = _bounded(scope)
        if not kind or presenter_link.is_presenter(HTTPConnection(scope).cookies):
            return await self.app(scope, receive, send)
        task = asyncio.current_task()
        place = task and self._places[kind].take(network_of(scope), task)
        if not task or not place:
            return await self._refuse(kind, scope, receive, send)
        answer = Answer(send, place)
        serve = {"page": self._page, "stream": self._stream, "reading": self._in_turn}[kind]
        try:
            await serve(scope, receive, answer.send)
        except asyncio.CancelledError:
            if not place.gives_way:
                raise
            task.uncancel()
            if kind == "page":
                await say_goodbye(None if answer.has_begun else scope, send)
            elif not answer.has_begun:
                await self._refuse(kind, scope, receive, send)
        finally:
            self._places[kind].leave(place)
        return None

    async def _refuse(self, kind: str, scope: Scope, receive: Receive, send: Send) -> None:
        if kind == "page":
            return await send(CLOSED)
        refusal = f"{self.most} viewers look on already, and there is no room for more"
        return await PlainTextResponse(refusal, 503, headers={"Retry-After": "10"})(scope, receive, send)

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        if presenter_link.shared_port() is None:  # nobody is audience
            return await self.app(scope, limited(receive, send), send)
        await self._open("page", scope)
        heard = limited(receive, send, MAX_AUDIENCE_BYTES)
        pace = PagePace(self._of_pages, network_of(scope), heard, send)
        try:
            await self.app(scope, pace.receive, pace.send)
        finally:
            pace.leave()

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        if presenter_link.shared_port() is not None:
            await self._open("stream", scope)
        await self.app(scope, receive, send)

    async def _open(self, kind: str, scope: Scope) -> None:
        """Wait until one more may begin; the next one may in a moment."""
        turns = self._openings[kind]
        await turns.acquire(network_of(scope))
        asyncio.get_running_loop().call_later(OPENING_S, turns.release)

    async def _in_turn(self, scope: Scope, receive: Receive, send: Send) -> None:
        # The turn ends when the answer begins: the store is read by then, and a slow receiver blocks nobody.
        with ExitStack() as turn:

            async def send_and_end(message: Message) -> None:
                if message["type"] == "http.response.start":
                    turn.close()
                await send(message)

            await self._readings.acquire(network_of(scope))
            turn.callback(self._readings.release)
            await self.app(scope, receive, send_and_end)


def _bounded(scope: Scope) -> str:
    """Return the kind of an answer that stays open or reads the store, else ''."""
    if scope["type"] == "websocket":
        return "page"
    return kind_of(inside(scope)) if scope["type"] == "http" else ""
