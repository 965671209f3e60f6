"""Validated, frozen configs of nets, data, optimizers, runs and races; no engine import but ``engine.errors``.

A checkpoint stores its ``RunConfig``, so the file alone rebuilds the net. ``engine.runs.protocol.planning`` checks the
names of data sets and shortcuts against their registries.
"""

from engine.config.base import Config, apply_settings, diff, leaves, replace
from engine.config.change import LIVE, STEPS, Change, check_change
from engine.config.data import DataConfig
from engine.config.families import FAMILIES, depth_name, nearest_depths
from engine.config.model import ModelConfig
from engine.config.optim import RUNNING_WINDOW, TUNED, OptimConfig
from engine.config.race import FREE, MAX_RUNS, TRIAL_SEED, RaceConfig, lead_from, lockstep
from engine.config.run import LabConfig, ProbeConfig, RunConfig
from engine.config.shortcut import ShortcutConfig, arm_name, on_replicas

__all__ = [
    "FAMILIES",
    "FREE",
    "LIVE",
    "MAX_RUNS",
    "RUNNING_WINDOW",
    "STEPS",
    "TRIAL_SEED",
    "Change",
    "Config",
    "DataConfig",
    "LabConfig",
    "ModelConfig",
    "OptimConfig",
    "ProbeConfig",
    "RaceConfig",
    "RunConfig",
    "ShortcutConfig",
    "TUNED",
    "apply_settings",
    "arm_name",
    "check_change",
    "depth_name",
    "diff",
    "lead_from",
    "leaves",
    "lockstep",
    "nearest_depths",
    "on_replicas",
    "replace",
]
