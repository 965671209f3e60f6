"""Every view of a race that plays, in Chromium: none passes for live, neither do its pictures and tables."""

from itertools import product

import pytest
from playwright.sync_api import expect

from engine.exchange.recordings import get_recording
from engine.exchange.transfer import import_from
from tests.e2e.conftest import view, wait_view
from tests.e2e.replay.test_replay_page import RECORDED, check_that_nothing_says_live, saved

pytestmark = [pytest.mark.browser, pytest.mark.slow]

#: Choices that are looked at together: each value of each choice is seen, with each layout.
CHOICES = {
    "metric": ("error", "loss"),
    "scale": ("linear", "log"),
    "x": ("step", "epoch", "seconds"),
    "seeds": ("band",),
}
CHOOSE = "(choice) => document.querySelector('.ss-race').raceView.view.choose(choice)"
FOLDS = "reading=true&protocol=true&published=true"


@pytest.fixture
def imported(site):
    def bring(name):
        found = import_from(site.workspace, get_recording(name).path, lambda done, total, what: None)
        return min(found.races)

    return bring


def test_no_view_of_a_race_passes_for_live(site, imported, open_page):
    race = imported("depth")
    page = open_page(f"{site.url}/?race={race}&replay=1&by=step&at=300&{FOLDS}")
    wait_view(page, f"{RECORDED} && v.runs.every(({{card}}) => card.step === 300)")
    for layout, (name, values) in product(("side", "overlaid", "gap", "depth"), CHOICES.items()):
        for value in values:
            page.evaluate(CHOOSE, {"layout": layout, name: value})
            wait_view(page, f"v.controls.layout === '{layout}'")
            check_that_nothing_says_live(page)
            expect(page.locator(".ss-chip")).to_have_text("REPLAY")
        page.evaluate(CHOOSE, {name: values[0]})
        if name != "metric":
            continue
        wait_view(page, f"v.picture?.view.layout === '{layout}' && v.picture.view.metric === 'error'")
        named, picture = saved(page, "svg")
        assert named.startswith(f"skipscope-replay-race-{race}-{layout}-")
        assert picture.count("REPLAY") == 2
        assert "LIVE" not in picture
        assert saved(page, "csv")[1].startswith("# REPLAY at step 300 of 400")
        page.keyboard.press("Escape")
    page.locator(".ss-present").click()
    expect(page.locator(".ss-presenting .ss-chip")).to_have_text("REPLAY")
    for key in ("?", "?", "PageDown", "PageDown", "PageDown", "b"):
        page.keyboard.press(key)
        check_that_nothing_says_live(page)
    assert view(page, "v.recorded")
