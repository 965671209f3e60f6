"""The spec of the conditioning lab. Torch-free."""

from collections.abc import Mapping
from typing import Any

from engine.labs.conditioning import arms
from engine.labs.conditioning.arms import ARMS, NET_RATES
from engine.labs.conditioning.findings import RULES
from engine.labs.conditioning.panels import PANELS
from engine.labs.job_curves import kind_name
from engine.labs.spec import LabSpec, Metric, Option, metric_key

_HARDT = "Hardt and Ma 2016, Identity Matters in Deep Learning"
_BARTLETT = "Bartlett, Helmbold and Long 2018, Gradient Descent with Identity Initialization"
_SHAMIR = "Shamir 2019, Exponential Convergence Time of Gradient Descent for One-Dimensional Deep Linear Networks"
_JACOT = "Jacot et al. 2018, Neural Tangent Kernel"

_OPTIONS = (
    Option("blocks", "Blocks", "The deepest net; a block has two weight layers. Shallower ones are measured too.", 16,
           low=2, high=32, primary=True),
    Option("seeds", "Seeds", "Nets that are drawn anew, each of which is shown.", 3, low=1, high=10, primary=True),
    Option("part", "Part", "Which of the four experiments is done; all of them is the default.", "all",
           choices=("all", "kernel", "training", "linear", "scalar"), primary=True),
    Option("grid", "Grid", "The full grid has more depths, more rates of the linear nets, and up to 32 factors.",
           "default", choices=("default", "full")),
    Option("goal", "Target in training", "What the nets that are followed in training learn.", "smooth",
           choices=arms.NET_TARGETS),
    Option("trained_blocks", "Blocks in training", "Depth of the nets that are followed in training.", 6,
           low=2, high=16),
    Option("steps", "Steps of training", "SGD with momentum 0.9, 64 fresh inputs in each step.", 100,
           low=10, high=1000, step=10),
    Option("target", "Linear target", "For which target the two forms of one linear net are drawn.", "rotation",
           choices=arms.LINEAR_TARGETS),
    Option("linear_steps", "Linear steps", "Steps on the whole loss in the table of linear nets.", 300,
           low=10, high=3000, step=10),
    Option("factors", "Factors", "The longest product; 32 on the full grid.", 16, low=2, high=32),
    Option("cap", "Most steps of a product", "What is not solved by then counts as unsolved.", 6000,
           low=100, high=100_000, step=100),
)  # fmt: skip

_CONDITION = f"log10 of largest by smallest eigenvalue of J J^T, mean over the seeds; {_JACOT}"

#: Results of three seeds at the defaults: deepest nets, deepest less shallowest, after training.
_EXPECTED: dict[str, tuple[str, str, str]] = {
    "plain": ("5.5 +- 0.7 at 16 blocks", "2.9: a thousand times worse", "4 to 16, worse than at the start"),
    "plain from identity": ("3.1 +- 0.4", "0.4: no shortcut is needed for that", "2.6 to 3.3"),
    "residual": ("3.7 +- 0.3", "1.4: the shortcut alone is not enough", "3.6 +- 0.2"),
    "residual over L": ("2.4 +- 0.1", "-0.05: depth does not matter", "2.5 +- 0.1"),
    "plain with BN": ("5.6 +- 0.3", "3.7: batch norm does not help", "3.0 to 4.3"),
    "plain from identity with BN": ("2.6 +- 0.3", "0.4", "2.8 +- 0.2"),
    "residual with BN": ("2.1 +- 0.2", "0.3", "2.5 +- 0.2"),
    "residual over L with BN": ("2.8 +- 0.1", "1.0: gamma and beta take over", "2.3 +- 0.1"),
}

_KERNEL_METRICS = tuple(
    Metric(f"{metric_key(arm.name)}_{name}", f"{label}, {kind_name(arms.NAMES, arm.name)}", "", source,
           _EXPECTED[arm.name][place])
    for place, (name, label, source) in enumerate((
        ("log10_condition", "log10 of the condition number", f"{_CONDITION}; the deepest nets, untrained"),
        ("log10_condition_growth", "its growth with depth", "the above, deepest less shallowest nets"),
        ("log10_condition_trained", "the same after training", f"{_CONDITION}; at the best rate"),
    ))
    for arm in ARMS
)  # fmt: skip

#: Medians of three seeds at the defaults, with 2 and 16 blocks.
_EXPECTED_UPDATES = {
    "plain": ("93", "9,900: a hundred times as many"), "plain from identity": ("59", "86"), "residual": ("56", "590"),
    "residual over L": ("77", "90"), "plain with BN": ("16", "26,900"), "plain from identity with BN": ("20", "77"),
    "residual with BN": ("18", "31"), "residual over L with BN": ("15", "198"),
}  # fmt: skip

_UPDATE_METRICS = tuple(
    Metric(f"expected_updates_{metric_key(arm.name)}_{blocks}",
           f"updates to a tenth, {kind_name(arms.NAMES, arm.name)}, {blocks} blocks", "",
           "first update with mean over eigenvalues of (1 - eigenvalue / largest)^(2 updates) below 0.1, median over "
           f"the seeds; {_JACOT}", _EXPECTED_UPDATES[arm.name][place] + ("; needs 16 blocks or more" if place else ""))
    for arm in ARMS
    for place, blocks in enumerate(arms.EXPECTED_BLOCKS)
)  # fmt: skip

_JACOBIAN = "singular values of d out/d x, geometric mean over inputs and seeds, deepest nets"

_METRICS = (
    *_KERNEL_METRICS,
    *_UPDATE_METRICS,
    Metric("plain_jacobian_median", "median singular value, plain", "", _JACOBIAN, "about 1e-7 at 16 blocks"),
    Metric("residual_jacobian_largest", "largest singular value, residual", "", _JACOBIAN, "about 500 at 16 blocks"),
    Metric("residual_over_l_jacobian_median", "median singular value, residual with scaled branch", "", _JACOBIAN,
           "0.98 at any depth"),
    Metric("trained_arms_at_grid_edge", "kinds of net whose best rate is at the edge of the grid", "",
           f"rates {NET_RATES[0]:g} to {NET_RATES[-1]:g}", "0 at the defaults; shallow nets take the largest"),
    Metric("linear_equivalence_max_difference", "largest difference of the two forms", "", "loss of the residual net "
           "from A less that of the plain net from I + A, over 400 steps and all targets", "below 1e-12: rounding"),
    Metric("linear_two_layer_difference", "the same with two layers to a shortcut", "", "loss of the net of factors "
           "I + A2 A1 less that of its plain twin of layers I and I + A2 A1, over 400 steps, on the drawn target",
           "1.71 of 1.98 at the start for the rotation: the form matters"),
    Metric("linear_residual_stall_on_negated", "loss on −x from A = 0", "", f"after the linear steps, at the best "
           f"rate; {_BARTLETT}", "1.01, and never below 1"),
    Metric("linear_residual_small_on_negated", "loss on −x from small A", "", "as above, median over the seeds",
           "0.37: few directions have turned"),
    Metric("linear_orthogonal_on_negated", "loss on −x, plain orthogonal", "", "as above, median over the seeds",
           "below 1e-20: solved"),
    Metric("linear_cells_at_grid_edge", "cells whose best rate is at the edge of the grid", "", "near ties left out",
           "4 at the defaults: the target zero"),
    Metric("scalar_normal_median_steps", "steps from N(0,1), most factors", "", f"median of 200 starts; {_SHAMIR}",
           "1600 at 16 factors; infinite at 32"),
    Metric("scalar_normal_solved", "share solved from N(0,1), most factors", "", "as above", "0.65 at 16, 0.03 at 32"),
    Metric("scalar_near_one_median_steps", "steps from 1 + N(0,1)/k, most factors", "", "as above", "1 or 2"),
    Metric("scalar_near_one_solved", "share solved from 1 + N(0,1)/k, most factors", "", "as above", "1"),
)  # fmt: skip


def _seconds(settings: Mapping[str, Any]) -> float:
    seeds, grid, part = settings["seeds"], settings["grid"], settings["part"]
    tables = len(arms.LINEAR_TARGETS) * len(arms.LINEAR_STARTS) * len(arms.LINEAR_RATES[grid])
    nets = seeds * len(NET_RATES)
    step = settings["trained_blocks"] * (5e-4 + 6e-5 * nets)
    costs = {
        "kernel": 4e-3 * seeds * len(ARMS) * sum(arms.depths(grid, settings["blocks"])),
        "training": len(ARMS) * settings["steps"] * step,
        "linear": 0.5 + 3.5e-5 * seeds * settings["linear_steps"] * tables,
        "scalar": sum(0.2 + 1.1e-5 * k * settings["cap"] for k in arms.factors(grid, settings["factors"])),
    }
    return float(sum(costs.values()) if part == "all" else costs[part])


CONDITIONING = LabSpec(
    name="conditioning",
    title="Conditioning: the form or the start?",
    question="Is a residual mapping easier to learn, and is it the form or the start that makes it so?",
    context="It is mostly the start; the wire, the shortcut itself, adds the rest. Near its start each part of a net's "
    "error shrinks at a speed of its own, whatever the target is. Depth spreads these speeds in plain nets, with and "
    "without batch norm. In nets that begin near the identity map it does not, whether by a scaled branch or by "
    "their weights alone. With a shortcut around one linear layer the residual form makes no difference to gradient "
    "descent; around two layers it does. The price is paid on −x: from the identity a linear net never reaches it.",
    source=f"{_JACOT}; {_HARDT}; {_BARTLETT}; {_SHAMIR}; De and Smith 2020, Batch Normalization Biases Residual "
    "Blocks Towards the Identity Function; He et al. 2015, Deep Residual Learning, section 3.1",
    caveats="Small fully connected nets and few seeds: single nets differ much. The speeds are those of the start and "
    "change along training. Two things speak against a simple story and are shown. The unscaled shortcut gets worse "
    "with depth as well, and with batch norm the scaling makes the speeds less even.",
    refutation="Two forms of one linear net whose losses part. A plain net from an identity start whose speeds are as "
    "uneven as from the usual start. Or a scaled residual net whose speeds spread with depth like the plain one's.",
    options=_OPTIONS,
    panels=PANELS,
    metrics=_METRICS,
    lab="engine.labs.conditioning.lab:ConditioningLab",
    findings=RULES,
    names=arms.NAMES,
    seconds=_seconds,
)
