"""What tests of labs share: the device they compute on, and how to run one."""

import torch

from engine.events import CurveUpdated, MetricReported
from engine.hardware.device import Device

CPU = torch.device("cpu")
DEVICE = Device(CPU, "CPU", "fp32", 1)


def results(events):
    """Last curve of each panel and name, last value of each figure, as comparable text (NaN equals NaN)."""
    events = list(events)
    curves = {(e.panel, e.name): repr((list(e.x), list(e.y))) for e in events if isinstance(e, CurveUpdated)}
    return curves, {e.name: repr(e.value) for e in events if isinstance(e, MetricReported)}


def until(lab, count):
    """Pull ``count`` events and leave the lab there."""
    events = lab.events()
    taken = [next(events) for _ in range(count)]
    events.close()
    return taken
