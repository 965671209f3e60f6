"""What is read of a connection: small parts at once, no body but the presenter's files, no large head, no noise."""

import asyncio
import socket
import sys
import time
from contextlib import suppress
from types import SimpleNamespace

import pytest
from uvicorn.server import ServerState

from app.web import connections, web_sockets
from app.web.audience import bounded_server
from app.web.connections import READ_BYTES, BoundedProtocol
from tests.app.web import test_connections
from tests.app.web.test_connections import HEAD, WEBSOCKET, answer, server, small

CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("head", "answered"),
    [
        (b"Content-Length: 2\r\n\r\nxx", "HTTP/1.1 200 OK"),
        (b"Content-Length: 2\r\n\r\nx", "HTTP/1.1 400 Bad Request"),
        (b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n", "HTTP/1.1 400 Bad Request"),
        (b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", "HTTP/1.1 200 OK"),
    ],
    ids=["whole", "half", "endless", "whole-in-parts"],
)
def test_a_body_that_goes_on_ends_the_connection(limits, head, answered):
    limits()

    async def scenario():
        async with server() as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(HEAD + head)
            assert (await asyncio.wait_for(reader.readline(), 10)).decode().strip() == answered
            if "400" in answered:
                with suppress(ConnectionError):
                    await asyncio.wait_for(reader.read(), 10)  # to its end
            writer.transport.abort()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "body",
    [
        b"Content-Length: 9\r\n\r\nx",
        b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n?\r\n",
    ],
    ids=["half", "endless", "broken"],
)
@pytest.mark.parametrize("method", [b"HEAD", b"OPTIONS"])
def test_a_request_for_a_head_alone_is_refused_without_an_error_of_the_server(limits, method, body):
    limits()

    async def scenario():
        errors = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context))
        async with server() as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(HEAD.replace(b"GET", method) + body)
            head, _, words = (await asyncio.wait_for(reader.read(), 10)).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
            assert bool(words) == (method != b"HEAD"), words
            writer.close()
        assert not errors

    asyncio.run(scenario())


@pytest.mark.parametrize("body", [b"Content-Length: 60000\r\n\r\n" + b"x" * 500, b"Transfer-Encoding: chunked\r\n\r\n"])
@pytest.mark.parametrize("method", [b"POST", b"DELETE", b"PROPFIND"])
def test_what_writes_is_told_what_is_allowed_however_long_its_body_is(limits, method, body):
    limits()

    async def scenario():
        async with server() as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(HEAD.replace(b"GET", method) + body)
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
            assert head.startswith(b"HTTP/1.1 405 ")
            assert b"\r\nAllow: GET, HEAD, OPTIONS\r\n" in head
            with suppress(ConnectionError):
                assert await asyncio.wait_for(reader.read(), 10) == b"", "it ends"
            writer.transport.abort()

    asyncio.run(scenario())


@pytest.mark.slow
@pytest.mark.parametrize(
    "sent",
    [
        CHUNKED + b"1\r\nx\r\n", CHUNKED.replace(b"GET", b"POST"), b"no request\r\n\r\n",
        HEAD.replace(b"GET /", b"POST /page") + WEBSOCKET + b"\r\n",
        HEAD.replace(b"GET /", b"GET /no-page") + WEBSOCKET + b"\r\n",
    ],
    ids=["body", "written body", "no request", "odd upgrade", "refused upgrade"],
)  # fmt: skip
def test_what_is_refused_waits_and_runs_nothing(limits, monkeypatch, sent):
    found, ran = limits(), []
    monkeypatch.setattr(web_sockets, "REFUSAL_S", 0.4)

    async def noted(request):
        ran.append(request)
        return await small(request)

    monkeypatch.setattr(test_connections, "small", noted)

    async def scenario():
        async with server() as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            began = time.monotonic()
            writer.write(sent)
            assert (await asyncio.wait_for(reader.readline(), 10)).split()[1] in (b"400", b"403", b"405")
            assert time.monotonic() - began >= 0.4
            writer.transport.abort()
            await asyncio.sleep(0.1)
            assert not found._open

    asyncio.run(scenario())
    assert ran == []


def test_those_that_wait_for_a_refusal_give_way_to_newer_ones(limits, monkeypatch):
    found = limits(most=200, waiting=10)
    monkeypatch.setattr(web_sockets, "REFUSAL_S", 5.0)

    async def scenario():
        async with server() as port:
            opened = []
            for number in range(30):
                opened.append(await asyncio.open_connection("127.0.0.1", port))
                opened[-1][1].write(CHUNKED)
                deadline = time.monotonic() + 10
                while not (held := [each for each in found._open if each._is_refused]) or len(held) < min(number, 9):
                    assert time.monotonic() < deadline, (number, len(held))
                    await asyncio.sleep(0.01)
            assert 0 < len(found._open) <= 10
            for _, writer in opened:
                writer.transport.abort()

    asyncio.run(scenario())


@pytest.mark.parametrize("sent", [b"no request\r\n\r\n", HEAD.replace(b"GET /", b"POST /page") + WEBSOCKET + b"\r\n"])
def test_a_server_ends_in_good_order_while_a_refusal_waits(limits, monkeypatch, sent):
    found = limits()
    monkeypatch.setattr(web_sockets, "REFUSAL_S", 5.0)

    async def scenario():
        running = bounded_server.BoundedServer(
            connections.bounded_config(small, port=0, lifespan="off", log_config=None, timeout_graceful_shutdown=8)
        )
        listening = socket.create_server(("127.0.0.1", 0))
        task = asyncio.create_task(running.serve(sockets=[listening]))
        while not running.started:
            await asyncio.sleep(0.01)
        _, writer = await asyncio.open_connection(*listening.getsockname())
        writer.write(sent)
        while not any(each._is_refused for each in found._open):
            await asyncio.sleep(0.01)
        running.should_exit = True
        await asyncio.wait_for(task, 10)
        for each in list(found._open):
            each.transport.abort()
        writer.transport.abort()
        await asyncio.sleep(0.05)

    asyncio.run(scenario())


@pytest.mark.slow
@pytest.mark.parametrize(
    "odd",
    [
        (b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Version: 12"), (b"Sec-WebSocket-Key", b"X-Key"),
        (b"Sec-WebSocket-Key: ", b"Sec-WebSocket-Key: ?"), (b"Sec-WebSocket-Key: ", b"Sec-WebSocket-Key: AAAA"),
        (b"Sec-WebSocket-Version", b"Cookie: a=" + b"x" * 8190 + b"\r\nSec-WebSocket-Version"),
        (b"Sec-WebSocket-Version", 130 * b"A: b\r\n" + b"Sec-WebSocket-Version"),
        (b"Sec-WebSocket-Version", b"A: \x01\r\nSec-WebSocket-Version"),
    ],
    ids=["version", "no key", "no base64", "long key", "long line", "many lines", "control byte"],
)  # fmt: skip
def test_an_upgrade_that_the_library_behind_does_not_read_is_refused_in_a_while(limits, monkeypatch, odd):
    limits()
    monkeypatch.setattr(web_sockets, "REFUSAL_S", 0.3)

    async def scenario():
        async with server() as port:
            began = time.monotonic()
            assert await answer(port, WEBSOCKET.replace(*odd), b"/page") == "HTTP/1.1 400 Bad Request"
            assert time.monotonic() - began >= 0.3
            shorter = WEBSOCKET.replace(
                b"Sec-WebSocket-Version", b"Cookie: a=" + b"x" * 8100 + b"\r\nSec-WebSocket-Version"
            )
            assert await answer(port, WEBSOCKET, b"/page?" + b"x" * 8180) == "HTTP/1.1 400 Bad Request", "a long target"
            assert await answer(port, shorter, b"/page") == "HTTP/1.1 101 Switching Protocols"

    asyncio.run(scenario())


def test_a_refusal_in_parts_waits_once(monkeypatch):
    waited, sent = [], []

    async def wait(seconds):
        waited.append(seconds)

    async def passed_on(self, message):
        sent.append(message["type"])

    monkeypatch.setattr(web_sockets, "asyncio", SimpleNamespace(sleep=wait))
    monkeypatch.setattr(web_sockets.WebSocketsSansIOProtocol, "send", passed_on)
    page = object.__new__(web_sockets.BoundedWebSocket)
    page.handshake_complete, page.transport = False, SimpleNamespace(is_closing=lambda: False)
    parts = ["websocket.http.response.start", "websocket.http.response.body", "websocket.http.response.body"]
    for part in parts:
        asyncio.run(page.send({"type": part}))
    assert (sent, waited) == (parts, [web_sockets.REFUSAL_S])


@pytest.mark.skipif(not hasattr(socket, "TCP_INFO"), reason="Linux tells how long its queue is")
def test_few_connections_are_accepted_in_one_go_and_the_system_keeps_many(limits, monkeypatch):
    limits()
    queues, startup = [], bounded_server.BoundedServer.startup

    async def looked_at(self, sockets=None):
        await startup(self, sockets)
        queues.append(
            int.from_bytes(sockets[0].getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 32)[28:32], sys.byteorder)
        )
        queues.append(self.servers[0]._backlog)
        queues.append(sockets[0].getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) // 2)  # Linux doubles it

    monkeypatch.setattr(bounded_server.BoundedServer, "startup", looked_at)

    async def scenario():
        async with server() as port:
            assert await answer(port) == "HTTP/1.1 200 OK"

    asyncio.run(scenario())
    assert queues == [bounded_server.QUEUE, bounded_server.ACCEPTED, bounded_server.UNSENT_BYTES]


@pytest.mark.parametrize(("who", "answered"), [("presenter", "200"), ("audience", "405")])
def test_a_file_of_the_presenter_is_read_to_its_end(limits, presenter, who, answered):
    limits()
    content = b"x" * 100_000

    async def scenario():
        async with server() as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            cookie = presenter if who == "presenter" else b""
            head = HEAD.replace(b"GET /", b"PUT /_stcore/upload_file/a/b") + cookie
            with suppress(ConnectionError):
                for part in (head + b"Content-Length: 100000\r\n\r\n", content[:50_000], content[50_000:]):
                    writer.write(part)
                    await writer.drain()
                    await asyncio.sleep(0.1)
                head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
                assert head.split()[1].decode() == answered
                assert (b"100000" in await asyncio.wait_for(reader.read(100), 10)) is (who == "presenter")
            writer.transport.abort()

    asyncio.run(scenario())


def test_one_connection_is_read_in_small_parts_and_a_large_head_is_refused(limits, monkeypatch):
    limits()
    sizes, read = [], connections.BoundedProtocol.data_received

    def noted(self, data):
        sizes.append(len(data))
        read(self, data)

    monkeypatch.setattr(connections.BoundedProtocol, "data_received", noted)

    async def scenario():
        async with server() as port:
            line = b"X: " + b"x" * (connections.MAX_HEAD_BYTES - 200) + b"\r\n"
            assert await answer(port, line) == "HTTP/1.1 200 OK"
            assert len(sizes) > 1
            assert max(sizes) <= connections.READ_BYTES
            assert await answer(port, 3 * line) in ("HTTP/1.1 400 Bad Request", "")

    asyncio.run(scenario())


@pytest.mark.parametrize("path", [b"/", b"/endless"])
@pytest.mark.parametrize("waits", [False, True], ids=["at once", "while it is answered"])
def test_a_body_that_breaks_off_is_told_once_and_leaves_no_traceback(limits, presenter, caplog, path, waits):
    found = limits()
    sent = b"\r\n" + presenter + b"\r\n"

    async def scenario():
        async with server() as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            # Of the presenter alone, who sends files, a body is read to its end.
            writer.write(CHUNKED.replace(b"GET /", b"GET /_stcore/upload_file" + path).replace(b"\r\n\r\n", sent))
            if waits:
                assert await asyncio.wait_for(reader.readline(), 10) == b"HTTP/1.1 200 OK\r\n"
            writer.write(b"no size\r\n")
            heard = b""
            while more := await asyncio.wait_for(reader.read(100_000), 10):
                heard = more if waits else heard + more
            if not waits:
                assert heard.startswith(b"HTTP/1.1 400 ")
                assert heard.count(b"HTTP/1.1 ") == 1
            writer.transport.abort()
            await asyncio.sleep(0.05)
            assert not found._open

    asyncio.run(scenario())
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []


class Closed:
    """A transport without a limit on what is read at once, that takes none either, as uvloop's."""

    __slots__ = ("written",)

    def __init__(self):
        self.written = b""

    def get_extra_info(self, name, default=None):
        return {"peername": ("192.0.2.1", 1), "sockname": ("192.0.2.2", 2)}.get(name, default)

    def write(self, data):
        self.written += data

    def is_closing(self):
        return False

    def get_write_buffer_size(self):
        return 0

    def set_protocol(self, protocol):
        pass

    def pause_reading(self):
        pass

    resume_reading = close = abort = pause_reading


class Open(Closed):
    """One that would take any attribute, as that of TLS: a number that nobody reads is no limit."""


class WithLimit(Closed):
    """One with asyncio's number."""

    __slots__ = ("max_size",)

    def __init__(self):
        super().__init__()
        self.max_size = 256 * 1024


@pytest.mark.parametrize(("kind", "limit"), [(Closed, None), (Open, None), (WithLimit, READ_BYTES)])
def test_requests_are_answered_whatever_the_transport_has(limits, kind, limit):
    found = limits()

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
        await send({"type": "http.response.body", "body": b"here"})

    async def scenario():
        config = connections.bounded_config(app, lifespan="off", log_config=None)
        config.load()
        protocol = BoundedProtocol(config, ServerState(), {}, asyncio.get_running_loop())
        transport = kind()
        protocol.connection_made(transport)
        for times in (1, 2):
            protocol.data_received(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            await asyncio.sleep(0.05)
            assert transport.written.count(b"HTTP/1.1 200 OK") == times
        assert getattr(transport, "max_size", None) == limit
        protocol.connection_lost(None)
        assert not found._open

    asyncio.run(scenario())
