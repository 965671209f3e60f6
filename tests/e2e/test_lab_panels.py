"""The kinds of panels of a lab in Chromium: what is drawn against what was stored, cells and their curves."""

import math
import re
from functools import partial
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from engine.events import CurveName
from engine.store.reader import Reader
from engine.store.workspace import Workspace
from engine.store.writer import Writer
from tests.e2e import pictures
from tests.e2e.conftest import Site
from tests.e2e.pace.waiting import again_until, becomes, comes_true, settle, settled_box
from tests.e2e.test_gradients_page import lab, wait_lab

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PLACES = {panel.name: place for place, panel in enumerate(pictures.PICTURES.panels)}


class Pictures(Site):
    """A site with a page of the lab of pictures, with one finished job."""

    module = "tests.e2e.pictures"


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    site = Pictures(Workspace.at(tmp_path_factory.mktemp("pictures") / "workspace").prepare())
    with Writer(site.workspace) as writer:
        pictures.write(writer)
    site.start_engine()
    site.start()
    yield site
    site.close()


@pytest.fixture(scope="module")
def page(shown, browser):
    """One page for all tests, which fails them when its scripts throw."""
    errors, page = [], browser.new_page(viewport={"width": 1280, "height": 900})
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{shown.url}/lab-pictures")
    wait_lab(page, "v.card?.state === 'finished' && v.drawn && document.querySelectorAll('.sl-plot .main-svg').length")
    expect(page.locator(".sl-lead .sl-title")).to_have_text(
        re.compile(f"^{re.escape(pictures.PICTURES.panels[0].title)}")
    )
    page.locator(".sl-more > summary").click()
    yield page
    page.close()
    assert not errors


def stored(site, panel: str) -> dict:
    """Return the curves of a panel as they lie in the store, {name: {x: y}}, rounded as they travel."""
    with Reader(site.workspace) as reader:
        rows = [row for row in reader.labs.curves(1) if row.panel == panel]
    return {row.name.text: dict(zip(row.x.tolist(), map(seen, row.y.tolist()), strict=True)) for row in rows}


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
    comes_true(partial(every_cell_is_drawn, page, stored(shown, "map")))
    strip = page.locator(".ss-foot p").first
    expect(strip).to_have_text("134 of 135 cells measured, the others are framed · 1 not finite")


def every_cell_is_drawn(page, rows: dict) -> None:
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


def test_a_click_and_the_arrow_keys_open_the_curves_of_one_cell_which_the_address_keeps(shown, page):
    wait_cell(page, "identity: plain, blocks 2")
    plot = page.locator(".sl-plot").nth(PLACES["map"])
    cell = (
        "() => { const p = document.querySelectorAll('.sl-plot')[0]; const l = p._fullLayout;"
        " const group = p.data.filter(t => t.type === 'heatmap')[1];"
        " return [l.xaxis.d2p(5), l.yaxis.d2p(group.y0 + 2)]; }"
    )

    def click():
        box, place = settled_box(page, plot.locator(".nsewdrag")), settle(page, cell)
        page.mouse.click(box["x"] + place[0], box["y"] + place[1])

    again_until(click, lambda: lab(page, "v.pick.cell?.text === '-x: residual/L, blocks 6'"))
    wait_cell(page, "-x: residual/L, blocks 6")
    becomes(lambda: picked(page), {"-x: residual/L, blocks 6; seed 0", "-x: residual/L, blocks 6; seed 1"})
    becomes(lambda: picked(page, "rates"), {"-x: residual/L, blocks 6"})
    curves = stored(shown, "training")

    def check():
        for trace in drawn(page, "training"):
            assert trace["connectgaps"] is False
            assert dict(zip(trace["x"], trace["y"], strict=True)) == curves[trace["name"]]

    comes_true(check)
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
    becomes(
        lambda: parse_qs(urlsplit(page.evaluate("() => location.href")).query)["pictures-cell"],
        ["zero: plain, blocks 20"],
    )
    page.reload()
    wait_lab(page, "v.pick.cell?.text === 'zero: plain, blocks 20'")
    page.locator(".sl-more > summary").click()
    wait_cell(page, "zero: plain, blocks 20")
    wait_lab(page, "v.pick.cell.column === 'zero'")


def test_seeds_are_thin_lines_beside_their_bold_mean_and_nine_kinds_have_a_legend(shown, page):
    comes_true(partial(seeds_are_thin, page, stored(shown, "grown")))
    panel = page.locator(".sl-panel").nth(PLACES["grown"])
    expect(panel.locator(".sl-key")).to_have_count(9)
    expect(panel.locator(".ss-foot p")).to_contain_text("9 curves, 3 seeds (thin lines), all 1,116 points shown")


def seeds_are_thin(page, curves: dict) -> None:
    traces = drawn(page, "grown")
    assert {trace["name"]: dict(zip(trace["x"], trace["y"], strict=True)) for trace in traces} == curves
    for trace in traces:
        assert trace["meta"] == ("seed" if "; seed" in trace["name"] else "even")
    widths = {meta: {t["line"]["width"] for t in traces if t["meta"] == meta} for meta in ("seed", "even")}
    assert max(widths["seed"]) < min(widths["even"]) / 2
    looks = {(t["line"]["color"], t["line"]["dash"]) for t in traces if t["meta"] == "even"}
    assert len(looks) == 9


def test_bands_stop_where_an_edge_is_not_finite_and_bars_are_as_high_as_their_numbers(shown, page):
    comes_true(partial(bands_stop, page, stored(shown, "band")))
    comes_true(partial(bars_are_as_high, page, stored(shown, "parts")))


def bands_stop(page, curves: dict) -> None:
    traces = drawn(page, "band")
    for kind in pictures.NETS:
        band = next(trace for trace in traces if trace["name"] == f"{kind}; band")
        corners = {(x, y) for x, y in zip(band["x"], band["y"], strict=True) if x is not None}
        low, high = curves[f"{kind}; low"], curves[f"{kind}; high"]
        both = [x for x in low if low[x] is not None and high[x] is not None]
        assert corners == {(x, edge[x]) for x in both for edge in (low, high)}
        assert band["x"].count(None) == (1 if kind == "plain" else 0)
        line = next(trace for trace in traces if trace["name"] == kind)
        assert dict(zip(line["x"], line["y"], strict=True)) == curves[kind]


def bars_are_as_high(page, curves: dict) -> None:
    bars = drawn(page, "parts")
    for trace in bars:
        assert trace["y"] == list(curves[trace["name"]].values())
    first = {trace["name"]: trace["x"][0] for trace in bars}
    assert first["plain"] < first["residual"] < 0.5, "side by side over the first block"
    assert first["plain; seed 1"] == first["plain"], "seeds lie on their bar"


@pytest.mark.long
def test_planes_share_axes_and_colours_whatever_is_measured_and_turn_together(shown, page):
    comes_true(partial(planes_share, page, stored(shown, "plane"), stored(shown, "path")))
    plot = f"document.querySelectorAll('.sl-plot')[{PLACES['plane']}]"
    page.evaluate(f"() => window.Plotly.relayout({plot}, {{'xaxis.range': [-0.5, 0.25]}})")
    page.wait_for_function(f"() => ['', 2, 3, 4].every(n => {plot}._fullLayout[`xaxis${{n}}`].range[1] === 0.25)")
    wait_lab(page, "v.state.zooms.get('plane')?.x?.[1] === 0.25")
    page.get_by_role("radio", name="surface").click()
    page.wait_for_function(f"() => {plot}.data.filter(t => t.type === 'surface').length === 4")
    turned = "{eye: {x: 2, y: 0.5, z: 1}, center: {x: 0, y: 0, z: 0}, up: {x: 0, y: 0, z: 1}}"
    page.evaluate(f"() => window.Plotly.relayout({plot}, {{'scene3.camera': {turned}}})")
    page.wait_for_function(f"() => ['', 2, 3, 4].every(n => {plot}._fullLayout[`scene${{n}}`].camera.eye.x === 2)")


def planes_share(page, rows: dict, path: dict) -> None:
    traces = drawn(page, "plane")
    heights = [trace for trace in traces if trace["meta"] == "heights"]
    assert [trace["name"] for trace in heights] == list(pictures.NETS)
    for trace in heights:
        for b, line in zip(trace["y"], trace["z"], strict=True):
            cells = rows[CurveName(trace["name"], "b", b).text]
            assert trace["x"] == list(cells)
            assert line == pytest.approx([math.log10(value) for value in cells.values()], abs=2e-4)
    assert {(t["coloraxis"], t["contours"]["start"], t["contours"]["end"]) for t in heights} == {
        ("coloraxis", heights[0]["contours"]["start"], heights[0]["contours"]["end"])
    }
    ways = [trace for trace in traces if trace["meta"] == "way"]
    assert {trace["name"] for trace in ways} == set(pictures.NETS)
    assert ways[0]["x"] == [seen(a) for a in path["plain"]]
