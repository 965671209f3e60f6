"""WebSockets of pages: large and packed messages, endless parts and pings, reruns in turn."""

import asyncio
import struct
import zlib
from itertools import pairwise
from types import SimpleNamespace

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from app.data import authorization
from app.web import middleware, presenter_link, web_sockets
from app.web.places import Turns
from app.web.web_sockets import (
    AT_ONCE,
    EVERY_S,
    FRAMES_AT_ONCE,
    MAX_AUDIENCE_BYTES,
    MAX_MESSAGE_BYTES,
    BoundedWebSocket,
    Bucket,
    PagePace,
)
from tests.app.web.test_connections import HEAD, WEBSOCKET, server

UPGRADE = HEAD.replace(b"GET /", b"GET /page") + WEBSOCKET
PACKED = b"Sec-WebSocket-Extensions: permessage-deflate\r\n"
MASK = b"\0\0\0\0"


def frame(first, content=b"", length=None):
    length = len(content) if length is None else length
    if length < 126:
        return bytes([first, 0x80 | length]) + MASK + content
    return bytes([first, 0xFF]) + struct.pack(">Q", length) + MASK + content


async def end(content, headers=b""):
    """What a page's connection is told after these bytes: the code of the end, None for none."""
    async with server() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(UPGRADE + headers + b"\r\n")
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
        assert b" 101 " in head
        assert (b"permessage-deflate" in head) is bool(headers)
        writer.write(content)
        try:
            answer = await asyncio.wait_for(reader.read(4), 3)
        except ConnectionError:
            answer = b""
        except TimeoutError:
            return None
        finally:
            writer.transport.abort()
        return int.from_bytes(answer[2:4]) if answer[:1] == b"\x88" else 0


def packed(length):
    packer = zlib.compressobj(wbits=-12)
    return (packer.compress(b"x" * length) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (frame(0x82, length=MAX_MESSAGE_BYTES + 1), b""),
        (frame(0x02, b"x" * MAX_MESSAGE_BYTES) + frame(0x80, length=1), b""),
        (frame(0xC2, packed(MAX_MESSAGE_BYTES + 1)), PACKED),
    ],
    ids=["head-of-a-large-one", "large-in-parts", "large-when-unpacked"],
)
def test_a_large_message_is_refused_before_it_is_in_memory(content, headers):
    assert asyncio.run(end(content, headers)) == 1009


@pytest.mark.parametrize(
    ("begin", "another"),
    [(frame(0x02), frame(0x00)), (b"", frame(0x8A)), (b"", frame(0x89))],
    ids=["parts", "answers-to-pings", "pings"],
)
def test_frames_that_are_no_message_are_few(begin, another):
    many = begin + another * (2 * FRAMES_AT_ONCE)
    assert asyncio.run(ends(many)), "it has no end"
    few = begin + another * (FRAMES_AT_ONCE // 2)
    assert not asyncio.run(ends(few))


async def ends(content):
    """Whether the connection ends at these bytes, whatever it answers before."""
    async with server() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(UPGRADE + b"\r\n")
        await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
        writer.write(content)
        try:
            await asyncio.wait_for(reader.read(-1), 1)
        except ConnectionError:
            return True
        except TimeoutError:
            return False
        finally:
            writer.transport.abort()
        return True


def test_pings_are_not_answered_while_the_answers_are_not_read():
    connection = BoundedWebSocket.__new__(BoundedWebSocket)
    waits, written = [b"pong"], []
    connection.conn = SimpleNamespace(data_to_send=lambda: [waits.pop()])
    connection.transport = SimpleNamespace(write=written.append, is_closing=lambda: False)
    connection._others = Bucket(AT_ONCE, EVERY_S)
    connection.writable = asyncio.Event()
    connection.handle_ping()
    assert (waits, written) == ([], []), "the answer is not kept"
    waits.append(b"pong")
    connection.writable.set()
    connection.handle_ping()
    assert written == [b"pong"]


def test_a_bucket_gives_some_at_once_and_others_later():
    now = [0.0]
    bucket = Bucket(AT_ONCE, EVERY_S, lambda: now[0])
    assert [bucket.take() for _ in range(AT_ONCE)] == pytest.approx([0.0] * AT_ONCE, abs=1e-9)
    assert [bucket.take() for _ in range(2)] == pytest.approx([EVERY_S, 2 * EVERY_S])
    now[0] = 1_000.0
    assert [bucket.take() for _ in range(AT_ONCE)] == pytest.approx([0.0] * AT_ONCE, abs=1e-9), (
        "it holds no more than that"
    )
    assert bucket.take() == pytest.approx(EVERY_S)


def rerun():
    asked = BackMsg()
    asked.rerun_script.query_string = ""
    return {"type": "websocket.receive", "bytes": asked.SerializeToString()}


def finished(status=ForwardMsg.FINISHED_SUCCESSFULLY):
    return {"type": "websocket.send", "bytes": ForwardMsg(script_finished=status).SerializeToString()}


class Page:
    """A page of the audience: what it asks, and how much of it is heard."""

    def __init__(self, turns, network="a"):
        self.asked, self.heard, self.is_taken = asyncio.Queue(), 0, asyncio.Event()
        self.is_taken.set()
        self.pace = PagePace(turns, network, self.asked.get, self._send)

    async def _send(self, message):
        await self.is_taken.wait()

    async def hear(self):
        while True:
            await self.pace.receive()
            self.heard += 1


async def settle():
    for _ in range(40):
        await asyncio.sleep(0)


def in_pages(steps, number=2):
    """Run steps with pages that share one turn."""

    async def run():
        turns = Turns(1)
        pages = [Page(turns, name) for name in "abcdef"[:number]]
        tasks = [asyncio.create_task(page.hear()) for page in pages]
        try:
            await steps(*pages)
        finally:
            for task in tasks:
                task.cancel()
            for page in pages:
                page.pace.end_turn()

    asyncio.run(asyncio.wait_for(run(), 20))


def test_a_rerun_waits_until_anothers_script_is_through():
    async def steps(one, other):
        one.asked.put_nowait(rerun())
        await settle()
        other.asked.put_nowait(rerun())
        one.asked.put_nowait(rerun())
        await settle()
        assert (one.heard, other.heard) == (2, 0), "a page's own script takes up what it asks meanwhile"
        await one.pace.send(finished(ForwardMsg.FINISHED_EARLY_FOR_RERUN))
        await settle()
        assert other.heard == 0, "it runs anew"
        await one.pace.send(finished())
        await settle()
        assert other.heard == 1

    in_pages(steps)


def test_other_messages_wait_for_no_turn_and_broken_ones_are_handed_on():
    async def steps(one, other):
        one.asked.put_nowait(rerun())
        await settle()
        for content in (message(app_heartbeat=True), message(stop_script=True), b"\xff\xff"):
            other.asked.put_nowait({"type": "websocket.receive", "bytes": content})
        other.asked.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await settle()
        assert other.heard == 4

    in_pages(steps)


def message(**parts):
    return BackMsg(**parts).SerializeToString()


def test_the_audience_is_heard_with_what_its_pages_say_alone():
    """Streamlit would run git, make an address for each file, and clear the caches, while nobody else is answered."""
    kinds = {field.name for field in BackMsg.DESCRIPTOR.oneofs_by_name["type"].fields} - {*web_sockets.OF_AUDIENCE}
    assert {"load_git_info", "file_urls_request", "clear_cache", "backend_operation_request"} <= kinds

    async def steps(one):
        for kind in kinds:
            asked = BackMsg()
            part = getattr(asked, kind)
            if isinstance(part, bool | str):
                setattr(asked, kind, type(part)(1))
            else:
                part.SetInParent()
            assert asked.WhichOneof("type") == kind
            one.asked.put_nowait({"type": "websocket.receive", "bytes": asked.SerializeToString()})
        one.asked.put_nowait({"type": "websocket.receive", "bytes": b""})
        await settle()
        assert one.asked.empty()
        assert one.heard == 0
        one.asked.put_nowait(rerun())
        await settle()
        assert one.heard == 1, "nor does it end there"

    in_pages(steps, number=1)


def test_between_the_messages_of_a_page_others_are_answered():
    async def steps(one):
        for _ in range(20):
            one.asked.put_nowait({"type": "websocket.receive", "bytes": message(app_heartbeat=True)})
        heard = []
        while one.heard < 20:
            await asyncio.sleep(0)
            heard.append(one.heard)
        assert max(after - before for before, after in pairwise([0, *heard])) == 1

    in_pages(steps, number=1)


def test_a_script_without_end_keeps_the_others_for_a_while(monkeypatch):
    monkeypatch.setattr(web_sockets, "TURN_S", 0.05)

    async def steps(one, other):
        one.asked.put_nowait(rerun())
        await settle()
        other.asked.put_nowait(rerun())
        await asyncio.sleep(0.5)
        assert other.heard == 1

    in_pages(steps)


def test_a_page_that_leaves_keeps_its_turn_for_a_moment(monkeypatch):
    monkeypatch.setattr(web_sockets, "LEFT_S", 0.05)

    async def steps(one, other):
        one.asked.put_nowait(rerun())
        await settle()
        other.asked.put_nowait(rerun())
        one.pace.leave()
        await settle()
        assert other.heard == 0, "its script still runs"
        await asyncio.sleep(0.5)
        assert other.heard == 1
        one.pace.leave()

    in_pages(steps)


def test_who_does_not_take_an_answer_gets_no_turn():
    async def steps(one, other):
        one.is_taken.clear()
        sending = asyncio.create_task(one.pace.send({"type": "websocket.send", "bytes": b"x" * 1_000}))
        await settle()
        one.asked.put_nowait(rerun())
        other.asked.put_nowait(rerun())
        await settle()
        assert (one.heard, other.heard) == (0, 1)
        await other.pace.send(finished())
        one.is_taken.set()
        await sending
        await settle()
        assert one.heard == 1

    in_pages(steps)


@pytest.mark.parametrize(("who", "heard"), [("audience", 1), ("presenter", 100), ("unshared", 100)])
def test_the_presenter_waits_for_nobody(monkeypatch, who, heard):
    monkeypatch.setattr(presenter_link, "_presenter", None)
    monkeypatch.setattr(authorization, "guard", lambda _: None)
    cookie = b""
    if who != "unshared":
        token = presenter_link.share(1).partition("token=")[2]
        cookie = f"skipscope_presenter_1={token}".encode() if who == "presenter" else b""
    monkeypatch.setattr(web_sockets, "AT_ONCE", 1)
    count = []

    async def app(scope, receive, send):
        for _ in range(100):
            await receive()
            count.append(1)

    async def receive():
        return rerun()

    async def crowd():
        scope = {"type": "websocket", "path": "/_stcore/stream", "headers": [(b"cookie", cookie)]}
        task = asyncio.create_task(middleware.ConnectionLimit(app)(scope, receive, None))
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(crowd())
    assert len(count) == heard


@pytest.mark.parametrize(("who", "closed"), [("audience", True), ("presenter", False)])
def test_a_message_of_the_audience_is_small(monkeypatch, who, closed):
    monkeypatch.setattr(presenter_link, "_presenter", None)
    monkeypatch.setattr(authorization, "guard", lambda _: None)
    token = presenter_link.share(1).partition("token=")[2]
    cookie = f"skipscope_presenter_1={token}".encode() if who == "presenter" else b""
    heard, said = [], []

    async def app(scope, receive, send):
        heard.append(await receive())

    async def receive():
        return {"type": "websocket.receive", "bytes": b"x" * (MAX_AUDIENCE_BYTES + 1)}

    async def send(message):
        said.append(message)

    scope = {"type": "websocket", "path": "/_stcore/stream", "headers": [(b"cookie", cookie)]}
    asyncio.run(middleware.ConnectionLimit(app)(scope, receive, send))
    assert (said == [{"type": "websocket.close", "code": 1009}]) is closed
    assert (heard[0]["type"] == "websocket.disconnect") is closed
