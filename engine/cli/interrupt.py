"""Ctrl-C as an event that a loop checks: a KeyboardInterrupt inside a destructor is printed and lost."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def ctrl_c_heard() -> Iterator[threading.Event]:
    """Yield an event that the first Ctrl-C sets; the second Ctrl-C raises KeyboardInterrupt at once."""
    pressed = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield pressed
        return

    def press(*_: object) -> None:
        pressed.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = signal.signal(signal.SIGINT, press)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)


def pause(pressed: threading.Event, seconds: float) -> None:
    """Wait. Raises KeyboardInterrupt after Ctrl-C."""
    if pressed.wait(seconds):
        raise KeyboardInterrupt
