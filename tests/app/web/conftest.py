"""Limits on connections for one test, and the cookie of its presenter."""

import pytest

from app.data import authorization
from app.web import connections, presenter_link, web_sockets
from app.web.connections import Connections


@pytest.fixture(autouse=True)
def quick_refusals(monkeypatch):
    """What is refused waits for a moment alone."""
    monkeypatch.setattr(web_sockets, "REFUSAL_S", 0.05)


@pytest.fixture
def limits(monkeypatch):
    """Set limits: of connections, and of seconds by their names."""

    def choose(most=400, waiting=512, reserve=32, **seconds):
        monkeypatch.setattr(connections, "_connections", Connections(most, waiting, reserve))
        for name, value in seconds.items():
            monkeypatch.setattr(connections, name, value)
        return connections.all_connections()

    return choose


@pytest.fixture
def presenter(monkeypatch):
    """The cookie of a presenter, as a header."""
    monkeypatch.setattr(presenter_link, "_presenter", None)
    monkeypatch.setattr(authorization, "guard", lambda _: None)
    token = presenter_link.share(1).partition("token=")[2]
    return f"Cookie: skipscope_presenter_1={token}\r\n".encode()
