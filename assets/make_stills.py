"""Remake the README's and the first visit's pictures: import the recorded quick race and photograph its page.

    python assets/make_stills.py [WORKSPACE]    of the newest race of WORKSPACE, else of the recorded one; writes
                                    assets/race-light.png and -dark.png (the page),
                                    assets/curves-light.png and -dark.png (the sentence and the curves alone),
                                    assets/curves.json (the same curves by step, which play on the first visit),
                                    assets/layers-light.png and -dark.png (the insides of the same nets),
                                    assets/stage-dark.png (the stage view)

Needs Chromium; uses the site that the browser tests use.
"""

import sys
import tempfile
from pathlib import Path

DRAWN = "v.runs.length > 0 && v.chart.drawn"
#: Points of a run that play on the first visit: all of the recorded race, so that the numbers at the names and those of
#: the headline are of the same step.
POINTS = 400
BUTTONS = ".ss-certainty-actions, .ss-evidence, .ss-chip, .ss-arms"
PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

from playwright.sync_api import Browser, sync_playwright  # noqa: E402

from engine.exchange.recordings import get_recording  # noqa: E402
from engine.exchange.transfer import import_from  # noqa: E402
from engine.store.reader import Reader  # noqa: E402
from engine.store.workspace import Workspace  # noqa: E402
from tests.conftest import CHROMIUM  # noqa: E402
from tests.e2e.conftest import Site, wait_view  # noqa: E402


def main() -> None:
    """Import the recorded race, unless a workspace is given, and take all pictures."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        given = Path(sys.argv[1]) if len(sys.argv) > 1 else None
        workspace = Workspace(given or Path(folder) / "workspace").prepare()
        if not given:
            import_from(workspace, get_recording("quick").path, lambda done, total, what: None)
        site = Site(workspace)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        try:
            site.start()
            write_curves(site, browser)
            for scheme in ("light", "dark"):
                page = browser.new_page(viewport={"width": 1280, "height": 860}, color_scheme=scheme)
                page.goto(site.url)
                wait_view(page, f"{DRAWN} && v.runs.every(r => r.card.state === 'finished')")
                page.mouse.move(640, 5)
                page.wait_for_timeout(3000)  # the gap line says its last word
                page.screenshot(path=PROJECT / "assets" / f"race-{scheme}.png")
                # A picture has no buttons, and no state of a race that is none of the visitor's.
                page.add_style_tag(content=f"{BUTTONS} {{ display: none !important; }}")
                page.wait_for_timeout(1000)
                top = page.locator(".ss-top").bounding_box()
                clip = {**top, "height": page.locator(".ss-controls").bounding_box()["y"] - top["y"]}
                page.screenshot(path=PROJECT / "assets" / f"curves-{scheme}.png", clip=clip)
                if scheme == "dark":
                    page.set_viewport_size({"width": 1600, "height": 900})
                    page.goto(f"{site.url}/?present=1")
                    wait_view(page, DRAWN)
                    page.mouse.move(640, 5)
                    page.wait_for_timeout(3000)
                    page.screenshot(path=PROJECT / "assets" / "stage-dark.png")
                    page.keyboard.press("p")
                page.get_by_role("link", name="Layers").click()
                page.wait_for_selector(".sp-field")
                page.set_viewport_size({"width": 1280, "height": 1200})
                page.wait_for_timeout(3000)
                page.screenshot(path=PROJECT / "assets" / f"layers-{scheme}.png")
        finally:
            browser.close()
            site.close()


def write_curves(site: Site, browser: Browser) -> None:
    """Write what the replay of the newest race plays."""
    with Reader(site.workspace) as reader:
        runs = [row.id for row in reader.runs.all(reader.races.newest(1)[0].id)]
    answer = browser.new_page().request.get(f"{site.url}/live/recording?runs={','.join(map(str, runs))}&n={POINTS}")
    (PROJECT / "assets" / "curves.json").write_bytes(answer.body() + b"\n")


if __name__ == "__main__":
    main()
