"""Page corruption: parts of the database are overwritten under a live race."""

import sqlite3
from contextlib import closing, suppress

from tests.faults.target import Target
from tests.faults.trial import Trial

PAGE = 4096
#: The share of pages that is overwritten; the first page stays, or nobody would take the file for a database.
SHARE = 0.5
_ENDS_S = 60.0


def corrupted(trial: Trial) -> None:
    """Overwrite half of the pages: whoever reads says so in one line, nothing hangs, and a new database takes over."""
    target = trial.target
    runs = trial.begin()
    trial.rest(0.0, 1.0)
    trial.say("overwrites pages")
    _overwrite(trial)
    trial.monitor.close()
    examined = target.call("doctor")
    trial.one_line("doctor exits with 1 on a damaged database", examined, codes=(1,))
    trial.check("doctor names a damaged database", "damaged" in examined.stdout, examined.stdout[-400:])
    # Pages in memory may hide the damage from a process for a while, never for good, and no traceback shows it.
    trial.one_line("runs answers on a damaged database", target.call("runs"), codes=(0, 1, 2))
    trial.one_line("a command is answered on a damaged database", target.call("pause", str(runs[0])), codes=(0, 1, 2))
    trial.say("takes a new database")
    moved = target.call("doctor", "--new-database", seconds=120)
    trial.check("the damaged database is moved aside", moved.returncode == 0, f"{moved.stdout}{moved.stderr}"[-400:])
    kept = [path.name for path in target.workspace.path.glob("skipscope-damaged-*.db")]
    trial.check("the damaged database is kept", len(kept) == 1, str(kept))
    target.until(lambda: not target.family(), _ENDS_S, "all processes of the damaged database end")
    trial.forget_races()
    trial.watch_again()
    target.ensure_engine()
    trial.race()
    trial.finish()


def _overwrite(trial: Trial) -> None:
    target: Target = trial.target
    # What is still in the log of changes alone would hide the damage.
    with suppress(sqlite3.Error), closing(sqlite3.connect(target.workspace.database, timeout=5)) as connection:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
    with target.workspace.database.open("r+b") as file:
        count = file.seek(0, 2) // PAGE
        for page in trial.random.sample(range(1, count), max(1, int(SHARE * (count - 1)))):
            file.seek(page * PAGE)
            file.write(trial.random.randbytes(PAGE))
