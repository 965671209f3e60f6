import json

import numpy as np
import pytest

from engine.config import RaceConfig
from engine.events import Probed
from engine.probes.registry import absences
from engine.runs.worker.training_job import CODINGS
from engine.store.tables.probes import LayerRow
from engine.store.writer import Writer


@pytest.fixture
def recorded(workspace):
    """A run of two layers and one block, probed at steps 0 and 20, and one without probes."""
    with Writer(workspace) as writer:
        writer.races.submit(RaceConfig(depths=(8,), shortcuts=("none", "A")))
        writer.probes.add_layers(
            1, [LayerRow("layer", 0, "stem/conv", 0, 1), LayerRow("layer", 1, "stage1/block1/conv1", 1, 2)]
        )
        writer.probes.add_layers(1, [LayerRow("block", 0, "stage1/block1", 1, 2)])
        for step in (0, 20):
            arrays = {
                "response_std": np.array([1.0 + step, np.inf]), "update_size": np.array([0.25]),
                "gradient_growth": np.array([1.1, 1.2, 1.3, 1.4]), "response_std_channel": np.array([0.5, 1.0, 2.0]),
                "response_histogram": np.array([[0.5, 0.5], [0.0, 1.0]]),
            }  # fmt: skip
            writer.probes.add(1, Probed(step, 1.0, 0.1, 32, arrays), CODINGS)


def document(call, *arguments):
    code, out, err = call("layers", "1", *arguments, "--json")
    assert (code, err) == (0, "")
    return json.loads(out)


def test_the_last_probe_is_what_is_shown_unless_a_step_is_named(call, recorded):
    assert document(call) == {
        "run": 1, "step": 20, "quantity": "response_std", "unit": "", "absent": absences("cifar"),
        "layers": [{"layer": "stem/conv", "value": 21.0}, {"layer": "stage1/block1/conv1", "value": None}],
    }  # fmt: skip
    assert document(call, "--step", "0")["layers"][0]["value"] == 1.0


@pytest.mark.parametrize(
    ("quantity", "names"),
    [
        ("update_size", ["stage1/block1"]),
        ("gradient_growth", ["net", "stage1", "stage2", "stage3"]),
        (
            "response_std_channel",
            ["stem/conv/channel1", "stage1/block1/conv1/channel1", "stage1/block1/conv1/channel2"],
        ),
        ("response_histogram", ["stem/conv", "stage1/block1/conv1"]),
    ],
)
def test_every_kind_of_quantity_has_its_names(call, recorded, quantity, names):
    layers = document(call, "--quantity", quantity)["layers"]
    assert [layer["layer"] for layer in layers] == names
    if quantity == "response_histogram":
        assert layers[0]["value"] == pytest.approx([0.5, 0.5], abs=0.01)


def test_text_says_what_is_infinite(call, recorded):
    code, out, _ = call("layers", "1")
    assert code == 0
    assert "run 1, step 20: response std" in out
    assert "infinite" in out


def test_the_nearest_steps_lie_on_both_sides(call, recorded, workspace):
    with Writer(workspace) as writer:
        writer.probes.add_layers(2, [LayerRow("layer", 0, "stem/conv", 0, 1)])
        for step in (0, 20, 40, 60, 80):
            writer.probes.add(2, Probed(step, 1.0, 0.1, 32, {"response_std": np.array([1.0])}), CODINGS)
    assert "nearest 40, 60, 80" in call("layers", "2", "--step", "55")[2]
    assert "nearest 0, 20, 40" in call("layers", "2", "--step", "1")[2]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["9"], "there is no run 9"),
        (["2"], "run 2 has no probes: none was made yet, or it was recorded with probe.images=0"),
        (["1", "--step", "7"], "run 1 was not probed at step 7; nearest 0, 20"),
        (["1", "--step", "soon"], "--step is a whole number or last (got 'soon')"),
        (["1", "--quantity", "token_rank"], "run 1 has no token_rank: only a Vision Transformer has attention"),
        (["1", "--quantity", "gamma_abs"], "run 1 was recorded without gamma_abs; it has response_std, update_size"),
    ],
)
def test_what_is_not_there_is_one_line(call, recorded, arguments, words):
    code, out, err = call("layers", *arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1
