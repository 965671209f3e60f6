"""The config of the optimizer and its schedule."""

from typing import Any, Literal

from pydantic import Field, field_validator

from engine.config.base import Config
from engine.config.values import DERIVED, numbers_from, shown

#: Steps over which the running training error and loss are averaged.
RUNNING_WINDOW = 50
#: In place of a learning rate: every arm tunes its own.
TUNED = "tuned"
#: Least steps of a trial, if the run has as many.
MIN_TRIAL = 60
_RATE = f"a number above 0 and at most 100, or {TUNED}"


class OptimConfig(Config):
    """SGD with momentum.

    ``drops`` are shares of the steps, so that a scaled schedule keeps its shape. ``warmup_lr`` holds until the running
    training error falls below ``warmup_error`` percent (the paper's depth-110 rule); None: no warm-up. ``lr=tuned``
    tries every rate of ``tune_grid`` for ``tune_steps`` steps (0: derived) before the run and takes the best
    (``engine.runs.protocol.trials``).

    Source: He et al. 2015, section 4.2.
    """

    lr: float | Literal["tuned"] = Field(0.1, description=_RATE)
    momentum: float = Field(0.9, ge=0, lt=1)
    weight_decay: float = Field(1e-4, ge=0, le=1)
    batch_size: int = Field(128, ge=2, le=65_536)
    steps: int = Field(300, ge=1, le=10_000_000)
    drops: tuple[float, ...] = ()
    drop_factor: float = Field(0.1, gt=0, le=1)
    warmup_lr: float | None = Field(None, gt=0, le=100)
    warmup_error: float = Field(80.0, gt=0, le=100)
    tune_grid: tuple[float, ...] = (0.003, 0.01, 0.03, 0.1, 0.3)
    tune_steps: int = Field(0, ge=0, le=10_000_000, json_schema_extra=DERIVED)

    @field_validator("lr", mode="before")
    @classmethod
    def _is_a_rate(cls, lr: Any) -> Any:
        if lr != TUNED and not (_is_number(lr) and 0 < lr <= 100):
            raise ValueError(f"optim.lr is {_RATE} (got {shown(lr)})")
        return lr

    @field_validator("tune_grid", mode="before")
    @classmethod
    def _ascending_rates(cls, grid: Any) -> Any:
        # By hand: one line says all that is right, where a constrained type gives a message for each part.
        rates = numbers_from(grid)
        fits = (
            isinstance(rates, list | tuple)
            and 2 <= len(rates) <= 16
            and all(_is_number(rate) and 0 < rate <= 100 for rate in rates)
        )
        if not fits or list(rates) != sorted(set(rates)):
            raise ValueError(
                f"optim.tune_grid is 2 to 16 ascending rates, for example 0.01,0.03,0.1 (got {shown(grid)})"
            )
        return tuple(rates)

    @field_validator("drops", mode="before")
    @classmethod
    def _ascending_shares(cls, drops: Any) -> Any:
        shares = numbers_from(drops)
        fits = isinstance(shares, list | tuple) and all(_is_number(share) and 0 < share < 1 for share in shares)
        if not fits or list(shares) != sorted(set(shares)):
            raise ValueError(
                "optim.drops are ascending shares of the steps above 0 and below 1, for example 0.5,0.75 "
                f"(got {shown(drops)})"
            )
        return tuple(shares)

    def trial_steps(self) -> int:
        """Return the steps of a trial: ``tune_steps`` or a third of the run's, at least 60, at most all."""
        return min(self.steps, self.tune_steps or max(MIN_TRIAL, self.steps // 3))

    @property
    def rate(self) -> float:
        """``lr`` as a number; the trials of a run in training are over."""
        assert not isinstance(self.lr, str), "the learning rate is still to be tuned"
        return self.lr

    def lr_at(self, step: int) -> float:
        """Return the learning rate of update ``step`` (1 is the first) without warm-up."""
        return self.rate * self.drop_factor ** self.drops_before(step)

    def rate_after(self, step: int, set_to: float, set_at: int) -> float:
        """Return the learning rate of update ``step`` where update ``set_at`` set it: later drops divide it."""
        return set_to * self.drop_factor ** (self.drops_before(step) - self.drops_before(set_at))

    def drops_before(self, step: int) -> int:
        """Return how many drops of the schedule precede update ``step``."""
        return sum(1 for share in self.drops if step > round(share * self.steps))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
