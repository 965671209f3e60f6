"""Engines for tests: one whose workers meet faults on demand, one that loads no torch until a run is launched.

    python -m tests.engine.runs.faults WORKSPACE LAUNCHER IDLE_SECONDS

``faulty``: while the workspace holds a file ``fault``, runs of another depth than 8 meet the fault that it names at
their third update; ``replica``: all replicas but the first meet it. Runs without an end rest before each update, for
tests wait beside them: 100,000 and N steps mean N ms of rest. ``cold``: the fork server starts with the first launch,
so an engine without runs costs little. ``starved``: its fork server loads no torch, and while the fault is ``no
process`` it can start none. ``broken``: the engine's own loop meets an error at the launch of a net of more than 8
layers.
"""

import logging
import os
import sys
import time
from multiprocessing import forkserver
from pathlib import Path

from engine.runs.launchers.local import LocalLauncher
from engine.runs.launchers.registry import LAUNCHERS, LauncherChoice, LauncherRow
from engine.runs.supervisor.supervisor import serve
from engine.store.reader import Reader
from engine.store.workspace import Workspace

FAULT_STEP = 3
#: Enough steps to be running whenever a test looks.
ENDLESS = 100_000
#: The shortest rest.
REST_MS = 10


def work(job, signals):
    """Do a job as a worker does, with the fault in its updates that the workspace names."""
    from engine.runs.worker import worker

    fault = job.workspace / "fault"
    _plant(fault.read_text() if fault.exists() else "")
    worker.work(job, signals)


def _plant(kind):
    import torch

    from engine.training import follower, trainer, update

    class Faulty(update.Update):
        def __call__(self, step):
            if (over := self._config.optim.steps - ENDLESS) >= 0:
                time.sleep(max(over, REST_MS) / 1000)
            if kind not in {"", "replica"} and step == FAULT_STEP and self._config.model.depth != 8:
                if kind == "cuda":
                    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has ...")
                if kind == "torch-cpu":
                    torch.empty(2**60, dtype=torch.uint8)
                bytearray(2**62)
            return super().__call__(step)

    class FaultyReplica(update.Update):
        def __call__(self, step):
            if kind == "replica" and step == FAULT_STEP:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 1 has ...")
            return super().__call__(step)

    trainer.Update, follower.Update = Faulty, FaultyReplica


class FaultyLauncher(LocalLauncher):
    """Starts workers that meet the workspace's fault, where it has one."""

    work = staticmethod(work)


class ColdLauncher(FaultyLauncher):
    """Starts the same workers, but prepares nothing beforehand."""

    def warm(self):
        pass


class StarvedLauncher(FaultyLauncher):
    """Starts workers as long as the system, as ``tests.engine.runs.starved`` plays it, has room for a process."""

    def __init__(self):
        super().__init__()
        os.environ["STARVED"] = str(Path(sys.argv[1]) / "fault")
        forkserver.set_forkserver_preload(["tests.engine.runs.starved"])


class BrokenLauncher(ColdLauncher):
    """Has a mistake."""

    def launch(self, job):
        if self.depth_of(job) > 8:
            raise ValueError(f"a mistake with run {job.run}")
        return super().launch(job)

    @staticmethod
    def depth_of(job):
        with Reader(Workspace(job.workspace)) as reader:
            return reader.runs.known(job.run).config.model.depth


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    launchers = {
        "faulty": FaultyLauncher, "cold": ColdLauncher, "starved": StarvedLauncher, "broken": BrokenLauncher,
    }  # fmt: skip
    for name, made in launchers.items():
        LAUNCHERS[name] = LauncherRow(name, "", "", f"tests.engine.runs.faults:{made.__name__}")
    serve(Workspace(Path(sys.argv[1])).prepare(), float(sys.argv[3]), LauncherChoice(sys.argv[2]))
