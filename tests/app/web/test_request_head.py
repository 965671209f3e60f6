"""The head of a request: a target with a host in it is that host's, and no head is longer than the bound."""

import asyncio
from contextlib import suppress

import pytest
import streamlit as st
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from app.web import middleware
from app.web.connections import MAX_HEAD_BYTES
from app.web.request_head import head_bytes, origin_form
from tests.app.web.test_connections import WEBSOCKET, server


async def _answer(port, head):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(head)
        found = b""
        with suppress(ConnectionError):  # what was not read of a head ends the connection so
            while part := await asyncio.wait_for(reader.read(65_536), 10):
                found += part
        return found.decode("latin-1")
    finally:
        writer.transport.abort()


def answers(*heads):
    async def scenario():
        async with server() as port:
            return [await _answer(port, head) for head in heads]

    return asyncio.run(scenario())


def scope_of(target, host=b"other.example", kind="http"):
    raw, _, query = target.partition(b"?")
    path = raw.decode("ascii").replace("%20", " ")
    headers = [(b"accept", b"*/*"), (b"host", host)]
    return {"type": kind, "method": "GET", "path": path, "raw_path": raw, "query_string": query, "headers": headers}


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    ("target", "host", "path", "query"),
    [
        (b"http://localhost:8501/live/a%20b?x=1", b"localhost:8501", "/live/a b", b"x=1"),
        (b"HTTP://localhost:8501/", b"localhost:8501", "/", b""),
        (b"https://lab.example", b"lab.example", "/", b""),
        (b"http://lab.example?x=http://a/b", b"lab.example", "/", b"x=http://a/b"),
        (b"ws://[::1]:8501/_stcore/stream", b"[::1]:8501", "/_stcore/stream", b""),
        (b"http://evil.example//localhost/", b"evil.example", "//localhost/", b""),
        (b"http://localhost@evil.example/", b"localhost@evil.example", "/", b""),
        (b"http:///live", b"", "/live", b""),
    ],
)
def test_the_host_of_a_target_is_the_requests(kind, target, host, path, query):
    scope = origin_form(scope_of(target, kind=kind))
    assert (scope["path"], scope["query_string"]) == (path, query)
    assert scope["headers"] == [(b"host", host), (b"accept", b"*/*")]
    assert origin_form(scope) is scope


@pytest.mark.parametrize("target", [b"/", b"/http://localhost/", b"*", b"ftp://localhost/", b"http:/localhost/"])
def test_other_targets_stay(target):
    scope = scope_of(target)
    assert origin_form(scope) is scope
    assert origin_form({"type": "lifespan"}) == {"type": "lifespan"}


@pytest.mark.parametrize(
    ("target", "host", "status"),
    [
        (b"http://localhost:8501/", b"localhost:8501", 200),
        (b"http://localhost:8501/?x=1", b"evil.example", 200),
        (b"http://localhost:8501/nothing", b"localhost:8501", 404),
        (b"http://evil.example/", b"localhost:8501", 400),
        (b"http://localhost@evil.example/", b"localhost:8501", 400),
        (b"http:///", b"localhost:8501", 400),
    ],
)
def test_the_allowed_hosts_are_those_of_the_target(monkeypatch, target, host, status):
    option = st.get_option
    monkeypatch.setattr(st, "get_option", lambda name: ["localhost"] if name == "server.allowedHosts" else option(name))

    async def page(request):
        return PlainTextResponse(str(request.url))

    app = Starlette(routes=[Route("/", page)], middleware=middleware.stack())
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        **scope_of(target, host), "scheme": "http", "root_path": "", "http_version": "1.1", "server": ("localhost", 1),
        "client": ("127.0.0.1", 2), "asgi": {"version": "3.0"},
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))
    assert sent[0]["status"] == status
    if status == 200:
        assert b"localhost:8501" in sent[1]["body"]


def long_head(length, kind=b""):
    begin = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n" + kind
    many, rest = divmod(length - len(begin) - 2, 1_000)
    lines = (b"X: " + b"x" * 995 + b"\r\n") * (many - 1)
    return begin + lines + b"X: " + b"x" * (995 + rest) + b"\r\n\r\n"


def test_a_head_of_the_bound_is_answered_and_a_longer_one_is_refused(monkeypatch):
    monkeypatch.setattr("app.web.web_sockets.REFUSAL_S", 0.1)
    lengths = (MAX_HEAD_BYTES - 10, MAX_HEAD_BYTES + 10, 17_000, 40_000)
    heads = [long_head(length) for length in lengths]
    assert [len(head) for head in heads] == [*lengths]
    firsts = [found.partition("\r\n")[0] for found in answers(*heads)]
    assert firsts[:3] == ["HTTP/1.1 200 OK", *["HTTP/1.1 400 Bad Request"] * 2]
    assert firsts[3] in ("", "HTTP/1.1 400 Bad Request")


def test_a_second_long_head_on_a_connection_is_refused(monkeypatch):
    monkeypatch.setattr("app.web.web_sockets.REFUSAL_S", 0.1)
    first = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    (found,) = answers(first + long_head(17_000))
    assert found.startswith("HTTP/1.1 200 OK")
    assert "HTTP/1.1 400 Bad Request" in found
    assert found.count("HTTP/1.1") == 2


def test_a_long_head_opens_no_websocket(monkeypatch):
    monkeypatch.setattr("app.web.web_sockets.REFUSAL_S", 0.1)
    opening = WEBSOCKET.replace(b"Connection: Upgrade", b"Connection: Upgrade, close")
    head = long_head(17_000, opening).replace(b"GET / ", b"GET /page ").replace(b"Connection: close\r\n", b"", 1)
    (found,) = answers(head)
    assert found.startswith("HTTP/1.1 400 Bad Request")


def test_the_length_of_a_head_is_that_of_its_bytes():
    scope = {"raw_path": b"/live", "query_string": b"x=1"}
    assert head_bytes(scope, [(b"host", b"a")]) == len(b"GET /live?x=1 HTTP/1.1\r\nhost: a\r\n")
