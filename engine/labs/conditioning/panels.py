"""The panels of the conditioning lab. Torch-free."""

from engine.labs.conditioning.arms import LINEAR_TARGETS
from engine.labs.spec import Panel

_TRAINED = "step of training, plus 1"
_UPDATES = "updates at the rate 1 / largest eigenvalue"
_SEEDS = "Thin lines are single nets, the bold one is their geometric mean."

KERNEL = (
    Panel("spectrum", "The kernel's eigenvalues at the start, deepest nets", "place, from the largest",
          "share of the largest", y_scale="log",
          how_to_read="Errors along an eigenvector shrink at a rate in proportion to its eigenvalue, whatever the "
          "target: the rate that the first allows is what the last has to wait for. In deep plain nets they span five "
          f"decades and more, in nets that begin near the identity two or three. {_SEEDS}",
          caveat="The kernel describes the first steps alone, and 32 inputs with 4 outputs of each are a sample. Every "
          "third eigenvalue is drawn, and the last."),
    Panel("condition", "Condition number of the kernel", "blocks", "largest by smallest eigenvalue", x_scale="log",
          y_scale="log",
          how_to_read="How many times longer the slowest direction takes than the fastest. Depth makes it a thousand "
          "times worse in plain nets, with and without BN. The residual net divided by L stays where it was, and a "
          f"plain net from an identity start, without any shortcut, stays close to it. {_SEEDS}",
          caveat="The smallest eigenvalue is the noisiest one: single nets differ by a factor of ten. With BN, gammas "
          "of 1/L shrink the weights' gradients but not those of gamma and beta, so that this net gets worse with "
          "depth while the unscaled one with BN hardly does."),
    Panel("expected_error", "Error over random targets, deepest nets", _UPDATES, "expected share of the error left",
          x_scale="log", y_scale="log", neutral=0.1,
          how_to_read="A net near its start that fits outputs drawn at random, with squared error. Its rate is 1 / "
          "largest eigenvalue of its own kernel, so that the first direction is learned at once. Bold lines are the "
          "expectation: the mean over the eigenvalues of (1 − rate × eigenvalue)^(2 updates). Thin lines are 200 "
          "single targets of the kinds “plain” and “residual over L”. The dotted line is a tenth.",
          caveat="The nets of the first seed, and a kernel that does not change. A target that is smooth lies mostly "
          "along the large eigenvalues, so that it is learned faster than a random one. Errors below 0.001 are drawn "
          "as that."),
    Panel("expected_updates", "Updates until a tenth of the expected error is left", "blocks", _UPDATES, x_scale="log",
          y_scale="log",
          how_to_read="Where the curves of the picture beside it cross the dotted line, by depth. From 2 to 16 blocks "
          "plain nets need a hundred times as many updates, with BN a thousand times; the residual net ten times, and "
          "residual over L as many as before. Thin lines are single nets, the bold one is their median.",
          caveat="Single plain nets of 16 blocks differ by a factor of ten. Each net has a rate of its own: the counts "
          "compare shapes of kernels, not lengths of trainings."),
    Panel("participation", "How many directions share in the kernel", "blocks", "participation ratio, of 128",
          x_scale="log", neutral=1.0,
          how_to_read="128 would be the same rate in every direction, 1 a kernel with a single direction: all outputs "
          f"for all inputs then move together. Plain nets come near to that. {_SEEDS}",
          caveat="It says nothing of the smallest eigenvalues: a few large ones decide it."),
    Panel("jacobian", "Singular values of output by input", "blocks", "singular value", x_scale="log", y_scale="log",
          neutral=1.0, kind="bands",
          how_to_read="The line is the median direction, the band goes from the smallest to the largest of 16. At 1 a "
          "change of the input arrives as large as it was. In plain nets most directions are lost; residual nets "
          "without scaling blow some up; divided by L all stay near 1.",
          caveat="Nets without BN alone: with it one input has no Jacobian of its own, since all inputs of a batch act "
          "on each output. The lower edge of plain nets is rounding: whole directions are gone."),
)  # fmt: skip

TRAINING = (
    Panel("along", "Condition number along training", _TRAINED, "largest by smallest eigenvalue", x_scale="log",
          y_scale="log",
          how_to_read="Each kind at its own best rate. In plain nets it gets worse while they learn, by a factor of 10 "
          f"or 100 in the first steps; nets that began near the identity come back to where they were. {_SEEDS}",
          caveat="Along training the kernel changes, so that it no longer tells how training goes on. Values about "
          "10^15 are singular to rounding."),
    Panel("training_loss", "Loss along training", _TRAINED, "relative error", x_scale="log", y_scale="log", neutral=1.0,
          how_to_read="Mean square error on fresh inputs, where 1 is the error of answering 0 always. What begins near "
          "the identity, with or without a shortcut, is ahead although the target (smooth) is nowhere near it. "
          f"{_SEEDS}",
          caveat="A hundred steps show who is slow, not who fails in the end."),
    Panel("training_rates", "Every rate that was tried", "learning rate", "relative error at the end", x_scale="log",
          y_scale="log",
          how_to_read="The rate with the smallest mean over the seeds is that of the two pictures beside it. Where a "
          "curve ends the nets diverge.",
          caveat="Momentum and batch are the same for all; other recipes would have other best rates."),
)  # fmt: skip

LINEAR = (
    Panel("equivalence", "A shortcut around one linear layer", "step", "loss", y_scale="log",
          how_to_read="12 layers of width 16 by gradient descent. Residual from A and plain from I + A lie on one "
          "another: gradient descent does not see which of the two is written down. The third curve is the same plain "
          "net from the usual start.",
          caveat="With weight decay the two forms differ: one is pulled to the identity, the other to zero. With "
          "nonlinear blocks the plain form has no weights that make it the residual one."),
    Panel("equivalence_two", "A shortcut around two linear layers", "step", "loss", y_scale="log",
          how_to_read="The same 12 layers, two to a shortcut as in the paper's block: factors I + A2 A1. The plain net "
          "has the layers I and I + A2 A1 in its place, so that both begin as the same function. Their curves part: "
          "around two layers the form matters to gradient descent.",
          caveat="The difference speaks for the plain twin here: gradients of small A1 and A2 are small, so that the "
          "residual net waits. The nets part with larger A and from A2 = 0 as well, by less."),
    Panel("equivalence_gap", "Largest difference to the residual curve", "target", "difference of losses",
          y_scale="log", kind="bars", columns=LINEAR_TARGETS,
          how_to_read="Over 400 steps: rounding for the same net in the other form, whatever the target, and as large "
          "as the losses themselves for another start, and for the plain twin of a shortcut around two layers.",
          caveat="All at the rate 0.02, at which each of these nets is stable."),
    Panel("linear", "Which targets are reached from which start", "target", "loss at the end, median over seeds",
          y_scale="log", kind="heat", columns=LINEAR_TARGETS, opens="linear_loss",
          how_to_read="Each cell at the best of the rates; a cell opens its curves. Starts at the identity reach all "
          "but negated targets: from A = 0 on −x all layers stay the same multiple of the identity, the product stays "
          "above zero, and so the loss above 1. Plain orthogonal reaches −x.",
          caveat="Losses below 1e-30 are drawn as that. Gradient descent hardly ever changes the sign of a "
          "determinant: the plain orthogonal start here has a positive one, mirrored a negative one, and each misses "
          "the targets of the other sign by 1/16, one direction of 16. Among seeds of one start some finish and some "
          "wait at a saddle: look at the single curves."),
    Panel("linear_loss", "Loss of linear nets", "step", "loss", y_scale="log",
          how_to_read="The curves of one cell at its best rate: median and single seeds.",
          caveat="A flat part may be a saddle that is left later."),
    Panel("linear_rate", "The best rate of every cell", "target", "learning rate", y_scale="log", kind="heat",
          columns=LINEAR_TARGETS, opens="linear_rates",
          how_to_read="The same rate for all seeds of a cell. At the lower or upper end of the grid a better one may "
          "lie outside: those cells are counted below.",
          caveat="Near ties go to a rate inside the grid."),
    Panel("linear_rates", "Every rate that was tried on linear nets", "learning rate", "loss at the end", x_scale="log",
          y_scale="log",
          how_to_read="The median over the seeds, at every rate of the grid; where a curve ends the nets diverge.",
          caveat="A rate that diverges at the start might do well later."),
)  # fmt: skip

SCALAR = (
    Panel("scalar_steps", "A product of k numbers: steps to reach 1", "factors", "steps, median of 200 starts",
          x_scale="log", y_scale="log",
          how_to_read="The smallest deep net: k numbers whose product has to become 1. From random numbers the curve "
          "bends upwards, so that the steps grow faster than a power of k; from numbers near 1, the residual start, "
          "one or two steps do.",
          caveat="No point where half of the starts or more were not solved: no mean over those that were. The best of "
          "five rates for each point."),
    Panel("scalar_share", "Share of the starts that are solved", "factors", "share of 200", x_scale="log", neutral=1.0,
          how_to_read="How many of the 200 starts came below a loss of 0.005 within the most steps, at the rate of the "
          "picture beside it. With the size of the random numbers alone no sign is wrong, and deep products still "
          "fail.",
          caveat="Unsolved means within the most steps: later is possible, and for some starts it is not."),
    Panel("scalar_race", "Share that is solved by a step", "step", "share of 200", x_scale="log",
          how_to_read="The same runs one by one: how far a curve rises is how many are solved by then.",
          caveat="Each curve is at the rate with the smallest median, so curves of one start may have different "
          "rates."),
)  # fmt: skip

PANELS: tuple[Panel, ...] = (*KERNEL, *TRAINING, *LINEAR, *SCALAR)
