"""The metrics of one net in the lab ``landscape``, named as in its spec without the slot."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.events import MetricReported, Split
from engine.labs.landscape.spec import SLOTS

#: The recorded splits that are measured again.
SPLITS = {Split.TRAIN_CLEAN: "train", Split.TEST_SUBSET: "test"}
#: Tolerance of equal losses.
SAME_LOSS = 1e-6


def compared(scores: Mapping[str, Sequence[float]], stored: Mapping[Split, Any]) -> dict[str, float]:
    """Return the measured and the recorded scores, and whether they are equal."""
    metrics: dict[str, float] = {}
    same = []
    for split, word in SPLITS.items():
        loss, error, images = scores[split.value]
        kept = stored.get(split)
        metrics |= {f"centre_{word}_loss": loss, f"centre_{word}_error": error}
        metrics[f"stored_{word}_loss"] = kept.loss if kept else math.nan
        metrics[f"stored_{word}_error"] = kept.error if kept else math.nan
        if kept:
            wrong, recorded = (round(share * images / 100) for share in (error, kept.error))
            close = abs(loss - kept.loss) <= SAME_LOSS or (math.isnan(loss) and math.isnan(kept.loss))
            same.append(images == kept.images and wrong == recorded and close)
    return metrics | {"equals_stored": float(all(same)) if same else math.nan}


def bent(result: Mapping[str, Any]) -> dict[str, float]:
    """Return the metrics of a net's task ``hessian``."""
    random = result["along_random"]
    return {
        "top_hessian_eigenvalue": result["top"], "lowest_hessian_eigenvalue": result["lowest"],
        "eigenvalue_residual": result["residual"], "gradient_curvature": result["along_gradient"],
        "random_curvature": random, "hidden_factor": result["top"] / random if random > 0 else math.nan,
        "gradient_norm": result["gradient_norm"], "weight_norm": result["weight_norm"],
        "relative_sharpness": result["top"] * result["weight_norm"] ** 2,
    }  # fmt: skip


def metrics_of(net: int, values: Mapping[str, float]) -> Iterator[MetricReported]:
    """Yield the metrics of a net with a slot."""
    if net < len(SLOTS):
        yield from (MetricReported(f"{SLOTS[net]}_{name}", float(value)) for name, value in values.items())
