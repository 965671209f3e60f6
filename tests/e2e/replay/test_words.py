"""Every view of a race that plays, in Chromium: none passes for live, neither do its pictures and tables."""

import pytest
from playwright.sync_api import expect

from engine.exchange.recordings import get_recording
from engine.exchange.transfer import import_from
from tests.e2e.conftest import wait_view
from tests.e2e.replay.test_replay_page import RECORDED, check_that_nothing_says_live, saved

pytestmark = [pytest.mark.browser, pytest.mark.slow]

#: Addresses of views, each with layout and quantity in the names of its files; test_replay_page has the usual one.
VIEWS = {
    "layout=overlaid&metric=loss&scale=log&x=seconds": "overlaid-loss",
    "layout=gap&x=epoch": "gap-error", "layout=depth": "depth-error",
}  # fmt: skip
FOLDS = "reading=true&protocol=true&published=true"


@pytest.fixture
def imported(site):
    """Import a recorded race; return it."""

    def bring(name):
        found = import_from(site.workspace, get_recording(name).path, lambda done, total, what: None)
        return min(found.races)

    return bring


def test_no_view_of_a_race_passes_for_live(site, imported, open_page):
    race = imported("depth")
    page = open_page("about:blank")
    for address, name in VIEWS.items():
        page.goto(f"{site.url}/?race={race}&replay=1&by=step&at=300&{FOLDS}&{address}")
        layout = name.partition("-")[0]
        wait_view(page, f"{RECORDED} && v.picture?.view.layout === '{layout}' && v.runs[0].card.step === 300")
        expect(page.locator(".ss-chip")).to_have_text("REPLAY")
        check_that_nothing_says_live(page)
        named, picture = saved(page, "svg")
        assert named == f"skipscope-replay-race-{race}-{name}.svg"
        assert picture.count("REPLAY") == 2
        assert "LIVE" not in picture
        assert saved(page, "csv")[1].startswith("# REPLAY at step 300 of 400")
    page.keyboard.press("Escape")
    page.locator(".ss-present").click()
    expect(page.locator(".ss-presenting .ss-chip")).to_have_text("REPLAY")
    for key in ("?", "?", "PageDown", "PageDown", "PageDown", "b"):
        page.keyboard.press(key)
        check_that_nothing_says_live(page)
    wait_view(page, "v.recorded")
