"""A stored race that plays in Chromium: all agrees at each moment, everything says REPLAY, and the way back."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from engine.events import StepRow
from engine.store.reader import Reader
from tests.benchmarks.synthetic_probes import SyntheticRace
from tests.e2e.conftest import SLOW, view, wait_view
from tests.e2e.pace.waiting import becomes, settle, until

pytestmark = [pytest.mark.browser, pytest.mark.slow]

#: What a page says, to whoever looks and to whoever listens; the way back is called *Back to live*.
SAID = """() => {
  const main = document.querySelector('[data-testid=stMain]');
  const shown = [...main.querySelectorAll('[aria-label], [title]')].filter((node) => node.checkVisibility());
  const attributes = shown.flatMap((node) => [node.getAttribute('aria-label'), node.title]);
  return [main.innerText, document.title, ...attributes].filter(Boolean).join('\\n').replace(/Back to live/g, '');
}"""
RECORDED = "v.recorded && v.chart.drawn"
#: The last steps of curves and cards, and what stands at the end of the race.
STATE = (
    "v.runs.map(({card, series}) => [card.state, card.step, series.train.step.at(-1) ?? 0,"
    " Math.max(0, ...series.test.step)])"
)


def check_that_nothing_says_live(page: Page) -> None:
    said = page.evaluate(SAID)
    # at once: no word of a replay may pass for live, not for an instant
    assert not re.search(r"\blive\b", said, re.IGNORECASE), said
    # The script writes a title of its own, to which the page adds the word.
    page.wait_for_function("() => document.title.startsWith('REPLAY - ')")


def saved(page: Page, name: str) -> tuple[str, str]:
    """Press a button of the menu *Export*; return name and text of the file."""
    if page.locator(".ss-export").get_attribute("open") is None:
        page.locator(".ss-export summary").click()
    with page.expect_download() as download:
        page.locator(f".ss-export .ss-{name}").click()
    path = Path(download.value.path())
    return download.value.suggested_filename, path.read_bytes().decode("utf-8", "replace")


def test_a_link_plays_at_once_and_a_moment_agrees_with_itself(recorded, open_page):
    site, bench = recorded
    page = open_page(f"{site.url}/?race={bench.ended_race}&replay=1&speed=20")
    wait_view(page, RECORDED)
    expect(page.locator(".ss-chip")).to_have_text("REPLAY")
    wait_view(page, "v.runs.every(({card}) => card.step > 20 && card.state === 'running')")
    page.locator(".ss-player-play").click()
    for by, share in (("seconds", 0.25), ("step", 0.6), ("seconds", 0.6)):
        page.locator(".ss-player-choice").last.select_option(by)
        page.locator(".ss-player-bar").fill(str(round(10_000 * share)))
        step = round(1000 * share)
        wait_view(page, f"v.runs.every(({{card}}) => Math.abs(card.step - {step}) <= 1)")
        becomes(
            lambda: view(page, STATE),
            lambda runs: all((state, ended, drawn) == ("running", 0, at) for state, at, drawn, ended in runs),
        )
        expect(page.locator(".ss-card .ss-state").first).to_contain_text("running")
    check_that_nothing_says_live(page)
    page.locator(".ss-player-bar").press("End")
    wait_view(page, "v.runs.every(({card}) => card.state === 'finished')")
    wait_view(page, "v.runs.every(({series}) => series.test.step.at(-1) === 1000)")
    expect(page.locator(".ss-next")).to_be_hidden()
    expect(page.locator(".ss-card .ss-buttons button")).to_have_count(0)
    end = page.locator(".ss-gap").inner_text()
    page.locator(".ss-player-leave").click()
    wait_view(page, "!v.recorded && v.chart.drawn")
    expect(page.locator(".ss-chip")).to_have_text("ENDED")
    becomes(page.locator(".ss-gap").inner_text, end)
    expect(page).not_to_have_title(re.compile("REPLAY"))
    page.wait_for_function("() => !location.search.includes('replay')")


def test_pictures_tables_stage_and_layers_say_that_it_is_a_replay(recorded, open_page):
    site, bench = recorded
    page = open_page(f"{site.url}/?race={bench.ended_race}&replay=1&at=100")
    wait_view(page, f"{RECORDED} && v.runs.every(({{card}}) => card.step === 500)")
    check_that_nothing_says_live(page)
    name, table = saved(page, "csv")
    assert re.fullmatch(r"skipscope-replay-race-\d+-side-error\.csv", name)
    assert table.startswith("# REPLAY at 1 min 40 s of 3 min 20 s\r\nrun,")
    assert max(int(line.split(",")[6]) for line in table.splitlines()[2:]) == 500
    name, picture = saved(page, "svg")
    assert "replay" in name
    assert picture.count("REPLAY") == 2
    assert "LIVE" not in picture
    assert saved(page, "png")[0].startswith("skipscope-replay-")
    page.keyboard.press("Escape")
    page.keyboard.press("p")
    expect(page.locator(".ss-presenting .ss-chip")).to_have_text("REPLAY")
    expect(page.locator(".ss-presenting .ss-player-bar")).to_be_visible()
    check_that_nothing_says_live(page)
    page.keyboard.press("Space")
    wait_view(page, "v.runs.every(({card}) => card.step > 500)")
    page.keyboard.press("Space")
    page.keyboard.press("Escape")
    place = settle(page, "() => document.querySelector('.ss-player-place').innerText")
    page.get_by_role("link", name="Layers").first.click()
    expect(page.locator(".sp-chip")).to_have_text("REPLAY")
    expect(page.locator(".ss-player-place")).to_have_text(place)
    expect(page.locator(".sp-follow")).to_be_hidden()
    check_that_nothing_says_live(page)


def test_layers_and_gradients_stand_at_the_moment_and_their_files_say_so(site, open_page):
    race = SyntheticRace(site.workspace, (8, 14), ("none", "A"), 300)
    for run in race.runs:
        rows = [StepRow(s, 2.0, 80 - s / 10, 2.0, 80 - s / 10, 0.1, s / 5) for s in range(1, 301)]
        race.writer.points.record(run, rows)
    race.fill()
    race.writer.close()
    page = open_page(f"{site.url}/layers?race={race.race}&replay=1&by=step&at=150")
    expect(page.locator(".sp-chip")).to_have_text("REPLAY")
    expect(page.locator(".sp-step")).to_have_text(re.compile(r"step 1[0-4]\d of 300"))
    page.wait_for_function("() => document.querySelector('.sp-probes').probeView.layer.found")
    check_that_nothing_says_live(page)
    for chart in ("profile", "map", "hist", "channels"):
        for form in ("csv", "svg"):
            with page.expect_download() as download:
                page.locator(f".sp-{chart}-take button[data-format={form}]").click()
            text = Path(download.value.path()).read_text()
            assert download.value.suggested_filename.startswith(f"skipscope-replay-race-{race.race}-")
            assert "LIVE" not in text
            if form == "svg":
                assert text.count("REPLAY") == 2
                continue
            assert text.startswith("# REPLAY at step 150 of 300\n")
            assert max(int(line.split(",")[3]) for line in text.splitlines()[2:]) <= 150
    # A column of the map is a place of the replay, for every page.
    page.locator(".sp-field").first.click(position={"x": 40, "y": 20})
    page.wait_for_function("() => document.querySelector('.sp-probes').probeView.timeline.step < 100")
    column = settle(page, "() => document.querySelector('.sp-probes').probeView.timeline.step")
    expect(page.locator(".ss-player-place")).to_have_text(f"step {column} of 300")
    page.locator(".ss-player-bar").press("Home")
    expect(page.locator(".sp-step")).to_have_text("step 0 of 300")
    page.get_by_role("link", name="Gradients").first.click()
    expect(page.locator(".sp-chip")).to_have_text("REPLAY")
    expect(page.locator(".sp-step")).to_have_text("step 0 of 300")
    check_that_nothing_says_live(page)
    page.get_by_role("link", name="Race").first.click()
    wait_view(page, f"{RECORDED} && v.runs.every(({{card}}) => card.step === 0)")
    expect(page.locator(".ss-gap")).to_contain_text("Training has begun.")


def test_a_race_that_trains_is_left_for_its_recording_and_found_again(site, open_page):
    race, runs = site.race(steps=SLOW)
    page = open_page(f"{site.url}/?race={race}")
    wait_view(page, "v.chart.drawn && v.runs.length === 2 && v.runs.every(r => r.series.lastStep > 10)")
    page.evaluate("() => { document.querySelector('.ss-race').raceView.view.zoom = { x: [0, 40] }; }")
    asked: list[str] = []
    # Until the recording is here nothing passes for a live race, and nothing can be commanded.
    page.evaluate(
        "() => { const known = window.fetch; window.fetch = async (...asked) => {"
        " if (String(asked[0]).includes('/recording')) await new Promise((go) => (window.letGo = go));"
        " return known(...asked); }; }"
    )
    page.locator(".ss-replay").click()
    expect(page.locator(".ss-chip")).to_have_text("REPLAY")
    assert not view(page, "v.recorded")  # at once: the recording is kept back
    expect(page).to_have_title(re.compile("^REPLAY - "))
    expect(page.locator(".ss-pause-all")).to_be_hidden()
    expect(page.locator(".ss-card .ss-buttons button")).to_have_count(0)
    page.evaluate("() => window.letGo()")
    page.on("request", lambda request: asked.append(request.url))
    wait_view(page, RECORDED)
    expect(page.locator(".ss-chip")).to_have_text("REPLAY")
    furthest = "Math.max(...v.runs.map(r => r.card.step))"
    left = becomes(lambda: view(page, furthest), lambda step: step > 10)
    becomes(lambda: view(page, "v.view.zoom.x"), [0, 40])
    until(lambda: min(site.row(run).step for run in runs) > left + 4)
    assert view(page, furthest) == left, "a recording does not grow"  # at once: the race has gone on
    assert not [url for url in asked if "/live/stream" in url]
    expect(page.locator(".ss-notify")).to_be_hidden()
    expect(page.locator(".ss-pause-all")).to_be_hidden()
    expect(page.locator(".st-key-whatif")).to_be_hidden()
    page.locator(".ss-player-bar").press("Home")
    wait_view(page, "v.runs.every(r => r.card.step === 0)")
    page.get_by_role("button", name="Back to live").click()
    wait_view(page, f"!v.recorded && Math.max(...v.runs.map(r => r.series.lastStep)) >= {left}")
    expect(page.locator(".ss-chip")).to_have_text("LIVE")
    becomes(lambda: view(page, "v.view.zoom.x"), [0, 40])


@pytest.mark.long
def test_a_selection_of_runs_plays_too(recorded, open_page):
    """Of one race and of two: curves grow, the table beside them stays, and the chart says what is compared."""
    site, bench = recorded
    with Reader(site.workspace) as reader:
        ended = [row.id for row in reader.runs.all(bench.ended_race)]
    for chosen, said in ((ended[:2], "plain-56"), ([ended[0], bench.runs[0]], "different races")):
        page = open_page(f"{site.url}/runs?runs={','.join(map(str, chosen))}")
        wait_view(page, "v.chart.drawn && v.runs.length === 2")
        page.locator(".ss-replay").click()
        wait_view(page, RECORDED)
        expect(page.locator(".ss-chip")).to_have_text("REPLAY")
        page.locator(".ss-player-bar").fill("5000")
        wait_view(page, "v.runs.every(({card, series}) => card.step > 100 && series.lastStep === card.step)")
        expect(page.locator(".ss-gap")).to_contain_text(said)
        check_that_nothing_says_live(page)
        page.locator(".ss-player-leave").click()
        wait_view(page, "!v.recorded && v.runs.every(({card}) => card.step >= 1000)")
        page.wait_for_function("() => !location.search.includes('replay')")
