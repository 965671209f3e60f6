"""Which runs of older versions cannot go on, because their net has another forward pass now. Torch-free.

Before version 0.5.0 the projections of ``B`` and ``C`` got the bare input in the pre-activation orders. The tensors are
the same, so nothing else would tell. Checkpoints have a format of their own for it (``engine.training.state``).
"""

from engine.models.registry import variant
from engine.provenance import release
from engine.store.rows import RunRow

#: The first version whose projections get the activated input.
_SINCE = (0, 5)


def refusal(row: RunRow) -> str:
    """Return in one line why a run may not be continued, '' if it may."""
    version = row.versions.get("skipscope", "")
    if release(row.versions) >= _SINCE or not variant(row.config.model.shortcut).projects_activated:
        return ""
    return (
        f"run {row.id} ({row.arm}) is of version {version or 'unknown'}, in which its projections had another input; "
        "start a new race"
    )
