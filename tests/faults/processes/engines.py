"""Several engines at once on one workspace: one lives, the others say so and end."""

import subprocess
import sys

from engine.paths import PROJECT
from tests.faults.trial import Trial

ENGINES = 4


def several(trial: Trial) -> None:
    """Start four engines at once, then three beside a busy one, then three after its kill."""
    target = trial.target
    _start(trial, ENGINES, living=1)
    trial.begin()
    _start(trial, ENGINES - 1, living=0)
    trial.rest(0.0, 1.0)
    process = target.engine()
    assert process is not None
    heirs = target.family()
    trial.strike("engine", lambda: target.kill([process]))
    trial.monitor.expect_end(heirs, "process of a killed engine")
    _start(trial, ENGINES - 1, living=1)
    trial.finish()


def _start(trial: Trial, count: int, living: int) -> None:
    """Start engines; check that ``living`` of them live, and that the others end with one line."""
    target = trial.target
    trial.say(f"starts {count} engines at once")
    words = [sys.executable, "-m", "engine", "--workspace", str(target.workspace.path), "serve", "--idle-seconds", "60"]
    started = [
        subprocess.Popen(words, cwd=PROJECT, start_new_session=True, stdin=subprocess.DEVNULL,
                         stdout=subprocess.DEVNULL, stderr=(target.folder / f"engine-{number}.log").open("wb"))
        for number in range(count)
    ]  # fmt: skip
    target.until(
        lambda: sum(each.poll() is None for each in started) <= living, 60, f"{living} of {count} engines live"
    )
    alive = [each for each in started if each.poll() is None]
    trial.check("one engine lives", len(alive) == living, f"{len(alive)} of {count} live, not {living}")
    for number, each in enumerate(started):
        if each.poll() is not None:
            said = (target.folder / f"engine-{number}.log").read_text(errors="replace")
            answer = subprocess.CompletedProcess(words, each.returncode, "", said)
            trial.one_line("another engine refuses", answer)
            trial.check("another engine says why", "lives for workspace" in said, said[-300:])
