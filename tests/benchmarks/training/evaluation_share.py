"""How much of a quick run goes into evaluation: at most 10 % is allowed. Run by hand, never as a timed test.

    python -m tests.benchmarks.training.evaluation_share [--depths 20,56] [--shortcut none] [--steps 300]
                                                            [--workspace DIR]

Trains the quick preset's arms one after the other in this process with one thread and prints, for each, seconds,
images per second, and the share of the run's clock that evaluation took.
"""

import argparse
import tempfile
from pathlib import Path

from engine.config import arm_name, replace
from engine.config.presets import get_preset
from engine.data.images import load_images
from engine.events import Evaluated, Finished, Split
from engine.hardware.device import choose
from engine.training.trainer import Trainer


def main() -> None:
    """Parse the command line, train, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--depths", default="20,56")
    parser.add_argument("--shortcut", default="none")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--workspace", type=Path, help="where decoded images are kept; a temporary folder if left out")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        workspace = arguments.workspace or Path(temporary)
        for depth in arguments.depths.split(","):
            measure(int(depth), arguments.shortcut, arguments.steps, workspace)


def measure(depth: int, shortcut: str, steps: int, workspace: Path) -> None:
    """Train one arm and print its figures."""
    run = get_preset("quick").run
    images = load_images(run.data, workspace)
    changes = {"model.depth": depth, "model.shortcut": shortcut, "optim.steps": steps, "threads": 1}
    shape = {"model.channels": images.channels, "model.image_size": images.image_size}
    run = replace(run, changes | shape)
    device = choose(run)
    points = 0
    for event in Trainer(run, images, device).events():
        points += isinstance(event, Evaluated) and event.split == Split.TRAIN_CLEAN
        if isinstance(event, Finished):
            training = event.seconds * (1 - event.evaluation_share)
            print(
                f"{arm_name(depth, shortcut):>9}: {steps} steps, {points} evaluation points, {event.seconds:.1f} s, "
                f"{steps * run.optim.batch_size / training:.0f} images/s in training, "
                f"{1e3 * training / steps:.1f} ms per step, evaluation {100 * event.evaluation_share:.1f} % "
                f"({device.name}, {device.precision}, {device.threads} thread)",
                flush=True,
            )


if __name__ == "__main__":
    main()
