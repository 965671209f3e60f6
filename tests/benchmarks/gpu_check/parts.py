"""The parts of the check as rows: what each answers, what measures it, how long it may take. Torch-free."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

#: Seconds after which a part is ended; the next one then begins.
LIMIT_S = 240.0
_MEASURES = "tests.benchmarks.gpu_check.measures"


class NotRun(Exception):
    """A part cannot say anything on this machine; its text is the reason."""


@dataclass(frozen=True)
class Setting:
    """Where a part measures. ``tiny``: sizes that only show that it runs. ``folder`` is its own and goes with it."""

    device: str
    tiny: bool
    folder: Path

    @property
    def on_gpu(self) -> bool:
        """Whether it is a CUDA device."""
        return self.device.startswith("cuda")


@dataclass
class Outcome:
    """What a part measured, as plain values, and what contradicts the project's promises, one line each."""

    figures: dict[str, Any] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def expect(self, held: bool, fault: str) -> None:
        """Note ``fault`` unless ``held``."""
        if not held:
            self.faults.append(fault)


@dataclass(frozen=True)
class Part:
    """One part; ``function`` is a module of ``measures`` and its function, which is called with a Setting."""

    number: int
    name: str
    question: str
    function: str
    limit_s: float = LIMIT_S

    def measure(self, setting: Setting) -> Outcome:
        """Measure; loads torch. Raises NotRun."""
        return self.resolved()(setting)

    def resolved(self) -> Callable[[Setting], Outcome]:
        """Return the function; loads torch."""
        function: Callable[[Setting], Outcome] = resolve_name(f"{_MEASURES}.{self.function}")
        return function


_ROWS = (
    ("tests", "Do the tests marked gpu pass?", "marked_tests:run_tests"),
    ("agreement", "Does a GPU train like the CPU, up to rounding?", "agreement:compare_devices"),
    ("no-wait", "Does no step wait for the GPU?", "waits:find_waits"),
    ("bench", "How fast is the engine against a conventional loop?", "speed:bench"),
    ("graph", "Is a recorded update (graph=true) the same in every bit, and faster?", "graph:compare_recorded"),
    ("eight-runs", "Do eight runs share a GPU, with and without MPS?", "eight_runs:share_one_gpu"),
    ("out-of-memory", "Does a run too big for the GPU fail in one line while others go on?", "too_big:let_one_fail"),
    ("probes", "Do probes cost no more than they may?", "probes:share_of_probes"),
    ("quick-race", "Does the quick race work from its start to pixels?", "quick_race:follow_race"),
    ("bench-compiled-20", "The same as part 4, both loops compiled: ResNet-20", "speed:bench_compiled_20"),
    ("bench-compiled-56", "The same as part 4, both loops compiled: ResNet-56", "speed:bench_compiled_56"),
    ("bench-compiled-110", "The same as part 4, both loops compiled: ResNet-110", "speed:bench_compiled_110"),
    ("replicas", "Do two GPUs train one net (replicas=2)?", "replicas:train_together"),
)
#: Every part by its number.
PARTS: Mapping[int, Part] = {number: Part(number, *row) for number, row in enumerate(_ROWS, 1)}
