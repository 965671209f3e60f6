"""The states in which a page is measured: which address, whose eyes, what is done first, what is promised of it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from playwright.sync_api import Page

from engine.labs.registry import LABS
from engine.paths import PROJECT
from tests.benchmarks.page.races import KINDS
from tests.e2e.conftest import open_setup

_DRAWN = "document.querySelector('.ss-race')?.raceView?.chart.drawn"
_REPLAYED = f"{_DRAWN} && document.querySelector('.ss-race').raceView.recorded"
_PROBES = "document.querySelector('.sp-probes')?.probeView?.painted"
_REPLAYED_PROBES = f"{_PROBES} && document.querySelector('.sp-chip')?.textContent === 'REPLAY'"
_LAB = "document.querySelector('.sl-lab')?.labView?.drawn && document.querySelector('.sl-lab').labView.curves.size"
_INSTANT = "document.querySelector('.si-instant')?.instantView?.shown?.over"
_WORDS = "document.querySelector('[data-testid=stMain] h1, [data-testid=stMain] h2, [data-testid=stMain] p')"
_STILL = "document.querySelector('.st-key-first_picture img')"
_TABLE = "document.querySelector('[data-testid=stDataFrame] canvas')"
#: The page of the lab that stands below the gradients of a race.
_GRADIENTS = "gradients"
QUESTIONS = sorted(path.stem for path in (PROJECT / "assets" / "guide").glob("q*.md"))
LAB_PAGES = [_GRADIENTS, *(f"lab-{name}" for name in LABS if name != _GRADIENTS)]
#: What is seen of a race at 1280 x 720 without scrolling, and what of the page Instant: the dial beside its curves.
FOLD = (".ss-gap", ".ss-plot", ".ss-controls")
DIAL = (".si-headline", ".si-plot", ".si-strength", ".si-dial")


class Visitor(StrEnum):
    """Who looks: at a workspace of one's own, at a shared one without its presenter's link, at an empty one."""

    OWNER, AUDIENCE, NEWCOMER = "owner", "audience", "newcomer"


@dataclass(frozen=True)
class State:
    """A page in one state.

    ``path`` is its address, with the number of a race for ``{kind}``; ``ready`` is what must be true before it is
    measured, ``before`` what is done first. ``fold``: what is seen without scrolling. ``roomy``: whether its curves
    are promised their share of the window. ``text``: whether its height is bounded.
    """

    name: str
    path: str
    ready: str = _WORDS
    before: Callable[[Page], None] = lambda page: None
    visitor: Visitor = Visitor.OWNER
    fold: tuple[str, ...] = ()
    roomy: bool = False
    text: bool = False

    @property
    def races(self) -> set[str]:
        """The kinds of races that the address names."""
        return set(re.findall(r"{(\w+)}", self.path))


def _race(name: str, path: str, ready: str = _DRAWN, visitor: Visitor = Visitor.OWNER) -> State:
    """Return a state in which the page has room for the curves of a race."""
    return State(name, path, ready, visitor=visitor, fold=FOLD, roomy=True)


def every(live: bool) -> list[State]:
    """Return all states; those of a race that trains only with ``live``."""
    states = [*_of_race(), *_of_replay(), *_of_layers(), *_of_others(), *_of_texts()]
    states = [state for state in states if live or not state.races & {"early", "late"}]
    assert all(state.races <= {*KINDS} for state in states)
    return states


def _of_race() -> list[State]:
    return [
        _race("ended", "?race={quick}"),
        _race("zoomed", "?race={quick}&zoom=100_200"),
        _race("gap", "?race={quick}&layout=gap"),
        _race("overlaid", "?race={quick}&layout=overlaid"),
        _race("log-loss", "?race={quick}&metric=loss&scale=log"),
        _race("seeded", "?race={seeded}"),
        _race("forked", "?race={forked}"),
        _race("five-seeds", "?race={five}"),
        _race("five-gap", "?race={five}&layout=gap"),
        _race("start-or-wire", "?race={start}"),
        _race("cut", "?race={cut}"),
        _race("depth", "?race={depth}"),
        _race("depth-layout", "?race={depth}&layout=depth"),
        _race("mlp", "?race={mlp}"),
        _race("mlp-overlaid", "?race={mlp}&layout=overlaid"),
        _race("vit", "?race={vit}"),
        _race("live", "?race={early}"),
        _race("live-late", "?race={late}"),
        State("presented", "?race={quick}&present=1", _DRAWN),
        State("veiled", "?race={quick}&present=1&hidden=1", _DRAWN),
        State("set-up", "?race={quick}", _DRAWN, open_setup),
        State("instant", "instant", _INSTANT, fold=DIAL),
        State("runs", "runs", _TABLE),
        State("runs-import", "runs", _TABLE, _import),
        State("runs-drawn", "runs?runs=1,2", _DRAWN),
    ]


def _of_replay() -> list[State]:
    moment = "replay=1&by=step&at=150"
    return [
        _race("replay", f"?race={{quick}}&{moment}", _REPLAYED),
        _race("replay-five", f"?race={{five}}&{moment}", _REPLAYED),
        _race("replay-gap", f"?race={{quick}}&layout=gap&{moment}", _REPLAYED),
        _race("replay-cut", "?race={cut}&replay=1&by=step&at=220", _REPLAYED),
        _race("replay-playing", "?race={five}&replay=1&speed=2", _REPLAYED),
        _race("replay-audience", f"?race={{quick}}&{moment}", _REPLAYED, Visitor.AUDIENCE),
        State("replay-presented", f"?race={{quick}}&present=1&{moment}", _REPLAYED),
        State("layers-replay", f"layers?race={{quick}}&{moment}", _REPLAYED_PROBES),
        State("gradients-replay", f"gradients?race={{quick}}&{moment}", _REPLAYED_PROBES),
        State("layers-replay-presented", f"layers?race={{quick}}&present=1&{moment}", _REPLAYED_PROBES),
    ]


def _of_layers() -> list[State]:
    paths = {
        "layers": "?race={quick}",
        "layers-seeded": "?race={seeded}",
        "layers-five": "?race={five}",
        "layers-cut": "?race={cut}",
        "layers-vit": "?race={vit}",
        "layers-mlp": "?race={mlp}",
        "layers-live": "?race={early}",
        "layers-presented": "?race={quick}&present=1",
        "gradients": "?race={quick}",
        "gradients-vit": "?race={vit}",
        "gradients-presented": "?race={quick}&present=1",
    }
    states = [State(name, f"{name.partition('-')[0]}{query}", _PROBES) for name, query in paths.items()]
    return [*states, State("gradients-lab", "gradients?race={quick}", _LAB, _lab_below)]


def _of_others() -> list[State]:
    """Return the states that others see: who opens the app for the first time, and who looks on."""
    first, audience = Visitor.NEWCOMER, Visitor.AUDIENCE
    source = "document.querySelector('.si-instant')?.instantView?.feed?.source"
    return [
        State("landing", "", _STILL, visitor=first),
        State("landing-recorded", "", _STILL, _list_of_recordings, first),
        State("instant-first", "instant", source, visitor=first, fold=DIAL),
        State("layers-first", "layers", visitor=first),
        State("runs-first", "runs", visitor=first),
        State("why-first", "why", visitor=first),
        _race("audience", "?race={quick}", visitor=audience),
        State("audience-layers", "layers?race={quick}", _PROBES, visitor=audience),
        State("audience-instant", "instant", _INSTANT, visitor=audience, fold=DIAL),
        State("audience-runs", "runs", _TABLE, visitor=audience),
        State("audience-lab", "lab-lesion", _LAB, visitor=audience),
    ]


def _of_texts() -> list[State]:
    """Return the states of the pages that need no race: labs, questions, the zoo."""
    labs = [State(path, path, _LAB, text=True) for path in LAB_PAGES[1:]]
    staged = [State(f"{path}-presented", f"{path}?{path[4:]}-present=1", _LAB) for path in LAB_PAGES[1:]]
    questions = [State(path, path, _LAB, text=True) for path in QUESTIONS]
    return [*labs, *staged, State("why", "why", text=True), *questions, State("shortcuts", "shortcuts")]


def _lab_below(page: Page) -> None:
    page.wait_for_function(f"() => {_PROBES}")
    page.wait_for_timeout(1500)  # what stands above has its height
    page.locator(".sl-lab").evaluate("(lab) => lab.scrollIntoView()")


def _import(page: Page) -> None:
    page.get_by_role("button", name="Import").click()
    page.get_by_text("Recorded races that come with Skipscope").click()
    page.get_by_role("button", name="Quick race").wait_for()


def _list_of_recordings(page: Page) -> None:
    page.get_by_role("button", name="All recorded races").click()
    page.get_by_role("dialog").get_by_role("button", name="Quick race").wait_for()
