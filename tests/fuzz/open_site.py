"""A shared site for fuzz tests; run as a module, its server: that of ``app`` without the pace of the audience."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from app.web import log_limit
from engine.paths import PROJECT
from tests.e2e.test_share import SharedSite

#: By how much everything that is sent to the server may raise its memory, in MB.
MAX_GROWTH_MB = 300
#: Letters of one record of the log with its traceback.
MAX_RECORD = 10_000
#: A traceback with a place in the project's own code, and the line of its error.
_OWN_CODE = re.compile(rf'  File "{re.escape(str(PROJECT))}/(?:app|engine)/')
#: Where Streamlit reads the value of a widget, which a page of our own asks for: no page sends one that it cannot read.
_READS_A_VALUE = re.compile(r"/streamlit/runtime/state/|, in (?:deserialize|_deserialize)\b")


class OpenSite(SharedSite):
    """A shared site whose log and memory are looked at, and whose visitors may send as fast as they like."""

    module = "tests.fuzz.open_site"

    def begin(self) -> None:
        self.log = self.workspace.path.with_suffix(".log")
        self.share()
        self.memory_mb()

    def memory_mb(self) -> float:
        return psutil.Process(self.process.pid).memory_info().rss / 1e6

    def own_errors(self) -> list[str]:
        """Return the last lines of tracebacks that came from the project's own code and nobody caught."""
        assert self.log is not None
        traces = self.log.read_text(encoding="utf-8", errors="replace").split("Traceback (most recent call last):\n")[
            1:
        ]
        return [_error_of(trace) for trace in traces if _OWN_CODE.search(trace) and not _of_a_value(trace)]

    @contextmanager
    def unharmed(self, reads_only: bool = True) -> Iterator[None]:
        """Check that what is sent meanwhile changes nothing and leaves memory, log and answers as they should be.

        With ``reads_only`` False the database may change, but no file may come.
        """
        assert self.log is not None
        tables, files, errors = self.contents(), self.files(), len(self.own_errors())
        memory, log, began = self.memory_mb(), self.log.stat().st_size, time.monotonic()
        yield
        assert self.files() == files
        assert not reads_only or self.contents() == tables
        new = self.own_errors()[errors:]
        assert not new, new
        assert self.memory_mb() - memory < MAX_GROWTH_MB
        windows = 1 + (time.monotonic() - began) / log_limit.WINDOW_S
        assert self.log.stat().st_size - log < windows * log_limit.MAX_IN_ALL * MAX_RECORD
        assert self.answer("/_stcore/health")[0] == 200


def _of_a_value(trace: str) -> bool:
    """Whether an error arose as Streamlit read the value of a widget; the project's own code is not the last in it."""
    places = [line for line in trace.splitlines() if line.startswith('  File "')]
    read = [index for index, line in enumerate(places) if _READS_A_VALUE.search(line)]
    return bool(read) and not any(_OWN_CODE.match(line) for line in places[read[-1] :])


def _error_of(trace: str) -> str:
    lines = trace.splitlines()
    places = [line.strip() for line in lines if _OWN_CODE.match(line)]
    error = next((line for line in lines if line and not line.startswith(" ")), "")
    return f"{error[:200]} at {places[-1].rpartition('/')[2]}"


if __name__ == "__main__":
    from app.__main__ import main
    from app.web import web_sockets

    # Thousands of cases come from one visitor: at the pace of a page of the audience they would take an hour.
    web_sockets.AT_ONCE, web_sockets.EVERY_S = 1_000_000, 0.0001
    web_sockets.REFUSAL_S = 0.0
    raise SystemExit(main())
