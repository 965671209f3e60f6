"""What an ended race leads to: cards below the chart, buttons beside the certainty, and what their presses do."""

from collections.abc import Mapping
from typing import Any

from app.data import commands, guide, interventions, races, run_times, workspace
from app.data.next_steps import ended_race, obstacles
from app.data.next_steps.ended_race import EndedRace
from app.live.race.shown import NextStep, NextSteps
from app.views import page_frame, picker
from app.views.setup import long_race, preset_row

#: The preset of the card "Start or wire?", and the variants that only such a race has.
_START, _STARTS = "start", {"dirac", "zero-gamma"}
#: Pages of the guide, each with what it shows.
_QUESTIONS = {
    "q1-why-can-depth-hurt": "What a deeper plain net loses on the way, with the experiment.",
    "q3-does-batch-norm-keep-gradients-healthy": "Gradients of deep plain nets: healthy size, lost direction.",
    "q4-is-a-residual-easier": "How much of the gain is the start, how much the shortcut.",
    "q8-is-it-the-same-in-todays-nets": "Depth without shortcuts in MLPs and Transformers, and what the rate does.",
}


def offered(race: races.Race, mine: bool) -> NextSteps:
    """Return what an ended race leads to; nothing while it trains. ``mine``: whether this visitor may command."""
    found = ended_race.ended_race(race)
    if found is None:
        return NextSteps()
    links = [*_look_inside(race), *_why(race, found)]
    if not mine or workspace.view_only():
        return NextSteps(found.ended, tuple(links))
    requests, seeds = _requests(race, found), found.more_seeds
    times = {key: _time(request) for key, request in requests.items()}
    # What is still to be done comes first, what was done and is on the chart last.
    done = found.cut is not None and found.cut.fork is not None and not found.cut.trains
    cards = [] if done else _cut(found)
    # Its starts are those of convolutions: they tell nothing of other nets.
    starts = race.preset != _START and race.has_both_families and race.has_batch_norm
    if starts and times["start"] is not None:
        text = "Plain nets that start as the identity: how much of the cure is the start?"
        cards.append(NextStep("start", "Start or wire?", text, times["start"]))
    cards += links
    if seeds and times["seeds"] is not None:
        text = f"The same race with {seeds} seeds: do the gaps stay?"
        cards.append(NextStep("seeds", "More seeds", text, times["seeds"]))
    cards += _cut(found) if done else []
    buttons = []
    if seeds and race.seeds == 1 and times["seeds"] is not None:
        buttons.append(NextStep("seeds", f"Repeat with {seeds} seeds", time=times["seeds"]))
    if found.compared and not race.tuned and times["tune"] is not None:
        buttons.append(NextStep("tune", "Tune the rates", time=times["tune"]))
    return NextSteps(found.ended, tuple(cards), tuple(buttons))


def act(command: Mapping[str, Any]) -> None:
    """Carry out a press on a card or button, in the component's callback. Raises SkipscopeError."""
    race = races.race(picker.last_chosen() or 0)
    found = ended_race.ended_race(race) if race else None
    if race is None or found is None:
        raise workspace.SkipscopeError("this race trains again; wait for its end")
    key = command.get("key")
    if key == "cut":
        if found.cut and found.cut.fork is None:
            interventions.fork(found.cut.run, found.cut.step, {"strength": "0"})
        return
    requests = _requests(race, found)
    if key not in requests:
        raise workspace.SkipscopeError("this page offers no such step; load it anew")
    long_race.start(commands.planned(requests[key]))


def _requests(race: races.Race, found: EndedRace) -> dict[str, commands.RaceRequest]:
    return {
        "start": commands.RaceRequest(preset=_START),
        "seeds": ended_race.repeated(race, seeds=found.more_seeds),
        "tune": ended_race.repeated(race, tuned=True),
    }


def _time(request: commands.RaceRequest) -> str | None:
    """Return how long a race takes, '' where that is not known, None for a race that is refused."""
    if ":" in (request.data or ""):  # to plan it would look through a path of images
        return None if obstacles.to_repeat(request.data or "") else ""
    try:
        time = run_times.race_time(commands.planned(request))
    except workspace.SkipscopeError:
        return None
    return preset_row.spoken(time.seconds) if time else ""


def _cut(found: EndedRace) -> list[NextStep]:
    cut = found.cut
    if cut is None:
        return []
    if cut.fork is not None:
        trains = "trains" if cut.trains else "trained"
        text = f"{cut.arm} {trains} on without shortcuts from step {cut.step:,}. Show it on the chart."
        return [NextStep("show", "The cut shortcuts", text, run=cut.fork)]
    time = "" if cut.seconds is None else preset_row.spoken(cut.seconds)
    text = f"{cut.arm} from step {cut.step:,} on: does it keep what it learned?"
    return [NextStep("cut", "Cut the shortcuts", text, time)]


def _look_inside(race: races.Race) -> list[NextStep]:
    if not race.is_probed:
        return []
    shortcut = next(filter(races.is_plain, race.shortcuts), race.shortcuts[0])
    arm = races.arm_label(max(race.depths), shortcut, race.family)
    text = f"How strongly each layer of {arm} responds."
    return [NextStep("inside", "Look inside", text, href=f"layers?race={race.id}")]


def _why(race: races.Race, found: EndedRace) -> list[NextStep]:
    name = _question(race, found)
    with page_frame.refusals(lambda _: None):
        return [NextStep("why", guide.guide_page(name).menu, _QUESTIONS[name], href=name)]
    return []


def _question(race: races.Race, found: EndedRace) -> str:
    """Return the page of the guide that fits what the race showed."""
    if not race.has_batch_norm:
        return "q8-is-it-the-same-in-todays-nets"
    if found.degrades is None or _STARTS.intersection(race.shortcuts):
        return "q4-is-a-residual-easier"
    return "q1-why-can-depth-hurt" if found.degrades else "q3-does-batch-norm-keep-gradients-healthy"
