"""The last errors of each shortcut type over depth, the picture in which degradation was first seen. Pure.

A run that ended before its last step is in no mean. The mean of an arm is final once none of its runs goes on: before
that, its seeds stand at different steps. Source: He et al. 2015, section 4.2 (Table 6 and Fig. 6).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

from engine.analysis.comparison import MIN_STEP, ComparedRun, by
from engine.analysis.interval import RESOLUTION, Interval, interval
from engine.events import ENDED, RunState

#: Fewer depths make no curve.
MIN_DEPTHS = 3
#: Why a finished run is not counted.
NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True)
class DepthError:
    """The error of one arm in percent, and which of its ``seeds`` comparable runs it is of.

    ``counted`` are the finished runs, before the first one those that go on. ``missing`` says why a run that ended is
    not counted. ``error`` is the mean with its 95 % t interval; it is None before the arm is ``final``, and where no
    run counts.
    """

    shortcut: str
    depth: int
    seeds: int
    final: bool
    counted: tuple[int, ...]
    missing: Mapping[int, str]
    error: Interval | None


def over_depth(runs: Sequence[ComparedRun]) -> list[ComparedRun]:
    """Return the comparable runs if they have three depths or more, else []."""
    comparable = [run for run in runs if not run.differs]
    return comparable if len({run.depth for run in comparable}) >= MIN_DEPTHS else []


def depth_errors(
    runs: Sequence[ComparedRun], errors: Mapping[int, float], resolution: float = RESOLUTION
) -> list[DepthError]:
    """Return the error of every arm, by shortcut type and depth.

    Args:
        runs: As of ``over_depth``.
        errors: The last error of each run, in percent.
        resolution: The spread between seeds is at least so many points.
    """
    found = []
    for (shortcut, depth), members in sorted(by(runs, attrgetter("shortcut", "depth")).items()):
        ended = [run for run in members if run.state in ENDED]
        measured = [run.run for run in ended if run.state == RunState.FINISHED and run.run in errors]
        going = [run.run for run in members if run not in ended and run.step >= min(MIN_STEP, run.total_steps)]
        missing = {
            run.run: NOT_MEASURED if run.state == RunState.FINISHED else run.state
            for run in ended
            if run.run not in measured
        }
        final = len(ended) == len(members)
        error = interval([errors[run] for run in measured], resolution) if final and measured else None
        found.append(DepthError(shortcut, depth, len(members), final, tuple(measured or going), missing, error))
    return found
