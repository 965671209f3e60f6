"""Workers in which something goes wrong on purpose, and an engine that starts them.

    python -m tests.engine.runs.faults WORKSPACE KIND

Runs of depth 8 train as usual; those of another depth meet the fault at their third update. For test_exhaustion.py.
"""

import logging
import sys
from pathlib import Path

from engine.runs.launchers.local import LocalLauncher
from engine.runs.launchers.registry import LAUNCHERS, LauncherRow
from engine.runs.supervisor.supervisor import serve
from engine.store.workspace import Workspace

FAULT_STEP = 3


def work(job, signals):
    """Do a job as a worker does, with the fault in its updates; the kind is in the workspace."""
    import torch

    from engine.runs.worker import worker
    from engine.training import trainer, update

    kind = (job.workspace / "fault").read_text()

    class Faulty(update.Update):
        def __call__(self, step):
            if step == FAULT_STEP and self._config.model.depth != 8:
                if kind == "cuda":
                    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has ...")
                if kind == "torch-cpu":
                    torch.empty(2**60, dtype=torch.uint8)
                bytearray(2**62)
            return super().__call__(step)

    trainer.Update = Faulty
    worker.work(job, signals)


class FaultyLauncher(LocalLauncher):
    """Starts workers with a fault."""

    work = staticmethod(work)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    LAUNCHERS["faulty"] = LauncherRow("faulty", "", "", "tests.engine.runs.faults:FaultyLauncher")
    place = Workspace(Path(sys.argv[1])).prepare()
    (place.path / "fault").write_text(sys.argv[2])
    serve(place, 60.0, "faulty")
