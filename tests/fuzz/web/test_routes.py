"""Every live route, asked oddly: one line or the right answer, never a 5xx, and the database stays as it is."""

import logging

import pytest

from app.live.routes import routes
from app.live.stream.feed import Feed
from app.web import presenter_link
from tests.app.live.conftest import bench  # noqa: F401
from tests.fuzz.tiers import tiers
from tests.fuzz.web.asgi import Request, Tracebacks, contents, shared
from tests.fuzz.web.requests import READING, ROUTES, requests

#: What a request may be answered with: found, moved, or refused in one line.
RIGHT, REFUSED = {200, 206, 303, 304, 307}, {400, 403, 404, 405, 409, 416}
MAX_LINE = 1_000
#: What the workspace has nothing of: its runs have no probes, and no lab has run.
NOTHING_THERE = {"/live/probes/detail", "/live/lab", "/live/lab/stream"}


@pytest.fixture
def site(bench, monkeypatch):  # noqa: F811
    """The routes of a shared page with four runs."""
    with shared(bench, monkeypatch) as site:
        yield site


@pytest.fixture
def tracebacks():
    handler = Tracebacks()
    logging.getLogger().addHandler(handler)
    yield handler.seen
    logging.getLogger().removeHandler(handler)


def test_every_route_is_tried():
    assert {route.path for route in routes(Feed())} | {presenter_link.PATH} == {*ROUTES}


@pytest.mark.parametrize("route", [route for route in ROUTES if "{" not in route and route != presenter_link.PATH])
def test_a_request_without_a_change_is_answered(route, site):
    """Right values are right: else what is made of them would test the first refusal alone."""
    query = "&".join(f"{key}={values[0]}" for key, values in ROUTES[route].items())
    answer = site.ask(Request("GET", f"{route}?{query}".encode(), ((b"host", b"localhost:8501"),)))
    assert answer.status == (404 if route in NOTHING_THERE else 200), answer.body


@tiers
def test_any_request_is_answered_or_refused_in_one_line(tier, site, bench, tracebacks):  # noqa: F811
    before = contents(bench.workspace.database)
    files = {path for path in bench.workspace.path.rglob("*")}
    seen = set()

    def check(request):
        answer = site.ask(request)
        if answer.raised:
            raise answer.raised
        assert answer.status in RIGHT | REFUSED
        assert answer.headers["x-content-type-options"] == "nosniff"
        seen.add((answer.status, request.target.partition(b"?")[0]))
        if request.method not in READING:
            assert answer.status in (400, 405)
        if answer.status in REFUSED - {416}:
            line = answer.body.decode("utf-8")
            assert len(line) <= MAX_LINE
            assert len(line.splitlines()) <= 1
            assert "Traceback" not in line and "/site-packages/" not in line
        assert tracebacks == []

    tier.run(check, requests())
    assert contents(bench.workspace.database) == before
    assert {path for path in bench.workspace.path.rglob("*")} == files
    assert len({path for status, path in seen if status == 200}) >= 8, "the cases reach the routes"
