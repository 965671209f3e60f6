"""The card of a run: everything the live page shows of it besides its points, as plain values for JSON."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.data import arms

#: Remarks that stand on the curves, and how many of one run at most: the newest.
DRAWN_REMARKS, MOST_REMARKS = ("change", "fork"), 12


def card(
    row: Any, log: Path, train_images: int, checkpoints: int, checkpoint_bytes: int, remarks: Sequence[Any] = ()
) -> dict[str, Any]:
    """Return the card of a stored run. Units: seconds, images per second, bytes.

    ``arm`` and ``variant`` are names for people, ``plain`` whether nothing is added around the blocks, ``lr`` the
    config's rate (None while it is looked for), ``parent`` and ``parent_step`` where a fork begins, ``changes`` what
    happened to the run as ``[step, text]``: what was changed while it trained, the begin of a fork; ``note`` what
    people wrote beside it.
    ``evaluation_share`` and ``probe_share`` are 0 to 1, ``eval_images`` the size of each fixed subset, ``bn`` the
    batch-norm statistics of the evaluations: ``running`` or ``recalibrated``.
    """
    return {
        "run": row.id, "race": row.race, "arm": arms.arm_label(row.depth, row.shortcut), "depth": row.depth,
        "shortcut": row.shortcut,
        "variant": arms.variant_name(row.shortcut), "plain": arms.is_plain(row.shortcut), "seed": row.seed,
        "state": row.state.value, "detail": row.detail, "cause": row.cause, "log": str(log), "step": row.step,
        "total_steps": row.total_steps, "parameters": row.parameters, "device": row.device,
        "precision": row.precision, "threads": row.threads, "images_per_s": _rounded(row.images_per_s, 1),
        "seconds": _rounded(row.seconds, 2), "evaluation_share": _rounded(row.evaluation_share, 4),
        "probe_share": _rounded(row.probe_share, 4),
        "lr": _rate(row.config.optim.lr), "batch_size": row.config.optim.batch_size,
        "train_images": train_images, "checkpoints": checkpoints,
        "checkpoint_bytes": checkpoint_bytes, "eval_images": row.config.data.eval_images,
        "bn": "recalibrated" if row.config.recalibrate_bn else "running", "parent": row.parent_run,
        "parent_step": row.parent_step, "note": row.note,
        "changes": [[r["step"], r["text"]] for r in remarks if r["kind"] in DRAWN_REMARKS][-MOST_REMARKS:],
    }  # fmt: skip


def _rate(lr: Any) -> float | None:
    """Return a learning rate, None while one is looked for."""
    return lr if isinstance(lr, int | float) else None


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
