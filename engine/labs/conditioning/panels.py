"""The panels of the conditioning lab. Torch-free."""

from engine.labs.conditioning.arms import LINEAR_TARGETS
from engine.labs.spec import Panel

_TRAINED = "step of training, plus 1"
_UPDATES = "updates"
_SPREAD = "fastest by slowest speed of learning"
_SEEDS = "Thin lines are single nets, the bold one is their geometric mean."

KERNEL = (
    Panel("condition", "Spread of learning speeds, by depth", "blocks", _SPREAD, x_scale="log", y_scale="log",
          how_to_read="How many times longer the slowest part of the error takes than the fastest: the condition "
          "number of the kernel. Depth makes it far worse in plain nets, with and without BN. The residual net with a "
          "scaled branch stays where it was. So does, nearly, a plain net from an identity start, without any "
          f"shortcut. {_SEEDS}",
          caveat="The slowest speed is the noisiest one: single nets differ by a factor of ten. With BN, a scaled "
          "gamma shrinks the gradients of the weights, not those of gamma and beta. So with BN the scaled net gets "
          "worse with depth, while the unscaled one hardly does."),
    Panel("spectrum", "The kernel's eigenvalues at the start, deepest nets", "place, from the largest",
          "share of the largest", y_scale="log",
          how_to_read="Each part of the error shrinks at a speed of its own, an eigenvalue of the kernel, whatever the "
          "target. The largest one limits the rate, and the smallest has to wait. In deep plain nets they span five "
          f"decades and more, in nets that begin near the identity two or three. {_SEEDS}",
          caveat="The kernel describes the first steps alone. 32 inputs with 4 outputs of each are a sample. Every "
          "third eigenvalue is drawn, and the last."),
    Panel("expected_error", "Error over random targets, deepest nets", _UPDATES, "expected share of the error left",
          x_scale="log", y_scale="log", neutral=0.1,
          how_to_read="A net near its start fits outputs drawn at random. Its rate is the largest at which the first "
          "part of the error is learned at once. Bold lines are the expectation over targets, thin lines 200 single "
          "targets of two kinds of nets. The dotted line is a tenth.",
          caveat="The nets of the first seed, and a kernel that does not change. A smooth target is learned faster "
          "than a random one: it lies along the large eigenvalues. Errors below 0.001 are drawn as that."),
    Panel("expected_updates", "Updates until a tenth of the expected error is left", "blocks", _UPDATES, x_scale="log",
          y_scale="log",
          how_to_read="Where the curves of the expected error cross the dotted line, by depth. From 2 to 16 blocks "
          "plain nets need a hundred times as many updates, with BN a thousand times. The residual net needs ten "
          "times as many, with a scaled branch as many as before. Thin lines are single nets, the bold one is "
          "their median.",
          caveat="Single plain nets of 16 blocks differ by a factor of ten. Each net has a rate of its own: the counts "
          "compare shapes of kernels, not lengths of trainings."),
    Panel("participation", "How many directions share in the kernel", "blocks", "participation ratio, of 128",
          x_scale="log", neutral=1.0,
          how_to_read="128 would be the same speed in every direction. 1 is a kernel with a single direction: all "
          f"outputs for all inputs then move together. Plain nets come near to that. {_SEEDS}",
          caveat="It says nothing of the smallest eigenvalues: a few large ones decide it."),
    Panel("jacobian", "By how much the net stretches its input", "blocks", "singular value", x_scale="log",
          y_scale="log", neutral=1.0, kind="bands",
          how_to_read="The line is the median direction of 16, the band goes from the smallest to the largest. At 1 a "
          "change of the input arrives as large as it was. In plain nets most directions are lost. Residual nets "
          "without scaling blow some up; with a scaled branch all stay near 1.",
          caveat="Nets without BN alone: with it all inputs of a batch act on each output. The lower edge of plain "
          "nets is rounding: whole directions are gone."),
)  # fmt: skip

TRAINING = (
    Panel("along", "Spread of learning speeds, along training", _TRAINED, _SPREAD, x_scale="log", y_scale="log",
          how_to_read="Each kind at its own best rate. In plain nets it gets worse in the first steps, by a factor of "
          f"10 or 100. Nets that began near the identity come back to where they were. {_SEEDS}",
          caveat="Along training the kernel changes, so it no longer tells how training goes on. Values about 10^15 "
          "are singular to rounding."),
    Panel("training_loss", "Loss along training", _TRAINED, "relative error", x_scale="log", y_scale="log", neutral=1.0,
          how_to_read="Mean square error on fresh inputs; 1 is the error of answering 0 always. Nets that begin near "
          f"the identity are ahead, with or without a shortcut, although the target is nowhere near it. {_SEEDS}",
          caveat="A hundred steps show who is slow, not who fails in the end."),
    Panel("training_rates", "Every rate that was tried", "learning rate", "relative error at the end", x_scale="log",
          y_scale="log",
          how_to_read="The rate with the smallest mean over the seeds is that of the two pictures along training. "
          "Where a curve ends the nets diverge.",
          caveat="Momentum and batch are the same for all. Other recipes would have other best rates."),
)  # fmt: skip

LINEAR = (
    Panel("equivalence", "A shortcut around one linear layer", "step", "loss", y_scale="log",
          how_to_read="Gradient descent on 12 linear layers. Residual from A and plain from I + A lie on one another: "
          "gradient descent does not see which of the two is written down. The third curve is the plain net from the "
          "usual start.",
          caveat="With weight decay the two forms differ: one is pulled to the identity, the other to zero. With "
          "nonlinear blocks no weights make the plain form the residual one."),
    Panel("equivalence_two", "A shortcut around two linear layers", "step", "loss", y_scale="log",
          how_to_read="The same 12 layers, two to a shortcut as in the paper's block. The plain net has layers in "
          "their place that make it the same function at the start. The curves part: around two layers the form "
          "matters to gradient descent.",
          caveat="The difference speaks for the plain twin here. The gradients of small layers are small, so the "
          "residual net waits. From other starts the nets part as well, by less."),
    Panel("equivalence_gap", "Largest difference to the residual curve", "target", "difference of losses",
          y_scale="log", kind="bars", columns=LINEAR_TARGETS,
          how_to_read="Over 400 steps. For the same net in the other form it is rounding, whatever the target. For "
          "another start, and around two layers, it is as large as the losses themselves.",
          caveat="All at the rate 0.02, at which each of these nets is stable."),
    Panel("linear", "Which targets are reached from which start", "target", "loss at the end, median over seeds",
          y_scale="log", kind="heat", columns=LINEAR_TARGETS, opens="linear_loss",
          how_to_read="Each cell at the best of the rates; a cell opens its curves. Starts at the identity reach all "
          "but negated targets. From A = 0 on −x the product of the layers stays above zero, and so the loss above 1. "
          "Plain orthogonal reaches −x.",
          caveat="Losses below 1e-30 are drawn as that. Gradient descent hardly ever changes the sign of a "
          "determinant. So each of the two orthogonal starts misses the targets of the other sign, by one direction "
          "of 16. Some seeds wait at a saddle: look at the single curves."),
    Panel("linear_loss", "Loss of linear nets", "step", "loss", y_scale="log",
          how_to_read="The curves of one cell at its best rate: median and single seeds.",
          caveat="A flat part may be a saddle that is left later."),
    Panel("linear_rate", "The best rate of every cell", "target", "learning rate", y_scale="log", kind="heat",
          columns=LINEAR_TARGETS, opens="linear_rates",
          how_to_read="The same rate for all seeds of a cell. At an end of the grid a better one may lie outside; the "
          "numbers count those cells.",
          caveat="Near ties go to a rate inside the grid."),
    Panel("linear_rates", "Every rate that was tried on linear nets", "learning rate", "loss at the end", x_scale="log",
          y_scale="log",
          how_to_read="The median over the seeds, at every rate of the grid. Where a curve ends the nets diverge.",
          caveat="A rate that diverges at the start might do well later."),
)  # fmt: skip

SCALAR = (
    Panel("scalar_steps", "A product of k numbers: steps to reach 1", "factors", "steps, median of 200 starts",
          x_scale="log", y_scale="log",
          how_to_read="The smallest deep net: k numbers whose product has to become 1. From random numbers the steps "
          "grow faster than a power of k. From numbers near 1, the residual start, one or two steps do.",
          caveat="No point where half of the starts or more were not solved. The best of five rates for each point."),
    Panel("scalar_share", "Share of the starts that are solved", "factors", "share of 200", x_scale="log", neutral=1.0,
          how_to_read="How many of the 200 starts came below a loss of 0.005, at the rate of the steps. With random "
          "numbers above 0 no sign is wrong, and deep products still fail.",
          caveat="Unsolved means within the most steps. Later is possible, and for some starts it is not."),
    Panel("scalar_race", "Share that is solved by a step", "step", "share of 200", x_scale="log",
          how_to_read="The same runs one by one: how far a curve rises is how many are solved by then.",
          caveat="Each curve is at the rate with the smallest median, so curves of one start may have different "
          "rates."),
)  # fmt: skip

PANELS: tuple[Panel, ...] = (*KERNEL, *TRAINING, *LINEAR, *SCALAR)
