"""A thread that ends by an error says so: to those that wait, and to the log."""

import logging

import pytest

from engine.errors import in_one_line
from engine.guarded_thread import GuardedThread


def ended(work, name="desk"):
    told = []
    thread = GuardedThread(name, work, told.append)
    thread.start()
    thread.join(30)
    assert not thread.is_alive()
    assert thread.daemon
    return told


def test_a_thread_that_does_its_work_tells_nothing():
    done = []
    assert ended(lambda: done.append(1)) == []
    assert done == [1]


@pytest.mark.parametrize("error", [ValueError("two\n  lines"), MemoryError(), SystemExit(3)])
def test_whatever_ends_a_thread_is_told_in_one_line(error, caplog):
    def work():
        raise error

    with caplog.at_level(logging.ERROR):
        (told,) = ended(work)
    assert told == f"thread desk ended ({in_one_line(error)})"
    assert "\n" not in told
    assert "thread desk ended" in caplog.text
    assert type(error).__name__ in caplog.text


def test_an_error_in_one_line_is_short():
    assert in_one_line(ValueError("two\n  lines")) == "ValueError: two lines"
    assert in_one_line(MemoryError()) == "MemoryError"
    assert len(in_one_line(OSError("x" * 10_000))) < 320
