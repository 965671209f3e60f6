"""The kinds of panels of a lab in Chromium: what is drawn against what was stored, cells and their curves."""

import math
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from engine.labs.curve import CurveName
from engine.store.reader import Reader
from engine.store.workspace import Workspace
from engine.store.writer import Writer
from tests.e2e import pictures
from tests.e2e.conftest import Site
from tests.e2e.test_gradients_page import lab, wait_lab

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PLACES = {panel.name: place for place, panel in enumerate(pictures.PICTURES.panels)}


class Pictures(Site):
    """A site whose page "Gradients" shows the lab of pictures, with one finished job."""

    module = "tests.e2e.pictures"


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    site = Pictures(Workspace.at(tmp_path_factory.mktemp("pictures") / "workspace").prepare())
    with Writer(site.workspace) as writer:
        pictures.write(writer)
    site.start()
    yield site
    site.close()


@pytest.fixture
def page(shown, open_page):
    page = open_page(f"{shown.url}/gradients")
    wait_lab(page, "v.card?.state === 'finished' && v.drawn && document.querySelectorAll('.sl-plot .main-svg').length")
    return page


def stored(site, panel: str) -> dict:
    """Return the curves of a panel as they lie in the store, {name: {x: y}}, rounded as they travel."""
    with Reader(site.workspace) as reader:
        rows = [row for row in reader.traces(1) if row.panel == panel]
    return {row.name: dict(zip(row.x.tolist(), map(seen, row.y.tolist()), strict=True)) for row in rows}


def seen(value: float) -> float | None:
    return float(f"{value:.4g}") if math.isfinite(value) else None


def drawn(page, panel: str) -> list[dict]:
    """Return the traces of a panel's picture as Plotly has them."""
    plot = f"document.querySelectorAll('.sl-plot')[{PLACES[panel]}]"
    page.wait_for_function(f"() => {plot}.data")
    return page.evaluate(f"() => {plot}.data.map(t => ({{...t, z: t.z?.map(r => [...r])}}))")


def picked(page, panel: str = "training") -> set[str]:
    return {trace["name"] for trace in drawn(page, panel)}


def wait_cell(page, text: str) -> None:
    wait_lab(page, f"v.pick.cell?.text === {text!r}")
    plot = f"document.querySelectorAll('.sl-plot')[{PLACES['training']}]"
    page.wait_for_function(f"text => {plot}.data?.every(t => t.name.startsWith(text))", arg=text)


def test_a_heat_map_shows_every_stored_cell_with_its_number_and_marks_the_others(shown, page):
    rows = stored(shown, "map")
    tables = [trace for trace in drawn(page, "map") if trace["type"] == "heatmap"]
    assert len(tables) == len(pictures.BLOCKS)
    for blocks, table in zip(pictures.BLOCKS, tables, strict=True):
        for kind, heights in zip(pictures.ARMS, table["z"], strict=True):
            cells = rows[CurveName(kind, "blocks", blocks).text]
            for column, height in enumerate(heights):
                value = cells.get(column)
                assert height == (None if value is None else pytest.approx(math.log10(value), abs=2e-4))
    numbers = [trace for trace in drawn(page, "map") if trace.get("meta") in ("numbers", "lost")]
    written = sum(len(trace["text"]) for trace in numbers)
    assert written == sum(len(cells) for cells in rows.values()) == 9 * 5 * 3 - 1
    assert [t["text"] for t in numbers if t["meta"] == "lost"] == [["not finite"]]
    strip = page.locator(".ss-foot p").first
    expect(strip).to_have_text("134 of 135 cells measured, the others are framed · 1 not finite")


def test_a_click_and_the_arrow_keys_open_the_curves_of_one_cell_which_the_address_keeps(shown, page):
    wait_cell(page, "identity: plain, blocks 2")
    plot = page.locator(".sl-plot").nth(PLACES["map"])
    box = plot.locator(".nsewdrag").bounding_box()
    place = page.evaluate(
        "() => { const p = document.querySelectorAll('.sl-plot')[0]; const l = p._fullLayout;"
        " const group = p.data.filter(t => t.type === 'heatmap')[1];"
        " return [l.xaxis.d2p(5), l.yaxis.d2p(group.y0 + 2)]; }"
    )
    page.mouse.click(box["x"] + place[0], box["y"] + place[1])
    wait_cell(page, "-x: residual/L, blocks 6")
    assert picked(page) == {"-x: residual/L, blocks 6; seed 0", "-x: residual/L, blocks 6; seed 1"}
    assert picked(page, "rates") == {"-x: residual/L, blocks 6"}
    curves = stored(shown, "training")
    for trace in drawn(page, "training"):
        assert trace["connectgaps"] is False
        assert dict(zip(trace["x"], trace["y"], strict=True)) == curves[trace["name"]]
    expect(page.locator(".sl-note").nth(PLACES["training"])).to_have_text("-x, residual/L, 6 blocks")

    plot.focus()
    for key in ("ArrowUp", "ArrowUp", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    wait_cell(page, "constant: plain, blocks 6")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    for _ in range(4):
        page.keyboard.press("ArrowDown")
    wait_cell(page, "smooth random: plain, blocks 20")
    page.keyboard.press("ArrowLeft")  # the cell beside it was not measured
    wait_cell(page, "zero: plain, blocks 20")
    page.wait_for_function("() => location.search.includes('zero')")
    assert parse_qs(urlsplit(page.evaluate("() => location.href")).query)["pictures-cell"] == ["zero: plain, blocks 20"]
    page.reload()
    wait_cell(page, "zero: plain, blocks 20")
    assert lab(page, "v.pick.cell.column") == "zero"
