"""Answers about recorded races: each takes seconds to make, none changes, and a room asks for a scene all at once.

What a scene of some talk plays is answered, and nothing else: whoever looks on could ask for any of a million sets of
runs, and the room would wait for each.
"""

import asyncio
from functools import lru_cache

from app.data import races
from app.data.recording.recording import recording
from app.data.talks import talks
from app.live.race.messages import recording_document
from app.live.race.routes import usual_points
from app.live.shared.run import runs_of
from app.live.stream.answers import stored
from app.live.stream.query_params import BadRequest
from app.live.talk.documents import runs_document

#: Answers that are kept: more than the scenes of a talk.
MAX_KEPT = 64
_Key = tuple[str, tuple[int, ...]]


class RecordedAnswers:
    """The answers that were made so far, for one event loop."""

    def __init__(self) -> None:
        self._kept: dict[_Key, str] = {}
        self._making = asyncio.Lock()

    async def get(self, name: str, runs: tuple[int, ...]) -> str:
        """Return the answer about runs of a recorded race. Raises BadRequest for runs that no scene plays."""
        key = name, runs
        if key in self._kept:  # nobody waits for what is there
            return self._kept[key]
        async with self._making:
            if key not in self._kept:
                answer = await stored(_made, name, runs)
                if len(self._kept) >= MAX_KEPT:
                    del self._kept[next(iter(self._kept))]
                self._kept[key] = answer
            return self._kept[key]


@lru_cache(maxsize=256)
def played_runs(name: str, arms: tuple[str, ...]) -> tuple[int, ...]:
    """Return the runs of a recorded race that a scene with these arms plays. Raises SkipscopeError."""
    with talks.recorded(name) as number:
        race = races.race(number)
        return tuple(run["run"] for run in runs_document(runs_of(race) if race else (), arms))


def _made(name: str, runs: tuple[int, ...]) -> str:
    if not any(played_runs(name, arms) == runs for arms in talks.played_arms(name)):
        raise BadRequest(404, "no scene plays these runs")
    with talks.recorded(name):
        return recording_document(recording(runs, usual_points(len(runs))))
