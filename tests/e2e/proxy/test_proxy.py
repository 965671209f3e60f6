"""A shared page behind nginx, encrypted and below a path: it is commanded, followed, voted in and exported from."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from engine.store.workspace import Workspace
from engine.talks.files import FOLDER, USUAL, read_talk
from engine.talks.scenes import PredictionScene
from tests.e2e.conftest import OPTIONS, wait_view
from tests.e2e.pace.waiting import PATIENCE, until
from tests.e2e.proxy.nginx import NGINX, NO_NGINX, OPENSSL, Nginx
from tests.e2e.test_share import SharedSite

pytestmark = [
    pytest.mark.browser, pytest.mark.slow, pytest.mark.skipif(not (NGINX and OPENSSL), reason=NO_NGINX),
]  # fmt: skip
TRUSTING = ssl._create_unverified_context()
TALK = read_talk(FOLDER / f"{USUAL}.toml")


class ProxiedSite(SharedSite):
    """A shared site of which browsers see the proxy alone."""

    base = "/skipscope"

    def share_behind(self, nginx: Nginx) -> None:
        self.start_engine()
        self.start("--share", "--base-path", self.base, "--proxy-host", f"localhost:{nginx.port}")
        self.root = f"https://localhost:{nginx.port}{self.base}/"
        said = until(lambda: (text := self.said.read_text()).count("\n") > 4 and text)
        presenter, audience = (line.split()[1] for line in said.splitlines()[1:3])
        self.link, self.audience = presenter, audience
        self.key_hash = nginx.key_hash()


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[ProxiedSite]:
    site = ProxiedSite(Workspace.at(tmp_path_factory.mktemp("proxied") / "workspace").prepare())
    nginx = Nginx(tmp_path_factory.mktemp("nginx"), site.port)
    try:
        nginx.start()
        site.share_behind(nginx)
        yield site
    finally:
        nginx.close()
        site.close()


@pytest.fixture(scope="module")
def trusting(browser, chromium, site) -> Iterator[Browser]:
    """A browser that trusts the certificate, as others do a real one.

    One that ignores the fault of each connection has to ask again at each, and gives up after many.
    """
    trusts = f"--ignore-certificate-errors-spki-list={site.key_hash}"
    browser = browser.browser_type.launch(executable_path=chromium, args=[*OPTIONS, trusts])
    yield browser
    browser.close()


@pytest.fixture
def visit(trusting, site):
    """Open pages in browsers of their own; nothing is fetched from beside the base path, and no console complains."""
    contexts: list[BrowserContext] = []
    beside, complaints = [], []

    def fetched(address: str) -> None:
        inner = address.replace("wss://", "https://", 1)
        if not inner.startswith((site.root, "data:", "blob:")) and inner not in (site.link, site.audience):
            beside.append(address)

    def heard(said: ConsoleMessage) -> None:
        if said.type == "error":
            complaints.append(f"{said.text} {said.location['url']}")

    def open_one(url: str) -> Page:
        contexts.append(trusting.new_context(viewport={"width": 1280, "height": 900}))
        contexts[-1].set_default_timeout(1000 * PATIENCE)
        page = contexts[-1].new_page()
        page.on("request", lambda request: fetched(request.url))
        page.on("websocket", lambda socket: fetched(socket.url))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", heard)
        page.goto(url)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert beside == []
    assert complaints == []


def places(page: Page) -> set[tuple]:
    """Where a browser keeps its cookies, and whether it sends them in the clear."""
    return {(each["path"], each["secure"]) for each in page.context.cookies()}


def steps(page: Page) -> int:
    """The last step of the first run that a page has."""
    return page.evaluate("() => document.querySelector('.ss-race').raceView.runs[0].series.train.step.at(-1) ?? 0")


def check_export(page: Page) -> None:
    """A picture is drawn by the browser, a file comes from the server."""
    page.locator(".ss-export summary").click()
    with page.expect_download() as download:
        page.locator(".ss-export .ss-csv").click()
    assert Path(download.value.path()).read_text().startswith("run,")


def check_talk(site: ProxiedSite, presenter: Page, phone: Page) -> None:
    """The room follows the presenter's scene and votes; a visitor is told from another by his cookie."""
    number, question = next((n, s) for n, s in enumerate(TALK.scenes, 1) if isinstance(s, PredictionScene))
    presenter.goto(f"{site.root}talk")
    phone.goto(f"{site.root}talk")
    expect(phone.locator(".sk-title")).to_have_text(TALK.scenes[0].title)
    for _ in range(number - 1):
        presenter.keyboard.press("ArrowRight")
    expect(phone.locator(".sk-title")).to_have_text(question.title)
    phone.locator(".sk-choice").nth(2).click()
    expect(presenter.locator(".sk-votes")).to_have_text("1 vote")


def test_a_room_behind_nginx_works_like_one_without(site, visit):
    _, runs = site.race()
    presenter, audience = visit(site.link), visit(site.audience)
    for page in (presenter, audience):
        wait_view(page, "v.runs.length === 2 && v.runs.every(run => run.series.train.step.length > 3)")
        assert page.url.startswith(site.root)
        assert places(page) == {(site.base, True)}
    # nginx keeps an answer of unknown length back, until there are some kilobytes, unless the server forbids it.
    before = steps(audience)
    wait_view(audience, f"v.runs[0].series.train.step.at(-1) > {before + 20}", seconds=10)
    presenter.get_by_role("button", name="Stop plain-8", exact=True).click()
    presenter.get_by_role("button", name="Stop plain-8 for good").click()
    until(lambda: site.row(runs[0]).state == "stopped")
    check_export(audience)
    check_talk(site, presenter, audience)


def test_who_comes_past_the_proxy_or_from_another_page_gains_nothing(site):
    address = f"{site.root.replace('https', 'wss', 1)}_stcore/stream"
    own, here = site.root.removesuffix(f"{site.base}/"), f"ws://127.0.0.1:{site.port}{site.base}/_stcore/stream"
    with connect(address, ssl=TRUSTING, origin=own):
        pass
    for wrong in (own.replace("https", "http"), "https://evil.example", f"http://localhost:{site.port}"):
        with pytest.raises(InvalidStatus), connect(address, ssl=TRUSTING, origin=wrong):
            pass
    with pytest.raises(InvalidStatus), connect(here, origin="http://evil.example"):
        pass
    status, _ = site.answer(f"{site.base}/", Host="evil.example", **{"X-Forwarded-Host": "evil.example"})
    assert status == 400
    assert site.answer("/")[0] == 404
