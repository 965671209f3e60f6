"""How many made-up cases a fuzz test tries: few in ``slow``, always the same; many in ``long``, new ones each time.

A test takes ``tier`` and hands it a check and a strategy:

    @tiers
    def test_names_are_data(tier):
        tier.run(check_name, names())
"""

import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

#: Overrides the number of cases, and the seed of the long tier: a run in pieces, and one found case once more.
CASES, SEED = "SKIPSCOPE_FUZZ_CASES", "SKIPSCOPE_FUZZ_SEED"
#: Seconds of processor time for one case. Not of the clock: a busy machine is no fault of what is tested.
MAX_CASE_S = 2.0
#: By how much all cases of a test may raise the peak of this process's memory, in MB.
MAX_GROWTH_MB = 500
#: Where Linux counts a process's peak of memory, and what begins the count anew.
_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
#: A case that was found is made small; why it fails is not looked for further.
_PHASES = (Phase.explicit, Phase.generate, Phase.target, Phase.shrink)
#: A slow machine and fixtures that a test's cases share are no failures.
_HEALTH = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example)


@dataclass(frozen=True)
class Tier:
    """A number of cases, with the seed that they come from; None for a new one at every run."""

    cases: int
    seed: int | None = None

    def run(
        self, check: Callable[[Any], object], strategy: SearchStrategy[Any], case_s: float = MAX_CASE_S,
        growth_mb: float = MAX_GROWTH_MB,
    ) -> None:  # fmt: skip
        """Call ``check`` with each case. A failure names the smallest case and the seed.

        Args:
            case_s: Bound on the processor time of one case, its threads and finished children included.
            growth_mb: Bound on the growth of this process's peak memory over all cases.
        """
        drawn = int(os.environ.get(SEED) or random.SystemRandom().getrandbits(32))
        chosen = drawn if self.seed is None else self.seed
        cases = int(os.environ.get(CASES) or self.cases)
        print(f"{cases} cases, {SEED}={chosen}")

        @seed(chosen)
        @settings(
            max_examples=cases, deadline=None, database=None, phases=_PHASES, suppress_health_check=_HEALTH,
            print_blob=False, report_multiple_bugs=False,
        )  # fmt: skip
        @given(case=strategy)
        def every(case: Any) -> None:
            began = _processor_s()
            check(case)
            took = _processor_s() - began
            assert took <= case_s, f"one case took {took:.2f} s of processor time, at most {case_s} s are allowed"

        before = _memory_mb()
        try:
            every()
        except BaseException as error:
            error.add_note(f"again: {SEED}={chosen} {CASES}={cases}")
            raise
        grown = _peak_mb() - before
        assert grown <= growth_mb, f"the cases raised the peak of memory by {grown:.0f} MB ({SEED}={chosen})"


SLOW, LONG = Tier(300, seed=0), Tier(10_000)
#: Seconds: ten thousand cases are more than the limit of a usual test allows.
_LONG_TIMEOUT_S = 3_600


def tiers(test: Callable[..., None]) -> Callable[..., None]:
    """Run a test in both tiers, with its argument ``tier``."""
    long = (pytest.mark.long, pytest.mark.timeout(_LONG_TIMEOUT_S))
    both = [pytest.param(SLOW, marks=pytest.mark.slow, id="slow"), pytest.param(LONG, marks=long, id="long")]
    return pytest.mark.parametrize("tier", both)(test)


def _memory_mb() -> float:
    """Return what this process holds of memory, in MB; from here on its peak is counted anew, where Linux runs."""
    if _CLEAR.exists():
        _CLEAR.write_text("5", encoding="ascii")
    return float(psutil.Process().memory_info().rss) / 1e6


def _peak_mb() -> float:
    if not _CLEAR.exists():
        return float(psutil.Process().memory_info().rss) / 1e6
    (line,) = (line for line in _STATUS.read_text(encoding="ascii", errors="replace").splitlines() if "VmHWM" in line)
    return int(line.split()[1]) * 1024 / 1e6


def _processor_s() -> float:
    times = os.times()
    return time.process_time() + times.children_user + times.children_system
