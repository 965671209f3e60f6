"""The log of a run: one file, to which every process that works on the run appends. Torch-free."""

import faulthandler
import logging
from contextlib import ExitStack

from engine.store.space.writability import disk_errors
from engine.store.workspace import Workspace


def open_log(workspace: Workspace, run: int, stack: ExitStack) -> None:
    """Write this process's log, native crashes included, to the run's file."""
    with disk_errors(workspace.path):
        workspace.run(run).mkdir(exist_ok=True)
        handler = logging.FileHandler(workspace.log(run), encoding="utf-8")
    logging.raiseExceptions = False  # a full disk takes no line, and no traceback about it either
    stack.callback(handler.close)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    if handler.stream is not None:  # only with ``delay``
        faulthandler.enable(handler.stream)
