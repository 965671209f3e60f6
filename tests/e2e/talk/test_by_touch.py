"""A talk without a keyboard: the buttons at the foot of the stage and a swipe move it, and they cover nothing."""

import time
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from app.live.offline.talk.export import write
from engine.talks.files import FOLDER, USUAL, read_talk
from tests.e2e.pace.waiting import PATIENCE, becomes, settle

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TALK = read_talk(FOLDER / f"{USUAL}.toml")
LAST = len(TALK.scenes)
PHONE = {"width": 390, "height": 844}
FINGER_PX = 44
#: No letter of a stage's buttons is smaller, on any screen.
LEAST_PX = 16
#: The buttons: their boxes, and the words and pictures of the scene that they cover.
FOOT = """() => {
  const talk = document.querySelector('.sk-talk'), box = (node) => node.getBoundingClientRect();
  const seen = (name) => [...talk.querySelectorAll(name)].filter((node) => node.checkVisibility());
  const buttons = seen('.sk-navigation button').map(box);
  const sizeOf = (node) => getComputedStyle(node).fontSize;
  const beside = (a, b) => a.left >= b.right - 1 || b.left >= a.right - 1;
  const meets = (a) => buttons.some((b) => !beside(a, b) && a.top < b.bottom - 1 && b.top < a.bottom - 1);
  const scene = '.sk-title, .sk-line, .sk-choice, .sk-votes, .sk-figure > *, .sk-foot > *';
  const words = seen(`${scene}, .ss-keys-words, .ss-keys-line > button`);
  return {
    buttons: buttons.map(({ width, height }) => [width, height]),
    letters: Math.min(...seen('.ss-keys-line, .ss-keys-line button').map((node) => parseFloat(sizeOf(node)))),
    inside: buttons.every(({ left, right }) => left >= 0 && right <= innerWidth),
    low: Math.max(...buttons.map(({ bottom }) => bottom + talk.scrollTop)) - talk.scrollHeight,
    covered: words.filter((node) => meets(box(node))).map((node) => node.className),
    opacity: getComputedStyle(talk.querySelector('.ss-keys-line')).opacity,
  };
}"""


#: The line of the stage fades after six seconds in which nobody moves; here after one.
SOONER = """{
  const later = window.setTimeout;
  window.setTimeout = (call, ms, ...more) => later(call, ms === 6000 ? 1000 : ms, ...more);
}"""


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> str:
    path: Path = tmp_path_factory.mktemp("talk") / "talk.html"
    with path.open("wb") as file:
        write(USUAL, TALK, file)
    return path.as_uri()


def at(page: Page, number: int) -> None:
    expect(page.locator(".sk-number")).to_have_text(f"{number} / {LAST}")


def is_clear(buttons: int, seen: dict) -> bool:
    """Whether that many buttons cover nothing of the scene, and can be read from the last row."""
    are_there = len(seen["buttons"]) == buttons and seen["inside"] and seen["letters"] >= LEAST_PX
    return are_there and seen["covered"] == []


def is_for_a_finger(seen: dict) -> bool:
    return min(height for _, height in seen["buttons"]) >= FINGER_PX and seen["low"] <= 0


def button(page: Page, name: str):
    return page.get_by_role("button", name=name)


def swipe(page: Page, begin: tuple[int, int], end: tuple[int, int]) -> None:
    """Draw a finger over the screen, as the browser hears it from the device."""
    session = page.context.new_cdp_session(page)
    points = [[begin[axis] + (end[axis] - begin[axis]) * part / 4 for axis in (0, 1)] for part in range(5)]
    # A finger's own times, whatever a busy machine takes to hand them on.
    now = time.time()
    for part, (x, y) in enumerate(points):
        kind = "touchMove" if part else "touchStart"
        about = {"type": kind, "touchPoints": [{"x": x, "y": y}], "timestamp": now + 0.05 * part}
        session.send("Input.dispatchTouchEvent", about)
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": [], "timestamp": now + 0.25})
    session.detach()


def test_on_a_phone_the_file_is_gone_through_by_taps_and_by_swipes(address, browser: Browser):
    context = browser.new_context(viewport=PHONE, is_mobile=True, has_touch=True, reduced_motion="reduce", offline=True)
    context.set_default_timeout(1000 * PATIENCE)
    try:
        page = context.new_page()
        page.add_init_script(SOONER)
        page.goto(address)
        for number in range(1, LAST + 1):
            at(page, number)
            page.wait_for_selector(".sk-skeleton:not([hidden])", state="hidden")
            settle(page, FOOT, lambda seen: is_clear(2, seen) and is_for_a_finger(seen))  # no page to leave a file for
            if number < LAST:
                button(page, "Next scene").tap()
        expect(button(page, "Next scene")).to_have_attribute("aria-disabled", "true")
        button(page, "Back: previous scene").tap()
        at(page, LAST - 1)
        # Over a chart too, which has its own ways with a pointer.
        for number in range(LAST - 2, 0, -1):
            swipe(page, (90, 500), (320, 480))
            at(page, number)
        swipe(page, (320, 500), (90, 520))
        at(page, 2)
        swipe(page, (200, 600), (190, 300))
        swipe(page, (200, 400), (210, 400))
        # What nobody moves stays there for the next tap.
        page.wait_for_function("() => document.querySelector('.ss-quiet')")
        page.wait_for_timeout(600)
        settle(page, FOOT, lambda seen: seen["opacity"] == "1")
        at(page, 2)
    finally:
        context.close()


def test_with_a_mouse_the_buttons_are_in_the_line_that_fades_and_one_leaves_for_the_page(site, open_page):
    page = open_page("about:blank", reduced_motion="reduce")
    page.add_init_script(SOONER)
    page.goto(f"{site.url}/talk")
    at(page, 1)
    settle(page, FOOT, partial(is_clear, 3))
    for number in range(1, LAST + 1):
        at(page, number)
        if number < LAST:
            button(page, "Next scene").click()
    button(page, "Back: previous scene").click()
    at(page, LAST - 1)
    page.keyboard.press("ArrowRight")
    at(page, LAST)
    page.wait_for_function("() => document.querySelector('.ss-quiet')")
    becomes(lambda: page.evaluate(FOOT)["opacity"], "0")
    page.mouse.move(300, 300)
    becomes(lambda: page.evaluate(FOOT)["opacity"], "1")
    button(page, "Leave the talk").click()
    expect(page.locator(".sk-overview")).to_be_visible()
    expect(page.locator(".sk-navigation")).to_be_hidden()
