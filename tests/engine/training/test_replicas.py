"""Several ranks train as one process does that takes the shares of a batch in turn and adds up their gradients."""

import pytest
import torch

from tests.engine.training import tiny
from tests.engine.training.ranks import BESIDE, in_one_process, trained

CASES = {
    "fp32": {"optim__weight_decay": 0.01, "optim__drops": (0.5,)},
    "bf16": {"precision": "bf16"},
    "bf16 blocked": {"precision": "bf16", "model__width": 16},
    "stochastic depth": {"model__shortcut": "stochastic-depth:survival=0.5"},
    "dropout": {"model__shortcut": "dropout"},
    "adamw": {"optim__optimizer": "adamw", "optim__momentum": 0.9},
    "mlp": {"model__family": "mlp", "model__depth": 10, "model__shortcut": "A", "model__width": 16},
    "edits": {"edits": [[1, "lr", 0.05, 9], [2, "weight_decay", 0.1, 12], [3, "strength", 0.5, 15]]},
}
#: Further nets and settings of a training.
MORE = {
    "plain": {"model__shortcut": "none"},
    "A": {"model__shortcut": "A"},
    "B": {"model__shortcut": "B", "precision": "bf16"},
    "C": {"model__shortcut": "C"},
    "pre-activation": {"model__shortcut": "A:order=full-pre"},
    "vit": {"model__family": "vit", "model__depth": 6, "model__shortcut": "A", "model__width": 16},
    "mlp adamw": {"model__family": "mlp", "model__depth": 10, "model__width": 16, "optim__optimizer": "adamw"},
    "warm-up": {"optim__warmup_steps": 10, "optim__weight_decay": 0.01},
    "no augmentation": {"data__crop": 0, "data__flip": False},
    "probes": {"model__shortcut": "A", "probed": True, "probe__every": 5},
}


def one_process(case: dict, replicas: int) -> dict:
    """Return what a simple loop computes: every share through the net in turn."""
    settings = {key: value for key, value in case.items() if key not in BESIDE}
    device = tiny.device(case.get("precision", "fp32"))
    return in_one_process(tiny.config(**settings), tiny.images(), device, replicas, case.get("edits", ()))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    folder = tmp_path_factory.mktemp("ranks")
    return dict(zip(CASES, trained(folder, 2, *CASES.values()), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_two_replicas_are_one_process_with_two_halves_bit_for_bit(runs, name):
    if name == "bf16 blocked" and tiny.needs_blocked_bf16.args[0]:
        pytest.skip("oneDNN has no bf16 convolution on this processor")
    torch.set_num_threads(1)
    check_bits(one_process(CASES[name], 2), runs[name])


@pytest.mark.slow
def test_so_are_two_replicas_of_every_kind_of_net(tmp_path):
    torch.set_num_threads(1)
    for name, found in zip(MORE, trained(tmp_path, 2, *MORE.values()), strict=True):
        check_bits(one_process(MORE[name], 2), found)
        assert found["probed"] == ([0, 1, 2, 5, 10, 15, 20, 24] if "probed" in MORE[name] else [])


def check_bits(expected: dict, found: dict) -> None:
    assert len(found["rows"]) == 24
    assert [loss for _, loss, _ in found["rows"]] == expected["losses"]
    state = found["state"]["model"]
    for key, weight in expected["weights"].items():
        assert torch.equal(weight, state[key]), key


@pytest.mark.slow
@pytest.mark.parametrize("replicas", [3, 4])
def test_more_replicas_are_close_to_as_many_shares_and_repeat_themselves(tmp_path, replicas):
    case = CASES["fp32"] | {"optim__steps": 8, "optim__batch_size": 24}
    one, same = trained(tmp_path, replicas, case, case)
    assert one["rows"] == same["rows"]
    assert all(torch.equal(one["state"]["model"][name], same["state"]["model"][name]) for name in one["state"]["model"])
    expected = one_process(case, replicas)
    assert [loss for _, loss, _ in one["rows"]] == pytest.approx(expected["losses"], rel=1e-4)


@pytest.mark.slow
def test_a_replica_that_hangs_is_given_up(tmp_path):
    (found,) = trained(tmp_path, 2, {"stops_at": 5})
    assert found["step"] == 5
    assert found["lost"].startswith("another replica did not answer for ")


def test_replicas_are_another_model_than_one_process(runs):
    alone = tiny.trainer(tiny.config(**CASES["fp32"]))
    rows = tiny.rows(list(alone.events()))
    assert abs(rows[0].loss - runs["fp32"]["rows"][0][1]) > 1e-5, "each half has its own batch statistics"
