"""The set-up in Chromium: cards by keyboard and press, the start in sight, times measured for real, reload and link."""

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import until

pytestmark = pytest.mark.browser

#: Milliseconds in which a page answers even on a busy machine.
LATE = 30_000


def in_sight(page, locator) -> bool:
    """Whether the whole of it is inside the window, and what lies there is it."""
    box, size = locator.bounding_box(), page.viewport_size
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    inside = box["x"] >= 0 and box["y"] >= 0 and box["y"] + box["height"] <= size["height"]
    return inside and locator.evaluate("(node, at) => node.contains(document.elementFromPoint(...at))", list(middle))


@pytest.mark.slow
def test_cards_are_chosen_by_key_and_by_press_and_the_set_up_outlives_a_reload(fresh_site, open_page):
    page = open_page(fresh_site.url)
    page.set_viewport_size({"width": 1440, "height": 900})
    start = page.get_by_role("button", name="Start race of 4 runs")
    start.wait_for()
    assert in_sight(page, start), "without scrolling"
    page.get_by_role("radio", name="Quick").focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio", name="Talk")).to_be_checked(timeout=LATE)
    expect(page.get_by_role("spinbutton", name="Steps")).to_have_value("600", timeout=LATE)
    # Forced: the card's title lies, unseen, over its words, so that all of it can be pressed.
    page.get_by_test_id("stRadioCaption").nth(4).click(force=True)
    expect(page.get_by_role("radio", name="Paper")).to_be_checked(timeout=LATE)
    expect(page.get_by_text("Cannot start")).to_have_count(0)
    expect(page.get_by_text("The paper's own protocol")).to_be_visible()
    page.get_by_test_id("stRadioCaption").first.click(force=True)
    expect(page.get_by_role("spinbutton", name="Steps")).to_have_value("300", timeout=LATE)
    page.get_by_role("spinbutton", name="Steps").fill("40")
    page.get_by_role("spinbutton", name="Steps").press("Enter")
    expect(page.get_by_text("Too short to compare")).to_be_visible(timeout=LATE)
    page.wait_for_url("**set_steps=40**")
    page.reload()
    expect(page.get_by_role("spinbutton", name="Steps")).to_have_value("40", timeout=LATE)
    picture = page.get_by_alt_text("Shortcut: identity")
    expect(picture).to_be_visible(timeout=LATE)
    assert picture.evaluate("image => image.naturalWidth") > 0, "drawn without a network"
    phone = open_page("about:blank")
    phone.set_viewport_size({"width": 390, "height": 844})
    phone.goto(page.url)
    phone.get_by_test_id("stExpandSidebarButton").click()
    start = phone.get_by_role("button", name="Start race of 4 runs")
    start.wait_for()
    until(lambda: in_sight(phone, start), 10)  # the side bar slides in
    expect(phone.get_by_role("spinbutton", name="Steps")).to_have_value("40", timeout=LATE)
