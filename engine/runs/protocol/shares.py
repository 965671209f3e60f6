"""What a run takes of cores and GPUs: one rule, which the scheduler and a cluster's launcher ask. Pure, torch-free."""

from collections.abc import Sequence


def gpu_slots(replicas: int, per_gpu: int) -> int:
    """Return how many of a GPU's ``per_gpu`` slots each replica takes: one, or all of a run with further replicas.

    Replicas wait for each other at every update. NCCL wants a GPU for each, and a fraction of a GPU names none.
    """
    return per_gpu if replicas > 1 else 1


def cores_each(threads: int, replicas: int) -> int:
    """Return the cores that each replica takes on its node; ``threads`` are those of all."""
    return max(1, threads // replicas)


def sure_room(places: Sequence[int], size: int, pieces: Sequence[int]) -> int:
    """Return how many further pieces of ``size`` find room, wherever the present ``pieces`` are.

    Which place holds a piece is the cluster's business. The count is exact for one place, for pieces of size 1 and
    without pieces. Otherwise it may be too small, never too large.

    Args:
        places: What each node or GPU has.
    """
    # A piece takes no more room than the pieces of ``size`` that it touches.
    by_piece = sum(-(-piece // size) for piece in pieces)
    # Nor do all pieces take more than if they were cut into units, each where it does most harm.
    left, by_unit = sum(pieces), 0
    for cost in sorted(place % size + 1 for place in places if place >= size):
        if left < cost:
            break
        left, by_unit = left - cost, by_unit + 1
    else:
        by_unit += left // size
    return max(0, sum(place // size for place in places) - min(by_piece, by_unit))
