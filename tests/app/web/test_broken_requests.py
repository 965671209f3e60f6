"""Requests that stop being one: the connection ends, and nothing of it is an error of this server."""

import asyncio

import pytest

from tests.app.web.test_connections import HEAD, server

CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


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
