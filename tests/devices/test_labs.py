"""Labs on a pretended GPU: none mixes devices. They may wait for the GPU: their results are numbers.

Labs that leave the GPU alone (their nets are a few numbers wide) are not here.
"""

from dataclasses import replace
from pkgutil import resolve_name

import pytest

from engine.events import Concluded
from engine.labs.registry import LABS
from tests.contracts.test_labs import smallest
from tests.devices.pretended_gpu import GPU, PretendedGpu
from tests.engine.labs.inspected_runs import trained

#: Labs whose nets are trained or measured on the CPU whatever their device.
ON_CPU = {"conditioning", "mapping", "shattering"}
#: Labs that take more than a second of one core here.
DEAR = {"constructed", "landscape", "lesion", "predictability", "rates", "smoothness"}
pytestmark = pytest.mark.filterwarnings("ignore:.*copying from a non-meta parameter")


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow if name in DEAR else ()) for name in LABS if name not in ON_CPU],
)
def test_a_lab_runs_on_the_gpu(name):
    row = LABS[name]
    looked_at = trained(1), trained(2, model__shortcut="A")
    with PretendedGpu() as gpu:
        device = gpu.device("fp32")
        runs = [replace(run, device=device, images=run.images.to(GPU)) for run in looked_at]
        inspected = (runs if row.run_option.run_reference == "runs" else runs[:1],) if row.run_option else ()
        before = gpu.live.now
        events = list(resolve_name(row.lab)(smallest(name), device, None, *inspected).events())
    assert isinstance(events[-1], Concluded)
    assert gpu.live.peak > before + 100_000, "nothing was computed on the GPU"


def test_noise_around_an_identity_start_goes_where_the_weights_are():
    from engine.config import ModelConfig
    from engine.labs.constructed.insertion import add_noise, grow
    from engine.models.build import build_model

    shallow, deep = (ModelConfig(depth=depth, width=4, channels=1, image_size=8) for depth in (8, 14))
    with PretendedGpu():
        grown = grow(build_model(shallow, 0).state_dict(), deep, 0, ("stage1.block2", "stage2.block2", "stage3.block2"))
        grown.net.to("cuda")
        add_noise(grown, 0.1, 0)
        assert {weight.device for weight in grown.net.state_dict().values()} == {GPU}


def test_the_surface_around_a_net_is_where_the_net_is():
    from engine.labs.landscape.surface import Surface

    run = trained(1)
    with PretendedGpu() as gpu:
        there = replace(run, device=gpu.device("fp32"), images=run.images.to(GPU))
        surface = Surface(there, 40, recalibrate=True)
        (offset,) = read(surface.offsets())
        for step in (offset, *surface.directions(0)):
            assert step.device == GPU
            assert len(read(surface.point(step))) == len(read(surface.fine_point(step))) == 2


def read(steps):
    """Return what a generator returns at its end."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
