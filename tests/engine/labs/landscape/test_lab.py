"""The lab ``landscape`` on tiny trainings: its middle, its scale, its directions; trainings stay as they are."""

import dataclasses
import io
import math

import pytest
import torch

from engine.config import RunConfig, replace
from engine.errors import ConfigError
from engine.events import CurveUpdated, MetricReported, Split
from engine.labs.landscape.lab import LandscapeLab
from engine.labs.landscape.metrics import bent, compared
from engine.labs.landscape.spec import LANDSCAPE, NAMES
from engine.labs.landscape.surface import Surface
from engine.labs.registry import check_settings
from engine.training.evaluate import Score
from tests.engine.labs.bench import DEVICE, PRECISIONS, ended
from tests.engine.labs.inspected_runs import trained
from tests.engine.training import tiny

SMALL = {"finer": 0, "images": 200, "products": 4}


def nets():
    return trained(1, model__shortcut="none"), trained(2, model__shortcut="A")


def done(settings, inspected_runs):
    lab = LandscapeLab(check_settings(LANDSCAPE, SMALL | settings), DEVICE, None, inspected_runs)
    events = list(lab.events())
    return events, {e.name: e.value for e in events if isinstance(e, MetricReported)}


def curves(events, panel):
    return {
        e.name.text: dict(zip(e.x, e.y, strict=True))
        for e in events
        if isinstance(e, CurveUpdated) and e.panel == panel
    }


def saved(document):
    """The bytes of a checkpoint."""
    file = io.BytesIO()
    torch.save(document, file)
    return file.getvalue()


@pytest.fixture(scope="module")
def found():
    return done({}, nets())


@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_middle_is_the_stored_evaluation_exactly(precision, found):
    one = trained(1, model__shortcut="none", precision=precision)
    figures = found[1] if precision == "fp32" else done({}, (one,))[1]
    assert figures["first_equals_stored"] == 1.0
    assert figures["first_centre_train_loss"] == one.stored[Split.TRAIN_CLEAN].loss
    assert figures["first_centre_test_error"] == one.stored[Split.TEST_SUBSET].error


def test_the_planes_own_middle_is_the_training_loss_where_it_has_the_same_images(found):
    events, figures = found
    assert curves(events, "plane")["plain-8, b 0"][0.0] == pytest.approx(figures["first_stored_train_loss"], abs=1e-6)
    assert curves(events, "errors")["A-8, b 0"][0.0] == pytest.approx(figures["second_stored_train_error"], abs=1e-4)


def test_a_middle_that_differs_says_so():
    stored = {Split.TRAIN_CLEAN: Score(Split.TRAIN_CLEAN, 1.0, 50.0, 60)}
    same = {"train_clean": [1.0, 50.0, 60], "test_subset": [2.0, 50.0, 60]}
    assert compared(same, stored)["equals_stored"] == 1.0
    for other in ([1.00001, 50.0, 60], [1.0, 100 * 31 / 60, 60]):
        assert compared(same | {"train_clean": other}, stored)["equals_stored"] == 0.0
    unknown = compared(same, {})
    assert math.isnan(unknown["equals_stored"]) and math.isnan(unknown["stored_test_loss"])


def test_trainings_stay_as_they_are(found):
    inspected_runs = nets()
    before = [saved(inspected.document) for inspected in inspected_runs]
    trails = [saved(read()) for inspected in inspected_runs for _, read in inspected.trail]
    done({"bn": "recalibrated"}, inspected_runs)
    assert before == [saved(inspected.document) for inspected in inspected_runs]
    assert trails == [saved(read()) for inspected in inspected_runs for _, read in inspected.trail]


def test_a_point_is_the_loss_of_a_net_that_was_moved_there_by_hand():
    inspected = nets()[1]
    surface = Surface(inspected, 60, False)
    directions = surface.directions(5)
    loss, error = ended(surface.point(0.3 * directions[0] - 0.2 * directions[1]))
    model = inspected.model()
    with torch.no_grad():
        place = 0
        for parameter in model.parameters():
            piece = slice(place, place := place + parameter.numel())
            parameter += (0.3 * directions[0] - 0.2 * directions[1])[piece].view_as(parameter)
    by_hand = ended(inspected.scores(inspected.evaluator(model), model, [Split.TRAIN_CLEAN]))[Split.TRAIN_CLEAN]
    assert loss == pytest.approx(by_hand.loss, rel=1e-5) and error == pytest.approx(by_hand.error, abs=1e-4)
    whole = Surface(inspected, 200, False)
    assert ended(whole.fine_point(torch.zeros_like(directions[0])))[0] == pytest.approx(
        inspected.stored[Split.TRAIN_CLEAN].loss, rel=1e-5
    )


def test_recalibrated_statistics_are_those_of_the_images_whatever_was_measured_before():
    inspected = nets()[0]
    surface = Surface(inspected, 60, True)
    step = 0.4 * surface.directions(0)[0]
    first = ended(surface.point(step))
    ended(surface.point(-step))
    assert ended(surface.point(step)) == first
    assert first != ended(Surface(inspected, 60, False).point(step))
    assert ended(surface.point(0 * step))[0] != inspected.stored[Split.TRAIN_CLEAN].loss


def test_a_net_without_batch_norm_takes_no_passes_for_its_statistics():
    inspected = trained(model__shortcut="A:norm=none")
    surfaces = [Surface(inspected, 60, anew) for anew in (True, False)]
    anew, kept = (len(list(surface.point(0 * surface.weights))) for surface in surfaces)
    assert anew == kept


def test_equal_nets_get_the_same_plane_and_other_seeds_others():
    one, other = (Surface(inspected, 60, False).directions(0) for inspected in nets())
    for a, b in zip(one, other, strict=True):
        assert float(torch.cosine_similarity(a, b, dim=0)) > 0.9, "same draws, lengths of each net's own filters"
    changed = Surface(nets()[0], 60, False).directions(1)
    assert float(torch.cosine_similarity(one[0], changed[0], dim=0)) < 0.2


def test_figures_tell_what_a_random_direction_hides(found):
    _, figures = found
    for slot in ("first", "second"):
        top, random = figures[f"{slot}_top_hessian_eigenvalue"], figures[f"{slot}_random_curvature"]
        assert top > figures[f"{slot}_gradient_curvature"] and top > 10 * abs(random)
        assert figures[f"{slot}_gradient_norm"] > 0 and figures[f"{slot}_trajectory_share"] < 0.1
        assert figures[f"{slot}_relative_sharpness"] == pytest.approx(top * figures[f"{slot}_weight_norm"] ** 2)
    down = dict.fromkeys(("top", "lowest", "residual", "along_gradient", "gradient_norm", "weight_norm"), 1.0)
    assert math.isnan(bent(down | {"along_random": -0.1})["hidden_factor"])


def test_slices_rise_as_the_gradient_says_and_bend_most_where_the_hessian_does():
    events, figures = done({"reach": 0.001}, nets()[1:])
    slices, step = curves(events, "slices"), 0.001 * figures["first_weight_norm"]
    along = slices["A-8 along gradient"]
    assert (along[0.001] - along[-0.001]) / (2 * step) == pytest.approx(figures["first_gradient_norm"], rel=0.01)
    bends = {name: slice_[0.001] + slice_[-0.001] - 2 * slice_[0.0] for name, slice_ in slices.items()}
    assert bends["A-8 along top eigenvector"] > 10 * abs(bends["A-8 along random direction"])


def test_one_net_alone_leaves_the_second_slot_empty():
    figures = done({}, nets()[:1])[1]
    assert all(math.isnan(figures[f"second_{name}"]) for name in NAMES)
    assert figures["points"] == 25


def longer(inspected):
    """A training with one more saved state."""
    (step, read), document = inspected.trail[0], inspected.document
    half = dict(read(), model={name: (a + document["model"][name]) / 2 + 0.01 for name, a in read()["model"].items()})
    return dataclasses.replace(inspected, trail=[(step, read), (step + 1, lambda: half)])


def test_planes_of_trajectories_hold_the_way_on_one_scale():
    inspected_runs = tuple(map(longer, nets()))
    events, figures = done({"directions": "trajectory", "bn": "running"}, inspected_runs)
    ways = {
        e.name.text: list(zip(e.x, e.y, strict=True))
        for e in events
        if isinstance(e, CurveUpdated) and e.panel == "path"
    }
    rows = curves(events, "plane")
    edge = max(rows["plain-8, b 0"])
    assert edge == max(rows["A-8, b 0"]) >= max(abs(part) for way in ways.values() for place in way for part in place)
    for slot, way in zip(("first", "second"), ways.values(), strict=True):
        assert figures[f"{slot}_trajectory_share"] == pytest.approx(1, abs=1e-3), "two steps lie in their plane"
        assert len(way) == 3 and way[-1] == (0.0, 0.0)


def test_a_trajectory_of_two_states_is_refused_with_the_reason():
    with pytest.raises(ConfigError) as caught:
        done({"directions": "trajectory"}, nets())
    assert "run 1 has 2 saved states" in str(caught.value) and "directions=random" in str(caught.value)


def test_nets_of_different_images_are_refused():
    config = tiny.config()
    assert LANDSCAPE.suits([config, replace(config, {"model.depth": 14})]) == ""
    reason = LANDSCAPE.suits([config, replace(config, {"data.name": "cifar10"})])
    assert "different images" in reason and "cifar10" in reason and "\n" not in reason


def test_the_deepest_plain_and_residual_nets_of_one_seed_are_chosen():
    def mate(depth, shortcut, seed=0):
        return RunConfig.model_validate({"model": {"depth": depth, "shortcut": shortcut}, "seed": seed})

    race = [mate(20, "none"), mate(56, "none"), mate(20, "A"), mate(56, "A"), mate(110, "A")]
    assert list(LANDSCAPE.choose(race)) == [1, 3]
    assert list(LANDSCAPE.choose([mate(20, "A"), mate(20, "none", 1), mate(20, "A", 1)])) == [1, 2]
    assert list(LANDSCAPE.choose([mate(20, "A"), mate(56, "none")])) == [1, 0]
    assert list(LANDSCAPE.choose([mate(20, "A"), mate(56, "B")])) == [1]


def test_estimates_grow_with_what_is_asked():
    plain = LANDSCAPE.defaults()
    for more in (
        {"finer": 2},
        {"images": 512},
        {"bn": "recalibrated"},
        {"directions": "trajectory"},
        {"runs": "1,2,3"},
    ):
        assert LANDSCAPE.seconds(plain | more) > LANDSCAPE.seconds(plain)
