"""The states in which a page is measured, made by real races in a workspace: live, ended, zoomed, seeded, and so on."""

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page

from engine.config.presets import PRESETS
from engine.events import RunState
from engine.labs.registry import LABS
from engine.paths import PROJECT
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
_WORDS = "document.querySelector('[data-testid=stMain] h1, [data-testid=stMain] h2, [data-testid=stMain] p')"
#: The page of the lab that stands below the gradients of a race.
_GRADIENTS = "gradients"
QUESTIONS = sorted(path.stem for path in (PROJECT / "assets" / "guide").glob("q*.md"))
LAB_PAGES = [_GRADIENTS, *(f"lab-{name}" for name in LABS if name != _GRADIENTS)]


@dataclass(frozen=True)
class State:
    """A page in one state: its address, what has to be true before it is measured, and what is done before that."""

    name: str
    path: str
    ready: str = _WORDS
    before: Callable[[Page], None] = lambda page: None


def races(site: Site) -> dict[str, int]:
    """Return the number of a quick race that has ended, of one with three seeds, and of one with cut shortcuts.

    Makes those that the workspace does not have yet.
    """
    known: dict[str, int] = {}
    with Reader(site.workspace) as reader:
        for race in reader.races.newest():
            known.setdefault(_kind(reader.runs.all(race.id)), race.id)
    for kind, request in {
        "quick": RaceRequest(preset="quick"),
        "seeded": RaceRequest((8, 14), ("none", "A"), steps=300, seeds=3, settings=_SMALL),
    }.items():
        known[kind] = known.get(kind) or _raced(site, request)
    if "forked" not in known:
        known["forked"] = _raced(site, RaceRequest((8, 14), ("none", "A"), steps=300, settings=_SMALL))
        with Reader(site.workspace) as reader:
            deep = reader.runs.all(known["forked"])[-1].id
        fork = site.control.interventions.fork(deep, 150, {"strength": "0"})
        until(lambda: site.row(fork).state == "finished", _PATIENCE_S)
    return known


def _kind(runs: list[RunRow]) -> str:
    """Return which of the states a race is for, '' for none."""
    if any(run.state != RunState.FINISHED for run in runs):
        return ""
    if any(run.parent_run for run in runs):
        return "forked"
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
        State("runs", "runs", "document.querySelector('[data-testid=stDataFrame] canvas')"),
        State("runs-drawn", "runs?runs=1,2", "document.querySelector('.ss-race')?.raceView?.chart.drawn"),
    ]
    if "live" in numbers:
        race = numbers["live"]
        states += [State("live", f"?race={race}", _DRAWN), State("layers-live", f"layers?race={race}", _PROBES)]
    return states


def of_texts() -> list[State]:
    """Return the states of the pages that need no race: labs, questions, the zoo."""
    labs = [State(path, path, _LAB) for path in LAB_PAGES[1:]]
    staged = [State(f"{path}-presented", f"{path}?{path[4:]}-present=1", _LAB) for path in LAB_PAGES[1:]]
    questions = [State(path, path, _LAB) for path in QUESTIONS]
    return [*labs, *staged, State("why", "why"), *questions, State("shortcuts", "shortcuts")]
