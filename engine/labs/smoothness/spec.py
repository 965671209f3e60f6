"""The spec of the smoothness lab. Torch-free."""

from collections.abc import Mapping
from typing import Any

from engine.labs.smoothness.findings import RULES
from engine.labs.spec import LabSpec, Metric, Option, Panel, metric_key

PLAIN_BN, PLAIN, RESIDUAL_BN, RESIDUAL = "plain with BN", "plain without BN", "residual with BN", "residual without BN"

#: Kind of net -> its shortcut, as in a run.
KINDS: dict[str, str] = {PLAIN_BN: "none", PLAIN: "none:norm=none", RESIDUAL_BN: "A", RESIDUAL: "A:norm=none"}
TUNED, ONE_RATE, WIDE = "tuned", "one for all", "tuned, wide"
#: The grids of learning rates; the first is tried first.
_GRIDS: dict[str, tuple[float, ...]] = {
    TUNED: (0.03, 0.1, 0.3, 1.0, 0.01),
    WIDE: (0.03, 0.1, 0.3, 1.0, 3.0, 0.01, 0.003, 0.001, 0.0003),
}

#: Seconds of an update of a net of depth 20 and width 8 with 64 images of 14x14; updates that a measure costs.
_UPDATE_S, _MEASURE = 0.011, 8.0


def rates_of(settings: Mapping[str, Any]) -> tuple[float, ...]:
    """Return the learning rates of the trials."""
    return (settings["rate"],) if settings["rates"] == ONE_RATE else _GRIDS[settings["rates"]]


def seconds(settings: Mapping[str, Any]) -> float:
    """Return the estimated time on one core."""
    steps, rates = settings["steps"], rates_of(settings)
    trials = 0 if settings["rates"] == ONE_RATE else len(rates) * steps
    measured = settings["seeds"] * (steps + _MEASURE * settings["moments"])
    width = 0.4 + 0.6 * (settings["width"] / 8) ** 1.5
    size = settings["depth"] / 20 * width * (0.4 + 0.6 * settings["batch"] / 64)
    return float(_UPDATE_S * size * len(KINDS) * (trials + measured))


def refuse(settings: Mapping[str, Any]) -> str:
    """Return one line about settings that conflict, else ''."""
    if (settings["depth"] - 2) % 6:
        return f"depth must be 6n+2, for example 14, 20 or 26 (got {settings['depth']})"
    if settings["moments"] > settings["steps"]:
        return f"moments must be at most steps, {settings['steps']} (got {settings['moments']})"
    return ""


_SANTURKAR = "Santurkar et al. 2018, How Does Batch Normalization Help Optimization?, section 3.1"
_MEAN = "geometric mean over the measured updates and the seeds"

_OPTIONS = (
    Option("depth", "Depth", "Weighted layers of every net, 6n+2.", 8, low=8, high=56, step=6, primary=True),
    Option("rates", "Learning rates", "tuned: each kind of net trains at its best rate of a grid. one for all: at the "
           "same rate.", TUNED, choices=(TUNED, ONE_RATE, WIDE), primary=True),
    Option("steps", "Updates", "How long every net is trained.", 60, low=4, high=2000, step=4, primary=True),
    Option("rate", "The one rate", "The learning rate of all kinds with one rate for all.", 0.03, low=0.0001, high=1.0,
           step=0.01),
    Option("moments", "Measures", "How often it is measured along the gradient, at equal distances; the first time "
           "before the first update.", 12, low=2, high=100),
    Option("seeds", "Seeds", "Nets and batches that are drawn anew.", 1, low=1, high=10),
    Option("first_seed", "First seed", "The seed of the first net; rates are chosen with it.", 0, low=0,
           high=2**31 - 200),
    Option("width", "Width", "Filters of the first stage.", 8, low=4, high=32, step=4),
    Option("batch", "Images per update", "Batch size.", 64, low=8, high=256, step=8),
)  # fmt: skip

_PANELS = (
    Panel("loss", "Losses along the gradient", "update", "loss, nats", y_scale="log", kind="bands",
          how_to_read="The line is the loss of the mini-batch; the band is what steps of a quarter to four learning "
          "rates along its gradient would meet. A narrow band: the gradient says truly where the loss goes.",
          caveat="Each kind steps in its own learning rates: a net that only trains with tiny ones has a narrow band "
          "for that reason. Choose one rate for all to compare equal steps."),
    Panel("gradient", "How much the gradient changes on the way", "update", "||g(w - eta g) - g|| / ||g||",
          y_scale="log", neutral=1.0, kind="bands",
          how_to_read="The line is one learning rate away, the band a quarter to four. At 1 the gradient there has as "
          "much that is new as it had before the step; far below 1 it still holds.",
          caveat="Relative to the gradient's own length: short gradients change easily by much of it."),
    Panel("stability", "Learning rate times effective smoothness", "update", "lr x beta", y_scale="log", neutral=2.0,
          how_to_read="On a quadratic bowl gradient descent is stable below 2. This compares kinds that train at "
          "different rates: what counts is the rate that the curvature lets them use.",
          caveat="Of a mini-batch, along its own gradient, with steps up to four rates long: not a bound for the whole "
          "loss, and momentum moves the limit."),
    Panel("beta", "Effective smoothness", "update", "beta", y_scale="log",
          how_to_read="The largest change of the gradient for the way to it. High: curved, only small steps are safe.",
          caveat="Batch norm makes the loss independent of the weights' scale, so beta also falls when weights grow: "
          "compare with the picture beside it."),
    Panel("rates", "Where the learning rates come from", "learning rate", "loss of the last 10 updates", x_scale="log",
          y_scale="log",
          how_to_read="The trial of every rate with the first seed; each kind then trains at its lowest point.",
          caveat="A lowest point at an end of the grid could be lower beyond it."),
)  # fmt: skip


def _metrics() -> tuple[Metric, ...]:
    rows = []
    for kind in KINDS:
        name = metric_key(kind)
        rows += [
            Metric(f"{name}_beta", f"effective smoothness, {kind}", "", f"{_MEAN}; {_SANTURKAR}", "lower is smoother"),
            Metric(f"{name}_rate_times_beta", f"rate times smoothness, {kind}", "", _MEAN, "2 is a quadratic's limit"),
            Metric(f"{name}_gradient_change", f"change of the gradient one rate on, {kind}", "", f"{_MEAN}; "
                   f"{_SANTURKAR}", "below 1 the gradient still holds"),
            Metric(f"{name}_loss_range", f"largest by smallest loss along the gradient, {kind}", "", f"{_MEAN}; "
                   f"{_SANTURKAR}", "1 would be a flat line"),
            Metric(f"{name}_rate", f"learning rate, {kind}", "", "the lowest loss of the grid", "larger with BN"),
            Metric(f"{name}_final_loss", f"loss of the last 10 updates, {kind}", "nats", "geometric mean over the "
                   "seeds", "lower with BN"),
        ]  # fmt: skip
    rows.append(Metric("kinds_at_the_edge_of_the_grid", "kinds whose best rate is at an end of the grid", "",
                       "the grid of the setting", "0; else try the wide grid"))  # fmt: skip
    return tuple(rows)


SMOOTHNESS = LabSpec(
    name="smoothness",
    title="Smoothness",
    question="What does batch norm do for a step of gradient descent?",
    answer="It makes larger steps possible. At depth 8, each kind of net at its best rate of the grid, batch norm lets "
    "plain nets train at a rate three times and residual ones at a rate ten times as large; the gradient one such step "
    "on is still partly the old one, and after the same updates the loss is much lower. Smoothness is not a goal in "
    "itself: a plain net of depth 14 or more without batch norm has the smoothest loss, because it does not learn.",
    takes="about 10 seconds on one core",
    source=_SANTURKAR,
    caveats="The claim that batch norm narrows the bands is Santurkar's, for nets that train well without it. Here, at "
    "one small rate for all, nets with batch norm have the larger changes of the gradient: those without have hardly "
    "left the plateau where they start. Short trainings of narrow nets on images of 14x14, steps along the gradient of "
    "one mini-batch, range of steps ours (a quarter to four learning rates). The rate is chosen with the first seed. "
    "What would refute the answer: kinds without batch norm whose best rate is as large as with it, or whose loss "
    "after the same updates is as low.",
    options=_OPTIONS,
    panels=_PANELS,
    metrics=_metrics(),
    lab="engine.labs.smoothness.lab:SmoothnessLab",
    findings=RULES,
    device="auto",
    seconds=seconds,
    refuse=refuse,
)
