"""The modules that the fork server loads once; without computation, for thread pools and CUDA do not survive a fork."""

import gc

import torch.utils.serialization.config  # noqa: F401 - torch.save loads it

import engine.data.images
import engine.hardware.device
import engine.probes.online.probe
import engine.runs.worker.worker
import engine.training.checkpoint
import engine.training.trainer  # noqa: F401 - loaded for forked workers
from engine.store.connection import prepare
from engine.store.rows import ChangeRow, CheckpointRow, RunRow

prepare((RunRow, ChangeRow, CheckpointRow))
gc.collect()
# Loaded modules live as long as the workers: collections after the fork need not touch (and copy) their pages.
gc.freeze()
