"""What a tree answers: the JSON documents of every verb, the hashes of weights, the rows of the store.

Each capture is a function that fills ``Capture.documents`` in one workspace, in the order of ``STORY``.
``bench`` is left out, for it takes minutes and all its numbers are times.
"""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.compatibility.tree import PATIENCE_S, TINY, Tree, newest_checkpoint, until, weights_hash

SHORT = ("--steps", "12", "--set", "crop=2", *TINY)
#: The cheapest settings of every lab; ``lesion`` and ``landscape`` look at the runs 1 and 2 of the story.
LABS = {
    "constructed": "grown=14 after=4 before=4 rates=1 width=4 batch=8 images=50",
    "mapping": "steps=10 batch=8 seeds=1 sweep=none",
    "conditioning": "blocks=2 seeds=1 trained_blocks=2 steps=10 linear_steps=10 factors=2 cap=100",
    "gradients": "layers=4 width=16 images=16 seeds=1",
    "shattering": "shown=2 layers=4 nets=1",
    "smoothness": "steps=4 moments=2 width=4 batch=8",
    "lesion": "runs=1,2 images=10 paths=1",
    "landscape": "runs=1,2 span=0.1 finer=0 images=16 reach=0.001 products=2",
}
QUANTITIES = (
    "response_std", "response_std_within", "response_std_channel", "response_std_eval", "gamma_abs",
    "response_histogram", "dead_share", "update_size", "update_cosine", "gradient_response", "gradient_weight",
    "gradient_growth", "update_ratio", "activation_cosine", "gradient_cosine",
)  # fmt: skip
COUNTS = (
    "--depth 20", "--depth 56 --shortcut none", "--depth 110 --shortcut B",
    "--depth 20 --shortcut C --width 8 --classes 100",
    "--depth 20 --shortcut A:order=full-pre", "--depth 20 --shortcut highway:bias=-2 --channels 1 --size 28",
    "--depth 50 --family imagenet --shortcut B", "--depth 18 --family imagenet --stem small --size 64 --classes 10",
)  # fmt: skip


@dataclass
class Capture:
    """A tree, the workspace in which it is asked, and what it answered by name."""

    tree: Tree
    workspace: Path
    documents: dict[str, Any] = field(default_factory=dict)

    def ask(self, name: str, *arguments: str, expected: int | None = 0) -> Any:
        """Keep the JSON document of a command."""
        self.documents[name] = self.tree.document(self.workspace, *arguments, expected=expected)
        return self.documents[name]

    def say(self, name: str, *arguments: str, expected: int | None = 0) -> None:
        """Keep how a command without a document ends, and what it says."""
        answer = self.tree.call(self.workspace, *arguments, expected=expected)
        self.documents[name] = {"code": answer.code, "out": answer.out, "err": answer.err}

    def row(self, number: int) -> dict[str, Any]:
        """Return the row of one run."""
        return self.tree.run(self.workspace, number)

    def weights(self, name: str, runs: Iterable[int]) -> None:
        """Keep the hashes of the newest checkpoints of runs, by number and step."""
        files = {run: newest_checkpoint(self.workspace, run) for run in runs}
        self.documents[name] = {
            f"run {run} {path.stem}": {"weights_sha256": weights_hash(path)} for run, path in files.items()
        }


def empty(capture: Capture) -> None:
    """What is said of a workspace without a database, and of nets."""
    capture.ask("doctor of an empty workspace", "doctor")
    capture.ask("runs of an empty workspace", "runs")
    for words in COUNTS:
        capture.ask(f"count {words}", "count", *words.split())


def races(capture: Capture) -> None:
    """Runs 1 to 4 in 32-bit floats, with their weights; what the probes found in one."""
    capture.ask("race", "race", "--depths", "8", "--shortcuts", "none,A,B,A:order=full-pre", *SHORT)
    capture.weights("weights", (1, 2, 3, 4))


def layers(capture: Capture) -> None:
    """What the probes of run 2 found: every quantity at the last step, one at the first."""
    for quantity in QUANTITIES:
        capture.ask(f"layers {quantity}", "layers", "2", "--quantity", quantity)
    capture.ask("layers at step 0", "layers", "1", "--step", "0")


def more_races(capture: Capture) -> None:
    """Runs 5 to 8: two seeds in step, with drops, held-out images and recalibrated statistics."""
    capture.ask(
        "race in step", "race", "--depths", "8", "--shortcuts", "none,A", "--seeds", "2", "--first-seed", "5",
        "--pace", "lockstep:1", *SHORT, "--set", "drops=[0.5]", "--set", "validation=100",
        "--set", "recalibrate_bn=true", "--set", "eval_every=6",
    )  # fmt: skip
    capture.weights("weights of the race in step", (5, 6, 7, 8))


def tuned(capture: Capture) -> None:
    """A race of one run with a learning rate that is looked for first."""
    capture.ask(
        "race with tuned rates", "race", "--depths", "8", "--shortcuts", "A", "--steps", "6", *TINY,
        "--set", "lr=tuned", "--set", "tune_grid=0.03,0.1", "--set", "tune_steps=3",
    )  # fmt: skip


def steering(capture: Capture) -> None:
    """A queued run is paused, changed and resumed while two others train; those are stopped and deleted."""
    tree, workspace = capture.tree, capture.workspace
    before = {row["run"] for row in tree.document(workspace, "runs")["runs"]}
    pair = ("race", "--depths", "8", "--shortcuts", "none,A", "--steps", "1000000", *TINY, "--json")
    long = tree.start(workspace, *pair)

    def beside(count: int) -> list[dict[str, Any]]:
        rows = [row for row in tree.document(workspace, "runs")["runs"] if row["run"] not in before]
        return rows if len(rows) == count else []

    rows = until(lambda: all(row["state"] == "running" for row in beside(2)) and beside(2))
    short = tree.start(workspace, "race", "--depths", "8", "--shortcuts", "A", *SHORT, "--json")
    one, other, queued = (str(row["run"]) for row in until(lambda: beside(3)))
    capture.documents["a queued run"] = until(lambda: (row := capture.row(int(queued)))["detail"] and row)
    capture.say("pause", "pause", queued)
    capture.say("set", "set", queued, "lr=0.02", "strength=0.5")
    capture.documents["a paused run"] = capture.row(int(queued))
    capture.say("pause of a run that trains", "pause", one)
    capture.say("resume", "resume", one)
    tree.await_state(workspace, int(one), "running")
    capture.say("pace", "pace", str(rows[0]["race"]), "lockstep:5")
    capture.say("delete of a run that trains", "delete", one, expected=None)
    until(lambda: all(capture.row(int(run))["images_per_s"] for run in (one, other)))
    capture.say("stop", "stop", one, other)
    capture.documents["race that was stopped"] = _at_the_end(long)
    capture.say("resume of the changed run", "resume", queued)
    capture.documents["race of the changed run"] = _at_the_end(short)
    capture.documents["the changed run"] = capture.row(int(queued))
    capture.weights("weights of the changed run", [int(queued)])
    capture.say("delete", "delete", one, other)
    capture.say("pause of an ended run", "pause", "1", expected=None)


def forks(capture: Capture) -> None:
    """Run 1 forked at a saved step with another rate, run 2 extended."""
    child = capture.ask("fork", "fork", "1", "--step", "6", "--set", "lr=0.01")["run"]
    capture.say("extend", "extend", "2", "--steps", "16")
    for run in (child, 2):
        capture.tree.await_state(capture.workspace, run, "finished")
    capture.weights("weights of fork and extended run", (child, 2))


def lab(name: str) -> Callable[[Capture], None]:
    """Return the capture of one lab."""

    def ask(capture: Capture) -> None:
        settings = [word for pair in LABS[name].split() for word in ("--set", pair)]
        capture.ask(f"lab {name}", "lab", name, *settings)

    ask.__name__ = f"lab_{name}"
    return ask


def bf16(capture: Capture) -> None:
    """Two runs in bfloat16, where the CPU has such arithmetic: the last ones, so that other numbers stay."""
    if capture.documents["doctor of an empty workspace"]["device"]["bf16"]:
        short = (word.replace("precision=fp32", "precision=bf16") for word in SHORT)
        race = capture.ask("race in bf16", "race", "--depths", "8", "--shortcuts", "none,A", *short)
        capture.weights("weights in bf16", [row["run"] for row in race["runs"]])


def ending(capture: Capture) -> None:
    """The whole workspace at last, and the end of the engine."""
    capture.ask("runs", "runs")
    capture.ask("doctor", "doctor")
    capture.say("shutdown", "shutdown")
    capture.documents["store"] = stored(capture.workspace / "skipscope.db")


#: The order matters: run numbers follow from it.
SHORT_STORY = (races, layers)
STORY = (empty, races, layers, more_races, tuned, steering, *(lab(name) for name in LABS), forks, ending)
#: What a recording of another machine may lack.
LOCAL_STORY = (*STORY[:-1], bf16, STORY[-1])


def captured(tree: Tree, story: Iterable[Callable[[Capture], None]] = STORY) -> dict[str, Any]:
    """Return what a tree answers in a workspace of its own, by name; paths begin with ``WORKSPACE``."""
    with TemporaryDirectory(prefix="skipscope-capture-") as folder:
        workspace = Path(folder).resolve() / "workspace"
        capture = Capture(tree, workspace)
        with tree.engine_ended(workspace):
            for chapter in story:
                chapter(capture)
        return without_path(capture.documents, workspace)


def without_path(documents: dict[str, Any], workspace: Path) -> dict[str, Any]:
    """Return the documents with the name ``WORKSPACE`` in place of the workspace's path."""
    return json.loads(json.dumps(documents).replace(str(workspace), "WORKSPACE"))


def stored(database: Path) -> dict[str, Any]:
    """Return the columns of all tables of 0.4.0, and digests of what trainings, probes and labs left in them.

    Reading them with SQL is a supported interface, so names and contents stay, be it as views.
    """
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return {
            "columns": {
                table: [row[1] for row in connection.execute(f"PRAGMA table_info({table})")] for table in TABLES
            },
            "digests": {
                name: {f"{key}": {"sha256": value} for key, value in _digests(connection, query).items()}
                for name, query in _CONTENTS.items()
            },
        }


TABLES = (
    "arrays", "changes", "checkpoints", "clients", "commands", "counters", "deletions", "engine", "figures", "layers",
    "migrations", "points", "probes", "races", "remarks", "runs", "traces",
)  # fmt: skip
#: The first column groups the rows; times are left out.
_CONTENTS = {
    "points": "SELECT run, split, step, loss, error, running_loss, running_error, lr, images, bn FROM points "
    "ORDER BY run, split, step",
    "layers": "SELECT run, kind, position, name, stage, channels FROM layers ORDER BY run, kind, position",
    "arrays": "SELECT probes.run, step, quantity, length, width, code, low, high, data FROM arrays "
    "JOIN probes ON probes.id = arrays.probe ORDER BY run, step, quantity",
    "traces": "SELECT run, panel, name, points, x, y FROM traces ORDER BY run, panel, name",
    "changes": "SELECT run, key, value, step FROM changes ORDER BY run, id",
    "race configs": "SELECT id, name, preset, config FROM races WHERE lab = '' ORDER BY id",
    "run configs": "SELECT id, race, position, depth, shortcut, seed, config, parent_run, parent_step FROM runs "
    "WHERE lab = '' ORDER BY id",
}


def _digests(connection: sqlite3.Connection, query: str) -> dict[Any, str]:
    digests: dict[Any, Any] = {}
    for group, *values in connection.execute(query):
        digests.setdefault(group, hashlib.sha256()).update(repr(values).encode())
    return {group: digest.hexdigest() for group, digest in digests.items()}


def _at_the_end(process: Any) -> dict[str, Any]:
    out, _ = process.communicate(timeout=PATIENCE_S)
    return {"code": process.returncode, "document": json.loads(out)}
