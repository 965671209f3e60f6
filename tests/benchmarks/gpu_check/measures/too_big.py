"""A run that is too big for the GPU, beside one that is not: one line with advice, and the other goes on."""

import torch

from engine.config import replace
from engine.events import ENDED, RunState
from engine.runs.protocol.planning import RaceRequest, plan_race
from engine.runs.supervisor.memory_estimate import tensor_bytes
from engine.store.workspace import Workspace
from tests.benchmarks.gpu_check.measures.engines import FAST, Engine, engine, finished, states
from tests.benchmarks.gpu_check.parts import NotRun, Outcome, Setting

WIDTHS, BATCH = (16, 32, 64, 128, 256, 512, 1024), 10_000
#: The estimate is so many times the GPU's memory; it may be 1.55 times what a run takes (tests/devices/test_memory.py).
TOO_MUCH = 2.0
SMALL_STEPS, BIG_STEPS = 3000, 20
FAILS_S, ENDS_S = 150.0, 60.0


def let_one_fail(setting: Setting) -> Outcome:
    """Start a small run and one too big. A rehearsal plants torch's error in an engine made for tests."""
    if setting.tiny:
        with engine(setting, "workspace", faulty=True) as own:
            (own.workspace.path / "fault").write_text("cuda")
            small = own.start(RaceRequest((8,), ("A",), steps=200, settings=FAST))
            return judged(own, small, own.start(RaceRequest((14,), ("A",), steps=BIG_STEPS, settings=FAST)))
    with engine(setting, "workspace") as own:
        request = too_big(own.workspace, torch.cuda.get_device_properties(setting.device).total_memory)
        small = own.start(RaceRequest((20,), ("A",), steps=SMALL_STEPS, settings={"probe.images": "0"}))
        own.until(small, lambda rows: rows[0].step > 10 or rows[0].state in ENDED, 60)
        return judged(own, small, own.start(request))


def too_big(workspace: Workspace, memory: int) -> RaceRequest:
    """Return the smallest race of one net that does not fit. Raises NotRun where none is large enough."""
    for width in WIDTHS:
        settings = {"width": str(width), "batch_size": str(BATCH), "pool": "1", "probe.images": "0"}
        request = RaceRequest((110,), ("A",), steps=BIG_STEPS, settings=settings)
        run = plan_race(request, workspace).run
        if tensor_bytes(replace(run, {"model.depth": 110, "model.shortcut": "A"})) > TOO_MUCH * memory:
            return request
    raise NotRun(f"no net is too big for {memory / 2**30:,.0f} GiB")


def judged(own: Engine, small: list[int], big: list[int]) -> Outcome:
    """Follow both runs to their ends."""
    outcome = Outcome()
    (failed,) = own.ended(big, FAILS_S)
    beside = own.rows(small)[0].state in (RunState.RUNNING, RunState.FINISHED)
    rows = own.ended(small, ENDS_S)
    cause = failed.cause or ""
    outcome.figures |= {"state": str(failed.state.value), "cause": cause, "the_other": states(rows), "beside": beside}
    outcome.expect(failed.state == RunState.FAILED, f"the run that is too big is {states([failed])}")
    said = cause.startswith("out of memory") and "batch" in cause and "\n" not in cause
    outcome.expect(said, f"the cause is no line with advice: {cause or 'nothing'}")
    outcome.expect(finished(rows), f"the other run: {states(rows)}")
    return outcome
