"""The file of a talk: it needs no server and no network, and on a phone it is gone through by taps and by swipes."""

import time
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from app.live.offline.talk.export import write
from engine.talks.files import USUAL
from tests.e2e.pace.waiting import PATIENCE, comes_true, settle, until
from tests.e2e.talk.test_by_mouse import FOOT, LAST, SOONER, at, button, is_clear
from tests.e2e.talk.test_talk import PHONE, READY, SIZES, TALK, heard, walk

pytestmark = [pytest.mark.browser, pytest.mark.slow]

#: Pixels of the words in a drawing on a phone.
IN_HAND_PX = 16.0
FINGER_PX = 44
ON_A_PHONE = """() => {
  const talk = document.querySelector('.sk-talk'), part = name => talk.querySelector(`.sk-${name}`);
  const [stage, plot, figure] = ['stage', 'plot', 'figure'].map(part);
  const bottom = node => node.getBoundingClientRect().bottom;
  // From within to without: none hides a part of the one before.
  const order = stage ? [plot.querySelector('.main-svg'), stage, figure] : [];
  const isAxis = ([name]) => /^xaxis\\d*$/.test(name);
  const axes = Object.entries(plot?._fullLayout ?? {}).filter(isAxis).map(([, axis]) => axis);
  return {
    wide: talk.scrollWidth,
    hidden: order.slice(1).filter((node, index) => bottom(order[index]) > bottom(node) + 1).map(node => node.className),
    words: [...talk.querySelectorAll('.sk-drawn-words')].filter(node => node.checkVisibility())
      .map(node => parseFloat(getComputedStyle(node).fontSize) * node.getScreenCTM().a),
    axes: axes.map(axis => axis._length * (plot.getBoundingClientRect().width / plot.offsetWidth)),
  };
}"""


@pytest.fixture(scope="module")
def talk_file(tmp_path_factory) -> Path:
    path: Path = tmp_path_factory.mktemp("talk") / "talk.html"
    with path.open("wb") as file:
        write(USUAL, TALK, file)
    return path


def fits_a_phone(page: Page, number: int) -> None:
    seen = page.evaluate(ON_A_PHONE)
    assert seen["wide"] <= PHONE["width"], number
    assert seen["hidden"] == [], number
    assert all(px >= IN_HAND_PX for px in seen["words"]), (number, seen["words"])
    assert all(px >= PHONE["width"] / 2 for px in seen["axes"]), (number, seen["axes"])


def on_a_phone(page: Page) -> None:
    """Look at each scene on a phone: a picture is whole, and its axes have the half of the width at least."""
    page.set_viewport_size(PHONE)
    page.keyboard.press("Home")
    for number in range(1, len(TALK.scenes) + 1):
        expect(page.locator(".sk-number")).to_have_text(f"{number} / {len(TALK.scenes)}")
        until(lambda: page.evaluate(READY))
        settle(page, ON_A_PHONE)
        comes_true(partial(fits_a_phone, page, number))
        page.keyboard.press("ArrowRight")


def is_for_a_finger(seen: dict) -> bool:
    return min(height for _, height in seen["buttons"]) >= FINGER_PX and seen["low"] <= 0


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


def test_the_file_of_the_talk_needs_no_server_and_no_network(talk_file: Path, browser):
    assert talk_file.stat().st_size < 2_000_000
    context = browser.new_context(reduced_motion="reduce", offline=True)
    context.set_default_timeout(1000 * PATIENCE)
    try:
        page = context.new_page()
        said, asked = heard(page), []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(talk_file.as_uri())
        walk(page, 2, SIZES[:1])
        on_a_phone(page)
        assert "LIVE" not in page.locator(".sk-talk").inner_text()  # at once: not for an instant
        assert [url for url in asked if not url.startswith(("blob:", talk_file.as_uri()))] == []
        assert said == []
    finally:
        context.close()


def test_on_a_phone_the_file_is_gone_through_by_taps_and_by_swipes(talk_file: Path, browser: Browser):
    context = browser.new_context(viewport=PHONE, is_mobile=True, has_touch=True, reduced_motion="reduce", offline=True)
    context.set_default_timeout(1000 * PATIENCE)
    try:
        page = context.new_page()
        page.add_init_script(SOONER)
        page.goto(talk_file.as_uri())
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
