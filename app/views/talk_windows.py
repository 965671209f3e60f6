"""The presenter's windows that give a talk: the room goes on with another one when one of them is left.

A window is a session of Streamlit. One that was closed or loaded anew without leaving its stage counts no longer.
"""

import threading
from collections.abc import Callable

from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

#: A talk and its scene, from 1.
Place = tuple[str, int]


class TalkWindows:
    """Knows where each window stands; any thread may ask. ``is_open`` says whether a window is still there."""

    def __init__(self, is_open: Callable[[str], bool]) -> None:
        self._is_open = is_open
        self._lock = threading.Lock()
        #: Where each window stands that is on the stage: the one that moved last is last, and the room is with it.
        self._places: dict[str, Place] = {}

    def moved(self, window: str, place: Place) -> None:
        """Note that a window shows this place to the room."""
        with self._lock:
            self._places.pop(window, None)
            self._places[window] = place

    def left(self, window: str) -> Place | None:
        """Note that a window is no longer on the stage; return where the room goes on, None where the talk ends."""
        with self._lock:
            self._places.pop(window, None)
            self._places = {other: place for other, place in self._places.items() if self._is_open(other)}
            return next(reversed(self._places.values()), None)


def this_window() -> str:
    """Return what stands for the window whose script runs now, '' outside of a script."""
    context = get_script_run_ctx()
    return context.session_id if context else ""


def _is_open(window: str) -> bool:
    return runtime.exists() and runtime.get_instance().is_active_session(window)


#: Those of this server.
talk_windows = TalkWindows(_is_open)
