"""The spec of the shattering lab. Torch-free."""

from engine.labs.shattering.findings import RULES
from engine.labs.shattering.plan import KINDS, refuse, seconds
from engine.labs.spec import LabSpec, Metric, Option, Panel, metric_key

_BALDUZZI = "Balduzzi et al. 2017, The Shattered Gradients Problem"
_SEEDS = "Thin lines are single nets, the bold one is their mean."

_OPTIONS = (
    Option("shown", "Layers shown", "Depth of the nets whose gradient is drawn over the line.", 24, low=2, high=100,
           primary=True),
    Option("branch", "Branch scale", "What the branch of the scaled residual net is multiplied by.", 0.1,
           low=0.01, high=1.0, step=0.01, primary=True),
    Option("layers", "Layers", "The deepest net; shallower ones are its first layers.", 50, low=2, high=100,
           primary=True),
    Option("nets", "Nets", "Nets of each kind that are drawn anew, each of which is shown.", 10, low=1, high=30),
    Option("grid", "Grid", "The full grid adds the branch scales 0.03, 0.1 and 0.3.", "default",
           choices=("default", "full")),
)  # fmt: skip

_PANELS = (
    Panel("gradient", "The gradient over a line of inputs, one net each", "input",
          "slope of the output, a row for each curve", rows=True, nets_of="shown",
          how_to_read="A curve is the slope of the output at every input of one net. Where neighbours have similar "
          "slopes, a step that helps one of them helps the other. Plain with BN looks like white noise: its gradient "
          "is shattered. With shortcuts it is nearer to brown noise, a random walk. Looks-linear is a control that is "
          "exactly constant.",
          caveat="Each curve has a scale and a row of its own, so heights say nothing between curves. Every second "
          "slope is drawn. Plain without BN looks smooth for a bad reason: see the collapse."),
    Panel("depth", "Agreement of neighbouring inputs, by depth", "layer", "agreement at distance 4", neutral=0.0,
          how_to_read="The autocorrelation of the slope, 4 inputs apart. With BN and without shortcuts nothing is left "
          f"after about 8 layers. With shortcuts it falls slowly, the more slowly the smaller the branch. {_SEEDS}",
          caveat="Single nets differ much, above all plain ones without BN and the scaled residual ones. These nets "
          "are untrained; training is another matter."),
    Panel("lags", "How far the gradient remembers its neighbours", "distance, in inputs", "agreement of the slopes",
          neutral=0.0,
          how_to_read="1 at distance 0. White noise falls to 0 at once, brown noise slowly. Plain nets with BN are "
          f"like white noise from 10 layers on, residual ones lie between. {_SEEDS}",
          caveat="256 inputs from −2 to 2. At larger distances few pairs are left. Curves go below 0 because the mean "
          "is taken out."),
    Panel("cosine", "Collapse: do all inputs look alike?", "layer", "mean cosine between inputs", neutral=1.0,
          how_to_read="1: every input has become the same direction, the net has forgotten which one it sees. Plain "
          "without BN goes there, so its gradient does not shatter: it hardly depends on the input. Batch norm "
          f"prevents this, and pays with shattering where there is no shortcut. {_SEEDS}",
          caveat="All inputs lie on one line and share the first layer's bias. So they look alike from the start: "
          "about 0.5 after the first layer in nets that collapse nowhere."),
    Panel("branches", "Residual nets by branch scale", "branch scale", "agreement at distance 4", x_scale="log",
          neutral=0.0,
          how_to_read="The deepest nets; at 1 the branch is not scaled. The smaller the branch, the longer neighbours "
          "agree.",
          caveat="A branch scale of almost 0 keeps the gradient of a linear net, and computes little else at the "
          "start. The full grid has more points."),
)  # fmt: skip

#: At 50 layers, ten nets: autocorrelation at lag 4, mean cosine.
_EXPECTED: dict[str, tuple[str, str]] = {
    "plain with BN": ("0.0 +- 0.1 at 50 layers: white noise", "0.33"),
    "residual with BN": ("0.27 +- 0.1 at 50 layers", "0.37"),
    "residual with BN, scaled": ("0.65 +- 0.15 at 50 layers, branch 0.1", "0.52"),
    "plain": ("0.4 +- 0.3 at 50 layers, but collapsed", "0.99: all inputs look alike"),
    "looks-linear": ("exactly 1", "0.53, that of the first layer"),
}

_METRICS = (
    *(
        Metric(f"{metric_key(kind)}_autocorrelation", f"autocorrelation, {kind}", "",
               f"of d out/dx over the line at lag 4, deepest nets, mean over nets; {_BALDUZZI}", _EXPECTED[kind][0])
        for kind in KINDS
    ),
    *(
        Metric(f"{metric_key(kind)}_cosine", f"collapse, {kind}", "",
               "mean cosine between different inputs, deepest nets, mean over nets", _EXPECTED[kind][1])
        for kind in KINDS
    ),
    Metric("looks_linear_gradient_spread", "spread of the looks-linear gradient", "", "largest less smallest d out/dx "
           f"over the line, the worst net; {_BALDUZZI}", "below 1e-9: constant but for rounding"),
)  # fmt: skip


SHATTERING = LabSpec(
    name="shattering",
    title="Shattering: does the gradient make sense?",
    question="If batch norm keeps the gradient's norm healthy, why is a deep plain net so hard to train?",
    context="A norm says nothing about direction. In a deep plain net with batch norm the gradient at one input is "
    "unrelated to that at the next: it is noise. So a step that helps one input does nothing for its neighbour. With "
    "shortcuts neighbours still agree, the more the smaller the branch. A plain net without batch norm does not "
    "shatter: it collapses, and all inputs come to look alike.",
    source=f"{_BALDUZZI}; De and Smith 2020, Batch Normalization Biases Residual Blocks Towards the Identity Function; "
    "He et al. 2015, Deep Residual Learning, section 4.1 (healthy norms)",
    caveats="Untrained, fully connected nets with a single input. With batch norm the inputs are one batch, and the "
    "gradient is the slope between neighbours. The looks-linear start has no shortcut and does not shatter: a "
    "shortcut is one way and not the only one. Whether shattering is what stops the training is not shown here.",
    refutation="Deep plain nets with batch norm whose neighbours agree, or residual ones as noisy as they are. Or a "
    "plain net without batch norm that neither shatters nor collapses.",
    options=_OPTIONS,
    panels=_PANELS,
    metrics=_METRICS,
    lab="engine.labs.shattering.lab:ShatteringLab",
    findings=RULES,
    seconds=seconds,
    refuse=refuse,
)
