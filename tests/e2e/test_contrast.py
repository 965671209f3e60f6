"""Every word of every page against what is behind it, every control by keyboard alone: by script, light and dark."""

from pathlib import Path

import pytest

from tests.benchmarks.synthetic_probes import SyntheticRace
from tests.e2e.conftest import FAST, until

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WALK = Path(__file__).with_name("walk.js").read_text()
#: Roles that a person acts with; each must say what it is.
ACTS = {
    "button", "link", "textbox", "combobox", "slider", "spinbutton", "radio", "checkbox", "switch", "tab", "searchbox",
    "listbox", "meter", "progressbar", "image", "img", "radiogroup",
}  # fmt: skip
#: Path of each page, with what has to be there before it can be judged.
PAGES = {
    "": "document.querySelector('.ss-race')?.raceView?.chart.drawn",
    "layers": "document.querySelector('.sp-probes')?.probeView?.painted && document.querySelector('.sp-hist').data",
    "gradients": "document.querySelector('.sp-probes')?.probeView?.painted &&"
    " document.querySelectorAll('.sl-plot .main-svg').length >= 8",
    "runs": "document.querySelector('[data-testid=stMain]').innerText.length > 200",
}


@pytest.fixture
def full_site(site):
    """A site with a trained race, one with probes (the newest) and a lab."""
    race, runs = site.race(steps=40, settings=FAST)
    lab = site.control.start_lab("gradients", {"layers": 12, "width": 32, "images": 32, "seeds": 1})
    until(lambda: all(site.row(run).state == "finished" for run in (*runs, lab)), 120)
    probed = SyntheticRace(site.workspace, (8, 14), ("none", "A"), 300)
    probed.fill(0, 12)
    yield site, race, probed.race
    probed.writer.close()


@pytest.fixture(params=["light", "dark"])
def each_page(request, full_site, open_page):
    """Open the pages one after the other in one ground."""
    site, trained, probed = full_site

    def pages():
        for path, ready in PAGES.items():
            page = open_page(f"{site.url}/{path}?race={probed if path in ('layers', 'gradients') else trained}",
                             color_scheme=request.param)  # fmt: skip
            page.wait_for_function(f"() => {ready}", timeout=60_000)
            page.wait_for_timeout(800)
            page.evaluate(WALK)
            yield f"/{path}", page
            page.close()

    return pages


def test_every_word_can_be_read_against_what_is_behind_it(each_page):
    found = []
    for path, page in each_page():
        texts = page.evaluate("() => walk.texts()")
        assert len(texts) > 20, path
        found += [
            f"{path} {one['ratio']:.2f} < {one['least']} {one['where']}: {one['text']}"
            for one in texts
            if one["ratio"] < one["least"]
        ]
    assert not found, "\n".join(found)


def test_every_control_is_named_and_reached_by_tab(each_page):
    found = []
    for path, page in each_page():
        found += [f"{path} has no name: {node}" for node in nameless(page)]
        wanted = page.evaluate("() => walk.controls()")
        assert len(wanted) > 5, path
        reached = through(page, 2 * len(wanted) + 20)
        groups = {one["group"] for one in wanted if one["index"] in reached and one["group"] is not None}
        found += [
            f"{path} is not reached: {one['where']} {one['text']}"
            for one in wanted
            if one["index"] not in reached and one["group"] not in groups
        ]
    assert not found, "\n".join(found)


def through(page, most: int) -> set:
    """Press Tab from the top until the focus leaves the page; return the numbers of the controls that had it."""
    reached = set()
    page.evaluate("() => document.activeElement?.blur()")
    for _ in range(most):
        page.keyboard.press("Tab")
        at = page.evaluate("() => walk.focused()")
        if at == "end":
            break
        reached.add(at)
    return reached


def nameless(page) -> list[str]:
    """Return the controls without an accessible name, as the browser itself computes it."""
    client = page.context.new_cdp_session(page)
    nodes = client.send("Accessibility.getFullAXTree")["nodes"]
    client.detach()
    return [
        f"{node['role']['value']} {node.get('properties', [])[:2]}"
        for node in nodes
        if not node.get("ignored")
        and node.get("role", {}).get("value") in ACTS
        and not node.get("name", {}).get("value", "").strip()
    ]
