"""The states in which a page is measured, made by real races in a workspace: live, ended, zoomed, seeded, and so on."""

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page

from engine.config.presets import PRESETS
from engine.runs.protocol.planning import RaceRequest, plan_race
from engine.store.reader import Reader
from tests.e2e.conftest import Site, until

#: Nets small enough for a few seconds, for the states in which only the number of curves matters.
_SMALL = {"width": "8", "pool": "4", "batch_size": "32", "precision": "fp32", "eval_images": "100"}
_PATIENCE_S = 1200.0
DRAWN = "document.querySelector('.ss-race')?.raceView?.chart.drawn"
PROBES = "document.querySelector('.sp-probes')?.probeView?.painted"


@dataclass(frozen=True)
class State:
    """A page in one state: its address, what has to be true before it is measured, and what is done before that."""

    name: str
    path: str
    ready: str = "document.querySelector('[data-testid=stMain] h1, [data-testid=stMain] h2, [data-testid=stMain] p')"
    before: Callable[[Page], None] = lambda page: None


def races(site: Site) -> dict[str, int]:
    """Return the number of a quick race that has ended, of one with three seeds, and of one with cut shortcuts.

    Makes those that the workspace does not have yet.
    """
    with Reader(site.workspace) as reader:
        known = {race.preset: race.id for race in reversed(reader.races.newest())}
    quick = known.get("quick") or _raced(site, RaceRequest(preset="quick"))
    seeded = _raced(site, RaceRequest((8, 14), ("none", "A"), steps=300, seeds=3, settings=_SMALL))
    forked = _raced(site, RaceRequest((8, 14), ("none", "A"), steps=300, settings=_SMALL))
    with Reader(site.workspace) as reader:
        deep = reader.runs.all(forked)[-1].id
    fork = site.control.interventions.fork(deep, 150, {"strength": "0"})
    until(lambda: site.row(fork).state == "finished", _PATIENCE_S)
    return {"quick": quick, "seeded": seeded, "forked": forked}


def _raced(site: Site, request: RaceRequest) -> int:
    race, runs = site.control.start_race(plan_race(request, site.workspace))
    until(lambda: all(site.row(run).state == "finished" for run in runs), _PATIENCE_S)
    return race


def live(site: Site) -> int:
    """Start a race that goes on while it is measured; return its number."""
    steps = 20 * PRESETS["quick"].run.optim.steps
    return site.control.start_race(plan_race(RaceRequest(preset="quick", steps=steps), site.workspace))[0]


def race_states(numbers: dict[str, int]) -> list[State]:
    """Return the states of the Race page; ``live`` only where ``numbers`` has such a race."""
    quick = numbers["quick"]
    states = [
        State("ended", f"?race={quick}", DRAWN),
        State("zoomed", f"?race={quick}&zoom=100_200", DRAWN),
        State("gap", f"?race={quick}&layout=gap", DRAWN),
        State("overlaid", f"?race={quick}&layout=overlaid", DRAWN),
        State("seeded", f"?race={numbers['seeded']}", DRAWN),
        State("presented", f"?race={quick}&present=1", DRAWN),
        State("forked", f"?race={numbers['forked']}", DRAWN),
    ]
    return states + ([State("live", f"?race={numbers['live']}", DRAWN)] if "live" in numbers else [])


def other_states(numbers: dict[str, int], paths: list[str]) -> list[State]:
    """Return one state of each other page."""
    ready = {
        "layers": PROBES,
        "gradients": PROBES,
        "runs": "document.querySelector('[data-testid=stDataFrame] canvas')",
    }
    usual = State("", "").ready
    return [State(path, f"{path}?race={numbers['quick']}", ready.get(path, usual)) for path in paths]
