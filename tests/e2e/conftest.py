"""A real server, a real engine and a real browser, each ended by the process that started it.

Each process of the suite has one of each, which its tests share; a test that kills or shares takes a site of its own.
"""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from functools import partial
from http.client import HTTPConnection
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect, sync_playwright

from engine.errors import SkipscopeError
from engine.events import ENDED, RunState, Split
from engine.paths import PROJECT
from engine.runs.client.control import Control
from engine.runs.protocol.planning import RaceRequest, plan_race
from engine.store.reader import Reader
from engine.store.workspace import Workspace
from tests.app.live.conftest import Bench
from tests.e2e.pace.waiting import LOOKS, PATIENCE, until, wait_drawn

#: A race that is there when the test ends, and leaves the cores to the page: its runs make 20 steps per second where
#: the engine is the tests' own; in a slow one 5, so that every step is streamed.
ENDLESS, SLOW = 100_050, 100_200
#: A net that makes hundreds of steps per second.
FAST = {
    "width": "8", "pool": "4", "batch_size": "32", "precision": "fp32", "eval_images": "100", "probe.images": "0",
}  # fmt: skip


#: Seconds without work after which an engine of the tests ends, should nobody end it: longer than any test leaves it.
IDLE_S = "3600"
expect.set_options(timeout=1000 * PATIENCE)


#: Where a page may fetch from: the sites of the tests, and what it made itself.
OWN = ("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:", "about:")


#: Pages of one context share a process: a new one reads and compiles all scripts anew, nearly half of a page's cost.
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--process-per-site"]


class Site:
    """The app server of one workspace on a port of its own; it can be ended and started again."""

    #: What is run: ``python -m module``.
    module = "app"
    #: The path below which its pages lie.
    base = ""

    def __init__(self, workspace: Workspace):
        self.workspace = workspace
        self.control = Control(workspace)
        self.process: subprocess.Popen | None = None
        self._engine: subprocess.Popen | None = None
        #: What the server says on its standard output.
        self.said = workspace.path.with_suffix(".said")
        #: Where its log goes, instead of this process's standard error.
        self.log: Path | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start_engine(self) -> None:
        """Start an engine that the server takes for its own: endless runs rest, and it loads torch for runs only."""
        command = [sys.executable, "-m", "tests.engine.runs.faults", str(self.workspace.path), "cold", IDLE_S]
        with self.workspace.engine_log.open("ab") as log:
            self._engine = subprocess.Popen(command, cwd=PROJECT, start_new_session=True, stdout=log, stderr=log)
        until(lambda: self.control.engine.status().state == "alive")

    def engine_end(self) -> str:
        """Return what became of the engine that was started here, '' while it lives: another one's runs never rest."""
        assert self._engine is not None
        if (code := self._engine.poll()) is None:
            return ""
        return f"the site's engine ended with {code}:\n{self.workspace.engine_log.read_text()[-3000:]}"

    def keep_engine(self) -> None:
        """Start that engine again where it has ended, in the place of one that the server may have started."""
        if self._engine is not None and self._engine.poll() is not None:
            with suppress(SkipscopeError):
                self.control.engine.shutdown()
            self.start_engine()

    def start(self, *options: str, engine: bool = True) -> None:
        """Start the server; with ``engine``, wait for the engine that it starts, so that none is left."""
        command = [sys.executable, "-m", self.module, "--no-browser", "--port", str(self.port), *options]
        with self.said.open("w") as said, nullcontext() if self.log is None else self.log.open("a") as log:
            self.process = subprocess.Popen(
                [*command, "--workspace", str(self.workspace.path)], cwd=PROJECT, stdout=said, stderr=log,
                env={**os.environ, "DISPLAY": ""},
            )  # fmt: skip
        until(self._answers)
        if engine:
            until(lambda: self.control.engine.status().state == "alive")

    def _answers(self) -> bool:
        with suppress(OSError), closing(HTTPConnection("127.0.0.1", self.port, timeout=2)) as connection:
            connection.request("GET", f"{self.base}/_stcore/health")
            return connection.getresponse().status == 200
        return False

    def interrupt(self) -> None:
        """Send SIGINT as Ctrl-C does, and wait until the server is gone."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        self.process.wait(PATIENCE)

    def race(self, depths=(8,), shortcuts=("none", "A"), steps=ENDLESS, settings=FAST, **choices) -> tuple[int, list]:
        """Start a race of small nets behind the page's back."""
        planned = plan_race(RaceRequest(depths, shortcuts, steps=steps, settings=settings, **choices), self.workspace)
        return self.control.start_race(planned)

    def row(self, run: int):
        with Reader(self.workspace) as reader:
            return reader.jobs.get(run)

    def close(self) -> None:
        """End the server as Ctrl-C does, so that what it ran is counted, then the engine."""
        if self.process is not None and self.process.poll() is None:
            try:
                self.interrupt()
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(60)
        with suppress(SkipscopeError):
            self.control.engine.shutdown()
        if self._engine is not None:
            self._engine.wait(PATIENCE)


@pytest.fixture
def untouched_site(workspace) -> Iterator[Site]:
    """What somebody has who starts the app for the first time: a server of its own, which starts the engine."""
    site = Site(workspace)
    site.start()
    yield site
    site.close()


@pytest.fixture
def fresh_site(workspace) -> Iterator[Site]:
    """A site of its own: nothing was trained in it, and the test may kill what it likes."""
    site = Site(workspace)
    site.start_engine()
    site.start()
    yield site
    site.close()


SPIKE = 77.0


def written_race(path) -> Bench:
    """A race of four runs which were written, not trained: 5,000 steps each, one with a spike; one that has ended."""
    bench = Bench(path)
    bench.start_all()
    # A step that is on record keeps its values.
    bench.steps(bench.runs[0], 2345, 2345, loss=SPIKE)
    for run in bench.runs:
        bench.steps(run, 1, 5000)
        for step in range(500, 5001, 500):
            bench.evaluation(run, step)
            bench.evaluation(run, step, Split.TRAIN_CLEAN)
        bench.run_states(run, RunState.STOPPING, RunState.STOPPED)
    bench.ended_race, ended = bench.writer.races.submit(bench.config)
    for run in ended:
        bench.run_states(run, RunState.STARTING, RunState.RUNNING)
        bench.steps(run, 1, 1000)
        for split in (Split.TEST, Split.TRAIN_CLEAN):
            bench.evaluation(run, 1000, split, error=40.0 + run)
        bench.run_states(run, RunState.FINISHED)
    bench.writer.close()
    return bench


@pytest.fixture(scope="package")
def _shared_site(tmp_path_factory) -> Iterator[tuple[Site, Bench]]:
    """The one site of this process; its first race was written before the engine could take it for its own."""
    bench = written_race(tmp_path_factory.mktemp("site") / "workspace")
    site = Site(bench.workspace)
    site.start_engine()
    site.start()
    yield site, bench
    site.close()


@pytest.fixture
def site(_shared_site) -> Iterator[Site]:
    """A running site that other tests use as well; the races of the test are stopped at its end."""
    site, _ = _shared_site
    site.keep_engine()
    yield site
    fault = site.engine_end()
    site.keep_engine()
    if site.process.poll() is not None:  # the test ended it, and failed before it was there again
        site.start()
    with Reader(site.workspace) as reader:
        left = [row.id for row in reader.runs.all(states=set(RunState) - ENDED, every=True)]
    site.control.commands.ask_each("stop", left, until_done_s=PATIENCE)
    assert not fault, fault


@pytest.fixture
def recorded(_shared_site) -> tuple[Site, Bench]:
    """The same site, and the race in it that was written; others come and go beside it."""
    return _shared_site


@pytest.fixture(scope="package")
def browser(chromium) -> Iterator[Browser]:
    """One for these tests, and gone after them: while it is there, no other test of the process can use asyncio."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=OPTIONS)
        yield browser
        browser.close()


@contextmanager
def _kept_context(browser: Browser) -> Iterator[BrowserContext]:
    """A context that tests share for the scripts that it has kept: reading them anew takes seconds."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(1000 * PATIENCE)
    # The process of the pages lives as long as one of them: this one is of no server.
    kept = context.new_page()
    kept.route("**/*", lambda route: route.fulfill(body=""))
    kept.goto("http://127.0.0.1/")
    yield context
    context.close()


@contextmanager
def _one_test(context: BrowserContext) -> Iterator[BrowserContext]:
    """Give a context to a test; nothing of it is left afterwards but the page that was there."""
    yield context
    for page in context.pages[1:]:
        if page.url.startswith("http"):  # what is kept for a tab goes with it
            page.evaluate("() => localStorage.clear()")
        page.close()
    context.clear_cookies()


@pytest.fixture(scope="package")
def _usual(browser) -> Iterator[BrowserContext]:
    with _kept_context(browser) as context:
        yield context


@pytest.fixture(scope="package")
def _another(browser) -> Iterator[BrowserContext]:
    with _kept_context(browser) as context:
        yield context


@pytest.fixture
def another(_another) -> Iterator[BrowserContext]:
    """A second visitor's browser, with cookies of its own."""
    with _one_test(_another) as context:
        yield context


FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


def tell(pages: list[Page]) -> None:
    """Print what the pages of a failed test say: often a moment that nobody sees a second time."""
    for page in pages:
        with suppress(Error):
            said = page.evaluate("() => document.body.innerText.slice(0, 4000)")
            bar = page.evaluate("() => document.querySelector('[data-testid=stSidebar]')?.dataset.collapsed")
            print(f"--- {page.url} (side bar collapsed: {bar})\n{said}")


@pytest.fixture
def open_page(request, browser, _usual) -> Iterator[Callable[[str], Page]]:
    """Open pages that fail the test when their scripts throw, or when anything is fetched from elsewhere.

    Pages of one test are tabs of one browser; so is one with ``media`` of its own.
    """
    contexts, errors, elsewhere, pages = [], [], [], []

    def fetched(request) -> None:
        if not request.url.startswith(OWN):
            elsewhere.append(request.url)

    def open_one(url: str, options: dict | None = None, **media: str) -> Page:
        if options:
            contexts.append(browser.new_context(viewport={"width": 1280, "height": 900}, **options))
            contexts[-1].set_default_timeout(1000 * PATIENCE)
        page = (contexts[-1] if contexts else _usual).new_page()
        page.wait_for_function = partial(page.wait_for_function, polling=LOOKS)
        page.emulate_media(**media)
        pages.append(page)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", fetched)
        page.goto(url)
        return page

    with _one_test(_usual):
        yield open_one
        if request.node.stash.get(FAILED, False):
            tell(pages)
    for context in contexts:
        context.close()
    assert not errors
    assert not elsewhere


VIEW = "document.querySelector('.ss-race')?.raceView"


def view(page: Page, expression: str):
    """Evaluate an expression about the page's RaceView ``v``."""
    return page.evaluate(f"() => {{ const v = {VIEW}; return v && ({expression}); }}")


def wait_view(page: Page, condition: str, seconds: float = PATIENCE) -> None:
    """Wait until a condition about the page's RaceView ``v`` holds and is drawn."""
    wait_drawn(page, VIEW, condition, seconds)


def open_setup(page: Page) -> None:
    """Open the side bar, which is closed once there is a race."""
    wait_view(page, "v.chart.drawn")
    page.get_by_role("button", name="New race").click()
    page.get_by_role("textbox", name="Steps", exact=True).wait_for()


def points(page: Page) -> dict:
    """Return the training points that the page holds: {run: {step: [...], error: [...], loss: [...]}}."""
    return view(
        page,
        "Object.fromEntries(v.runs.map(r => [r.card.run, {step: r.series.train.step, error: r.series.train.error,"
        " loss: r.series.train.loss}]))",
    )


def kill(pid: int) -> None:
    """Send SIGKILL to a process that this test started."""
    psutil.Process(pid).kill()
