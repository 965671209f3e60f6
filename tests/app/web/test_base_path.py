"""Pages below a path: own routes, Streamlit's and cookies are found below it alone."""

import pytest
import streamlit as st
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from app.web.addresses import base_path
from app.web.base_path import BasePath, CookiePlace, base, below, inside, refuse_own


def site(monkeypatch, option, scheme="http"):
    """An application below a base path: a route of ours, one that knows its base as Streamlit's do, a connection."""
    known = st.get_option
    monkeypatch.setattr(st, "get_option", lambda name: option if name == "server.baseUrlPath" else known(name))

    async def here(request):
        answer = PlainTextResponse(inside(request.scope))
        for cookie in ("a=1; Path=/; HttpOnly", "b=2; Path=/elsewhere; Secure", "c=3; SameSite=Lax; path=/"):
            answer.headers.append("set-cookie", cookie)
        return answer

    async def connection(websocket):
        await websocket.accept()
        await websocket.send_text(inside(websocket.scope))

    routes = [
        Route("/live/history", here), Route("/present", here), Route(f"{base()}/", here), Route(f"{base()}/race", here),
        WebSocketRoute(f"{base()}/_stcore/stream", connection),
    ]  # fmt: skip
    parts = [Middleware(part) for part in (BasePath, CookiePlace)]
    return TestClient(Starlette(routes=routes, middleware=parts), base_url=f"{scheme}://localhost:8501")


@pytest.mark.parametrize("option", ["skipscope", "/user/anna@x/proxy/absolute/8501/"])
def test_all_is_below_the_base_and_nothing_beside_it(monkeypatch, option):
    client, below = site(monkeypatch, option), f"/{option.strip('/')}"
    for path in ("/live/history", "/present", "/", "/race"):
        assert client.get(f"{below}{path}").text == path
        outside = client.get(path)
        assert (outside.status_code, outside.text) == (404, f"this page is at {below}/")
    assert client.get(f"{below}x/race").status_code == 404
    assert client.get(f"{below}/live/other").status_code == 404
    with client.websocket_connect(f"{below}/_stcore/stream") as opened:
        assert opened.receive_text() == "/_stcore/stream"
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/_stcore/stream"):
        pass


def test_without_a_base_all_is_at_the_root(monkeypatch):
    client = site(monkeypatch, "")
    assert client.get("/live/history").text == "/live/history"
    assert client.get("/race").headers.get_list("set-cookie")[0] == "a=1; Path=/; HttpOnly"


def test_cookies_are_for_the_base_and_where_it_is_encrypted_for_encryption(monkeypatch):
    plain = site(monkeypatch, "skipscope").get("/skipscope/race").headers.get_list("set-cookie")
    assert plain == [
        "a=1; Path=/skipscope; HttpOnly",
        "b=2; Path=/elsewhere; Secure",
        "c=3; SameSite=Lax; Path=/skipscope",
    ]
    secret = site(monkeypatch, "", "https").get("/race").headers.get_list("set-cookie")
    assert secret == [
        "a=1; Path=/; HttpOnly; Secure",
        "b=2; Path=/elsewhere; Secure",
        "c=3; SameSite=Lax; path=/; Secure",
    ]


@pytest.mark.parametrize(
    ("given", "path"), [("", ""), ("/", ""), ("skipscope", "/skipscope"), ("//a/b.c~d@e/", "/a/b.c~d@e")]
)
def test_a_base_path_has_a_slash_before_it_and_none_after(given, path):
    assert base_path(given) == path


@pytest.mark.parametrize(
    "given", ["a//b", "..", "a/../b", "a b", "a;b", "a\r\nb", "ä", "a?b", "a%2fb", "x" * 600, "a\n"]
)
def test_what_cannot_be_a_base_path_is_refused(given):
    with pytest.raises(ValueError, match="such as /skipscope"):
        base_path(given)


@pytest.mark.parametrize("option", ["live", "/live/x", "present", "/present/a/"])
def test_a_base_below_which_own_routes_would_be_found_beside_the_limits_is_refused(monkeypatch, option):
    with pytest.raises(ValueError, match="does not begin with /live or /present"):
        site(monkeypatch, option).get(f"{base()}/")


@pytest.mark.parametrize("path", ["", "/lives", "/a/live", "/presenter"])
def test_other_bases_with_such_words_are_fine(path):
    refuse_own(path)


@pytest.mark.parametrize(
    ("path", "where", "found"),
    [("/live/a", "", "/live/a"), ("/lab/live/a", "/lab", "/live/a"), ("/live/a", "/lab", ""), ("/labs/a", "/lab", "")],
)
def test_a_path_is_found_below_the_base_before_the_base_is_taken_off(path, where, found):
    assert below({"path": path}, where) == found
