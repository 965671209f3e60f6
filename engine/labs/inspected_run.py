"""A training that a lab inspects: its config, one saved state, its images and its recorded scores.

A lab never changes the training. It works on copies of the net and of the checkpoint files
(``engine.runs.protocol.inspected_runs``).
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from engine.config import RunConfig
from engine.data.images import ImageSet
from engine.events import Split
from engine.hardware.device import Device
from engine.models.build import build_model
from engine.models.shortcuts.strength import set_strength
from engine.training.evaluate import Evaluator, Score
from engine.training.state import check_document, check_net, check_tensors

#: The state of a training, as ``Trainer.state`` returns it.
Document = dict[str, Any]


@dataclass(frozen=True)
class InspectedRun:
    """One training after ``step`` updates.

    ``name`` is unique among the job's inspected runs. ``stored`` holds the scores that the run recorded after that
    step on the images of today's evaluations, if any. ``device`` has the training's kind, precision and threads.
    ``trail`` holds the run's other saved states, oldest first, as (step, function that returns the document).
    """

    run: int
    name: str
    config: RunConfig
    step: int
    document: Document
    stored: Mapping[Split, Score]
    images: ImageSet
    device: Device
    trail: Sequence[tuple[int, Callable[[], Document]]] = ()

    def enter(self) -> None:
        """Set the process's threads to the training's number; another number gives other bits."""
        torch.set_num_threads(self.device.threads)

    def model(self) -> nn.Module:
        """Return a new copy of the net in train mode. Raises CheckpointError."""
        return self.model_of(self.document)

    def model_of(self, document: Document) -> nn.Module:
        """Return the net of another state of the same training. Raises CheckpointError."""
        check_document(document)
        check_net(document, self.config.model)
        model: nn.Module = build_model(self.config.model, self.config.seed)
        check_tensors(document["model"], model.state_dict())
        model.load_state_dict(document["model"])
        strengths = [value for _, key, value, _ in document["progress"]["changes"] if key == "strength"]
        if strengths:
            set_strength(model, strengths[-1])
        return model.to(self.device.torch_device).to(memory_format=self.device.memory_format).train()

    def evaluator(self, model: nn.Module) -> Evaluator:
        """Return the training's evaluator: the same images, batches and precision."""
        return Evaluator(model, self.config, self.images, self.device)

    def scores(
        self, evaluator: Evaluator, model: nn.Module, splits: Sequence[Split]
    ) -> Generator[None, None, dict[Split, Score]]:
        """Return the scores of ``model`` on whole splits, evaluated as in training; yield after each batch."""
        self.enter()
        scores = {}
        for part in evaluator.run(model, list(splits)):
            if isinstance(part, Score):
                scores[part.split] = part
            else:
                yield
        return scores
