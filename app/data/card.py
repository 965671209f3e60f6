"""The card of a run: everything the live page shows of it besides its points, as plain values for JSON."""

from pathlib import Path
from typing import Any


def card(row: Any, log: Path, train_images: int, checkpoints: int, checkpoint_bytes: int) -> dict[str, Any]:
    """Return the card of a stored run. Units: seconds, images per second, bytes.

    ``evaluation_share`` and ``probe_share`` are 0 to 1, ``eval_images`` the size of each fixed subset, ``bn`` the
    batch-norm statistics of the evaluations: ``running`` or ``recalibrated``.
    """
    return {
        "run": row.id, "arm": row.arm, "depth": row.depth, "shortcut": row.shortcut, "seed": row.seed,
        "state": row.state.value, "detail": row.detail, "cause": row.cause, "log": str(log), "step": row.step,
        "total_steps": row.total_steps, "parameters": row.parameters, "device": row.device,
        "precision": row.precision, "threads": row.threads, "images_per_s": _rounded(row.images_per_s, 1),
        "seconds": _rounded(row.seconds, 2), "evaluation_share": _rounded(row.evaluation_share, 4),
        "probe_share": _rounded(row.probe_share, 4),
        "batch_size": row.config.optim.batch_size, "train_images": train_images, "checkpoints": checkpoints,
        "checkpoint_bytes": checkpoint_bytes, "eval_images": row.config.data.eval_images,
        "bn": "recalibrated" if row.config.recalibrate_bn else "running",
    }  # fmt: skip


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
