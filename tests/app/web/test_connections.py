"""Connections before a request is read: half heads, stalled readers, crowds, and the presenter among them."""

import asyncio
import socket
import time
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute

from app.web import connections, presenter_link, proxy_hosts
from app.web.audience import bounded_server
from app.web.connections import Connections

WEBSOCKET = (
    b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
HEAD = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n"


async def small(request):
    return PlainTextResponse("here")


async def upload(request):
    return PlainTextResponse(str(len(await request.body())))


async def endless(request):
    async def parts():
        while True:
            yield b"x" * 65_536
            await asyncio.sleep(0)  # a reader who is gone is noticed here

    return StreamingResponse(parts())


async def large(request):
    return PlainTextResponse("x" * 2**24)


async def undecided(websocket):
    await asyncio.sleep(60)


async def page(websocket):
    await websocket.accept()
    await websocket.receive_text()


@asynccontextmanager
async def server():
    """Serve two addresses with bounded connections; the port."""
    app = Starlette(
        routes=[
            Route("/", small),
            Route("/endless", endless),
            Route("/large", large),
            Route("/present", small),
            Route("/_stcore/upload_file/a/b", upload, methods=["PUT"]),
            Route("/_stcore/upload_file/", small),
            Route("/_stcore/upload_file/endless", endless),
            WebSocketRoute("/page", page),
            WebSocketRoute("/undecided", undecided),
        ]
    )
    config = connections.bounded_config(app, port=0, lifespan="off", log_config=None)
    running = bounded_server.BoundedServer(config)
    listening = socket.create_server(("127.0.0.1", 0))
    task = asyncio.create_task(running.serve(sockets=[listening]))
    while not running.started:
        await asyncio.sleep(0.01)
    try:
        yield listening.getsockname()[1]
    finally:
        running.should_exit = running.force_exit = True
        for protocol in list(running.server_state.connections):
            protocol.transport.abort()
        await task
        await asyncio.sleep(0.05)


@asynccontextmanager
async def half_requests(port, number):
    """Keep so many requests open whose heads never end."""
    sockets = []

    def begin():
        for _ in range(number):
            one = socket.create_connection(("127.0.0.1", port), timeout=20)
            one.sendall(HEAD)
            sockets.append(one)

    try:
        await asyncio.to_thread(begin)  # the server accepts meanwhile
        yield sockets
    finally:
        for one in sockets:
            one.close()


async def answer(port, head=b"", path=b"/"):
    """The first line of an answer, '' where the connection was closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(HEAD.replace(b"GET /", b"GET " + path) + head + b"\r\n")
        return (await asyncio.wait_for(reader.readline(), 10)).decode().strip()
    except ConnectionError:
        return ""
    finally:
        writer.transport.abort()


def is_closed(one):
    one.settimeout(0.02)
    try:
        return one.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


def test_half_requests_keep_nobody_out_and_the_newest_alone_stay(limits):
    found = limits(most=200, waiting=40)

    async def scenario():
        async with server() as port, half_requests(port, 150) as sockets:
            began = time.monotonic()
            assert await answer(port) == "HTTP/1.1 200 OK"
            assert time.monotonic() - began < 5
            assert len(found._waiting) <= 40
            left = [index for index, one in enumerate(sockets) if not is_closed(one)]
            assert 0 < len(left) <= 40
            assert min(left) >= 150 - 41, "the oldest went"

    asyncio.run(scenario())


def test_a_head_has_until_its_deadline_however_often_a_byte_of_it_comes(limits):
    limits(HEAD_S=0.4)

    async def scenario():
        async with server() as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            began = time.monotonic()
            while not reader.at_eof() and time.monotonic() - began < 8:
                writer.write(b"G" if time.monotonic() == began else b"x")
                await asyncio.sleep(0.05)
                if reader.exception() or writer.is_closing():
                    break
            assert time.monotonic() - began < 5
            writer.transport.abort()

    asyncio.run(scenario())


def test_a_second_head_on_one_connection_has_a_deadline_too(limits):
    limits(HEAD_S=0.4)

    async def scenario():
        async with server() as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(HEAD + b"\r\n")
            assert await reader.readuntil(b"here")
            writer.write(HEAD)
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await asyncio.wait_for(reader.readexactly(1), 5)
            writer.transport.abort()

    asyncio.run(scenario())


def test_a_request_that_is_answered_slowly_is_kept(limits):
    limits(HEAD_S=0.2)

    async def scenario():
        async with server() as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(HEAD.replace(b"GET /", b"GET /endless") + b"\r\n")
            began = time.monotonic()
            while time.monotonic() - began < 0.6:
                assert await reader.read(100_000)
            writer.transport.abort()

    asyncio.run(scenario())


def test_a_reader_who_reads_nothing_is_left_after_a_while(limits):
    found = limits(STALL_S=0.3)

    async def scenario():
        async with server() as port:
            with socket.create_connection(("127.0.0.1", port)) as one:
                one.sendall(HEAD.replace(b"GET /", b"GET /endless") + b"\r\n")
                deadline = time.monotonic() + 8
                while found._open or time.monotonic() < deadline - 7:
                    assert time.monotonic() < deadline, "it is kept"
                    await asyncio.sleep(0.05)

    asyncio.run(scenario())


def test_a_full_room_has_places_for_the_presenter_and_words_for_others(limits, presenter):
    limits(most=40, reserve=8)

    async def scenario():
        async with server() as port:
            streams = []
            for _ in range(29):  # nine tenths of 32: one address has no more
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(HEAD.replace(b"GET /", b"GET /endless") + b"\r\n")
                assert await asyncio.wait_for(reader.readline(), 10) == b"HTTP/1.1 200 OK\r\n"
                streams.append((reader, writer))
            for path, kind, fine in ((b"/", b"", "200 OK"), (b"/page", WEBSOCKET, "101 Switching Protocols")):
                assert await answer(port, kind, path) == "HTTP/1.1 503 Service Unavailable"
                assert await answer(port, kind + presenter, path) == f"HTTP/1.1 {fine}"
            token = presenter.strip().partition(b"_1=")[2]
            assert await answer(port, path=b"/present?token=" + token) == "HTTP/1.1 200 OK", "it brings the cookie"
            assert await answer(port, path=b"/present?token=x" + token) == "HTTP/1.1 503 Service Unavailable"
            for _, writer in streams[:12]:
                writer.transport.abort()
            deadline = time.monotonic() + 8
            while await answer(port) != "HTTP/1.1 200 OK":
                assert time.monotonic() < deadline, "places are not given back"
            for _, writer in streams[12:]:
                writer.transport.abort()

    asyncio.run(scenario())


@pytest.mark.slow
def test_a_reader_who_reads_slowly_is_kept(limits):
    limits(STALL_S=0.3)

    async def scenario():
        async with server() as port:
            one = socket.socket()
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**16)
            one.connect(("127.0.0.1", port))
            reader, writer = await asyncio.open_connection(sock=one)
            writer.write(HEAD.replace(b"GET /", b"GET /large") + b"\r\n")
            taken, began = 0, time.monotonic()
            while time.monotonic() - began < 1.5:  # five looks
                taken += len(await reader.read(20_000))
                await asyncio.sleep(0.02)
            while part := await reader.read(2**20):
                taken += len(part)
            assert taken > 2**24, "it was cut off"
            writer.transport.abort()

    asyncio.run(scenario())


def test_a_page_that_is_left_gives_its_place_back(limits):
    found = limits()

    async def scenario():
        async with server() as port:
            for _ in range(3):
                assert await answer(port, WEBSOCKET, b"/page") == "HTTP/1.1 101 Switching Protocols"
            deadline = time.monotonic() + 8
            while found._open:
                assert time.monotonic() < deadline, "it is kept"
                await asyncio.sleep(0.02)

    asyncio.run(scenario())


@pytest.mark.parametrize("more", [b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n"])
def test_a_websocket_brings_no_body(limits, more):
    found = limits()

    async def scenario():
        async with server() as port:
            assert await answer(port, WEBSOCKET + more, b"/page") == "HTTP/1.1 400 Bad Request"
            await asyncio.sleep(0.1)
            assert not found._open

    asyncio.run(scenario())


@pytest.mark.parametrize("method", [b"POST", b"PUT", b"HEAD"])
def test_a_websocket_begins_with_a_get(limits, method):
    found = limits()

    async def scenario():
        async with server() as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(HEAD.replace(b"GET /", method + b" /page") + WEBSOCKET + b"\r\n")
            assert (await asyncio.wait_for(reader.read(), 5)).startswith(b"HTTP/1.1 400 "), "no answer that ends"
            assert not found._open
            writer.transport.abort()

    asyncio.run(scenario())


def test_a_websocket_that_nobody_answers_has_a_deadline(limits):
    limits(HEAD_S=0.4)

    async def scenario():
        async with server() as port:
            began = time.monotonic()
            assert await answer(port, WEBSOCKET, b"/undecided") == ""
            assert time.monotonic() - began < 5
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(HEAD.replace(b"GET /", b"GET /page") + WEBSOCKET + b"\r\n")
            assert await reader.readuntil(b"\r\n\r\n")
            with pytest.raises(TimeoutError):  # a page that was answered stays
                await asyncio.wait_for(reader.read(1), 0.8)
            writer.transport.abort()

    asyncio.run(scenario())


def test_without_a_presenter_everybody_may_use_all_places(limits, monkeypatch):
    limits(most=40, reserve=8)
    monkeypatch.setattr(presenter_link, "_presenter", None)

    async def scenario():
        async with server() as port:
            streams = []
            for _ in range(34):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(HEAD.replace(b"GET /", b"GET /endless") + b"\r\n")
                assert await asyncio.wait_for(reader.readline(), 10) == b"HTTP/1.1 200 OK\r\n"
                streams.append(writer)
            for writer in streams:
                writer.transport.abort()

    asyncio.run(scenario())


class Connection:
    """As much of a connection as the count of them needs."""

    def __init__(self, address):
        self.client, self.closed = (address, 1), False
        self.transport = SimpleNamespace(is_closing=lambda: self.closed, abort=self.abort)

    def abort(self):
        self.closed = True


def test_behind_a_proxy_the_room_is_no_single_address_and_the_presenter_has_his_places():
    def takers(address):
        found, taken = Connections(140, waiting=60, reserve=20), 0
        while not found.opened(each := Connection(address)):
            found.serve(each)
            taken += 1
        return taken

    assert takers("127.0.0.1") == 108, "nine tenths of 120"
    proxy_hosts.believe([proxy_hosts.ProxyHost.named("lab.example")])
    try:
        assert takers("127.0.0.1") == 120
        assert takers("192.0.2.1") == 108, "whoever comes past the proxy is one address"
    finally:
        proxy_hosts.believe([])


def test_a_crowded_address_closes_its_own_waiting_connections_alone():
    found = Connections(140, waiting=60, reserve=20)
    others = [Connection("192.0.2.1") for _ in range(5)]
    assert not any(map(found.opened, others))
    for _ in range(108):  # nine tenths of 120
        assert not found.opened(served := Connection("192.0.2.2"))
        found.serve(served)
    newest = [Connection("192.0.2.2") for _ in range(4)]
    assert all(map(found.opened, newest)), "the presenter's alone"
    assert [one.closed for one in newest] == [True, True, True, False]
    assert not any(one.closed for one in others), "those of another address stay"
    assert not found.opened(Connection("192.0.2.3"))
