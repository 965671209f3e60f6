"""WebSockets of pages: large and packed messages, endless parts and pings, files in turn."""

import asyncio
import struct
import zlib
from types import SimpleNamespace

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from app.data import authorization
from app.web import presenter_link, web_sockets
from app.web.audience import connection_limit
from app.web.web_sockets import (
    AT_ONCE,
    EVERY_S,
    FRAMES_AT_ONCE,
    MAX_AUDIENCE_BYTES,
    MAX_MESSAGE_BYTES,
    BoundedWebSocket,
    Bucket,
)
from tests.app.web.test_connections import HEAD, WEBSOCKET, server
from tests.app.web.test_page_pace import finished, in_pages, rerun, settle

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


@pytest.mark.slow
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
    asyncio.run(connection_limit.ConnectionLimit(app)(scope, receive, send))
    assert (said == [{"type": "websocket.close", "code": 1009}]) is closed
    assert (heard[0]["type"] == "websocket.disconnect") is closed


def file(name="runs.csv"):
    asked = BackMsg()
    asked.backend_operation_request.deferred_file.file_id = name
    return {"type": "websocket.receive", "bytes": asked.SerializeToString()}


def made(name="1"):
    answer = ForwardMsg()
    answer.backend_operation_response.request_id = name
    return {"type": "websocket.send", "bytes": answer.SerializeToString()}


@pytest.mark.parametrize("name", ["1", "x" * 30_000])
def test_files_are_made_for_the_audience_one_after_the_other_beside_its_scripts(name):
    async def steps(one, other):
        for page in (one, other):
            page.asked.put_nowait(rerun())
            page.asked.put_nowait(file())
            await settle()
        assert (one.heard, other.heard) == (2, 0), "its script still runs"
        await one.pace.send(finished())
        await settle()
        assert other.heard == 1, "a file does not keep scripts waiting"
        one.asked.put_nowait(file())
        await one.pace.send({"type": "websocket.send", "bytes": b""})
        await settle()
        assert (one.heard, other.heard) == (2, 1)
        await one.pace.send(made(name))
        await settle()
        assert (one.heard, other.heard) == (2, 2), "one after the other, whoever asks"
        await other.pace.send(made(name))
        await settle()
        assert (one.heard, other.heard) == (3, 2)

    in_pages(steps)


@pytest.mark.parametrize(("constant", "leaves"), [("FILE_S", False), ("FILE_LEFT_S", True)])
def test_a_file_that_is_not_made_keeps_the_others_for_a_while(monkeypatch, constant, leaves):
    monkeypatch.setattr(web_sockets, constant, 0.05)

    async def steps(one, other):
        for page in (one, other):
            page.asked.put_nowait(file())
            await settle()
        assert (one.heard, other.heard) == (1, 0)
        if leaves:
            one.pace.leave()
        await asyncio.sleep(0.5)
        assert other.heard == 1

    in_pages(steps)
