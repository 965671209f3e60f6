"""The learning-rate curves of a race: a small component that keeps its chart while trials go on.

The script gives it the trials as they are; ``view.js`` draws them, ``figure.js`` says how.
"""

from collections.abc import Sequence
from typing import Any

from app.live.shared.component import component, surroundings


def live_rates(race: int, curves: Sequence[dict[str, Any]], words: str, key: str) -> None:
    """Mount the curves of a race.

    Of each arm: ``arm`` its name, ``mark`` as Plotly calls it, ``color`` and ``textColor`` by scheme, ``chosen`` the
    rate that its runs take (None so far), ``trials`` by rate: ``lr``, ``error`` in percent or None, ``end``
    (``finished``, ``without`` an error, empty while it goes on), ``run``, ``state``, ``step`` of ``steps``, ``seed``,
    ``precision``, ``device``, ``threads``. ``words`` say what is special, for those who do not see the chart.
    """
    component("learning_rates", "skipscope_rates", "shared/export/buttons.css")(
        key=key, data={"race": race, "curves": list(curves), "words": words, **surroundings()}
    )
