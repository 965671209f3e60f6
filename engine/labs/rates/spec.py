"""The spec of the lab ``rates``. Torch-free."""

from engine.labs.rates.findings import RULES
from engine.labs.rates.plan import COLUMNS, PLAIN, PRE, RATES, USABLE, USUAL_RATE, refuse, seconds
from engine.labs.spec import LabSpec, Metric, Option, Panel

_ERROR = "training error, %"
_RUNNING = "Training error: mean over the last 50 updates. Guessing has 90 %."

_OPTIONS = (
    Option("seeds", "Seeds", "Nets and batches that are drawn anew for every cell.", 1, low=1, high=10, primary=True),
    Option("blocks", "Blocks of the deep nets", "An MLP's block has two weighted layers, a Transformer's four.", 15,
           low=2, high=48, primary=True),
    Option("warmup", "Warm-up steps", "The rate rises linearly over so many updates, in all nets alike.", 0, low=0,
           high=1000, step=10, primary=True),
    Option("shallow", "Blocks of the shallow nets", "Fewer than the deep ones have.", 3, low=1, high=24),
    Option("family", "Nets", "mlp: MLPs of width 64. vit: Vision Transformers of width 32, ten times as slow.", "mlp",
           choices=("mlp", "vit")),
    Option("steps", "Updates", "Of every net, with batches of 128 images.", 200, low=10, high=5000, step=10),
    Option("first_seed", "First seed", "The seed of the first nets.", 0, low=0, high=2**31 - 200),
)  # fmt: skip

_PANELS = (
    Panel("grid", "At which rates does a net learn?", "learning rate", _ERROR, kind="heat", columns=COLUMNS,
          opens="training",
          how_to_read=f"{_RUNNING} Rows are nets, columns are rates of AdamW. Compare the rows of few blocks with "
          "those of many. A cell opens its training.",
          caveat="A few hundred updates show how fast a net learns, not where it ends. Small rates are slow for all."),
    Panel("training", "The training of one cell", "update", _ERROR,
          how_to_read=f"The opened cell. {_RUNNING} Thin: single seeds. Bold: their mean.",
          caveat="The mean over 50 updates lags behind a fast fall."),
    Panel("error", "The same as curves", "learning rate", _ERROR, x_scale="log", neutral=USABLE,
          how_to_read=f"Lowest where a rate suits a net. Below the dotted line, {USABLE:g} %, a net counts as "
          "learning. Marks: the number of blocks. Thin: single seeds.",
          caveat="The rates are about three times apart. A lowest point at an end may be lower beyond it."),
)  # fmt: skip

_USABLE = f"rates of {len(RATES)} at which the training error ends below {USABLE:g} %, mean over the seeds"
_GAP = "training error of the deep net less that of the shallow one, mean over the seeds"


def _metrics(prefix: str, kind: str, expected: tuple[str, str, str, str]) -> tuple[Metric, ...]:
    shallow, deep, gap, best = (f"{value} by default" for value in expected)
    return (
        Metric(f"{prefix}_usable_shallow", f"{kind}, shallow: rates at which it learns", "", _USABLE, shallow),
        Metric(f"{prefix}_usable_deep", f"{kind}, deep: rates at which it learns", "", _USABLE, deep),
        Metric(f"{prefix}_gap", f"{kind}: gap at rate {USUAL_RATE:g}", "points", _GAP, gap),
        Metric(f"{prefix}_gap_best", f"{kind}: gap, each net at its own best rate", "points", _GAP, best),
    )


RATES_LAB = LabSpec(
    name="rates",
    title="Learning rates by depth",
    question="Which learning rates can a deep net use, with and without the wire?",
    context="A plain net can use fewer rates the deeper it is: large ones stop it, small ones are slow. With the wire "
    "and the norm before each branch (pre-LN) depth hardly changes the window. With the norm behind the addition "
    "(post-LN) large rates go. So one race at one rate says little: part of every gap is the rate.",
    source="an experiment of this project; pre-LN and post-LN: Xiong et al. 2020, On Layer Normalization in the "
    "Transformer Architecture; AdamW: Loshchilov and Hutter 2017",
    caveats="Small nets, one width, a few hundred updates of AdamW with a constant rate, no weight decay. All arms "
    "have the usual start. A plain net with another start does better (preset start-mlp).",
    refutation="A deep plain net with the usual start that learns at as many rates as the shallow one. Or a deep "
    "pre-LN net that learns at fewer.",
    options=_OPTIONS,
    panels=_PANELS,
    metrics=(
        *_metrics("plain", PLAIN, ("5", "2", "above 20", "above 5")),
        *_metrics("pre", PRE, ("5", "5", "below 2", "below 2")),
    ),
    lab="engine.labs.rates.lab:RatesLab",
    findings=RULES,
    seconds=seconds,
    refuse=refuse,
)
