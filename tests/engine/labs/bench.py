"""What tests of labs share: the device they compute on, and how to run one."""

import pytest
import torch

from engine.events import CurveUpdated, MetricReported
from engine.hardware import device as device_module
from engine.hardware.device import Device

CPU = torch.device("cpu")
DEVICE = Device(CPU, "CPU", "fp32", 1)

#: oneDNN corrupts memory where a CPU without bf16 arithmetic is made to train in bf16; the engine refuses to.
needs_bf16 = pytest.mark.skipif(not device_module._cpu_has_bf16(), reason="this CPU has no bf16 arithmetic")
PRECISIONS = ("fp32", pytest.param("bf16", marks=needs_bf16))


def results(events):
    """Last curve of each panel and name, last value of each figure, as comparable text (NaN equals NaN)."""
    events = list(events)
    curves = {(e.panel, e.name.text): repr((list(e.x), list(e.y))) for e in events if isinstance(e, CurveUpdated)}
    return curves, {e.name: repr(e.value) for e in events if isinstance(e, MetricReported)}


def until(lab, count):
    """Pull ``count`` events and leave the lab there."""
    events = lab.events()
    taken = [next(events) for _ in range(count)]
    events.close()
    return taken


def ended(work):
    """Do ``work``, a generator, to its end; return what it returns."""
    while True:
        try:
            next(work)
        except StopIteration as stop:
            return stop.value
