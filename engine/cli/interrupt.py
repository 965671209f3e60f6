"""Ctrl-C as an event that a loop checks, so that it cannot get lost.

Python raises KeyboardInterrupt wherever the program happens to be; inside a destructor it is printed and ignored.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def ctrl_c_heard() -> Iterator[threading.Event]:
    """Yield an event that the first Ctrl-C sets; a second one raises KeyboardInterrupt at once, as usual."""
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
    """Wait; raises KeyboardInterrupt when Ctrl-C was or is pressed."""
    if pressed.wait(seconds):
        raise KeyboardInterrupt
