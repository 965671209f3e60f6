"""One cookie for each browser that opens a shared page, which nobody else can make up."""

import secrets

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from app.data import authorization
from app.web import presenter_link, visitor
from app.web.visitor import VisitorCookie, new_cookie, visitor_of

NAME = "skipscope_visitor_8501"
PAGE = {"accept": "text/html"}


@pytest.fixture
def shared(monkeypatch):
    monkeypatch.setattr(presenter_link, "_presenter", None)
    monkeypatch.setattr(authorization, "_guard", None)
    presenter_link.share(8501)


def client():
    async def page(request):
        return PlainTextResponse(str(visitor_of(request.cookies)))

    routes = [Route(path, page) for path in ("/", "/talk", "/live/talk/stream")]
    return TestClient(Starlette(routes=routes, middleware=[Middleware(VisitorCookie)]))


def test_a_page_that_is_not_shared_hands_out_nothing(monkeypatch):
    monkeypatch.setattr(presenter_link, "_presenter", None)
    assert "set-cookie" not in client().get("/", headers=PAGE).headers
    assert visitor_of({NAME: new_cookie()}) is None


def test_a_browser_gets_one_with_its_first_page_and_keeps_it(shared):
    browser = client()
    answer = browser.get("/talk", headers=PAGE)
    assert {part.strip().lower() for part in answer.headers["set-cookie"].split(";")[1:]} == {
        "httponly", "path=/", "samesite=lax",
    }  # fmt: skip
    again = browser.get("/", headers=PAGE)
    assert "set-cookie" not in again.headers
    assert again.text == visitor_of(browser.cookies) != "None"
    assert client().get("/", headers=PAGE).headers["set-cookie"] != answer.headers["set-cookie"]


@pytest.mark.parametrize(("path", "headers"), [("/live/talk/stream", PAGE), ("/", {"accept": "*/*"})])
def test_what_is_no_page_gets_none(shared, path, headers):
    assert "set-cookie" not in client().get(path, headers=headers).headers


@pytest.mark.parametrize("value", ["", "a", "a.", ".", "a.b", "é.ü", "a" * 5000, "None."])
def test_a_made_up_one_is_nobody(shared, value):
    assert visitor_of({NAME: value}) is None
    number, _, signature = new_cookie().partition(".")
    assert visitor_of({NAME: f"{number}x.{signature}"}) is None
    assert visitor_of({NAME: f"{number}.{signature}"}) is not None


def start(monkeypatch, path):
    """Sign as a new process does that serves this workspace."""
    monkeypatch.setattr(visitor, "_key", secrets.token_bytes(32))
    visitor.keep(path)


def test_a_visitor_stays_the_same_one_through_a_restart_of_the_server(shared, monkeypatch, tmp_path):
    path = tmp_path / "runs" / "talk.key"
    path.parent.mkdir()
    start(monkeypatch, path)
    cookie = new_cookie()
    number = visitor_of({NAME: cookie})
    start(monkeypatch, path)
    assert visitor_of({NAME: cookie}) == number is not None
    assert path.stat().st_mode & 0o077 == 0
    assert [file.name for file in path.parent.iterdir()] == ["talk.key"]
    start(monkeypatch, tmp_path / "talk.key")
    assert visitor_of({NAME: cookie}) is None


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 33])
def test_a_damaged_key_is_made_anew_and_never_signs(shared, monkeypatch, tmp_path, content):
    path = tmp_path / "talk.key"
    path.write_bytes(content)
    start(monkeypatch, path)
    assert path.read_bytes() == visitor._key != content
    assert len(visitor._key) == 32


def test_without_a_folder_to_write_in_the_key_of_this_start_signs(shared, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "talk.key").mkdir()
    for path in (tmp_path / "file" / "talk.key", tmp_path / "talk.key"):
        start(monkeypatch, path)
        assert visitor_of({NAME: new_cookie()}) is not None
    assert {file.name for file in tmp_path.iterdir()} == {"file", "talk.key"}


def test_what_stands_for_a_visitor_does_not_tell_the_cookie(shared):
    cookie = new_cookie()
    assert visitor_of({NAME: cookie}) not in cookie
