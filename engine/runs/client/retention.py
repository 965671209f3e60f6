"""Which races stay on the record, and when the workspace is full. Torch-free.

Whole races leave: half a race is another comparison. A race stays while one of its runs, or a trial for it, has not
ended or is lost, and always with a name of its own or a note on one of its runs: somebody wanted to find it again.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.errors import ConfigError, NoDatabase, QuotaReached
from engine.events import FINAL
from engine.labs.registry import LABS
from engine.store.reader import Reader
from engine.store.rows import RaceAge
from engine.store.space.disk import read_disk, size_in_words
from engine.store.workspace import Workspace

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Keep:
    """What stays: races that ended in the last ``days``, and the newest ``runs`` runs; None: no such rule."""

    days: float | None = None
    runs: int | None = None


@dataclass(frozen=True, slots=True)
class Retention:
    """The races that leave, newest first, and how many would leave but for work, a name or note, or a waiting lab."""

    leaving: tuple[RaceAge, ...] = ()
    at_work: int = 0
    marked: int = 0
    inspected: int = 0

    @property
    def runs(self) -> list[int]:
        """The runs that leave."""
        return [run for race in self.leaving for run in race.runs]


def plan(reader: Reader, keep: Keep, now: float) -> Retention:
    """Return which races leave: those that no rule of ``keep`` holds. Raises ConfigError without a rule."""
    if keep.days is None and keep.runs is None:
        raise ConfigError("a rule is needed: --keep-days D, --keep-runs N, or both")
    ages = reader.races.ages()
    beyond = _beyond(ages, keep, now)
    inspected = _inspected(reader)
    leaving, at_work, marked, waited_for = [], 0, 0, 0
    for race in beyond:
        if race.at_work:
            at_work += 1
        elif race.name or race.noted:
            marked += 1
        elif inspected.intersection(race.runs):
            waited_for += 1
        else:
            leaving.append(race)
    return Retention(tuple(leaving), at_work, marked, waited_for)


def _beyond(ages: Sequence[RaceAge], keep: Keep, now: float) -> list[RaceAge]:
    """Return the races that neither rule holds; every race counts for the number of runs."""
    beyond, newer = [], 0
    for race in ages:
        among_newest = keep.runs is not None and newer < keep.runs
        is_recent = keep.days is not None and now - race.ended < keep.days * DAY_S
        newer += len(race.runs)
        if not among_newest and not is_recent:
            beyond.append(race)
    return beyond


def _inspected(reader: Reader) -> set[int]:
    """Return the runs that a lab's job needs which has not ended, or can be resumed."""
    runs: set[int] = set()
    for job in reader.labs.all():
        option = LABS[job.lab].run_option if job.lab in LABS else None
        if option is not None and job.state not in FINAL:
            words = str(job.config.settings.get(option.name, "")).split(",")
            runs.update(int(word) for word in words if word.strip().isdecimal())
    return runs


def check_quota(workspace: Workspace) -> None:
    """Raise QuotaReached where the files of the workspace take its quota; without a quota nothing is counted."""
    try:
        with Reader(workspace) as reader:
            quota = reader.quota.bytes()
    except NoDatabase:  # or a file without a table: the first writer makes them
        return
    if quota is None:
        return
    used = read_disk(workspace.path).total
    if used >= quota:
        raise QuotaReached(
            f"the workspace takes {size_in_words(used)} of its quota of {size_in_words(quota)}, so nothing new begins; "
            "delete runs (`python -m engine tidy --keep-days 30`) or raise the quota (`python -m engine quota GB`)"
        )
