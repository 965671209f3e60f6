"""The live page in Chromium: what a visitor does, and what must survive it."""

import operator
import re
from functools import partial

import pytest
from playwright.sync_api import expect

from engine.events import Evaluated, Split, StepRow
from engine.store.reader import Reader
from engine.store.revision import next_revision
from tests.benchmarks.synthetic_probes import SyntheticRace
from tests.e2e.conftest import SLOW, SPIKE, VIEW, kill, open_setup, points, view, wait_view
from tests.e2e.pace.waiting import PATIENCE, again_until, becomes, drag, enter, until

pytestmark = pytest.mark.browser

DEPTHS, STEPS = (8, 14, 20), 100
#: The means that Plotly has drawn, with their intervals, by shortcut type.
DRAWN = (
    "Object.fromEntries(v.part('plot').data.filter(({meta}) => meta === 'depth')"
    ".map(({name, y, error_y}) => [name, [y, error_y.array]]))"
)
WORDS = "v.part('plot').layout.annotations.map(({text}) => text).join()"


def drag_zoom(page) -> None:
    """Zoom the first panel; a drag that comes while what is above it is still being drawn misses."""
    layer, zoomed = page.locator(".ss-plot .nsewdrag").first, "Boolean(v.view.zoom)"
    again_until(lambda: drag(page, layer, (0.2, 0.2), (0.6, 0.8)), lambda: view(page, zoomed))


def ranges(page) -> list:
    return page.evaluate(
        "() => { const l = document.querySelector('.ss-plot')._fullLayout; return [l.xaxis.range, l.yaxis.range]; }"
    )


def test_a_first_visit_and_a_race_that_is_started_watched_and_paused(untouched_site, open_page):
    page = open_page(untouched_site.url)
    page.get_by_role("button", name="Start the quick race").wait_for()
    words = page.locator("[data-testid=stMain] [data-testid=stMarkdownContainer] p").first
    becomes(words.inner_text, lambda words: len(re.findall(r"\.(\s|$)", words)) == 2)
    expect(page.locator("[data-testid=stMain]").get_by_role("button", name="Start")).to_have_count(1)
    page.goto(f"{untouched_site.url}/?set_depths=8,14&set_width=8&set_steps=9000")  # nets that leave time for the page
    page.get_by_role("button", name="Start race of 4 runs").click()
    wait_view(page, "v.runs.length === 4 && v.runs.every(r => r.series.train.step.length > 0)")
    expect(page.locator(".ss-chip")).to_have_text("LIVE")
    expect(page.locator(".ss-card .ss-name")).to_have_text(["plain-8", "plain-14", "A-8", "A-14"])
    page.get_by_role("button", name="Pause all").click()
    wait_view(page, "v.runs.every(r => r.card.state === 'paused')")
    expect(page.locator(".ss-chip")).to_have_text("PAUSED")


@pytest.mark.long
def test_a_recorded_race_is_watched_from_the_first_visit_and_another_one_from_the_runs(untouched_site, open_page):
    page = open_page(untouched_site.url)
    page.get_by_role("button", name="Watch a recorded race").click()
    page.wait_for_url(re.compile(r"race=1&replay=1"))
    wait_view(page, "v.chart.drawn && v.runs.length === 20")
    page.get_by_role("link", name="Runs").click()
    page.get_by_role("button", name="Import").click()
    page.get_by_text("Recorded races that come with Skipscope").click()
    page.get_by_role("button", name="Shortcuts cut half-way").click()
    page.wait_for_url(re.compile(r"race=2&replay=1"))
    wait_view(page, "v.chart.drawn && v.runs.length === 2")
    with Reader(untouched_site.workspace) as reader:
        assert [row.id for row in reader.races.newest()] == [2, 1]


@pytest.mark.slow
def test_zoom_survives_updates_and_an_app_rerun(site, open_page):
    race, _ = site.race()
    page = open_page(f"{site.url}/?race={race}")
    wait_view(page, "v.chart.drawn && v.runs.every(r => r.series.lastStep > 20)")
    drag_zoom(page)
    page.wait_for_function("() => document.querySelector('.ss-plot')._fullLayout.yaxis.range[1] < 95")
    zoomed, plot = ranges(page), page.locator(".ss-plot").element_handle()
    seen = view(page, "v.feed.messages")
    wait_view(page, f"v.feed.messages >= {seen + 5}")
    becomes(lambda: ranges(page), [pytest.approx(zoomed[0]), pytest.approx(zoomed[1])])
    open_setup(page)
    start = page.get_by_role("button", name="Start race of 8 runs")
    enter(page.get_by_role("textbox", name="Seeds"), "2", start.is_visible)
    wait_view(page, f"v.feed.messages >= {seen + 7}")
    becomes(lambda: ranges(page), [pytest.approx(zoomed[0]), pytest.approx(zoomed[1])])
    becomes(plot.is_visible, True)  # the chart's node must not be replaced


@pytest.mark.slow
def test_reload_and_a_second_viewer_show_the_same_points(site, open_page):
    race, runs = site.race(steps=SLOW)
    first = open_page(f"{site.url}/?race={race}")
    wait_view(first, "v.runs.length === 2 && v.runs.every(r => r.series.lastStep >= 8)")
    first.get_by_role("button", name="Pause all").click()
    wait_view(first, "v.runs.every(r => r.card.state === 'paused' && r.series.lastStep === r.card.step)")
    whole = {str(run): list(range(1, site.row(run).step + 1)) for run in runs}  # no gap, no duplicate
    streamed = becomes(lambda: points(first), lambda seen: {run: curve["step"] for run, curve in seen.items()} == whole)
    second = open_page(f"{site.url}/?race={race}")
    first.reload()
    for page in (first, second):
        wait_view(page, "v.runs.length === 2 && v.runs.every(r => r.series.lastStep === r.card.step)")
        becomes(partial(points, page), streamed)


@pytest.mark.slow
def test_server_ends_at_ctrl_c_with_a_viewer_open_and_the_page_finds_the_next_one(site, open_page):
    race, runs = site.race(shortcuts=("A",), steps=SLOW)
    page = open_page(f"{site.url}/?race={race}")
    wait_view(page, "v.runs.length === 1 && v.runs[0].series.lastStep >= 3")
    node = page.locator(".ss-plot").element_handle()
    site.interrupt()
    before = site.row(runs[0]).step
    until(lambda: site.row(runs[0]).step > before)
    site.start()
    wait_view(page, f"v.runs[0].series.lastStep > {site.row(runs[0]).step}")
    # No gap, no duplicate across the restart.
    becomes(lambda: points(page)[str(runs[0])]["step"], lambda steps: steps == list(range(1, steps[-1] + 1)))
    becomes(node.is_visible, True)


@pytest.mark.slow
def test_a_viewer_changes_no_weight(site, open_page):
    from engine.training import checkpoint

    states = []
    for watched in (True, False):
        race, (run,) = site.race(shortcuts=("A",), steps=40)
        if watched:
            page = open_page(f"{site.url}/?race={race}")
            wait_view(page, "v.runs.length === 1 && v.runs[0].card.state === 'finished'")
        until(lambda run=run: site.row(run).state == "finished")
        states.append(checkpoint.load(site.workspace.checkpoint(run, 40))["model"])
    assert states[0].keys() == states[1].keys()
    assert all((states[0][name] == states[1][name]).all() for name in states[0])


@pytest.mark.slow
def test_cards_pause_resume_stop_and_delete_and_an_engine_that_is_gone_is_mended(fresh_site, open_page):
    race, (run,) = fresh_site.race(shortcuts=("A",))
    page = open_page(f"{fresh_site.url}/?race={race}")
    wait_view(page, "v.runs.length === 1 && v.runs[0].card.state === 'running'")
    for button, state in (("Pause A-8", "paused"), ("Resume A-8", "running")):
        page.get_by_role("button", name=button, exact=True).click()
        wait_view(page, f"v.runs[0].card.state === '{state}'")
    kill(fresh_site.control.engine.status().pid)
    wait_view(page, "v.engine && v.engine.state !== 'alive'")
    expect(page.locator(".ss-engine")).to_be_visible()
    page.get_by_role("button", name="Start the engine").click()
    wait_view(page, "v.engine.state === 'alive' && v.runs[0].card.state === 'running'")
    expect(page.locator(".ss-engine")).to_be_hidden()
    page.get_by_role("button", name="Stop A-8", exact=True).click()
    assert fresh_site.row(run).state == "running", "stopping asks once more"
    page.get_by_role("button", name="Stop A-8 for good").click()
    wait_view(page, "v.runs[0].card.state === 'stopped'")
    page.get_by_role("button", name="More for A-8").click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Delete A-8")).to_have_count(0)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Delete A-8").click()
    page.get_by_role("button", name="Delete A-8 and its files").click()
    page.get_by_role("button", name="Start the quick race").wait_for()
    assert fresh_site.row(run) is None


@pytest.mark.slow
def test_the_end_of_a_race_shows_what_a_reload_shows(site, open_page):
    race, _ = site.race(steps=90)
    page = open_page(f"{site.url}/?race={race}")
    wait_view(page, "v.runs.length === 2 && v.runs.every(r => r.card.state === 'finished')")
    ends = "v.runs.map(r => [r.series.latest('train', 'running_error'), r.series.train.step.length])"
    wait_view(page, "v.runs.every(r => r.series.train.step.length === 90)")
    watched = view(page, ends)
    page.reload()
    wait_view(page, "v.runs.length === 2 && v.chart.drawn")
    becomes(lambda: view(page, ends), watched)


@pytest.mark.slow
def test_a_deletion_reaches_the_other_viewer_who_goes_on_watching(site, open_page):
    race, (first, second) = site.race()
    page = open_page(f"{site.url}/?race={race}")
    wait_view(page, "v.runs.length === 2 && v.runs.every(r => r.series.lastStep > 20)")
    site.control.commands.give("pause", first, until_done_s=PATIENCE)
    site.control.commands.give("pause", second, until_done_s=PATIENCE)
    newest = second if site.row(second).step > 0 else first
    site.control.commands.give("delete", newest, until_done_s=PATIENCE)
    wait_view(page, "v.runs.length === 1 && v.runs[0].card.state === 'paused'")
    kept = first if newest == second else second
    step = site.row(kept).step
    site.control.commands.give("resume", kept)
    wait_view(page, f"v.runs[0].series.lastStep > {step}")
    expect(page.locator(".ss-chip")).to_have_text("LIVE")


@pytest.mark.slow
def test_a_failed_run_shows_its_cause_and_its_log_and_leaves_its_siblings_alone(site, open_page):
    race, (broken, sound) = site.race(depths=(8, 14), shortcuts=("A",))
    until(lambda: site.row(broken).state == "running" and site.row(sound).state == "running")
    kill(site.row(broken).pid)
    page = open_page(f"{site.url}/?race={race}")
    wait_view(page, "v.runs.length === 2 && v.runs[0].card.state === 'lost' && v.runs[1].card.state === 'running'")
    note = page.locator(".ss-card[data-state=lost] .ss-note")
    expect(note).to_contain_text("SIGKILL")
    page.get_by_role("button", name="Resume A-8", exact=True).click()
    wait_view(page, "v.runs[0].card.state === 'running'")


@pytest.mark.slow
def test_zooming_into_a_long_run_loads_finer_points(recorded, open_page):
    site, bench = recorded
    page = open_page(f"{site.url}/?race={bench.race}")
    wait_view(page, "v.chart.drawn && v.runs[0].series.lastStep === 5000")
    wait_view(page, "v.runs[0].series.train.step.length <= 2000 && v.runs[0].series.total === 5000")
    # One step among five thousand stays visible.
    becomes(lambda: max(view(page, "v.runs[0].series.train.loss")), SPIKE)
    whole = ranges(page)
    drag_zoom(page)
    wait_view(page, "v.runs[0].series.detail")
    # Every step of the zoomed range.
    becomes(
        lambda: view(page, "v.runs[0].series.detail.points.step"),
        lambda inside: inside == list(range(inside[0], inside[-1] + 1)),
    )
    expect(page.locator(".ss-strip")).to_contain_text("steps of 4 runs shown")
    page.get_by_role("button", name="Reset zoom").click()
    becomes(lambda: ranges(page), whole)


@pytest.mark.long
def test_what_was_looked_at_comes_back_from_another_page_and_belongs_to_its_race(recorded, open_page):
    site, bench = recorded
    here = f"{site.url}/?race={bench.race}"

    looked = "[v.view.zoom, v.view.hidden, v.view.get('layout')]"

    def there_and_back():
        page.get_by_role("link", name="Layers").click()
        page.wait_for_function(f"() => !{VIEW}")
        page.get_by_role("link", name="Race").click()
        wait_view(page, "v.chart.drawn")

    page = open_page(f"{here}&zoom=1000_3000&layout=overlaid&hidden=1")
    wait_view(page, "v.chart.drawn && v.runs[0].series.detail")
    there_and_back()
    becomes(lambda: view(page, looked), [{"x": [1000, 3000]}, True, "overlaid"])
    page.evaluate("() => sessionStorage.setItem('skipscope-view / race', 987)")
    there_and_back()
    becomes(lambda: view(page, looked), [None, False, "overlaid"])  # zoom and hiding were another race's
    view(page, "v.view.zoom = { x: [1000, 3000] }")
    page.goto(here)
    wait_view(page, "v.chart.drawn")
    becomes(lambda: view(page, looked), [None, False, "side"])  # a link of the usual shows the usual
    there_and_back()
    becomes(lambda: view(page, looked), [None, False, "side"])
    page.goto(f"{site.url}/runs?runs={bench.runs[0]}&metric=loss&zoom=10_20")
    wait_view(page, "v.chart.drawn && v.view.get('metric') === 'loss'")
    page.get_by_role("link", name="Race").click()
    # The page Runs draws runs of no race; other tests of this site may have started a newer race than this one.
    wait_view(page, "v.chart.drawn && v.data.race > 0 && v.runs.length > 0")
    becomes(lambda: view(page, "[v.view.zoom, v.view.get('metric')]"), [None, "error"])  # each page has its own


@pytest.mark.slow
def test_a_spike_of_one_step_stays_at_every_zoom_and_the_whole_comes_back(recorded, open_page):
    site, bench = recorded
    page = open_page(f"{site.url}/?race={bench.race}&metric=loss&layout=overlaid&seeds=lines")
    wait_view(page, "v.chart.drawn && v.runs[0].series.lastStep === 5000")
    whole = points(page)
    inside: list[float] = []
    for width in (4000, 2400, 800, 60):
        asked = view(page, f"v.view.zoom = {{ x: [2345 - {width / 2}, 2345 + {width / 2}] }}") and width
        wait_view(page, f"v.runs.every(r => r.series.detail?.last <= {2345 + asked / 2 + 2})")
        wait_view(page, f"Math.max(...v.host.querySelector('.ss-plot').data[0].y) === {SPIKE}")
        seen = f"v.runs[0].series.drawn().step.filter(s => Math.abs(s - 2345) <= {width / 2}).length / {width}"
        last = inside[-1] if inside else 0  # finer with every zoom, in the end every step
        inside.append(becomes(partial(view, page, seen), partial(operator.le, last)))
        wait_view(page, "v.runs[0].series.drawn().step.length < 2000")
    assert inside[-1] >= 1
    view(page, "v.view.zoom = null")
    wait_view(page, "v.runs.every(r => r.series.detail === null)")
    becomes(lambda: points(page), whole)


#: Hides the tab for its page, or shows it again; what a browser is told to notify of stands in ``told``.
HIDDEN = """(hidden) => {
    Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""
NOTIFIED = """window.told = [];
window.Notification = class {
    static permission = "default";
    static async requestPermission() { return this.permission = "granted"; }
    constructor(title, { body }) { told.push(`${title}: ${body}`); }
};"""


@pytest.fixture
def three_depths(site):
    """Two seeds of six nets with all of their steps, paused before their end."""
    race = SyntheticRace(site.workspace, DEPTHS, ("none", "A"), STEPS, seeds=2, images=0)
    for run in race.runs:
        error = 20.0 + run % 7
        rows = [StepRow(step, 1.0, error, 1.0, error, 0.1, step / 10) for step in range(1, STEPS + 1)]
        race.writer.points.record(run, rows, [Evaluated(STEPS, Split.TEST, 1.0, 30.0, 5000, 9.0, 0.1, "running")])
    yield race
    race.writer.close()


@pytest.mark.long
def test_a_race_of_three_depths_has_its_error_against_depth(recorded, three_depths, open_page):
    site, bench = recorded
    page = open_page(f"{site.url}/?race={bench.race}&layout=depth")
    wait_view(page, "v.chart.drawn && v.runs.length === 4")
    panels = page.get_by_role("radiogroup", name="Panels")
    expect(panels.get_by_role("radio", name="Depth")).to_be_hidden()  # two depths
    page.add_init_script(NOTIFIED)
    page.goto(f"{site.url}/?race={three_depths.race}")
    wait_view(page, "v.chart.drawn && v.runs.length === 12")
    panels.get_by_role("radio", name="Depth").click()
    wait_view(page, WORDS + ".includes('provisional: 6 of 6 arms')")
    becomes(lambda: view(page, DRAWN)["plain"][1], [None] * 3)
    expect(page.get_by_role("radiogroup", name="Scale")).to_be_hidden()
    page.locator(".ss-curve[data-curve=test]").click()
    page.wait_for_function(
        "() => /layout=depth&points=running-test|points=running-test&layout=depth/.test(location.search)"
    )
    # A tab that nobody sees tells of what happens to the race, once the visitor has asked for it.
    page.locator(".ss-notify summary").click()
    page.get_by_role("button", name="Tell me when this race ends, diverges or fails").click()
    page.evaluate(HIDDEN, True)
    first, *others, last = three_depths.runs

    def all_are(state: str, runs: list) -> None:
        with three_depths.writer.transaction() as connection:
            now, which = next_revision(connection), ", ".join(map(str, runs))
            connection.execute(f"UPDATE runs SET state = ?, changed = ? WHERE id IN ({which})", (state, now))

    for state, runs, told in (
        ("diverged", [first], ["diverged."]),
        ("failed", [last], ["diverged.", "failed."]),
        ("finished", others, ["diverged.", "failed.", "The race has ended."]),
    ):
        all_are(state, runs)
        said = page.wait_for_function(f"() => told.length === {len(told)} && told").json_value()
        assert all(word in body for word, body in zip(told, said, strict=True))
    page.evaluate(HIDDEN, False)
    all_are("finished", [first, last])
    wait_view(page, f"!{WORDS}.includes('provisional') && ({DRAWN}).plain[1].every(Number.isFinite)")
    page.reload()
    wait_view(page, f"v.chart.drawn && ({DRAWN}).A?.[0].every((error) => error === 30)", 60)
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function("() => document.querySelector('.ss-plot')._fullLayout.width < 390")
    page.wait_for_function("() => document.querySelector('.ss-race').scrollWidth <= innerWidth")
