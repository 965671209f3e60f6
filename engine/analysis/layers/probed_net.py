"""One net at one probe, as the findings about layers read it. Pure rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite, nan
from operator import attrgetter
from statistics import fmean
from typing import Protocol

from engine.models.arm_names import is_plain

#: The quantity of the paper's Fig. 7, and the one whose finding is its growth.
RESPONSES, GROWTH = "response_std", "gradient_growth"


class Measured(Protocol):
    """What a finding needs to know of a quantity: a row of the probes' table is one."""

    @property
    def name(self) -> str:
        """The quantity's key."""

    @property
    def label(self) -> str:
        """The quantity in words."""

    @property
    def rounding(self) -> float:
        """Values up to this one are 0 up to rounding."""

    def noun(self, family: str) -> str:
        """What has one value in nets of a family: layer, block or sublayer."""

    @property
    def scale(self) -> str:
        """``log`` where values are compared by their ratio, else ``linear``."""


@dataclass(frozen=True)
class ProbedNet:
    """The values of one quantity in one net, at its newest probe up to a step; ``last_step`` is that of its last probe.

    ``values`` are front to back; of the growth the whole net first, then its stages. A net with a ``difference``
    (``engine.analysis.difference``, in few words) is an arm of its own. ``planned`` are the steps of its training,
    ``layers`` the number of its probed layers, ``family`` the family of the net.
    """

    arm: str
    depth: int
    shortcut: str
    seed: int
    last_step: int
    values: Sequence[float]
    run: int = 0
    difference: str = ""
    planned: int = 0
    layers: int = 0
    family: str = "cifar"

    @property
    def arm_key(self) -> str:
        """The arm's name, of a net that is an arm of its own the number of its run."""
        return f"run {self.run}" if self.difference else self.arm

    @property
    def name(self) -> str:
        """The arm's name with its difference."""
        return ", ".join(filter(None, (self.arm, self.difference)))

    @property
    def plain(self) -> bool:
        """Whether nothing is added around a block."""
        return is_plain(self.shortcut)

    @cached_property
    def mean(self) -> float:
        """The mean of the finite values, NaN without one."""
        finite = [value for value in self.values if isfinite(value)]
        return fmean(finite) if finite else nan


#: The arm of a net, to sort nets by.
ARM_KEY = attrgetter("arm_key")
