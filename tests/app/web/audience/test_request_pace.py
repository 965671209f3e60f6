"""What the audience loads: how fast, how much at once, how many readers may take nothing."""

import asyncio

import pytest
import streamlit as st
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app.data import authorization
from app.web import descriptors, middleware, presenter_link
from app.web.audience import places, request_pace


@pytest.fixture
def loaded(monkeypatch):
    """The bounds on what the audience of a shared page loads; the presenter's cookie."""
    monkeypatch.setattr(presenter_link, "_presenter", None)
    monkeypatch.setattr(authorization, "guard", lambda _: None)
    monkeypatch.setattr(descriptors, "files", lambda: 4)
    monkeypatch.setattr(places, "LONGEST_WAIT_S", 0.3)
    token = presenter_link.share(1).partition("token=")[2]
    return f"skipscope_presenter_1={token}"


async def load(site, client=("192.0.2.1", 5), path="/static/a.js", cookie="", taken=None):
    """Ask for a file; return the status. Without ``taken`` its parts are taken at once."""
    told = []

    async def send(message):
        told.append(message.get("status"))
        if taken and message["type"] == "http.response.body" and told[0] == 200:
            await taken.wait()

    headers = [(b"cookie", cookie.encode())]
    scope = {"type": "http", "path": path, "method": "GET", "headers": headers, "client": client, "query_string": b""}
    await site(scope, None, send)
    return told[0]


async def file(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"x"})


@pytest.mark.parametrize("path", ["/static/a.js", "/", "/live/js/1/race/view.js", "/live/plotly-1.js"])
def test_files_of_readers_who_take_nothing_are_bounded_and_the_presenter_waits_for_none(loaded, monkeypatch, path):
    monkeypatch.setattr(places, "PATIENCE_S", 5.0)

    async def crowd():
        site, taken = request_pace.AudiencePace(file), asyncio.Event()
        slow = [asyncio.create_task(load(site, path=path, taken=taken)) for _ in range(4)]
        await asyncio.sleep(0.05)
        assert await load(site, path=path, cookie=loaded) == 200
        assert await load(site, path="/live/history") == 200, "it has bounds of its own"
        assert await load(site, path=path) == 503
        assert await load(site, ("192.0.2.2", 1), path) == 200, "another network gets through"
        monkeypatch.setattr(places, "PATIENCE_S", 0.01)
        assert await load(site, path=path) == 200
        taken.set()
        await asyncio.gather(*slow)

    asyncio.run(asyncio.wait_for(crowd(), 20))


def test_requests_of_the_audience_begin_a_few_at_once_and_have_a_pace(loaded, monkeypatch):
    monkeypatch.setattr(descriptors, "files", lambda: 100)
    monkeypatch.setattr(request_pace, "CONNECTION_PACE", (30, 50))
    begun, most = 0, 0

    async def slow(scope, receive, send):
        nonlocal begun, most
        begun += 1
        most = max(most, begun)
        await asyncio.sleep(0.005)
        begun -= 1
        await file(scope, receive, send)

    async def crowd(site, **options):
        began = asyncio.get_running_loop().time()
        answers = await asyncio.gather(*(load(site, **options) for _ in range(40)))
        return {*answers}, asyncio.get_running_loop().time() - began

    async def run():
        site = request_pace.AudiencePace(slow)
        answers, took = await crowd(site)
        assert (answers, most) == ({200}, request_pace.MAX_BEGINNING)
        assert took >= 0.2, "ten more than at once, at 50 a second"
        assert 503 in (await crowd(site))[0]
        assert (await crowd(site, client=("192.0.2.1", 0)))[0] == {200}, "a proxy's connection is everybody's"
        answers, took = await crowd(site, cookie=loaded)
        assert (answers, most) == ({200}, 40)
        monkeypatch.setattr(presenter_link, "_presenter", None)
        assert (await crowd(site))[0] == {200}, "nobody is audience"

    asyncio.run(asyncio.wait_for(run(), 20))


def test_an_answer_that_does_not_begin_holds_up_nobody_for_long(loaded, monkeypatch):
    monkeypatch.setattr(descriptors, "files", lambda: 100)
    never = asyncio.Event()

    async def app(scope, receive, send):
        if scope["path"] == "/never":
            await never.wait()
        await file(scope, receive, send)

    async def run():
        site = request_pace.AudiencePace(app)
        waiting = [asyncio.create_task(load(site, path="/never")) for _ in range(request_pace.MAX_BEGINNING)]
        await asyncio.sleep(0)
        assert await asyncio.wait_for(load(site), 5) == 200
        never.set()
        assert {*await asyncio.gather(*waiting)} == {200}
        await asyncio.sleep(2 * request_pace.BEGINNING_S)
        assert site._beginnings._free == site._parts._free == request_pace.MAX_BEGINNING

    asyncio.run(asyncio.wait_for(run(), 20))


@pytest.mark.parametrize(("host", "method", "status"), [("evil.example", "GET", 400), ("localhost", "POST", 405)])
def test_what_is_refused_has_a_pace_too(loaded, monkeypatch, host, method, status):
    option = st.get_option
    hosts = ["localhost"]
    monkeypatch.setattr(st, "get_option", lambda name: hosts if name == "server.allowedHosts" else option(name))
    monkeypatch.setattr(request_pace, "CONNECTION_PACE", (3, 1))
    app = Starlette(middleware=middleware.stack())
    with TestClient(app, base_url="http://localhost:8501") as client:
        answers = [client.request(method, "/", headers={"host": host}).status_code for _ in range(4)]
        assert answers == [status] * 3 + [503]
        client.cookies.set(*loaded.split("="))
        assert client.request(method, "/", headers={"host": host}).status_code == status


def test_parts_of_files_are_read_a_few_at_once(loaded, monkeypatch):
    monkeypatch.setattr(descriptors, "files", lambda: 100)
    reading, most = 0, 0

    async def parts(scope, receive, send):
        nonlocal reading, most
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for more in (True, True, False):
            reading += 1
            most = max(most, reading)
            await asyncio.sleep(0.01)
            reading -= 1
            await send({"type": "http.response.body", "body": b"x", "more_body": more})

    async def run():
        site = request_pace.AudiencePace(parts)
        assert {*await asyncio.gather(*(load(site) for _ in range(60)))} == {200}
        assert most == request_pace.MAX_BEGINNING

    asyncio.run(asyncio.wait_for(run(), 20))
