"""The states in which a page is measured, made by real races in a workspace: live, ended, zoomed, seeded, and so on."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from playwright.sync_api import Page

from engine.config.presets import PRESETS
from engine.events import RunState
from engine.labs.registry import LABS
from engine.paths import PROJECT
from engine.runs.protocol.instant import instant_request, usual
from engine.runs.protocol.planning import RaceRequest, plan_race
from engine.store.reader import Reader
from engine.store.rows import RunRow
from tests.e2e.conftest import Site, open_setup, until

#: Nets small enough for a few seconds, for the states in which only the number of curves matters.
_SMALL = {"width": "8", "pool": "4", "batch_size": "32", "precision": "fp32", "eval_images": "100"}
_PATIENCE_S = 1200.0
_DRAWN = "document.querySelector('.ss-race')?.raceView?.chart.drawn"
_PROBES = "document.querySelector('.sp-probes')?.probeView?.painted"
_LAB = "document.querySelector('.sl-lab')?.labView?.drawn && document.querySelector('.sl-lab').labView.curves.size"
_INSTANT = "document.querySelector('.si-instant')?.instantView?.shown?.over"
_WORDS = "document.querySelector('[data-testid=stMain] h1, [data-testid=stMain] h2, [data-testid=stMain] p')"
#: The page of the lab that stands below the gradients of a race.
_GRADIENTS = "gradients"
QUESTIONS = sorted(path.stem for path in (PROJECT / "assets" / "guide").glob("q*.md"))
LAB_PAGES = [_GRADIENTS, *(f"lab-{name}" for name in LABS if name != _GRADIENTS)]


#: Strengths of the shortcut that the page Instant has tried.
STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)


class Visitor(StrEnum):
    """Who looks: at a workspace of one's own, at a shared one without its presenter's link, at an empty one."""

    OWNER, AUDIENCE, NEWCOMER = "owner", "audience", "newcomer"


@dataclass(frozen=True)
class State:
    """A page in one state: its address, what must be true before it is measured, what is done first, who looks."""

    name: str
    path: str
    ready: str = _WORDS
    before: Callable[[Page], None] = lambda page: None
    visitor: Visitor = Visitor.OWNER


#: Races of the states that are made of one; ``mlp`` and ``vit`` have nets without batch norm.
_REQUESTS = {
    "quick": RaceRequest(preset="quick"),
    "seeded": RaceRequest((8, 14), ("none", "A"), steps=300, seeds=3, settings=_SMALL),
    "mlp": RaceRequest(preset="start-mlp"),
    "vit": RaceRequest(preset="today"),
}


def races(site: Site) -> dict[str, int]:
    """Return the number of a finished race for each state that is about one. Makes those that the workspace lacks."""
    known: dict[str, int] = {}
    with Reader(site.workspace) as reader:
        for race in reader.races.newest():
            known.setdefault(_kind(reader.runs.all(race.id)), race.id)
        dialled = len(reader.races.ring())
    for kind, request in _REQUESTS.items():
        known[kind] = known.get(kind) or _raced(site, request)
    if "forked" not in known:
        known["forked"] = _raced(site, RaceRequest((8, 14), ("none", "A"), steps=300, settings=_SMALL))
        with Reader(site.workspace) as reader:
            deep = reader.runs.all(known["forked"])[-1].id
        fork = site.control.interventions.fork(deep, 150, {"strength": "0"})
        until(lambda: site.row(fork).state == "finished", _PATIENCE_S)
    for strength in STRENGTHS[dialled:]:
        choice = replace(usual(), strength=strength)
        _, runs = site.control.start_instant(plan_race(instant_request(choice), site.workspace))
        until(lambda ids=runs: all(site.row(run).state == "finished" for run in ids), _PATIENCE_S)
    return known


def _kind(runs: list[RunRow]) -> str:
    """Return which of the states a race is for, '' for none."""
    if any(run.state != RunState.FINISHED for run in runs):
        return ""
    if any(run.parent_run for run in runs):
        return "forked"
    family = runs[0].config.model.family
    if family in ("mlp", "vit"):
        return family
    if len({run.seed for run in runs}) == 3:
        return "seeded"
    return "quick" if [run.arm for run in runs] == ["plain-20", "plain-56", "A-20", "A-56"] else ""


def _raced(site: Site, request: RaceRequest) -> int:
    race, runs = site.control.start_race(plan_race(request, site.workspace))
    until(lambda: all(site.row(run).state == "finished" for run in runs), _PATIENCE_S)
    return race


def live(site: Site) -> tuple[int, list[int]]:
    """Start a race that goes on while it is measured, and let it begin; return its number and its runs."""
    steps = 20 * PRESETS["quick"].run.optim.steps
    race, runs = site.control.start_race(plan_race(RaceRequest(preset="quick", steps=steps), site.workspace))
    until(lambda: all(site.row(run).step > 120 for run in runs), _PATIENCE_S)
    return race, runs


def of_race(numbers: dict[str, int]) -> list[State]:
    """Return the states of the pages about a race; ``live`` only where ``numbers`` has such a race."""
    quick = numbers["quick"]
    states = [
        State("ended", f"?race={quick}", _DRAWN),
        State("zoomed", f"?race={quick}&zoom=100_200", _DRAWN),
        State("gap", f"?race={quick}&layout=gap", _DRAWN),
        State("overlaid", f"?race={quick}&layout=overlaid", _DRAWN),
        State("seeded", f"?race={numbers['seeded']}", _DRAWN),
        State("forked", f"?race={numbers['forked']}", _DRAWN),
        State("presented", f"?race={quick}&present=1", _DRAWN),
        State("veiled", f"?race={quick}&present=1&hidden=1", _DRAWN),
        State("set-up", f"?race={quick}", _DRAWN, open_setup),
        State("layers", f"layers?race={quick}", _PROBES),
        State("layers-seeded", f"layers?race={numbers['seeded']}", _PROBES),
        State("layers-presented", f"layers?race={quick}&present=1", _PROBES),
        State("gradients", f"gradients?race={quick}", _PROBES),
        State("gradients-presented", f"gradients?race={quick}&present=1", _PROBES),
        State("mlp", f"?race={numbers['mlp']}", _DRAWN),
        State("mlp-overlaid", f"?race={numbers['mlp']}&layout=overlaid", _DRAWN),
        State("vit", f"?race={numbers['vit']}", _DRAWN),
        State("layers-vit", f"layers?race={numbers['vit']}", _PROBES),
        State("gradients-vit", f"gradients?race={numbers['vit']}", _PROBES),
        State("instant", "instant", _INSTANT),
        State("runs", "runs", "document.querySelector('[data-testid=stDataFrame] canvas')"),
        State("runs-drawn", "runs?runs=1,2", "document.querySelector('.ss-race')?.raceView?.chart.drawn"),
    ]
    if "live" in numbers:
        race = numbers["live"]
        states += [State("live", f"?race={race}", _DRAWN), State("layers-live", f"layers?race={race}", _PROBES)]
    return states


def of_others(numbers: dict[str, int]) -> list[State]:
    """Return the states that others see: who opens the app for the first time, and who looks on."""
    quick, audience = numbers["quick"], Visitor.AUDIENCE
    return [
        State("landing", "", "document.querySelector('[data-testid=stImage] img')", visitor=Visitor.NEWCOMER),
        State("instant-first", "instant", "document.querySelector('.si-instant')?.instantView?.feed?.source",
              visitor=Visitor.NEWCOMER),
        State("audience", f"?race={quick}", _DRAWN, visitor=audience),
        State("audience-layers", f"layers?race={quick}", _PROBES, visitor=audience),
        State("audience-instant", "instant", _INSTANT, visitor=audience),
        State("audience-runs", "runs", "document.querySelector('[data-testid=stDataFrame] canvas')", visitor=audience),
    ]  # fmt: skip


def of_texts() -> list[State]:
    """Return the states of the pages that need no race: labs, questions, the zoo."""
    labs = [State(path, path, _LAB) for path in LAB_PAGES[1:]]
    staged = [State(f"{path}-presented", f"{path}?{path[4:]}-present=1", _LAB) for path in LAB_PAGES[1:]]
    questions = [State(path, path, _LAB) for path in QUESTIONS]
    return [*labs, *staged, State("why", "why"), *questions, State("shortcuts", "shortcuts")]
