"""One trial: a target, a seeded source of chance, and the checks after the fault."""

import contextlib
import random
import signal
import sqlite3
import subprocess
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from engine.errors import SkipscopeError
from engine.events import ALIVE, ENGINE_GONE
from tests.faults.fault import Fault, Skipped
from tests.faults.monitor import Age, Monitor
from tests.faults.oracle import Ends, Snapshot
from tests.faults.target import NotInTime, Target

#: Bounds of the checks, in seconds.
STATES_WITHIN_S, ORPHANS_WITHIN_S, AGE_S, MAX_AGE_S = 5.0, 12.0, 1.0, 2.0
#: Time to be at work again, and to finish, on a busy machine.
AT_WORK_S, FINISHED_S = 60.0, 90.0
#: Time to go on after a fault that has passed: refused writes are tried again every 4 s.
GOES_ON_S = 15.0
#: Characters of a refusal.
MAX_LINE = 300
#: Words of a reader who knows that nobody works.
GONE_WORDS = ("engine gone", "last heard", "no engine")
_AT_WORK = {str(state) for state in ALIVE}


@dataclass(frozen=True)
class Finding:
    """The outcome of one check."""

    check: str
    passed: bool
    text: str = ""


@dataclass
class Outcome:
    """What came of one trial."""

    fault: str
    seed: int
    seconds: float = 0.0
    skipped: str = ""
    kills: list[str] = field(default_factory=list)
    ages: list[Age] = field(default_factory=list)
    rows: int = 0
    lost: int = 0
    changed: int = 0
    equal_ends: int = 0
    unequal_ends: int = 0
    states_true_s: list[float] = field(default_factory=list)
    ended_s: list[float] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def failures(self) -> list[Finding]:
        """The checks that failed."""
        return [finding for finding in self.findings if not finding.passed]

    def document(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


class References:
    """Undisturbed trainings, one for each seed, made when they are first needed.

    ``patience`` multiplies all bounds of time: what is tested on a machine of unknown speed is not how long it takes.
    ``seeds``: how many a race may have; few, since each costs an undisturbed training.
    """

    def __init__(self, say: Callable[[str], None] = lambda text: None, patience: float = 1.0, seeds: int = 2):
        self._ends: dict[int, Ends] = {}
        self._say, self.patience, self.seeds = say, patience, seeds

    def of(self, seed: int) -> Ends:
        """Return how a race of a seed ends."""
        if seed not in self._ends:
            self._say(f"an undisturbed training of seed {seed}")
            with Target() as target:
                target.ensure_engine()
                race, _ = target.race(seed)
                target.until(lambda: all(row["state"] == "finished" for row in target.rows()),
                             FINISHED_S * self.patience, "an undisturbed training finishes")  # fmt: skip
                target.shut_down()
                self._ends[seed] = Ends.of(target.workspace, race)
        return self._ends[seed]


class Trial:
    """What a fault's function works with."""

    def __init__(self, target: Target, outcome: Outcome, references: References, say: Callable[[str], None]):
        self.target, self.outcome, self.say = target, outcome, say
        self.patience = references.patience
        self.random = random.Random(f"{outcome.fault} {outcome.seed}")
        self.monitor = Monitor(target)
        self._references = references
        self._snapshots: list[Snapshot] = []
        self._races: dict[int, int] = {}

    # --- steps of a trial

    def begin(self) -> list[int]:
        """Start engine and race, and wait until all runs add rows; return the runs."""
        self.say("starts")
        self.target.ensure_engine()
        runs = self.race()
        if not self.monitor.is_alive():
            self.monitor.start()
        self.at_work()
        return runs

    def race(self) -> list[int]:
        """Start a race; return its runs."""
        seed = self.random.randrange(self._references.seeds)
        race, runs = self.target.race(seed)
        self._races[race] = seed
        return runs

    def rest(self, low: float, high: float) -> None:
        """Wait for a random time, the moment of the next fault."""
        time.sleep(self.random.uniform(low, high))

    def note_rows(self) -> None:
        """Remember all rows: none may change or go from now on."""
        with contextlib.suppress(sqlite3.Error):
            self._snapshots.append(Snapshot.of(self.target.workspace))
            self.outcome.rows += len(self._snapshots[-1])

    def strike(self, kind: str, kill: Callable[[], object]) -> None:
        """Remember the rows, measure their ages, and kill."""
        self.note_rows()
        self.outcome.ages += self.monitor.ages()
        self.outcome.kills.append(kind)
        self.say(f"kills {kind}")
        kill()

    def outlast(self, seconds: float) -> None:
        """Wait while the fault lasts."""
        time.sleep(max(0.0, seconds))

    def watch_again(self) -> None:
        """Start another monitor, which knows nothing of the time before."""
        before, self.monitor = self.monitor, Monitor(self.target)
        self.monitor.departures = before.departures
        self.monitor.start()

    def forget_races(self) -> None:
        """Begin anew with another database."""
        self._races.clear()
        self._snapshots.clear()

    def at_work(self, seconds: float = AT_WORK_S, resume: bool = True) -> None:
        """Wait until every run that is not finished adds rows; ``resume`` those that were lost or paused."""
        asked: dict[int, float] = {}

        def works() -> bool:
            if self.target.engine() is None:
                self.target.ensure_engine()
            rows = self._rows()
            for row in rows:
                by_itself = row["state"] == "paused" and row["detail"] == ENGINE_GONE
                rests = resume and row["state"] in ("lost", "paused", "failed") and not by_itself
                if rests and time.monotonic() - asked.get(row["run"], 0.0) > 3.0:
                    asked[row["run"]] = time.monotonic()
                    self.target.resume(row["run"])
            busy = {age.run for age in self.monitor.ages()}
            return bool(rows) and all(
                row["state"] == "finished"
                or row["run"] in busy
                or (row["state"] == "running" and row["step"] == row["total_steps"])
                for row in rows
            )

        self._wait(works, seconds, "all runs are at work")

    def goes_on(self, seconds: float = GOES_ON_S) -> None:
        """Wait until every run that is not finished has made further steps by itself: nobody resumes it."""
        before = {row["run"]: row["step"] for row in self.target.rows()}
        began = time.monotonic()

        def further() -> bool:
            rows = self._rows()
            return bool(rows) and all(row["state"] == "finished" or row["step"] > before[row["run"]] for row in rows)

        self._wait(further, seconds, "all runs go on by themselves")
        self.figure("goes on after, s", time.monotonic() - began)

    def finish(self) -> None:
        """Wait for the end of all runs, end everything, and check what must hold after any fault."""
        self.say("finishes")
        self.at_work()

        def finished() -> bool:
            self.at_work()
            return all(row["state"] == "finished" for row in self._rows())

        self._wait(finished, FINISHED_S, "all runs finish")
        self.leave()
        for race, seed in self._races.items():
            texts = Ends.of(self.target.workspace, race).differences(self._references.of(seed))
            self.outcome.equal_ends += not texts
            self.outcome.unequal_ends += bool(texts)
            self.check("the end equals an undisturbed one", not texts, f"race {race}, seed {seed}: {'; '.join(texts)}")

    def leave(self) -> None:
        """End app and engine in good order, and check rows, processes and files."""
        self.say("ends")
        self.monitor.expect_end(self.target.family(), "process after the shutdown")
        began = time.monotonic()
        answer = self.target.shut_down()
        self.figure("shutdown, s", time.monotonic() - began)
        self.one_line("a shutdown is done, and says so", answer, codes=(0,))
        self.check("a shutdown tells the truth", self.target.engine() is None, answer.stderr.strip())
        self.no_orphans()
        self.rows_stay()
        parts = [path.name for path in self.target.workspace.path.rglob("*.part")]
        self.check("no .part is left", not parts, ", ".join(parts))
        temporary = [str(path.relative_to(self.target.workspace.path)) for path in self._temporary()]
        self.check("no temporary file is left", not temporary, ", ".join(temporary[:6]))
        outside = self.monitor.left_outside()
        self.check("nothing is left outside", not outside, ", ".join(outside[:6]))

    # --- checks

    def check(self, name: str, passed: bool, text: str = "") -> bool:
        """Record the outcome of one check; ``text`` says what is wrong."""
        self.outcome.findings.append(Finding(name, bool(passed), "" if passed else text))
        return passed

    def figure(self, name: str, value: float) -> None:
        """Keep a number that the trial measured, to be shown with its outcome; ``name`` has its unit."""
        self.outcome.figures[name] = round(value, 2)

    def one_line(self, name: str, answer: subprocess.CompletedProcess[str], codes: Sequence[int] = (2,)) -> None:
        """Check that a command ended with one of these codes and, where it refused, one line."""
        lines = answer.stderr.strip().splitlines()
        fits = answer.returncode in codes and "Traceback" not in answer.stderr + answer.stdout
        if answer.returncode == 2:
            fits = fits and len(lines) == 1 and len(lines[0]) <= MAX_LINE
        self.check(name, fits, f"exit {answer.returncode}, {len(lines)} lines: {answer.stderr.strip()[-300:]}")

    def states_true(self, true: Callable[[dict[str, Any]], bool], what: str) -> None:
        """Check that a reader is told the truth in time; ``true`` judges the document of ``runs --json``."""
        document: dict[str, Any] = {}

        def told() -> bool:
            nonlocal document
            document = self.target.told()
            return true(document)

        began = time.monotonic()
        try:
            self.target.until(told, STATES_WITHIN_S * self.patience, what)
        except NotInTime:
            rows = [(row["run"], row["state"], row["detail"] or row["cause"]) for row in document.get("runs", ())]
            self.check("states are true within 5 s", False, f"{what}; told is {rows}")
        else:
            self.outcome.states_true_s.append(time.monotonic() - began)
            self.check("states are true within 5 s", True)

    def no_orphans(self) -> None:
        """Wait for the end of every process that is to end."""
        within_s = ORPHANS_WITHIN_S * self.patience
        with contextlib.suppress(NotInTime):
            self.target.until(
                lambda: all(each.took_s is not None for each in self.monitor.departures), within_s + 1, "ends"
            )
        late = [
            f"{each.name} (process {each.process.pid}) lives after {each.took_s or within_s:.1f} s"
            for each in self.monitor.departures
            if each.took_s is None or each.took_s > within_s
        ]
        self.outcome.ended_s += [each.took_s for each in self.monitor.departures if each.took_s is not None]
        self.check("no orphan after 12 s", not late, "; ".join(late))

    def rows_stay(self) -> None:
        """Compare all remembered rows with those on record now."""
        if not self._snapshots:
            return
        now = Snapshot.of(self.target.workspace)
        lost, changed = (sum(getattr(one, word)(now) for one in self._snapshots) for word in ("lost", "changed"))
        self.outcome.lost, self.outcome.changed = lost, changed
        self.check("no row is lost or changed", not lost and not changed, f"{lost} lost, {changed} changed")

    def _temporary(self) -> list[Path]:
        """Return what is left in the workspace's own folder of temporary files."""
        return sorted((self.target.workspace.path / "tmp").rglob("*"))

    def _rows(self) -> list[dict[str, Any]]:
        try:
            return self.target.rows()
        except sqlite3.Error:
            return []

    def _wait(self, met: Callable[[], object], seconds: float, what: str) -> None:
        """Wait; NotInTime names the states of the runs."""
        try:
            self.target.until(met, seconds * self.patience, what)
        except NotInTime as error:
            rows = [(row["run"], row["state"], row["step"], row["detail"] or row["cause"]) for row in self._rows()]
            raise NotInTime(f"{error}; runs {rows}") from None


def works_on(row: dict[str, Any]) -> bool:
    """Return whether a row of ``runs --json`` says that somebody works on the run."""
    return row["state"] in _AT_WORK and not any(word in str(row).lower() for word in GONE_WORDS)


def run_trial(fault: Fault, seed: int, references: References, say: Callable[[str], None]) -> Outcome:
    """Let one fault happen to a target of its own; return what came of it. Cleans up after itself, whatever happens."""
    outcome = Outcome(fault.name, seed)
    began = time.monotonic()
    with Target(fault.temporary) as target:
        trial = Trial(target, outcome, references, say)
        try:
            with _within(fault.limit_s * references.patience):
                fault.function(trial)
        except Skipped as reason:
            outcome.skipped = str(reason)
        except (NotInTime, SkipscopeError, subprocess.TimeoutExpired) as error:
            trial.check("the trial comes to its end", False, " ".join(str(error).split()))
        except Exception:
            trial.check("the trial comes to its end", False, traceback.format_exc())
        finally:
            trial.monitor.close()
            if outcome.failures:
                _keep_logs(target, outcome)
    bound = MAX_AGE_S * references.patience
    old = [f"{age.seconds:.2f} s ({age.context})" for age in outcome.ages if age.seconds > bound]
    trial.check("no newest row is above 2 s", not old, "; ".join(old))
    outcome.seconds = time.monotonic() - began
    return outcome


@contextlib.contextmanager
def _within(seconds: float) -> Iterator[None]:
    """Raise NotInTime after so many seconds, in the main thread; an outer alarm is set again afterwards."""

    def late(*_: object) -> None:
        raise NotInTime(f"the trial took longer than {seconds:g} s")

    handler, (rest, _) = signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)
    began = time.monotonic()
    signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, max(0.1, rest - (time.monotonic() - began)) if rest else 0)
        signal.signal(signal.SIGALRM, handler)


def _keep_logs(target: Target, outcome: Outcome) -> None:
    """Note the last lines of the logs, for whoever looks for the cause."""
    for log in (target.workspace.engine_log, target.folder / "app.log", *target.workspace.path.glob("run-*/run.log")):
        with contextlib.suppress(OSError):
            lines = log.read_text(errors="replace").splitlines()[-15:]
            outcome.notes.append(f"--- {log.relative_to(target.folder)}\n" + "\n".join(lines))
