"""Checkpoints in a bundle: a tree and the bytes of the tensors instead of a pickle. The only part that needs torch."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.config import RunConfig
from engine.errors import CheckpointError, ConfigError, DataError
from engine.exchange.bundle.documents import Document
from engine.exchange.privacy import portable, portable_run
from engine.store.rows import RunRow
from engine.store.workspace import Workspace

NO_TORCH = "torch is not installed here"


class StateDocument(Document):
    """A saved state: its tree (``engine.training.portable_state``)."""

    state: dict[str, Any]


def has_torch() -> bool:
    """Return whether this installation can read and write checkpoints."""
    try:
        import engine.training.portable_state  # noqa: F401
    except ModuleNotFoundError:
        return False
    return True


def portable_state(workspace: Workspace, row: RunRow, step: int) -> tuple[StateDocument, bytes]:
    """Return a saved state of a run. Raises DataError for one that is gone, and without torch."""
    if not has_torch():
        raise DataError(f"{NO_TORCH}; export without checkpoints, or pip install -r requirements.txt")
    from engine.training import checkpoint
    from engine.training.portable_state import to_plain

    try:
        state = checkpoint.load(workspace.checkpoint(row.id, step))
    except CheckpointError as error:
        raise DataError(f"{portable(str(error))}; export fewer checkpoints") from None
    config = portable_run(RunConfig.from_json(state["config"])).to_json()
    tree, tensors = to_plain(_without_ids({**state, "config": config}))
    return StateDocument(state=tree), tensors


def restored(tree: Mapping[str, Any], tensors: bytes, config: RunConfig) -> dict[str, Any]:
    """Return the state that a bundle holds for a run of this config. Raises CheckpointError, ConfigError."""
    from engine.training.portable_state import from_plain
    from engine.training.state import check_document

    state = from_plain(dict(tree), tensors)
    check_document(state)
    saved = state.get("config")
    if not isinstance(saved, str):
        raise CheckpointError("a checkpoint names no settings")
    if RunConfig.from_json(saved).model != config.model:
        raise ConfigError("a checkpoint is of another net than its run")
    return dict(state)


def save(state: Mapping[str, Any], path: Path) -> None:
    """Write a restored state as this workspace keeps its own. Raises CheckpointError."""
    from engine.training import checkpoint

    checkpoint.save(dict(state), path)


def _without_ids(state: dict[str, Any]) -> dict[str, Any]:
    """Return a state that names no rows of this workspace: a fork of it does not ask, and nothing resumes from it."""
    state = {key: value for key, value in state.items() if key != "run"}
    progress = state.get("progress")
    if not isinstance(progress, dict) or not isinstance(progress.get("changes"), list):
        return state
    held = [[0, *each[1:]] for each in progress["changes"] if isinstance(each, list) and each]
    return {**state, "progress": {**progress, "changes": held}}
