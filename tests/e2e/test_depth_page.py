"""Error against depth on the page: offered from three depths on, kept in the address, final once all runs ended."""

import pytest

from engine.events import Evaluated, Split, StepRow
from engine.store.revision import next_revision
from tests.benchmarks.synthetic_probes import SyntheticRace
from tests.e2e.conftest import view, wait_view

pytestmark = [pytest.mark.browser, pytest.mark.slow]

DEPTHS, STEPS = (8, 14, 20), 100
#: The means that Plotly has drawn, with their intervals, by shortcut type.
DRAWN = (
    "Object.fromEntries(v.part('plot').data.filter(({meta}) => meta === 'depth')"
    ".map(({name, y, error_y}) => [name, [y, error_y.array]]))"
)
WORDS = "v.part('plot').layout.annotations.map(({text}) => text).join()"


@pytest.fixture
def race(site):
    """Two seeds of six nets with all of their steps, paused before their end."""
    race = SyntheticRace(site.workspace, DEPTHS, ("none", "A"), STEPS, seeds=2, images=0)
    for run in race.runs:
        error = 20.0 + run % 7
        rows = [StepRow(step, 1.0, error, 1.0, error, 0.1, step / 10) for step in range(1, STEPS + 1)]
        race.writer.points.record(run, rows, [Evaluated(STEPS, Split.TEST, 1.0, 30.0, 5000, 9.0, 0.1, "running")])
    yield race
    race.writer.close()


def test_a_race_of_three_depths_has_its_error_against_depth(recorded, race, open_page):
    site, bench = recorded
    page = open_page(f"{site.url}/?race={bench.race}&layout=depth")
    wait_view(page, "v.chart.drawn && v.runs.length === 4")
    panels = page.get_by_role("radiogroup", name="Panels")
    assert panels.get_by_role("radio", name="Depth").is_hidden(), "two depths"
    page.goto(f"{site.url}/?race={race.race}")
    wait_view(page, "v.chart.drawn && v.runs.length === 12")
    panels.get_by_role("radio", name="Depth").click()
    wait_view(page, WORDS + ".includes('provisional: 6 of 6 arms')")
    assert view(page, DRAWN)["plain"][1] == [None] * 3
    assert page.get_by_role("radiogroup", name="Scale").is_hidden()
    page.locator(".ss-curve[data-curve=test]").click()
    page.wait_for_function(
        "() => /layout=depth&points=running-test|points=running-test&layout=depth/.test(location.search)"
    )
    with race.writer.transaction() as connection:
        now = next_revision(connection)
        connection.execute("UPDATE runs SET state = 'finished', changed = ? WHERE race = ?", (now, race.race))
    wait_view(page, f"!{WORDS}.includes('provisional') && ({DRAWN}).plain[1].every(Number.isFinite)")
    page.reload()
    wait_view(page, f"v.chart.drawn && ({DRAWN}).A?.[0].every((error) => error === 30)", 60)
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function("() => document.querySelector('.ss-plot')._fullLayout.width < 390")
    assert page.evaluate("() => document.querySelector('.ss-race').scrollWidth <= innerWidth")
