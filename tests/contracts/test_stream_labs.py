"""The labs that look at runs, over MLPs and Transformers; every number of a setting at its lower bound."""

import math

import pytest

from engine.events import CurveUpdated, MetricReported
from engine.labs.landscape.lab import LandscapeLab
from engine.labs.landscape.spec import LANDSCAPE
from engine.labs.lesion.lab import LesionLab
from engine.labs.lesion.spec import LESION
from engine.labs.registry import check_settings
from tests.engine.labs.bench import DEVICE
from tests.engine.labs.inspected_runs import trained

#: Two blocks, 5 or 9 linear layers before the head.
VIT, MLP = {"model__family": "vit", "model__depth": 10}, {"model__family": "mlp", "model__depth": 6}


def ran(lab, spec, *inspected_runs):
    """The last points of each curve, and the last value of each metric."""
    lowest = {option.name: option.low for option in spec.options if option.low is not None}
    events = list(lab(check_settings(spec, lowest), DEVICE, None, inspected_runs).events())
    curves = {(e.panel, e.name.text): dict(zip(e.x, e.y, strict=True)) for e in events if isinstance(e, CurveUpdated)}
    return curves, {e.name: e.value for e in events if isinstance(e, MetricReported)}


@pytest.mark.parametrize(("family", "branches"), [(VIT, 4), (MLP, 2)])
def test_lesions_take_whole_blocks_and_know_no_batch_norm(family, branches):
    plain, post = trained(1, **family, model__shortcut="none"), trained(2, **family, model__shortcut="A:order=post-ln")
    curves, metrics = ran(LesionLab, LESION, plain, post)
    assert metrics["intact_equals_stored"] == 1.0
    assert metrics["plain_blocks"] == metrics["residual_blocks"] == 2
    assert list(curves["deleted", plain.name]) == list(curves["deleted", post.name]) == [0, 1, 2]
    assert not [kind for _, kind in curves if "recalibrated" in kind]
    assert list(curves["paths", post.name]) == list(range(branches + 1))
    assert list(curves["paths", plain.name]) == [branches]
    assert math.isnan(metrics["residual_median_error_recalibrated"])


def test_a_landscape_stands_around_a_transformer():
    inspected = trained(2, **VIT, model__shortcut="A")
    _, metrics = ran(LandscapeLab, LANDSCAPE, inspected)
    assert metrics["first_equals_stored"] == 1.0
    assert metrics["first_top_hessian_eigenvalue"] > 0
