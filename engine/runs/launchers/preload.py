"""What the fork server loads once, so that a worker finds it loaded. Imported by the fork server and workers alone.

Nothing here computes: a thread pool that exists before the fork would be broken after it, and CUDA must not be touched.
"""

import gc

import engine.data.images
import engine.hardware.device
import engine.probes.online.probe
import engine.runs.worker.worker
import engine.training.checkpoint
import engine.training.trainer  # noqa: F401 - loaded for those who are forked

gc.collect()
# What is loaded now lives as long as the workers: collections after the fork need not touch (and copy) its pages.
gc.freeze()
