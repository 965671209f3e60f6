"""One net of the lab ``lesion``, its lesions evaluated as in training."""

import dataclasses
import math
from collections.abc import Generator
from contextlib import AbstractContextManager, nullcontext
from statistics import fmean
from typing import Any

import torch
from torch import Tensor

from engine.config import replace
from engine.events import Split
from engine.labs.inspected_run import InspectedRun
from engine.models.count import count
from engine.probes.offline.ablation import Ablation
from engine.probes.offline.gradient_paths import GradientPaths, draw_routes
from engine.probes.online.batch import probe_batch
from engine.probes.online.blocks import UpdateSize
from engine.probes.online.hooks import find_blocks, find_layers, find_whole_blocks
from engine.probes.online.instrumented_pass import instrumented_pass
from engine.probes.online.measure import ProbeContext
from engine.training.evaluate import Score, has_batch_norm, subset

#: The result of ``path_gradients`` by name.
PathGradients = dict[str, Any]

#: Images of a pass along paths; multiply-adds of its forward pass, which limit the images of large nets.
_PATH_BATCH, _PATH_BUDGET = 128, 1e9
#: Limit of the measured path lengths.
MAX_LENGTHS = 60


class AblatedNet:
    """The net of an inspected run, evaluated on the first ``images`` of its fixed test subset.

    ``recalibrated``: every evaluation averages the BN statistics anew over 20 training batches, with the lesion.
    ``batch_norm``: whether the net has any.
    """

    def __init__(self, inspected: InspectedRun, images: int, recalibrated: bool):
        fewer = min(images, inspected.config.data.eval_images)
        self._model = inspected.model()
        self.batch_norm = has_batch_norm(self._model)
        anew = {"recalibrate_bn": recalibrated and self.batch_norm, "data.eval_images": fewer}
        self._inspected = dataclasses.replace(inspected, config=replace(inspected.config, anew))
        self._evaluator = self._inspected.evaluator(self._model)
        self.lesions = Ablation(self._model, [self._evaluator.net])

    def score(self, lesion: AbstractContextManager[None] | None = None) -> Generator[None, None, Score]:
        """Return loss and error with a lesion on the test images; yield after each batch."""
        with lesion or nullcontext():
            scores = yield from self._inspected.scores(self._evaluator, self._model, [Split.TEST_SUBSET])
        return scores[Split.TEST_SUBSET]


def compare(inspected: InspectedRun) -> Generator[None, None, tuple[Score, bool | None]]:
    """Return the net's score, evaluated as in its run, and whether the run recorded the same; yield after each batch.

    The same: equal errors, losses to 1e-6. None without a record of that step.
    """
    model = inspected.model()
    evaluator, stored = inspected.evaluator(model), inspected.stored.get(Split.TEST_SUBSET)
    # The recorded subset may stem from a pass over the test set, whose batches may round differently.
    passes = [[Split.TEST_SUBSET], [Split.TEST_SUBSET, Split.TEST]][: 1 + (Split.TEST in inspected.stored)]
    for splits in passes:
        score = (yield from inspected.scores(evaluator, model, splits))[Split.TEST_SUBSET]
        same = None if stored is None else score.error == stored.error and abs(score.loss - stored.loss) <= 1e-6
        if same is not False:
            break
    return score, same


def update_sizes(inspected: InspectedRun) -> list[float]:
    """Return ||c F(x)|| / ||s(x)|| of every block, as the probe ``update_size`` does.

    Of a block of several sublayers it is the root of the sum of their squares, as if they were orthogonal.
    """
    inspected.enter()
    model = inspected.model()
    images = inspected.images.to(inspected.device.torch_device)
    batch = probe_batch(images, inspected.config.probe.images or 32)
    layers = find_layers(model)
    context = ProbeContext(layers, find_blocks(model), batch.labels, inspected.step, None, [None] * len(layers))
    sizes = UpdateSize(context)
    instrumented_pass(model, batch, context, inspected.device, [sizes])
    with torch.no_grad():
        each = sizes.result().tolist()
    of = [[sublayer.place.position for sublayer in block.sublayers] for block in find_whole_blocks(model)]
    return [math.hypot(*(each[position] for position in positions)) for positions in of]


def path_gradients(inspected: InspectedRun, samples: int) -> Generator[PathGradients, None, PathGradients]:
    """Return the mean gradient norm along single paths by length; yield interim results after each batch.

    ``lengths`` ascend. ``means`` are of ||dL_i/dh_i|| along a random path of that length for each of ``samples`` test
    images, the same for all lengths. ``whole`` is the mean norm of the whole net's gradient over these images.
    ``forks`` counts the blocks with a shortcut. A plain net has one path, itself.
    """
    inspected.enter()
    device, paths = inspected.device, GradientPaths(inspected.model())
    images = inspected.images.to(device.torch_device)
    fixed = subset(images.test, inspected.config.data.eval_images)
    forks = len(paths.forks)
    lengths = list(range(0, forks + 1, max(1, -(-forks // (MAX_LENGTHS - 1))))) if forks else [len(paths.blocks)]
    size = int(max(1, min(_PATH_BATCH, _PATH_BUDGET / count(inspected.config.model).multiply_adds)))

    def norms(rows: Tensor, routes: Tensor | None = None) -> list[float]:
        """Return the norms along ``routes`` for these rows of the fixed subset, repeated cyclically."""
        pixels, labels = images.test.batch(fixed[rows.to(fixed.device) % len(fixed)])
        inputs = images.normalise(pixels).contiguous(memory_format=device.memory_format)
        each = paths.gradients(inputs, labels, None if routes is None else routes.to(device.torch_device))
        along: list[float] = torch.linalg.vector_norm(each.flatten(1).double(), dim=1).tolist()
        return along

    gradients: PathGradients = {"lengths": lengths, "means": [math.nan] * len(lengths), "forks": forks}
    whole: list[float] = []
    for rows in torch.split(torch.arange(samples), size):
        whole += norms(rows)
        gradients = gradients | {"whole": fmean(whole)}
        yield gradients
    if not forks:
        return gradients | {"means": [fmean(whole)]}
    generator = torch.Generator().manual_seed(0)
    every: list[float] = []
    for numbers in torch.split(torch.arange(samples * len(lengths)), size):
        routes = draw_routes(torch.tensor(lengths)[numbers % len(lengths)], forks, generator)
        every += norms(numbers // len(lengths), routes)
        columns = [every[place :: len(lengths)] for place in range(len(lengths))]
        gradients = gradients | {"means": [fmean(column) if column else math.nan for column in columns]}
        yield gradients
    return gradients
