"""The spec of the landscape lab. Torch-free."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from engine.config import RunConfig
from engine.labs.landscape.findings import RULES
from engine.labs.landscape.grid import NAMES as DIRECTION_NAMES
from engine.labs.spec import LabSpec, Metric, Option, Panel
from engine.models.arm_names import is_plain

#: The names of the nets in metrics, in the order of the runs; further nets have curves alone.
SLOTS = ("first", "second")
TRAJECTORY, AUTO = "trajectory", "auto"
_LI = "Li et al. 2018, Visualizing the Loss Landscape of Neural Nets"
_AGAIN = "the run's own evaluation of this state, done again: same images, precision, threads"
_RECORD = "recorded by the run after this step"

_OPTIONS = (
    Option("runs", "Runs", "Trainings that are finished, paused or stopped, at most four. None named: the deepest "
           "plain and the deepest residual net of the newest race.", "", run_reference="runs"),
    Option("step", "Saved step", "Which saved step of each. −1 stands for the newest.", -1, low=-1, high=10_000_000),
    Option("directions", "Directions", "random: draws scaled to each filter, the same for equal layers. trajectory: "
           "the two main directions of each net's own way, on one scale.", "random", choices=("random", TRAJECTORY),
           primary=True),
    Option("bn", "Batch norm", "running: the statistics of the saved state. recalibrated: at every point those of the "
           "images measured on; four times as long. auto: recalibrated along trajectories only.", AUTO,
           choices=(AUTO, "running", "recalibrated")),
    Option("span", "Span", "How far the plane reaches. Random directions: 1 is as far as the weights are long. "
           "Trajectory: 1 just holds the widest way.", 1.0, low=0.1, high=2.0, step=0.1, primary=True),
    Option("finer", "Refinements", "How often the grid is halved: 0 ends with 5x5 points, 1 with 9x9, 2 with 17x17, "
           "3 with 33x33, the full grid. Coarser grids are shown on the way.", 1, low=0, high=3),
    Option("images", "Images", "Training images that each point is measured on, always the same.", 256, low=16,
           high=5000, step=16),
    Option("reach", "Reach of the slices", "Longest step along one direction, as a share of the length of the "
           "weights.", 0.01, low=0.001, high=0.2, step=0.001),
    Option("products", "Hessian products", "With so many the largest eigenvalue is estimated.", 5, low=2, high=50),
    Option("seed", "Seed", "Of the random directions.", 0, low=0, high=2**31 - 1),
)  # fmt: skip

_PANELS = (
    Panel("slices", "Loss along one direction", "step, as a share of the length of the weights", "loss, nats",
          y_scale="log",
          how_to_read="The same step lengths along three directions. One is the gradient, one the direction in which "
          "the loss bends most, one the first random direction of the plane. Narrow is sharp. Steps lie closer in the "
          "middle.",
          caveat="The random direction looks flat in every net, and says nothing about how hard the net is to train. "
          "The sharpest direction is that of the few images measured on. On more of them it is a little less sharp."),
    Panel("plane", "Loss around the net", "first direction", "loss, nats", y_scale="log", kind="plane", path="path",
          how_to_read="The middle is the net as it was trained. At 1 every filter has been moved by as much as it is "
          "long. All nets have the same random directions, axes, images and colours. Round, evenly spaced lines are a "
          "bowl. Deep plain nets are said to have kinks, plateaus and side valleys.",
          caveat="Two directions out of hundreds of thousands: a random plane shows next to nothing of the sharp "
          "ones. A plateau at the loss of guessing is not a valley. Batch norm keeps the statistics of the middle, "
          "unless they are recalibrated. So far out the residual net's loss grows to values that no training meets."),
    Panel("path", "Way of the training, seen in the plane", "first direction", "second direction",
          how_to_read="The saved states, projected on the plane, oldest first. The middle is the state looked at. "
          "Along the trajectory's own directions it is the plane in which the way moves most.",
          caveat="In a random plane the way shrinks to a dot, whatever the training did. The loss under the way is "
          "that of the plane, not that of the states. Any way looks simple in its own main plane, even a random walk."),
    Panel("errors", "Error around the net", "first direction", "images told wrong, %", kind="plane", path="path",
          how_to_read="The same points as the plane of the loss: the share of the training images that is told wrong.",
          caveat="Far from the middle nets say one class for all images: 90 % with ten classes, however high the "
          "loss."),
)  # fmt: skip

_OF_NET = (
    Metric("top_hessian_eigenvalue", "largest Hessian eigenvalue", "", "Lanczos on exact Hessian products, same "
           "images, 32-bit floats, running statistics; the loss' sharpest bend per squared step",
           "the plain net's is several times larger after a quick race"),
    Metric("relative_sharpness", "the same, for steps as a share of the weights", "", "largest eigenvalue times the "
           "squared length of the weights: comparable between nets", "the plain net's is tens of times larger"),
    Metric("random_curvature", "bend along the random direction", "", "d'Hd / d'd of the plane's first direction",
           "near 0 in every net"),
    Metric("hidden_factor", "what the random direction hides", "", "largest eigenvalue by the bend along the random "
           f"direction; {_LI}, section 6", "thousands and more; none where the random direction bends down"),
    Metric("gradient_curvature", "bend along the gradient", "", "g'Hg / g'g", "between 0 and the largest eigenvalue"),
    Metric("gradient_norm", "length of the gradient", "", "of the same images' mean loss", "above 0: short trainings "
           "do not end in a minimum"),
    Metric("lowest_hessian_eigenvalue", "lowest Hessian eigenvalue, at most", "", "same products; the true one is as "
           "low or lower", "small beside the largest"),
    Metric("eigenvalue_residual", "error of the largest eigenvalue", "", "||Hv - top v|| / top", "below 0.05; more "
           "products lower it"),
    Metric("weight_norm", "length of the weights", "", "of all convolutions and fully connected layers",
           "plain nets' grow more"),
    Metric("below_chance_share", "share of the plane below guessing", "", "points whose loss is below ln(classes)",
           "between 0 and 1, grows as the span shrinks"),
    Metric("trajectory_share", "share of the training's way in the plane", "", "squared lengths, saved states less the "
           f"present one; {_LI}, section 7", "below 0.01 in a random plane, above 0.7 in the way's own"),
    Metric("equals_stored", "whether the middle is the recorded state", "", "1: same counts of errors, losses within "
           "1e-6; 0: not; none where the run evaluated nothing at that step", "1"),
    Metric("centre_train_loss", "training loss of the middle", "nats", _AGAIN, "the recorded one"),
    Metric("stored_train_loss", "recorded training loss", "nats", _RECORD, "as the one before"),
    Metric("centre_train_error", "training error of the middle", "%", _AGAIN, "the recorded one"),
    Metric("stored_train_error", "recorded training error", "%", _RECORD, "as the one before"),
    Metric("centre_test_loss", "test loss of the middle", "nats", _AGAIN, "the recorded one"),
    Metric("stored_test_loss", "recorded test loss", "nats", _RECORD, "as the one before"),
    Metric("centre_test_error", "test error of the middle", "%", _AGAIN, "the recorded one"),
    Metric("stored_test_error", "recorded test error", "%", _RECORD, "as the one before"),
)  # fmt: skip
NAMES = tuple(metric.name for metric in _OF_NET)
_METRICS = (
    *(replace(metric, name=f"{slot}_{metric.name}", label=f"{slot} net: {metric.label}") for slot in SLOTS
      for metric in _OF_NET),
    Metric("points", "points measured", "", "of all planes together", "81 a net on a 9x9 grid"),
)  # fmt: skip


def _suits(configs: Sequence[RunConfig]) -> str:
    sets = dict.fromkeys(
        (c.data.name, c.data.resize, c.data.pool, c.data.validation, c.model.image_size) for c in configs
    )
    if len(sets) < 2:
        return ""
    one, other = (_images(images) for images in [*sets][:2])
    return f"the runs saw different images ({one} and {other}); name runs on the same data"


def _images(one: tuple[str, int, int, int, int]) -> str:
    name, _, _, held_out, size = one
    return f"{name}, {size}x{size}" + (f", {held_out} held out" if held_out else "")


def _choose(configs: Sequence[RunConfig]) -> Sequence[int]:
    """Return the deepest plain and the deepest residual net of a race, if possible of one depth and seed."""
    plain, residual = (
        [place for place, config in enumerate(configs) if is_plain(config.model.shortcut) == flat]
        for flat in (True, False)
    )

    def depth(place: int) -> int:
        return configs[place].model.depth

    alike = {place: (config.model.depth, config.seed) for place, config in enumerate(configs)}
    pairs = [(one, two) for one in plain for two in residual if alike[one] == alike[two]]
    if pairs:
        return max(pairs, key=lambda pair: depth(pair[0]))
    return [max(places, key=depth) for places in (plain, residual) if places]


def _seconds(settings: Mapping[str, Any]) -> float:
    """Return the estimated time for nets of depth 56 of the quick race."""
    nets = len([run for run in settings["runs"].split(",") if run.strip()]) or 2
    recalibrated = settings["bn"] == "recalibrated" or (settings["bn"], settings["directions"]) == (AUTO, TRAJECTORY)
    points: int = (2 ** (settings["finer"] + 2) + 1) ** 2 * (4 if recalibrated else 1)
    images: int = settings["images"]
    products: int = settings["products"]
    return 1 + nets * (1 + images * (points * 1.6e-4 + 33 * 2.2e-4 + (products + 2) * 2.2e-3))


LANDSCAPE = LabSpec(
    name="landscape",
    title="Landscape",
    question="Is the loss around a deep plain net rougher than around a residual one?",
    context="In the sharp directions it is far rougher. A random plane hides nearly all of the bend: along a random "
    "direction every net looks flat. That plane is the famous picture. In it the deep plain net sits in a shallow, "
    "crooked pit on a plateau of guessing. The residual net sits in a round bowl.",
    source=f"{_LI} (1712.09913), sections 4 to 7",
    caveats="One state of one training each, and a slice of it. Sharpness depends on the learning rate and on how well "
    "the training went, as much as on the net. Here a plain net that failed to train is compared with a residual one "
    "that did. So name runs with tuned rates and other seeds before believing a difference. A shortcut is not the "
    "only cause: name a plain net that starts as the identity beside them. No picture tells whether rough "
    "surroundings make training hard, or hard training ends in rough surroundings.",
    refutation="A plain and a residual net of one depth, each trained at its own best rate, with equally sharp "
    "directions and planes that look alike.",
    options=_OPTIONS,
    panels=_PANELS,
    metrics=_METRICS,
    lab="engine.labs.landscape.lab:LandscapeLab",
    findings=RULES,
    names=DIRECTION_NAMES,
    device="auto",
    seconds=_seconds,
    suits=_suits,
    choose=_choose,
)
