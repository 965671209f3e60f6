"""The page Instant in a real browser: a change trains, a drag is thinned out, a race that is kept is like any other."""

import re

import pytest
from playwright.sync_api import Page, expect

from engine.store.reader import Reader
from tests.e2e.conftest import Site, wait_view
from tests.e2e.pace.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.slow]

VIEW = "document.querySelector('.si-instant')?.instantView"
#: Four nets on a machine that has much other work.
PATIENCE_MS = 180_000
#: Thirty values, faster than any of them trains.
DRAG = """async () => {
  const input = document.querySelector('.si-strength input');
  for (let value = 20; value > 5; value -= 0.5) {
    input.value = String(Math.round(value));
    input.dispatchEvent(new Event('input', { bubbles: true }));
    await new Promise((done) => setTimeout(done, 15));
  }
}"""


def ended(page: Page, before: int) -> int:
    """Wait for the finished curves of a later race that nothing is left to follow; return its number."""
    over = "v?.shown?.race > before && v.shown.over && !v.latest.busy && v.shown.race"
    seen = f"before => {{ const v = {VIEW}; return {over}; }}"
    number: int = page.wait_for_function(seen, arg=before, timeout=PATIENCE_MS).json_value()
    return number


def ring(site: Site) -> list[int]:
    with Reader(site.workspace) as reader:
        return [race for race, _ in reader.races.ring()]


def test_a_change_trains_anew_a_drag_asks_for_few_races_and_a_kept_one_stays(site, open_page):
    page = open_page(f"{site.url}/instant")
    page.get_by_role("button", name="Train four nets").click()
    first = ended(page, 0)
    expect(page.locator(".si-headline")).to_contain_text("15 blocks")
    expect(page.locator(".si-time")).to_contain_text("TRAINED IN")
    expect(page.locator(".si-dial-plot circle")).to_have_count(2)

    page.evaluate(DRAG)
    last = ended(page, first)
    assert last - first <= 3, "the first value, perhaps one on the way, the last"
    page.wait_for_function(f"() => {VIEW}.race.strength === 0.3")
    until(lambda: ring(site) == [last, *[race for race in ring(site) if first < race < last], first])
    expect(page.locator(".si-dial-plot circle")).not_to_have_count(2)
    page.wait_for_function(f"() => {VIEW}.past.length > 0")  # the curves before fade behind

    page.get_by_role("button", name="Keep as a race").click()
    wait_view(page, f"v.data.race === {last} && v.runs.length === 4")
    until(lambda: ring(site)[-1] == first and last not in ring(site))
    expect(page).not_to_have_url(re.compile("/instant"))

    page.goto(f"{site.url}/instant")
    page.wait_for_function(f"first => {VIEW}?.race?.race >= first", arg=first)
    endless, _ = site.race()
    told = f"Race {endless} trains or waits for its turn, and has precedence."
    expect(page.locator(".si-notice")).to_contain_text(told)
    page.get_by_role("slider", name="Strength of the shortcut").press("ArrowLeft")
    page.wait_for_function(f"endless => {VIEW}.race.race > endless", arg=endless)
    until(lambda: any("ordinary races have precedence" in row.detail for row in rows(site)))


def rows(site: Site) -> list:
    with Reader(site.workspace) as reader:
        return [row for race in ring(site) for row in reader.runs.all(race)]
