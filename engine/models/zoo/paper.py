"""The four shortcuts of He et al. 2015: none, A, B, C."""

from engine.models.zoo.spec import FAIL, STREAMS, Published, Shortcut, projection, projection_where_shape_changes

_RESNETS = ("cifar", "imagenet")
_TABLE_6 = "He et al. 2015 (1512.03385), Table 6"
_TABLE_3 = "He et al. 2015 (1512.03385), Table 3"
_TABLE_2 = "He et al. 2015 (1512.03385), Table 2"
_FIG_6 = "He et al. 2015 (1512.03385), Fig. 6, caption"
_TABLE_1 = "He et al. 2016 (1603.05027), Table 1"
_LI = "Li et al. 2018 (1712.09913), test errors of the nets drawn"
_PRINTED = "as printed"
#: Reproductions of section 4.2 of 2015 (64,000 steps, one seed): address, commit and file.
_SUTRADHAR = "github.com/surajit-13-sutradhar/resnet, 80cf2c2, README.md"
_HUANG = "github.com/hhhhuangggg/resnet-cifar10-reproducti, 36255dd, analysis/results/cifar_summary.csv"
_ONE_SEED = "one seed of a reproduction"
_MIXED = f"{_ONE_SEED}; depth 56 in 32-bit floats, the others in mixed precision"
_OTHER_RECIPE = "as printed; another recipe: Nesterov, weight decay 5e-4, 300 epochs"


def _imagenet(net: str, variant: str, error: float, top5: float | None, source: str = _TABLE_3) -> Published:
    kind = "top-1" if top5 is None else f"top-1; top-5 {top5:.2f}"
    return Published(net, variant, error, f"{kind}; 10 crops, validation", source, data="ImageNet")


NONE = Shortcut(
    name="none",
    label="plain",
    help="Nothing is added: a plain net, the control. Same parameters as option A.",
    formula="y = F(x)",
    source="He et al. 2015, section 3.3, plain network",
    families=(*_RESNETS, *STREAMS),
    published=(
        Published("plain-110", "none", None, "not drawn in the figure", _FIG_6, word="above 60 %"),
        Published("plain-110", "none", None, "median of 5 runs; scaling by 0", _TABLE_1, word=FAIL),
        *(
            Published(f"plain-{depth}", "none", error, _MIXED, _SUTRADHAR)
            for depth, error in ((20, 9.63), (32, 9.92), (44, 10.36), (56, 14.22))
        ),
        Published("plain-20", "none", 9.35, _ONE_SEED, _HUANG),
        Published("plain-56", "none", 12.32, _ONE_SEED, _HUANG),
        Published("plain-20", "none", 8.18, _OTHER_RECIPE, _LI),
        Published("plain-56", "none", 13.31, f"{_OTHER_RECIPE}; rate 0.01", _LI),
        Published("plain-110", "none", 16.44, f"{_OTHER_RECIPE}; rate probably 0.01", _LI),
        _imagenet("plain-18", "none", 27.94, None, _TABLE_2),
        _imagenet("plain-34", "none", 28.54, 10.02),
    ),
)

A = Shortcut(
    name="A",
    label="residual (A)",
    help="The input is added; where channels grow it is subsampled and zero-padded. No parameters.",
    formula="y = x + F(x)",
    source="He et al. 2015, section 3.3, option A",
    families=(*_RESNETS, *STREAMS),
    wires=("attention", "mlp"),
    builder="engine.models.shortcuts.shortcuts:option_a",
    published=(
        Published("ResNet-20", "A", 8.75, _PRINTED, _TABLE_6),
        Published("ResNet-32", "A", 7.51, _PRINTED, _TABLE_6),
        Published("ResNet-44", "A", 7.17, _PRINTED, _TABLE_6),
        Published("ResNet-56", "A", 6.97, _PRINTED, _TABLE_6),
        Published("ResNet-110", "A", 6.43, "best of 5 runs (mean 6.61, std 0.16)", _TABLE_6),
        Published("ResNet-1202", "A", 7.93, "as printed (training error below 0.1 %)", _TABLE_6),
        Published("ResNet-110", "A", 6.61, "median of 5 runs", _TABLE_1),
        _imagenet("ResNet-18", "A", 27.88, None, _TABLE_2),
        _imagenet("ResNet-34", "A", 25.03, 7.76),
    ),
)

B = Shortcut(
    name="B",
    label="residual (B)",
    help="As A, but where the shape changes a 1x1 convolution with batch norm projects the input.",
    formula="y = x + F(x), y = Wx + F(x) where the shape changes",
    source="He et al. 2015, section 3.3, option B",
    families=_RESNETS,
    builder="engine.models.shortcuts.shortcuts:option_b",
    projects=True,
    shortcut_sizes=projection_where_shape_changes,
    published=(
        _imagenet("ResNet-34", "B", 24.52, 7.46),
        _imagenet("ResNet-50", "B", 22.85, 6.71),
        _imagenet("ResNet-101", "B", 21.75, 6.05),
        _imagenet("ResNet-152", "B", 21.43, 5.71),
    ),
)

C = Shortcut(
    name="C",
    label="residual (C)",
    help="Every shortcut is a 1x1 convolution with batch norm. A few more parameters in every block.",
    formula="y = Wx + F(x)",
    source="He et al. 2015, section 4.1, option C",
    families=_RESNETS,
    builder="engine.models.shortcuts.shortcuts:option_c",
    projects=True,
    shortcut_sizes=projection,
    published=(_imagenet("ResNet-34", "C", 24.19, 7.40),),
)

SPECS = (NONE, A, B, C)
