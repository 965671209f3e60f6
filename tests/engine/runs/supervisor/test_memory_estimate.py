"""What the estimate of a run's GPU memory depends on; ``tests.devices.test_memory`` holds it beside the tensors."""

from engine.config import RunConfig, replace
from engine.runs.supervisor.memory_estimate import PROCESS_BYTES, SLACK, gpu_bytes

GIB = 2**30


def config(**changes):
    return replace(RunConfig(), {key.replace("__", "."): value for key, value in changes.items()})


def test_an_estimate_grows_with_what_makes_a_run_large():
    base = gpu_bytes(config())
    assert PROCESS_BYTES < base < 2 * GIB
    assert gpu_bytes(config(optim__batch_size=256)) > base
    assert gpu_bytes(config(model__depth=110)) > base
    assert gpu_bytes(config(precision="fp32")) > base
    assert gpu_bytes(config(data__name="cifar10")) > base
    # The paper's largest nets on one GPU of 80 GB: as many small ones as there are slots, few of the largest.
    assert gpu_bytes(config(model__depth=110, precision="fp32")) < 4 * GIB
    assert 12 * GIB < gpu_bytes(config(model__depth=1202, precision="fp32")) < 20 * GIB
    assert SLACK > 1


def test_what_cannot_be_counted_is_left_to_its_worker():
    assert gpu_bytes(config(model__shortcut="no such")) == PROCESS_BYTES
    assert gpu_bytes(config(data__name="folder:/somewhere")) > PROCESS_BYTES
