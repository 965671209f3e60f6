"""The spec of the mapping lab. Torch-free."""

from engine.labs.job_curves import kind_name
from engine.labs.mapping import arms
from engine.labs.mapping.findings import RULES
from engine.labs.mapping.plan import refuse, seconds
from engine.labs.spec import LabSpec, Metric, Option, Panel

_OPTIONS = (
    Option("identity_start", "Start of the plain stack", "0: the usual random start. 1: every block is exactly the "
           "identity. Moves the arm plain alone.", 0.0, low=0.0, high=1.0, step=0.05, primary=True),
    Option("target", "Target between x and its end", "Adds a target between x (0, which adds nothing) and the map "
           "chosen under Target ends at (1).", 0.0, low=0.0, high=1.0, step=0.05, primary=True),
    Option("weight_decay", "Weight decay", "Pulls every weight to 0: a plain block to the zero map, a residual block "
           "to the identity.", 0.0, low=0.0, high=0.1, step=0.001, primary=True),
    Option("toward", "Target ends at", "Where the target of the slider goes.", arms.CONSTANT,
           choices=tuple(arms.TOWARD)),
    Option("grid", "Grid", "default: five targets, three arms, 2 and 6 blocks, 2 seeds. batch norm: the same with "
           "three arms with batch norm. full: nine targets, nine arms, three depths, 4 seeds; minutes.", "default",
           choices=tuple(arms.GRIDS)),
    Option("sweep", "Sweeps", "Which sliders are also moved from end to end, all else being as set. A sweep over "
           "the start needs the arm plain.", "all", choices=("none", *arms.SWEEPS, "all")),
    Option("blocks", "Blocks", "Of the deep stacks and of the sweeps, two weight layers each; beside them stacks of "
           "2. 0: those of the grid, and 6 in sweeps.", 0, low=0, high=24),
    Option("seeds", "Seeds", "Nets drawn anew for every cell. 0: as many as the grid says.", 0, low=0, high=10),
    Option("steps", "Steps", "Updates of every net; sweeps take two thirds of them.", 300, low=10, high=3000, step=10),
    Option("batch", "Inputs per step", "Batch norm uses their statistics.", 64, low=8, high=256, step=8),
    Option("first_seed", "First seed", "The seed of the first net.", 0, low=0, high=100_000),
)  # fmt: skip

_RELATIVE = "error left, relative to the input's size"
_BEST = "Every arm has its own best learning rate for every target and depth."

_PANELS = (
    Panel("heat", "Which map is easy for which stack?", "target", _RELATIVE, y_scale="log", kind="heat",
          columns=arms.TARGETS, opens="curves",
          how_to_read="Each cell is the error left after training: mean squared, as a share of the input's mean "
          "square. 1 is as bad as answering 0 to a target as large as x. A row shows what an arm finds hard, a column "
          "what helps on a target. A cell opens its loss curves.",
          caveat=f"{_BEST} Everything below 0.000001 has the same colour. A few hundred steps show how fast a stack "
          "learns, not where it would end."),
    Panel("curves", "Loss while training", "step", _RELATIVE, y_scale="log",
          how_to_read="The loss of the opened cell at its best learning rate. Thin: single seeds. Bold: their "
          "geometric mean.",
          caveat="Measured on 256 inputs that are the same for all; training sees fresh ones at every step. Values "
          "below 1e-12 are drawn there."),
    Panel("best", "Best learning rate", "target", "learning rate", y_scale="log", kind="heat", columns=arms.TARGETS,
          opens="rates",
          how_to_read=f"Which of the rates {arms.RATES[0]:g} to {arms.RATES[-1]:g} left the smallest error. A cell "
          "opens the error at every rate.",
          caveat=f"At {arms.RATES[0]:g} or {arms.RATES[-1]:g}, the ends of the grid, a better rate may lie beyond. "
          "Where several rates are exact, the smallest is shown."),
    Panel("rates", "Error against learning rate", "learning rate", _RELATIVE, x_scale="log", y_scale="log",
          how_to_read="The final error of the opened cell at every rate tried. Lowest inside the range: the rate was "
          "tuned. A gap: training diverged.",
          caveat="The rates are a factor of three apart, so the best one is known to about that."),
    Panel("start", "The same plain stack, moved from a random start to the identity", "start", _RELATIVE, y_scale="log",
          how_to_read="No shortcut anywhere: only the start moves, from the usual draw (0) to blocks that are the "
          "identity (1). All of the gain near x appears, and all of the failure on -x.",
          caveat=f"{_BEST} The exact identity is not the best start for a rotation: a little noise helps."),
    Panel("condition", "How uneven the untrained plain stack learns", "start", "fastest by slowest learning speed",
          y_scale="log",
          how_to_read="The condition number of the neural tangent kernel at the same starts. It says how much slower "
          "the slowest direction is learned than the fastest, whatever the target.",
          caveat="It holds close to the start only. It ignores how far away the target is: -x fails where it is "
          "smallest. 32 inputs and 4 outputs; seeds differ by up to ten times."),
    Panel("to_constant", "From x to a constant", "target", _RELATIVE, y_scale="log",
          how_to_read="0 is the target x, 1 a constant, and between them a mix of both. Where the curves cross, the "
          "residual form stops being the better one.",
          caveat=f"{_BEST} The distance from x grows along the axis, but less of x is left to learn."),
    Panel("to_negated", "From x to -x", "target", _RELATIVE, y_scale="log",
          how_to_read="0 is x, 0.5 the zero map, 1 is -x. An identity start that cannot pass through the zero map "
          "stays there.",
          caveat=f"{_BEST} A plain stack finds x and -x equally hard, as a random start knows neither."),
    Panel("decay_identity", "Weight decay, when the target is x", "weight decay", _RELATIVE, x_scale="log",
          y_scale="log",
          how_to_read="Decay pulls weights to 0. That makes a residual block the identity and a plain block the zero "
          "map. So here decay works for the one and against the other.",
          caveat=f"{_BEST} The leftmost point, 0.00001, is as good as no decay. Biases decay too."),
    Panel("decay_zero", "Weight decay, when the target is 0", "weight decay", _RELATIVE, x_scale="log", y_scale="log",
          how_to_read="The mirror image: decay helps the plain stack to the zero map and pulls a residual one to x.",
          caveat=f"{_BEST} Values below 1e-12 are drawn there."),
)  # fmt: skip

#: The metrics that are the error of one cell at the deepest stack: name, arm, target.
ERROR_METRICS = tuple(
    (f"{word}_{arm.figure}", arm, target)
    for words, those in (
        ({"identity": arms.IDENTITY, "rotation": arms.ROTATION, "negated": arms.NEGATED, "constant": arms.CONSTANT,
          "smooth": arms.SMOOTH}, (arms.PLAIN, arms.IDENTITY_START, arms.SCALED)),
        ({"identity": arms.IDENTITY, "constant": arms.CONSTANT}, (arms.PLAIN_BN, arms.RESIDUAL_BN)),
    )
    for word, target in words.items()
    for arm in those
)  # fmt: skip

_EXPECTED = {
    "identity_plain": "0.65", "identity_plain_identity_start": "0.00007", "identity_residual_scaled": "0.0003",
    "rotation_plain": "0.63", "rotation_plain_identity_start": "0.06", "rotation_residual_scaled": "0.08",
    "negated_plain": "0.63", "negated_plain_identity_start": "1: it stays at the zero map",
    "negated_residual_scaled": "0.19", "constant_plain": "below 0.0001, varying widely between seeds",
    "constant_plain_identity_start": "below 0.000001", "constant_residual_scaled": "0.0003", "smooth_plain": "0.28",
    "smooth_plain_identity_start": "0.09", "smooth_residual_scaled": "0.09",
    "identity_plain_bn": "0.62; grid batch norm or full",
    "identity_residual_bn": "below 0.0000001; grid batch norm or full",
    "constant_plain_bn": "below 0.000000001; grid batch norm or full",
    "constant_residual_bn": "0.02; grid batch norm or full",
}  # fmt: skip

_CELL = (
    "E||f(x) - H(x)||^2 / E||x||^2 at the deepest stack and the best learning rate, mean of the last three readings, "
    "geometric mean over seeds; He et al. 2015, section 3.1"
)

_METRICS = (
    *(Metric(name, f"{target}: {kind_name(arms.NAMES, arm.name)}", "", _CELL,
             f"{_EXPECTED[name]} (6 blocks, 300 steps)")
      for name, arm, target in ERROR_METRICS),
    Metric("smooth_plain_depth_factor", "smooth: error of the deepest plain stack by that of the shallowest", "",
           "the degradation problem, He et al. 2015, section 1: more layers, higher training error",
           "3 from 2 to 6 blocks; 1 would be no degradation"),
    Metric("edge_share", "share of cells whose best learning rate is the grid's first or last", "",
           "cells of the heat map that are not exact; their rate may not be tuned", "below 0.1"),
    Metric("seeds", "seeds of every cell", "", "the setting, or that of the grid", "2; 4 in the full grid"),
)  # fmt: skip

MAPPING = LabSpec(
    name="mapping",
    title="Mapping",
    question="Is a residual stack easier to train, and for which target?",
    context="For targets near x it is, by far. But a plain stack that starts as the identity comes as far without any "
    "shortcut. It is mostly the start; the wire, the shortcut itself, adds the rest. Start and wire part on two "
    "targets: on a constant the wire is in the way, on -x it helps. From a random start the target hardly matters to "
    "the plain stack, and depth makes all targets harder.",
    source="He et al. 2015, sections 3.1 and 4.1; Hardt and Ma 2016, Identity Matters in Deep Learning; Bartlett, "
    "Helmbold and Long 2018, Gradient Descent with Identity Initialization",
    caveats="One width, short trainings, few seeds: what is slow here may still arrive later. Only the learning rate "
    "is tuned; momentum stays as it is. With batch norm an identity start can fit -x, since gamma may change its "
    "sign.",
    refutation="A plain stack with identity start that does as badly on x as one with a random start: then the wire "
    "would be what helps. Or a random plain stack that finds x easier than -x.",
    options=_OPTIONS,
    panels=_PANELS,
    metrics=_METRICS,
    lab="engine.labs.mapping.lab:MappingLab",
    findings=RULES,
    names=arms.NAMES,
    seconds=seconds,
    refuse=refuse,
)
