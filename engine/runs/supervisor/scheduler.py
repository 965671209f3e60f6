"""Plans which queued runs start now, on which device, with how many threads. Pure functions, torch-free.

* Order is (race, position). A waiting run holds back the later runs of its kind of device, so no run starves. So does
  a run that its cluster does not place. A run that these devices can never take waits and holds nobody back.
* CPU: a race of several arms trains with one thread per run, at most 2 x cores runs at once; a race of a single run
  gets all cores. A run with several threads never trains beside others: contending OpenMP barriers spin.
* CUDA: runs spread evenly over the GPUs, at most ``RUNS_PER_GPU`` on each, with one CPU thread each. The scheduler
  skips a GPU with too little free memory: what the driver reports, less what new runs have not allocated yet
  (``engine.runs.supervisor.memory_estimate``). A run with a larger estimate than a whole GPU starts on an empty GPU.
* Runs of an instant race come last and alone: they wait while an ordinary run trains on the CPU. They hold back none
  but a run with several threads, which waits for the instant race at work, about two seconds. No further one starts
  before that run, however often a slider is moved.
* The replicas of a run start together or not at all: on a CPU alone, with at least a thread each; on CUDA each on a
  GPU that no other run shares (``engine.runs.protocol.shares``).
* A lab takes seconds: it starts at once and holds no run back. At most ``LABS`` work at a time, and together with no
  more threads than cores (or than ``LABS``), unless one alone has more. A waiting lab holds back later labs.
* On a cluster (``Machine.nodes``) each thread of a run on the CPU takes one core of a node, and a single run those of
  the largest node. Which node or GPU takes a run is the cluster's business: a run starts once there is room for it
  wherever the others are.
* Threads and kind of device are fixed at the first start and kept on resume: other counts give other bits.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

from engine.hardware.machine import RUNS_PER_GPU
from engine.runs.protocol.shares import cores_each, gpu_slots, sure_room

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

    ``further``: the devices of a run's replicas but the first; empty for a worker of an engine before, which alone knew
    them. ``is_late``: the cluster has found no room for the run yet.
    """

    run: int
    threads: int
    device: str
    lab: bool = False
    memory_estimate: int = 0
    instant: bool = False
    further: tuple[str, ...] = ()
    replicas: int = 1
    is_late: bool = False

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
    running = [_with_further(each, active, devices) for each in active]
    starts: list[Start] = []
    waits: dict[int, str] = {}
    # Kind of device, or lab -> the first run that waits.
    ahead = {_kind(each.device): each.run for each in running if each.is_late}
    for waiting in sorted(queued, key=lambda entry: (entry.instant, entry.race, entry.position)):
        candidates = _candidates(waiting.device, devices)
        if reason := _obstacle(waiting, candidates, machine):
            waits[waiting.run] = reason
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
                    waiting.replicas,
                )
            )
            continue
        waits[waiting.run] = reason
        ahead.setdefault(kind, waiting.run)
    return Plan(tuple(starts), waits)


def _with_further(active: Active, others: Sequence[Active], devices: Sequence[str]) -> Active:
    """Return an active run whose replicas have devices, on the safe side where nobody knows them.

    They are on no GPU that another run uses, so they may be on all the rest.
    """
    kind = _kind(active.device)
    if active.further or active.replicas == 1 or kind == "cpu":
        return active
    used = {device for other in others if not other.lab for device in other.devices}
    return replace(active, further=tuple(each for each in devices if _kind(each) == kind and each not in used))


def _obstacle(waiting: Waiting, candidates: Sequence[str], machine: Machine) -> str:
    """Return why these devices can never take the run, '' if they can."""
    replicas, nodes = waiting.replicas, machine.nodes
    if not candidates:
        return _lacks(waiting.device, machine)
    if candidates[0] != "cpu":
        if len(candidates) >= replicas:
            return ""
        if waiting.device not in ("auto", "cuda"):
            return f"cannot start: {replicas} replicas need a GPU each, and device={waiting.device} is one"
        return f"waits for {replicas} GPUs, one for each replica; there {_are(len(candidates))}"
    if nodes is None or waiting.lab:
        return ""
    size = _cores_of_each(waiting, nodes)
    if (room := sure_room(nodes, size, ())) >= replicas:
        return ""
    if replicas > 1:
        return f"waits for room for {replicas} replicas of {_cores(size)} each; the cluster's nodes take {room}"
    return f"waits for a node with {_cores(size)}; the largest of the cluster has {_cores(max(nodes, default=0))}"


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
    """Plan one run; each of its replicas, of equal size, is on one node."""
    replicas, size = waiting.replicas, _cores_of_each(waiting, nodes)
    others = [other for other in running if other.device == "cpu"]
    pieces = [cores_each(other.threads, other.replicas) for other in others for _ in range(other.replicas)]
    if sure_room(nodes, size, pieces) >= replicas:
        return Start(waiting.run, "cpu", size * replicas, ("cpu",) * (replicas - 1)), ""
    if sum(pieces) + size * replicas > sum(nodes):
        return None, f"waits for {_cores(size * replicas)} of the cluster ({sum(pieces)} of {sum(nodes)} in use)"
    what = f"{replicas} replicas of {_cores(size)} each" if replicas > 1 else f"{_cores(size)} on one node"
    return None, f"waits for room for {what}, beside {_runs([other.run for other in others])}"


def _cores_of_each(waiting: Waiting, nodes: Sequence[int]) -> int:
    """Return the cores of a node that a run, or each of its replicas, takes."""
    if waiting.threads or waiting.arms > 1:
        return cores_each(waiting.threads or 1, waiting.replicas)
    return min(max([1, *nodes]), cores_each(sum(nodes), waiting.replicas))


def _on_cuda(
    waiting: Waiting, candidates: Sequence[str], running: Sequence[Active], machine: Machine
) -> tuple[Start | None, str]:
    memory, per_gpu = machine.memory, machine.per_gpu
    replicas, takes = waiting.replicas, gpu_slots(waiting.replicas, per_gpu)
    others = [other for other in running if not other.lab and _kind(other.device) == _kind(candidates[0])]
    load = {
        device: sum(gpu_slots(other.replicas, per_gpu) for other in others if device in other.devices)
        for device in candidates
    }
    slots = [device for device in candidates if load[device] + takes <= per_gpu]
    room = len(slots)
    if machine.nodes is not None:
        gpus = [per_gpu for device in machine.devices if device.startswith("cuda")]
        pieces = [gpu_slots(other.replicas, per_gpu) for other in others for _ in range(other.replicas)]
        room = min(room, sure_room(gpus, takes, pieces))
    if room < replicas:
        if replicas > 1:
            return None, f"waits for {replicas} GPUs without another run, one for each replica; there {_are(room)}"
        held = {device for other in others if other.replicas > 1 for device in other.devices}
        return None, f"waits for a free slot ({_occupied(candidates, held, per_gpu)})"
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


def _occupied(full: Sequence[str], held: Set[str], per_gpu: int) -> str:
    """Return in words what is on full GPUs, of which those ``held`` have a replica each."""
    shared, alone = ([each for each in full if (each in held) == is_held] for is_held in (False, True))
    parts = [f"{per_gpu} runs on {', '.join(shared)}"] * bool(shared)
    return "; ".join([*parts, *[f"a replica on {', '.join(alone)}"] * bool(alone)])


def _are(count: int) -> str:
    return f"is {count}" if count == 1 else f"are {count}"


def _cores(count: int) -> str:
    return f"{count} core" if count == 1 else f"{count} cores"


def _kind(device: str) -> str:
    return device.partition(":")[0]


def _runs(runs: Sequence[int]) -> str:
    shown = ", ".join(str(run) for run in runs[:4]) + (", ..." if len(runs) > 4 else "")
    return f"run {shown}" if len(runs) == 1 else f"runs {shown}"
