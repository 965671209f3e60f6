"""The pace of what the audience loads: how fast, how much at once, how many files are open."""

import asyncio
from collections.abc import Callable

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.web import descriptors, presenter_link
from app.web.audience.answers import Answer, kind_of, say_busy
from app.web.audience.places import Line, Pace, Turns, network_of
from app.web.base_path import base, below

#: Requests at once, and then a second, of one connection and of one network: a room of 200 loads 40 files each.
CONNECTION_PACE, NETWORK_PACE = (300, 50), (8_000, 200)
#: Answers to the audience that begin at once, and parts of files that are read; and the seconds after which one that
#: takes longer holds up nobody.
MAX_BEGINNING, BEGINNING_S = 8, 0.25


class AudiencePace:
    """Bound what the audience loads, also what is refused: how fast, how much at once, how many files are open.

    Readings and streams have bounds of their own.
    """

    def __init__(self, app: ASGIApp):
        self.app = app
        self._base = base()
        self._files = Line(descriptors.files())
        self._beginnings, self._parts = Turns(MAX_BEGINNING), Turns(MAX_BEGINNING)
        self._connections, self._networks = Pace(*CONNECTION_PACE), Pace(*NETWORK_PACE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request wait, and answer 503 where that takes too long."""
        task = asyncio.current_task()
        if not task or scope["type"] != "http" or kind_of(below(scope, self._base)) or _is_presenter(scope):
            return await self.app(scope, receive, send)
        is_shared = presenter_link.shared_port() is not None
        if is_shared and not await self._keep_pace(scope):
            return await say_busy(scope, receive, send)
        place = await self._files.enter(network_of(scope), task)
        if not place:
            return await say_busy(scope, receive, send)
        answer = Answer(send, place)
        try:
            await (self._in_turn if is_shared else self.app)(scope, receive, answer.send)
        except asyncio.CancelledError:
            if not place.gives_way:
                raise
            task.uncancel()
            if not answer.has_begun:
                await say_busy(scope, receive, send)
        finally:
            self._files.leave(place)
        return None

    async def _keep_pace(self, scope: Scope) -> bool:
        waits = [self._networks.take(network_of(scope))]
        client = scope.get("client")
        if client and client[1]:  # a proxy's connections are everybody's
            waits.append(self._connections.take(tuple(client)))
        known = [each for each in waits if each is not None]
        if len(known) < len(waits):
            return False
        if longest := max(known):
            await asyncio.sleep(longest)
        return True

    async def _in_turn(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer when few others begin; as long as that took, the turn stays with the rest of this process."""
        network, clock = network_of(scope), asyncio.get_running_loop().time
        end_turn = await self._beginnings.hold(network, BEGINNING_S)
        end_part: Callable[[float], None] | None = None
        began = clock()

        def end_soon() -> None:
            end_turn(min(clock() - began, BEGINNING_S))
            if end_part is not None:
                end_part(0.0)

        async def send_and_end(message: Message) -> None:
            nonlocal end_part
            end_soon()
            await send(message)
            # Files are read in the threads that the presenter's page needs too: few parts at once.
            if message["type"] == "http.response.start" or message.get("more_body"):
                end_part = await self._parts.hold(network, BEGINNING_S)

        try:
            await self.app(scope, receive, send_and_end)
        finally:
            end_soon()


def _is_presenter(scope: Scope) -> bool:
    """Whether a request comes from the presenter, or opens his link."""
    return presenter_link.is_presenter(HTTPConnection(scope).cookies) or presenter_link.is_opened(scope)
