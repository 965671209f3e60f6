"""The spec of the smoothness lab. Torch-free."""

from engine.labs.smoothness.findings import RULES
from engine.labs.smoothness.plan import KINDS, ONE_RATE, TUNED, WIDE, refuse, seconds
from engine.labs.spec import LabSpec, Metric, Option, Panel, metric_key

_SANTURKAR = "Santurkar et al. 2018, How Does Batch Normalization Help Optimization?, section 3.1"
_MEAN = "geometric mean over the measured updates and the seeds"

_OPTIONS = (
    Option("depth", "Depth", "Weighted layers of every net, 6n+2.", 8, low=8, high=56, step=6, primary=True),
    Option("rates", "Learning rates", "tuned: each kind of net trains at its best rate of a grid. one for all: at the "
           "same rate.", TUNED, choices=(TUNED, ONE_RATE, WIDE), primary=True),
    Option("steps", "Updates", "How long every net is trained.", 60, low=4, high=2000, step=4, primary=True),
    Option("rate", "The one rate", "The learning rate of all kinds with one rate for all.", 0.03, low=0.0001, high=1.0,
           step=0.01),
    Option("moments", "Measures", "How often the loss along the gradient is measured, at equal distances, first before "
           "the first update.", 12, low=2, high=100),
    Option("seeds", "Seeds", "Nets and batches that are drawn anew.", 1, low=1, high=10),
    Option("first_seed", "First seed", "The seed of the first net; rates are chosen with it.", 0, low=0,
           high=2**31 - 200),
    Option("width", "Width", "Filters of the first stage.", 8, low=4, high=32, step=4),
    Option("batch", "Images per update", "Batch size.", 64, low=8, high=256, step=8),
)  # fmt: skip

_PANELS = (
    Panel("rates", "The loss that each learning rate reaches", "learning rate", "loss of the last 10 updates, nats",
          x_scale="log", y_scale="log",
          how_to_read="The trial of every rate with the first seed. The further right the lowest point of a curve, the "
          "larger the steps that its net can take. Each kind then trains at its lowest point.",
          caveat="A lowest point at an end of the grid could be lower beyond it."),
    Panel("loss", "Losses along the gradient", "update", "loss, nats", y_scale="log", kind="bands",
          how_to_read="The line is the loss of the mini-batch. The band is what steps of a quarter to four learning "
          "rates along its gradient would meet. A narrow band: the gradient says truly where the loss goes.",
          caveat="Each kind steps in its own learning rate. A net that only trains with tiny ones has a narrow band "
          "for that reason. Choose one rate for all to compare equal steps."),
    Panel("gradient", "How much the gradient changes on the way", "update",
          "change of the gradient, relative to its length",
          y_scale="log", neutral=1.0, kind="bands",
          how_to_read="The line is one learning rate away, the band a quarter to four. At 1 the gradient there has as "
          "much that is new as it had before the step. Far below 1 it still holds.",
          caveat="Relative to the gradient's own length: short gradients change easily by much of it."),
    Panel("stability", "Learning rate times effective smoothness", "update", "learning rate times smoothness",
          y_scale="log", neutral=2.0,
          how_to_read="On a quadratic bowl gradient descent is stable below 2. This compares kinds that train at "
          "different rates: what counts is the rate that the curvature lets them use.",
          caveat="Of a mini-batch, along its own gradient, with steps up to four rates long. It is no bound for the "
          "whole loss, and momentum moves the limit."),
    Panel("beta", "Effective smoothness", "update", "effective smoothness", y_scale="log",
          how_to_read="The largest change of the gradient for the way to it. High: curved, only small steps are safe.",
          caveat="Batch norm makes the loss independent of the weights' scale. So this value also falls when weights "
          "grow."),
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
    context="It makes larger steps possible. With batch norm the best learning rate of a net is far larger. One such "
    "step on, the gradient is still partly the old one, and after the same updates the loss is lower. Smoothness is "
    "not a goal in itself. A deep plain net without batch norm has the smoothest loss of all, because it does not "
    "learn.",
    source=_SANTURKAR,
    caveats="The claim that batch norm narrows the bands is Santurkar's, for nets that train well without it. Here, at "
    "one small rate for all, nets with batch norm have the larger changes of the gradient. Those without have hardly "
    "left the plateau where they start. Short trainings of narrow nets on small images. Steps go along the gradient "
    "of one mini-batch, over a range that we chose. The rate is chosen with the first seed.",
    refutation="Kinds without batch norm whose best rate is as large as with it. Or kinds whose loss after the same "
    "updates is as low.",
    options=_OPTIONS,
    panels=_PANELS,
    metrics=_metrics(),
    lab="engine.labs.smoothness.lab:SmoothnessLab",
    findings=RULES,
    device="auto",
    seconds=seconds,
    refuse=refuse,
)
