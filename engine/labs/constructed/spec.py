"""The spec of the constructed lab. Torch-free."""

from engine.labs.constructed.findings import RULES
from engine.labs.constructed.plan import FULL, refuse, seconds
from engine.labs.spec import LabSpec, Metric, Option, Panel

_HE = "He et al. 2015, Deep Residual Learning, section 1"
_ERROR = "fixed training images, eval mode, BN statistics taken anew; mean over the seeds, each arm at its best rate"
_SPREAD = "standard deviation over the seeds; not a number for one seed"
_RATE = "the rate of the grid with the lowest clean training error at the end"
_ARMS = (
    ("grown", "plain net grown by identity blocks", "30 by default"),
    ("from_scratch", "plain net of the same depth from scratch", "44 by default"),
    ("trained_on", "shallow plain net trained on", "28 by default"),
    ("residual_grown", "residual net grown by blocks with last gamma 0", "27 by default"),
    ("residual_from_scratch", "residual net of the same depth from scratch", "22 by default"),
    ("residual_trained_on", "shallow residual net trained on", "full grid only"),
    ("identity_start", "plain net whose extra blocks start as the identity, from scratch", "25 to 29"),
)

_OPTIONS = (
    Option("noise", "Noise in the new layers", "Standard deviation of normal noise on every weight of the inserted "
           "convolutions. A drawn layer of the first stage has 0.17.", 0.0, low=0.0, high=0.1, step=0.005,
           primary=True),
    Option("grown", "Depth after the insertion", "6n+2 weighted layers: 14, 20, 26, 32 and so on.", 20, low=14, high=56,
           step=6, primary=True),
    Option("after", "Updates after the insertion", "Every arm has as many updates in all.", 48, low=4, high=2000,
           step=4, primary=True),
    Option("before", "Updates before the insertion", "The shallow net is trained so long before it grows.", 80, low=4,
           high=2000, step=4),
    Option("grid", "Grid", "full: five learning rates, three times the updates, at least three seeds, two more "
           "controls, four levels of noise.", "default", choices=("default", FULL)),
    Option("rates", "Learning rates", "How many are tried after the insertion, of 0.1, 0.01, 0.03, 0.003, 0.3.", 2,
           low=1, high=5),
    Option("rate", "Learning rate before", "Of all arms up to the insertion.", 0.1, low=0.001, high=1.0, step=0.01),
    Option("seeds", "Seeds", "Nets and batches that are drawn anew.", 1, low=1, high=10),
    Option("first_seed", "First seed", "The seed of the first net.", 0, low=0, high=2**31 - 200),
    Option("shallow", "Depth before the insertion", "6n+2 weighted layers.", 8, low=8, high=50, step=6),
    Option("width", "Width", "Filters of the first stage.", 8, low=4, high=32, step=4),
    Option("batch", "Images per update", "Batch size.", 64, low=8, high=256, step=8),
    Option("images", "Images per evaluation", "Of the training images and of the test images.", 500, low=50,
           high=5000, step=50),
)  # fmt: skip

_PANELS = (
    Panel("clean", "Clean training error of the deep net, grown and from scratch", "update", "clean training error, %",
          how_to_read="Fixed training images without augmentation, in eval mode, after the insertion and at the end. "
          "BN statistics are taken anew over 20 batches. The net from scratch stays above the grown one.",
          caveat="Few points. The learning rate of each arm was chosen by the last of them."),
    Panel("training", "Running training error on the way", "update", "running training error, %",
          how_to_read="The error of the mini-batches, mean over 50 updates, of every arm at its best learning rate. "
          "The grown net goes on where the shallow one was. The net of the same depth from scratch stays above it, "
          "with the same batches and as many updates. With shortcuts the deep net from scratch needs no help.",
          caveat="A short budget shows slow convergence, not where a training ends. The mean over 50 updates lags.",
          event="before", event_words="grown"),
    Panel("test", "Test error", "update", "error, %",
          how_to_read="The same nets on test images. Degradation is a matter of the training error. This shows that "
          "the order is the same here.",
          caveat="A net that fits its training images better may still do worse here. That is another question.",
          event="before", event_words="grown"),
    Panel("rates", "Learning rate after the insertion", "learning rate", "clean training error at the end, %",
          x_scale="log",
          how_to_read="Every rate that was tried, for every arm. The grown plain net does best with a small rate, its "
          "residual counterpart with larger ones. So the constructed point of the plain net is narrow.",
          caveat="If the best rate is an end of the grid, a better one may lie beyond it."),
    Panel("tried", "Every rate that was tried", "update", "running error, %",
          how_to_read="The second phase of every arm and rate. The first phase has one rate for all.",
          caveat="The first 50 updates still hold errors from before the insertion in their mean."),
    Panel("distance", "How far are the extra blocks from the identity?", "update",
          "distance of the weights, relative to the identity", neutral=0.0,
          how_to_read="The convolutions of the blocks that the shallow net lacks. From scratch they start at the "
          "distance of a random draw, about 1.7, and hardly move. Inserted blocks start at 0 and move away only a "
          "little. Training does not go towards the identity, so the good net there is not found.",
          caveat="A net may compute the same with other weights: BN takes out their scale, and channels may be "
          "swapped. A distance says where training went, not what it could have found.",
          event="before", event_words="grown"),
    Panel("jump", "Noise in the inserted layers: the loss at once", "noise, standard deviation", "training loss, nats",
          how_to_read="256 training images before any further training; batch norm uses their statistics. Plain: a "
          "little noise, and the copied net is lost. Residual: the last gamma is 0, so the new layers change nothing.",
          caveat="With the running statistics of the noise-free net the loss is far worse: batch norm then scales "
          "wrongly."),
    Panel("repair", "Noise in the inserted layers: is it repaired?", "update", "training loss, nats",
          how_to_read="Without noise the loss goes on as before the insertion. With noise it jumps, and training "
          "brings it down. Near the constructed point training finds its way back. From a "
          "random start it does not come near.",
          caveat="Means over a few mini-batches, one seed, at the rate that is best without noise.",
          event="before", event_words="grown"),
    Panel("change", "Noise in the inserted layers: the output", "noise, standard deviation",
          "relative change of the output",
          how_to_read="Change of the output relative to its size, on the same 256 images. Residual stays exactly at 0.",
          caveat="The plain net is not at 0 without noise: gamma and beta fit one batch, and these are other images."),
)  # fmt: skip

_CHANGES = tuple(
    Metric(f"{prefix}_output_change{name}", f"{way}: {label}", "", source, expected)
    for prefix, way, train, other in (
        ("inserted", "plain", "at most 0.001", "about 0.01"),
        ("inserted_residual", "residual", "exactly 0", "exactly 0"),
    )
    for name, label, source, expected in (
        ("", "output change in eval mode", "largest |difference| of the logits of the test images that are evaluated, "
         f"32-bit floats; {_HE}: a solution by construction", "exactly 0"),
        ("_train", "output change in train mode", "relative, on the batch that gamma and beta of the new BN were set "
         "to: they are the layer's batch std and mean", train),
        ("_train_others", "output change in train mode, other batches", "relative, the largest of the next four "
         "batches", other),
        ("_train_raw", "output change in train mode before gamma and beta were set", "relative, on the first batch",
         "exactly 0" if way == "residual" else "0.3 to 0.6"),
        ("_settled", "output change in eval mode after gamma and beta were set", "relative; the running statistics "
         "were set with them", "exactly 0" if way == "residual" else "below 0.00001: rounding"),
    )
)  # fmt: skip

_METRICS = (
    *_CHANGES,
    *(Metric(f"{key}_training_error", f"clean training error: {label}", "%", _ERROR, expected)
      for key, label, expected in _ARMS),
    Metric("gap", "plain: from scratch minus grown", "points", "difference of the two errors above",
           "13 by default, 8 after 160 updates"),
    Metric("residual_gap", "residual: from scratch minus grown", "points", "difference of the two errors above",
           "-5 by default: from scratch it is ahead"),
    *(Metric(f"{key}_training_error_spread", f"spread: {label}", "points", _SPREAD, "1 to 3 in the full grid")
      for key, label, _ in _ARMS),
    *(Metric(f"{key}_rate", f"learning rate after the insertion: {label}", "", _RATE, "0.01 to 0.1")
      for key, label, _ in _ARMS),
    Metric("arms_with_rate_at_edge", "arms whose best rate is an end of the grid", "", "counted", "0 in the full grid"),
    Metric("seeds", "seeds", "", "counted, those done with every rate", "1, or 3 in the full grid"),
    Metric("loss_at_insertion", "loss right after the insertion without noise", "nats", "256 training images, train "
           "mode", "that of the shallow net"),
    Metric("loss_at_insertion_noisy", "loss right after the insertion with noise", "nats", "as above; the chosen "
           "noise, or 0.05", "far higher"),
    Metric("loss_after", "training loss at the end without noise", "nats", "mean over the last mini-batches, first "
           "seed", "0.7 to 0.9"),
    Metric("loss_after_noisy", "training loss at the end with noise", "nats", "as above; the chosen noise, or 0.05",
           "most of the jump repaired"),
)  # fmt: skip

CONSTRUCTED = LabSpec(
    name="constructed",
    title="Constructed solution",
    question="A deeper net could copy the shallow one and add identity layers: why is that not found?",
    context="It is mostly the start; the wire adds the rest. The wire is the shortcut itself. Blocks that do nothing "
    "can be put into a trained plain net without changing its output. Training can go on from there. From the usual "
    "random start the extra blocks begin far from doing nothing and do not come nearer. With shortcuts, doing nothing "
    "is where a block begins.",
    source=f"{_HE} (the solution by construction); Chen et al. 2016, Net2Net (1511.05641)",
    caveats="Short trainings of narrow nets on small images show slow convergence, not where long ones end. The full "
    "grid trains longer and with more seeds. The grown net is not better than the shallow one trained on: the blocks "
    "do no harm, and no good yet. Updates are equal, not their cost: the grown net's first updates are those of a "
    "shallow net. The learning rate is chosen on the images that the error is shown for, in all arms alike.",
    refutation="A plain net from scratch that reaches the grown net's training error at some rate of the full grid. Or "
    "an insertion that changes the output.",
    options=_OPTIONS,
    panels=_PANELS,
    metrics=_METRICS,
    lab="engine.labs.constructed.lab:ConstructedLab",
    findings=RULES,
    names={"^(?=grown|from scratch|shallow|identity)": "plain "},
    seconds=seconds,
    refuse=refuse,
)
