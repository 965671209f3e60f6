"""Workers of these tests work in a thread of the tests' process, which must not end with them."""

import threading

import pytest

from engine.runs.worker import engine_link


@pytest.fixture(autouse=True, scope="package")
def no_grace():
    """Let a worker whose engine is gone end its thread alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine_link, "_give_up", lambda: None)
        yield


class _Threading:
    """The module ``threading``, but for its events, which are one."""

    def __init__(self) -> None:
        self.ended = threading.Event()

    def __getattr__(self, name: str) -> object:
        return getattr(threading, name)

    def Event(self) -> threading.Event:  # noqa: N802
        return self.ended


@pytest.fixture(autouse=True)
def heartbeats_end(monkeypatch):
    """End the heartbeats of a test's workers with it: the next attempt's desk would refuse them, and say so."""
    module = _Threading()
    monkeypatch.setattr(engine_link, "threading", module)
    yield
    module.ended.set()
