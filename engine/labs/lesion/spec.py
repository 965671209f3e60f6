"""The spec of the lesion lab. Torch-free."""

from collections.abc import Mapping, Sequence
from typing import Any

from engine.config import RunConfig
from engine.labs.lesion import plan
from engine.labs.lesion.findings import RULES
from engine.labs.spec import LabSpec, Metric, Option, Panel
from engine.models.arm_names import is_plain

_VEIT = "Veit et al. 2016, Residual networks behave like ensembles of relatively shallow networks (1605.06431)"

_OPTIONS = (
    Option("runs", "Runs", "Which finished, paused or stopped runs to look at. Empty: the deepest plain and the "
           "deepest residual net of the newest race.", "", run_reference="runs"),
    Option("step", "Step", "Which saved step of the runs. −1 stands for the newest.", -1, low=-1, high=10_000_000),
    Option("bn", "Batch-norm statistics", "running: those that the net was trained to use. recalibrated: averaged "
           "anew over 20 training batches with the block gone. both: running, and for some deletions recalibrated too.",
           plan.BOTH,
           choices=(plan.BOTH, plan.RUNNING, plan.RECALIBRATED), primary=True),
    Option("grid", "Grid", "default: at most 30 deletions per net, swaps of neighbours, and two scaled blocks per "
           "stage. full: every block, and all pairs of a stage.", "default",
           choices=("default", "full"), primary=True),
    Option("images", "Images", "How many images of the run's own fixed test subset each lesion is measured on.", 400,
           low=10, high=100_000, step=10),
    Option("paths", "Paths per length", "How many random paths of each length the gradient is followed along, each "
           "with an image of its own.", 64, low=1, high=1000),
)  # fmt: skip

_PANELS = (
    Panel("deleted", "Error without one block", "block that is deleted (0: none)", "test error, %", kind="bars",
          how_to_read="The bar at 0 is the net as it is. Without a block, what its shortcut carries passes on. A plain "
          "block has none, so its input passes on instead. Blocks count from 1 through all three stages. At the first "
          "block of a stage channels double and maps are halved.",
          caveat="Batch norm's statistics were gathered with the block in place, so part of the damage is theirs. The "
          "bars with BN re-estimated are without that part; the default grid has them for a few blocks, and nets "
          "without batch norm have none. Where a plain block changes the shape, its input is subsampled and filled "
          "with zeros: no identity."),
    Panel("paths", "Which paths carry the gradient?", "branches on the path", "share of all",
          how_to_read="A residual net is a sum of paths, each through some of its branches. The smooth curve counts "
          "the paths of each length, the other one weights them by their gradient. Where that one lies left, short "
          "paths carry the gradient. A plain net has one path, through all of its blocks: a point.",
          caveat="Norms are added as if paths never cancelled, and they do. A number says how many times the net's own "
          "gradient all paths make together. Length is counted in branches, of two layers each in the usual block."),
    Panel("path_gradient", "Gradient along one path", "branches on the path", "norm, as a share of the net's gradient",
          y_scale="log", neutral=1.0,
          how_to_read="Mean norm of the gradient along random paths of one length, as a share of the whole net's. Only "
          "the way back follows one path. The plain net's one path is its whole gradient: 1.",
          caveat="Means over random paths and images, which a few of them dominate. With running statistics of batch "
          "norm, in 32-bit floats."),
    Panel("predicts", "Does a block with a small response matter little?", "response, relative to the block's input",
          "rise of the error without it, points", x_scale="log", neutral=0.0,
          how_to_read="A point for each deleted block. If the points rise to the right, a block with a small response "
          "can be left out. A number says how well the two orders agree.",
          caveat="Sizes are those of the training's probe batch, with that batch's own statistics. A plain block adds "
          "nothing to its input: there, size is just the size of its output."),
    Panel("swapped", "Error after swapping a block with the next", "first of the two blocks (0: none)", "test error, %",
          kind="bars",
          how_to_read="Two neighbours of one stage exchange all their weights. If every block made a step of its own "
          "out of what the one before has made, the order could not be changed.",
          caveat="Blocks that change the shape cannot be swapped and are missing. As with deletions, batch norm's "
          "statistics belong to the order as it was."),
    Panel("apart", "Error after swapping, by distance", "blocks apart (0: none)", "test error, %",
          how_to_read="Means over the swapped pairs that are so far apart. Where the curve rises, neighbours can stand "
          "in for each other and distant blocks cannot.",
          caveat="In the default grid distances beyond 1 are one pair per stage at most, so one bad pair decides. The "
          "furthest pairs hold the first block of a stage."),
    Panel("scaled", "Error against a factor on one branch", "factor on the branch (0: deleted)", "test error, %",
          how_to_read="The branch of one block is multiplied by the factor; 1 is the net as it is. Each stage has "
          "one curve for each of its measured blocks and one for their mean. Flat on the left: the branch is hardly "
          "needed.",
          caveat="Of a plain block the whole output is multiplied. So 0 is silence, and every image gets the same "
          "answer. With re-estimated statistics other factors do next to nothing there: the next batch norm "
          "undoes them."),
)  # fmt: skip


def _of(role: str, words: str) -> tuple[Metric, ...]:
    def metric(name: str, label: str, unit: str, source: str, expected: str) -> Metric:
        return Metric(f"{role}_{name}", f"{words}: {label}", unit, source, expected)

    lesion = f"{_VEIT}, section 4.1"
    plain = role == "plain"
    return (
        metric("blocks", "blocks", "", "He et al. 2015, section 4.2: (depth - 2) / 2", "27 at depth 56"),
        metric("intact_error", "error as it is", "%", "measured again as in training, whole test subset", "as stored"),
        metric("stored_error", "error that its run recorded", "%", "its evaluation at that step", "as it is"),
        metric("intact_loss", "loss as it is", "nats", "as the error", "as stored to 0.000001"),
        metric("error_before", "error before a lesion", "%", "on the lesions' own images", "near the error as it is"),
        metric("median_error_after_deletion", "median error without a block", "%", lesion,
               "chance" if plain else "near the error before"),
        metric("worst_error_after_deletion", "largest error without a block", "%", lesion,
               "chance or above" if plain else "highest at the first blocks and where the shape changes"),
        metric("least_error_after_deletion", "smallest error without a block", "%", lesion,
               "far above the error before" if plain else "the error before"),
        metric("median_error_recalibrated", "median error without a block, BN recalibrated", "%", "BN statistics over "
               "20 training batches with the lesion in place", "below the one with running statistics"),
        metric("least_error_recalibrated", "smallest error without a block, BN recalibrated", "%",
               "as the median", "a plain net that learned little can reach the error before"),
        metric("median_error_after_swap", "median error with two neighbours swapped", "%",
               f"{_VEIT}, section 4.2", "chance" if plain else "near the error before"),
        metric("size_predicts_loss", "agreement of size and loss", "", "Spearman's rank correlation of ||F||/||x|| "
               "and the rise of the error over the deleted blocks", "1: sizes order the damage, 0: they say nothing"),
    )  # fmt: skip


METRICS = (
    Metric("intact_equals_stored", "the nets measured as stored", "", "as many wrong, the loss to 0.000001; "
           "1 where that holds for every net whose run recorded that step", "1"),
    Metric("images", "test images per lesion", "", "the beginning of the run's fixed test subset", "400"),
    *_of("residual", "residual"),
    *_of("plain", "plain"),
    Metric("most_gradient_from_path_length", "most gradient: from paths of", "branches", f"{_VEIT}, section 4.3; the "
           "shortest range of lengths with 90 % of the gradient; no number for a plain net, which has one path",
           "far below the number of blocks"),
    Metric("most_gradient_to_path_length", "most gradient: to paths of", "branches", "as its beginning",
           "ResNet-110 in the paper: paths of 10 to 34 layers, 5 to 17 branches"),
    Metric("path_norms_over_gradient", "norms of all paths, over the net's gradient", "", "sum of C(n, k) x mean norm "
           "along a path of length k, over the norm of the whole gradient", "1 if no paths cancelled; far above it: "
           "most of what flows cancels"),
    Metric("share_of_paths_with_most_gradient", "paths of these lengths, of all", "%", "sum of C(n, k) / 2^n",
           "small where short paths carry the gradient"),
)  # fmt: skip


def _seconds(settings: Mapping[str, Any]) -> float:
    """Return the estimated time for two nets of 27 blocks of the quick race on one common core."""
    case = plan.Case("", (1,) * 9 + (2,) * 9 + (3,) * 9, _PAIRS, 27)
    once = 0.03 + 0.105 * min(settings["images"], 1000) / 1000
    seconds = 2.0 + 28 * settings["paths"] * 0.0009
    for unit in plan.planned([case, case], settings):
        lesions = len(plan.FACTORS) if unit.part == plan.SCALE else unit.part in (plan.INTACT, plan.DELETE, plan.SWAP)
        seconds += lesions * (once + (0.83 if unit.bn == plan.RECALIBRATED else 0.0))
    return float(seconds)


#: The swappable pairs of a net of 27 blocks.
_PAIRS = tuple((a, b) for s in range(3) for a in range(9 * s + (s > 0), 9 * s + 9) for b in range(a + 1, 9 * s + 9))


def _suits(configs: Sequence[RunConfig]) -> str:
    sets = {(config.data.name, config.data.resize, config.data.pool) for config in configs}
    if len(sets) > 1:
        return "these runs were trained on different images; name runs of one data set to see them side by side"
    return ""


def _choose(configs: Sequence[RunConfig]) -> list[int]:
    """Return the deepest plain net and the deepest residual one, the first of several."""
    chosen = []
    for plain in (True, False):
        alike = [i for i, config in enumerate(configs) if is_plain(config.model.shortcut) == plain]
        chosen += sorted(alike, key=lambda i: -configs[i].model.depth)[:1]
    return chosen


LESION = LabSpec(
    name="lesion",
    question="What happens when one block of a trained net is taken out?",
    context="Most blocks of a deep residual net can be taken out, one at a time, at little cost. The first ones cost "
    "most. A plain net falls to chance or near it, whichever block goes: each layer knows only what the one before "
    "tells it. Part of that fall is batch norm's, whose statistics no longer fit. With re-estimated statistics a "
    "well-trained plain net still fails; a very deep, poorly trained one can lose a few blocks.",
    source=f"{_VEIT}; He et al. 2015, section 4.2 and Fig. 7 (small responses)",
    caveats="One run of each kind: seeds differ, so look at another pair before believing a single bar. After a quick "
    "race the deepest plain net is far worse than the residual one before anything is deleted. A shallower pair is "
    "fairer. Deleting is not training without: a net trained without the block would do better. A plain net that "
    "starts as the identity is the control for the shortcut: race the shortcut dirac and name its run here.",
    refutation="Plain nets that had learned well and keep their error without any one of their blocks. Or residual "
    "nets that fall to chance.",
    options=_OPTIONS,
    panels=_PANELS,
    metrics=METRICS,
    lab="engine.labs.lesion.lab:LesionLab",
    findings=RULES,
    names={f" {plan.RECALIBRATED}": ", BN re-estimated"},
    title="Lesions",
    seconds=_seconds,
    suits=_suits,
    choose=_choose,
)
