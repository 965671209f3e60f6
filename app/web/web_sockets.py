"""Limits on the WebSockets of pages: how large a message is, what it asks and how often, how many scripts run.

Streamlit takes messages of 200 MB whole, and runs a thread for each page: a room of them that ask for reruns all the
time leaves no processor for the presenter.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from starlette.types import Message, Receive, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from app.web.places import Turns

#: Bytes of one message of a page, unpacked, and of one of the audience's; its own messages have a few thousand.
MAX_MESSAGE_BYTES, MAX_AUDIENCE_BYTES = 256 * 1024, 32 * 1024
#: What pages of the audience say. Streamlit answers more: it asks git, makes an address for each of a hundred thousand
#: files, or clears everybody's cache, and nothing else is done meanwhile.
OF_AUDIENCE = ("rerun_script", "stop_script", "app_heartbeat")
#: Frames of one connection that begin no message (its further parts, pings and their answers) at once, then another
#: every so many seconds. Empty ones would have no end.
FRAMES_AT_ONCE, FRAME_EVERY_S = 256, 0.1
#: Messages of one page of the audience at once, then another every so many seconds.
AT_ONCE, EVERY_S = 40, 0.2
#: Scripts that run at once for the audience. One interpreter runs them all, with the presenter's answers between.
MAX_SCRIPTS = 2
#: Seconds after which a script that has not ended keeps nobody waiting: it may wait itself, or not be read.
TURN_S = 2.0
#: Seconds for which the turn of a page that has left goes on: its script ends by then. Else a crowd that leaves while
#: it waits would start all its scripts at once.
LEFT_S = 0.1
#: Bytes of a message to a browser that may be the end of a script.
_MAX_END_BYTES = 512
_RERUN = "rerun_script"


class Bucket:
    """So many at once, and another every so many seconds."""

    def __init__(self, at_once: int, every_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._every = clock, every_s
        self._most = at_once * every_s
        #: When the bucket is full again.
        self._full = clock()

    def take(self) -> float:
        """Count one; return the seconds for which it has to wait."""
        now = self._clock()
        self._full = max(self._full, now) + self._every
        return max(0.0, self._full - now - self._most)


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """Uvicorn's protocol of one WebSocket, without endless parts and pings."""

    #: What is called once when the connection is lost.
    on_lost: Callable[[], None] | None = None

    def connection_made(self, transport: Any) -> None:
        """Count this connection's frames."""
        self._others = Bucket(FRAMES_AT_ONCE, FRAME_EVERY_S)
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass it on, and let go of what it was sent for."""
        if self.on_lost is not None:
            self.on_lost()
            self.on_lost = None
        self.frames = []
        super().connection_lost(exc)

    def handle_cont(self, event: Any) -> None:
        """Go on with a message."""
        if self._bears_another():
            super().handle_cont(event)

    def handle_ping(self) -> None:
        """Answer a ping, unless the answers to earlier ones are not read."""
        if not self._bears_another():
            return
        if self.writable.is_set():
            super().handle_ping()
        else:
            self.conn.data_to_send()

    def handle_pong(self, event: Any) -> None:
        """Take the answer to a ping."""
        if self._bears_another():
            super().handle_pong(event)

    def _bears_another(self) -> bool:
        """Count a frame that begins no message; too many end the connection."""
        if self.transport.is_closing():
            return False
        if self._others.take():
            self.frames = []
            self.transport.abort()
            return False
        return True


def limited(receive: Receive, send: Send, max_bytes: int = MAX_MESSAGE_BYTES) -> Receive:
    """Return a ``receive`` that closes the WebSocket at what no page sends.

    That is a message beyond ``max_bytes`` (1009, too big), or text (1003), at which Streamlit would fail.
    """

    async def receive_limited() -> Message:
        message = await receive()
        if message["type"] != "websocket.receive":
            return message
        text = message.get("text")
        code = 1003 if text is not None else 0
        if len(message.get("bytes") or b"") + len(text or "") > max_bytes:
            code = 1009
        if not code:
            return message
        await send({"type": "websocket.close", "code": code})
        return {"type": "websocket.disconnect", "code": code}

    return receive_limited


class PagePace:
    """The messages of one page of the audience: some a second, and a rerun when it is this page's turn.

    What waits here is not read from the network either.
    """

    def __init__(self, turns: Turns, network: str, receive: Receive, send: Send) -> None:
        self._turns, self._network = turns, network
        self._receive, self._send = receive, send
        self._bucket = Bucket(AT_ONCE, EVERY_S)
        self._turn: asyncio.TimerHandle | None = None
        self._is_read = asyncio.Event()
        self._is_read.set()

    async def receive(self) -> Message:
        """Return the next message when it may be heard."""
        while True:
            message = await self._receive()
            if message["type"] != "websocket.receive":
                return message
            await asyncio.sleep(self._bucket.take())  # with 0 too: between two messages of a page others are answered
            kind = kind_of(message.get("bytes") or b"")
            if kind == _RERUN and self._turn is None:
                await self._is_read.wait()  # who does not take the last script's answer asks for no other
                await self._turns.acquire(self._network)
                self._turn = asyncio.get_running_loop().call_later(TURN_S, self.end_turn)
            if kind is None or kind in OF_AUDIENCE:
                return message

    async def send(self, message: Message) -> None:
        """Send on; the turn ends with the script."""
        self._is_read.clear()
        try:
            await self._send(message)
        finally:
            self._is_read.set()
        if self._turn is not None and ends_a_script(message.get("bytes") or b""):
            self.end_turn()

    def leave(self) -> None:
        """End the turn of a page that is gone, in a moment."""
        if self._turn is not None:
            self._turn.cancel()
            self._turn = asyncio.get_running_loop().call_later(LEFT_S, self.end_turn)

    def end_turn(self) -> None:
        """Let the next page's script run."""
        if self._turn is not None:
            self._turn.cancel()
            self._turn = None
            self._turns.release()


def kind_of(content: bytes) -> str | None:
    """Return the kind of a page's message, '' for an empty one, None for what is none: Streamlit closes at it."""
    try:
        return BackMsg.FromString(content).WhichOneof("type") or ""
    except Exception:  # protobuf's own kind of error; the package is Streamlit's matter
        return None


def ends_a_script(content: bytes) -> bool:
    """Whether a message to a page says that its script is through, and does not run anew at once."""
    if len(content) > _MAX_END_BYTES:
        return False
    message = ForwardMsg.FromString(content)
    is_end = message.WhichOneof("type") == "script_finished"
    return is_end and bool(message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN)
