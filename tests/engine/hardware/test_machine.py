"""GPUs as the driver describes them, on machines that have none; processes whose clock is set."""

from types import SimpleNamespace

import psutil
import pynvml
import pytest

from engine.errors import ConfigError
from engine.hardware.machine import (
    RUNS_PER_GPU,
    Gpu,
    ProcessId,
    devices,
    gpus,
    nameable_devices,
    number_gpus_alike,
    process_before,
    runs_per_gpu,
)

CARDS = [("Big", 80, 70), ("Small", 8, 1)]


@pytest.fixture
def cards(monkeypatch):
    """A driver with two cards."""

    def by_index(index):
        return CARDS[index]

    def by_uuid(name):
        if name != "GPU-1234":
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_FOUND)
        return CARDS[1]

    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    for name, value in {
        "nvmlInit": lambda: None, "nvmlShutdown": lambda: None, "nvmlDeviceGetCount": lambda: 2,
        "nvmlDeviceGetHandleByIndex": by_index, "nvmlDeviceGetHandleByUUID": by_uuid,
        "nvmlDeviceGetName": lambda card: card[0],
        "nvmlDeviceGetMemoryInfo": lambda card: SimpleNamespace(total=card[1], free=card[2]),
        "nvmlDeviceGetUtilizationRates": lambda card: SimpleNamespace(gpu=55),
    }.items():  # fmt: skip
        monkeypatch.setattr(pynvml, name, value)


def test_gpus_are_named_as_torch_names_them(cards):
    assert gpus() == [Gpu("cuda:0", "Big", 80, 70, 55), Gpu("cuda:1", "Small", 8, 1, 55)]
    assert devices() == nameable_devices() == ["cpu", "cuda:0", "cuda:1"]


@pytest.mark.parametrize(
    ("visible", "expected"),
    [
        ("1", [Gpu("cuda:0", "Small", 8, 1, 55)]),
        ("1,0", [Gpu("cuda:0", "Small", 8, 1, 55), Gpu("cuda:1", "Big", 80, 70, 55)]),
        ("", []),
        ("-1", []),
        ("0,7,1", [Gpu("cuda:0", "Big", 80, 70, 55)]),
        ("GPU-1234", [Gpu("cuda:0", "Small", 8, 1, 55)]),
        ("GPU-12", [Gpu("cuda:0", "GPU", None, None)]),
    ],
)
def test_only_visible_gpus_count_in_the_order_in_which_they_are_named(cards, monkeypatch, visible, expected):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert gpus() == expected


def test_without_a_driver_there_is_the_cpu(monkeypatch):
    def none():
        raise pynvml.NVMLError(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)

    monkeypatch.setattr(pynvml, "nvmlInit", none)
    assert devices() == nameable_devices() == ["cpu"]
    monkeypatch.setattr("sys.platform", "darwin")
    monkeypatch.setattr("platform.machine", lambda: "arm64")
    assert (devices(), nameable_devices()) == (["cpu"], ["cpu", "mps"])


def test_runs_per_gpu_can_be_set(monkeypatch):
    monkeypatch.delenv("SKIPSCOPE_RUNS_PER_GPU", raising=False)
    assert runs_per_gpu() == RUNS_PER_GPU
    monkeypatch.setenv("SKIPSCOPE_RUNS_PER_GPU", "3")
    assert runs_per_gpu() == 3
    for wrong in ("0", "65", "many", "-1", "1.5", "²", "３", "1_0"):
        monkeypatch.setenv("SKIPSCOPE_RUNS_PER_GPU", wrong)
        with pytest.raises(ConfigError, match="SKIPSCOPE_RUNS_PER_GPU is a whole number from 1 to 64"):
            runs_per_gpu()


def test_cuda_numbers_gpus_as_the_driver_does_unless_told_otherwise(monkeypatch):
    import os

    monkeypatch.delenv("CUDA_DEVICE_ORDER", raising=False)
    monkeypatch.setitem(os.environ, "CUDA_DEVICE_ORDER", "FASTEST_FIRST")
    number_gpus_alike()
    assert os.environ["CUDA_DEVICE_ORDER"] == "FASTEST_FIRST"
    monkeypatch.delitem(os.environ, "CUDA_DEVICE_ORDER")
    number_gpus_alike()
    assert os.environ["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"


def test_a_process_lives_however_the_clock_is_set_and_another_one_with_its_pid_does_not(monkeypatch):
    child = psutil.Popen(["sleep", "60"])
    try:
        identity, old = process_before(child.pid, float("inf")), ProcessId(child.pid, child.create_time())
        assert identity.lives() and old.lives(), "databases of older versions hold seconds since 1970"
        create_time = psutil.Process.create_time
        monkeypatch.setattr(psutil.Process, "create_time", lambda self: create_time(self) + 3600)
        assert identity.lives()
        assert not ProcessId(child.pid, identity.started - 60).lives()
    finally:
        child.kill()
        child.wait()
    assert not identity.lives()
