"""Waiting for what a page will show: a page that is drawn anew has for an instant nothing of what it shows."""

import inspect
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from playwright.sync_api import Error, Locator, Page, TimeoutError

#: Seconds after which a browser that waits gives up: no limit of speed, for the machine may be busy.
PATIENCE = 60.0
#: Milliseconds between two looks of a page at what it waits for: one in every frame costs more than what is waited for.
LOOKS = 50
#: Seconds after which something is done again whose effect is not seen: longer than a busy page needs to answer.
LOST = 5.0
#: What reading an element raises that is not there yet, or no longer.
UNREADABLE = (Error, TypeError, LookupError)
#: Resolves when the page has drawn six frames, a tenth of a second where there is time.
SIX_FRAMES = """() => new Promise((done) => {
  const next = (left) => requestAnimationFrame(() => (left ? next(left - 1) : done()));
  next(5);
})"""


def until(met: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """Wait until ``met()`` is true; return what it returned."""
    deadline = time.monotonic() + seconds
    while not (answer := met()):
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.05)
    return answer


def becomes(read: Callable[[], Any], expected: Any, seconds: float = PATIENCE) -> Any:
    """Read again until it is what is expected; return it.

    Args:
        read: reads the page; what it cannot read yet counts as another value.
        expected: the value, or a function that says whether a value will do.
        seconds: after which it gives up, and shows the last value beside the expected one.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            value = read()
            if expected(value) if callable(expected) else value == expected:
                return value
        except UNREADABLE as error:
            value = error
        if time.monotonic() > deadline:
            raise AssertionError(f"after {seconds} s it is\n  {value!r}\ninstead of\n  {_words(expected)}")
        time.sleep(0.05)


def _words(expected: Any) -> str:
    """A value, or the lines in which a function stands."""
    if not callable(expected):
        return repr(expected)
    with suppress(OSError, TypeError):
        return inspect.getsource(expected).strip()
    return repr(expected)


def comes_true(check: Callable[[], None], seconds: float = PATIENCE) -> None:
    """Wait until a check passes: a busy browser draws for a new size only after a while."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return check()
        except (AssertionError, *UNREADABLE):
            if time.monotonic() > deadline:
                raise
        time.sleep(0.05)


def again_until(act: Callable[[], Any], met: Callable[[], Any], times: int = 6) -> Any:
    """Do something until its effect is seen; return what ``met()`` returned.

    What is pressed while the page is drawn anew may be lost. It has to be something that does no harm when it is done
    once more.
    """
    for _ in range(times):
        with suppress(Error):  # what was to be pressed went while it was
            act()
        deadline = time.monotonic() + LOST
        while time.monotonic() < deadline:
            with suppress(*UNREADABLE, AssertionError):
                if answer := met():
                    return answer
            time.sleep(0.05)
    raise AssertionError(f"{times} times without effect: {_words(act)}")


def enter(field: Locator, value: str, met: Callable[[], Any]) -> None:
    """Type a value into a field until its effect is seen: a page that is drawn anew may put the old one back."""

    def typed():
        field.fill(value)
        field.press("Enter")

    again_until(typed, met)


def pick(page: Page, box: Locator, option: Locator, times: int = 6) -> None:
    """Choose an option of a list; a list that a page drawn anew has closed is opened again."""
    for _ in range(times):
        box.click()
        try:
            return option.click(timeout=1000 * LOST)
        except TimeoutError:
            page.keyboard.press("Escape")
    raise AssertionError(f"{option} is not offered")


def wait_at_rest(page: Page) -> None:
    """Wait until the page's script is at its end."""
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")


def drag(page: Page, area: Locator, begin: tuple[float, float], end: tuple[float, float]) -> None:
    """Draw the mouse over an area, between two places in shares of its size, as it lies now and keeps lying."""
    area.scroll_into_view_if_needed()
    box = settled_box(page, area)
    page.mouse.move(box["x"] + begin[0] * box["width"], box["y"] + begin[1] * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + end[0] * box["width"], box["y"] + end[1] * box["height"], steps=6)
    page.mouse.up()


def settled_box(page: Page, area: Locator) -> dict[str, float]:
    """Return where an element lies, once it has lain there over several frames."""
    boxes: list[dict[str, float] | None] = [None]

    def look() -> bool:
        page.evaluate(SIX_FRAMES)
        boxes.append(area.bounding_box())
        return boxes[-1] is not None and boxes[-1] == boxes[-2]

    until(look)
    return boxes[-1]


def settle(page: Page, script: str, met: Callable[[Any], bool] = lambda found: True) -> Any:
    """Wait until what a script measures stays the same over several frames, and meets a condition; return it.

    A time would be too short on a busy machine, which draws few frames in it, and too long on another.
    """

    looks: list[Any] = [object()]

    def look() -> Any:
        page.evaluate(SIX_FRAMES)
        looks.append(page.evaluate(script))
        return looks[-1]

    return becomes(look, lambda found: found == looks[-2] and met(found))


def wait_drawn(page: Page, view: str, condition: str, seconds: float) -> None:
    """Wait until a condition about a view ``v`` of the page holds, and until the page has drawn what it then held.

    A view takes its data first and draws them in a later frame: words that are read in between are older than it.
    """
    holds = f"() => {{ const v = {view}; return v && ({condition}) ? {{ pending: v.pending }} : null; }}"
    pending = page.wait_for_function(holds, timeout=1000 * seconds, polling=LOOKS).json_value()["pending"]
    if pending:
        page.wait_for_function(f"(drawing) => {view}?.pending !== drawing", arg=pending, timeout=1000 * seconds)
