"""The component of a race's learning-rate curves, which keeps its chart while trials go on."""

from collections.abc import Sequence
from typing import Any

from app.live.shared.component import component, surroundings


def live_rates(race: int, curves: Sequence[dict[str, Any]], words: str, key: str) -> None:
    """Mount the curves of a race.

    Args:
        curves: Of each arm ``arm`` (its name), ``mark`` (Plotly's), ``color`` and ``textColor`` by scheme, ``chosen``
            (its rate or None), ``trials`` by rate: ``lr``, ``error`` in percent or None, ``end`` (``finished``,
            ``without`` an error, empty before the end), ``run``, ``state``, ``step`` of ``steps``, ``seed``,
            ``precision``, ``device``, ``threads``.
        words: The remarks for the text alternative.
    """
    component("learning_rates", "skipscope_rates", "shared/export/buttons.css")(
        key=key, data={"race": race, "curves": list(curves), "words": words, **surroundings()}
    )
