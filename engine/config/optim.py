"""The config of the optimizer and its schedule."""

from typing import Annotated, Any, Literal, Self

from pydantic import FailFast, Field, field_validator, model_validator

from engine.config.base import Config
from engine.config.values import DERIVED, numbers_from, shown

#: Steps over which the running training error and loss are averaged.
RUNNING_WINDOW = 50
#: In place of a learning rate: every arm tunes its own.
TUNED = "tuned"
#: Least steps of a trial, if the run has as many.
MIN_TRIAL = 60
#: The fixed settings of AdamW: decay of both moments, and what is added to the root of the second.
BETAS, EPS = (0.9, 0.999), 1e-8
#: The optimizers by name, with their names for people.
OPTIMIZERS = {"sgd": "SGD", "adamw": "AdamW"}
#: Default values that depend on the optimizer. AdamW has no weight decay: a step shrinks the weights by rate times
#: decay, so the trials of rates would compare decays too. With PyTorch's 0.01, 200 steps at 1e-3 shrink by no more
#: than 0.2 %.
OPTIMIZER_DEFAULTS: dict[str, dict[str, Any]] = {
    "sgd": {"lr": 0.1, "weight_decay": 1e-4, "tune_grid": (0.003, 0.01, 0.03, 0.1, 0.3)},
    "adamw": {"lr": 0.001, "weight_decay": 0.0, "tune_grid": (0.0001, 0.0003, 0.001, 0.003, 0.01)},
}
_RATE = f"a number above 0 and at most 100, or {TUNED}"


class OptimConfig(Config):
    """The optimizer, SGD with momentum or AdamW with decoupled weight decay, and the schedule of its rate.

    A missing or empty ``lr``, ``weight_decay`` or ``tune_grid`` is the optimizer's own. ``momentum`` is SGD's; AdamW
    has ``BETAS`` and ``EPS``. ``drops`` are shares of the steps, so that a scaled schedule keeps its shape. There are
    two warm-ups. The rate rises linearly over the first ``warmup_steps`` updates (0: no). Or ``warmup_lr`` holds until
    the running training error falls below ``warmup_error`` percent (the paper's depth-110 rule, for SGD; None: no).
    ``lr=tuned`` tries every rate of ``tune_grid`` for ``tune_steps`` steps (0: derived) before the run and takes the
    best (``engine.runs.protocol.trials``).

    Source: He et al. 2015, section 4.2; Loshchilov, Hutter 2017 (AdamW).
    """

    optimizer: Literal["sgd", "adamw"] = "sgd"
    lr: float | Literal["tuned"] = Field(0.1, description=_RATE)
    momentum: float = Field(0.9, ge=0, lt=1)
    weight_decay: float = Field(1e-4, ge=0, le=1)
    batch_size: int = Field(128, ge=2, le=65_536)
    steps: int = Field(300, ge=1, le=10_000_000)
    drops: Annotated[tuple[float, ...], FailFast()] = ()
    drop_factor: float = Field(0.1, gt=0, le=1)
    warmup_steps: int = Field(0, ge=0, le=10_000_000)
    warmup_lr: float | None = Field(None, gt=0, le=100)
    warmup_error: float = Field(80.0, gt=0, le=100)
    tune_grid: Annotated[tuple[float, ...], FailFast()] = OPTIMIZER_DEFAULTS["sgd"]["tune_grid"]
    tune_steps: int = Field(0, ge=0, le=10_000_000, json_schema_extra=DERIVED)

    @model_validator(mode="before")
    @classmethod
    def _the_optimizers_own(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        defaults = OPTIMIZER_DEFAULTS.get(str(values.get("optimizer", "sgd")), {})
        return values | {key: value for key, value in defaults.items() if values.get(key) is None}

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

    @model_validator(mode="after")
    def _warm_up_fits(self) -> Self:
        if self.optimizer == "adamw" and self.momentum != BETAS[0]:
            raise ValueError(
                f"optim.momentum is SGD's; AdamW has fixed betas, {BETAS[0]:g} and {BETAS[1]:g} (got {self.momentum:g})"
            )
        if self.optimizer == "adamw" and self.warmup_lr is not None:
            raise ValueError("optim.warmup_lr is a rule for SGD; AdamW warms up over optim.warmup_steps")
        if self.warmup_steps and self.warmup_lr is not None:
            raise ValueError("optim.warmup_lr and optim.warmup_steps are two warm-ups; choose one of them")
        if self.warmup_steps > self.steps:
            raise ValueError(f"optim.warmup_steps is at most the run's {self.steps} steps (got {self.warmup_steps})")
        first = round(self.drops[0] * self.steps) if self.drops else self.steps
        if self.warmup_steps > first:
            raise ValueError(f"optim.warmup_steps is at most {first}, the first drop's step (got {self.warmup_steps})")
        return self

    @property
    def optimizer_in_words(self) -> str:
        """The optimizer with its fixed settings."""
        fixed = f", betas {BETAS[0]:g} and {BETAS[1]:g}, eps {EPS:g}" if self.optimizer == "adamw" else ""
        return f"{OPTIMIZERS[self.optimizer]}{fixed}"

    def trial_steps(self) -> int:
        """Return the steps of a trial: ``tune_steps`` or a third of the run's, at least 60, at most all."""
        return min(self.steps, self.tune_steps or max(MIN_TRIAL, self.steps // 3))

    @property
    def rate(self) -> float:
        """``lr`` as a number; the trials of a run in training are over."""
        assert not isinstance(self.lr, str), "the learning rate is still to be tuned"
        return self.lr

    def lr_at(self, step: int) -> float:
        """Return the learning rate of update ``step`` (1 is the first); ``warmup_lr`` is left out."""
        scheduled = self.rate * self.drop_factor ** self.drops_before(step)
        return scheduled * step / self.warmup_steps if self.ramps_at(step) else scheduled

    def ramps_at(self, step: int) -> bool:
        """Return whether the linear warm-up holds update ``step`` below the full rate."""
        return step < self.warmup_steps

    def rate_after(self, step: int, set_to: float, set_at: int) -> float:
        """Return the learning rate of update ``step`` where update ``set_at`` set it: later drops divide it."""
        return set_to * self.drop_factor ** (self.drops_before(step) - self.drops_before(set_at))

    def drops_before(self, step: int) -> int:
        """Return how many drops of the schedule precede update ``step``."""
        return sum(1 for share in self.drops if step > round(share * self.steps))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
