"""What a person sets of an instant race, and the race that follows. Torch-free."""

from dataclasses import dataclass

from engine.config.presets import get_preset
from engine.errors import ConfigError
from engine.models.registry import variant
from engine.runs.protocol.planning import RaceRequest

PRESET = "instant"
#: The depth that the deep nets are compared with.
SHALLOW = 8
DEPTHS = (16, 24, 32, 48, 64)
RATES = (0.0001, 0.0003, 0.001, 0.003, 0.01)
#: The shortcut that can be dialled, what it is below full strength; with the others in its place, by the field's names.
DIALLED, _SCALED = "A", "scaled"
SHORTCUTS = {
    DIALLED: "pre-LN (A)", "A:order=post-ln": "post-LN (A)", "skipinit": "SkipInit", "skipinit:norm=none": "ReZero",
    "deepnorm": "DeepNorm",
}  # fmt: skip
SEEDS = range(10)
#: Steps of the dial from 0 to 1.
NOTCHES = 20


@dataclass(frozen=True, slots=True)
class InstantChoice:
    """What is set: the deep nets' depth, the shortcut and its strength (0 to 1, of ``DIALLED`` alone), rate, seed."""

    depth: int
    shortcut: str
    strength: float
    lr: float
    seed: int

    @property
    def residual(self) -> str:
        """The variant text of the nets with a shortcut."""
        if self.shortcut != DIALLED or self.strength == 1:
            return self.shortcut
        return f"{_SCALED}:shortcut={self.strength:g}"


def usual() -> InstantChoice:
    """Return what is set at first: the preset's own race."""
    preset = get_preset(PRESET)
    return InstantChoice(max(preset.depths), DIALLED, 1.0, preset.run.optim.rate, 0)


def instant_request(choice: InstantChoice) -> RaceRequest:
    """Return the race of a choice. Raises ConfigError for a value that cannot be set."""
    allowed = {"depth": DEPTHS, "shortcut": SHORTCUTS, "lr": RATES, "seed": SEEDS}
    for name, values in allowed.items():
        if (value := getattr(choice, name)) not in values:
            raise ConfigError(f"{name} is one of {', '.join(map(str, values))} (got {value!r})")
    if choice.strength != 1 and choice.shortcut != DIALLED:
        raise ConfigError(f"the strength of {SHORTCUTS[choice.shortcut]} is 1 (got {choice.strength!r})")
    if round(NOTCHES * choice.strength, 6) not in range(NOTCHES + 1):
        raise ConfigError(f"strength is 0 to 1 in steps of {1 / NOTCHES:g} (got {choice.strength!r})")
    return RaceRequest(
        depths=(SHALLOW, choice.depth), shortcuts=("none", choice.residual), preset=PRESET, first_seed=choice.seed,
        settings={"lr": f"{choice.lr:g}"},
    )  # fmt: skip


def unkept(what: str) -> str:
    """Return why a run or a race of an instant race, named by ``what``, takes no such command, in one line."""
    return f"{what} is of an instant race, which a newer one may replace; keep it on the page Instant first"


def choice_of(depths: tuple[int, ...], shortcut: str, lr: float, seed: int) -> InstantChoice:
    """Return the choice behind a race, from the depths, the residual nets' shortcut, rate and seed of its runs."""
    chosen = variant(shortcut, get_preset(PRESET).run.model.family)
    if chosen.shortcut.name != _SCALED:
        return InstantChoice(max(depths), shortcut, 1.0, lr, seed)
    return InstantChoice(max(depths), DIALLED, chosen.options["shortcut"], lr, seed)
