"""A race and what an import makes of its bundle, side by side in Chromium: the same picture, pixel for pixel."""

import pytest
from playwright.sync_api import Page

from engine.events import Evaluated, RunState, Split, StepRow
from engine.exchange.transfer import ExportRequest, export_to, import_from
from engine.store.workspace import Workspace
from tests.benchmarks.synthetic_probes import SyntheticRace
from tests.e2e.conftest import Site

pytestmark = [pytest.mark.browser, pytest.mark.slow]

STEPS = 300
#: What is compared of each page, by its address, with what says that it is drawn.
DRAWN = "() => document.querySelector('.ss-race')?.raceView?.chart.drawn"
PROBED = "() => document.querySelector('.sp-probes')?.probeView?.painted && document.querySelector('.sp-field')"
PAGES = {
    "/?race=1": (DRAWN, (".ss-gap", ".ss-certainty", ".ss-why", ".ss-key", ".ss-stage")),
    "/?race=1&layout=gap": (DRAWN, (".ss-stage",)),
    "/?race=1&layout=overlaid&metric=loss&x=seconds": (DRAWN, (".ss-stage",)),
    "/?race=1&replay=1&by=step&at=150": (DRAWN, (".ss-gap", ".ss-player", ".ss-stage")),
    "/layers?race=1": (PROBED, (".sp-answer", ".sp-profile", ".sp-maps")),
    "/gradients?race=1": (PROBED, (".sp-answer", ".sp-maps")),
}


def quiet(done: int, total: int, what: str) -> None:
    """Report to nobody."""


@pytest.fixture
def both(tmp_path):
    """A site with a race that was written in it, and one with the same race imported."""
    own, other = (Workspace.at(tmp_path / name / "workspace").prepare() for name in ("own", "other"))
    race = SyntheticRace(own, (8, 14), ("none", "A"), STEPS)
    for run in race.runs:
        rows = [
            StepRow(s, 2.0 - s / 300, 80 - s / (5 + run), 2.0, 80 - s / (5 + run), 0.1, s / 5) for s in range(1, 301)
        ]
        found = [Evaluated(STEPS, split, 1.0, 30.0 + run, 1000, 60.0, 0.1, "running") for split in Split][1:]
        race.writer.points.record(run, rows, evaluations=found)
    race.fill()
    for run in race.runs:
        for state in (RunState.QUEUED, RunState.STARTING, RunState.RUNNING, RunState.FINISHED):
            race.writer.jobs.move(run, state)
    race.writer.close()
    file = tmp_path / "race.skipscope"
    export_to(own, ExportRequest(tuple(race.runs), "bundle"), file, quiet)
    import_from(other, file, quiet)
    sites = [Site(own), Site(other)]
    try:
        for site in sites:
            site.start_engine()
            site.start()
        yield sites
    finally:
        for site in sites:
            site.close()


# at once: each part is looked at after all is drawn
def pictures(page: Page, url: str, ready: str, parts: tuple[str, ...]) -> dict[str, bytes]:
    page.goto(url)
    page.wait_for_function(ready)
    page.mouse.move(5, 5)
    page.wait_for_timeout(2500)
    return {part: page.locator(part).first.screenshot(animations="disabled") for part in parts}


@pytest.mark.long
def test_the_imported_race_draws_the_same_page(both, open_page):
    page = open_page("about:blank")
    for address, (ready, parts) in PAGES.items():
        first, second = (pictures(page, f"{site.url}{address}", ready, parts) for site in both)
        assert first.keys() == second.keys() == {*parts}
        assert [part for part in parts if first[part] != second[part]] == [], address
