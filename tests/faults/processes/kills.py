"""SIGKILL: of the engine, a worker, the app server, the fork server, everything."""

import threading
import time
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import suppress

from tests.faults.trial import Trial, works_on

KINDS = ("engine", "worker", "app", "fork server", "everything")
#: Kills of one trial of the long form.
KILLS = 10


def mixed(trial: Trial) -> None:
    """Kill one process after another, each at a random moment."""
    sequence(trial, [trial.random.choice(KINDS) for _ in range(KILLS)])


def sequence(trial: Trial, kinds: Sequence[str]) -> None:
    """Kill processes of these kinds in turn; some before the runs are at work again."""
    _begin(trial)
    for number, kind in enumerate(kinds, 1):
        trial.rest(0.0, 1.5)
        if all(row["state"] == "finished" for row in trial.target.rows()):
            trial.race()
            trial.at_work()
        _KILLS[kind](trial)
        if number == len(kinds) or trial.random.random() < 0.7:
            trial.at_work()
        else:
            trial.target.ensure_engine()
    trial.finish()


def engine(trial: Trial) -> None:
    """Kill the engine."""
    _one(trial, _engine)


def worker(trial: Trial) -> None:
    """Kill a worker."""
    _one(trial, _worker)


def app(trial: Trial) -> None:
    """Kill the app server."""
    _one(trial, _app)


def fork_server(trial: Trial) -> None:
    """Kill the fork server, then a worker: the next one needs a new fork server."""
    _begin(trial)
    trial.rest(0.0, 1.0)
    _fork_server(trial)
    _worker(trial)
    trial.finish()


def everything(trial: Trial) -> None:
    """Kill every process."""
    _one(trial, _everything)


def loading(trial: Trial) -> None:
    """Kill the fork server while it loads torch: the race that waits for it goes on with the next one."""
    target = trial.target
    target.ensure_engine()
    trial.monitor.start()
    target.until(target.fork_server, 20, "a fork server")
    trial.rest(0.0, 0.3)
    server = target.fork_server()
    trial.strike("fork server that loads", lambda: target.kill([server]))
    began = time.monotonic()
    trial.race()
    trial.at_work()
    trial.figure("at work after, s", time.monotonic() - began)
    trial.finish()


def _begin(trial: Trial) -> None:
    trial.target.start_app()
    runs = trial.begin()
    viewer = threading.Thread(target=_view, args=(trial, runs), name="viewer", daemon=True)
    viewer.start()


def _one(trial: Trial, kill: Callable[[Trial], None]) -> None:
    _begin(trial)
    trial.rest(0.0, 1.5)
    kill(trial)
    trial.finish()


def _view(trial: Trial, runs: list[int]) -> None:
    """Follow the runs like a page does, as long as the app lives."""
    url = f"http://127.0.0.1:{trial.target.port}/live/stream?runs={','.join(map(str, runs))}"
    with suppress(OSError, ValueError), urllib.request.urlopen(url, timeout=30) as stream:
        while stream.readline():
            pass


def _engine(trial: Trial) -> None:
    target = trial.target
    if (process := target.engine()) is None:
        return
    heirs = [each for each in target.family() if target.app is None or each.pid != target.app.pid]
    trial.strike("engine", lambda: target.kill([process]))
    trial.monitor.expect_end(heirs, "process of a killed engine")
    if trial.random.random() < 0.5:
        trial.states_true(lambda told: not any(map(works_on, told["runs"])), "nobody works without an engine")


def _worker(trial: Trial) -> None:
    target = trial.target
    workers = target.workers()
    if not workers:
        return
    run = trial.random.choice(sorted(workers))
    # Only the fork server hears from the system how a worker ended.
    cause = "SIGKILL" if target.fork_server() else ""
    trial.strike("worker", lambda: target.kill([workers[run]]))
    trial.monitor.expect_end([workers[run]], "killed worker")

    def known(told: dict) -> bool:
        row = next(row for row in told["runs"] if row["run"] == run)
        named = row["state"] == "lost" and row["cause"] and cause in row["cause"]
        return bool(named) or target.workers().get(run) is not None

    trial.states_true(known, f"run {run} is lost, with its cause, or has another worker")


def _app(trial: Trial) -> None:
    target = trial.target
    assert target.app is not None
    others = [each for each in target.family() if each.pid != target.app.pid]
    trial.strike("app", target.app.kill)
    trial.rest(0.0, 1.0)
    gone = [each.pid for each in others if not each.is_running()]
    engine = target.engine()
    trial.check("the engine outlives the app", engine is not None and engine.pid not in gone, f"{gone} ended too")
    target.start_app()


def _fork_server(trial: Trial) -> None:
    target = trial.target
    if (process := target.fork_server()) is None:
        return
    trial.strike("fork server", lambda: target.kill([process]))
    trial.monitor.expect_end([process], "killed fork server")


def _everything(trial: Trial) -> None:
    target = trial.target
    family = target.family()
    trial.random.shuffle(family)
    trial.strike("everything", lambda: target.kill(family))
    trial.monitor.expect_end(family, "killed process")
    trial.states_true(lambda told: not any(map(works_on, told["runs"])), "nobody works when everything is dead")
    target.start_app()


_KILLS = {
    "engine": _engine, "worker": _worker, "app": _app, "fork server": _fork_server, "everything": _everything,
}  # fmt: skip
