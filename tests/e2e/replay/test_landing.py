"""The recorded race of the first visit in Chromium: first the picture, then it plays, and a press opens it."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from engine.store.workspace import Workspace
from tests.e2e.conftest import Site, wait_view
from tests.e2e.pace.waiting import becomes, comes_true, settle

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


#: From here on it plays many times as fast.
FASTER = f"() => {{ {PLAYHEAD}.speed *= 20; }}"


@pytest.fixture(scope="module")
def unopened_site(tmp_path_factory) -> Iterator[Site]:
    """A site of a first visit, for tests that do not open the recorded race: after that none is a first one."""
    site = Site(Workspace.at(tmp_path_factory.mktemp("unopened") / "workspace").prepare())
    site.start()
    yield site
    site.close()


def opened(page: Page) -> None:
    expect(page.locator(".ss-chip")).to_have_text("REPLAY")
    wait_view(page, "v.recorded && v.runs.length === 20")
    page.wait_for_url(re.compile("replay=1"))


def rests(page: Page) -> float:
    """Wait until the replay stands still over several frames; return where."""
    place, _ = settle(page, f"() => [{PLAYHEAD}.place, {PLAYHEAD}.playing]", lambda found: not found[1])
    return place


def test_the_picture_stands_first_then_it_plays_and_a_press_opens_it(untouched_site, open_page):
    page = open_page("about:blank")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(untouched_site.url)
    page.locator(".st-key-first_picture img").wait_for()
    page.wait_for_function("() => document.querySelector('.st-key-first_picture img').complete")
    assert not [url for url in asked if re.search(r"recorded-curves|playback", url)], "the picture is first"
    page.locator(".sg-screen").wait_for()
    page.wait_for_function(COVERS)
    expect(page.locator(".sg-chip")).to_have_text("REPLAY")
    page.wait_for_function(f"() => {PLAYHEAD}.playing")
    page.evaluate(HIDE, True)
    place = rests(page)  # as a hidden tab does
    page.evaluate(HIDE, False)
    page.wait_for_function(f"() => {PLAYHEAD}.place > {place}")
    page.get_by_role("button", name="Pause the replay").click()
    place = rests(page)
    page.evaluate(HIDE, True)
    page.evaluate(HIDE, False)
    assert rests(page) == place, "what somebody stopped stays so"
    page.get_by_role("button", name="Play the replay").click()
    page.evaluate(FASTER)
    page.wait_for_function(f"() => {PLAYHEAD}.atEnd")
    expect(page.locator(".sg-words")).to_contain_text("REPLAY at step 300 of 300")
    expect(page.locator(".sg-headline")).to_contain_text("plain-56 learns its training images")
    said = page.evaluate("() => document.querySelector('[data-testid=stMain]').innerText")
    # at once: no word of the page may pass for live, not for an instant
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
    expect(page.locator(".sg-screen")).to_be_hidden()
    assert not [url for url in asked if "recorded-curves" in url]
    page.get_by_role("button", name="Watch this recorded race").focus()
    page.keyboard.press("Enter")
    opened(page)


@pytest.mark.parametrize("answer", [404, None])
def test_on_a_phone_nothing_blank_is_left_where_the_curves_do_not_come(unopened_site, open_page, answer):
    page = open_page("about:blank")
    page.set_viewport_size({"width": 390, "height": 844})
    page.route(
        "**/recorded-curves.json*", lambda route: route.fulfill(status=answer, body="") if answer else route.abort()
    )
    page.goto(unopened_site.url)
    page.wait_for_selector(".sg-landing:not(.sg-tall)")
    picture = page.locator(".st-key-first_picture img")

    def check():
        height, own = picture.evaluate("(img) => [img.height, (img.width * img.naturalHeight) / img.naturalWidth]")
        assert abs(height - own) <= 2, "as low as the picture"
        assert abs(page.locator(".sg-open").evaluate("(button) => button.offsetHeight") - height) <= 2

    comes_true(check)
    expect(page.locator(".sg-screen")).to_be_hidden()


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_on_a_phone_the_picture_is_tall_and_its_words_can_be_read(unopened_site, open_page, motion):
    page = open_page("about:blank", reduced_motion=motion)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(unopened_site.url)
    page.wait_for_selector(".sg-plot svg")
    if motion == "no-preference":
        page.evaluate(FASTER)
        page.wait_for_function(f"() => {PLAYHEAD}.atEnd")
    expect(page.locator(".sg-words")).to_contain_text("REPLAY at step 300 of 300")
    expect(page.locator(".sg-headline")).to_contain_text("plain-56 learns its training images")
    becomes(
        lambda: page.evaluate(
            "() => [...document.querySelectorAll('.sg-plot text')].filter(node => node.textContent.trim())"
            ".map(node => parseFloat(getComputedStyle(node).fontSize) * node.getScreenCTM().a)"
        ),
        lambda sizes: min(size for size in sizes if size) >= 11,  # a size of 0 is plotly's own, unseen
    )
    page.wait_for_function("() => document.documentElement.scrollWidth <= 390")
