"""What every visitor needs of the page, checked by script: room, labels, no overflow on a phone."""

from itertools import pairwise

import pytest
from playwright.sync_api import expect

from tests.benchmarks.synthetic_probes import SyntheticRace
from tests.e2e.conftest import view, wait_view
from tests.e2e.pace.waiting import again_until, becomes, settled_box

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_strange_address_shows_the_page_as_usual(recorded, open_page):
    site, _ = recorded
    newest = SyntheticRace(site.workspace, (8, 14), ("none", "A"), 300)
    page = open_page(f"{site.url}/?race=%C2%B2&metric=&x=&scale=bogus&layout=")
    wait_view(page, "v.chart.drawn && v.runs.length === 4")
    becomes(lambda: view(page, "v.data.race"), newest.race)
    newest.writer.close()
    seen = {"layout": "side", "metric": "error", "scale": "linear", "x": "step", "seeds": "band", "zoom": None}
    usual = {**seen, "marks": [], "curves": ["running", "raw", "test", "clean"]}
    becomes(lambda: view(page, "v.view.all()"), usual)


#: The share of the window inside the axes, and the lowest edge of what belongs to the first screen.
ROOM = """() => {
  const full = document.querySelector('.ss-plot')._fullLayout;
  const area = (x) => full[x]._length * full[x.replace('x', 'y')]._length;
  const axes = Object.keys(full).filter((key) => /^xaxis\\d*$/.test(key));
  const bottom = (part) => document.querySelector(part).getBoundingClientRect().bottom;
  const edge = Math.max(...['.ss-gap', '.ss-plot', '.ss-controls'].map(bottom));
  return [axes.reduce((sum, x) => sum + area(x), 0) / (innerWidth * innerHeight), edge / innerHeight];
}"""


def test_the_curves_have_room_and_what_is_exported_is_in_a_menu(recorded, open_page):
    site, bench = recorded
    page = open_page(f"{site.url}/?race={bench.race}")
    wait_view(page, "v.chart.drawn && v.runs.length === 4")
    for width, height in ((1440, 900), (1280, 720)):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_function(f"() => ({ROOM})()[0] >= 0.35 && ({ROOM})()[1] <= 1")

    # The cross-hair reads every curve in both panels, and a hidden arm stays hidden after a reload.
    def point(share: float, curves: int) -> None:
        def move():
            box = settled_box(page, page.locator(".ss-stage"))
            page.mouse.move(box["x"] + share * box["width"], box["y"] + 0.5 * box["height"], steps=2)

        again_until(move, lambda: page.locator(".ss-reading-row").count() == curves)

    point(0.25, 4)
    expect(page.locator(".ss-hair:visible")).to_have_count(2)
    verdict, chip = page.locator(".ss-gap").inner_text(), page.locator(".ss-arm-show").first
    chip.click()
    point(0.3, 3)
    page.get_by_role("combobox", name="Smoothing of the thick curves").select_option("20")
    page.wait_for_function("() => /off=/.test(location.search) && /smooth=20/.test(location.search)")
    page.reload()
    wait_view(page, "v.chart.drawn && v.runs.length === 4")
    expect(page.locator(".ss-strip")).to_contain_text("1 curve hidden")
    expect(page.locator(".ss-strip")).to_contain_text("mean of up to 20 steps (")
    becomes(page.locator(".ss-gap").inner_text, verdict)
    expect(chip).to_have_attribute("aria-pressed", "false")
    page.locator(".ss-export summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Copy as command")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".ss-export .ss-tools")).to_be_hidden()
    expect(page.locator(".ss-export summary")).to_be_focused()


def test_the_labels_of_the_chart_do_not_overlap_and_a_phone_stacks_the_panels(recorded, open_page):
    site, bench = recorded
    page = open_page(f"{site.url}/?race={bench.race}&layout=Overlaid")
    wait_view(page, "v.chart.drawn && v.runs.length === 4")
    expect(page.locator(".modebar-btn")).to_have_count(0)  # nothing lies over the chart, least of all an upload
    becomes(
        lambda: sorted(
            page.eval_on_selector_all(
                ".ss-plot .annotation", "nodes => nodes.map(n => n.getBoundingClientRect()).map(b => [b.top, b.bottom])"
            )
        ),
        lambda boxes: len(boxes) == 4 and all(low[0] >= up[1] - 3 for up, low in pairwise(boxes)),
    )
    page.get_by_role("radiogroup", name="Panels").get_by_role("radio", name="Side by side").click()
    page.set_viewport_size({"width": 390, "height": 844})
    for axis in ("xaxis", "xaxis2"):
        domain = f"document.querySelector('.ss-plot')._fullLayout.{axis}?.domain.join()"
        page.wait_for_function(f"() => {domain} === '0,1'")
    page.wait_for_function("() => document.querySelector('.ss-race').scrollWidth <= innerWidth")
