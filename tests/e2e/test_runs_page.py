"""The page "Runs" in Chromium: a table that changes by itself keeps what was done to it; a link shows the same."""

import re
from functools import partial

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import view, wait_view
from tests.e2e.pace.waiting import again_until, becomes, pick, settled_box

pytestmark = pytest.mark.browser

#: Pixels: the height of a row, the middle of the boxes, the word in the header of the column ``arm``.
ROW, BOX, ARM = 35, 18, 160


def rows(page) -> list[dict]:
    """Return the rows that the table shows, in its order."""
    return page.evaluate(
        "() => [...document.querySelectorAll('[data-testid=stDataFrame] table tbody tr')].map(row => {"
        " const cells = [...row.querySelectorAll('td')].map(cell => cell.textContent);"
        " return {run: Number(cells[0]), state: cells[5],"
        " selected: row.getAttribute('aria-selected') === 'true'} })"
    )


def chosen(page) -> set[int]:
    return {row["run"] for row in rows(page) if row["selected"]}


def click(page, x: float, row: int) -> None:
    """Click into the table: ``row`` 0 is the header."""
    box = settled_box(page, page.locator("[data-testid=stDataFrame]"))
    page.mouse.click(box["x"] + x, box["y"] + ROW * row + ROW / 2)


def picture(page) -> str:
    """Return the chart as a picture of one size, whatever stands around it."""
    page.wait_for_function("() => window.Plotly && document.querySelector('.js-plotly-plot')?.data?.length > 0")
    return page.evaluate(
        "async () => { await new Promise(requestAnimationFrame); return window.Plotly.toImage("
        "document.querySelector('.js-plotly-plot'), {format: 'png', width: 900, height: 500}); }"
    )


def settled(page) -> str:
    """Return the chart's picture once it has stood for a second: points and marks come one after the other."""
    last = picture(page)
    while True:
        page.wait_for_timeout(1000)
        if (now := picture(page)) == last:
            return last
        last = now


def wait_rows(page, condition: str) -> None:
    """Wait until a condition about the rows ``r`` of the table (their cells' texts) holds."""
    page.wait_for_function(
        "() => { const r = [...document.querySelectorAll('[data-testid=stDataFrame] table tbody tr')].map("
        f"row => [...row.querySelectorAll('td')].map(cell => cell.textContent)); return {condition}; }}",
        timeout=60_000,
    )


@pytest.mark.long
def test_selection_and_order_survive_what_happens_and_travel_in_the_link(site, open_page):
    first, (finished, other) = site.race(steps=3, name="tabled")
    second, (busy, _) = site.race(shortcuts=("A", "B"), name="tabled")
    page = open_page(f"{site.url}/runs?search=tabled")
    wait_rows(page, f"r.some(c => c[0] === '{finished}' && c[5].includes('finished 3'))")
    order = [row["run"] for row in rows(page)]
    for number, run in enumerate((finished, busy), 1):
        row, many = 1 + order.index(run), f"v.runs.length === {number}"
        again_until(partial(click, page, BOX, row), partial(view, page, many))
        wait_view(page, many)
    expect(page.get_by_text("Runs of 2 races")).to_contain_text("steps (3 / 100050)")
    click(page, ARM, 0)
    wait_rows(page, f"r.map(c => c[0]).join() !== '{','.join(map(str, order))}'")
    sorted_order = [row["run"] for row in rows(page)]
    becomes(lambda: chosen(page), {finished, busy})

    before = next(row["state"] for row in rows(page) if row["run"] == busy)
    wait_rows(page, f"r.some(c => c[0] === '{busy}' && c[5] !== '{before}' && c[5].endsWith(' of 100,050'))")
    page.set_viewport_size({"width": 3600, "height": 900})  # only columns in sight can be read
    site.control.notes.annotate([other], "seen by open pages")
    wait_rows(page, f"r.some(c => c[0] === '{other}' && c.includes('seen by open pages'))")
    _, (newcomer,) = site.race(shortcuts=("C",), steps=3, name="tabled")
    wait_rows(page, f"r.some(c => c[0] === '{newcomer}')")
    becomes(lambda: chosen(page), {finished, busy})
    becomes(lambda: [row["run"] for row in rows(page) if row["run"] in order], sorted_order)
    page.wait_for_function(f"() => new URLSearchParams(location.search).get('runs') === '{finished},{busy}'")

    link = page.url.replace(f"{finished}%2C{busy}", f"{finished}%2C{busy}%2C987654")
    elsewhere = open_page(link, color_scheme="dark")
    wait_view(elsewhere, "v.runs.length === 2")
    expect(elsewhere.get_by_text("There is no run 987654: left out.")).to_be_visible()
    marked = "[data-testid=stDataFrame] table tbody tr[aria-selected=true]"
    expect(elsewhere.locator(marked)).to_have_count(2)
    becomes(lambda: chosen(elsewhere), {finished, busy})
    for one in (page, elsewhere):
        names = one.locator(".ss-card .ss-name")
        becomes(
            lambda names=names: sorted(names.all_inner_texts()), [f"A-8 (race {second})", f"plain-8 (race {first})"]
        )


@pytest.mark.slow
def test_a_run_is_deleted_after_a_question_only(site, open_page):
    _, (run, kept) = site.race(steps=3, name="doomed")
    page = open_page(f"{site.url}/runs?search=doomed&runs={run}")
    wait_rows(page, f"r.some(c => c[0] === '{run}' && c[5].includes('finished'))")
    wait_view(page, "v.runs.length === 1")
    page.get_by_role("button", name="Delete", exact=True).first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("This cannot be undone.")
    expect(dialog).to_contain_text(f"(run {run}, ")
    assert site.row(run) is not None
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)
    page.get_by_role("button", name="Delete", exact=True).first.click()
    dialog.get_by_role("button", name="Delete 1 run and its files").click()
    expect(dialog).to_have_count(0)
    wait_rows(page, f"r.length && !r.some(c => c[0] === '{run}')")
    assert site.row(run) is None
    assert site.row(kept) is not None
    page.wait_for_function("() => !new URLSearchParams(location.search).has('runs')")


def _import_lines(page, race: int) -> None:
    """Put a column of a CSV beside a race by the dialog of the page Runs."""
    page.get_by_role("link", name="Runs").click()
    page.get_by_role("button", name="Import", exact=True).click()
    file = {"name": "theirs.csv", "mimeType": "text/csv", "buffer": b"step,acc\n1,20\n2,40\n3,60\n"}
    page.locator("input[type=file]").set_input_files(file)
    for label, choice in (("Beside race", f"{race} "), ("acc", "training accuracy, percent")):
        box = page.get_by_role("combobox", name=label, exact=False).last
        pick(page, box, page.get_by_role("option", name=re.compile(f"^{choice}")))
    page.get_by_role("button", name="Import the lines").click()
    expect(page.get_by_text(f"Imported 1 line beside race {race}.")).to_be_visible()


@pytest.mark.slow
def test_a_race_leaves_by_its_menu_and_comes_back_by_the_page_of_runs(site, open_page, tmp_path):
    race, _ = site.race(steps=3, name="travels")
    page = open_page(f"{site.url}/?race={race}")
    wait_view(page, "v.runs.length === 2 && v.runs.every(({card}) => card.state === 'finished')")
    before = settled(page)
    page.locator(".ss-export summary").click()
    for name in ("bundle", "csv", "parquet", "tensorboard"):
        with page.expect_download() as download:
            page.locator(f".ss-export-{name}").click()
        download.value.save_as(tmp_path / name)
        assert (tmp_path / name).stat().st_size > 1000, name
        expect(page.locator(f".ss-export-{name}")).to_have_text("Saved")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator(".ss-script-run").select_option(index=1)
    page.locator(".ss-copy-script").click()
    expect(page.locator(".ss-copy-script")).to_have_text("Copied")
    option = page.locator(".ss-script-run option").nth(1)
    becomes(lambda: page.evaluate("navigator.clipboard.readText()").startswith(f'"""{option.inner_text()}, '), True)
    page = open_page(f"{site.url}/runs?search=travels")
    for cut, words in ((5, "is not imported"), (0, "Imported race ")):
        page.get_by_role("button", name="Import", exact=True).click()
        sent = (tmp_path / "bundle").read_bytes()
        file = {"name": "race.skipscope", "mimeType": "application/zip", "buffer": sent[: len(sent) - cut]}
        page.locator("input[type=file]").set_input_files(file)
        expect(page.get_by_text(words).first).to_be_visible()
        if cut:
            page.keyboard.press("Escape")
    wait_rows(page, "r.length === 4")
    newest = max(row["run"] for row in rows(page))
    page = open_page(f"{site.url}/?race={site.row(newest).race}")
    expect(page.get_by_text("Imported: recorded elsewhere by version")).to_be_visible()
    wait_view(page, "v.runs.length === 2 && v.runs.every(({card}) => card.state === 'finished')")
    becomes(lambda: picture(page) == before, True)
    _import_lines(page, site.row(newest).race)
    page = open_page(f"{site.url}/?race={site.row(newest).race}")
    wait_view(page, "v.ghosts.length === 1 && v.chart.drawn && v.runs.every(({card}) => card.state === 'finished')")
    chip = page.locator(".ss-arm", has_text="theirs, acc")
    expect(chip).to_be_visible()
    drawn = "v.chart.figure.data.filter(({meta}) => meta === 'imported').length"
    wait_view(page, f"{drawn} > 0")
    chip.locator(".ss-arm-show").click()
    wait_view(page, f"{drawn} === 0")
    becomes(lambda: picture(page) == before, True)  # without the imported line the picture is what it was
