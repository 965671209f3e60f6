"""The databases of earlier versions, and what is expected of them. ``make_databases.py`` made them."""

import shutil
from pathlib import Path
from typing import Any

from tests.compatibility.captures import without_path
from tests.compatibility.tree import Tree

FOLDER = Path(__file__).with_name("databases")
VERSIONS = ("0.2.0", "0.4.0")
#: The run that was paused, and goes on.
PAUSED = {"0.2.0": 4, "0.4.0": 18}
#: Runs of each that were probed, and quantities that every version knows.
PROBED = (1, 2)
QUANTITIES = ("response_std", "update_size", "gradient_weight", "response_histogram")


def copied(version: str, folder: Path) -> Path:
    """Copy the workspace of a version; return the copy."""
    return Path(shutil.copytree(FOLDER / version, folder / "workspace"))


def shown(tree: Tree, workspace: Path) -> dict[str, Any]:
    """Return what the command line says of a workspace."""
    documents = {"runs": tree.document(workspace, "runs")}
    for run in PROBED:
        for quantity in QUANTITIES:
            documents[f"layers {run} {quantity}"] = tree.document(workspace, "layers", str(run), "--quantity", quantity)
    documents["layers at step 0"] = tree.document(workspace, "layers", "1", "--step", "0")
    return without_path(documents, workspace)


def resumed(tree: Tree, workspace: Path, run: int) -> dict[str, Any]:
    """Let the paused run go on to its end; return its row."""
    with tree.engine_ended(workspace):
        tree.call(workspace, "resume", str(run))
        row = tree.await_state(workspace, run, "finished", "failed", "diverged", "lost")
    return without_path({"row": row}, workspace)["row"]
