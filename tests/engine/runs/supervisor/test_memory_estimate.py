import pytest
import torch

from engine.config import RunConfig, replace
from engine.models.build import build_model
from engine.runs.supervisor.memory_estimate import KEPT, PROCESS_BYTES, SLACK, activation_bytes, gpu_bytes
from tests.contracts.variants import ROWS

GIB = 2**30


def config(**changes):
    return replace(RunConfig(), {key.replace("__", "."): value for key, value in changes.items()})


NETS = [
    *({"shortcut": name, "depth": 14} for name in ROWS),
    {"shortcut": "A:order=full-pre", "depth": 56},
    {"shortcut": "none:layers=3", "depth": 20, "width": 64},
    {"shortcut": "A:norm=none", "depth": 20},
    {"shortcut": "B", "depth": 18, "family": "imagenet", "width": 64},
    {"shortcut": "none", "depth": 50, "family": "imagenet", "width": 64},
    {"shortcut": "A", "depth": 32, "family": "mlp", "width": 64},
    {"shortcut": "shaped:wire=mlp", "depth": 18, "family": "vit", "width": 32},
]


@pytest.mark.parametrize("net", NETS, ids=lambda net: f"{net['shortcut']}-{net['depth']}")
@pytest.mark.parametrize("precision", ["bf16", pytest.param("fp32", marks=pytest.mark.slow)])
def test_the_estimate_of_activations_covers_what_autograd_keeps(net, precision):
    run = config(
        **{f"model__{key}": value for key, value in net.items()}, precision=precision, optim__batch_size=4,
    )  # fmt: skip
    model = build_model(run.model, 0).to(memory_format=torch.channels_last)
    weights = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    # Autocast's copies of the weights are counted with the weights.
    copied = {shape for each in model.parameters() for shape in (each.shape, each.mT.shape if each.ndim == 2 else None)}
    kept: dict[int, tuple[int, torch.Tensor]] = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights and not (precision == "bf16" and tensor.shape in copied):
            kept[storage.data_ptr()] = (storage.nbytes(), tensor)  # held, so that no address is used twice
        return tensor

    images = torch.rand(4, 3, 32, 32).to(memory_format=torch.channels_last)
    with (
        torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor),
        torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"),
    ):
        logits = model(images)
    assert logits.requires_grad
    real = sum(size for size, _ in kept.values())
    assert real < activation_bytes(run) < 3.1 * real


def test_an_estimate_grows_with_what_makes_a_run_large():
    base = gpu_bytes(config())
    assert PROCESS_BYTES < base < 2 * GIB
    assert gpu_bytes(config(optim__batch_size=256)) > base
    assert gpu_bytes(config(model__depth=110)) > base
    assert gpu_bytes(config(precision="fp32")) > base
    assert gpu_bytes(config(data__name="cifar10")) > base
    # The paper's largest nets on one GPU of 80 GB: as many small ones as there are slots, few of the largest.
    assert gpu_bytes(config(model__depth=110, precision="fp32")) < 4 * GIB
    assert 20 * GIB < gpu_bytes(config(model__depth=1202, precision="fp32")) < 40 * GIB
    assert SLACK > 1
    assert KEPT == 3


def test_what_cannot_be_counted_is_left_to_its_worker():
    assert gpu_bytes(config(model__shortcut="no such")) == PROCESS_BYTES
    assert gpu_bytes(config(data__name="folder:/somewhere")) > PROCESS_BYTES
