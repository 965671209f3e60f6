"""The shortcuts of He et al. 2016, "Identity Mappings in Deep Residual Networks" (1603.05027), Table 1.

All of them but the 1x1 convolution leave the shape change to option A: the input subsampled and zero-padded.
"""

from engine.models.zoo.spec import FAIL, STREAMS, Option, Published, Shortcut, one_convolution

_SECTION = "He et al. 2016 (1603.05027), section 3.1"
_TABLE_1 = "He et al. 2016 (1603.05027), Table 1"
_MEDIAN = "median of 5 runs"
#: The repository's README says "not harmful"; what differs between its two nets is in its code and logs.
GATING_RERUN = (
    "In a rerun by Srivastava (github.com/flukeskywalker/highway-resnet-comparison, one run each, 200 epochs) "
    "Highway-110 ends at 6.04 % and ResNet-110 at 6.25 %. The gates there have two 3x3 convolutions with batch norm "
    "(bias -6), and the gated net has more parameters: 2.65 against 1.73 million."
)


def _resnet_110(variant: str, error: float | None, kind: str = _MEDIAN) -> Published:
    return Published("ResNet-110", variant, error, kind, _TABLE_1, word="" if error is not None else FAIL)


def gate_bias(default: float) -> Option:
    """Return the option that sets how open gates start."""
    return Option("bias", default, -10.0, 5.0, "What the gate's bias starts at: -6 starts with almost all carried on.")


SCALED = Shortcut(
    name="scaled",
    label="constant scaling",
    help="The shortcut is multiplied by a constant in every block, so what is carried on shrinks with depth.",
    formula="y = a x + c F(x), a = shortcut, c = branch",
    source=f"{_SECTION}, constant scaling",
    builder="engine.models.shortcuts.shortcuts:scaled",
    coefficient="engine.models.shortcuts.branch_scale:constant",
    families=("cifar", *STREAMS),
    options=(
        Option("shortcut", 0.5, 0.0, 1.0, "Factor on the shortcut; 0 is a plain net."),
        Option("branch", 1.0, 0.0, 1.0, "Factor on the branch."),
    ),
    published=(
        _resnet_110("scaled:shortcut=0", None, f"{_MEDIAN}; a plain net"),
        _resnet_110("scaled", None),
        _resnet_110("scaled:branch=0.5", 12.35),
    ),
)

GATED = Shortcut(
    name="gated",
    label="exclusive gating",
    help="A 1x1 convolution decides per pixel and channel how much of the input is carried on, the rest is new.",
    formula="y = (1 - g(x)) x + g(x) F(x), g = sigmoid(Wx + b)",
    source=f"{_SECTION}, exclusive gating (after Highway networks)",
    builder="engine.models.shortcuts.shortcuts:carried",
    coefficient="engine.models.shortcuts.branch_scale:gate",
    shares_gate=True,
    coefficient_sizes=one_convolution("coefficient"),
    options=(gate_bias(-6.0),),
    published=(
        _resnet_110("gated:bias=0", None, f"{_MEDIAN}; gate biases 0 to -5"),
        _resnet_110("gated", 8.70),
        _resnet_110("gated:bias=-7", 9.81),
    ),
    contested=f"As published. {GATING_RERUN}",
)

SHORTCUT_GATED = Shortcut(
    name="shortcut-gated",
    label="shortcut-only gating",
    help="The gate closes the shortcut alone; the branch is added whole.",
    formula="y = (1 - g(x)) x + F(x), g = sigmoid(Wx + b)",
    source=f"{_SECTION}, shortcut-only gating",
    builder="engine.models.shortcuts.shortcuts:shortcut_gated",
    shortcut_sizes=one_convolution("shortcut.gate"),
    options=(gate_bias(-6.0),),
    published=(_resnet_110("shortcut-gated:bias=0", 12.86), _resnet_110("shortcut-gated", 6.91)),
    contested=f"As published. {GATING_RERUN}",
)

CONV_1X1 = Shortcut(
    name="conv1x1",
    label="1x1 convolution",
    help="Every shortcut is a 1x1 convolution and nothing else: it could be the identity, but starts at random.",
    formula="y = Wx + F(x)",
    source=f"{_SECTION}, 1x1 convolutional shortcut, called option C there; without batch norm by our reading",
    builder="engine.models.shortcuts.shortcuts:bare_convolution",
    shortcut_sizes=one_convolution("shortcut", bias=False),
    published=(_resnet_110("conv1x1", 12.22),),
)

DROPOUT = Shortcut(
    name="dropout",
    label="dropout shortcut",
    help="Values of the shortcut are dropped at random while the net trains; at test the shortcut has their mean.",
    formula="y = m x + F(x), m = 0 with probability rate, else 1; at test m = 1 - rate",
    source=f"{_SECTION}, dropout shortcut",
    builder="engine.models.shortcuts.shortcuts:dropped",
    options=(Option("rate", 0.5, 0.0, 0.95, "Probability that a value of the shortcut is dropped."),),
    published=(_resnet_110("dropout", None),),
)

SPECS = (SCALED, GATED, SHORTCUT_GATED, CONV_1X1, DROPOUT)
