"""The metrics of the mapping lab, from the cells of its heat map.

Every metric is an error at the best learning rate, or counts cells. A metric is NaN until its cell is measured.
"""

import math
from collections.abc import Mapping

from engine.labs.mapping import arms
from engine.labs.mapping.arms import Arm, Grid
from engine.labs.mapping.scores import Cell
from engine.labs.mapping.spec import ERROR_METRICS

#: The cells of a row of the heat map by target; rows by arm and depth.
Heat = Mapping[tuple[Arm, int], Mapping[str, Cell]]


def metrics(heat: Heat, grid: Grid) -> dict[str, float]:
    """Return every figure, from the rows that are done; not a number where its cell is not among them."""
    deep, shallow = max(grid.depths), min(grid.depths)
    found = {name: _error(heat, arm, deep, target) for name, arm, target in ERROR_METRICS}
    deepest, least = (_error(heat, arms.PLAIN, blocks, arms.SMOOTH) for blocks in (deep, shallow))
    found["smooth_plain_depth_factor"] = deepest / least if deep > shallow else math.nan
    every = [cell for row in heat.values() for cell in row.values()]
    found["edge_share"] = sum(cell.at_edge for cell in every) / len(every) if every else math.nan
    found["seeds"] = float(grid.seeds)
    return found


def _error(heat: Heat, arm: Arm, blocks: int, target: str) -> float:
    cell = heat.get((arm, blocks), {}).get(target)
    return math.nan if cell is None or not math.isfinite(cell.error) else cell.error
