"""Every word of every page against what is behind it, every control by keyboard alone: by script, light and dark."""

import pytest

from tests.benchmarks.page import walk
from tests.benchmarks.synthetic_probes import SyntheticRace
from tests.e2e.pace.waiting import becomes, settle, wait_at_rest
from tests.e2e.test_gradients_page import finished

pytestmark = [pytest.mark.browser, pytest.mark.slow]

RACE = "document.querySelector('.ss-race')?.raceView?.chart.drawn"
#: Path of each page, with what has to be there before it can be judged.
PAGES = {
    "": f"{RACE} && document.querySelector('.ss-race').raceView.theme.scheme === scheme",
    "layers": "document.querySelector('.sp-probes')?.probeView?.painted && document.querySelector('.sp-hist').data",
    "gradients": "document.querySelector('.sp-probes')?.probeView?.painted &&"
    " document.querySelectorAll('.sl-plot .main-svg').length",
    "instant": "document.querySelector('.si-instant')?.instantView?.theme?.scheme === scheme &&"
    " document.querySelector('.si-setting')",
    "runs": "document.querySelector('[data-testid=stDataFrame] canvas')",
}


@pytest.fixture(scope="module")
def full_site(_shared_site):
    """A site with a race that has ended, one with probes (the newest) and a lab; the numbers of both races."""
    site, bench = _shared_site
    finished(site)
    probed = SyntheticRace(site.workspace, (8, 14), ("none", "A"), 300)
    probed.fill(0, 12)
    yield site, bench.ended_race, probed.race
    probed.writer.close()


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("path", "scheme"),
    [
        ("", "light"),
        *((path, "dark") for path in PAGES),
        *(pytest.param(path, "light", marks=pytest.mark.long) for path in PAGES if path),
    ],
)
def test_every_word_can_be_read_and_every_control_is_named_and_reached_by_tab(full_site, open_page, path, scheme):
    site, ended, probed = full_site
    race = probed if path in ("layers", "gradients") else ended
    page = open_page(f"{site.url}/{path}?race={race}", color_scheme=scheme)
    page.wait_for_function(f"scheme => {PAGES[path]}", arg=scheme)
    wait_at_rest(page)
    settle(page, "() => document.body.innerText")
    # What fades in may be met half-way.
    becomes(lambda: [*walk.unreadable(page), *walk.nameless(page), *walk.unreached(page)], [], seconds=10)
