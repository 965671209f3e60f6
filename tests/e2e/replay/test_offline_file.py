"""The file of a race and its report, in Chromium without a network: opened from the disk, walked by keyboard."""

import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from engine.events import RunState, Split
from engine.exchange.transfer import ExportRequest, export_to
from engine.store.reader import Reader
from engine.store.workspace import Workspace
from engine.store.writer import Writer
from tests.app.live.offline.hostile import TEXTS
from tests.e2e.conftest import view
from tests.e2e.pace.waiting import PATIENCE, comes_true
from tests.e2e.replay.test_replay_page import saved
from tests.engine.exchange.recorded_workspace import end, small_race, train

pytestmark = [pytest.mark.browser, pytest.mark.slow]

STEPS = 3_000
#: What a file says, to whoever looks and to whoever listens.
SAID = """() => {
  const shown = [...document.querySelectorAll('[aria-label], [title]')].filter((node) => node.checkVisibility());
  const attributes = shown.flatMap((node) => [node.getAttribute('aria-label'), node.title]);
  return [document.body.innerText, document.title, ...attributes].filter(Boolean).join('\\n');
}"""
HOSTILE = " ".join(TEXTS)[:400]


@pytest.fixture(scope="module")
def race(tmp_path_factory) -> tuple[Workspace, tuple[int, ...]]:
    """A race of four runs with more steps than a curve has points, named by somebody who means no good."""
    workspace = Workspace.at(tmp_path_factory.mktemp("offline") / "workspace").prepare()
    with Writer(workspace) as writer:
        number, runs = writer.races.submit(small_race(**{"optim.steps": STEPS}))
        for run in runs:
            train(writer, run, STEPS)
            end(writer, run, RunState.FINISHED)
            writer.notes.annotate([run], HOSTILE)
        writer.log.add(runs[0], 30, "change", HOSTILE)
        assert writer.notes.rename_race(number, HOSTILE)
    return workspace, tuple(runs)


@pytest.fixture
def exported(race, tmp_path):
    def make(name: str) -> Path:
        out = tmp_path / f"{name}.html"
        export_to(race[0], ExportRequest(race[1], name), out, lambda done, total, what: None)
        return out

    return make


@pytest.fixture
def opened(browser):
    """Open a file as somebody on a train does; what it asks for and says is kept on the page as ``heard``."""
    contexts = []

    def open_one(file: Path, **options) -> Page:
        contexts.append(browser.new_context(offline=True, viewport={"width": 1280, "height": 900}, **options))
        page = contexts[-1].new_page()
        page.heard = []
        page.on("console", lambda message: page.heard.append(message.text))
        page.on("pageerror", lambda error: page.heard.append(str(error)))
        page.on("request", lambda request: page.heard.append(request.url) if is_foreign(request.url) else None)
        page.goto(file.as_uri())
        return page

    def is_foreign(url: str) -> bool:
        return not url.startswith("blob:") and not re.match(r"file:///.*/(html|report)\.html", url)

    yield open_one
    for context in contexts:
        context.close()


def until(page: Page, condition: str) -> None:
    """Wait until a condition about the page's RaceView ``v`` holds; the file's policy forbids Playwright's own way."""
    last = time.monotonic() + PATIENCE
    while not view(page, condition):
        assert time.monotonic() < last, (condition, page.heard)
        time.sleep(0.05)


def check_that_nothing_says_live(page: Page) -> None:
    said = page.evaluate(SAID)
    # at once: no word of a file may pass for live, not for an instant
    assert not re.search(r"\blive\b", said, re.IGNORECASE), said


def test_a_race_is_replayed_from_its_file_alone(exported, opened, race):
    page = opened(exported("html"))
    until(page, "v.chart.drawn && v.runs.length === 4")
    expect(page).to_have_title(re.compile("^REPLAY - "))
    expect(page.locator("h1")).to_contain_text(HOSTILE.split()[0])
    expect(page.locator(".ss-race .ss-chip")).to_have_text("REPLAY")
    check_that_nothing_says_live(page)
    _by_keyboard(page)
    _zoomed_to_single_steps(page, race)
    assert saved(page, "svg")[1].count("REPLAY") == 2
    assert saved(page, "png")[0].startswith("skipscope-replay-race-1-")
    assert saved(page, "csv")[1].startswith("# REPLAY at ")
    page.keyboard.press("Escape")
    page.locator(".ss-present").click()
    expect(page.locator(".ss-presenting .ss-chip")).to_have_text("REPLAY")
    for key in ("?", "?", "PageDown", "PageDown", "h", "r", "Escape", "Escape"):
        page.keyboard.press(key)
        check_that_nothing_says_live(page)
    _layers(page)
    assert page.evaluate("typeof window.broken") == "undefined"  # at once: what broke out once has broken out
    assert page.heard == []


def _by_keyboard(page: Page) -> None:
    """Tab to the player, begin, stand still, go to the end."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.classList.contains('ss-player-play')"):
            break
    else:
        pytest.fail("no key leads to the player")
    page.keyboard.press("Enter")
    until(page, f"v.runs.length && v.runs[0].card.step > 3 && v.runs[0].card.step < {STEPS}")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("End")
    until(page, f"v.runs.every(({{card}}) => card.step === {STEPS})")
    expect(page.locator(".ss-player-leave")).to_be_hidden()


def _zoomed_to_single_steps(page: Page, race) -> None:
    """Zoom until single steps are seen, and compare them with the record."""
    workspace, (run, *_) = race
    until(page, f"v.runs[0].series.train.step.length < {STEPS}")
    view(page, "(v.view.zoom = { x: [1000, 1040] }) && true")
    until(page, "v.runs.every(({series}) => series.detail)")
    with Reader(workspace) as reader:
        stored = reader.points.series(run, Split.TRAIN, (1000, 1040)).columns

    def check():
        detail = view(page, "v.runs[0].series.detail.points")
        inside = [at for at, step in enumerate(detail["step"]) if 1000 <= step <= 1040]
        assert [detail["step"][at] for at in inside] == [*range(1000, 1041)]
        assert [detail["loss"][at] for at in inside] == pytest.approx(stored["loss"].tolist(), rel=1e-3)
        assert [detail["error"][at] for at in inside] == pytest.approx(stored["error"].tolist(), abs=0.01)

    comes_true(check)
    page.locator(".ss-race").get_by_role("button", name="Reset zoom").click()


def _layers(page: Page) -> None:
    page.get_by_role("button", name="Layers", exact=True).click()
    expect(page.locator(".sp-chip")).to_have_text("REPLAY")
    expect(page.locator(".sp-profile .main-svg").first).to_be_visible()
    expect(page.locator(".sp-field canvas").first).to_be_visible()
    expect(page.locator(".sp-layer-panel")).to_be_hidden()
    page.locator(".sp-player .ss-player-bar").focus()
    expect(page.locator(".sp-step")).to_have_text(f"step 30 of {STEPS:,}")
    page.keyboard.press("Home")
    expect(page.locator(".sp-step")).not_to_have_text(f"step 30 of {STEPS:,}")
    check_that_nothing_says_live(page)


def test_a_phone_and_paper_have_room_for_the_file_and_the_report_is_few_pages(exported, opened):
    page = opened(exported("html"), color_scheme="dark")
    page.set_viewport_size({"width": 390, "height": 800})
    until(page, "v.chart.drawn")
    until(page, "document.documentElement.scrollWidth <= 390")
    body = page.locator("body")
    expect(body).to_have_css("background-color", "rgb(11, 14, 18)")
    page.emulate_media(media="print")
    expect(body).to_have_css("background-color", "rgb(255, 255, 255)")
    expect(page.locator(".so-tabs")).to_be_hidden()
    assert page.heard == []
    report = opened(exported("report"), java_script_enabled=False)
    expect(report.locator("svg").first).to_be_visible()
    assert report.heard == []
    pages = re.findall(rb"/Type\s*/Page\b", report.pdf(prefer_css_page_size=True))
    assert 1 <= len(pages) <= 3
