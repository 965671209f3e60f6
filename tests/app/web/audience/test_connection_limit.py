"""The audience's open streams, pages and readings: bounded, queued, and the presenter beside them."""

import asyncio

import pytest

from app.data import authorization
from app.web import descriptors, presenter_link, web_sockets
from app.web.audience import connection_limit


def test_the_store_is_read_a_few_times_at_once_and_slow_takers_keep_nobody_out():
    reading, begun, taken, answers = asyncio.Event(), [], asyncio.Event(), []

    async def read(scope, receive, send):
        begun.append(scope["path"])
        await reading.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await taken.wait()

    room = connection_limit.ConnectionLimit(read)

    async def ask(path="/live/history"):
        async def send(message):
            if message["type"] == "http.response.start":
                answers.append(message["status"])

        await room({"type": "http", "path": path, "headers": [], "method": "GET"}, None, send)

    async def crowd():
        waiting = [asyncio.create_task(ask()) for _ in range(descriptors.viewers())]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert len(begun) == connection_limit.MAX_READS
        await ask("/live/probes/detail")
        assert answers == [503]
        module = asyncio.create_task(ask("/live/js/1/race/view.js"))
        await asyncio.sleep(0)
        assert begun[-1] == "/live/js/1/race/view.js", "files wait for nobody"
        reading.set()
        while len(answers) < 2 + descriptors.viewers():
            await asyncio.sleep(0)
        taken.set()
        await asyncio.wait_for(asyncio.gather(*waiting, module), 5)

    asyncio.run(asyncio.wait_for(crowd(), 20))


@pytest.mark.slow
def test_streams_are_bounded_and_the_presenter_gets_in_all_the_same():
    token = presenter_link.share(8501).partition("token=")[2]
    release = asyncio.Event()
    answers = []

    async def stream(scope, receive, send):
        await release.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})

    room = connection_limit.ConnectionLimit(stream)

    async def ask(path="/live/stream", kind="http", cookie=""):
        async def send(message):
            if message["type"] in ("http.response.start", "websocket.close"):
                answers.append(message.get("status", message["type"]))

        scope = {"type": kind, "path": path, "headers": [(b"cookie", cookie.encode())], "method": "GET"}
        await room(scope, None, send)

    async def crowd():
        waiting = [asyncio.create_task(ask("/live/probes/stream")) for _ in range(descriptors.viewers())]
        await asyncio.sleep(0)
        await ask()
        assert answers == [503]
        presenter = asyncio.create_task(ask(cookie=f"skipscope_presenter_8501={token}"))
        pages = [asyncio.create_task(ask("/_stcore/stream", "websocket")) for _ in range(descriptors.viewers())]
        await asyncio.sleep(0)
        await ask("/_stcore/stream", "websocket")
        assert answers == [503, "websocket.close"]
        release.set()
        await asyncio.gather(*waiting, *pages, presenter)
        answers.clear()
        await ask()
        assert answers == [200], "there is room again"

    try:
        asyncio.run(crowd())
    finally:
        presenter_link._presenter = None
        authorization.guard(None)


MOST = web_sockets.MAX_MESSAGE_BYTES


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"bytes": b"x" * MOST}, None), ({"bytes": b"x" * MOST, "text": None}, None),
        ({"bytes": b"x" * (MOST + 1)}, 1009),
        ({"text": "x"}, 1003), ({"text": "", "bytes": None}, 1003), ({"text": "x" * (MOST + 1)}, 1009),
    ],
)  # fmt: skip
def test_a_message_that_no_page_sends_closes_the_connection_unheard(monkeypatch, message, code):
    monkeypatch.setattr(presenter_link, "_presenter", None)
    heard, sent = [], []

    async def app(scope, receive, send):
        heard.append(await receive())

    async def receive():
        return {"type": "websocket.receive", **message}

    async def send(message):
        sent.append(message)

    scope = {"type": "websocket", "path": "/_stcore/stream", "headers": []}
    asyncio.run(connection_limit.ConnectionLimit(app)(scope, receive, send))
    assert [each["type"] for each in heard] == ["websocket.disconnect" if code else "websocket.receive"]
    assert sent == ([{"type": "websocket.close", "code": code}] if code else [])
