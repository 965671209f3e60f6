"""Limits on the WebSockets of pages: how large a message is, how often one comes, how many scripts run for the room.

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

#: Bytes of one message of a page, unpacked; a page's own messages have a few thousand.
MAX_MESSAGE_BYTES = 256 * 1024
#: Parts of one message. Empty ones would have no end.
MAX_PARTS = 1024
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


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """Uvicorn's protocol of one WebSocket, without messages of endless parts and endless answers to pings."""

    _parts = 0
    #: What is called once when the connection is lost.
    on_lost: Callable[[], None] | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass it on, and let go of what it was sent for."""
        if self.on_lost is not None:
            self.on_lost()
            self.on_lost = None
        self.frames = []
        super().connection_lost(exc)

    def handle_text(self, event: Any) -> None:
        """Begin a message."""
        self._parts = 1
        super().handle_text(event)

    def handle_bytes(self, event: Any) -> None:
        """Begin a message."""
        self._parts = 1
        super().handle_bytes(event)

    def handle_cont(self, event: Any) -> None:
        """Go on with a message, unless it has too many parts."""
        self._parts += 1
        if self._parts > MAX_PARTS:
            self.frames = []
            self.transport.abort()
            return
        super().handle_cont(event)

    def handle_ping(self) -> None:
        """Answer a ping, unless the answers to earlier ones are not read."""
        if self.writable.is_set():
            super().handle_ping()
        else:
            self.conn.data_to_send()


def limited(receive: Receive, send: Send) -> Receive:
    """Return a ``receive`` that closes the WebSocket at what no page sends.

    That is a message beyond ``MAX_MESSAGE_BYTES`` (1009, too big), or text (1003), at which Streamlit would fail.
    """

    async def receive_limited() -> Message:
        message = await receive()
        if message["type"] != "websocket.receive":
            return message
        text = message.get("text")
        code = 1003 if text is not None else 0
        if len(message.get("bytes") or b"") + len(text or "") > MAX_MESSAGE_BYTES:
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
        self._bucket = Bucket()
        self._turn: asyncio.TimerHandle | None = None
        self._is_read = asyncio.Event()
        self._is_read.set()

    async def receive(self) -> Message:
        """Return the next message when it may be heard."""
        message = await self._receive()
        if message["type"] == "websocket.receive":
            if wait_s := self._bucket.take():
                await asyncio.sleep(wait_s)
            if self._turn is None and asks_for_a_rerun(message.get("bytes") or b""):
                await self._is_read.wait()  # who does not take the last script's answer asks for no other
                await self._turns.acquire(self._network)
                self._turn = asyncio.get_running_loop().call_later(TURN_S, self.end_turn)
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


class Bucket:
    """``AT_ONCE`` messages, and another every ``EVERY_S`` seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        #: When the bucket is full again.
        self._full = clock()

    def take(self) -> float:
        """Count a message; return the seconds for which it has to wait."""
        now = self._clock()
        self._full = max(self._full, now) + EVERY_S
        return max(0.0, self._full - now - AT_ONCE * EVERY_S)


def asks_for_a_rerun(content: bytes) -> bool:
    """Whether a page's message makes its script run."""
    try:
        return bool(BackMsg.FromString(content).WhichOneof("type") == "rerun_script")
    except Exception:  # no message: Streamlit closes at it
        return False


def ends_a_script(content: bytes) -> bool:
    """Whether a message to a page says that its script is through, and does not run anew at once."""
    if len(content) > _MAX_END_BYTES:
        return False
    message = ForwardMsg.FromString(content)
    is_end = message.WhichOneof("type") == "script_finished"
    return is_end and bool(message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN)
