import pytest
import torch

from engine.config import LabConfig, RunConfig
from engine.errors import ConfigError, DeviceError
from engine.hardware import device as device_module
from engine.hardware.device import choose, describe

on_cpu = pytest.mark.skipif(torch.cuda.device_count() > 0, reason="this machine has a GPU")


@pytest.fixture(autouse=True)
def threads_as_before():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_threads_are_fixed_by_the_config():
    chosen = choose(RunConfig(device="cpu", threads=1))
    assert chosen.threads == torch.get_num_threads() == 1
    assert choose(RunConfig(device="cpu", threads=2)).threads == torch.get_num_threads() == 2


@pytest.mark.parametrize(("native", "asked", "given"), [
    (True, "auto", "bf16"), (True, "fp32", "fp32"), (True, "bf16", "bf16"),
    (False, "auto", "fp32"), (False, "fp32", "fp32"),
])  # fmt: skip
def test_precision(monkeypatch, native, asked, given):
    monkeypatch.setattr(device_module, "_cpu_has_bf16", lambda: native)
    assert choose(RunConfig(device="cpu", precision=asked, threads=1)).precision == given


def test_bf16_is_refused_where_it_is_not_native(monkeypatch):
    monkeypatch.setattr(device_module, "_cpu_has_bf16", lambda: False)
    with pytest.raises(DeviceError, match="use precision fp32 or auto"):
        choose(RunConfig(device="cpu", precision="bf16", threads=1))


@on_cpu
def test_a_missing_gpu_is_named():
    with pytest.raises(DeviceError, match=r"device cuda:3 is not there \(no GPU is there\); use cpu or auto"):
        choose(RunConfig(device="cuda:3"))
    assert choose(RunConfig(threads=1)).torch_device.type == "cpu"


@pytest.mark.skipif(torch.backends.mps.is_available(), reason="this machine has mps")
def test_mps_is_named_where_it_is_missing_and_no_lab_computes_there():
    with pytest.raises(DeviceError, match="device mps is not there"):
        choose(RunConfig(device="mps"))
    with pytest.raises(ConfigError, match="a lab needs 64-bit floats, which mps lacks"):
        LabConfig.checked(lab="lesion", device="mps")


def test_autocast_only_in_bf16():
    a, b = torch.ones(2, 2), torch.ones(2, 2)
    with choose(RunConfig(device="cpu", precision="fp32", threads=1)).autocast():
        assert (a @ b).dtype == torch.float32


def test_doctor_gets_plain_values():
    facts = describe()
    assert facts["precision"] in ("bf16", "fp32")
    assert facts["threads"] >= 1
    assert facts["name"]
    assert facts["torch"] == torch.__version__


@pytest.mark.gpu
def test_first_gpu_is_taken():
    chosen = choose(RunConfig(threads=1))
    assert chosen.torch_device == torch.device("cuda", 0)
    assert chosen.name == torch.cuda.get_device_name(0)
