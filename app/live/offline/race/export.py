"""One HTML file that replays runs from the disk: curves, layers, verdicts, and where all of it comes from.

``engine.exchange.registry`` names ``write`` as text, for the engine imports nothing of the page.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

from app import terms
from app.data import races
from app.data.exchange import offline
from app.live.layers import messages as layer_messages
from app.live.offline.page import OfflinePage, offline_page
from app.live.offline.race import about
from app.live.offline.race.documents import all_steps, layers, race_document
from app.live.race import shown as race_shown
from app.live.shared.run import Run, facts, runs_of
from app.live.stream.scripts import LIVE

_BODY = Path(__file__).with_name("page.html")
#: Addresses that the page asks itself for; what is not among them a file does not have.
_RACE_URLS = {"history": "history", "recording": "recording"}
_LAYER_URLS = {"history": "probes/history", "recording": "recording"}


def write(source: offline.Source, file: BinaryIO, report: offline.Told) -> None:
    """Write the runs as one page. Raises ConfigError for more runs than a page takes."""
    with offline.opened(source):
        shown, of = [row.id for row in source.rows], offline.races_of(source)
        report(0, 4, "reading the curves")
        document = race_document(shown)
        report(1, 4, "reading every step")
        steps = all_steps(document)
        report(2, 4, "reading the layers")
        known = layer_messages.shown_probes(drawn(of, shown), "layers", of[0]) if len(of) == 1 else None
        kept = about.Kept(document, steps, layers(shown, known["offered"]) if known else None)
        report(3, 4, "packing")
        file.write(offline_page(_page(of, shown, kept)))
        report(4, 4, "done")


def drawn(of: Sequence[races.Race], runs: Sequence[int]) -> list[Run]:
    """Return the looks of these runs; with several races labels name the race."""
    found = []
    for race in of:
        named = f" (race {race.id})" if len(of) > 1 else ""
        found += [Run(**{**run, "label": f"{run['label']}{named}"}) for run in runs_of(race) if run["run"] in runs]
    return found


def _page(of: Sequence[races.Race], runs: Sequence[int], kept: about.Kept) -> OfflinePage:
    title = offline.portable(about.title(of, runs))
    parts = {
        "title": about.marked_up(title), "about": about.section(of, runs, kept),
        "race": _component("race/race.html"), "layers": _component("layers/layers.html"),
    }  # fmt: skip
    # In one pass: what a visitor wrote in the form of a place is none.
    body = re.sub(r"\{\{(\w+)\}\}", lambda place: parts[place[1]], _BODY.read_text(encoding="utf-8"))
    documents: dict[str, Any] = {"page": _told(of, runs, kept, title), "race": kept.race}
    if kept.steps.index:
        documents |= {"steps-index": kept.steps.index, "steps": kept.steps.data}
    if kept.layers:
        documents |= {"layers": kept.layers.document}
    return OfflinePage(
        title=f"REPLAY - {title}", entry="offline/race/page.js", body=body, documents=documents,
        late=frozenset({"steps-index", "steps", "layers"}), modules=("race/view.js", "layers/view.js"),
        styles=(
            "race/race.css", *race_shown.STYLES, "layers/layers.css", *layer_messages.STYLES, "offline/race/page.css",
        ),
    )  # fmt: skip


def _told(of: Sequence[races.Race], runs: Sequence[int], kept: about.Kept, title: str) -> dict[str, Any]:
    """Return what each view is told, as its component tells it on the live page."""
    race = of[0] if len(of) == 1 else None
    common = {**facts(), "mayCommand": False, "modules": ""}
    words = race_shown.RaceWords(title, command=race.as_command if race else "", images=race.images if race else "")
    looks = drawn(of, runs)
    told: dict[str, Any] = {
        "steps": bool(kept.steps.index),
        "race": {
            **race_shown.shown_race(race.id if race else 0, looks, words), **common, "starts": False,
            "urls": {**_RACE_URLS, "plotly": "plotly"},
        },
        "layers": None,
    }  # fmt: skip
    if race and kept.layers:
        view = layer_messages.shown_probes(looks, "layers", race)
        view["offered"] = kept.layers.quantities
        if view["quantity"] not in view["offered"]:
            view["quantity"] = view["offered"][0]
        told["layers"] = {**view, **common, "urls": {**_LAYER_URLS, "plotly": "plotly"}}
    portable: dict[str, Any] = offline.portable(told)
    return portable


def _component(path: str) -> str:
    return terms.filled((LIVE / path).read_text(encoding="utf-8"))
