"""Make the databases of earlier versions anew: ``python -m tests.compatibility.make_databases 0.2.0 88fa8ca``.

The version itself is run, by its own command line. What is kept: the database as one file, and the checkpoint from
which its paused run goes on. Checkpoints that are not kept are taken out of the database as well. This is done once a
version and is no part of any test; ``record_databases.py`` follows it.
"""

import shutil
import sqlite3
import sys
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.compatibility.tree import TINY, Tree, tree_of, until

DATABASES = Path(__file__).with_name("databases")
NAME = "skipscope.db"
SHORT = tuple(word.replace("width=4", "width=2") for word in TINY)
#: Steps of the run that is paused and goes on in the tests.
LONG = 400
LAB = ("--set", "layers=4", "--set", "width=16", "--set", "images=16", "--set", "seeds=1")


def story(tree: Tree, workspace: Path, what_ifs: bool) -> int:
    """Fill a workspace; return the number of the paused run.

    A finished race, a job of a lab; with ``what_ifs`` (since 0.3.0) two depths instead of one, a race of two seeds
    without probes, a fork, an extended run, trials of learning rates and a change of the paused run that it has not
    taken over yet.
    """
    depths = "8,14" if what_ifs else "8"
    tree.document(workspace, "race", "--depths", depths, "--shortcuts", "none,A", "--steps", "12", *SHORT)
    tree.document(workspace, "lab", "gradients", *LAB, "--set", f"sweep={what_ifs}".lower())
    if what_ifs:
        seeds = ("--seeds", "2", "--steps", "6", "--set", "probe.images=0")
        tree.document(workspace, "race", "--depths", "8,14", "--shortcuts", "none,A", *SHORT, *seeds)
        child = tree.document(workspace, "fork", "2", "--step", "6", "--set", "lr=0.05")["run"]
        tree.call(workspace, "extend", "1", "--steps", "16")
        for run in (child, 1):
            tree.await_state(workspace, run, "finished")
        rates = ("--set", "lr=tuned", "--set", "tune_grid=0.03,0.1", "--set", "tune_steps=2")
        tree.document(workspace, "race", "--depths", "8", "--shortcuts", "A", "--steps", "4", *SHORT, *rates)
    before = max(row["run"] for row in tree.document(workspace, "runs")["runs"])
    race = tree.start(workspace, "race", "--depths", "8", "--shortcuts", "A", "--steps", str(LONG), *SHORT, "--json")

    def begun() -> int:
        rows = [row for row in tree.document(workspace, "runs")["runs"] if row["run"] > before and row["step"] > 2]
        return rows[0]["run"] if rows else 0

    paused = until(begun)
    tree.call(workspace, "pause", str(paused))
    if what_ifs:
        tree.call(workspace, "set", str(paused), "lr=0.02")
    race.kill()
    race.wait()
    tree.await_state(workspace, paused, "paused")
    return paused


def keep(workspace: Path, paused: int, folder: Path) -> None:
    """Copy the database, as one file, and the newest checkpoint of the paused run."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    database = folder / NAME
    with closing(sqlite3.connect(workspace / NAME)) as source, closing(sqlite3.connect(database)) as copy:
        source.backup(copy)
    with closing(sqlite3.connect(database, isolation_level=None)) as copy:
        (step,) = copy.execute("SELECT max(step) FROM checkpoints WHERE run = ?", (paused,)).fetchone()
        copy.execute("DELETE FROM checkpoints WHERE NOT (run = ? AND step = ?)", (paused, step))
        copy.execute("DELETE FROM clients")  # the command that was ended
        copy.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        copy.execute("VACUUM")
    for suffix in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            database.with_name(NAME + suffix).unlink()
    path = Path(f"run-{paused:05d}", "checkpoints", f"step-{step:08d}.pt")
    (folder / path.parent).mkdir(parents=True)
    shutil.copyfile(workspace / path, folder / path)
    print(f"{folder.name}: run {paused} paused at step {step}; {database.stat().st_size:,} bytes of rows")


if __name__ == "__main__":
    version, reference = sys.argv[1:]
    with TemporaryDirectory(prefix="skipscope-made-") as made, tree_of(reference) as tree:
        workspace = Path(made, "workspace")
        with tree.engine_ended(workspace):
            paused = story(tree, workspace, what_ifs=version >= "0.3.0")
        keep(workspace, paused, DATABASES / version)
