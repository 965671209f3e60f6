"""The race on stage in Chromium: entering and leaving, its keys, and that nothing is told before the reveal."""

import re

import pytest
from playwright.sync_api import expect

from engine.events import Split
from engine.store.reader import Reader
from tests.e2e.conftest import view, wait_view
from tests.e2e.pace.waiting import becomes, settle

pytestmark = pytest.mark.browser

#: Texts, and what is read aloud or shown under the pointer, of the whole component.
TOLD = """() => {
  const host = document.querySelector('.ss-race');
  const names = ['aria-label', 'aria-valuetext', 'aria-description', 'title', 'alt', 'data-title'];
  const said = [...host.querySelectorAll('*')].flatMap((node) => names.map((name) => node.getAttribute(name) ?? ''));
  return [host.textContent, ...said, document.title, location.href].join('\\n');
}"""
TRACES = "() => document.querySelector('.ss-plot').data.flatMap((trace) => trace.y).filter((y) => y !== null).length"
#: Axis ticks are whole; errors and losses have digits after the point, and versions a second one.
RESULT = re.compile(r"(?<![\d.])\d+\.\d+(?!\.?\d)")
ON_STAGE = "document.querySelector('.ss-race').matches('.ss-presenting:popover-open')"
CORNERS = """() => [[5, 5], [innerWidth - 5, 5], [5, innerHeight - 5], [innerWidth - 5, innerHeight - 5]].every(
  ([x, y]) => document.querySelector('.ss-race').contains(document.elementFromPoint(x, y)))"""
SIZES = """() => ['.ss-gap', '.ss-title', '.ss-dots'].map(
  (part) => parseFloat(getComputedStyle(document.querySelector(part)).fontSize))"""


def on_stage(page) -> None:
    page.wait_for_function(f"() => {ON_STAGE}")


@pytest.mark.slow
def test_the_stage_covers_the_page_and_leaving_it_leaves_everything_as_it_was(recorded, open_page):
    site, bench = recorded
    page = open_page(f"{site.url}/?race={bench.race}&layout=overlaid&zoom=1000_3000_10_80")
    wait_view(page, "v.chart.drawn && v.runs[0].series.lastStep === 5000")
    page.locator(".ss-present").scroll_into_view_if_needed()
    scrolled = "() => document.querySelector('[data-testid=stMain]').scrollTop"
    before = settle(page, scrolled), view(page, "v.view.all()")
    page.locator(".ss-present").click()
    on_stage(page)
    page.wait_for_function(CORNERS)  # nothing of the page is in front of the stage
    becomes(lambda: page.evaluate(SIZES), lambda sizes: min(sizes) >= 16)
    expect(page.locator(".ss-strip")).to_be_hidden()
    becomes(lambda: view(page, "v.view.curvesOf('side')"), ["running", "clean"])
    wait_view(page, "document.querySelector('.ss-plot')._fullLayout.xaxis.tickfont.size >= 20")
    keys = "Curves: plus and minus zoom, 0 shows the whole, comma and full stop read the values"
    expect(page.locator(".ss-stage")).to_have_attribute("aria-label", keys)
    for key, layout in (("PageDown", "gap"), ("b", "overlaid"), ("ArrowLeft", "side")):
        page.keyboard.press(key)
        wait_view(page, f"v.view.get('layout') === '{layout}'")
    page.keyboard.press("z")
    wait_view(page, "v.view.zoom === null")
    for _ in range(12):
        page.keyboard.press("Tab")
        page.wait_for_function("() => document.querySelector('.ss-race').contains(document.activeElement)")
    page.keyboard.press("c")  # the page itself would ask whether to clear its cache
    page.keyboard.press("t")
    becomes(lambda: view(page, "v.view.curvesOf('side')"), ["running", "test"])
    page.keyboard.press("m")
    expect(page.locator(".ss-marked")).to_have_text("Marked: step 5,000.")
    wait_view(page, "document.querySelector('.ss-plot').layout.annotations.some(a => a.text.includes('here'))")
    page.keyboard.press("m")
    expect(page.locator(".ss-marked")).to_have_text("")
    page.keyboard.press("?")
    page.get_by_role("group", name="Keys of the stage").get_by_role("button", name="next view").wait_for()
    expect(page.locator("[role=dialog]")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.locator(".ss-keys-panel")).to_be_hidden()
    page.keyboard.press("Escape")
    page.wait_for_function(f"() => !({ON_STAGE})")
    becomes(lambda: (page.evaluate(scrolled), view(page, "v.view.all()")), before)
    expect(page.locator(".ss-present")).to_be_focused()
    expect(page.locator(".ss-stage")).to_have_attribute("aria-label", re.compile("arrows move"))


READY = "v.chart.drawn && v.presenter.room.choices.length"


def hidden_from(page, question="56 layers: better or worse than 20?") -> None:
    """Nothing of a result is in the component, and there is a question in its place."""
    wait_view(page, READY)
    expect(page.locator(".ss-question-text")).to_have_text(question)
    # at once: a result that is told for an instant is told, and the question stands where it would
    assert not RESULT.search(page.evaluate(TOLD))
    # at once: as above
    assert page.evaluate(TRACES) == 0


@pytest.mark.slow
def test_what_is_hidden_is_nowhere_until_the_reveal_also_after_a_reload(recorded, open_page):
    site, bench = recorded
    page = open_page(f"{site.url}/?race={bench.race}&present=1&hidden=1&layout=overlaid&zoom=1000_3000")
    hidden_from(page)
    on_stage(page)
    wait_view(page, "v.runs[0].series.detail")  # the link shows a part of a long run: all of its points
    page.keyboard.press("q")
    expect(page.locator(".ss-question")).to_contain_text("which will have the lowest")
    page.keyboard.press("1")
    page.keyboard.press("2")
    # The address follows the keys.
    page.wait_for_function("() => new URLSearchParams(location.search).get('guess')?.endsWith('-plain-56')")
    page.reload()
    hidden_from(page, "After 1,000 steps, which will have the lowest training error?")
    expect(page.get_by_role("button", name="2 plain-56")).to_have_attribute("aria-pressed", "true")
    page.context.set_offline(True)  # what answers the room is here already
    try:
        page.keyboard.press("r")
        expect(page.locator(".ss-outcome")).to_contain_text("Lowest: plain-20")
        expect(page.locator(".ss-fate")).to_have_text("✗ The room was wrong")
    finally:
        page.context.set_offline(False)
    wait_view(page, f"({TRACES})() > 0")
    with Reader(site.workspace) as reader:
        last = {
            reader.runs.get(run).depth: reader.points.series(run, Split.TRAIN, (5000, 5000)).columns["running_error"][0]
            for run in bench.runs[:2]
        }
    becomes(
        page.locator(".ss-answer").inner_text,
        "The room said plain-56. As it stands (step 5,000 of 1,000) plain-20 has the lowest running training error, "
        f"{last[20]:.1f} %; plain-56 {last[56]:.1f} %.",
    )
    becomes(lambda: page.evaluate(TOLD), RESULT.search)
    page.keyboard.press("r")
    expect(page.locator(".ss-outcome")).to_be_hidden()
    spoken, shown = page.get_by_role("status").and_(page.locator(".ss-top .ss-spoken")), page.locator(".ss-gap")
    # A finding is read aloud.
    becomes(lambda: (spoken.text_content(), shown.text_content()), lambda both: both[0] == both[1] != "")
    expect(page.locator(".ss-certainty")).to_be_visible()
    expect(page.locator(".ss-evidence")).to_be_hidden()  # the stage has no room for it
    page.wait_for_function("() => !location.search.includes('hidden')")


@pytest.mark.slow
def test_leaving_the_stage_does_not_reveal_what_is_hidden(recorded, open_page):
    site, bench = recorded
    page = open_page(f"{site.url}/?race={bench.race}&present=1&hidden=1")
    hidden_from(page)
    page.keyboard.press("p")
    page.wait_for_function(f"() => !({ON_STAGE})")
    hidden_from(page)
    page.get_by_role("button", name="Reveal").click()
    wait_view(page, f"({TRACES})() > 0 && document.querySelector('.ss-card')")
    becomes(lambda: page.evaluate(TOLD), RESULT.search)


@pytest.mark.slow
def test_a_race_is_started_and_paused_from_the_stage(site, open_page):
    race, _ = site.race(steps=40)
    page = open_page(f"{site.url}/?race={race}")
    wait_view(page, "v.runs.length === 2 && v.runs.every(r => r.card.state === 'finished')")
    page.keyboard.press("p")
    on_stage(page)
    page.keyboard.press(" ")
    expect(page.locator(".ss-notice")).to_contain_text("all runs have ended")
    page.keyboard.press("h")
    page.keyboard.press("s")
    wait_view(page, f"v.data.race > {race} && v.runs.length === 4")
    on_stage(page)
    wait_view(page, "v.view.hidden")
    page.keyboard.press("s")
    expect(page.locator(".ss-notice")).to_contain_text("Press S again")
    page.keyboard.press(" ")
    wait_view(page, "v.runs.every(r => ['paused', 'queued'].includes(r.card.state))")
    expect(page.locator(".ss-chip")).to_have_text("PAUSED")


@pytest.mark.slow
def test_the_panels_of_a_lab_go_through_the_stage_one_by_one(site, open_page):
    page = open_page(f"{site.url}/lab-constructed")
    page.locator(".sl-plot .main-svg").first.wait_for()
    seen = ".sl-panel:visible"
    shown = "() => [...document.querySelectorAll('.sl-panel')].filter((node) => node.checkVisibility()).length"
    before = settle(page, shown)
    page.keyboard.press("p")
    page.wait_for_function("() => document.querySelector('.sl-lab').matches('.ss-presenting:popover-open')")
    expect(page.locator(seen)).to_have_count(1)
    first = page.locator(f"{seen} .sl-title").inner_text()
    page.keyboard.press("ArrowRight")
    expect(page.locator(f"{seen} .sl-title")).not_to_have_text(first)
    page.wait_for_function("() => new URLSearchParams(location.search).get('constructed-panel') === '2'")
    becomes(
        page.locator(".sl-panel:visible .sl-plot").bounding_box,
        lambda box: box["width"] > 1000 and box["x"] >= 0 and box["y"] + box["height"] <= page.viewport_size["height"],
    )
    page.keyboard.press("Escape")
    expect(page.locator(seen)).to_have_count(before)
    expect(page.locator(".sl-lab .ss-present")).to_be_focused()
