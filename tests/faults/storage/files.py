"""Files of the workspace: checkpoints cut off, damaged or of another net; a temporary folder with a long path."""

from collections.abc import Callable
from pathlib import Path

from tests.faults.oracle import select
from tests.faults.trial import Trial


def checkpoints(trial: Trial) -> None:
    """Harm the newest checkpoint of a run whose processes are dead: it is named, and the one before is used."""
    kinds = sorted(_HARMS)
    kind = kinds[trial.outcome.seed % len(kinds)]
    run, steps = _dead_run(trial)
    path = trial.target.workspace.checkpoint
    _HARMS[kind](path(run, steps[-1]), _foreign(trial, run))
    trial.figure("work lost, s", _seconds(trial, run, steps[-1]) - _seconds(trial, run, steps[-2]))
    trial.say(f"newest checkpoint {kind}")
    trial.at_work()
    _went_back_to(trial, run, steps[-2], kind)
    trial.finish()


def all_checkpoints(trial: Trial) -> None:
    """Damage all checkpoints of a run: it starts again, and says so."""
    run, steps = _dead_run(trial)
    for step in steps:
        _damaged(trial.target.workspace.checkpoint(run, step), Path())
    trial.say("all checkpoints damaged")
    trial.at_work()
    _went_back_to(trial, run, 0, "damaged")
    trial.finish()


def long_temporary_folder(trial: Trial) -> None:
    """Train with a temporary folder whose path has 200 characters."""
    trial.begin()
    trial.finish()


def _dead_run(trial: Trial) -> tuple[int, list[int]]:
    """Kill everything once a run has three checkpoints and is not at its end; return the run and their steps."""
    target = trial.target
    trial.begin()
    saved = "SELECT run, step FROM checkpoints ORDER BY step"
    counts: dict[int, list[int]] = {}

    def enough() -> bool:
        counts.clear()
        for run, step in select(target.workspace, saved):
            counts.setdefault(run, []).append(step)
        return len(counts) > 1 and any(len(steps) >= 3 for steps in counts.values())

    target.until(enough, 60, "three checkpoints of a run, and one of another")
    family = target.family()
    trial.strike("everything", lambda: target.kill(family))
    trial.monitor.expect_end(family, "killed process")
    enough()
    run = max(counts, key=lambda each: len(counts[each]))
    return run, counts[run]


def _went_back_to(trial: Trial, run: int, step: int, kind: str) -> None:
    """Check from which step a run was resumed, and that a log entry names the file."""
    log = trial.target.workspace.log(run).read_text(errors="replace")
    begins = [line for line in log.splitlines() if "training from step" in line]
    trial.check("the next older checkpoint is used", f"training from step {step} " in begins[-1],
                f"{kind}: {begins[-1]}, not step {step}")  # fmt: skip
    sql = "SELECT text FROM log_entries WHERE run = ? AND kind = 'checkpoint'"
    texts = [text for (text,) in select(trial.target.workspace, sql, run)]
    trial.check("a bad checkpoint is named", any("step-" in text for text in texts), f"{kind}: log entries {texts}")


def _seconds(trial: Trial, run: int, step: int) -> float:
    """Return how long a run had trained at a step."""
    sql = "SELECT seconds FROM points WHERE run = ? AND split = 'train' AND step = ?"
    return float(select(trial.target.workspace, sql, run, step)[0][0])


def _foreign(trial: Trial, run: int) -> Path:
    """Return a checkpoint of another run."""
    others = select(trial.target.workspace, "SELECT run, step FROM checkpoints WHERE run != ? ORDER BY step DESC", run)
    return trial.target.workspace.checkpoint(*others[0])


def _cut_off(path: Path, foreign: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _damaged(path: Path, foreign: Path) -> None:
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 64] = bytes(255 - value for value in content[middle : middle + 64])
    path.write_bytes(content)


def _of_another_net(path: Path, foreign: Path) -> None:
    path.write_bytes(foreign.read_bytes())


def _empty(path: Path, foreign: Path) -> None:
    path.write_bytes(b"")


def _gone(path: Path, foreign: Path) -> None:
    path.unlink()


_HARMS: dict[str, Callable[[Path, Path], None]] = {
    "cut off": _cut_off, "damaged": _damaged, "empty": _empty, "gone": _gone, "of another net": _of_another_net,
}  # fmt: skip
