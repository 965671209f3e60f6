"""Writes curves with the writer of TensorBoard or trackio. Runs in their environment, without this project.

    VENV/bin/python beside_feeder.py tensorboard|trackio FOLDER CURVES.npz      all runs, whole
    VENV/bin/python beside_feeder.py tensorboard|trackio FOLDER --live 10       one run, a point each second

Prints the seconds that it took, or one line for each point: step and time of its write.
"""

import os
import sys
import time
from importlib import import_module

import numpy as np

PROJECT = "beside"


class TensorBoard:
    def __init__(self, folder):
        self.folder = folder

    def run(self, name):
        writer = import_module("tensorboard.summary").Writer(f"{self.folder}/{name}")

        def log(step, loss, error):
            writer.add_scalar("loss", loss, step)
            writer.add_scalar("error", error, step)

        return log, writer.flush, writer.close


class Trackio:
    def __init__(self, folder):
        os.environ["TRACKIO_DIR"] = folder

    def run(self, name):
        trackio = import_module("trackio")
        trackio.init(project=PROJECT, name=name, embed=False, auto_log_gpu=False, auto_log_cpu=False)
        return (
            lambda step, loss, error: trackio.log({"loss": loss, "error": error}, step=step),
            lambda: None,
            trackio.finish,
        )


def main():
    kind, folder, source = sys.argv[1:4]
    tool = {"tensorboard": TensorBoard, "trackio": Trackio}[kind](folder)
    began = time.perf_counter()
    if source == "--live":
        log, flush, close = tool.run("live")
        for step in range(1, int(sys.argv[4]) + 1):
            log(step, 1.0 / step, 50.0 / step)
            flush()
            sys.stdout.write(f"point {step} {time.time()}\n")
            sys.stdout.flush()
            time.sleep(1.0)
        close()
        return
    for number, table in enumerate(np.load(source)["curves"]):
        log, _, close = tool.run(f"run-{number}")
        for step, (loss, error) in enumerate(table[:2].T.tolist(), 1):
            log(step, loss, error)
        close()
    sys.stdout.write(f"seconds {time.perf_counter() - began}\n")


if __name__ == "__main__":
    main()
