"""What outsiders can write into the log: the first lines of each kind, and how many more there were."""

import io
import logging

import pytest

from app.web.log_limit import MAX_IN_ALL, MAX_LETTERS, MAX_OF_A_KIND, MAX_TRACEBACK, WINDOW_S, LogLimit, bound_logs


@pytest.fixture
def log():
    """A logger with the limit and a clock by hand; its lines."""
    lines, now = [], [0.0]

    class Lines(logging.Handler):
        def emit(self, record):
            lines.append(record.getMessage())

    logger = logging.Logger("uvicorn.error")  # noqa: LOG001
    logger.addHandler(Lines())
    logger.addFilter(LogLimit(lambda: now[0]))
    return logger, lines, now


def test_of_one_kind_the_first_are_written_and_later_the_number_of_the_others(log):
    logger, lines, now = log
    for number in range(1_000):
        logger.warning("Invalid HTTP request %s", number)
    assert lines == [f"Invalid HTTP request {number}" for number in range(MAX_OF_A_KIND)]
    logger.warning("another kind")
    assert lines[-1] == "another kind (995 further lines were left out)"
    now[0] = WINDOW_S
    logger.warning("Invalid HTTP request %s", 1_000)
    assert lines[-1] == "Invalid HTTP request 1000"


def test_kinds_without_end_are_bounded_too_and_so_is_a_line(log):
    logger, lines, _ = log
    logger.error("x" * 1_000_000)
    for number in range(1_000):
        logger.error(f"kind {number}")
    assert len(lines) == MAX_IN_ALL
    assert len(lines[0]) == MAX_LETTERS + 3


def test_a_storm_of_frames_leaves_a_bounded_log_and_says_what_is_missing(log):
    logger, lines, now = log
    text = io.StringIO()
    logger.addHandler(logging.StreamHandler(text))
    for number in range(2_000):
        try:
            raise ValueError("x" * 100_000 + str(number))
        except ValueError:
            logger.warning("Error deserializing back message", exc_info=True)
    assert len(lines) == MAX_OF_A_KIND
    assert len(text.getvalue()) <= MAX_OF_A_KIND * (MAX_TRACEBACK + 100)
    assert text.getvalue().endswith(f"{MAX_OF_A_KIND - 1}\n"), "the end names the error"
    now[0] = WINDOW_S
    logger.warning("later")
    assert lines[-1] == f"later ({2_000 - MAX_OF_A_KIND:,} further lines were left out)"


def test_the_loggers_that_speak_with_browsers_are_bounded_once():
    logger, _ = logging.getLogger("streamlit.a_new_one"), logging.getLogger("uvicorn.error")
    for _ in range(2):
        bound_logs()
        assert [type(each) for each in logger.filters].count(LogLimit) == 1
    assert any(isinstance(each, LogLimit) for each in logging.getLogger("uvicorn.error").filters)
    assert not any(isinstance(each, LogLimit) for each in logging.getLogger("engine").filters)


def test_errors_of_the_scripts_of_a_shared_page_go_by_way_of_logging_which_is_bounded(monkeypatch, capfd):
    from streamlit import config, error_util

    from app.command_line import SHARED

    records = []
    logger = logging.getLogger("streamlit.error_util")
    monkeypatch.setattr(logger, "handle", records.append)
    monkeypatch.setattr(config, "get_option", SHARED.get)
    for _ in range(3):
        error_util._log_uncaught_app_exception(ValueError("of a strange value"))
    assert len(records) == 3
    assert capfd.readouterr().err == "", "nothing past it"
