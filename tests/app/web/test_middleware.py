"""What every request passes first: known hosts, own origin, reading only, room for one more."""

import pytest
import streamlit as st
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from app.data import authorization
from app.web import middleware, presenter_link


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
