"""At every moment a replay says what the live page said of the rows as they were then."""

from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest

from app.data import streaming
from app.data.recording.recording import recording
from app.data.workspace import use
from engine.events import RunState
from engine.store.workspace import Workspace
from tests.app.data.recording.scripted_race import Cut, Script, ScriptedRace, planned

QUICK = {"depths": (20, 56), "shortcuts": ("none", "A")}
DEPTHS = {"depths": (8, 14, 20), "shortcuts": ("none",)}
RACES = {
    "unequal clocks": ScriptedRace(
        planned(300, **QUICK),
        [Script((300,), 0.125, 40), Script((300,), 0.5, 80), Script((300,), 0.25, 30), Script((300,), 0.375, 25)],
    ),
    "compared runs stopped, another arm trains on": ScriptedRace(
        planned(400, **DEPTHS),
        [
            Script((160,), 0.125, 40, state=RunState.STOPPED),
            Script((400,), 0.25, 50),
            Script((160,), 0.25, 70, state=RunState.STOPPED),
        ],
    ),
    "a net diverges, its mates go on": ScriptedRace(
        planned(300, **QUICK),
        [
            Script((300,), 0.125, 40),
            Script((120,), 0.25, 90, state=RunState.DIVERGED),
            Script((300,), 0.5, 30),
            Script((300,), 0.25, 25),
        ],
    ),
    "all extended": ScriptedRace(
        planned(210, **QUICK), [Script((210, 330), step_s, 60.0) for step_s in (0.125, 0.5, 0.25, 0.25)]
    ),
    "the middle depth extended twice": ScriptedRace(
        planned(210, **DEPTHS),
        [Script((210,), 0.125, 40), Script((210, 300, 420), 0.25, 50), Script((210,), 0.5, 70)],
    ),
    "two cuts": ScriptedRace(
        planned(300, depths=(20, 56), shortcuts=("A",)),
        [Script((300,), 0.125, 30), Script((300,), 0.25, 20)],
        [Cut(1, 60, Script((300,), 0.25, 90)), Cut(1, 200, Script((300,), 0.375, 85))],
    ),
    "a newer cut that begins earlier": ScriptedRace(
        planned(300, depths=(56,), shortcuts=("A",)),
        [Script((300,), 0.25, 20)],
        [Cut(0, 200, Script((300,), 0.25, 90)), Cut(0, 60, Script((300,), 0.5, 85))],
    ),
}


def said_live(race: ScriptedRace, path, **until) -> streaming.Conclusions:
    runs = race.write(Workspace(use(path)), **until)
    return streaming.conclusions(runs)


def at(moments, place):
    return next((one.said for one in reversed(moments) if one.at <= place), None)


@pytest.mark.slow
@pytest.mark.parametrize("name", RACES)
@pytest.mark.parametrize("by", ["steps", "seconds"])
def test_every_moment_says_what_the_live_page_said_then(tmp_path, name, by):
    race, random = RACES[name], Random(name)
    runs = race.write(Workspace(use(tmp_path / "whole")))
    found, end = recording(runs, 2000), streaming.conclusions(runs)
    measure = by.removesuffix("s") if by == "steps" else by
    moments, cuts = (getattr(words, measure) for words in (found.moments, found.cuts))
    assert all(one.at < later.at for one, later in pairwise(moments))
    assert replace(end, cut="") == moments[-1].said
    assert end.cut == (cuts[-1].said if cuts else "")
    moment = random.choice(moments[1:-1])
    live = said_live(race, tmp_path / "moment", **{by: moment.at})
    assert replace(live, cut="") == moment.said, (moment.at, name)
    for number, moment in enumerate(random.sample(cuts, min(2, len(cuts)))):
        assert said_live(race, tmp_path / f"c{number}", **{by: moment.at}).cut == moment.said, moment.at
    # Between moments a headline stays; what the end of a run decides does not wait for the next one.
    anywhere = random.uniform(0.2, 1) * moments[-1].at
    turns = [
        (end + after) * (1 if by == "steps" else script.step_s)
        for script in race.scripts
        for end in script.ends[:-1]
        for after in (0, 1)
    ]
    for number, place in enumerate([int(anywhere) if by == "steps" else anywhere, *turns[:2]]):
        live, words = said_live(race, tmp_path / f"p{number}", **{by: place}), at(moments, place)
        assert live.statement.certainty.kind == words.statement.certainty.kind
        finals = [{curve: [one.final for one in of] for curve, of in each.depths.items()} for each in (live, words)]
        assert finals[0] == finals[1], place
    use(tmp_path / "elsewhere")
