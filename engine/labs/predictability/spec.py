"""The spec of the predictability lab. Torch-free."""

from engine.labs.predictability.findings import RULES
from engine.labs.predictability.plan import BEST_RATE, DEPTH, MARK, NAMES, refuse, seconds
from engine.labs.spec import LabSpec, Metric, Option, Panel

_PARTED = (
    f"||w - v|| / ||w|| of two copies after {MARK} updates at the job's rate, geometric mean over the seeds; not a "
    f"number at other depths than {DEPTH}"
)

_TRIALS = "trials of 100 updates"

_OPTIONS = (
    Option("digits", "Equal digits at first", "The push: every weight of the copy is changed by so small a part of "
           "itself. 12 means 10⁻¹².", 12, low=4, high=14, primary=True),
    Option("rate", "Learning rate", "Of all nets. The deep plain and the deep residual net also train at 0.01, "
           f"the plain one at {BEST_RATE:g}.", 0.1, low=0.01, high=0.3, step=0.01, primary=True),
    Option("depth", "Depth", "Weighted layers of the deep nets, 6n+2.", DEPTH, low=8, high=110, step=6, primary=True),
    Option("updates", "Updates", "How many updates both copies do.", 8, low=MARK, high=50),
    Option("seeds", "Seeds", "Nets, pushes and batches that are drawn anew.", 1, low=1, high=10),
    Option("first_seed", "First seed", "The seed of the first net.", 0, low=0, high=2**31 - 200),
)  # fmt: skip

_PANELS = (
    Panel("weights", "Digits forgotten: how far two copies of a net part", "update",
          "relative distance of the weights", y_scale="log", digits=16,
          how_to_read="Two copies of each net do the same updates on the same batches. One was pushed by a tiny part "
          "of every weight. A flat line: one copy still predicts the other. Ten times higher: one more digit is "
          "forgotten. Residual nets have shortcuts of type A. Thin lines are single seeds, the bold one is their "
          "geometric mean.",
          caveat="Sensitivity is no proof of bad training: a deep residual net at rate 0.1 parts too, only later. At "
          f"{BEST_RATE:g}, the best rate of plain-56 in {_TRIALS}, plain-56 parts as fast as at the others."),
    Panel("loss", "The same in the loss", "update", "relative distance of the loss", y_scale="log", digits=16,
          how_to_read="The losses of the two copies on the batch of the next update. While the weights agree, the "
          "losses do. Once they differ, nobody can foresee what the next step does.",
          caveat="64-bit floats have 16 digits: a distance near 10⁻¹⁶ is rounding, and an exact 0 is not drawn."),
)  # fmt: skip

_METRICS = (
    Metric("parted_plain_56", "plain-56: distance of two copies", "", _PARTED, "above 0.001 at rate 0.1"),
    Metric("parted_A_56", "A-56: distance of two copies", "", _PARTED, "below 10⁻⁸ at rate 0.1"),
    Metric("parted_dirac_56", "plain-56 from a Dirac start: distance of two copies", "", _PARTED,
           "below 10⁻¹⁰ at rate 0.1"),
    Metric("parted_plain_56_best_rate",
           f"plain-56 at {BEST_RATE:g}, the best rate in {_TRIALS}: distance of two copies", "",
           f"{_PARTED}; at {BEST_RATE:g} instead, the best of five rates in {_TRIALS} of the quick race",
           "above 0.001: the rate is not the reason"),
)  # fmt: skip

PREDICTABILITY = LabSpec(
    name="predictability",
    title="Predictability: how far ahead can a step be foreseen?",
    question="Two copies of a net differ by 10⁻¹². How long do they stay together?",
    context="A deep plain net forgets the push almost at once, at small learning rates as well. Then nobody can "
    "foresee what a step does. Copies of a shallow plain net stay together for much longer. So do copies of a deep "
    "plain net that starts as the identity. A deep residual net stays closer for some updates at the usual rate, then "
    "it parts too. At the smallest rate, or with full pre-activation, it stays together throughout. Sensitivity alone "
    "is no proof of bad training.",
    source="an experiment of this project; the nets are those of He et al. 2015, Deep Residual Learning, section 4.2",
    caveats="Narrow nets on small images, the first few updates, without augmentation, with momentum. A deep residual "
    "net at the usual rate parts too, some updates later, and trains well all the same. So how soon copies part is "
    "one difference among others, and not shown to be the cause. The control: the copies of plain-56 also part at the "
    "rate that was best for it in short trials.",
    refutation="A plain-56 whose copies stay together at some rate of usual size. Or residual nets that part as fast.",
    options=_OPTIONS,
    panels=_PANELS,
    metrics=_METRICS,
    lab="engine.labs.predictability.lab:PredictabilityLab",
    threads=2,
    findings=RULES,
    names=NAMES,
    seconds=seconds,
    refuse=refuse,
)
