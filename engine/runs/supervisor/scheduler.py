"""Plans which queued runs start now, on which device, with how many threads. Pure functions, torch-free.

* Order is (race, position). A waiting run holds back the later runs of its kind of device, so no run starves.
* CPU: a race of several arms trains with one thread per run, at most 2 x cores runs at once; a race of a single run
  gets all cores. A run with several threads never trains beside others: contending OpenMP barriers spin.
* CUDA: runs spread evenly over the GPUs, at most ``RUNS_PER_GPU`` on each, with one CPU thread each. The scheduler
  skips a GPU with too little free memory: what the driver reports, less what new runs have not allocated yet
  (``engine.runs.supervisor.memory_estimate``). A run with a larger estimate than a whole GPU starts on an empty GPU.
* Runs of an instant race come last and alone: they wait while an ordinary run trains on the CPU. They hold back none
  but a run with several threads, which waits for the instant race at work, about two seconds. No further one starts
  before that run, however often a slider is moved.
* The replicas of a run start together or not at all: on a CPU alone, with at least a thread each; on CUDA each on a
  GPU of its own.
* A lab takes seconds: it starts at once and holds no run back. At most ``LABS`` work at a time, and together with no
  more threads than cores (or than ``LABS``), unless one alone has more. A waiting lab holds back later labs.
* On a cluster (``Machine.nodes``) each thread of a run on the CPU takes one core of a node, and a single run those of
  the largest node. Which node takes a run is the cluster's business.
* Threads and kind of device are fixed at the first start and kept on resume: other counts give other bits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.hardware.machine import RUNS_PER_GPU

LABS = 2
#: A run with a larger estimate starts on a GPU whose memory is free to this share.
_WHOLE = 0.9


@dataclass(frozen=True, slots=True)
class Waiting:
    """A queued run of a race of ``arms`` runs. ``threads`` 0 and ``device`` ``auto``: not fixed yet.

    ``threads`` are those of all its replicas together, ``memory_estimate`` is that of one.

    Units: ``memory_estimate`` in bytes of a GPU.
    """

    run: int
    race: int
    position: int
    arms: int
    threads: int = 0
    device: str = "auto"
    lab: bool = False
    memory_estimate: int = 0
    instant: bool = False
    replicas: int = 1


@dataclass(frozen=True, slots=True)
class Active:
    """A run or a lab with a worker. ``memory_estimate``: bytes of a GPU not allocated yet.

    ``further``: the devices of a run's replicas but the first.
    """

    run: int
    threads: int
    device: str
    lab: bool = False
    memory_estimate: int = 0
    instant: bool = False
    further: tuple[str, ...] = ()

    @property
    def devices(self) -> tuple[str, ...]:
        """The device of each replica."""
        return (self.device, *self.further)


@dataclass(frozen=True, slots=True)
class GpuMemory:
    """The memory of one GPU in bytes, None where the driver does not report it."""

    total: int | None
    free: int | None


@dataclass(frozen=True, slots=True)
class Machine:
    """The devices (``engine.hardware.machine.devices``), the cores and the GPUs' memory by device.

    ``nodes``: the cores of each node of a cluster, None for one machine.
    """

    devices: Sequence[str]
    cores: int
    memory: Mapping[str, GpuMemory] = field(default_factory=dict)
    per_gpu: int = RUNS_PER_GPU
    nodes: Sequence[int] | None = None


@dataclass(frozen=True, slots=True)
class Start:
    """The run starts now, on ``device``, with ``threads`` CPU threads; its further replicas on devices of their own."""

    run: int
    device: str
    threads: int
    further: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """The runs that start now, and the reason of every other queued run."""

    starts: tuple[Start, ...]
    waits: dict[int, str]


def schedule(queued: Sequence[Waiting], active: Sequence[Active], machine: Machine) -> Plan:
    """Return the plan for the queued runs."""
    devices, cores = machine.devices, machine.cores
    running = list(active)
    starts: list[Start] = []
    waits: dict[int, str] = {}
    ahead: dict[str, int] = {}  # kind of device, or lab -> the first run that waits
    for waiting in sorted(queued, key=lambda entry: (entry.instant, entry.race, entry.position)):
        candidates = _candidates(waiting.device, devices)
        if not candidates:
            waits[waiting.run] = _lacks(waiting.device, machine)
            continue
        kind = "lab" if waiting.lab else _kind(candidates[0])
        if kind in ahead:
            start, reason = None, f"waits its turn behind run {ahead[kind]}"
        elif waiting.lab:
            start, reason = _lab(waiting, candidates[0], running, cores)
        elif kind == "cpu" and machine.nodes is not None:
            start, reason = _on_nodes(waiting, running, machine.nodes)
        elif kind == "cpu":
            start, reason = _on_cpu(waiting, running, cores)
        else:
            start, reason = _on_cuda(waiting, candidates, running, machine)
        if start is not None:
            starts.append(start)
            running.append(
                Active(
                    start.run,
                    start.threads,
                    start.device,
                    waiting.lab,
                    waiting.memory_estimate,
                    waiting.instant,
                    start.further,
                )
            )
            continue
        waits[waiting.run] = reason
        ahead.setdefault(kind, waiting.run)
    return Plan(tuple(starts), waits)


def _lab(waiting: Waiting, device: str, running: Sequence[Active], cores: int) -> tuple[Start | None, str]:
    threads = waiting.threads or 1
    labs = [other for other in running if other.lab]
    if len(labs) >= LABS or (labs and threads + sum(other.threads for other in labs) > max(LABS, cores)):
        return None, f"waits for the labs that are running ({_runs([other.run for other in labs])})"
    return Start(waiting.run, device, threads), ""


def _on_cpu(waiting: Waiting, running: Sequence[Active], cores: int) -> tuple[Start | None, str]:
    replicas = waiting.replicas
    threads = max(replicas, waiting.threads or (1 if waiting.arms > 1 else cores))
    here = [other for other in running if other.device == "cpu" and not other.lab]
    if waiting.instant and (ordinary := [other.run for other in here if not other.instant]):
        return None, f"waits for {_runs(ordinary)}: ordinary races have precedence"
    crowds = [other.run for other in here if other.threads > 1]
    if crowds:
        return None, f"waits for {_runs(crowds)}, which trains with several threads"
    if threads > 1 and here:
        what = f"{replicas} replicas" if replicas > 1 else f"{threads} threads"
        return None, f"waits for {_runs([other.run for other in here])}: it trains with {what}, alone"
    slots = sum(other.instant == waiting.instant for other in here)
    if slots >= 2 * cores:
        return None, f"waits for a free slot ({slots} of {2 * cores} in use)"
    return Start(waiting.run, "cpu", threads, ("cpu",) * (replicas - 1)), ""


def _on_nodes(waiting: Waiting, running: Sequence[Active], nodes: Sequence[int]) -> tuple[Start | None, str]:
    largest, taken = max(nodes, default=0), sum(other.threads for other in running if other.device == "cpu")
    if waiting.replicas > 1:
        return _replicas_on_nodes(waiting, taken, nodes)
    threads = waiting.threads or (1 if waiting.arms > 1 else max(1, largest))
    if threads > largest:
        return None, f"waits for a node with {_cores(threads)}; the largest of the cluster has {_cores(largest)}"
    if taken + threads > sum(nodes):
        return None, f"waits for {_cores(threads)} of the cluster ({taken} of {sum(nodes)} in use)"
    return Start(waiting.run, "cpu", threads), ""


def _replicas_on_nodes(waiting: Waiting, taken: int, nodes: Sequence[int]) -> tuple[Start | None, str]:
    """Plan replicas of equal size; each is on one node, and a node takes as many as it has cores for."""
    replicas = waiting.replicas
    share = max(1, (waiting.threads or (1 if waiting.arms > 1 else sum(nodes))) // replicas)
    if not waiting.threads:
        share = max(1, min(share, max(nodes, default=0)))
    if (room := sum(cores // share for cores in nodes)) < replicas:
        return None, f"waits for room for {replicas} replicas of {_cores(share)} each; the cluster's nodes take {room}"
    if taken + share * replicas > sum(nodes):
        return None, f"waits for {_cores(share * replicas)} of the cluster ({taken} of {sum(nodes)} in use)"
    return Start(waiting.run, "cpu", share * replicas, ("cpu",) * (replicas - 1)), ""


def _on_cuda(
    waiting: Waiting, candidates: Sequence[str], running: Sequence[Active], machine: Machine
) -> tuple[Start | None, str]:
    memory, per_gpu = machine.memory, machine.per_gpu
    replicas = waiting.replicas
    if len(candidates) < replicas:
        return None, f"waits for {replicas} GPUs, one for each replica; there are {len(candidates)}"
    load = {device: sum(device in other.devices and not other.lab for other in running) for device in candidates}
    slots = [device for device in candidates if load[device] < per_gpu]
    if not slots:
        return None, f"waits for a free slot ({per_gpu} runs on {', '.join(candidates)})"
    left = {device: _left(device, running, memory) for device in slots}
    fitting = [device for device in slots if _fits(waiting, left[device], memory.get(device))]
    if len(fitting) < replicas:
        free = ", ".join(f"{device} {max(0, left[device] or 0) / 1e9:.1f} GB" for device in slots)
        return None, f"waits for GPU memory: needs about {waiting.memory_estimate / 1e9:.1f} GB, left on {free}"
    # The emptiest of equally loaded GPUs; the first without memory reports.
    chosen, *further = sorted(fitting, key=lambda device: (load[device], -(left[device] or 0)))[:replicas]
    return Start(waiting.run, chosen, max(replicas, waiting.threads or 1), tuple(further)), ""


def _left(device: str, running: Sequence[Active], memory: Mapping[str, GpuMemory]) -> int | None:
    """Return the free bytes less those that new runs will allocate; None where the driver does not report."""
    gpu = memory.get(device)
    if gpu is None or gpu.free is None:
        return None
    return gpu.free - sum(other.memory_estimate for other in running if device in other.devices)


def _fits(waiting: Waiting, left: int | None, gpu: GpuMemory | None) -> bool:
    if left is None or gpu is None:
        return True
    return left >= (min(waiting.memory_estimate, int(_WHOLE * gpu.total)) if gpu.total else waiting.memory_estimate)


def _candidates(wanted: str, devices: Sequence[str]) -> list[str]:
    cuda = [device for device in devices if device.startswith("cuda")]
    if wanted == "auto":
        return cuda or ["cpu"]
    if wanted == "cuda":
        return cuda
    return [wanted] if wanted in devices else []


def _lacks(device: str, machine: Machine) -> str:
    if machine.nodes is None:
        return f"waits for a device {device}; this machine has {', '.join(machine.devices)}"
    if _kind(device) != "cuda":
        return f"waits for a device {device}; runs of a cluster train on cpu or cuda"
    gpus = [each for each in machine.devices if _kind(each) == "cuda"]
    return f"waits for {device}; the cluster has {', '.join(gpus)}" if gpus else "waits for a GPU; the cluster has none"


def _cores(count: int) -> str:
    return f"{count} core" if count == 1 else f"{count} cores"


def _kind(device: str) -> str:
    return device.partition(":")[0]


def _runs(runs: Sequence[int]) -> str:
    shown = ", ".join(str(run) for run in runs[:4]) + (", ..." if len(runs) > 4 else "")
    return f"run {shown}" if len(runs) == 1 else f"runs {shown}"
