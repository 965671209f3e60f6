"""Whether a training step waits for the device: by torch's own watch on a GPU, and by what the profiler saw."""

from collections import Counter

import torch
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile, record_function

from engine.config import RunConfig, replace
from engine.hardware.device import choose
from engine.labs.small_images import embedded_images, model_config
from engine.training.recorded_update import WARM_UPDATES
from engine.training.trainer import Trainer
from tests.benchmarks.gpu_check.parts import Outcome, Setting

#: Net -> settings. AdamW on a CPU reads its count of updates, so those nets are for a GPU.
NETS = {"cifar-20": {"optim.optimizer": "sgd"}}
ON_GPU = {
    "cifar-20, AdamW": {"optim.optimizer": "adamw", "optim.lr": 0.001},
    "cifar-20, fp32": {"precision": "fp32"},
    "cifar-20, recorded": {"graph": True},
}
#: What waits: calls of CUDA, and operators that need a number on the host.
WAITS = frozenset(
    {
        "cudaDeviceSynchronize", "cudaStreamSynchronize", "cudaEventSynchronize", "cudaMemcpy",
        "aten::_local_scalar_dense", "aten::nonzero",
    }
)  # fmt: skip
#: Calls that hand one piece of work to the GPU.
LAUNCHES = ("cudaLaunchKernel", "cudaLaunchKernelExC", "cuLaunchKernel", "cudaGraphLaunch", "cudaMemcpyAsync")
#: A recording is made before the watch begins, for it waits.
WARM, WATCHED = WARM_UPDATES + 2, 10


def find_waits(setting: Setting) -> Outcome:
    """Watch some steps of each net."""
    outcome = Outcome()
    images = embedded_images()
    model = model_config(images, 8 if setting.tiny else 20, "A", 8)
    run = replace(RunConfig(model=model, device=setting.device, threads=1), {"optim.steps": 100, "data.crop": 1})
    for name, settings in (NETS | (ON_GPU if setting.on_gpu else {})).items():
        config = replace(run, settings)
        trainer = Trainer(config, images, choose(config))
        list(trainer._adjust())
        for _ in range(WARM):  # the first ones load libraries and make the optimizer's tensors
            trainer._step()
        seen = calls(trainer)
        waits = {what: count for what, count in seen.items() if what in WAITS}
        launches = sum(seen[what] for what in LAUNCHES) / WATCHED
        outcome.figures[name] = {"waits": sum(waits.values()), "launches_a_step": launches}
        outcome.expect(not waits, f"a step of {name} waits: {', '.join(sorted(waits))}")
        if setting.on_gpu:
            outcome.expect(launches > 0, f"the profiler saw no call of CUDA in a step of {name}")
            said = watched(trainer)
            outcome.figures[name]["torch_says"] = said or "nothing"
            outcome.expect(not said, f"torch says of a step of {name}: {said}")
    return outcome


def calls(trainer: Trainer) -> Counter[str]:
    """Return how often each operator and each call of CUDA was made in some steps."""
    kinds = [ProfilerActivity.CPU] + [ProfilerActivity.CUDA] * torch.cuda.is_available()
    with profile(activities=kinds) as seen, record_function("watched steps"):
        for _ in range(WATCHED):
            trainer._step()
    # A GPU has a span of that name too; what it computes is no call.
    events = [event for event in seen.events() or () if event.device_type == DeviceType.CPU]
    # The profiler itself waits for the GPU at its end; that is no part of the steps.
    span = next(event.time_range for event in events if event.name == "watched steps")
    inside = [event for event in events if span.start <= event.time_range.start <= span.end]
    return Counter(event.name for event in inside)


def watched(trainer: Trainer) -> str:
    """Return torch's complaint about a step that waits for the GPU, '' when there is none."""
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode("error")
    try:
        for _ in range(WATCHED):
            trainer._step()
    except RuntimeError as error:
        return " ".join(str(error).split())[:200]
    finally:
        torch.cuda.set_sync_debug_mode("default")
    return ""
