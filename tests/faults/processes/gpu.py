"""A GPU without memory, simulated: a worker meets CUDA's error in its third update."""

import subprocess
import sys

from engine.paths import PROJECT
from engine.runs.protocol.planning import RaceRequest, plan_race
from tests.faults.target import SETTINGS
from tests.faults.trial import STATES_WITHIN_S, Trial


def out_of_memory(trial: Trial) -> None:
    """Let a run of another race meet the error: it says what helps, the others go on, and it can be resumed."""
    target = trial.target
    words = [sys.executable, "-m", "tests.engine.runs.faults", str(target.workspace.path), "faulty", "60"]
    with target.workspace.engine_log.open("ab") as log:
        subprocess.Popen(
            words, cwd=PROJECT, start_new_session=True, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )  # fmt: skip
    target.until(lambda: target.control.engine.status().state == "alive", 60, "the engine lives")
    trial.begin()
    fault = target.workspace.path / "fault"
    fault.write_text(trial.random.choice(("cuda", "torch-cpu", "python")))
    trial.rest(0.0, 1.0)
    request = RaceRequest((14,), ("A",), steps=20, settings=SETTINGS)
    race, (run,) = target.control.start_race(plan_race(request, target.workspace))

    def row() -> dict:
        return next(row for row in target.rows() if row["run"] == run)

    target.until(lambda: row()["state"] == "failed", 30 + STATES_WITHIN_S, "a run without memory fails")
    cause = row()["cause"]
    trial.check("the cause says what helps", cause.startswith("out of memory") and "batch" in cause, cause)
    others = [(each["run"], each["state"]) for each in target.rows() if each["race"] != race]
    trial.check("other runs go on", all(state in ("running", "finished") for _, state in others), str(others))
    fault.unlink()
    trial.finish()
