"""The final errors of each shortcut type over depth, the picture in which degradation was first seen. Pure.

Only comparable runs that finished count. An arm has a mean once none of its runs goes on: before that, its seeds stand
at different steps. Source: He et al. 2015, section 4.2 (Table 6 and Fig. 6).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

from engine.analysis.comparison import ComparedRun, by
from engine.analysis.interval import RESOLUTION, Interval, interval
from engine.events import ENDED, RunState

#: Fewer depths make no curve. The browser has the same number in app/live/race/chart/depth_figure.js.
MIN_DEPTHS = 3


@dataclass(frozen=True, slots=True)
class DepthError:
    """The error of one arm in percent: mean over its finished seeds, with the 95 % t interval of the mean."""

    shortcut: str
    depth: int
    error: Interval


def over_depth(runs: Sequence[ComparedRun]) -> list[ComparedRun]:
    """Return the comparable runs if they have three depths or more, else []."""
    comparable = [run for run in runs if not run.differs]
    return comparable if len({run.depth for run in comparable}) >= MIN_DEPTHS else []


def depth_errors(
    runs: Sequence[ComparedRun], errors: Mapping[int, float], resolution: float = RESOLUTION
) -> list[DepthError]:
    """Return the error of every arm whose runs have all ended, by shortcut type and depth.

    Args:
        runs: As of ``over_depth``.
        errors: The last error of each run, in percent.
        resolution: The spread between seeds is at least so many points.
    """
    arms = by(runs, attrgetter("shortcut", "depth"))
    found = []
    for (shortcut, depth), members in sorted(arms.items()):
        last = [errors[run.run] for run in members if run.state == RunState.FINISHED and run.run in errors]
        if last and all(run.state in ENDED for run in members):
            found.append(DepthError(shortcut, depth, interval(last, resolution)))
    return found
