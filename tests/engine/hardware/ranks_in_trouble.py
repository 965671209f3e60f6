"""Two ranks, the second of which meets trouble: ``python -m tests.engine.hardware.ranks_in_trouble CASE...``.

Prints for each case, as JSON, what rank 0 raised, and after how many seconds. Cases run at once, each in processes of
its own that were forked before torch computed anything.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import traceback

import torch

from engine.hardware import rank_signs
from engine.hardware import ranks as module
from engine.hardware.ranks import Order, Ranks
from engine.paths import PROJECT
from engine.runs.worker.replicas import LOOPBACK, listening

#: Limits for tests: silence; an answer; when a pause is no longer put off.
SILENT_S, ANSWER_S, OVERDUE_S = 3.0, 1.5, 1.0
CAUSE = "out of memory (planted)"


def found(*cases: str) -> dict[str, dict]:
    """Return by case what rank 0 raised."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.engine.hardware.ranks_in_trouble", *cases],
        cwd=PROJECT, check=True, timeout=100, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    lines = (line.split("\t") for line in done.stdout.splitlines())
    return {case: json.loads(told) for case, told in lines}


def _second(case: str, lead: tuple[str, int]) -> None:
    if case == "never meets":
        module._interface = _fails  # a network card that is gone, a GPU that is busy
    ranks = Ranks.join(lead, 1, 2, "cpu")
    try:
        if case == "fails while it meets":
            ranks._connect = _fails
        if case == "hangs while it meets":
            ranks._connect = _hangs
        if case == "silent while it meets":
            ranks._connect = _sleeps
        ranks.meet(LOOPBACK)
        ranks.receive()
        if case == "fails while it loads":
            _fails()
        if case == "silent while it loads":
            _sleeps()
        ranks.tell_ready()
        ranks.hear()
        if case == "fails between exchanges":
            _fails()
        time.sleep(600)  # in an exchange that it never begins
    except RuntimeError as error:
        ranks.tell_failure(str(error))
        time.sleep(600)  # its process lives on: the word alone has to do


def _fails(*_):
    raise RuntimeError(CAUSE)


def _sleeps(*_):
    os.kill(os.getpid(), signal.SIGSTOP)


def _hangs(*_):
    time.sleep(600)


def _first(case: str, listener) -> None:
    ranks = Ranks.lead(listener, 2, "cpu")
    ranks.meet(LOOPBACK)
    ranks.send({"step": 0})
    ranks.await_ready(str)
    if case == "a pause in an exchange":
        ranks.meanwhile = _paused
    if case == "fails between exchanges":
        ranks.meanwhile = lambda is_overdue: ranks.check()
    weight = torch.nn.Parameter(torch.ones(3))
    weight.grad = torch.ones(3)
    ranks.announce(Order(1, 0.1, 0.0, 1.0))
    ranks.average([weight], torch.ones(()), torch.ones(()))


class Paused(Exception):
    """What a worker raises to serve a pause."""


def _paused(is_overdue: bool) -> None:
    if is_overdue:
        raise Paused


def _case(case: str) -> None:
    rank_signs.SILENT_S, module.ANSWER_S, module.OVERDUE_S = SILENT_S, ANSWER_S, OVERDUE_S
    module.MEET_S = ANSWER_S if case == "hangs while it meets" else 600.0
    rank_signs.BEAT_S = 0.2
    listener = listening(LOOPBACK)
    lead = listener.getsockname()
    if (other := os.fork()) == 0:
        listener.close()
        try:
            _second(case, lead)
        except BaseException:
            traceback.print_exc()
        os._exit(1)
    threading.Timer(30, os._exit, (1,)).start()
    began, told = time.monotonic(), {"raised": "nothing"}
    try:
        _first(case, listener)
    except BaseException as error:
        told = {"raised": type(error).__name__, "text": str(error), "seconds": time.monotonic() - began}
    os.kill(other, signal.SIGKILL)
    os.write(1, f"{case}\t{json.dumps(told)}\n".encode())
    os._exit(0)


if __name__ == "__main__":
    children = []
    for name in sys.argv[1:]:
        if (child := os.fork()) == 0:
            _case(name)
        children.append(child)
    assert all(os.waitpid(child, 0)[1] == 0 for child in children)
