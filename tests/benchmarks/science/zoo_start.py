"""What every shortcut and order has learned after a few updates: training and clean error, one seed, one rate for all.

    python -m tests.benchmarks.science.zoo_start [--depths 20,56] [--steps 100] [--lr 0.1] [--variants none,A,...]

The quick recipe (Fashion-MNIST at 14x14, width 8). It tells apart what trains and what does not; it is no comparison of
methods: one rate suits some better than others, and short budgets show slow starts, not end points.
"""

import argparse
import tempfile
from pathlib import Path
from statistics import fmean

from engine.config import replace
from engine.config.presets import get_preset
from engine.data.images import ImageSet, load_images
from engine.events import Evaluated, Measured, Split
from engine.hardware.device import choose
from engine.models.registry import SHORTCUTS, orders_of, variant
from engine.training.trainer import Trainer
from tests.contracts.variants import ROWS

#: Rows, orders, and what changes most when norm is gone.
VARIANTS = (
    *ROWS, *(f"A:order={order}" for order in orders_of(SHORTCUTS["A"])[1:]), "A:layers=1", "none:norm=none",
    "A:norm=none", "skipinit:norm=none",
)  # fmt: skip


def main() -> None:
    """Train and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--depths", default="20,56")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--variants", default=",".join(VARIANTS))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as workspace:
        images = load_images(get_preset("quick").run.data, Path(workspace))
    for depth in map(int, arguments.depths.split(",")):
        for text in arguments.variants.split(","):
            measure(depth, variant(text).text, arguments.steps, arguments.lr, images)


def measure(depth: int, text: str, steps: int, lr: float, images: ImageSet) -> None:
    """Train one arm and print its figures."""
    changes = {
        "model.depth": depth, "model.shortcut": text, "optim.steps": steps, "optim.lr": lr, "eval_every": steps,
        "threads": 1, "model.channels": images.channels, "model.image_size": images.image_size,
    }  # fmt: skip
    run = replace(get_preset("quick").run, changes)
    device, rows, clean = choose(run), [], float("nan")
    for event in Trainer(run, images, device).events():
        if isinstance(event, Measured):
            rows += event.rows
        elif isinstance(event, Evaluated) and event.split == Split.TRAIN_CLEAN:
            clean = event.error
    last = rows[-20:]
    print(
        f"{run.model.arm:34s} loss {fmean(r.loss for r in last):6.3f}, error {fmean(r.error for r in last):5.1f} % "
        f"(last {len(last)} of {len(rows)} steps), clean training error {clean:5.1f} % ({device.precision})",
        flush=True,
    )


if __name__ == "__main__":
    main()
