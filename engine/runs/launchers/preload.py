"""The modules that the fork server loads once; without computation, for thread pools and CUDA do not survive a fork.

It tells the engine that they are loaded, and what ends it later.
"""

import gc
from importlib import import_module

from engine.runs.launchers.fork_server import Report

_report = Report()
_report.tell_end()
gc.disable()  # imports make no garbage: a quarter of their time
try:
    import torch.utils.serialization.config  # noqa: F401 - torch.save loads it

    import engine.data.images
    import engine.hardware.device
    import engine.probes.online.probe
    import engine.runs.worker.worker
    import engine.training.checkpoint
    import engine.training.trainer  # noqa: F401 - loaded for forked workers
    from engine.models.registry import SHORTCUTS
    from engine.models.tensors import NETS
    from engine.probes.registry import QUANTITIES
    from engine.store.connection import prepare
    from engine.store.rows import ChangeRow, CheckpointRow, RunRow

    prepare((RunRow, ChangeRow, CheckpointRow))
    # What the tables name is loaded by its first use: in each worker, if not here.
    tables = (
        *(net.net for net in NETS.values()), *(row.builder for row in SHORTCUTS.values()),
        *(row.measure for row in QUANTITIES.values()),
    )  # fmt: skip
    for module in dict.fromkeys(name.partition(":")[0] for name in tables if name):
        import_module(module)
except Exception as error:
    _report.lacks(error)
    raise ImportError("what the fork server lacks is loaded by the workers") from error
finally:
    gc.enable()
gc.collect()
# Loaded modules live as long as the workers: collections after the fork need not touch (and copy) their pages.
gc.freeze()
_report.ready()
