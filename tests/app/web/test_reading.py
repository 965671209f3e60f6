"""What is read of a connection: small parts of it at once, no body but the presenter's files, no large head."""

import asyncio
from contextlib import suppress

import pytest

from app.web import connections
from tests.app.web.test_connections import HEAD, answer, server


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


@pytest.mark.parametrize(("who", "answered"), [("presenter", "200"), ("audience", "400")])
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
