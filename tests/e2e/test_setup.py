"""The set-up in Chromium: presets by key and press, the start in sight, a long race, a wrong number, reload, link."""

import pytest
from playwright.sync_api import expect

from tests.e2e.pace.waiting import again_until, becomes, enter, pick

pytestmark = pytest.mark.browser


def in_sight(page, locator) -> bool:
    """Whether the whole of it is inside the window, and what lies there is it."""
    box, size = locator.bounding_box(), page.viewport_size
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    inside = box["x"] >= 0 and box["y"] >= 0 and box["y"] + box["height"] <= size["height"]
    return inside and locator.evaluate("(node, at) => node.contains(document.elementFromPoint(...at))", list(middle))


@pytest.mark.slow
def test_the_set_up_fits_the_window_and_outlives_pages_and_reloads(fresh_site, open_page):
    page = open_page(fresh_site.url)
    page.set_viewport_size({"width": 1440, "height": 900})
    start = page.get_by_role("button", name="Start race of 4 runs")
    start.wait_for()
    becomes(lambda: in_sight(page, start), True)  # without scrolling
    bar = page.get_by_test_id("stSidebarContent")
    becomes(lambda: bar.evaluate("(bar) => bar.scrollHeight <= bar.clientHeight"), True)
    depths = page.get_by_label("Depths", exact=True).locator("button")
    tops = "(all) => all.map((one) => one.offsetTop)"
    becomes(lambda: depths.evaluate_all(tops), lambda tops: len(set(tops)) == 1)  # one row
    preset = page.get_by_role("combobox", name="Preset")
    for place in (1, 2):  # from Quick past Instant to Talk
        there = page.locator(f"[aria-activedescendant$='option-{place}']")
        again_until(lambda: preset.press("ArrowDown"), there.count)
    preset.press("Enter")
    steps = page.get_by_role("textbox", name="Steps", exact=True)
    expect(steps).to_have_value("600")
    pick(page, preset, page.get_by_role("option", name="Paper"))
    expect(page.get_by_text("The paper's own protocol")).to_be_visible()
    page.get_by_role("button", name="Start race of 12 runs").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("This race takes about")).to_be_visible()
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)
    pick(page, preset, page.get_by_role("option", name="Quick"))
    expect(steps).to_have_value("300")
    enter(steps, "-5", page.get_by_text("Cannot start: Steps: a whole number").is_visible)
    expect(page.get_by_role("button", name="Start race")).to_be_disabled()
    enter(steps, "40", page.get_by_text("Too short to compare").is_visible)
    page.wait_for_url("**set_steps=40**")
    page.get_by_role("link", name="All shortcuts, drawn").click()
    page.get_by_role("button", name="Add scaled to the set-up").click()
    expect(page.get_by_text("plain, A, scaled.")).to_be_visible()
    picture = page.get_by_alt_text("Shortcut: identity").first
    becomes(lambda: picture.evaluate("image => image.naturalWidth"), lambda width: width > 0)  # without a network
    page.get_by_role("link", name="To the race").click()
    page.get_by_role("button", name="Start race of 6 runs").wait_for()
    page.reload()
    expect(steps).to_have_value("40")
    page.get_by_role("button", name="Start race of 6 runs").wait_for()
    phone = open_page("about:blank")
    phone.set_viewport_size({"width": 390, "height": 844})
    phone.goto(page.url)
    phone.get_by_test_id("stExpandSidebarButton").click()
    start = phone.get_by_role("button", name="Start race of 6 runs")
    start.wait_for()
    becomes(lambda: in_sight(phone, start), True)  # the side bar slides in
    expect(phone.get_by_role("textbox", name="Steps", exact=True)).to_have_value("40")
