"""Measure the pages in Chromium: ``python -m tests.benchmarks.page --workspace DIR --out DIR``.

Each state is opened in light and dark at four sizes. Written to ``--out``: one picture each and ``measures.json``;
printed: one line each, and what breaks a bound. The bounds are those that the page promises. Missing
races are trained first, which takes minutes. axe-core comes from npm at one version (``tests.npm``).
"""

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from itertools import product
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, Request, TimeoutError, sync_playwright

from engine.store.workspace import Workspace
from tests.benchmarks.page import races, states, walk, words
from tests.benchmarks.page.states import State, Visitor
from tests.conftest import CHROMIUM
from tests.e2e.conftest import Site
from tests.npm import installed
from tests.readability import MAX_GRADE, MAX_WORDS

SIZES = {"1440": (1440, 900), "1280": (1280, 720), "1920": (1920, 1080), "390": (390, 844)}
SCHEMES = ("light", "dark")
AXE = "4.14.1"
MEASURES = Path(__file__).with_name("measures.js").read_text()
SETTLED = """() => Promise.all(document.getAnimations()
  .filter((one) => one.effect.getTiming().iterations !== Infinity).map((one) => one.finished.catch(() => {})))"""
#: Room inside the axes at 1440 x 900, where a race runs or is read; the most pixels of a lab's page and of a question
#: with closed folds. What is promised at 1280 x 720 is seen without scrolling.
MIN_SHARE, MAX_HEIGHT = 0.35, {"1440": 2000, "390": 4000}
#: Our own markup; what axe-core finds elsewhere is Streamlit's, and is counted by the name of its rule.
OURS = (
    ".ss-race, .sp-probes, .sl-lab, .sr-rates, .si-instant, .ss-colors, [data-testid=stHtml], [data-testid=stMarkdown]"
)


def main() -> int:
    """Return the number of broken bounds, at most 100."""
    options = _options()
    options.out.mkdir(parents=True, exist_ok=True)
    site = Site(Workspace.at(options.workspace).prepare())
    rows: list[dict] = []
    with ExitStack() as stack, sync_playwright() as playwright:
        wanted = [state for state in states.every(options.live) if re.fullmatch(options.states, state.name)]
        numbers = stack.enter_context(_served(site, wanted))
        urls = {
            visitor: stack.enter_context(_shown_to(visitor, site)) for visitor in {state.visitor for state in wanted}
        }
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        for size, scheme in product(options.sizes, options.schemes):
            (width, height), name = SIZES[size], f"{size}-{scheme}"
            viewport = {"width": width, "height": height}
            context = browser.new_context(viewport=viewport, color_scheme=scheme)  # type: ignore[arg-type]
            for state in wanted:
                address = f"{urls[state.visitor]}/{state.path.format_map(numbers)}"
                rows.append(measured(context, address, state, name, options.out))
                print(line(rows[-1]), *rows[-1]["faults"], sep="\n    ", flush=True)
            context.close()
        browser.close()
    (options.out / "measures.json").write_text(json.dumps(rows, indent=1))
    broken = sum(len(row["faults"]) for row in rows)
    print(f"{broken} bounds are broken" if broken else "every bound holds")
    print("axe-core in Streamlit's markup:", *sorted({rule for row in rows for rule in row["streamlit"]}))
    return min(100, broken)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--workspace", type=Path, required=True, metavar="DIR")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--states", default=".*", metavar="PATTERN", help="a regular expression for names of states")
    parser.add_argument("--sizes", nargs="*", choices=SIZES, default=list(SIZES))
    parser.add_argument("--schemes", nargs="*", choices=SCHEMES, default=list(SCHEMES))
    parser.add_argument("--live", action="store_true", help="also a race that trains meanwhile")
    return parser.parse_args()


@contextmanager
def _served(site: Site, wanted: list[State]) -> Iterator[dict[str, int]]:
    """Serve the site; yield the numbers of the races that states name. Those that train are deleted afterwards."""
    kinds = {kind for state in wanted for kind in state.races}
    site.start()
    running: list[int] = []
    try:
        numbers = races.made(site, kinds, dialled=any("instant" in state.path for state in wanted))
        for kind in races.LIVE:
            if kind in kinds:
                numbers[kind], runs = races.live(site, kind)
                running += runs
        yield numbers
    finally:
        for verb in ("stop", "delete"):  # one that has ended refuses the first
            site.control.commands.ask_each(verb, running, until_done_s=20)
        site.close()


@contextmanager
def _shown_to(visitor: Visitor, site: Site) -> Iterator[str]:
    """Yield the address at which a visitor finds the app; an audience's server shares the site's workspace."""
    if visitor is Visitor.OWNER:
        yield site.url
        return
    with tempfile.TemporaryDirectory() as folder:
        newcomers = visitor is Visitor.NEWCOMER
        other = Site(Workspace.at(Path(folder) / "workspace").prepare() if newcomers else site.workspace)
        other.said = Path(folder) / "said"
        other.start(*([] if newcomers else ["--share", "--host", "127.0.0.1"]), engine=newcomers)
        try:
            yield other.url
        finally:
            other.close() if newcomers else other.interrupt()


def measured(context: BrowserContext, address: str, state: State, look: str, out: Path) -> dict:
    """Return what one state measures at one size in one scheme, and write its picture."""
    size, scheme = look.split("-")
    page = context.new_page()
    complaints = complaints_of(page)
    page.goto(address)
    try:
        page.wait_for_function(f"() => {state.ready}", timeout=60_000)
        state.before(page)
    except TimeoutError as error:
        complaints.append(f"not ready: {str(error).splitlines()[0]}")
    page.wait_for_timeout(2000)
    page.evaluate(SETTLED)  # what fades has no contrast yet
    page.evaluate(MEASURES)
    name = f"{state.name}-{look}"
    page.screenshot(path=out / f"{name}.png")
    blocks = page.evaluate("() => measures.blocks()")
    row = {
        "name": name,
        "share": round(page.evaluate("() => measures.plotShare()"), 3),
        "below": page.evaluate(f"() => measures.below({json.dumps(state.fold or states.FOLD)})"),
        "overlaps": page.evaluate("() => measures.overlaps()"),
        "height": page.evaluate("() => measures.height()"),
        "grade": round(words.grade(blocks), 1),
        "long": words.too_long(blocks),
        "contrast": walk.unreadable(page),
        # The order of controls and their names are those of the size, whatever the scheme.
        "controls": [*walk.nameless(page), *walk.unreached(page)] if scheme == SCHEMES[0] else [],
        "complaints": complaints,
        **accessible(page),
    }
    row["faults"] = faults(row, state, size)
    page.evaluate("() => localStorage.clear()")
    page.close()
    return row


def complaints_of(page: Page) -> list[str]:
    """Return a list that grows with each error of the console or of a script, and each request that fails."""
    heard: list[str] = []

    def failed(request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # a stream that its page closes
            heard.append(f"{request.failure}: {request.url}")

    page.on("console", lambda m: heard.append(f"console: {m.text[:120]}") if m.type == "error" else None)
    page.on("pageerror", lambda error: heard.append(f"script: {error}"))
    page.on("response", lambda r: heard.append(f"{r.status} {r.url}") if r.status >= 400 else None)
    page.on("requestfailed", failed)
    return heard


@cache
def _axe() -> str:
    return (installed("axe-core", AXE) / "axe.min.js").read_text()


def accessible(page: Page) -> dict[str, list[str]]:
    """Return what axe-core finds in our own markup, rule and element, and the rules broken elsewhere."""
    page.evaluate(_axe())
    found = page.evaluate(
        f"""async () => (await axe.run()).violations.flatMap(({{ id, nodes }}) => nodes.map(({{ target }}) => {{
          const element = document.querySelector([target].flat(2).at(-1));
          return [id, Boolean(element?.closest({OURS!r})), String(target)];
        }}))"""
    )
    return {
        "axe": [f"{rule}: {target}" for rule, is_ours, target in found if is_ours],
        "streamlit": sorted({rule for rule, is_ours, _ in found if not is_ours}),
    }


def faults(row: dict, state: State, size: str) -> list[str]:
    """Return the bounds that a state breaks."""
    found = [*row["complaints"], *(f"axe {one}" for one in row["axe"]), *row["contrast"], *row["controls"]]
    found += [f"texts on each other: {pair}" for pair in row["overlaps"]]
    found += [f"over {MAX_WORDS} words: {sentence[:80]}" for sentence in row["long"]]
    if size == "1440" and state.roomy and row["share"] < MIN_SHARE:
        found.append(f"curves have {100 * row['share']:.1f} % of the window")
    if size == "1280" and state.fold:
        found += [f"{part} ends {px} px below the window" for part, px in row["below"].items() if px]
    if state.text and row["height"] > MAX_HEIGHT.get(size, 10**6):
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
