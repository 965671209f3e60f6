"""Addresses of 0.4.0, each with what it must show; on the database of 0.4.0 (races 1 to 6, runs 1 to 18, lab job 5).

``python -m tests.compatibility.addresses b8fb8a5`` records what the page of a commit shows at each of them.
``python -m tests.compatibility.addresses --amend PART=REASON ...`` keeps parts that a change was meant to change.
"""

import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.compatibility.databases import copied
from tests.compatibility.fields import RECORDED, read, write
from tests.compatibility.site import served, settled
from tests.compatibility.tree import Tree, tree_of

VERSION = "0.4.0"
VIEWPORT = {"width": 1280, "height": 900}
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]

#: Address -> what it must show.
ADDRESSES = {
    # The race's chart; each choice that is not the usual one stands under its own name.
    "/?race=1": "race 1, panels side by side, error over steps",
    "/race?race=3": "race 3, bands of two seeds",
    "/?race=3&seeds=lines&layout=overlaid": "each seed by itself, in one panel",
    "/?race=1&layout=gap&x=epoch": "the degradation gap over epochs",
    "/?race=1&layout=Overlaid&metric=loss&scale=log&curves=running-test": "a label as a name; loss, log scale; "
    "running means and test errors alone",
    "/?race=1&layout=upside&x=seconds&zoom=9_3&curves=raw": "what means nothing is as usual; single steps over seconds",
    "/?race=1&zoom=3_9": "steps 3 to 9",
    "/?race=1&layout=overlaid&zoom=3_9_40_95": "steps 3 to 9, 40 to 95 %",
    "/?race=1&hidden=1&guess=1-shortcut": "curves hidden, the room's guess marked",
    "/?race=1&present=1": "the stage",
    "/?race=1&protocol=true": "protocol and reproduction, unfolded",
    # The set-up.
    "/?race=1&set_preset=talk&set_steps=-4&set_data=nowhere": "the preset Talk; what no field could hold is left out",
    "/?race=1&set_depths=20,32&set_shortcuts=none,B&set_steps=40&set_seeds=3": "another race of the preset Quick",
    "/?race=1&set_lr=0.05&set_width=16&set_precision=fp32&set_first_seed=7&set_pace=lockstep&set_lead=3": "advanced",
    "/?race=1&set_rates=tuned&set_other_depths=38&set_variants=highway:bias=-2": "tuned rates, other depths, a variant",
    # Layers.
    "/layers?race=1": "the usual quantity, the newest moment",
    "/layers?race=1&quantity=update_size&upper=3&lower=1": "another quantity, the nets of the map",
    "/layers?race=1&quantity=charm&at=5&off=1-3": "no such quantity: the usual one; step 5; runs 1 and 3 switched off",
    "/layers?race=1&layer=2&pin=1&over=4&more=1": "layer 2 pinned, of run 4 over time; words unfolded",
    "/layers?race=1&quantity=gamma_abs&at=2&zooms=profile_x_2_5_y_0.5_1.5": "a part of the profile at step 2",
    # Gradients: the race's, and the lab below it.
    "/gradients?race=1&quantity=gradient_cosine&at=1": "another quantity at step 1, the lab's newest job",
    "/gradients?race=1&gradients-kind=without%20BN&gradients-value=0.5": "the lab's curve without batch norm, gain 0.5",
    "/gradients?race=1&gradients-job=5&gradients-zoom=norm_x_1_3&gradients-set-layers=12&gradients-set-gain=1.5":
    "a part of one panel, settings of the next job",
    # Runs.
    "/runs?runs=1,3,99&metric=loss": "runs 1 and 3 selected and drawn, what is not there is left out",
    "/runs?search=plain%2014": "plain-14",
    "/runs?by_race=true&races=1,3": "grouped by race, two races compared",
    "/runs?state=paused": "paused runs",
    "/runs?depth=14&shortcut=A": "A-14",
    # The guide and the labs.
    "/why": "all questions",
    "/q1-why-can-depth-hurt": "question 1",
    "/q7-why-do-solvers-do-better": "question 7",
    "/lab-constructed": "the lab", "/lab-conditioning": "the lab", "/lab-shattering": "the lab",
    "/lab-smoothness": "the lab",
    "/lab-mapping?mapping-set-steps=100&mapping-set-sweep=none": "settings of the next job",
    "/lab-landscape?landscape-set-directions=trajectory&landscape-set-span=0.5": "settings of the next job",
    "/lab-lesion?lesion-set-grid=full&lesion-set-runs=1,3": "the full grid; runs it does not offer are left out",
}  # fmt: skip


def chromium() -> str:
    """Return the browser, '' where there is none."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")


def visit(page: Any, url: str) -> None:
    """Open an address in a tab that remembers nothing; a tab of its own for each would load all scripts anew.

    An address of the set-up is looked at with the set-up open: since 0.5 it is closed where there is a race.
    """
    if page.url.startswith("http"):
        page.evaluate("() => { sessionStorage.clear(); localStorage.clear(); }")
    page.goto(url)
    if "set_" in url:
        page.locator(".js-plotly-plot .main-svg").first.wait_for()
        if (button := page.get_by_role("button", name="New race")).count():
            button.click()


def expected() -> dict[str, Any]:
    """Return what each address must show: as in 0.4.0, but for what a later version changed on purpose."""
    shows = read("addresses.json")["shows"]
    for amendment in read("amendments.json")["addresses"]:
        for address, parts in amendment["shows"].items():
            shows[address] = {part: value for part, value in {**shows[address], **parts}.items() if value is not None}
    return shows


def record(reference: str) -> None:
    """Write what the page of a commit shows at every address that is not recorded yet."""
    file = RECORDED / "addresses.json"
    before = read(file.name)["shows"] if file.exists() else {}
    shows = {address: before[address] for address in ADDRESSES if address in before}
    with tree_of(reference) as tree:
        for address, shown in _shown(tree, ADDRESSES.keys() - shows.keys()):
            shows[address] = shown
            ordered = {each: shows[each] for each in ADDRESSES if each in shows}
            write(file.name, {"commit": reference, "shows": ordered})


def amend(reasons: Mapping[str, str]) -> None:
    """Keep these parts of what the working tree shows, where they differ, each with the reason for the change."""
    wanted = expected()
    changes: dict[str, dict[str, Any]] = {part: {} for part in reasons}
    with Tree() as tree:
        for address, shown in _shown(tree, ADDRESSES):
            for part in reasons:
                if shown.get(part) != wanted[address].get(part):
                    changes[part][address] = {part: shown.get(part)}
    amendments = read("amendments.json")
    amendments["addresses"] += [
        {"reason": reason, "shows": changes[part]} for part, reason in reasons.items() if changes[part]
    ]
    write("amendments.json", amendments)


def _shown(tree: Tree, addresses: Iterable[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Open each address on the page of a tree; yield it with what it shows."""
    from playwright.sync_api import sync_playwright

    with TemporaryDirectory(prefix="skipscope-site-") as folder, sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium(), args=OPTIONS)
        with served(tree, copied(VERSION, Path(folder))) as site:
            page = browser.new_page(viewport=VIEWPORT)
            for address in addresses:
                visit(page, site.url + address)
                yield address, settled(page)
                print(address, flush=True)
        browser.close()


if __name__ == "__main__":
    first, *rest = sys.argv[1:]
    if first == "--amend":
        amend(dict(each.split("=", 1) for each in rest))
    else:
        record(first)
