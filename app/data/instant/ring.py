"""The instant races on the record, as the page shows them: what was set, how long it took, how the nets ended."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.data.workspace import kept_until_change, reading
from engine.config.presets import PRESETS
from engine.events import AT_WORK, ENDED, RunState
from engine.hardware.machine import devices
from engine.runs.protocol import instant
from engine.runs.protocol.cluster_address import trains_on_cluster
from engine.runs.protocol.instant import InstantChoice, choice_of
from engine.store.reader import Reader
from engine.store.rows import RunRow
from engine.store.tables.run_list import RunListRow

#: One run of an instant race.
InstantRun = RunListRow


@dataclass(frozen=True, slots=True)
class InstantRace:
    """One instant race with its runs in starting order."""

    id: int
    choice: InstantChoice
    runs: tuple[InstantRun, ...]

    @property
    def is_over(self) -> bool:
        """Whether no run trains any more."""
        return all(run.state in ENDED for run in self.runs)

    @property
    def seconds(self) -> float | None:
        """Seconds from the start of the first run to the end of the last, None unless all finished."""
        begun = [run.started for run in self.runs if run.started is not None]
        ends = [run.ended for run in self.runs if run.ended is not None and run.state == RunState.FINISHED]
        return max(ends) - min(begun) if len(begun) == len(ends) == len(self.runs) else None


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be set, and what is set at first. Only ``dialled`` of the shortcuts has a strength."""

    strengths: Sequence[float]
    depths: Sequence[int]
    rates: Sequence[float]
    seeds: Sequence[int]
    shortcuts: Mapping[str, str]
    dialled: str
    usual: InstantChoice
    family: str


def settings() -> Settings:
    """Return what can be set of an instant race."""
    strengths = [notch / instant.NOTCHES for notch in range(instant.NOTCHES + 1)]
    family = PRESETS[instant.PRESET].run.model.family
    return Settings(
        strengths, instant.DEPTHS, instant.RATES, instant.SEEDS, instant.SHORTCUTS, instant.DIALLED, instant.usual(),
        family,
    )  # fmt: skip


def ring() -> list[InstantRace]:
    """Return the instant races, newest first. Raises SkipscopeError."""
    return kept_until_change(_ring)


def _ring(reader: Reader) -> list[InstantRace]:
    by_race = defaultdict(list)
    for run in reader.run_list.rows(instant=True):
        by_race[run.race].append(run)
    return [InstantRace(race, _choice(runs), tuple(runs)) for race, runs in by_race.items()]


def _choice(runs: list[InstantRun]) -> InstantChoice:
    # The nets with a shortcut come after the plain ones.
    last = runs[-1]
    return choice_of(tuple(run.depth for run in runs), last.shortcut, float(last.lr), last.seed)


def in_the_way() -> list[int]:
    """Return the ordinary races that train or wait for their turn on the CPU: they have precedence.

    None where they train on a cluster: instant races train here. Raises SkipscopeError.
    """
    with reading() as reader:
        if trains_on_cluster(reader.workspace):
            return []
        rows = reader.runs.all(states=AT_WORK, every=True)
    return sorted({row.race if row.tunes is None else row.tunes for row in rows if not row.instant and _on_cpu(row)})


def _on_cpu(row: RunRow) -> bool:
    # As the scheduler has it: a run without a device yet goes to a GPU where there is one.
    device = row.device or row.config.device
    return device == "cpu" or (device == "auto" and devices() == ["cpu"])
