"""The database: locked by another program, of another program, cut off, of a newer version."""

import random
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

from engine.store.writer import Writer
from tests.faults.target import Target
from tests.faults.trial import Trial

LOCKED_S = 30.0
_ENDED = {"lost", "failed", "stopped", "diverged"}


def locked(trial: Trial) -> None:
    """Lock the database for half a minute: no run ends, all go on."""
    held(trial, LOCKED_S)


def held(trial: Trial, seconds: float) -> None:
    """Lock the database for so many seconds under a live race."""
    target = trial.target
    runs = trial.begin()
    trial.rest(0.0, 1.0)
    trial.note_rows()
    with closing(sqlite3.connect(target.workspace.database, isolation_level=None, timeout=20)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        began = time.monotonic()
        trial.say("locks the database")

        def says_locked(told: dict[str, Any]) -> bool:
            rows = [row for row in told.get("runs", ()) if row["run"] in runs]
            return bool(rows) and all("locked" in f"{row['detail']} {row['cause']}" for row in rows)

        trial.states_true(says_locked, "the database is locked, and readers are told")
        answer = target.call("pause", str(runs[0]), seconds=60)
        trial.one_line("a command says that the database is locked", answer)
        trial.check("a command says that the database is locked", "locked" in answer.stderr, answer.stderr.strip())
        trial.outlast(seconds - (time.monotonic() - began))
        ended = [(row["run"], row["state"], row["cause"]) for row in target.rows() if row["state"] in _ENDED]
        trial.check("no run ends because of a locked database", not ended, str(ended))
        connection.execute("ROLLBACK")
    trial.say("the database is free")
    trial.goes_on()
    trial.finish()


def foreign(trial: Trial) -> None:
    """Put files that are no database of ours in its place: each is refused in one line and stays as it is."""
    target = trial.target
    for name, make in _FOREIGN.items():
        trial.say(name)
        for suffix in ("", "-wal", "-shm"):
            target.workspace.database.with_name(f"skipscope.db{suffix}").unlink(missing_ok=True)
        make(target, trial.random)
        before = target.workspace.database.read_bytes()
        for words in (("runs",), ("doctor",), ("serve", "--idle-seconds", "1"), ("pause", "1")):
            trial.one_line(f"{words[0]} refuses {name}", target.call(*words), codes=(1, 2))
        trial.check(f"{name} stays as it is", target.workspace.database.read_bytes() == before, "the file was changed")
    trial.check("no process is left", not target.family(), str(target.family()))


def _noise(target: Target, chance: random.Random) -> None:
    target.workspace.database.write_bytes(chance.randbytes(50_000))


def _cut_off(target: Target, chance: random.Random) -> None:
    with Writer(target.workspace):
        pass
    content = target.workspace.database.read_bytes()
    target.workspace.database.write_bytes(content[: len(content) // 2 + chance.randrange(999)])


def _of_another_program(target: Target, chance: random.Random) -> None:
    with closing(sqlite3.connect(target.workspace.database)) as connection:
        connection.execute("CREATE TABLE runs (name TEXT)")
        connection.execute("CREATE TABLE migrations (id INTEGER PRIMARY KEY, what TEXT)")
        connection.commit()


def _newer(target: Target, chance: random.Random) -> None:
    with Writer(target.workspace):
        pass
    with closing(sqlite3.connect(target.workspace.database)) as connection:
        connection.execute("INSERT INTO migrations VALUES ('9999_of_tomorrow', 0)")
        connection.commit()


_FOREIGN: dict[str, Callable[[Target, random.Random], None]] = {
    "a file of noise": _noise,
    "half a database": _cut_off,
    "another program's database": _of_another_program,
    "a newer version's database": _newer,
}
