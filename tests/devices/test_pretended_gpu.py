"""The pretended GPU itself: what a GPU would suffer from is noticed, and what it would not is not."""

import pytest
import torch
import torch.nn.functional as F

from tests.devices.places import PLACES, PROJECT, DeviceFault
from tests.devices.pretended_gpu import GPU, PretendedGpu


@pytest.fixture
def gpu():
    with PretendedGpu() as pretended:
        yield pretended


def on_gpu(*shape: int) -> torch.Tensor:
    return torch.ones(*shape, device="cuda")


WAITS = {
    "item": lambda x: x.sum().item(),
    "float": lambda x: float(x[0, 0]),
    "bool": lambda x: bool((x > 0).all()),
    "if": lambda x: 1 if x.sum() else 0,
    "tolist": lambda x: x.tolist(),
    "numpy": lambda x: x.detach().numpy(),
    "cpu": lambda x: x.cpu(),
    "to the host": lambda x: x.to("cpu"),
    "print": lambda x: print(x),
    "format": lambda x: f"{x.sum():.3f}",
    "nonzero": lambda x: x.nonzero(),
    "where of one": lambda x: torch.where(x > 0),
    "boolean index": lambda x: x[x > 0],
    "boolean index that is written": lambda x: x.__setitem__(x > 0, x.new_zeros(3)),
    "masked_select": lambda x: torch.masked_select(x, x > 0),
    "unique": lambda x: torch.unique(x),
    "bincount": lambda x: torch.bincount(x.long().flatten()),
    "repeat_interleave": lambda x: torch.repeat_interleave(x.long().flatten()),
    "equal": lambda x: torch.equal(x, x + 1),
    "synchronize": lambda x: torch.cuda.synchronize(),
    "an event": lambda x: torch.cuda.Event().synchronize(),
    "slice to a number": lambda x: x[: x.long()[0, 0]],
    "row by a number": lambda x: x[x.long()[0, 0]],
    "range": lambda x: range(x.long().sum()),
    "tensor of numbers of the GPU": lambda x: torch.full((2,), x.sum()),
    "bounds from numbers of the GPU": lambda x: torch.linspace(x.sum(), 3.0, 4),
    "allclose": lambda x: torch.allclose(x, x),
    "eigenvalues": lambda x: torch.linalg.eigvalsh(x[:, :2]),
    "singular values": lambda x: torch.linalg.svdvals(x),
    "inverse": lambda x: torch.linalg.inv(x[:, :2]),
    "solve": lambda x: torch.linalg.solve(x[:, :2], x[:, :2]),
    "histc": lambda x: torch.histc(x, 4),
    "copy into a tensor of the host": lambda x: torch.zeros(2, 3).copy_(x),
}
UPLOADS = {
    "tensor": lambda x: torch.tensor([1.0, 2.0], device=x.device),
    "as_tensor": lambda x: torch.as_tensor([1.0], device="cuda"),
    "to": lambda x: torch.ones(2).to(x.device),
    "cuda": lambda x: torch.ones(2).cuda(),
    "to as another": lambda x: torch.ones(2).to(x),
    "copy": lambda x: x.copy_(torch.ones(2, 3)),
    "new_tensor": lambda x: x.new_tensor([1.0]),
    "rows by a list": lambda x: x[[0, 1]],
    "columns by a list": lambda x: x[:, [0, 1]],
    "rows by a list that are written": lambda x: x.__setitem__([0, 1], 1.0),
    "a number written as a tensor": lambda x: x.__setitem__((0, 0), torch.tensor(1.0)),
}
DRAWS = {
    "dropout": lambda x: F.dropout(x, 0.5),
    "rand": lambda x: torch.rand(2, device=x.device),
    "noise": lambda x: x.normal_(),
}
SOUND = {
    "arithmetic": lambda x: (x * 2).sum() + 1,
    "a number written": lambda x: x.__setitem__((0, 0), 1.0),
    "a tensor of the GPU written": lambda x: x[0].__setitem__(0, x.sum()),
    "places by whole numbers": lambda x: x[torch.arange(2, device=x.device)],
    "where of three": lambda x: torch.where(x > 0, x, 0.0),
    "rows by slices and numbers": lambda x: x[0:2, 1],
    "histc with bounds": lambda x: torch.histc(x, 4, 0, 1),
    "orthogonal": lambda x: torch.linalg.qr(x)[0],
    "masked_fill": lambda x: x.masked_fill(x > 0, 0.0),
    "full": lambda x: torch.full((2,), 3.0, device="cuda"),
    "its shape": lambda x: len(x) * x.shape[1],
    "work of the host": lambda x: torch.ones(3)[torch.ones(3) > 0].sum().item(),
    "repeat_interleave of known size": lambda x: torch.repeat_interleave(x.long().flatten(), output_size=6),
}


@pytest.mark.parametrize("name", [*WAITS, *UPLOADS, *DRAWS])
def test_a_wait_a_copy_and_a_draw_are_faults_while_watched(gpu, name):
    act = (WAITS | UPLOADS | DRAWS)[name]
    x = on_gpu(2, 3)
    with gpu.watched(), pytest.raises(DeviceFault):
        act(x)


@pytest.mark.parametrize("name", SOUND)
def test_what_only_queues_work_is_none(gpu, name):
    x = on_gpu(2, 3)
    with gpu.watched():
        SOUND[name](x)


@pytest.mark.parametrize("name", WAITS)
def test_a_wait_is_a_fault_in_inference_mode_too(gpu, name):
    with gpu.watched(), torch.inference_mode(), pytest.raises(DeviceFault):
        WAITS[name](on_gpu(2, 3))


MIXED = {
    "a tensor of the host": lambda x: x + torch.ones(2, 3),
    "a number as a tensor of the host": lambda x: x * torch.tensor(0.1),
    "places on the host": lambda x: x[torch.arange(2)],
    "labels on the host": lambda x: F.cross_entropy(x, torch.zeros(2, dtype=torch.long)),
    "a generator of the host": lambda x: x.normal_(generator=torch.Generator()),
}


@pytest.mark.parametrize("name", MIXED)
def test_operands_on_two_devices_are_always_a_fault(gpu, name):
    with pytest.raises(DeviceFault):
        MIXED[name](on_gpu(2, 3))


def test_what_a_backward_pass_does_is_seen_too(gpu):
    class Doubled(torch.autograd.Function):
        @staticmethod
        def forward(context, x):
            return 2 * x

        @staticmethod
        def backward(context, gradient):
            return gradient * torch.full((), 2.0)

    with pytest.raises(DeviceFault):
        Doubled.apply(on_gpu(2, 3).requires_grad_()).sum().backward()


def test_tensors_say_that_they_are_on_the_gpu_and_autocast_casts(gpu):
    x, weight = on_gpu(4, 3, 8, 8), on_gpu(5, 3, 3, 3).requires_grad_()
    assert (x.device, x.is_cuda, (x + 1).device, torch.ones(1).device.type) == (GPU, True, GPU, "cpu")
    with gpu.device("bf16").autocast():
        y = torch.conv2d(x, weight)
        loss = F.cross_entropy(y.mean((2, 3)), torch.zeros(4, dtype=torch.long, device=GPU))
    assert (y.dtype, loss.dtype) == (torch.bfloat16, torch.float32)
    loss.backward()
    assert (weight.grad.dtype, weight.grad.device) == (torch.float32, GPU)


def test_apples_gpu_has_no_64_bit_floats():
    with PretendedGpu("mps") as gpu:
        x = torch.ones(2, 3, device="mps")
        with gpu.device("bf16").autocast():
            assert (x @ x.T).dtype == torch.bfloat16
        assert (x.device.type, x.is_cuda) == ("mps", False)
        with pytest.raises(DeviceFault):
            x.double()


def test_bytes_are_counted_while_somebody_holds_them(gpu):
    before = gpu.live.now
    x = on_gpu(1000)
    view = x[10:]
    assert gpu.live.now - before == 4000
    del x
    assert gpu.live.now - before == 4000
    del view
    assert gpu.live.now == before and gpu.live.peak >= before + 4000


def test_places_are_those_of_the_product():
    for place in PLACES:
        source = (PROJECT / place.file).read_text(encoding="utf-8")
        assert f"def {place.function.rpartition('.')[2]}(" in source, place
        assert place.reason and place.kinds <= {"send", "upload", "read", "wait", "draw"}
