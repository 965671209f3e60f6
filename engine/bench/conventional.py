"""The conventional training loop, the benchmark's reference.

DataLoader with two workers, PIL transforms, 32-bit floats, NCHW, all cores as torch threads, ``.item()`` each step.
"""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms
from torchvision.transforms.functional import to_pil_image

from engine.bench.workload import CLASSES, SIZE, Workload, synthetic_images
from engine.config import ModelConfig
from engine.models.build import build_model

WORKERS = 2


class PilImages(Dataset[tuple[torch.Tensor, int]]):
    """The synthetic images as PIL images, cropped, mirrored and normalised one by one."""

    def __init__(self) -> None:
        pixels, labels = synthetic_images()
        self._images = [to_pil_image(torch.from_numpy(image)) for image in pixels]
        self._labels = labels.tolist()
        self._transform = transforms.Compose(
            [
                transforms.RandomCrop(SIZE, padding=4),
                transforms.RandomHorizontalFlip(),
                transforms.ToTensor(),
                transforms.Normalize((0.5, 0.5, 0.5), (0.25, 0.25, 0.25)),
            ]
        )

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return self._transform(self._images[index]), self._labels[index]


def conventional_steps(workload: Workload, device: str) -> Iterator[int]:
    """Train for ever; yield the number of images of each step."""
    model = build_model(ModelConfig(depth=workload.depth, shortcut="A", classes=CLASSES, image_size=SIZE), 0).to(device)
    call = torch.compile(model) if workload.compile else model
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    loader = DataLoader(
        PilImages(), batch_size=workload.batch_size, shuffle=True, drop_last=True, num_workers=WORKERS,
        persistent_workers=True, pin_memory=device.startswith("cuda"),
    )  # fmt: skip
    total = 0.0
    while True:
        for images, labels in loader:
            images, labels = images.to(device), labels.to(device)
            loss = F.cross_entropy(call(images), labels)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            total += loss.item()
            yield workload.batch_size
