"""The page "Runs" in Chromium: a table that changes by itself keeps what was done to it; a link shows the same."""

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import wait_view

pytestmark = pytest.mark.browser

#: Pixels: the height of a row, the middle of the boxes, the word in the header of the column ``run``.
ROW, BOX, RUN = 35, 18, 58


def rows(page) -> list[dict]:
    """Return the rows that the table shows, in its order."""
    return page.evaluate(
        "() => [...document.querySelectorAll('[data-testid=stDataFrame] table tbody tr')].map(row => {"
        " const cells = [...row.querySelectorAll('td')].map(cell => cell.textContent);"
        " return {run: Number(cells[0]), state: cells[2], step: Number(cells[9]),"
        " selected: row.getAttribute('aria-selected') === 'true'} })"
    )


def chosen(page) -> set[int]:
    return {row["run"] for row in rows(page) if row["selected"]}


def click(page, x: float, row: int) -> None:
    """Click into the table: ``row`` 0 is the header."""
    box = page.locator("[data-testid=stDataFrame]").bounding_box()
    page.mouse.click(box["x"] + x, box["y"] + ROW * row + ROW / 2)


def wait_rows(page, condition: str) -> None:
    """Wait until a condition about the rows ``r`` of the table (their cells' texts) holds."""
    page.wait_for_function(
        "() => { const r = [...document.querySelectorAll('[data-testid=stDataFrame] table tbody tr')].map("
        f"row => [...row.querySelectorAll('td')].map(cell => cell.textContent)); return {condition}; }}",
        timeout=30_000,
    )


def test_selection_and_order_survive_what_happens_and_travel_in_the_link(site, open_page):
    _, (finished, other) = site.race(steps=3)
    _, (busy, _) = site.race(depths=(8,), shortcuts=("A", "B"))
    page = open_page(f"{site.url}/runs")
    wait_rows(page, f"r.some(c => c[0] === '{finished}' && c[2].includes('finished') && Number(c[9]) === 3)")
    order = [row["run"] for row in rows(page)]
    click(page, BOX, 1 + order.index(finished))
    wait_view(page, "v.runs.length === 1")
    click(page, BOX, 1 + order.index(busy))
    wait_view(page, "v.runs.length === 2")
    expect(page.get_by_text("Runs of 2 races")).to_contain_text("steps (3 / 100000)")
    click(page, RUN, 0)
    wait_rows(page, f"r[0][0] !== '{order[0]}'")
    sorted_order = [row["run"] for row in rows(page)]
    assert chosen(page) == {finished, busy}

    before = next(row["step"] for row in rows(page) if row["run"] == busy)
    wait_rows(page, f"r.some(c => c[0] === '{busy}' && Number(c[9]) > {before})")
    site.control.annotate([other], "seen by open pages")
    wait_rows(page, f"r.some(c => c[0] === '{other}' && c.includes('seen by open pages'))")
    newcomers = site.race(depths=(8,), shortcuts=("C",), steps=3)[1]
    wait_rows(page, f"r.some(c => c[0] === '{newcomers[0]}')")
    assert chosen(page) == {finished, busy}
    assert [row["run"] for row in rows(page) if row["run"] in order] == sorted_order
    page.wait_for_url(f"**/runs?runs={finished}%2C{busy}*")

    elsewhere = open_page(f"{page.url}%2C987654", color_scheme="dark")
    wait_view(elsewhere, "v.runs.length === 2")
    expect(elsewhere.get_by_text("There is no run 987654: left out.")).to_be_visible()
    assert chosen(elsewhere) == {finished, busy}
    labels = ".ss-card .ss-name"
    assert elsewhere.locator(labels).all_inner_texts() == page.locator(labels).all_inner_texts()


def test_a_run_is_deleted_after_a_question_only(site, open_page):
    _, (run, kept) = site.race(steps=3)
    page = open_page(f"{site.url}/runs?runs={run}")
    wait_rows(page, f"r.some(c => c[0] === '{run}' && c[2].includes('finished'))")
    wait_view(page, "v.runs.length === 1")
    page.get_by_role("button", name="Delete", exact=True).first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("This cannot be undone.")
    expect(dialog).to_contain_text(f"(run {run}, ")
    assert site.row(run) is not None
    dialog.get_by_role("button", name="Delete 1 run").click()
    expect(dialog).to_have_count(0, timeout=15_000)
    wait_rows(page, f"r.length && !r.some(c => c[0] === '{run}')")
    assert site.row(run) is None
    assert site.row(kept) is not None
    assert "runs=" not in page.url
