"""The script that is written into the document of every page."""

from base64 import b64encode
from hashlib import sha256

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from app.live.stream.page_head import LINKS, PageHead, script

DOCUMENT = "<html><head><script src='streamlit.js'></script></head><body>" + 600 * "word " + "</body></html>"


def client():
    routes = [
        Route("/page", lambda request: HTMLResponse(DOCUMENT, headers={"ETag": "old"})),
        Route("/live/plotly.js", lambda request: PlainTextResponse(DOCUMENT)),
        Route("/words", lambda request: PlainTextResponse("<head>")),
    ]
    return TestClient(PageHead(Starlette(routes=routes, middleware=[Middleware(GZipMiddleware)])))


def test_a_document_runs_the_script_before_its_own_ones():
    answer = client().get("/page", headers={"Accept": "text/html,*/*"})
    assert answer.text == DOCUMENT.replace("<head>", "<head>" + script().decode(), 1)
    assert "etag" not in answer.headers and int(answer.headers["content-length"]) == len(answer.content)
    assert script().count(b"</script>") == 1


def test_a_document_may_run_its_own_scripts_and_those_of_this_server_alone():
    policy = client().get("/page", headers={"Accept": "text/html,*/*"}).headers["content-security-policy"]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    text = script().removeprefix(b"<script>").removesuffix(b"</script>")
    assert rules["script-src"] == f"'self' blob: 'sha256-{b64encode(sha256(text).digest()).decode()}'"
    assert rules["default-src"] == "'none'"
    assert not [rule for rule in policy.split() if rule.startswith(("http", "*", "ws"))]


def test_links_come_after_the_documents_own_scripts():
    async def linked(scope, receive, send):
        await client().app({**scope, LINKS: b"<link>"}, receive, send)

    answer = TestClient(linked).get("/page", headers={"Accept": "text/html,*/*"})
    assert answer.text == DOCUMENT.replace("<head>", "<head>" + script().decode()).replace("</head>", "<link></head>")
    assert int(answer.headers["content-length"]) == len(answer.content)


def test_other_answers_stay_as_they_are():
    assert client().get("/words", headers={"Accept": "text/html"}).text == "<head>"
    assert client().get("/page", headers={"Accept": "application/json"}).text == DOCUMENT
    assert client().head("/page", headers={"Accept": "text/html"}).headers["etag"] == "old"


def test_what_is_prefetched_stays_compressed():
    answer = client().get("/live/plotly.js", headers={"Accept": "text/html,*/*", "Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip" and answer.text == DOCUMENT
