"""Rows of stacks of sublayers alone: a post-LN net that starts small, and a start that replaces the wire."""

from engine.models.zoo.spec import STREAMS, Shortcut, multiplier

DEEPNORM = Shortcut(
    name="deepnorm",
    label="DeepNorm",
    help="Post-LN whose shortcut is larger and whose branches start smaller, the more so the deeper the net.",
    formula="y = LN(a x + F(x)), a = L^(1/4), weights of F times (4L)^(-1/4) at first; L sublayers",
    source="Wang et al. 2022, DeepNet (2203.00555), the encoder's rule",
    builder="engine.models.shortcuts.shortcuts:deepnorm",
    initializer="deepnorm",
    norms=("layer",),
    orders=("post-ln",),
    families=STREAMS,
)

SHAPED = Shortcut(
    name="shaped",
    label="plain, shaped start",
    help="A control: nothing is added, but attention starts as the identity and ReLUs are leaky to suit the depth.",
    formula="y = F(LN x), attention a V + b A(x) V - c mean(V), W_V = W_P = I, W_Q = 0; leaky ReLU, orthogonal W",
    source="He et al. 2023 (2302.10322), Noci et al. 2023 (2306.17759), He and Hofmann 2023 (2311.01906); ReLU: "
    "Zhang et al. 2022 (2203.08120)",
    builder="engine.models.shortcuts.shortcuts:option_a",
    coefficient="engine.models.shortcuts.branch_scale:by_depth",
    coefficient_sizes=multiplier,
    initializer="shaped",
    norms=("layer",),
    orders=("pre-ln",),
    families=STREAMS,
    wires=("mlp",),
    bare=True,
)

SPECS = (DEEPNORM, SHAPED)
