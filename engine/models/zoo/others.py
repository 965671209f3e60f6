"""Shortcuts of the literature around the two papers, and two controls that start at the identity without a shortcut."""

from engine.models.zoo.identity_mappings import GATING_RERUN, gate_bias
from engine.models.zoo.spec import STREAMS, Option, Published, Shortcut, multiplier, one_convolution

_TABLE_6 = "He et al. 2015 (1512.03385), Table 6"
_RERUN = "github.com/flukeskywalker/highway-resnet-comparison, e5adefe, log_highway110/metrics.json"
_DIRAC_NETS = "Zagoruyko and Komodakis 2017 (1706.00388)"
_HUANG = "Huang et al. 2016 (1603.09382)"
_XIAO = "Xiao et al. 2018 (1806.05393)"
_ABSTRACT = "abstract"


def _claim(net: str, variant: str, paper: str, word: str, kind: str = "a claim, not an error") -> tuple[Published]:
    """Return a claim of an abstract, a word in place of an error."""
    return (Published(net, variant, None, kind, f"{paper}, {_ABSTRACT}", word=word),)


HIGHWAY = Shortcut(
    name="highway",
    label="Highway",
    help="A 3x3 convolution per block decides how much of the input is carried on, the rest is new.",
    formula="y = (1 - T(x)) x + T(x) F(x), T = sigmoid(W x + b), W 3x3",
    source="Srivastava et al. 2015, Highway networks (1505.00387); here around a block of two layers",
    builder="engine.models.shortcuts.shortcuts:carried",
    coefficient="engine.models.shortcuts.branch_scale:wide_gate",
    shares_gate=True,
    coefficient_sizes=one_convolution("coefficient", kernel=3),
    options=(gate_bias(-2.0),),
    published=(
        Published("Highway-19", "highway", 7.54, "best (mean 7.72, std 0.16)", _TABLE_6),
        Published("Highway-32", "highway", 8.80, "as printed", _TABLE_6),
        Published("Highway-110", "highway", 6.04, "one run, 200 epochs; gates of two layers, bias -6", _RERUN),
    ),
    contested=f"He et al. 2016 publish gating as harmful. {GATING_RERUN}",
)

STOCHASTIC_DEPTH = Shortcut(
    name="stochastic-depth",
    label="stochastic depth",
    help="While the net trains whole blocks are left out at random, late ones most often; at test all are there.",
    formula="y = x + b F(x), b = 1 with probability p = 1 - (l/L)(1 - survival), else 0; at test b = p",
    source=f"{_HUANG}, Deep networks with stochastic depth",
    builder="engine.models.shortcuts.shortcuts:option_a",
    coefficient="engine.models.shortcuts.branch_scale:stochastic_depth",
    skips=True,
    options=(Option("survival", 0.5, 0.05, 1.0, "Probability that the last block is there."),),
    published=(
        Published("ResNet-110", "stochastic-depth", 5.25, "as cited; 6.41 without", f"{_HUANG}, second hand"),
        Published("ResNet-1202", "stochastic-depth", 4.91, "as printed", f"{_HUANG}, {_ABSTRACT}"),
    ),
)

SKIPINIT = Shortcut(
    name="skipinit",
    label="SkipInit / ReZero",
    help="One number per block multiplies the branch and starts at zero: the net starts as the identity.",
    formula="y = x + alpha F(x), alpha = start at first",
    source="De and Smith 2020 (2002.10444), SkipInit; Bachlechner et al. 2020 (2003.04887), ReZero",
    builder="engine.models.shortcuts.shortcuts:option_a",
    coefficient="engine.models.shortcuts.branch_scale:multiplier",
    coefficient_sizes=multiplier,
    families=("cifar", *STREAMS),
    options=(Option("start", 0.0, 0.0, 1.0, "What the number starts at; De and Smith allow up to 1 / sqrt(L)."),),
    published=_claim(
        "ResNet-56",
        "skipinit",
        "Bachlechner et al. 2020 (2003.04887), first version",
        "32 % faster convergence",
        "speed, not an error; to 85 % accuracy, its introduction says",
    ),
)

ZERO_GAMMA = Shortcut(
    name="zero-gamma",
    label="zero gamma",
    help="As A, but the last batch norm of every branch starts with scale 0: the net starts as the identity.",
    formula="y = x + F(x), gamma of the branch's last BN = 0 at first",
    source="Goyal et al. 2017 (1706.02677), section 5.1",
    builder="engine.models.shortcuts.shortcuts:option_a",
    initializer="zero-gamma",
    norms=("batch",),
    # The branch has to end in a batch norm that gradients reach: not through a ReLU that is zero everywhere.
    orders=("post", "relu-only-pre"),
)

FIXUP = Shortcut(
    name="fixup",
    label="Fixup",
    help="No norm at all: branches start small and end in zeros, with scalar biases and one multiplier per branch.",
    formula="y = x + F(x), first layers of F drawn smaller by L^(-1/(2m-2)), its last layer zero; L blocks of m layers",
    source="Zhang et al. 2019, Fixup initialization (1901.09321), section 3",
    builder="engine.models.shortcuts.shortcuts:option_a",
    initializer="fixup",
    norms=("none",),
    orders=("post",),
    scalars=True,
    published=_claim("10,000 layers", "fixup", "Zhang et al. 2019 (1901.09321)", "trains without norm"),
)

DIRAC = Shortcut(
    name="dirac",
    label="plain, Dirac start",
    help="A control: nothing is added, but every convolution of a block starts as the identity.",
    formula="y = F(x), W = identity at first",
    source=f"after {_DIRAC_NETS}, DiracNets",
    initializer="dirac",
    published=_claim(
        "DiracNet-28",
        "dirac",
        _DIRAC_NETS,
        "matches ResNet-1001",
        "wider; its weights keep the identity all through training, here they only start with it",
    ),
)

DELTA_ORTHOGONAL = Shortcut(
    name="delta-orthogonal",
    label="plain, delta-orthogonal start",
    help="A control: nothing is added, but every convolution of a block starts as a rotation of the channels.",
    formula="y = F(x), W = a rotation in its middle and zero elsewhere at first",
    source=f"{_XIAO}, Dynamical isometry and a mean field theory of CNNs",
    initializer="delta-orthogonal",
    published=_claim(
        "vanilla CNN, 10,000 layers",
        "delta-orthogonal",
        _XIAO,
        "trains without shortcuts",
        "with tanh and without batch norm; with ReLU and batch norm this start helps little at 56 layers here",
    ),
)

SPECS = (HIGHWAY, STOCHASTIC_DEPTH, SKIPINIT, ZERO_GAMMA, FIXUP, DIRAC, DELTA_ORTHOGONAL)
