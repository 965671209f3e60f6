"""Limits on the WebSockets of pages: how large a message is, what it asks and how often, how many scripts run.

Streamlit takes messages of 200 MB whole, and runs a thread for each page: a room of them that ask for reruns all the
time leaves no processor for the presenter.
"""

import asyncio
import re
import time
from base64 import b64decode
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from app.web.audience.places import Turns
from app.web.audience.widget_values import readable
from app.web.base_path import target_bytes

#: Bytes of one message of a page, unpacked, and of one of the audience's; its own messages have a few thousand.
MAX_MESSAGE_BYTES, MAX_AUDIENCE_BYTES = 256 * 1024, 32 * 1024
#: What runs for the audience when it is a page's turn: its script, and a file that is made once it is asked for.
RERUN, FILE = "rerun_script", "deferred_file"
#: What pages of the audience say. Streamlit answers more: it asks git, installs files, makes an address for each of a
#: hundred thousand files, or clears everybody's cache, and nothing else is done meanwhile. ``dataframe_chunk`` is for
#: tables of more than 150,000 rows, which no page has.
OF_AUDIENCE = (RERUN, FILE, "stop_script", "app_heartbeat")
#: Seconds for which what is refused waits for its answer: who comes again at once would leave no processor for others.
REFUSAL_S = 1.0
#: Frames of one connection that begin no message (its further parts, pings and their answers) at once, then another
#: every so many seconds. Empty ones would have no end.
FRAMES_AT_ONCE, FRAME_EVERY_S = 256, 0.1
#: Messages of one page of the audience at once, then another every so many seconds.
AT_ONCE, EVERY_S = 40, 0.2
#: Scripts that run at once for the audience. One interpreter runs them all, with the presenter's answers between.
MAX_SCRIPTS = 2
#: Files that are made at once for the audience, each in one of few threads that everybody shares; one, so that no page
#: has two. And the seconds after which it keeps nobody waiting.
MAX_FILES, FILE_S = 1, 5.0
#: Seconds after which a script that has not ended keeps nobody waiting: it may wait itself, or not be read.
TURN_S = 2.0
#: Seconds for which the turn of a page that has left goes on: its script ends by then. Else a crowd that leaves while
#: it waits would start all its scripts at once. Files are made to their end.
LEFT_S, FILE_LEFT_S = 0.1, 2.0
#: Messages of a page that are read while it waits for its turn, so that its end is seen behind them.
MAX_AHEAD = 4
#: Bytes of a message to a browser that may be the end of a script or, without its name, of a file.
_MAX_END_BYTES = 512


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


#: What the library behind (websockets) reads of a head: headers, bytes of a line. Bytes of a key; what no value has.
MAX_HEADERS, MAX_LINE_BYTES, KEY_BYTES = 128, 8192, 16
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
#: With which a page is refused: one with an answer of HTTP is sent in parts, and waits once.
REFUSALS = ("websocket.close", "websocket.http.response.start")


def opens(scope: Scope, headers: Sequence[tuple[bytes, bytes]]) -> bool:
    """Return whether a request opens a WebSocket (RFC 6455, section 4.1), in a head that the library behind reads.

    It gives no answer to other heads, and refuses other openings at once. A body would be waited for.
    """
    named = Headers(raw=[(name.lower(), value) for name, value in headers])
    keys, versions = named.getlist("sec-websocket-key"), named.getlist("sec-websocket-version")
    try:
        is_key = len(keys) == 1 and len(b64decode(keys[0], validate=True)) == KEY_BYTES
    except ValueError:
        is_key = False
    lines = [len(b"GET  HTTP/1.1\r\n") + target_bytes(scope)]
    lines += [len(name) + len(value) + len(b": \r\n") for name, value in headers]
    is_read = len(headers) <= MAX_HEADERS and max(lines) <= MAX_LINE_BYTES
    is_plain = not any(_CONTROL.search(value) for _, value in headers)
    return (
        scope["method"] == "GET" and is_key and versions == ["13"] and is_read and is_plain
        and "content-length" not in named and "transfer-encoding" not in named
    )  # fmt: skip


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

    async def send(self, message: Any) -> None:
        """Send on. A page that is refused waits for that."""
        if not self.handshake_complete and message["type"] in REFUSALS:
            await asyncio.sleep(REFUSAL_S)
            if self.transport.is_closing():
                raise ClientDisconnected
        await super().send(message)

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
    """The messages of one page of the audience: some a second, a rerun and a file when it is this page's turn.

    What waits here is not read from the network either, but for a few messages: the last is the end of who has left.
    """

    def __init__(self, turns: Mapping[str, Turns], network: str, receive: Receive, send: Send) -> None:
        self._turns, self._network = turns, network
        self._receive, self._send = receive, send
        self._bucket = Bucket(AT_ONCE, EVERY_S)
        self._held: dict[str, asyncio.TimerHandle] = {}
        self._ahead: deque[Message] = deque()
        self._reading: asyncio.Task[Message] | None = None
        self._is_gone = False
        self._is_read = asyncio.Event()
        self._is_read.set()

    async def receive(self) -> Message:
        """Return the next message when it may be heard."""
        while True:
            message = await self._next()
            if message["type"] != "websocket.receive":
                return message
            await asyncio.sleep(self._bucket.take())  # with 0 too: between two messages of a page others are answered
            kind = kind_of(message.get("bytes") or b"")
            if kind is not None and kind in self._turns and not (kind == RERUN and RERUN in self._held):
                await self._is_read.wait()  # who does not take the last script's answer asks for no other
                if not await self._stays_until_turn(self._turns[kind]):
                    continue
                self._hold(kind, TURN_S if kind == RERUN else FILE_S)
            if self._is_gone:  # Streamlit would fail at it, with a traceback
                return {"type": "websocket.disconnect", "code": 1006}
            if kind == RERUN:
                return {**message, "bytes": readable(message["bytes"])}
            if kind is None or kind in OF_AUDIENCE:
                return message

    async def _next(self) -> Message:
        if self._ahead:
            return self._ahead.popleft()
        if self._reading is None:
            return await self._receive()
        reading, self._reading = self._reading, None
        return await reading

    async def _stays_until_turn(self, turns: Turns) -> bool:
        """Wait for this page's turn; return False for a page that leaves before, whose place is another's at once."""
        turn = asyncio.ensure_future(turns.acquire(self._network))
        try:
            while not await self._is_gone_while(turn):
                if turn.done():
                    return True
        except asyncio.CancelledError:
            _give_up(turn, turns)
            raise
        _give_up(turn, turns)
        self._ahead.clear()
        return False

    async def _is_gone_while(self, turn: "asyncio.Future[None]") -> bool:
        """Wait for the turn or for the next message; return whether that one is the page's end."""
        if self._reading is None and len(self._ahead) < MAX_AHEAD:
            self._reading = asyncio.ensure_future(self._receive())
        reading = self._reading
        waits: set[asyncio.Future[Any]] = {turn} if reading is None else {turn, reading}
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        if reading is None or not reading.done():
            return False
        if reading.exception() or reading.result()["type"] != "websocket.receive":
            return True
        self._ahead.append(reading.result())
        self._reading = None
        return False

    def _hold(self, kind: str, seconds: float) -> None:
        """Have this turn for so long, unless it ends before."""
        if kind in self._held:
            self._held[kind].cancel()
        self._held[kind] = asyncio.get_running_loop().call_later(seconds, self.end_turn, kind)

    async def send(self, message: Message) -> None:
        """Send on; a turn ends with the script or the file."""
        self._is_read.clear()
        try:
            await self._send(message)
        except OSError:  # the browser is gone
            self._is_gone = True
            raise
        finally:
            self._is_read.set()
        if self._held:
            more = MAX_AUDIENCE_BYTES * (FILE in self._held)  # the answer repeats a name that the page has made up
            self.end_turn(what_ends(message.get("bytes") or b"", _MAX_END_BYTES + more))

    def leave(self) -> None:
        """End the turns of a page that is gone, in a moment."""
        if self._reading is not None:
            self._reading.cancel()
        for kind in self._held:
            self._hold(kind, LEFT_S if kind == RERUN else FILE_LEFT_S)

    def end_turn(self, kind: str = RERUN) -> None:
        """Let the next page's script run, or its file be made."""
        if kind in self._held:
            self._held.pop(kind).cancel()
            self._turns[kind].release()


def _give_up(turn: "asyncio.Future[None]", turns: Turns) -> None:
    if turn.done() and not turn.cancelled():
        turns.release()
    turn.cancel()


def kind_of(content: bytes) -> str | None:
    """Return the kind of a page's message, '' for an empty one, None for what is none: Streamlit closes at it."""
    try:
        message = BackMsg.FromString(content)
    except Exception:  # protobuf's own kind of error; the package is Streamlit's matter
        return None
    kind = message.WhichOneof("type") or ""
    if kind == "backend_operation_request":  # many in one, from files to what is installed
        return message.backend_operation_request.WhichOneof("payload") or kind
    return kind


def what_ends(content: bytes, most: int = _MAX_END_BYTES) -> str:
    """Return what is through with a message to a page, '' for nothing: its script, unless it runs anew, or a file."""
    if len(content) > most:
        return ""
    message = ForwardMsg.FromString(content)
    if message.WhichOneof("type") == "backend_operation_response":
        return FILE
    is_end = message.WhichOneof("type") == "script_finished"
    return RERUN if is_end and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN else ""
