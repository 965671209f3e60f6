"""One net of the lab ``lesion``: lesions in it, each measured as its training measured the net."""

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
from engine.probes.online.hooks import find_blocks, find_layers
from engine.probes.online.instrumented_pass import instrumented_pass
from engine.probes.online.measure import ProbeContext
from engine.training.evaluate import Score, subset

#: What ``path_gradients`` returns, by name.
PathGradients = dict[str, Any]

#: Images of a pass along paths, fewer for large nets: multiply-adds of such a pass, forward.
_PATH_BATCH, _PATH_BUDGET = 128, 1e9
#: Path lengths that are measured at most.
MAX_LENGTHS = 60


class AblatedNet:
    """The net of an inspected run, evaluated on the first ``images`` of its fixed test subset.

    ``recalibrated``: every evaluation averages the BN statistics anew over 20 training batches, the lesion in place.
    """

    def __init__(self, inspected: InspectedRun, images: int, recalibrated: bool):
        changes = {
            "recalibrate_bn": recalibrated,
            "data.eval_images": min(images, inspected.config.data.eval_images),
        }
        self._inspected = dataclasses.replace(inspected, config=replace(inspected.config, changes))
        self._model = inspected.model()
        self._evaluator = self._inspected.evaluator(self._model)
        self.lesions = Ablation(self._model, [self._evaluator.net])

    def score(self, lesion: AbstractContextManager[None] | None = None) -> Generator[None, None, Score]:
        """Return loss and error with a lesion, on the test images; yields after each batch."""
        with lesion or nullcontext():
            scores = yield from self._inspected.scores(self._evaluator, self._model, [Split.TEST_SUBSET])
        return scores[Split.TEST_SUBSET]


def compare(inspected: InspectedRun) -> Generator[None, None, tuple[Score, bool | None]]:
    """Measure the net again as its run did; return the score and whether the run recorded the same.

    The same: as many wrong, the loss to 1e-6. None where nothing was recorded at that step. Yields after each batch.
    """
    model = inspected.model()
    evaluator, stored = inspected.evaluator(model), inspected.stored.get(Split.TEST_SUBSET)
    # The recorded subset may be a part of a pass over the test set, in other batches, which may round differently.
    passes = [[Split.TEST_SUBSET], [Split.TEST_SUBSET, Split.TEST]][: 1 + (Split.TEST in inspected.stored)]
    for splits in passes:
        score = (yield from inspected.scores(evaluator, model, splits))[Split.TEST_SUBSET]
        same = None if stored is None else score.error == stored.error and abs(score.loss - stored.loss) <= 1e-6
        if same is not False:
            break
    return score, same


def update_sizes(inspected: InspectedRun) -> list[float]:
    """Return ||c F(x)|| / ||s(x)|| of every block, as the probes of a training measure it (``update_size``)."""
    inspected.enter()
    model = inspected.model()
    images = inspected.images.to(inspected.device.torch_device)
    batch = probe_batch(images, inspected.config.probe.images or 32)
    layers = find_layers(model)
    context = ProbeContext(layers, find_blocks(model), batch.labels, inspected.step, None, [None] * len(layers))
    sizes = UpdateSize(context)
    instrumented_pass(model, batch, context, inspected.device, [sizes])
    with torch.no_grad():
        return sizes.result().tolist()


def path_gradients(inspected: InspectedRun, samples: int) -> Generator[PathGradients, None, PathGradients]:
    """Return the mean gradient norm along single paths, by their length; yields what is known after each batch.

    ``lengths`` ascending, ``means`` of ||dL_i/dh_i|| along a random path of that length for each of ``samples`` test
    images, the same for all lengths; ``whole`` the mean norm of the gradient of the whole net over these images.
    ``forks`` is how many blocks have a shortcut. A plain net has one path, itself.
    """
    inspected.enter()
    device, paths = inspected.device, GradientPaths(inspected.model())
    images = inspected.images.to(device.torch_device)
    fixed = subset(images.test, inspected.config.data.eval_images)
    forks = len(paths.forks)
    lengths = list(range(0, forks + 1, max(1, -(-forks // (MAX_LENGTHS - 1))))) if forks else [len(paths.blocks)]
    size = int(max(1, min(_PATH_BATCH, _PATH_BUDGET / count(inspected.config.model).multiply_adds)))

    def norms(rows: Tensor, routes: Tensor | None = None) -> list[float]:
        """Along the given routes, of the images in these rows of the fixed subset, which begins anew at its end."""
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
