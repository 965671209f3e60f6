"""Transports of other event loops than asyncio's: uvloop's has no limit on what is read at once, and takes none."""

import asyncio

import pytest
from uvicorn.server import ServerState

from app.web import connections
from app.web.connections import READ_BYTES, BoundedProtocol


class Closed:
    """A transport that takes no attribute that it does not have, as uvloop's."""

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
