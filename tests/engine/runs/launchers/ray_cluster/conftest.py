"""Workers of these tests work in a thread of the tests' process, which must not end with them."""

import pytest

from engine.runs.worker import engine_link


@pytest.fixture(autouse=True, scope="package")
def no_grace():
    """Let a worker whose engine is gone end its thread alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine_link, "_give_up", lambda: None)
        yield
