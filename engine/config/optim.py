"""The optimizer and its schedule, as data."""

from pydantic import Field, field_validator

from engine.config.base import Config

#: Steps over which the running training error is averaged (design: "mean over the last 50 steps").
RUNNING_WINDOW = 50


class OptimConfig(Config):
    """SGD as in the paper. ``drops`` are shares of the steps, so that a scaled schedule keeps its shape.

    ``warmup_lr`` is used until the running training error falls below ``warmup_error`` percent (the paper's
    depth-110 rule); None: no warm-up.
    """

    lr: float = Field(0.1, gt=0, le=100)
    momentum: float = Field(0.9, ge=0, lt=1)
    weight_decay: float = Field(1e-4, ge=0, le=1)
    batch_size: int = Field(128, ge=2, le=65_536)
    steps: int = Field(300, ge=1, le=10_000_000)
    drops: tuple[float, ...] = ()
    drop_factor: float = Field(0.1, gt=0, le=1)
    warmup_lr: float | None = Field(None, gt=0, le=100)
    warmup_error: float = Field(80.0, gt=0, le=100)

    @field_validator("drops")
    @classmethod
    def _ascending_shares(cls, drops: tuple[float, ...]) -> tuple[float, ...]:
        if any(not 0 < share < 1 for share in drops) or list(drops) != sorted(set(drops)):
            raise ValueError("drops are ascending shares of the steps between 0 and 1, for example [0.5, 0.75]")
        return drops

    def lr_at(self, step: int) -> float:
        """Learning rate of update ``step`` (1 is the first), warm-up left out."""
        return self.lr * self.drop_factor ** self.drops_before(step)

    def drops_before(self, step: int) -> int:
        """How many drops of the schedule update ``step`` has behind it."""
        return sum(1 for share in self.drops if step > round(share * self.steps))
