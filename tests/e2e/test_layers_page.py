"""The page "Layers" in Chromium: one slider of time, live columns, a layer under the pointer, and what is not there."""

import csv
import io
import re

import numpy as np
import pytest
from playwright.sync_api import expect

from engine.analysis.layers.findings import LayerFinding, layer_finding
from engine.analysis.layers.probed_net import ProbedNet
from engine.events import RunState
from engine.probes.registry import get_quantity
from engine.store.reader import Reader
from engine.store.revision import next_revision
from tests.benchmarks.synthetic_probes import SyntheticRace
from tests.e2e.pace.waiting import PATIENCE, again_until, becomes, comes_true, drag, settle, settled_box, wait_drawn

pytestmark = pytest.mark.browser

VIEW = "document.querySelector('.sp-probes')?.probeView"
#: What a link keeps.
LOOKED = (
    "[v.quantity, v.timeline.step, v.timeline.follow, [...v.state.off], v.focus, v.layer.over,"
    " document.querySelector('.sp-profile')._fullLayout.xaxis.range]"
)


def probes(page, expression: str):
    """Evaluate an expression about the page's ProbeView ``v``."""
    return page.evaluate(f"() => {{ const v = {VIEW}; return v && ({expression}); }}")


def wait_probes(page, condition: str, seconds: float = PATIENCE) -> None:
    """Wait until a condition about the page's ProbeView ``v`` holds and is drawn."""
    wait_drawn(page, VIEW, condition, seconds)


def drawn(page, run: int) -> np.ndarray:
    """Return what the profile shows of a run or of the seeds of its arm: the line of now, in its order."""
    found = page.evaluate(
        "run => document.querySelector('.sp-profile').data.filter(t => t.meta === run && t.text).map(t => t.y)", run
    )
    (line,) = found
    return np.array(line, dtype=float)


def wait_line(page, run: int, expected) -> None:
    """Wait until the profile shows these numbers of a run."""
    becomes(lambda: drawn(page, run).tolist(), pytest.approx(expected.tolist(), rel=1e-3))


def stored(workspace, run: int, step: int, quantity: str = "response_std") -> np.ndarray:
    with Reader(workspace) as reader:
        probe = next(row for row in reader.probes.all(run)[0] if row.step == step)
        return reader.probes.array(probe.id, quantity)


def concluded(workspace, runs: list[int], step: int, quantity: str = "response_std") -> LayerFinding:
    """Return what is concluded from the stored rows."""
    with Reader(workspace) as reader:
        rows = [reader.runs.get(run) for run in runs]
    nets = [
        ProbedNet(
            row.arm, row.depth, row.shortcut, row.seed, step, stored(workspace, row.id, step, quantity).tolist(),
            planned=row.total_steps, layers=row.depth - 1,
        )
        for row in rows
    ]  # fmt: skip
    return layer_finding(get_quantity(quantity), step, nets)


def loud(arrays) -> None:
    arrays["response_std"][:3] *= 5


@pytest.fixture
def race(site):
    """A race of four small nets with 15 of its 23 columns; in the last one the first layers of plain-14 stand out."""
    race = SyntheticRace(site.workspace, (8, 14), ("none", "A"), 300)
    race.fill(0, 14)
    for run in race.runs:
        race.probe(run, race.planned[14], loud if race.configs[run].model.arm == "plain-14" else lambda arrays: None)
    yield race
    race.writer.close()


@pytest.mark.slow
def test_one_slider_drives_every_panel_and_new_columns_disturb_nothing(site, race, open_page):
    page = open_page(f"{site.url}/layers?race={race.race}")
    wait_probes(page, "v.painted && document.querySelector('.sp-hist').data?.length === 4")
    newest = race.planned[14]
    expect(page.locator(".sp-step")).to_have_text(f"step {newest} of 300")
    found = concluded(site.workspace, race.runs, newest)
    assert "The first layers of plain-14 respond about" in found.headline.text
    expect(page.locator(".sp-answer")).to_have_text(found.headline.text)
    expect(page.locator(".sp-finding")).to_have_text(found.closing)
    expect(page.locator(".sp-means")).to_have_text(f"{found.opening} {', '.join(found.arms.values())}.")
    shades = "document.querySelector('.sp-profile').layout.shapes.filter(s => s.type === 'rect').map(s => [s.x0, s.x1])"
    becomes(lambda: probes(page, shades), [[0.5, 3.5]])
    expect(page.locator(".sp-stretch:visible")).to_have_text(found.headline.place.word)
    plain, _, _, residual = race.runs
    for run in (plain, residual):
        wait_line(page, run, stored(site.workspace, run, newest))
    page.get_by_role("button", name="Sorted").click()
    wait_probes(page, f"{shades}.length === 0")
    for run in (plain, residual):
        wait_line(page, run, np.sort(stored(site.workspace, run, newest))[::-1])
    page.get_by_role("button", name="In order").click()
    wait_probes(page, f"{shades}.length === 1")

    slider = page.locator(".sp-slider")
    for _ in range(10):
        slider.press("ArrowLeft")
    wait_probes(page, "v.timeline.index === 4 && !v.timeline.follow && !v.moving")
    step = race.planned[4]
    wait_line(page, plain, stored(site.workspace, plain, step))
    line = "nodes => nodes.map(n => parseFloat(n.style.left))"
    becomes(
        lambda: page.eval_on_selector_all(".sp-now", line),
        pytest.approx([100 * 4 / len(race.planned)] * 2, abs=0.01),
    )

    layer = page.locator(".sp-profile .nsewdrag").first
    ranges = "document.querySelector('.sp-profile')._fullLayout.xaxis.range.map(x => x.toFixed(3)).join()"
    again_until(lambda: drag(page, layer, (0.2, 0.3), (0.7, 0.7)), lambda: probes(page, f"{ranges} !== '0.370,13.630'"))
    zoomed = probes(page, ranges)
    asked = probes(page, "performance.getEntriesByType('resource').filter(e => /probes.history/.test(e.name)).length")
    race.column(15)
    wait_probes(page, "v.timeline.have === 16 && v.runs.every(run => run.columns.steps.length === 16)")
    # Who looks back is not carried along, neither his zoom.
    seen = f"() => {{ const v = {VIEW}; return [{ranges}, v.timeline.index]; }}"
    settle(page, seen, lambda seen: seen == [zoomed, 4])
    # Nobody trains this race: what is to come is its last step.
    page.get_by_role("button", name="Last step").click()
    wait_probes(page, "v.timeline.index === 15 && !v.moving")
    wait_line(page, plain, stored(site.workspace, plain, race.planned[15]))
    # at once: nothing was asked of the server beside what it sends
    assert asked == probes(
        page, "performance.getEntriesByType('resource').filter(e => /probes.history/.test(e.name)).length"
    )

    field, name = page.locator(".sp-field").nth(1), "Layer 13 of 13, stage3/block2/conv2"

    def point():
        box = settled_box(page, field)
        page.mouse.move(box["x"] + 29, box["y"] + 0.99 * box["height"])
        page.mouse.move(box["x"] + 30, box["y"] + 0.99 * box["height"])

    again_until(point, lambda: page.locator(".sp-layer-name").text_content() == name)
    expect(page.locator(".sp-readout")).to_contain_text("A-14 · layer 13, stage3/block2/conv2 · step 1 · response std")
    wait_probes(
        page, "v.layer.found?.document.runs && Object.values(v.layer.found.document.runs).some(m => m.index === 12)"
    )
    expect(page.locator(".sp-tails")).to_contain_text("These nets: plain-8, A-8.")
    page.select_option(".sp-quantity", "update_size")
    wait_probes(page, "v.quantity === 'update_size'")
    expect(page.locator(".sp-map-title")).to_have_text("Update size ||F(x)|| / ||x|| over depth and time")
    wait_probes(page, "document.querySelector('.sp-profile').data.some(t => t.y.length === 6)")


@pytest.mark.slow
def test_each_absence_has_its_sentence(site, open_page):
    silent = SyntheticRace(site.workspace, (8,), ("none", "A"), 300, images=0)
    page = open_page(f"{site.url}/layers?race={silent.race}")
    expect(page.locator(".sp-says")).to_have_text("This race was recorded without probes. A new race has them.")
    waiting = SyntheticRace(site.workspace, (8,), ("none",), 300)
    page.goto(f"{site.url}/layers?race={waiting.race}")
    expect(page.locator(".sp-says")).to_have_text("plain-8 is paused before its first probe.")
    waiting.column(0)
    wait_probes(page, "v.painted")
    expect(page.locator(".sp-says")).to_be_hidden()
    run = waiting.runs[0]

    def spoil(arrays):
        arrays["response_std"][2] = np.nan
        arrays["response_std"][4] = np.inf

    waiting.probe(run, 1, spoil)
    expect(page.locator(".sp-remarks")).to_have_text("plain-8: 2 of 7 layers without a finite value.")
    expect(page.locator(".sp-map-note")).to_have_text("input below, output above · ▨ no value · ■ infinite")
    with waiting.writer.transaction() as connection:  # no engine may take it for a run that waits
        connection.execute(
            "UPDATE runs SET state = ?, step = 4, changed = ? WHERE id = ?",
            (RunState.DIVERGED, next_revision(connection), run),
        )
    expect(page.locator(".sp-remarks")).to_contain_text("diverged at step 4; the last probe before it is step 1.")
    expect(page.locator(".sp-end").first).to_have_text("diverged at step 4")


@pytest.mark.slow
def test_the_server_may_go_and_come_back_without_a_gap(site, open_page):
    race = SyntheticRace(site.workspace, (8,), ("none", "A"), 300)
    race.fill(0, 3)
    page = open_page(f"{site.url}/layers?race={race.race}")
    wait_probes(page, "v.painted && v.timeline.have === 3")
    site.interrupt()
    wait_probes(page, "v.link !== 'live'")
    race.fill(3, 6)
    site.start()
    wait_probes(page, f"v.runs.every(run => run.columns.steps.join() === '{','.join(map(str, race.planned[:6]))}')")
    race.writer.jobs.delete(race.runs[0])
    wait_probes(page, "v.runs.length === 1")


@pytest.mark.slow
def test_a_thousand_layers_fit(site, open_page):
    race = SyntheticRace(site.workspace, (1202,), ("none",), 300)
    race.fill(0, 6)
    page = open_page(f"{site.url}/layers?race={race.race}")
    wait_probes(page, "v.painted")
    page.evaluate(
        f"async () => {{ {VIEW}.timeline.look(2);"
        " await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))); }"
    )
    wait_probes(page, "v.timeline.index === 2")
    painted = (
        "c => { const p = c.getContext('2d').getImageData(5, 0, 1, c.height).data;"
        " let n = 0; for (let i = 3; i < p.length; i += 4) n += p[i] === 255; return n / c.height; }"
    )
    becomes(lambda: page.eval_on_selector(".sp-field canvas", painted), 1)


@pytest.mark.slow
def test_the_name_of_a_shorter_net_lies_on_no_line_and_a_phone_scrolls_in_one_direction(site, race, open_page):
    page = open_page(f"{site.url}/layers?race={race.race}")
    wait_probes(page, "v.painted")
    # Plotly gives them their places after the chart's first picture.
    names = (
        "() => [...document.querySelectorAll('.sp-profile .annotation')]"
        ".filter(n => /-8$/.test(n.textContent)).map(n => {"
        " const box = n.querySelector('.annotation-text-g').getBoundingClientRect();"
        " return [box.left, box.top, box.right, box.bottom]; }).filter(([left,, right]) => right > left)"
    )
    covered = (
        "boxes => [...document.querySelectorAll('.sp-profile .js-line')]"
        ".filter(path => parseFloat(getComputedStyle(path).strokeWidth) > 2)"
        ".flatMap(path => { const matrix = path.getScreenCTM(), length = path.getTotalLength();"
        " return Array.from({length: 400}, (_, i) => path.getPointAtLength(i / 399 * length).matrixTransform(matrix));"
        " })"
        ".filter(({x, y}) => boxes.some(([l, t, r, b]) => x > l && x < r && y > t + 2 && y < b - 2)).length"
    )

    def check():
        boxes, outer = (
            settle(page, names, lambda found: len(found) == 2),
            settled_box(page, page.locator(".sp-profile")),
        )
        assert page.evaluate(covered, boxes) == 0
        for left, top, right, bottom in boxes:
            assert outer["x"] <= left < right <= outer["x"] + outer["width"]
            assert outer["y"] <= top < bottom <= outer["y"] + outer["height"]

    comes_true(check)
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function("() => document.querySelector('.sp-probes').scrollWidth <= innerWidth")
    settle(
        page,
        "() => [...document.querySelectorAll('.sp-profile-panel, .sp-map-panel')]"
        ".map(x => x.getBoundingClientRect().left)",
        lambda lefts: lefts[0] == lefts[1],
    )


@pytest.mark.long
def test_a_link_shows_the_same_elsewhere_and_after_another_page(site, race, open_page, another):
    page = open_page(f"{site.url}/layers?race={race.race}")
    wait_probes(page, "v.painted && document.querySelector('.sp-hist').data")
    for _ in range(3):
        page.locator(".sp-slider").press("ArrowLeft")
    page.locator(".sp-arm").nth(1).click()
    page.select_option(".sp-quantity", "gradient_response")
    page.locator(".sp-layer-slider").press("ArrowRight")
    page.get_by_role("button", name="Over time").click()
    wait_probes(page, "v.quantity === 'gradient_response' && v.layer.found?.over")
    page.evaluate("() => window.Plotly.relayout(document.querySelector('.sp-profile'), {'xaxis.range': [2, 6]})")
    page.wait_for_url(lambda url: all(word in url for word in ("zooms=", "at=", "off=", "quantity=", "over=")))
    seen = becomes(
        lambda: probes(page, LOOKED),
        lambda seen: seen[1:4] == [race.planned[11], False, [race.runs[1]]] and seen[-1] == [2, 6],
    )

    other = another.new_page()
    other.goto(page.url)
    wait_probes(other, "v.painted && v.layer.found?.over")
    becomes(lambda: probes(other, LOOKED), seen)

    page.get_by_role("link", name="Gradients").click()
    wait_probes(page, "v.painted && v.data.layout === 'gradients'")
    page.wait_for_url(re.compile(f"race={race.race}"))
    page.get_by_role("link", name="Layers").click()
    wait_probes(page, "v.painted && v.data.layout === 'layers' && v.layer.found?.over")
    becomes(lambda: probes(page, LOOKED), seen)
    page.get_by_role("button", name="Whole chart").first.click()
    wait_probes(page, "document.querySelector('.sp-profile')._fullLayout.xaxis.range[1] > 13")
    page.goto(
        f"{site.url}/layers?race={race.race}&quantity=evil&at=-5&off=x-99&upper=y&layer=0&over=z&zooms=profile_x_b_*"
    )
    wait_probes(page, "v.painted && document.querySelector('.sp-hist').data")
    usual = ["response_std", race.planned[14], True, [99], {"place": None, "pinned": False}, False]
    becomes(lambda: probes(page, LOOKED)[:-1], usual)


@pytest.mark.slow
def test_charts_of_the_layers_can_be_taken_away(site, race, open_page):
    page = open_page(f"{site.url}/layers?race={race.race}")
    wait_probes(page, "v.painted && document.querySelector('.sp-hist').data?.length === 4")
    taken = {}
    for chart in ("profile", "map", "hist"):
        for form in ("png", "svg", "csv"):
            button = page.locator(f".sp-{chart}-take button[data-format={form}]")
            with page.expect_download() as download:
                button.click()
            assert download.value.suggested_filename.startswith(f"skipscope-race-{race.race}-")
            taken[chart, form] = download.value.path().read_bytes()
    for chart in ("profile", "map", "hist"):
        assert taken[chart, "png"].startswith(b"\x89PNG")
        picture = taken[chart, "svg"].decode()
        assert "plain-14" in picture, "with its legend"
        words = " ".join(re.sub("<[^>]+>", " ", picture).split())
        assert "probe batch" in words, "with its line of honesty"
    assert "data:image/png" in taken["map", "svg"].decode()
    rows = list(csv.DictReader(io.StringIO(taken["map", "csv"].decode())))
    assert len(rows) == 2 * 15 * 13, "two nets of 13 layers, 15 columns"
    assert {row["net"] for row in rows} == {"plain-14", "A-14"}
    assert {row["net"] for row in csv.DictReader(io.StringIO(taken["hist", "csv"].decode()))} >= {"plain-8", "A-14"}


@pytest.mark.slow
def test_the_growth_of_the_gradient_is_said_of_each_arm_of_a_race(site, race, open_page):
    page = open_page(f"{site.url}/gradients?race={race.race}")
    wait_probes(page, "v.painted && v.timeline.index === 14 && document.querySelector('.sp-growth').children.length")
    found = concluded(site.workspace, race.runs, race.planned[14], "gradient_growth")
    lines = [f"{arm}: {words}" for arm, words in found.arms.items()]
    expect(page.locator(".sp-growth p")).to_have_text(lines)
    page.get_by_role("button", name="A-14").click()
    expect(page.locator(".sp-growth p")).to_have_text(lines[:-1])
