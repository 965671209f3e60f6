"""The cheap labs, measured again: the recorded numbers are those of this version, within stated tolerances."""

import pytest

from engine.events import MetricReported
from engine.exchange import lab_reference
from engine.labs.registry import LABS
from tests.engine.labs.bench import DEVICE

#: Allowed difference by lab, relative to the recorded number. Processors round matrix products differently, and a
#: gradient through 50 layers multiplies the difference.
TOLERANCE = {"gradients": 0.02, "shattering": 0.05}


@pytest.mark.parametrize(
    "lab", [pytest.param("gradients", marks=pytest.mark.slow), pytest.param("shattering", marks=pytest.mark.long)]
)
def test_a_lab_finds_its_recorded_numbers_again(lab):
    recorded = lab_reference.read(lab)
    module, _, name = LABS[lab].lab.partition(":")
    make = getattr(__import__(module, fromlist=[name]), name)
    events = make(dict(recorded.settings), DEVICE, None).events()
    found = {event.name: event.value for event in events if isinstance(event, MetricReported)}
    assert found.keys() == recorded.metrics.keys()
    for metric, value in recorded.metrics.items():
        assert found[metric] == pytest.approx(value, rel=TOLERANCE[lab], abs=0.02), metric
