"""The quantities that are measured inside a net while it trains, as a torch-free table. Adding one: one file, one row.

Every probe runs on a fixed batch of training images, un-augmented, normalised with that batch's own statistics
(train-mode BN), without touching weights, running statistics or random state. The page's help texts come from here.
"""

from collections.abc import Mapping

from engine.config.families import FAMILIES
from engine.errors import ConfigError
from engine.models.zoo.spec import STREAMS
from engine.probes.quantity import Quantity

_WITH_BN = tuple(family for family in FAMILIES if family not in STREAMS)
_NO_BN = "these nets have no batch norm: layer norm keeps no running statistics and scales no layer's output"
_NO_STREAM = "channels and pixels change from stage to stage, so blocks cannot be compared"
_NO_TOKENS = "only a Vision Transformer has attention between the tokens of an image"

# fmt: off
QUANTITIES: dict[str, Quantity] = {
    quantity.name: quantity
    for quantity in (
        Quantity(
            name="response_std", label="response std", family="responses", neutral=1.0,
            formula="std(z) over images, pixels or tokens, and channels; z = output of a layer after BN, if any, "
            "before ReLU or addition",
            source="He et al. 2015, section 4.2 and Fig. 7",
            how_to_read="How strongly a layer responds. The paper found residual nets quieter than plain ones, and "
            "deeper residual nets quieter still: each block only changes its input a little.",
            caveat="After BN this is nearly the layer's learned scale, mean |gamma|, and 1 everywhere at the start: "
            "what differs later is learned or is weight decay. No BN comes before z in full pre-activation, without "
            "norm, in MLPs and in Transformers: do not set these beside the others. Small compared with what? See the "
            "update size.",
            measure="engine.probes.online.responses:ResponseStd",
        ),
        Quantity(
            name="response_std_within", label="response std within channels", family="responses", neutral=1.0,
            formula="sqrt(mean over channels of var(z_c) over images and pixels)",
            source="the per-channel reading of He et al. 2015, Fig. 7",
            how_to_read="As the response std, without what comes from the channels having different means (beta).",
            caveat="It is the root mean square of |gamma| whatever the inputs are, unless their variance is as "
            "small as the eps of the batch norm. MLPs and Transformers have no gamma there.",
            measure="engine.probes.online.responses:ResponseStdWithin",
        ),
        Quantity(
            name="response_std_channel", label="response std of each channel", family="responses",
            per="channel", low=1e-3, code="log16",
            formula="std(z_c) over images and pixels, for each channel c",
            source="the per-channel reading of He et al. 2015, Fig. 7",
            how_to_read="Whether all channels of a layer became quiet or only some.",
            caveat="Channels have no order of their own; they are shown sorted.",
            measure="engine.probes.online.responses:ResponseStdChannel",
        ),
        Quantity(
            name="response_std_eval", label="response std in eval mode", family="responses", neutral=1.0,
            formula="std(z) as above in a second pass in which every BN uses its running statistics",
            source="He et al. 2015, Fig. 7, read as a trained net at test time",
            how_to_read="Close to the response std once the running statistics have settled.",
            caveat="Not shown in the first 50 steps, when running statistics still remember their start (0 and 1). "
            "Far above the train-mode value the running statistics lag behind the weights: a sign of a high learning "
            "rate.",
            measure="engine.probes.online.responses:ResponseStdEval", families=_WITH_BN, absent=_NO_BN,
        ),
        Quantity(
            name="gamma_abs", label="mean |gamma|", family="responses", neutral=1.0,
            formula="mean over channels of |gamma_c|, the scale of the layer's BN",
            source="Ioffe and Szegedy 2015, section 3",
            how_to_read="Set beside the response std: where the two agree, Fig. 7 is a picture of gamma.",
            caveat="Weight decay pulls gamma to zero in every net, whether or not a layer is needed.",
            measure="engine.probes.online.responses:GammaAbs", families=_WITH_BN, absent=_NO_BN,
        ),
        Quantity(
            name="response_histogram", label="distribution of responses", unit="share per bin", family="responses",
            per="bin", scale="linear", low=0.0, high=1.0, code="root8",
            formula="shares of z in log-spaced bins, both signs apart, values that are not finite counted apart",
            source="He et al. 2015, Fig. 7 shows only its std",
            how_to_read="Wide: the layer speaks loudly. A tall narrow peak at zero: it hardly says anything.",
            caveat="Bins are log-spaced, so heights are shown per unit of z. Large layers are sampled on a fixed "
            "grid.",
            measure="engine.probes.online.histogram_measure:ResponseHistogram",
        ),
        Quantity(
            name="dead_share", label="dead ReLU units", unit="share", family="responses", per="relu",
            scale="linear", low=0.0, high=1.0,
            formula="share of units (channel and pixel or token) whose ReLU is zero for every image of the probe batch",
            source="Nair and Hinton 2010; He et al. 2015, section 3.3, ReLU after the addition",
            how_to_read="A dead unit passes no signal and no gradient for these images.",
            caveat="With few images a unit may look dead and fire for others. The second layer of a residual block "
            "is followed by the addition: its ReLU sees x + F(x). In MLPs and Transformers only fc1 has a ReLU. "
            "A leaky ReLU has no dead units and no value.",
            measure="engine.probes.online.responses:DeadShare",
        ),
        Quantity(
            name="update_size", label="update size ||F(x)|| / ||x||", family="responses", per="sublayer", neutral=1.0,
            formula="mean over images of ||c F(x)|| / ||s(x)||; plain blocks: x in the shape of option A",
            source="He et al. 2015, section 4.2, asks whether residual functions are small; De and Smith 2020",
            how_to_read="How much a block changes what it gets. Below 1 the block refines its input.",
            caveat="In a residual net x grows from block to block, so the ratio falls with depth before anything is "
            "learned: compare with the start. In a plain block nothing is added; the ratio says how loud it is. In "
            "post-LN x is normalised, so the ratio does not fall with depth by itself.",
            measure="engine.probes.online.blocks:UpdateSize",
        ),
        Quantity(
            name="update_cosine", label="direction of the update, cos(F(x), x)", family="responses", per="sublayer",
            scale="linear", low=-1.0, high=1.0, neutral=0.0,
            formula="mean over images of F(x).s(x) / (||F(x)|| ||s(x)||)",
            source="after Jastrzebski et al. 2018, residual connections encourage iterative inference",
            how_to_read="Negative: the block takes away from its input. Zero: it adds something new.",
            caveat="x is not negative after a ReLU while F(x) has mean beta: small values of either sign mean "
            "little.",
            measure="engine.probes.online.blocks:UpdateCosine",
        ),
        Quantity(
            name="stream_std", label="std of the stream", family="responses", per="block", neutral=1.0,
            formula="std over images, tokens and channels of the stream after a block",
            source="Xiong et al. 2020, Lemma 2 (2002.04745); Sun et al. 2025, Lemma 3.2 (2502.05795)",
            how_to_read="How large the sum of all updates has become. In pre-LN it grows with depth, so each further "
            "block changes it less. In post-LN it starts at 1 after every block.",
            caveat="A plain net has no sum: this is the size of its last output. The next layer norm takes the size "
            "away, so a large stream is no trouble by itself.",
            measure="engine.probes.online.stream:StreamStd", families=STREAMS, absent=_NO_STREAM,
        ),
        Quantity(
            name="gradient_response", label="gradient of the responses", family="gradients", low=1e-6,
            formula="||dL/dz|| over the probe batch, L = mean cross-entropy, z = response of the layer",
            source="He et al. 2015, section 4.1 (healthy norms with BN); Yang et al. 2019",
            how_to_read="The signal that comes back to a layer. If it rises towards the input, the gradient explodes; "
            "if it falls, it vanishes.",
            caveat="A flat profile does not mean that a net can be trained: after 300 quick steps plain-56 is about "
            "as flat as its residual twin and learns far less. Look at the direction below it.",
            measure="engine.probes.online.gradients:GradientResponse",
        ),
        Quantity(
            name="gradient_weight", label="gradient of the weights", family="gradients", low=1e-6,
            formula="||dL/dW|| (Frobenius) of the layer's weights",
            source="He et al. 2015, section 4.1",
            how_to_read="What the optimizer sees.",
            caveat="Under BN it scales as 1/||W||, so a small gradient may sit on large weights: see the "
            "update-to-weight ratio. AdamW divides the size out: with it a small gradient is no slow layer.",
            measure="engine.probes.online.gradients:GradientWeight",
        ),
        Quantity(
            name="qk_gradient", label="gradient of queries and keys", family="gradients", per="block", low=1e-9,
            rounding=1e-8,
            formula="||dL/dW|| (Frobenius) of the weights that make the queries and keys of a block",
            source="Noci et al. 2022 (2206.03126): it vanishes where all tokens are alike",
            how_to_read="What attention can learn about where to look. Far below the gradient of the weights: the "
            "block averages its tokens and stays so.",
            caveat="Up to about 1e-8 it is rounding. AdamW divides the size out: a small gradient may still move the "
            "weights, then as noise. At the start of shaped attention the queries are zero, and so is part of this "
            "gradient.",
            measure="engine.probes.online.gradients:QkGradient", families=("vit",), absent=_NO_TOKENS,
        ),
        Quantity(
            name="gradient_growth", label="growth of the gradient per layer", unit="factor per layer towards the input",
            family="gradients", per="stage", low=0.5, high=2.0, neutral=1.0,
            formula="(||dL/dz_first|| / ||dL/dz_last||)^(1 / (last - first)), whole net and each stage",
            source="Yang et al. 2019, A mean field theory of batch normalization: 1.21 at the start of a BN-ReLU stack",
            how_to_read="Above 1 the gradient grows on its way to the input, below 1 it shrinks. 1.2 over 50 layers is "
            "9,000.",
            caveat="It compares two layers only, the stem or a first layer with the last layer of a block, which "
            "differ in residual nets; a stage with other channels or pixels moves it too.",
            measure="engine.probes.online.gradients:GradientGrowth",
        ),
        Quantity(
            name="update_ratio", label="update-to-weight ratio", family="gradients", low=1e-6, high=1.0, neutral=1e-3,
            formula="||last change of W|| / ||W||, momentum and weight decay included",
            source="a common rule of thumb; Karpathy's notes on training put it near 1e-3",
            how_to_read="How fast a layer moves. Layers far below the others do not learn.",
            caveat="Not defined before the first update. Under BN only the direction of W matters to the function.",
            measure="engine.probes.online.weights:UpdateRatio",
        ),
        Quantity(
            name="activation_cosine", label="likeness of different images", unit="cosine", family="directions",
            scale="linear", low=-0.2, high=1.0, neutral=0.0,
            formula="mean cosine between the activations of two images after the ReLU that follows the layer",
            source="after Balduzzi et al. 2017 and Yang et al. 2019: collapse of the activations",
            how_to_read="Near 1 every image looks the same to this layer: the net has collapsed.",
            caveat="Activations after a ReLU are not negative, so unrelated images already have a cosine well above "
            "0. Behind the other layers of MLPs and Transformers there is none: compare layers of one kind.",
            measure="engine.probes.online.directions:ActivationCosine",
        ),
        Quantity(
            name="token_rank", label="token rank", unit="1 - likeness of tokens", family="directions", per="block",
            low=1e-7, high=1.0, rounding=1e-6,
            formula="1 - mean cosine between two tokens of one image in the stream after a block, at least 1e-7",
            source="after Dong et al. 2021 (2103.03404), who measure a distance from rank one",
            how_to_read="Near 0 all tokens of an image are alike, and attention has nothing left to choose from. 1: "
            "they have nothing in common.",
            caveat="At 1e-7 tokens are equal up to rounding, and no value there means more than that. Collapse alone "
            "stops no net here: the head averages the tokens, and one good vector suffices. Nets that stay at chance "
            "lose the difference between images too: see their likeness.",
            measure="engine.probes.online.stream:TokenRank", families=("vit",), absent=_NO_TOKENS,
        ),
        Quantity(
            name="block_influence", label="block influence", unit="1 - cos(in, out)", family="directions", per="block",
            scale="linear", low=0.0, high=2.0, neutral=1.0,
            formula="1 - mean cosine between the stream before and after a block, over images and tokens",
            source="Men et al. 2024, ShortGPT (2403.03853)",
            how_to_read="How far a block turns the stream. Near 0 it changes next to nothing, and the lab Lesions "
            "shows whether it can be taken out. 1: the output has nothing to do with the input.",
            caveat="Every block of a plain net is near 1: nothing carries its input on. After few steps a block near 0 "
            "may have learned nothing yet, which is not the same as being superfluous. The size of the change does "
            "not count.",
            measure="engine.probes.online.stream:BlockInfluence", families=STREAMS, absent=_NO_STREAM,
        ),
        Quantity(
            name="gradient_cosine", label="agreement of gradients", unit="cosine", family="directions",
            scale="linear", low=-0.2, high=1.0, neutral=0.0,
            formula="mean cosine between dL/dz of two images of one class",
            source="after Balduzzi et al. 2017, The shattered gradients problem",
            how_to_read="1: images of one class pull a layer the same way. Near 0 far from the output: the gradients "
            "are shattered, white noise of healthy size.",
            caveat="It says nothing where all images look alike (likeness near 1): then gradients agree because the "
            "net has collapsed. Images of one class are compared, because their loss starts with the same direction; "
            "the value falls as well when a trained net gets some of them right.",
            measure="engine.probes.online.directions:GradientCosine",
        ),
    )
}

# fmt: on


def get_quantity(name: str) -> Quantity:
    """Return a quantity's row. Raises ConfigError naming the choices."""
    if name not in QUANTITIES:
        raise ConfigError(f"unknown quantity {name!r}; choose from {', '.join(QUANTITIES)}")
    return QUANTITIES[name]


def absences(family: str) -> Mapping[str, str]:
    """Return the quantities that nets of a family lack, each with the reason."""
    return {row.name: row.absent for row in QUANTITIES.values() if family not in row.families}
