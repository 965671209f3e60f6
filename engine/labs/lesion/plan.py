"""The tasks of the lab ``lesion`` and their order. Torch-free.

Deletions come first, spread over each net and alternating between the nets.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, zip_longest
from typing import Any, NamedTuple

#: BN statistics during a lesion.
RUNNING, RECALIBRATED, BOTH = "running", "recalibrated", "both"
#: Kinds of tasks.
INTACT, DELETE, STORED, SIZE, PATHS, SWAP, SCALE = "intact", "delete", "stored", "size", "paths", "swap", "scale"
FACTORS = (0.0, 0.5, 0.75, 1.5)
#: Per net in the default grid: deletions, deletions repeated with recalibrated statistics, swaps of neighbours, swaps
#: of distant blocks; scaled blocks per stage.
MAX_DELETED, MAX_RECALIBRATED, MAX_SWAPPED, MAX_APART, SCALED_PER_STAGE = 30, 4, 16, 6, 2
#: Swaps per net in the full grid.
MAX_SWAPPED_IN_FULL = 400


class Case(NamedTuple):
    """One net: its blocks' ``stages``, swappable ``pairs``, ``forks``, its branches beside a shortcut, and its BN."""

    name: str
    stages: tuple[int, ...]
    pairs: tuple[tuple[int, int], ...]
    forks: int
    batch_norm: bool = True

    @property
    def plain(self) -> bool:
        """Whether no block has a shortcut."""
        return self.forks == 0

    @property
    def role(self) -> str:
        """The prefix of the net's metrics."""
        return "plain" if self.plain else "residual"

    def own_bn(self, bn: str) -> str:
        """Return the BN statistics of this net where ``bn`` is asked for; without BN none are recalibrated."""
        return bn if self.batch_norm else RUNNING


class LesionTask(NamedTuple):
    """A lesion of ``blocks`` (from 0) of the net ``case``, or another measure, with one kind of BN statistics."""

    part: str
    case: int
    net: str
    bn: str = RUNNING
    blocks: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """The task's name in the state."""
        return task_name(self.part, self.case, self.bn, self.blocks)

    @property
    def words(self) -> str:
        """The page's text during the task."""
        blocks = " and ".join(str(block + 1) for block in self.blocks)
        what = {
            INTACT: "as it is", DELETE: f"without block {blocks}", STORED: "against what its run recorded",
            SIZE: "size of each block's update", PATHS: "gradients along single paths",
            SWAP: f"blocks {blocks} swapped", SCALE: f"branch of block {blocks} scaled",
        }[self.part]  # fmt: skip
        return f"{self.net}: {what}{', BN recalibrated' if self.bn == RECALIBRATED else ''}"


def task_name(part: str, case: int, bn: str = RUNNING, blocks: Iterable[int] = ()) -> str:
    """Return the name of a task in the state."""
    return " ".join([part, str(case), bn, *map(str, blocks)])


def main_bn(settings: Mapping[str, Any]) -> str:
    """Return the BN statistics of all lesions except the additional deletions."""
    return RECALIBRATED if settings["bn"] == RECALIBRATED else RUNNING


def planned(cases: Sequence[Case], settings: Mapping[str, Any]) -> list[LesionTask]:
    """Return all tasks in their order."""
    full, bn = settings["grid"] == "full", main_bn(settings)

    def each(part: str, chosen: Mapping[int, Sequence[tuple[int, ...]]], bn: str = bn) -> list[LesionTask]:
        nets = [[LesionTask(part, i, cases[i].name, bn, blocks) for blocks in chosen[i]] for i in chosen]
        return [one for one in chain.from_iterable(zip_longest(*nets)) if one is not None]

    def once(part: str, bn: str = bn) -> list[LesionTask]:
        return [LesionTask(part, i, case.name, bn) for i, case in enumerate(cases)]

    def blocks(most: int, choose: Callable[[int, int], list[int]], nets: Iterable[int]) -> Mapping[int, Any]:
        counts = {i: len(cases[i].stages) for i in nets}
        return {i: [(b,) for b in coarse_to_fine(choose(n, n if full else most))] for i, n in counts.items()}

    every, normed = range(len(cases)), [i for i, case in enumerate(cases) if case.batch_norm]
    tasks = once(INTACT) + each(DELETE, blocks(MAX_DELETED, spread, every)) + once(STORED) + once(SIZE) + once(PATHS)
    if settings["bn"] == BOTH:
        tasks += [task for task in once(INTACT, RECALIBRATED) if task.case in normed]
        tasks += each(DELETE, blocks(MAX_RECALIBRATED, middles, normed), RECALIBRATED)
    tasks += each(SWAP, {i: coarse_to_fine(swaps(case, full)) for i, case in enumerate(cases)})
    tasks += each(SCALE, {i: [(b,) for b in scaled(case, full)] for i, case in enumerate(cases)})
    return [task._replace(bn=cases[task.case].own_bn(task.bn)) for task in tasks]


def swaps(case: Case, full: bool) -> list[tuple[int, int]]:
    """Return the swapped pairs: neighbours and some pairs 2, 4, 8, ... blocks apart; or all."""
    if full:
        return [case.pairs[i] for i in spread(len(case.pairs), MAX_SWAPPED_IN_FULL)]
    near = [pair for pair in case.pairs if pair[1] - pair[0] == 1]
    far = []
    for stage in sorted(set(case.stages)):
        inside = [pair for pair in case.pairs if case.stages[pair[0]] == stage]
        for distance in (2**power for power in range(1, 10)):
            apart = [pair for pair in inside if pair[1] - pair[0] == distance]
            far += apart[len(apart) // 2 :][:1]
    chosen = [near[i] for i in spread(len(near), MAX_SWAPPED)] + [far[i] for i in spread(len(far), MAX_APART)]
    return sorted(chosen)


def scaled(case: Case, full: bool) -> list[int]:
    """Return the blocks with a scaled branch: some of every stage, its first and last included; or all."""
    stages = [[b for b, of in enumerate(case.stages) if of == stage] for stage in sorted(set(case.stages))]
    return [inside[i] for inside in stages for i in spread(len(inside), len(inside) if full else SCALED_PER_STAGE)]


def spread(count: int, most: int) -> list[int]:
    """Return at most ``most`` of the numbers below ``count``, evenly spread, the first and the last included."""
    if count <= most:
        return list(range(count))
    return sorted({round(i * (count - 1) / max(1, most - 1)) for i in range(most)})


def middles(count: int, most: int) -> list[int]:
    """Return at most ``most`` of the numbers below ``count``: the middles of as many equal parts."""
    parts = min(count, most)
    return [(2 * i + 1) * count // (2 * parts) for i in range(parts)]


def coarse_to_fine(items: Sequence[Any]) -> list[Any]:
    """Return the items in an order whose every beginning is spread over all of them."""
    width = max(1, (len(items) - 1).bit_length())
    order = sorted(range(len(items)), key=lambda i: f"{i:0{width}b}"[::-1])
    return [items[i] for i in order]
