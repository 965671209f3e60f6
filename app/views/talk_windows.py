"""The presenter's windows that give a talk: the room goes on with another one when one of them is left.

A window is a session of Streamlit, which outlives a short loss of its connection: a window that is away keeps its place
for a while. One that was loaded anew comes back as another session of the same tab, and the old one counts no longer.
Streamlit takes two quick commands of one window in two threads, where the later one may come first.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

#: A talk and its scene, from 1.
Place = tuple[str, int]

#: Seconds for which a window that is away holds the room. Nobody can tell a closed window from a lost connection.
AWAY_S = 20.0
#: Seconds for which Streamlit takes back a session that lost its connection; nothing is known of it after them.
KEPT_S = 120.0


@dataclass(slots=True)
class _Stand:
    """Where a window stands, in which tab of the browser, and since when it was seen to be away."""

    place: Place
    tab: str
    away: float | None = None


class TalkWindows:
    """Knows where each window stands; any thread may ask. ``is_open`` says whether a window is connected."""

    def __init__(self, is_open: Callable[[str], bool], clock: Callable[[], float] = time.monotonic) -> None:
        self._is_open = is_open
        self._clock = clock
        self._lock = threading.Lock()
        #: The windows on the stage: the one that moved last is last, and the room is with it.
        self._stands: dict[str, _Stand] = {}
        #: The order of each window's newest command: it gives them numbers that rise.
        self._sent: dict[str, float] = {}
        self._acting = threading.Lock()

    @contextmanager
    def acting(self, window: str, sent: float) -> Iterator[bool]:
        """Let one command act at a time; yield whether its window has sent no later one that has acted already."""
        with self._acting:
            is_newest = sent >= self._sent.get(window, 0.0)
            if is_newest:
                self._sent = {other: at for other, at in self._sent.items() if other != window and self._is_open(other)}
                self._sent[window] = sent
            yield is_newest

    def last_sent(self, window: str) -> float:
        """Return the number of a window's newest command, 0 without one: its page goes on behind it."""
        return self._sent.get(window, 0.0)

    def moved(self, window: str, place: Place, tab: str = "") -> None:
        """Note that a window shows this place to the room."""
        with self._lock:
            self._stands.pop(window, None)
            self._stands[window] = _Stand(place, tab)

    def left(self, window: str) -> Place | None:
        """Note that a window is no longer on the stage; return where the room goes on, None where the talk ends."""
        with self._lock:
            self._look()
            gone = self._stands.pop(window, None)
            if gone and gone.tab:
                self._forget(gone.tab)
            return self._where()

    def awaited(self) -> bool:
        """Return whether the room is held by windows that are away alone."""
        with self._lock:
            self._look()
            return self._where() is not None and all(stand.away is not None for stand in self._stands.values())

    def where(self) -> Place | None:
        """Return where the room is, None where no window holds it."""
        with self._lock:
            self._look()
            return self._where()

    def _look(self) -> None:
        """See which windows are away."""
        now = self._clock()
        for window, stand in self._stands.items():
            stand.away = None if self._is_open(window) else now if stand.away is None else stand.away
        here = self._stands.items()
        self._stands = {window: stand for window, stand in here if stand.away is None or now - stand.away < KEPT_S}
        for tab in {stand.tab for stand in self._stands.values() if stand.tab and stand.away is None}:
            self._forget(tab)

    def _forget(self, tab: str) -> None:
        """Forget the sessions that a tab had before it was loaded anew."""
        here = self._stands.items()
        self._stands = {window: stand for window, stand in here if stand.tab != tab or stand.away is None}

    def _where(self) -> Place | None:
        now = self._clock()
        held = [stand for stand in self._stands.values() if stand.away is None or now - stand.away < AWAY_S]
        return held[-1].place if held else None


def this_window() -> str:
    """Return what stands for the window whose script runs now, '' outside of a script."""
    context = get_script_run_ctx()
    return context.session_id if context else ""


def _is_open(window: str) -> bool:
    return runtime.exists() and runtime.get_instance().is_active_session(window)


#: Those of this server.
talk_windows = TalkWindows(_is_open)
