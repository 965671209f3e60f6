"""What every request passes first: known hosts, own origin, reading only, room for one more."""

import asyncio

import pytest
import streamlit as st
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from app.data import authorization
from app.web import descriptors, middleware, places, presenter_link, web_sockets


@pytest.fixture
def site(monkeypatch):
    """An application behind the middleware, reached as localhost:8501."""
    option = st.get_option
    hosts = ["localhost", "192.0.2.5", "::1"]
    monkeypatch.setattr(st, "get_option", lambda name: hosts if name == "server.allowedHosts" else option(name))
    monkeypatch.setattr(presenter_link, "_presenter", None)
    monkeypatch.setattr(authorization, "_guard", None)

    async def page(request):
        return PlainTextResponse("here")

    async def socket(websocket):
        await websocket.accept()
        await websocket.send_text("in")
        await websocket.receive_bytes()

    routes = [
        Route("/", page, methods=["GET", "POST", "PUT", "DELETE", "PATCH"]),
        WebSocketRoute("/_stcore/stream", socket),
    ]
    with TestClient(
        Starlette(routes=routes, middleware=middleware.stack()), base_url="http://localhost:8501"
    ) as client:
        yield client


def opens(site, scheme="ws", **headers):
    try:
        with site.websocket_connect(f"{scheme}://localhost:8501/_stcore/stream", headers=headers) as socket:
            socket.receive_text()
            socket.send_bytes(b"enough")
    except WebSocketDisconnect:
        return False
    return True


@pytest.mark.parametrize("origin", ["http://localhost:8501", "http://LOCALHOST:8501", "HTTP://localhost:8501"])
def test_the_pages_own_origin_opens_the_connection(site, origin):
    assert opens(site, origin=origin)


def test_the_first_refused_page_is_logged_with_what_a_proxy_needs(site, caplog):
    for origin in ("https://localhost:8501", "http://evil.example"):
        assert not opens(site, origin=origin)
    assert [record.getMessage() for record in caplog.records if "refused" in record.getMessage()] == [
        "a page of 'https://localhost:8501' was refused, for this is 'http://localhost:8501'; "
        "a proxy is believed from this machine, with --proxy-host"
    ]


def test_whoever_is_no_browser_names_no_origin(site):
    assert opens(site)


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example", "http://localhost:9999", "http://localhost", "http://127.0.0.1:8501",
        "http://localhost:8501.evil.example", "http://localhost:8501@evil.example", "null", "", "localhost:8501",
        "https://localhost:8501", "//localhost:8501", "ws://localhost:8501", "http://[", "file://",
        "http://192.0.2.5:8501",
    ],
)  # fmt: skip
def test_foreign_origins_do_not_open_it_even_with_the_cookie(site, origin):
    token = presenter_link.share(8501).partition("token=")[2]
    assert not opens(site, origin=origin, cookie=f"skipscope_presenter_8501={token}")


def test_behind_encryption_the_origin_is_encrypted_too(site):
    assert opens(site, "wss", origin="https://localhost:8501")
    assert not opens(site, "wss", origin="http://localhost:8501")


@pytest.mark.parametrize("path", ["/_stcore/metrics", "/_stcore/metrics/", "/base/_stcore/metrics"])
def test_the_servers_own_numbers_are_the_presenters(site, path):
    assert site.get(path).text == "Not Found", "it has passed: nothing is shared"
    token = presenter_link.share(8501).partition("token=")[2]
    assert site.get(path).text == "there is nothing here"
    assert site.get(path, headers={"cookie": f"skipscope_presenter_8501={token}"}).text == "Not Found"


def test_what_is_no_document_may_load_nothing(site):
    assert site.get("/").headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'self'"


def test_an_unknown_host_is_answered_400(site):
    assert site.get("/", headers={"host": "evil.example"}).status_code == 400
    assert site.get("/", headers={"host": "192.0.2.5:8501"}).status_code == 200


@pytest.mark.parametrize(
    ("host", "shown", "option"),
    [
        ("lab.example:8501", "lab.example:8501", "--proxy-host lab.example"),
        ("<b>&", "<b>&", "--proxy-host NAME"),
        ("lab\x1b[1m", "lab\\x1b[1m", "--proxy-host NAME"),
        ("x" * 5000, "x" * 100, "--proxy-host NAME"),
    ],
)
def test_a_refused_host_is_told_how_it_is_allowed_and_the_log_says_it_once(site, caplog, host, shown, option):
    for _ in range(3):
        answer = site.get("/", headers={"host": host})
        assert answer.text == (
            f"the host '{shown}' is no address of this page; if it names a proxy in front of it, start it with {option}"
        )
        assert answer.headers["content-type"].startswith("text/plain")
    assert [record.levelname for record in caplog.records if "--proxy-host" in record.getMessage()] == ["WARNING"]


def test_an_ipv6_address_is_known_in_its_brackets(site):
    assert site.get("/", headers={"host": "[::1]:8501"}).status_code == 200
    assert site.get("/", headers={"host": "[::1]"}).status_code == 200
    assert site.get("/", headers={"host": "[::2]:8501"}).status_code == 400
    assert opens(site, host="[::1]:8501", origin="http://[::1]:8501")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT"])
def test_only_reading_is_answered(site, method):
    answer = site.request(method, "/")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_file_for_the_uploader_passes_from_whoever_may_command(site, method, monkeypatch):
    place = "/_stcore/upload_file/session/file"
    assert site.request(method, place).status_code == 404, "it has passed: nobody takes files here"
    assert site.request("POST", place).status_code == 405
    assert site.request(method, f"/x{place}").status_code == 405
    monkeypatch.setattr(presenter_link, "_presenter", presenter_link._Presenter(8501))
    assert site.request(method, place).status_code == 405, "the audience sends nothing"
    site.cookies.set(presenter_link._presenter.cookie, presenter_link._presenter.token)
    assert site.request(method, place).status_code == 404


def test_the_store_is_read_a_few_times_at_once_and_slow_takers_keep_nobody_out():
    reading, begun, taken, answers = asyncio.Event(), [], asyncio.Event(), []

    async def read(scope, receive, send):
        begun.append(scope["path"])
        await reading.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await taken.wait()

    room = middleware.ConnectionLimit(read)

    async def ask(path="/live/history"):
        async def send(message):
            if message["type"] == "http.response.start":
                answers.append(message["status"])

        await room({"type": "http", "path": path, "headers": [], "method": "GET"}, None, send)

    async def crowd():
        waiting = [asyncio.create_task(ask()) for _ in range(descriptors.viewers())]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert len(begun) == middleware.MAX_READS
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


def test_streams_are_bounded_and_the_presenter_gets_in_all_the_same():
    token = presenter_link.share(8501).partition("token=")[2]
    release = asyncio.Event()
    answers = []

    async def stream(scope, receive, send):
        await release.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})

    room = middleware.ConnectionLimit(stream)

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
    asyncio.run(middleware.ConnectionLimit(app)(scope, receive, send))
    assert [each["type"] for each in heard] == ["websocket.disconnect" if code else "websocket.receive"]
    assert sent == ([{"type": "websocket.close", "code": code}] if code else [])


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
        site, taken = middleware.AudiencePace(file), asyncio.Event()
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
    monkeypatch.setattr(middleware, "CONNECTION_PACE", (30, 50))
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
        site = middleware.AudiencePace(slow)
        answers, took = await crowd(site)
        assert (answers, most) == ({200}, middleware.MAX_BEGINNING)
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
        site = middleware.AudiencePace(app)
        waiting = [asyncio.create_task(load(site, path="/never")) for _ in range(middleware.MAX_BEGINNING)]
        await asyncio.sleep(0)
        assert await asyncio.wait_for(load(site), 5) == 200
        never.set()
        assert {*await asyncio.gather(*waiting)} == {200}
        await asyncio.sleep(2 * middleware.BEGINNING_S)
        assert site._beginnings._free == site._parts._free == middleware.MAX_BEGINNING

    asyncio.run(asyncio.wait_for(run(), 20))


@pytest.mark.parametrize(("host", "method", "status"), [("evil.example", "GET", 400), ("localhost", "POST", 405)])
def test_what_is_refused_has_a_pace_too(site, loaded, monkeypatch, host, method, status):
    monkeypatch.setattr(middleware, "CONNECTION_PACE", (3, 1))
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
        site = middleware.AudiencePace(parts)
        assert {*await asyncio.gather(*(load(site) for _ in range(60)))} == {200}
        assert most == middleware.MAX_BEGINNING

    asyncio.run(asyncio.wait_for(run(), 20))
