"""The engine against a conventional training loop, as ``python -m engine bench`` measures it, plain and compiled."""

from functools import partial
from typing import Any

from engine.bench.benchmark import Plan, measure
from engine.bench.workload import Workload
from engine.hardware.compiler import CACHE, refusal, use_cache
from engine.hardware.cores import cores
from tests.benchmarks.gpu_check.parts import NotRun, Outcome, Setting

DEPTHS = (20, 56, 110)
PLAN, TINY = Plan(rounds=2, seconds=3.0), Plan(rounds=1, seconds=0.2)
#: Both loops compile before they begin.
COMPILED = Plan(rounds=2, seconds=3.0, ready_s=180.0)


def bench(setting: Setting) -> Outcome:
    """Measure every net; a fault where the engine is slower than the conventional loop."""
    outcome = Outcome()
    for depth in (8,) if setting.tiny else DEPTHS:
        _measure(setting, outcome, Workload(depth, 16 if setting.tiny else 128), TINY if setting.tiny else PLAN)
    return outcome


def _compiled(depth: int, setting: Setting) -> Outcome:
    """Measure one net with generated code in both loops. Raises NotRun where nothing can be compiled."""
    if not setting.on_gpu:
        raise NotRun("code for a CPU takes minutes to compile; tests/engine/training/test_compiled.py compiles a net")
    if reason := refusal("cuda"):
        raise NotRun(reason)
    use_cache(setting.folder / CACHE)
    outcome = Outcome()
    _measure(setting, outcome, Workload(depth, compile=True), COMPILED)
    return outcome


bench_compiled_20, bench_compiled_56, bench_compiled_110 = (partial(_compiled, depth) for depth in DEPTHS)


def _measure(setting: Setting, outcome: Outcome, workload: Workload, plan: Plan) -> None:
    measured = measure(workload, setting.device, cores(), plan, lambda text: print(text, flush=True))
    outcome.figures[workload.net] = figures(measured)
    ratio = measured["single_throughput_ratio"]
    # What a rehearsal measures says nothing.
    slower = not setting.tiny and ratio < 1
    outcome.expect(
        not slower, f"{workload.net}: the engine makes {ratio:.2f} of the conventional loop's images a second"
    )


def figures(measured: dict[str, Any]) -> dict[str, Any]:
    """Return what of a net's results belongs into a table."""
    details = measured["details"]
    speeds = {name: values["median"] for name, values in details["images_per_s"].items()}
    return {
        "images_a_second": speeds,
        **{name: measured[name] for name in ("pair_throughput_ratio", "single_throughput_ratio", "probe_share")},
        **{name: details[name] for name in ("step_ms", "convolutions_ms", "probe_ms")},
    }
