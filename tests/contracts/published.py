"""What the sources print, copied from them once: place in a source -> value of a net -> the digits as printed.

A net of the zoo is its name and its variant; on other data than CIFAR-10 the data come first. ``test_published``
compares the zoo and the citations of the guide with these.
"""

HE_2015, HE_2016 = "He et al. 2015 (1512.03385)", "He et al. 2016 (1603.05027)"

PUBLISHED: dict[str, dict[str, str]] = {
    f"{HE_2015}, Table 2": {
        "ImageNet plain-18 none": "27.94", "ImageNet plain-34 none": "28.54",
        "ImageNet ResNet-18 A": "27.88", "ImageNet ResNet-34 A": "25.03",
    },
    # top-1 and top-5
    f"{HE_2015}, Table 3": {
        "ImageNet plain-34 none": "28.54 10.02", "ImageNet ResNet-34 A": "25.03 7.76",
        "ImageNet ResNet-34 B": "24.52 7.46", "ImageNet ResNet-34 C": "24.19 7.40",
        "ImageNet ResNet-50 B": "22.85 6.71", "ImageNet ResNet-101 B": "21.75 6.05",
        "ImageNet ResNet-152 B": "21.43 5.71",
    },
    f"{HE_2015}, Fig. 6, caption": {"plain-110 none": "60"},
    # best of five runs, mean and standard deviation at 110 layers; the training error at 1202 layers is the text's
    f"{HE_2015}, Table 6": {
        "ResNet-20 A": "8.75", "ResNet-32 A": "7.51", "ResNet-44 A": "7.17", "ResNet-56 A": "6.97",
        "ResNet-110 A": "6.43 6.61 0.16", "ResNet-1202 A": "7.93 0.1",
        "Highway-19 highway": "7.54 7.72 0.16", "Highway-32 highway": "8.80",
    },
    f"{HE_2015}, section 4.1, footnote 3": {"iterations": "3"},
    # "fail": above 20 %, says the caption
    f"{HE_2016}, Table 1": {
        "ResNet-110 A": "6.61", "plain-110 none": "20", "ResNet-110 scaled:shortcut=0": "20",
        "ResNet-110 scaled": "20", "ResNet-110 scaled:branch=0.5": "12.35",
        "ResNet-110 gated:bias=0": "20", "ResNet-110 gated": "8.70", "ResNet-110 gated:bias=-7": "9.81",
        "ResNet-110 shortcut-gated:bias=0": "12.86", "ResNet-110 shortcut-gated": "6.91",
        "ResNet-110 conv1x1": "12.22", "ResNet-110 dropout": "20",
    },
    f"{HE_2016}, Table 2": {
        "ResNet-110 A": "6.61", "ResNet-164 (bottleneck) B": "5.93",
        "ResNet-110 A:order=bn-after-addition": "8.17", "ResNet-164 (bottleneck) B:order=bn-after-addition": "6.50",
        "ResNet-110 A:order=relu-before-addition": "7.84",
        "ResNet-164 (bottleneck) B:order=relu-before-addition": "6.14",
        "ResNet-110 A:order=relu-only-pre": "6.71", "ResNet-164 (bottleneck) B:order=relu-only-pre": "5.91",
        "ResNet-110 A:order=full-pre": "6.37", "ResNet-164 (bottleneck) B:order=full-pre": "5.46",
    },
    f"{HE_2016}, Table 3": {
        "ResNet-110, 1-layer blocks A:layers=1": "9.90",
        "ResNet-110, 1-layer blocks A:order=full-pre:layers=1": "8.91",
        "ResNet-1001 (bottleneck) B": "7.61", "ResNet-1001 (bottleneck) pre-activation": "4.92",
        "CIFAR-100 ResNet-164 (bottleneck) B": "25.16", "CIFAR-100 ResNet-1001 (bottleneck) B": "27.82",
        "CIFAR-100 ResNet-164 (bottleneck) B:order=full-pre": "24.33",
    },
    # median, mean and standard deviation of five runs
    f"{HE_2016}, Table 4": {
        "ResNet-1001 (bottleneck) B:order=full-pre": "4.92 4.89 0.14",
        "CIFAR-100 ResNet-1001 (bottleneck) B:order=full-pre": "22.71 22.68 0.22",
    },
    "Li et al. 2018 (1712.09913), test errors of the nets drawn": {
        "plain-20 none": "8.18", "plain-56 none": "13.31", "plain-110 none": "16.44",
        "ResNet-20": "7.37", "ResNet-56": "5.89", "ResNet-110": "5.79",
    },
    # errors after training: on training images, on test images
    "github.com/surajit-13-sutradhar/resnet, 80cf2c2, README.md": {
        "plain-20 none": "1.23 9.63", "plain-32 none": "1.35 9.92", "plain-44 none": "2.38 10.36",
        "plain-56 none": "5.24 14.22", "ResNet-20": "0.73 8.24", "ResNet-56": "0.18 8.30",
    },
    "github.com/hhhhuangggg/resnet-cifar10-reproducti, 36255dd, analysis/results/cifar_summary.csv": {
        "plain-20 none": "1.12 9.35", "plain-56 none": "3.75 12.32", "ResNet-20": "0.61 8.23", "ResNet-56": "0.06 7.13",
    },
    # the last of 200 epochs, in percent of the test images: right, and wrong; millions of parameters
    "github.com/flukeskywalker/highway-resnet-comparison, e5adefe, log_highway110/metrics.json": {
        "Highway-110 highway": "93.96 6.04 200 2.65", "ResNet-110": "93.75 6.25 1.73",
    },
    "Huang et al. 2016 (1603.09382), second hand": {"ResNet-110 stochastic-depth": "5.25 6.41"},
    "Huang et al. 2016 (1603.09382), abstract": {"ResNet-1202 stochastic-depth": "4.91"},
    "Bachlechner et al. 2020 (2003.04887), abstract": {"Transformer of 12 layers": "12 56"},
    "Bachlechner et al. 2020 (2003.04887), first version, abstract": {"ResNet-56 skipinit": "32"},
    "Zhang et al. 2019 (1901.09321), abstract": {"10,000 layers fixup": "10,000"},
    "Zagoruyko and Komodakis 2017 (1706.00388), abstract": {"DiracNet-28 dirac": "1001 28"},
    "Xiao et al. 2018 (1806.05393), abstract": {"vanilla CNN, 10,000 layers delta-orthogonal": "10,000"},
    "Veit et al. 2016 (1605.06431), abstract": {"lengths of the paths with most of the gradient": "10 34 110"},
    # BLEU without and with a warm-up
    "Xiong et al. 2020 (2002.04745), section 3.2, Fig. 2": {"post-LN": "8.45 34"},
    "He et al. 2023 (2302.10322), abstract": {"times as many iterations without shortcuts": "5"},
}  # fmt: skip
