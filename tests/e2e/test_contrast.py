"""Every word of every page against what is behind it, every control by keyboard alone: by script, light and dark."""

from pathlib import Path

import pytest

from tests.benchmarks.synthetic_probes import SyntheticRace
from tests.e2e.test_gradients_page import finished

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WALK = Path(__file__).with_name("walk.js").read_text()
#: Roles that a person acts with; each must say what it is.
ACTS = {
    "button", "link", "textbox", "combobox", "slider", "spinbutton", "radio", "checkbox", "switch", "tab", "searchbox",
    "listbox", "meter", "progressbar", "image", "img", "radiogroup",
}  # fmt: skip
#: Path of each page, with what has to be there before it can be judged.
PAGES = {
    "": "document.querySelector('.ss-race')?.raceView?.chart.drawn && "
    "document.querySelector('.ss-race').raceView.theme.scheme === scheme",
    "layers": "document.querySelector('.sp-probes')?.probeView?.painted && document.querySelector('.sp-hist').data",
    "gradients": "document.querySelector('.sp-probes')?.probeView?.painted &&"
    " document.querySelectorAll('.sl-plot .main-svg').length",
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
    page.wait_for_timeout(800)
    page.evaluate(WALK)
    texts = page.evaluate("() => walk.texts()")
    assert len(texts) > 10
    found = [f"{t['ratio']:.2f} < {t['least']} {t['where']}: {t['text']}" for t in texts if t["ratio"] < t["least"]]
    found += [f"no name: {node}" for node in nameless(page)]
    wanted = page.evaluate("() => walk.controls()")
    assert len(wanted) > 5
    reached = through(page, 2 * len(wanted) + 20)
    groups = {one["group"] for one in wanted if one["index"] in reached and one["group"] is not None}
    found += [
        f"not reached: {one['where']} {one['text']}"
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
    nodes = [
        node
        for node in client.send("Accessibility.getFullAXTree")["nodes"]
        if not node.get("ignored")
        and node.get("role", {}).get("value") in ACTS
        and not node.get("name", {}).get("value", "").strip()
    ]
    found = [client.send("DOM.describeNode", {"backendNodeId": node["backendDOMNodeId"]})["node"] for node in nodes]
    client.detach()
    # Plotly measures words in a picture of its own outside the page.
    found = [node for node in found if "js-plotly-tester" not in node.get("attributes", [])]
    return [f"{node['nodeName']} {node.get('attributes', [])[:6]}" for node in found]
