"""What a run is, as data: model, data, optimizer, run, race. Validated, frozen, JSON round trip, difference.

A checkpoint stores its ``RunConfig``, so a net is rebuilt from the file alone. Names of data sets and shortcuts are
checked against their registries where a race is planned (``engine.runs.planning``); this module knows no registry.
It imports only ``engine.errors``, the standard library and pydantic.
"""

import json
import math
from collections.abc import Mapping
from typing import Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from engine.errors import ConfigError

T = TypeVar("T", bound="Config")

#: Steps over which the running training error is averaged (design: "mean over the last 50 steps").
RUNNING_WINDOW = 50


class Config(BaseModel):
    """Base of all configs: immutable, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def checked(cls, **values: Any) -> Self:
        """Make a config. Raises ConfigError with one line when a value is not allowed."""
        try:
            return cls(**values)
        except ValidationError as error:
            raise ConfigError(first_line(error)) from None

    def to_json(self) -> str:
        """Return the config as one line of JSON with stable key order."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Rebuild a config. Raises ConfigError with one line when a value is not allowed."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise ConfigError(first_line(error)) from None


class ModelConfig(Config):
    """A net of the CIFAR family (He et al. 2015, section 4.2). The defaults are the paper's.

    ``depth`` counts weighted layers, 6n+2; ``width`` the filters of the first stage; ``image_size`` in pixels.
    """

    depth: int = 20
    shortcut: str = "A"
    width: int = Field(16, ge=1, le=1024)
    channels: int = Field(3, ge=1, le=64)
    classes: int = Field(10, ge=2, le=10_000)
    image_size: int = Field(32, ge=4, le=512)

    @field_validator("depth")
    @classmethod
    def _is_6n_plus_2(cls, depth: int) -> int:
        if depth < 8 or depth > 1202 or (depth - 2) % 6:
            raise ValueError(f"depth {depth} is not 6n+2 with n = 1 to 200; nearest {nearest_depths(depth)}")
        return depth

    @property
    def blocks_per_stage(self) -> int:
        """The paper's n: residual blocks in each of the three stages."""
        return (self.depth - 2) // 6

    @property
    def arm(self) -> str:
        """The arm's name, for example ``plain-56`` or ``A-56``."""
        return arm_name(self.depth, self.shortcut)


class DataConfig(Config):
    """Which images, and what is done to them before the net.

    ``pool`` averages pool x pool pixels; ``crop`` is the zero padding of the random crop in pixels (0: no crop);
    ``flip`` mirrors half of the images; ``eval_images`` is the size of each fixed live-evaluation subset.
    """

    name: str = "fashion-mnist-mini"
    pool: int = Field(1, ge=1, le=16)
    crop: int = Field(4, ge=0, le=16)
    flip: bool = True
    eval_images: int = Field(1000, ge=1, le=100_000)


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
        passed = sum(1 for share in self.drops if step > round(share * self.steps))
        return self.lr * self.drop_factor**passed


class ProbeConfig(Config):
    """What is measured inside the net while it trains (``engine.probes``).

    ``images`` in the fixed probe batch, 0: no probes; ``every`` so many steps, 0: derived from the length of the run
    (``engine.probes.cadence``). Equal for all arms of a race.
    """

    images: int = Field(32, ge=0, le=1024)
    every: int = Field(0, ge=0, le=10_000_000)

    @field_validator("images")
    @classmethod
    def _none_or_enough(cls, images: int) -> int:
        if 0 < images < 8:
            raise ValueError(f"probe.images is 0 (no probes) or at least 8 (got {images})")
        return images


class RunConfig(Config):
    """One training of one arm with one seed.

    ``threads`` 0 means: fixed by the engine when the run first starts. ``precision`` auto is bf16 autocast where the
    device has it, else fp32. ``eval_every`` 0 means: derived from the steps, equal for all arms of a race.
    """

    model: ModelConfig = ModelConfig()
    data: DataConfig = DataConfig()
    optim: OptimConfig = OptimConfig()
    probe: ProbeConfig = ProbeConfig()
    seed: int = Field(0, ge=0, le=2**31 - 1)
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    device: str = Field("auto", pattern=r"^(auto|cpu|cuda(:\d+)?)$")
    threads: int = Field(0, ge=0, le=1024)
    eval_every: int = Field(0, ge=0)
    recalibrate_bn: bool = False

    def evaluation_steps(self) -> list[int]:
        """Steps after which the subsets are evaluated; the last step is always one of them.

        Derived cadence: 8 times in 300 steps, then one per 100 steps, at most 128. Shorter runs keep the cadence of 300
        steps, because closer ones would cost more than a tenth of the time. One that would fall just before the last
        step is left out.
        """
        steps = self.optim.steps
        if self.eval_every:
            return sorted({*range(self.eval_every, steps + 1, self.eval_every), steps})
        every = math.ceil(max(300, steps) / min(128, max(8, steps // 100)))
        return [*(step for step in range(every, steps, every) if 2 * (steps - step) >= every), steps]


class LabConfig(Config):
    """One job of a lab (``engine.labs.registry``): its name and every setting, checked against the lab's options."""

    lab: str
    settings: dict[str, bool | int | float | str] = {}
    device: str = Field("cpu", pattern=r"^(auto|cpu|cuda(:\d+)?)$")
    threads: int = Field(1, ge=1, le=1024)


class RaceConfig(Config):
    """A set of runs on the same data with the same batches, augmentation draws and initial weights.

    ``run`` is what all runs share; its depth, shortcut and seed are replaced by those of the arm. ``per_depth`` holds
    settings that differ for some depths, with dotted keys, for example ``{110: {"optim.warmup_lr": 0.01}}``.
    ``preset`` is kept as the record of where the shared values came from.
    """

    depths: tuple[int, ...] = Field((20, 56), min_length=1, max_length=16)
    shortcuts: tuple[str, ...] = Field(("none", "A"), min_length=1, max_length=32)
    seeds: int = Field(1, ge=1, le=100)
    first_seed: int = Field(0, ge=0, le=2**31 - 200)
    preset: str = ""
    name: str = Field("", max_length=120)
    run: RunConfig = RunConfig()
    per_depth: dict[int, dict[str, float]] = {}

    @field_validator("depths", "shortcuts")
    @classmethod
    def _no_repeats(cls, values: tuple) -> tuple:
        if len(set(values)) != len(values):
            raise ValueError("each depth and each shortcut may be named once")
        return values

    def runs(self) -> list[RunConfig]:
        """Return the runs in the order in which they start: all arms of the first seed, then of the next."""
        return [
            replace(
                self.run,
                {**self.per_depth.get(depth, {}), "model.depth": depth, "model.shortcut": shortcut, "seed": seed},
            )
            for seed in range(self.first_seed, self.first_seed + self.seeds)
            for shortcut in self.shortcuts
            for depth in sorted(self.depths)
        ]


def arm_name(depth: int, shortcut: str) -> str:
    """Return ``plain-56`` for a net without shortcuts, else ``A-56`` and the like."""
    return f"{'plain' if shortcut == 'none' else shortcut}-{depth}"


def nearest_depths(depth: int) -> str:
    """Return the allowed depths next to ``depth`` in words, for example ``20 and 26``."""
    n = min(200, max(1, (depth - 2) // 6))
    below, above = 6 * n + 2, min(1202, 6 * n + 8)
    return str(below) if depth <= 8 or below == above else f"{below} and {above}"


def replace(config: T, changes: Mapping[str, Any]) -> T:
    """Return a validated copy with dotted keys changed, for example ``{"optim.lr": 0.05}``.

    Raises ConfigError naming the key when it does not exist or the value is not allowed.
    """
    document = config.model_dump(mode="json")
    for key, value in changes.items():
        *parents, last = key.split(".")
        target = document
        for parent in parents:
            target = target.get(parent) if isinstance(target, dict) else None
        if not isinstance(target, dict) or last not in target or isinstance(target[last], dict):
            raise ConfigError(f"unknown setting {key!r}; choose from {', '.join(leaves(config))}")
        target[last] = value
    try:
        return type(config).model_validate(document)
    except ValidationError as error:
        raise ConfigError(first_line(error)) from None


def apply_settings(config: T, settings: Mapping[str, str]) -> T:
    """Apply ``--set key=value`` pairs. A key may be dotted or, where it is unambiguous, its last part alone.

    Values are JSON where they parse as JSON, else text. Raises ConfigError in one line.
    """
    paths = leaves(config)
    changes = {}
    for key, text in settings.items():
        matches = [path for path in paths if path == key or path.rsplit(".", 1)[-1] == key]
        if len(matches) != 1:
            raise ConfigError(f"unknown setting {key!r}; choose from {', '.join(paths)}")
        try:
            changes[matches[0]] = json.loads(text)
        except json.JSONDecodeError:
            changes[matches[0]] = text
    return replace(config, changes)


def leaves(config: Config) -> dict[str, Any]:
    """Return every setting as ``{"optim.lr": 0.1, ...}``, in declaration order."""
    found: dict[str, Any] = {}

    def walk(document: dict[str, Any], prefix: str) -> None:
        for key, value in document.items():
            if isinstance(value, dict):
                walk(value, f"{prefix}{key}.")
            else:
                found[prefix + key] = value

    walk(config.model_dump(mode="json"), "")
    return found


def diff(old: Config, new: Config) -> dict[str, tuple[Any, Any]]:
    """Return what differs as ``{"optim.lr": (0.1, 0.05)}``."""
    before, after = leaves(old), leaves(new)
    return {key: (before.get(key), after.get(key)) for key in {**before, **after} if before.get(key) != after.get(key)}


def first_line(error: ValidationError) -> str:
    """Return the first complaint of pydantic as one readable line."""
    first = error.errors()[0]
    message = first["msg"].removeprefix("Value error, ")
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "value_error" or not where:
        return message
    message = message.removeprefix("Input ")
    return f"{where} {message} (got {first.get('input')!r})"
