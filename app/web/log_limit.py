"""A bound on what outsiders can write into this server's log: broken requests and frames leave a line each."""

import logging
import time
from collections import Counter
from collections.abc import Callable

#: Of one kind, and of all kinds together, within ``WINDOW_S`` seconds.
MAX_OF_A_KIND, MAX_IN_ALL = 5, 60
WINDOW_S = 60.0
#: The loggers of the packages that speak with browsers.
PACKAGES = ("asyncio", "h11", "starlette", "streamlit", "tornado", "uvicorn", "websockets")
#: Letters of a record, and of the end of its traceback, which names the error.
MAX_LETTERS, MAX_TRACEBACK = 2_000, 6_000


class LogLimit(logging.Filter):
    """Let the first records of each kind through; say with the next one how many were left out."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._began = clock()
        self._seen: Counter[tuple[str, str]] = Counter()
        self._left_out = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a record is written."""
        now = self._clock()
        if now - self._began >= WINDOW_S:
            self._began = now
            self._seen.clear()
        kind = (record.name, str(record.msg)[:80])
        if self._seen[kind] >= MAX_OF_A_KIND or self._seen.total() >= MAX_IN_ALL:
            self._left_out += 1
            return False
        self._seen[kind] += 1
        self._shorten(record)
        return True

    def _shorten(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        told = f" ({self._left_out:,} further lines were left out)" if self._left_out else ""
        if told or len(text) > MAX_LETTERS:
            cut = f"{text[:MAX_LETTERS]}..." if len(text) > MAX_LETTERS else text
            record.msg, record.args = cut + told, ()
        self._left_out = 0
        if record.exc_info and len(trace := _FORMAT.formatException(record.exc_info)) > MAX_TRACEBACK:
            record.exc_text = f"...{trace[-MAX_TRACEBACK:]}"


_FORMAT = logging.Formatter()
_limit = LogLimit()


def bound_logs() -> None:
    """Bound the records of all loggers of these packages that there are."""
    named = {name: logging.getLogger(name) for name in (*PACKAGES, *logging.root.manager.loggerDict)}
    for name, logger in named.items():
        if name.partition(".")[0] in PACKAGES and _limit not in logger.filters:
            logger.addFilter(_limit)
