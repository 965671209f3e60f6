"""The races of the states in which a page is measured: short trainings, and recorded races of the project."""

from collections.abc import Collection
from dataclasses import replace

from engine.config.presets import PRESETS
from engine.events import RunState
from engine.exchange.recordings import get_recording, imported_race
from engine.exchange.transfer import import_from
from engine.runs.protocol.instant import instant_request, usual
from engine.runs.protocol.planning import RaceRequest, plan_race
from engine.store.reader import Reader
from engine.store.rows import RunRow
from tests.e2e.conftest import Site, until

#: Nets small enough for a few seconds, for the states in which only the number of curves matters.
_SMALL = {"width": "8", "pool": "4", "batch_size": "32", "precision": "fp32", "eval_images": "100"}
_PATIENCE_S = 1200.0
#: Strengths of the shortcut that the page Instant has tried.
STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
#: Races that are trained once; ``mlp`` and ``vit`` have nets without batch norm.
_TRAINED = {
    "quick": RaceRequest(preset="quick"),
    "seeded": RaceRequest((8, 14), ("none", "A"), steps=300, seeds=3, settings=_SMALL),
    "forked": RaceRequest((8, 14), ("none", "A"), steps=300, settings=_SMALL),
    "mlp": RaceRequest(preset="start-mlp"),
    "vit": RaceRequest(preset="today"),
}
#: Races that are imported once, and the names of their recordings.
_RECORDED = {"five": "quick", "cut": "cut", "start": "start", "depth": "depth"}
_QUICK_STEPS = PRESETS["quick"].run.optim.steps
#: Races that train while they are measured: their steps, and the step from which on. Nets are compared after a third.
LIVE = {"early": (20 * _QUICK_STEPS, 60), "late": (4 * _QUICK_STEPS, 4 * _QUICK_STEPS // 3 + 30)}
KINDS = (*_TRAINED, *_RECORDED, *LIVE)


def made(site: Site, kinds: Collection[str], dialled: bool) -> dict[str, int]:
    """Return the number of the race of each of ``kinds``, made where the workspace lacks it; ``dialled``: Instant's."""
    numbers = {kind: _imported(site, name) for kind, name in _RECORDED.items() if kind in kinds}
    with Reader(site.workspace) as reader:
        recorded = {imported_race(reader, get_recording(name)) for name in _RECORDED.values()}
        for race in reader.races.newest():
            if race.id not in recorded:
                numbers.setdefault(_kind(reader.runs.all(race.id)), race.id)
        tried = len(reader.races.ring())
    for kind, request in _TRAINED.items():
        if kind in kinds and kind not in numbers:
            numbers[kind] = _raced(site, request)
            if kind == "forked":
                _fork(site, numbers[kind])
    for strength in STRENGTHS[tried:] if dialled else ():
        choice = replace(usual(), strength=strength)
        _finished(site, site.control.start_instant(plan_race(instant_request(choice), site.workspace))[1])
    return numbers


def live(site: Site, kind: str) -> tuple[int, list[int]]:
    """Start a race that goes on while it is measured, and let it come so far; return its number and its runs."""
    steps, begin = LIVE[kind]
    race, runs = site.control.start_race(plan_race(RaceRequest(preset="quick", steps=steps), site.workspace))
    until(lambda: all(site.row(run).step > begin for run in runs), _PATIENCE_S)
    return race, runs


def _kind(runs: list[RunRow]) -> str:
    """Return which of the trained races a race is, '' for none."""
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


def _imported(site: Site, name: str) -> int:
    recording = get_recording(name)
    with Reader(site.workspace) as reader:
        race = imported_race(reader, recording)
    return race or min(import_from(site.workspace, recording.path, lambda done, total, what: None).races)


def _raced(site: Site, request: RaceRequest) -> int:
    race, runs = site.control.start_race(plan_race(request, site.workspace))
    _finished(site, runs)
    return race


def _fork(site: Site, race: int) -> None:
    with Reader(site.workspace) as reader:
        deep = reader.runs.all(race)[-1].id
    _finished(site, [site.control.interventions.fork(deep, 150, {"strength": "0"})])


def _finished(site: Site, runs: list[int]) -> None:
    until(lambda: all(site.row(run).state == RunState.FINISHED for run in runs), _PATIENCE_S)
