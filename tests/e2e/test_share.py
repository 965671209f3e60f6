"""A shared page: with the presenter's link one commands; without it nothing does, whatever a browser sends."""

import csv
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from http.client import HTTPConnection
from io import BytesIO
from itertools import cycle

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import expect
from websockets.exceptions import InvalidStatus

from engine.events import ENDED, RunState
from engine.runs.protocol import instant
from engine.store.reader import Reader
from tests.app.live.conftest import Bench
from tests.e2e.conftest import Site, wait_view
from tests.e2e.pace.waiting import PATIENCE, becomes, until
from tests.e2e.raw import RawPage

pytestmark = pytest.mark.browser

#: What the page's script or a later one may understand as a command.
VERBS = (
    "pause", "resume", "stop", "delete", "pause-all", "resume-all", "delete-all", "stop-all", "engine", "start", "set",
    "change", "fork", "fork-at", "extend", "pace", "lab", "measure", "rename", "note", "new_database", "shutdown",
)  # fmt: skip
#: Some of the buttons that a presenter's pages have.
PRESSED = {
    "start", "whatif_apply", "whatif_fork", "whatif_extend", "whatif_keep", "note", "rename", "delete",
    "note_keep", "race_name_keep", "delete_sure",
}  # fmt: skip
#: Pages that send commands of their own, by their components.
COMMANDING = ("gradients", "instant", "talk")
OF_A_LAB = ("measure", "pause", "resume", "stop", "delete", "engine", "start")
#: Buttons that change nothing but what one looks at.
OF_ANYBODY = {"clear", "differs", "show_newer"}
FINISHED = (RunState.STARTING, RunState.RUNNING, RunState.FINISHED)
#: Tables in which the engine and the server note that they live, whoever looks on.
LIVES = ('INSERT INTO "engine"', 'INSERT INTO "clients"')


class SharedSite(Site):
    """A site that is shared on this machine's own address."""

    def share(self) -> None:
        if self.control.engine.status().state == "none":
            self.start_engine()
        self.start("--share", "--host", "127.0.0.1")
        until(lambda: "audience" in self.said.read_text())
        self.link = re.search(r"presenter: (\S+)", self.said.read_text())[1]
        self.audience = re.search(r"audience: +(\S+)", self.said.read_text())[1]

    @property
    def cookie(self) -> str:
        return f"skipscope_presenter_{self.port}={self.link.partition('=')[2]}"

    @property
    def wrong_cookie(self) -> str:
        return f"skipscope_presenter_{self.port}={self.link.partition('=')[2][::-1]}"

    def without_token(self) -> dict[str, str]:
        return {"no token": "", "a wrong token": self.wrong_cookie}

    def put_back(self, *runs: int) -> None:
        """Pause stopped runs again, as no command can."""
        with closing(sqlite3.connect(self.workspace.database)) as connection, connection:
            connection.executemany("UPDATE runs SET state = 'paused' WHERE id = ?", [(run,) for run in runs])

    def quiet(self) -> None:
        """Stop what a presenter's page measures by itself, so that nothing is written any more."""
        with Reader(self.workspace) as reader:
            busy = [row.id for row in reader.jobs.all() if row.state not in {*ENDED, RunState.PAUSED}]
        for run in busy:
            self.control.commands.give("stop", run, until_done_s=PATIENCE)

    def contents(self) -> list[str]:
        with closing(sqlite3.connect(f"file:{self.workspace.database}?mode=ro", uri=True)) as connection:
            return [line for line in connection.iterdump() if not line.startswith(LIVES)]

    def files(self) -> set[str]:
        return {str(path) for path in self.workspace.path.rglob("*") if "skipscope.db" not in path.name}

    def answer(self, path: str, **headers: str) -> tuple[int, str]:
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.headers.get("set-cookie", "")


class SwiftSite(SharedSite):
    """A shared site that keeps nobody waiting."""

    module = "tests.e2e.pace.swift"


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> Iterator[SharedSite]:
    """A shared site whose race was written, not trained: three paused runs, one finished, one checkpoint."""
    bench = Bench(tmp_path_factory.mktemp("shared") / "workspace")
    site = SwiftSite(bench.workspace)
    site.race_id, site.runs = bench.race, bench.runs
    for run in bench.runs:
        bench.run_states(run, *((RunState.PAUSED,) if run != bench.runs[3] else FINISHED))
        bench.steps(run, 1, 30)
    with bench.writer.transaction() as connection:
        connection.execute(
            "INSERT INTO checkpoints (run, step, reason, bytes, created) VALUES (?, 20, 'pause', 1, 1)",
            (bench.runs[0],),
        )
    bench.writer.close()
    site.share()
    yield site
    site.close()


def refused(site: SharedSite, cookie: str, origin: str) -> bool:
    """Whether a page of this origin gets no connection."""
    try:
        with RawPage(site.url, cookie, origin):
            return False
    except InvalidStatus as error:
        return error.response.status_code == 403


@pytest.mark.slow
def test_what_a_presenter_sends_is_refused_when_anyone_else_sends_it(shared, another):
    run, other = shared.runs[:2]
    page = another.new_page()
    sent: list[bytes | str] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page.goto(shared.link)
    page.wait_for_url(re.compile(r"^http://127.0.0.1:\d+/(\?|$)"))
    wait_view(page, "v.runs.length === 4")
    assert "presenter" not in page.evaluate("document.cookie")  # at once: no script may ever read the token
    for name in ("plain-20", "plain-56"):
        page.get_by_role("button", name=f"Stop {name}", exact=True).click()
        page.get_by_role("button", name=f"Stop {name} for good").click()
    until(lambda: shared.row(run).state == shared.row(other).state == "stopped")
    _room_code(page, shared.audience)
    with Reader(shared.workspace) as reader:
        (race,) = {shared.row(run).race, shared.row(other).race}
        assert {(row.verb, row.author) for row in reader.commands.of_race(race, 9)} == {("stop", "presenter 1")}
    page.get_by_text("What was changed, and by whom").click()
    expect(page.get_by_text(re.compile(rf"presenter 1: stop, runs? {run}\b"))).to_be_visible()
    page.close()
    shared.put_back(run, other)
    shared.quiet()
    frames = [frame for frame in sent if isinstance(frame, bytes)]
    stops = [frame for frame in frames if b'"stop\\"' in frame or b'"stop"' in frame]
    assert len(stops) >= 2, "a page that is drawn again meanwhile may say its state once more"

    before, files = shared.contents(), shared.files()
    for words, cookie in shared.without_token().items():
        with RawPage(shared.url, cookie) as stranger:
            for frame in frames:
                stranger.send(frame)
            assert any("only looks on" in text for text in stranger.texts), "the command has reached the script"
        assert shared.contents() == before, words
    for origin in ("http://evil.example", "http://localhost:9999", "http://127.0.0.1:1", "null"):
        assert refused(shared, shared.cookie, origin), origin
    assert (shared.contents(), shared.files()) == (before, files)

    with RawPage(shared.url, shared.cookie) as presenter:
        presenter.run(query=f"race={shared.race_id}")
        for frame in stops:
            presenter.send(frame)
    until(lambda: shared.row(run).state == shared.row(other).state == "stopped")
    shared.put_back(run, other)


def _room_code(page, link: str) -> None:
    """Read the code of the room's link from the stage of a dark page; the link is in words below it."""
    page.emulate_media(color_scheme="dark")
    page.keyboard.press("p")
    page.keyboard.press("j")
    code = page.locator(".ss-presenting .ss-room-code")
    expect(code).to_be_visible()
    becomes(lambda: [one.text for one in zxingcpp.read_barcodes(Image.open(BytesIO(page.screenshot())))], [link])
    expect(code).to_contain_text(link.removeprefix("http://"))
    expect(code).to_contain_text("this machine only")
    large = 0.7 * page.viewport_size["height"]  # for the back row
    becomes(code.locator("svg").bounding_box, lambda size: min(size["width"], size["height"]) > large)
    page.keyboard.press("Escape")
    expect(code).to_be_hidden()
    wait_view(page, "v.view.present")
    page.keyboard.press("Escape")
    expect(page.locator(".ss-presenting")).to_have_count(0)


@pytest.mark.slow
def test_no_button_and_no_verb_of_the_page_works_without_the_token(shared):
    query, runs = f"race={shared.race_id}", shared.runs
    with RawPage(shared.url, shared.cookie) as presenter:
        presenter.run(query=query)
        ways = [name for name in presenter.widgets if name.endswith("-whatif_way")]
        for way in ("Change live runs", "Fork", "Run longer", "Pace"):
            presenter.run(query=query, widgets=dict.fromkeys(ways, way))
        presenter.run(query=query, widgets={presenter.trigger_of("live"): _command("fork-at", runs[0], step=5)})
        for name in [name for name in presenter.pages if name]:
            presenter.run(name, query=query)
        selected = f"runs={runs[0]}"
        presenter.run("runs", query=selected)
        for name in [name for name in presenter.buttons if name.endswith(("-note", "-rename", "-delete"))]:
            presenter.run("runs", query=selected, widgets={name: True})
    buttons = presenter.buttons
    assert {name.rsplit("-", 1)[-1] for name in buttons} >= PRESSED
    assert any("lab-gradients-press" in name for name in buttons)
    shared.quiet()

    before, files = shared.contents(), shared.files()
    for words, cookie in shared.without_token().items():
        # Whoever has a wrong token is nobody, as who has none: some of the verbs and pages are enough.
        verbs = VERBS[:4] if cookie else VERBS
        with RawPage(shared.url, cookie) as stranger:
            stranger.run(query=query)
            pressed = dict.fromkeys(buttons, True)
            for fragment in {"", *(button.fragment for button in buttons.values())}:
                stranger.run(query=query, widgets=pressed, fragment=fragment)
            for verb, run in zip(verbs, cycle(runs), strict=False):
                stranger.run(query=query, widgets={stranger.trigger_of("live"): _command(verb, run)})
            for page in COMMANDING if cookie else [name for name in stranger.pages if name]:
                stranger.run(page, query=query)
                stranger.run(page, query=query, widgets=pressed)
            stranger.run("runs", query=selected)
            for fragment in {"", *(button.fragment for button in buttons.values())}:
                stranger.run("runs", query=selected, widgets=pressed, fragment=fragment)
            for verb, run in zip(verbs, cycle(runs), strict=False):
                stranger.run("runs", query=selected, widgets={stranger.trigger_of("compare"): _command(verb, run)})
            for verb in OF_A_LAB:
                asked = _command(verb, runs[0], setting="gain", value=0.7)
                widgets = dict.fromkeys(stranger.triggers_of("lab-gradients-view"), asked)
                assert widgets
                stranger.run("gradients", query=query, widgets=widgets)
            for verb in ("train", "keep", "engine"):
                asked = _command(verb, runs[0], choice=asdict(instant.usual()))
                stranger.run("instant", widgets={stranger.trigger_of("instant"): asked})
            for verb in ("show", "end", "live", "vote", "look"):
                asked = _command(verb, runs[0], scene=2, question="plain", choice=1)
                stranger.run("talk", query=query, widgets={stranger.trigger_of("talk_view"): asked})
            drawn = {name.rsplit("-", 1)[-1] for name in stranger.buttons}
            assert drawn <= OF_ANYBODY, "nothing that commands is drawn"
        assert shared.contents() == before, words
        assert shared.files() == files, words

    with RawPage(shared.url, shared.cookie) as presenter:
        presenter.run(query=query)
        presenter.run(query=query, widgets={presenter.trigger_of("live"): _command("stop", runs[1])})
        presenter.run("runs", query=selected)
        presenter.run("runs", query=selected, widgets={presenter.trigger_of("compare"): _command("stop", runs[2])})
    until(lambda: shared.row(runs[1]).state == shared.row(runs[2]).state == "stopped")


def _command(verb: str, run: int, **more: object) -> dict[str, object]:
    return {"verb": verb, "run": run, "at": 1, **more}


@pytest.mark.slow
def test_a_wrong_link_gives_nothing_and_the_right_one_ends_with_the_server(shared):
    for path in ("/present", "/present?token=", "/present?token=guess", f"/present?token={shared.link[-10:]}"):
        assert shared.answer(path) == (403, "")
    old, (_, voter) = shared.cookie, shared.answer("/", accept="text/html")
    shared.interrupt()
    shared.share()
    assert shared.cookie != old
    assert shared.answer("/", accept="text/html", cookie=voter.partition(";")[0]) == (200, ""), "another voter"
    with RawPage(shared.url, old) as page:
        page.run()
        assert any("looking on" in text for text in page.texts)
        assert not page.buttons
    with RawPage(shared.url, shared.cookie) as page:
        page.run()
        assert page.session
        assert not any("looking on" in text for text in page.texts)
        assert page.buttons
    with RawPage(shared.url, session=page.session) as taken:  # as if its name had leaked
        taken.run()
        assert taken.session == page.session
        taken.run(widgets={taken.trigger_of("live"): _command("stop", shared.runs[0])})
        assert any("only looks on" in text for text in taken.texts)
    assert shared.row(shared.runs[0]).state == "paused"


@pytest.mark.slow
def test_the_audience_sees_the_first_race_begin_and_has_nothing_to_press(workspace, another):
    site = SharedSite(workspace)
    site.share()
    try:
        page = another.new_page()
        page.goto(site.audience)
        expect(page.get_by_text("Nothing has been started yet")).to_be_visible()
        expect(page.get_by_role("button", name="Start")).to_have_count(0)
        site.control.engine.shutdown()  # else it would train what is written now
        bench = Bench(workspace.path)
        bench.start_all()
        bench.steps(bench.runs[0], 1, 30)
        bench.writer.close()
        race = bench.race
        wait_view(page, "v.runs.length === 4 && v.runs[0].series.lastStep === 30")
        expect(page.get_by_text("Audience: looking on")).to_be_visible()
        for name in ("Pause", "Resume", "Stop", "Delete", "Start", "Apply"):
            expect(page.get_by_role("button", name=re.compile(f"^{name}"))).to_have_count(0)
        expect(page.locator("[data-testid=stSidebarContent] button")).to_have_count(0)
        wait_view(page, "v.data.mayCommand === false")
        for address in ("gradients", "layers"):
            page.goto(f"{site.audience}/{address}?race={race}")
            expect(page.get_by_text("Audience: looking on")).to_be_visible()
            expect(page.get_by_role("button", name=re.compile("^(Run the lab|Measure)"))).to_have_count(0)
        assert _tables(page, f"{site.audience}/runs") == [{*map(str, bench.runs)}] * 2
    finally:
        site.close()


def _tables(page, runs_page: str) -> list[set[str]]:
    """Export both tables of the page Runs; return the runs that each has."""
    page.goto(runs_page)
    page.get_by_role("button", name="Export").click()
    runs = []
    for name in ("Table as CSV", "Settings as CSV"):
        with page.expect_download() as download:
            page.get_by_role("button", name=name).click()
        with download.value.path().open(newline="") as lines:
            runs.append({row["run"] for row in csv.DictReader(lines)})
    return runs
