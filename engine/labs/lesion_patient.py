"""One net of the lab ``lesion``: lesions in it, each measured as its training measured the net."""

import dataclasses
from collections.abc import Generator
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor

from engine.config import replace
from engine.events import Split
from engine.labs.subject import Subject
from engine.models.count import count
from engine.probes.batch import probe_batch
from engine.probes.blocks import UpdateSize
from engine.probes.lesions import Lesions
from engine.probes.measure import Scene
from engine.probes.paths import Paths, draw_routes
from engine.probes.sweep import sweep
from engine.probes.taps import find_blocks, find_layers
from engine.training.evaluate import Score, subset

#: Images of a pass along paths, fewer for large nets: multiply-adds of such a pass, forward.
_PATH_BATCH, _PATH_BUDGET = 128, 1e9
#: Path lengths that are measured at most.
MOST_LENGTHS = 60


class Patient:
    """The net of a subject, evaluated on the first ``images`` of its fixed test subset.

    ``recalibrated``: every evaluation averages the BN statistics anew over 20 training batches, the lesion in place.
    """

    def __init__(self, subject: Subject, images: int, recalibrated: bool):
        changes = {
            "recalibrate_bn": recalibrated,
            "data.eval_images": min(images, subject.config.data.eval_images),
        }
        self._subject = dataclasses.replace(subject, config=replace(subject.config, changes))
        self._model = subject.model()
        self._evaluator = self._subject.evaluator(self._model)
        self.lesions = Lesions(self._model, [self._evaluator.net])

    def score(self, lesion: AbstractContextManager | None = None) -> Generator[None, None, Score]:
        """Return loss and error with a lesion, on the test images; yields after each batch."""
        with lesion or nullcontext():
            for score in self._subject.scores(self._evaluator, self._model, [Split.TEST_SUBSET]):
                if score is not None:
                    return score
                yield
        raise AssertionError("an evaluation ends with a score")


def compare(subject: Subject) -> Generator[None, None, tuple[Score, bool | None]]:
    """Measure the net again as its run did; return the score and whether the run recorded the same.

    The same: as many wrong, the loss to 1e-6. None where nothing was recorded at that step. Yields after each batch.
    """
    model = subject.model()
    evaluator, stored = subject.evaluator(model), subject.stored.get(Split.TEST_SUBSET)
    passes = [[Split.TEST_SUBSET]]
    if Split.TEST in subject.stored:
        # Then the subset was a part of that pass, in other batches, which may round differently.
        passes.append([Split.TEST_SUBSET, Split.TEST])
    score, same = None, None
    for splits in passes:
        for found in subject.scores(evaluator, model, splits):
            if found is None:
                yield
            elif found.split == Split.TEST_SUBSET:
                score = found
        assert score is not None
        if stored is None:
            break
        same = score.error == stored.error and abs(score.loss - stored.loss) <= 1e-6
        if same:
            break
    return score, same


def update_sizes(subject: Subject) -> list[float]:
    """Return ||c F(x)|| / ||s(x)|| of every block, as the probes of a training measure it (``update_size``)."""
    subject.enter()
    model = subject.model()
    images = subject.images.to(subject.device.torch_device)
    batch = probe_batch(images, subject.config.probe.images or 32)
    layers = find_layers(model)
    scene = Scene(layers, find_blocks(model), batch.labels, subject.step, None, [None] * len(layers))
    sizes = UpdateSize(scene)
    sweep(model, batch, scene, subject.device, [sizes])
    with torch.no_grad():
        return sizes.result().tolist()


def path_gradients(subject: Subject, samples: int) -> Generator[dict, None, dict]:
    """Return the mean gradient norm along single paths, by their length; yields what is known after each batch.

    ``lengths`` ascending, ``means`` of ||dL_i/dh_i|| over ``samples`` pairs of an image and a random path each,
    ``whole`` the mean norm of the gradient of the whole net over the same images. A plain net has one path, itself.
    """
    subject.enter()
    device = subject.device
    paths = Paths(subject.model())
    forks, blocks = len(paths.forks), len(find_blocks(subject.model()))
    lengths = _lengths(forks) if forks else [blocks]
    images = subject.images.to(device.torch_device)
    test = images.test
    fixed = subset(test, subject.config.data.eval_images)
    size = int(max(1, min(_PATH_BATCH, _PATH_BUDGET / count(subject.config.model).multiply_adds)))
    total = samples * len(lengths)
    generator = torch.Generator().manual_seed(0)
    sums, numbers, whole = [0.0] * len(lengths), [0] * len(lengths), 0.0
    for start in range(0, total, size):
        number = torch.arange(start, min(start + size, total))
        # Images go round in steps of one, lengths too, so that no length belongs to certain images.
        places = (number + number // len(lengths)) % len(lengths)
        chosen = fixed[number.to(fixed.device) % len(fixed)]
        pixels, labels = test.batch(chosen)
        inputs = images.normalise(pixels).contiguous(memory_format=device.memory_format)
        all_of_it = _norms(paths.gradients(inputs, labels))
        norms = all_of_it
        if forks:
            routes = draw_routes(torch.tensor(lengths)[places], forks, generator)
            norms = _norms(paths.gradients(inputs, labels, routes.to(device.torch_device)))
        whole += float(sum(all_of_it))
        for place, norm in zip(places.tolist(), norms, strict=True):
            sums[place] += norm
            numbers[place] += 1
        means = [a / b if b else float("nan") for a, b in zip(sums, numbers, strict=True)]
        found = {"lengths": lengths, "means": means, "whole": whole / (start + len(number)), "forks": forks}
        yield found
    return found


def _norms(gradients: Tensor) -> list[float]:
    return torch.linalg.vector_norm(gradients.flatten(1).double(), dim=1).tolist()


def _lengths(forks: int) -> list[int]:
    if forks < MOST_LENGTHS:
        return list(range(forks + 1))
    step = -(-forks // (MOST_LENGTHS - 1))
    return list(range(0, forks + 1, step))
