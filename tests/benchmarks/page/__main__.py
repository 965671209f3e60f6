"""Measure the pages in Chromium: ``python -m tests.benchmarks.page --workspace DIR --out DIR``.

Each state is opened in light and dark at four sizes. Written to ``--out``: one picture each and ``measures.json``;
printed: one line each, and what breaks a bound. The bounds are those that the page promises, see ``BOUNDS``. Missing
races are trained first, which takes minutes. axe-core comes from npm at one version (``tests.npm``).
"""

import argparse
import json
import sys
from itertools import product
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from engine.store.workspace import Workspace
from tests.benchmarks.page import states, words
from tests.conftest import CHROMIUM
from tests.e2e.conftest import Site
from tests.npm import installed
from tests.readability import MAX_GRADE, MAX_WORDS

SIZES = {"1440": (1440, 900), "1280": (1280, 720), "1920": (1920, 1080), "390": (390, 844)}
SCHEMES = ("light", "dark")
AXE = "4.14.1"
MEASURES = Path(__file__).with_name("measures.js").read_text()
#: Room inside the axes at 1440 x 900, where a race runs or is read; what is seen without scrolling at 1280 x 720; the
#: most pixels of a lab's page with closed folds.
MIN_SHARE, FOLD, MAX_LAB = 0.35, (".ss-gap", ".ss-plot", ".ss-controls"), {"1440": 2000, "390": 4000}
#: What axe-core is asked about: in our own markup, not Streamlit's.
OURS = ".ss-race, .sp-probes, .sl-lab, .sr-rates"
#: States in which the page has room for other things than the curves of a race.
_ROOM = {"ended", "zoomed", "seeded", "forked", "live", "overlaid", "gap"}


def main() -> int:
    """Return the number of broken bounds, at most 100."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--workspace", type=Path, required=True, metavar="DIR")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--pages", nargs="*", default=[], metavar="PATH", help="pages beside Race, such as layers")
    parser.add_argument("--states", nargs="*", metavar="NAME", help="only these states of the Race page")
    parser.add_argument("--sizes", nargs="*", choices=SIZES, default=list(SIZES))
    parser.add_argument("--schemes", nargs="*", choices=SCHEMES, default=list(SCHEMES))
    parser.add_argument("--live", action="store_true", help="also a race that trains meanwhile")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    axe = (installed("axe-core", AXE) / "axe.min.js").read_text()
    site = Site(Workspace.at(options.workspace).prepare())
    site.start()
    rows: list[dict] = []
    try:
        numbers = states.races(site)
        if options.live:
            numbers["live"] = states.live(site)
        wanted = [s for s in states.race_states(numbers) if options.states is None or s.name in options.states]
        wanted += states.other_states(numbers, options.pages)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
            )
            for state, size, scheme in product(wanted, options.sizes, options.schemes):
                rows.append(measured(browser, site, state, (size, scheme), axe, options.out))
                print(line(rows[-1]), flush=True)
            browser.close()
    finally:
        site.close()
    (options.out / "measures.json").write_text(json.dumps(rows, indent=1))
    broken = [f"{row['name']}: {fault}" for row in rows for fault in row["faults"]]
    print("\n".join(broken) or "every bound holds")
    return min(100, len(broken))


def measured(browser: Browser, site: Site, state: states.State, look: tuple[str, str], axe: str, out: Path) -> dict:
    """Return what one state measures at one size in one scheme, and write its picture."""
    size, scheme = look
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)  # type: ignore
    page, complaints = context.new_page(), []
    page.on("console", lambda m: complaints.append(f"console: {m.text[:120]}") if m.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(f"script: {error}"))
    page.on("response", lambda r: complaints.append(f"{r.status} {r.url}") if r.status >= 400 else None)
    page.goto(f"{site.url}/{state.path}")
    page.wait_for_function(f"() => {state.ready}", timeout=60_000)
    state.before(page)
    page.wait_for_timeout(2500)
    page.evaluate(MEASURES)
    name = f"{state.name}-{size}-{scheme}"
    page.screenshot(path=out / f"{name}.png")
    blocks = page.evaluate("() => measures.blocks()")
    row = {
        "name": name,
        "share": round(page.evaluate("() => measures.plotShare()"), 3),
        "below": page.evaluate(f"() => measures.below({json.dumps(FOLD)})"),
        "overlaps": page.evaluate("() => measures.overlaps()"),
        "height": page.evaluate("() => measures.height()"),
        "grade": round(words.grade(blocks), 1),
        "long": words.too_long(blocks),
        "axe": accessible(page, axe),
        "complaints": complaints,
    }
    row["faults"] = faults(row, state.name, size)
    context.close()
    return row


def accessible(page: Page, axe: str) -> list[str]:
    """Return what axe-core finds in our own markup: rule, and the first element that breaks it."""
    page.evaluate(axe)
    found = page.evaluate(
        f"async () => document.querySelector('{OURS}') ? (await axe.run('{OURS}')).violations"
        ".map((v) => `${v.id}: ${v.nodes[0].target}`) : []"
    )
    return list(found)


def faults(row: dict, state: str, size: str) -> list[str]:
    """Return the bounds that a state breaks."""
    found = [*row["complaints"], *(f"axe {one}" for one in row["axe"])]
    found += [f"texts on each other: {pair}" for pair in row["overlaps"]]
    found += [f"over {MAX_WORDS} words: {sentence[:80]}" for sentence in row["long"]]
    if size == "1440" and state in _ROOM and row["share"] < MIN_SHARE:
        found.append(f"curves have {100 * row['share']:.1f} % of the window")
    if size == "1280" and state in _ROOM:
        found += [f"{part} ends {px} px below the window" for part, px in row["below"].items() if px]
    if state.startswith("lab-") and row["height"] > MAX_LAB.get(size, 10**6):
        found.append(f"{row['height']} px high")
    if row["grade"] > MAX_GRADE:
        found.append(f"grade {row['grade']}")
    return found


def line(row: dict) -> str:
    """Return a state's figures in one line."""
    below = max((px or 0 for px in row["below"].values()), default=0)
    return (
        f"{row['name']:34} curves {100 * row['share']:5.1f} %  below {below:4} px  high {row['height']:5} px  grade"
        f" {row['grade']:4}  faults {len(row['faults'])}"
    )


if __name__ == "__main__":
    sys.exit(main())
