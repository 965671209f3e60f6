"""The recorded race of the first visit in Chromium: first the picture, then it plays, and a press opens it."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import wait_view

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PLAYHEAD = "document.querySelector('.sg-landing').landingView.playhead"
#: The replay lies over the picture, at most a pixel beside it.
COVERS = """() => {
  const box = (name) => document.querySelector(name).getBoundingClientRect();
  const [picture, screen] = ['.st-key-first_picture img', '.sg-screen'].map(box);
  return ['left', 'top', 'width', 'height'].every((side) => Math.abs(picture[side] - screen[side]) <= 1);
}"""
#: Another tab lies over this one, or no longer.
HIDE = """(hidden) => {
  Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event('visibilitychange'));
}"""


def opened(page: Page) -> None:
    expect(page.locator(".ss-chip")).to_have_text("REPLAY")
    wait_view(page, "v.recorded && v.runs.length === 20")
    assert "replay=1" in page.url


def test_the_picture_stands_first_then_it_plays_and_a_press_opens_it(untouched_site, open_page):
    page = open_page("about:blank")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(untouched_site.url)
    page.locator(".st-key-first_picture img").wait_for()
    page.wait_for_function("() => document.querySelector('.st-key-first_picture img').complete")
    assert not [url for url in asked if re.search(r"recorded-curves|playback", url)], "the picture is first"
    page.locator(".sg-screen").wait_for()
    assert page.evaluate(COVERS)
    expect(page.locator(".sg-chip")).to_have_text("REPLAY")
    assert page.evaluate(f"() => {PLAYHEAD}.playing")
    page.evaluate(HIDE, True)
    place = page.evaluate(f"() => {PLAYHEAD}.place")
    page.wait_for_timeout(600)
    assert page.evaluate(f"() => [{PLAYHEAD}.place, {PLAYHEAD}.playing]") == [place, False], "a hidden tab rests"
    page.evaluate(HIDE, False)
    page.wait_for_function(f"() => {PLAYHEAD}.place > {place}")
    page.get_by_role("button", name="Pause the replay").click()
    place = page.evaluate(f"() => {PLAYHEAD}.place")
    page.wait_for_timeout(400)
    assert page.evaluate(f"() => {PLAYHEAD}.place") == place
    page.evaluate(HIDE, True)
    page.evaluate(HIDE, False)
    assert not page.evaluate(f"() => {PLAYHEAD}.playing"), "what somebody stopped stays so"
    page.get_by_role("button", name="Play the replay").click()
    page.wait_for_function(f"() => {PLAYHEAD}.atEnd")
    expect(page.locator(".sg-words")).to_contain_text("REPLAY at step 300 of 300")
    expect(page.locator(".sg-headline")).to_contain_text("plain-56 learns its training images")
    said = page.evaluate("() => document.querySelector('[data-testid=stMain]').innerText")
    assert not re.search(r"\blive\b", said, re.IGNORECASE), said
    page.get_by_role("button", name="Watch this recorded race").click(position={"x": 300, "y": 200})
    opened(page)


@pytest.mark.long
def test_where_motion_is_unwanted_the_picture_stays_and_a_press_opens_the_replay(untouched_site, open_page):
    page = open_page("about:blank", reduced_motion="reduce")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(untouched_site.url)
    page.wait_for_function("() => document.querySelector('.sg-landing')?.landingView?.size?.width > 0")
    page.wait_for_timeout(5000)
    assert page.locator(".sg-screen").is_hidden()
    assert not [url for url in asked if "recorded-curves" in url]
    page.get_by_role("button", name="Watch this recorded race").focus()
    page.keyboard.press("Enter")
    opened(page)


@pytest.mark.parametrize("answer", [404, None])
def test_on_a_phone_nothing_blank_is_left_where_the_curves_do_not_come(untouched_site, open_page, answer):
    page = open_page("about:blank")
    page.set_viewport_size({"width": 390, "height": 844})
    page.route(
        "**/recorded-curves.json*", lambda route: route.fulfill(status=answer, body="") if answer else route.abort()
    )
    page.goto(untouched_site.url)
    page.wait_for_selector(".sg-landing:not(.sg-tall)")
    picture = page.locator(".st-key-first_picture img")
    height, own = picture.evaluate("(img) => [img.height, (img.width * img.naturalHeight) / img.naturalWidth]")
    assert abs(height - own) <= 2, "as low as the picture"
    assert abs(page.locator(".sg-open").evaluate("(button) => button.offsetHeight") - height) <= 2
    assert page.locator(".sg-screen").is_hidden()


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_on_a_phone_the_picture_is_tall_and_its_words_can_be_read(untouched_site, open_page, motion):
    page = open_page("about:blank", reduced_motion=motion)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(untouched_site.url)
    page.wait_for_selector(".sg-plot svg")
    if motion == "no-preference":
        page.wait_for_function(f"() => {PLAYHEAD}.atEnd")
    expect(page.locator(".sg-words")).to_contain_text("REPLAY at step 300 of 300")
    expect(page.locator(".sg-headline")).to_contain_text("plain-56 learns its training images")
    sizes = page.evaluate(
        "() => [...document.querySelectorAll('.sg-plot text')].filter(node => node.textContent.trim())"
        ".map(node => parseFloat(getComputedStyle(node).fontSize) * node.getScreenCTM().a)"
    )
    assert min(size for size in sizes if size) >= 11, sizes  # a size of 0 is plotly's own, unseen
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
