"""The spec of the gradients lab. Torch-free."""

from collections.abc import Mapping
from typing import Any

from engine.labs.gradient_kinds import GAINS, KINDS
from engine.labs.gradients.findings import RULES
from engine.labs.spec import LabSpec, Metric, Option, Panel

_YANG = "Yang et al. 2019, A Mean Field Theory of Batch Normalization"
_BALDUZZI = "Balduzzi et al. 2017, The Shattered Gradients Problem"
_GROWTH = "(||dL/dh_1|| / ||dL/dh_L||)^(1/(L-1)), geometric mean over the seeds"
_TOTAL = "||dL/dh_1|| / ||dL/dh_L||, geometric mean over the seeds"
_COSINE = "mean cosine between h_L of two different inputs; mean over the seeds"

_OPTIONS = (
    Option("layers", "Layers", "How many weighted layers are stacked.", 50, low=4, high=100),
    Option("width", "Width", "Units in each layer of the norm and collapse pictures.", 256, low=16, high=512, step=16),
    Option("images", "Inputs", "Random inputs in the batch, whose own statistics batch norm uses.", 128,
           low=16, high=512, step=16),
    Option("seeds", "Seeds", "Nets that are drawn anew; curves are their means.", 3, low=1, high=20),
    Option("gain", "Weight gain", "All weights are He normal draws times this. 1 is the usual start.", 1.0,
           low=0.5, high=2.0, step=0.05),
    Option("first_seed", "First seed", "The seed of the first net.", 0, low=0, high=2**31 - 200),
    Option("sweep", "Sweep the gain", "Also measure nine gains from 0.5 to 2, for the growth picture.", True),
)  # fmt: skip

_PANELS = (
    Panel("norm", "Gradient norm at every layer", "layer", "norm of the gradient", y_scale="log", neutral=1.0,
          how_to_read="Read from right to left, the way the gradient travels: it starts at 1 at the output. A straight "
          "line on this log scale is a constant factor per layer. Without BN the slope turns with the weight gain, "
          "with BN it stays.",
          caveat="A flat line looks healthy and is not enough: see direction and collapse. These nets are untrained; a "
          "few hundred updates flatten the curve with BN."),
    Panel("growth", "Growth of the gradient per layer", "weight gain", "factor per layer", x_scale="log", y_scale="log",
          neutral=1.0,
          how_to_read="Above 1 the gradient explodes towards the input, below 1 it vanishes. Without BN the factor is "
          "nearly the gain itself. With BN it stays near 1.21, whatever the gain. With shortcuts only the job's own "
          "gain is measured: a point.",
          caveat="Small differences compound: over 49 layers a factor of 1.21 makes 11,000, one of 0.8 makes 0.00002."),
    Panel("direction", "Direction: do neighbouring inputs agree on the gradient?", "layer",
          "agreement of the gradient at neighbouring inputs", neutral=0.0,
          how_to_read="256 inputs on a line. The slope of the output at each is compared with the slope 4 inputs "
          "further on. Near 1 neighbours pull the same way. Near 0 the gradient is noise: it is shattered.",
          caveat="The plain net without BN keeps its direction because it forgets its input: see collapse. These nets "
          "have one input and other residual blocks than those of the norm picture."),
    Panel("collapse", "Collapse: can the net still tell inputs apart?", "layer", "mean cosine between different inputs",
          neutral=0.0,
          how_to_read="0: different inputs have activations as different as random directions. 1: all inputs have the "
          "same direction, and the net has forgotten which one it sees.",
          caveat="A ReLU makes activations positive, so plain nets start above 0. The weight gain does not enter."),
)  # fmt: skip

_METRICS = (
    Metric("bn_gradient_growth_per_layer", "growth per layer with BN", "", f"{_GROWTH}; {_YANG}: sqrt(pi/(pi-1)) = "
           "1.2112 for wide nets and large batches", "1.210 +- 0.03 at 50 layers, width 256, any gain"),
    Metric("plain_gradient_growth_per_layer", "growth per layer without BN", "", f"{_GROWTH}; He et al. 2015, Delving "
           "Deep into Rectifiers: the gain, in wide nets", "0.996 at gain 1, 0.797 at gain 0.8 (50 layers, width 256)"),
    Metric("residual_bn_gradient_growth_per_layer", "growth per layer, residual with BN", "",
           f"{_GROWTH}; De and Smith 2020: with BN in the branch ||x||^2 grows like the depth, so layers change less",
           "1.048 at 50 layers; not the same factor at every layer"),
    Metric("bn_gradient_total", "total growth with BN", "", _TOTAL, "10,000 to 15,000 at 50 layers, width 256"),
    Metric("plain_gradient_total", "total growth without BN", "", _TOTAL, "0.8 at gain 1, 0.000015 at gain 0.8"),
    Metric("residual_bn_gradient_total", "total growth, residual with BN", "", _TOTAL, "10 at 50 layers"),
    Metric("bn_growth_spread_over_gains", "spread of the growth with BN over the gains", "", "largest minus smallest "
           "growth per layer over the measured gains", "below 0.002: batch norm cancels the scale of the weights"),
    Metric("plain_growth_spread_over_gains", "spread of the growth without BN over the gains", "", "largest minus "
           "smallest growth per layer over the measured gains", "1.5: from 0.5 (vanishing) to 2 (explosion)"),
    Metric("plain_direction_at_last_layer", "direction without BN", "", f"autocorrelation at lag 4; {_BALDUZZI}",
           "0.4 to 0.5 at 50 layers (nets differ much), but collapsed"),
    Metric("bn_direction_at_last_layer", "direction with BN", "", f"autocorrelation at lag 4; {_BALDUZZI}",
           "0.0 +- 0.1 at 50 layers: shattered"),
    Metric("residual_bn_direction_at_last_layer", "direction, residual with BN", "", f"autocorrelation at lag 4; "
           f"{_BALDUZZI}", "about 0.27 at 50 layers and gain 1"),
    Metric("plain_activation_cosine_at_last_layer", "collapse without BN", "", _COSINE,
           "0.99 at 50 layers: all inputs look alike"),
    Metric("bn_activation_cosine_at_last_layer", "collapse with BN", "", _COSINE,
           "0.32 at 50 layers, near 1/pi as in the first layer"),
    Metric("residual_bn_activation_cosine_at_last_layer", "collapse, residual with BN", "", _COSINE,
           "-0.01 at 50 layers: centred by batch norm"),
)  # fmt: skip


def _seconds(settings: Mapping[str, Any]) -> float:
    # A stack takes as long as its weights and images, a direction as its layers.
    stacks = len(KINDS) + (len(KINDS) - 1) * (len(GAINS) - 1) * settings["sweep"]
    size = (settings["width"] / 256) ** 2 * settings["images"] / 128
    return float(0.3 + settings["seeds"] * settings["layers"] / 50 * (0.055 * stacks * size + 0.24))


GRADIENTS = LabSpec(
    name="gradients",
    question="Does batch norm keep gradients healthy, and is a healthy norm enough?",
    context="No. At the start of a deep plain net batch norm keeps the gradient from vanishing, but it explodes "
    "towards the input, whatever the weights' size. And norms do not decide whether a net can be trained. The "
    "gradient may be noise in its direction, or all inputs may look alike. With shortcuts and batch norm both come "
    "much later in depth.",
    source=f"{_YANG}; {_BALDUZZI}; He et al. 2015, Deep Residual Learning, section 4.1 (healthy norms)",
    caveats="Fully connected nets on random inputs, at the start only. Training flattens the norms with BN, and the "
    "deep plain net still learns badly: follow a race on this page. The factor holds for wide nets and large batches. "
    "The residual net shows that BN with shortcuts does better, not which of its parts does.",
    refutation="A growth with BN that follows the gain. Or a deep plain net with BN whose direction is as steady as "
    "the residual one's.",
    options=_OPTIONS,
    panels=_PANELS,
    metrics=_METRICS,
    lab="engine.labs.gradients.lab:GradientsLab",
    findings=RULES,
    seconds=_seconds,
)
