"""How many cores this process may use. Torch-free and below everything else, for all sides must count alike.

The scheduler shares them out among runs, decoding takes one thread for each, and the page names them.
"""

import math
import os
from pathlib import Path

#: Microseconds of computing that the processes of a container may use, and in which period: "200000 100000", or "max".
_CGROUP_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def cores() -> int:
    """Return how many cores this process may use, at least 1.

    That is its affinity, bounded by the quota of a container.
    """
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    quota = _quota()
    return max(1, available if quota is None else min(available, quota))


def _quota() -> int | None:
    """Return the quota of the container in whole cores, rounded up; None where there is none."""
    try:
        quota, period = _CGROUP_QUOTA.read_text().split()
        return None if quota == "max" else math.ceil(int(quota) / int(period))
    except (OSError, ValueError):
        return None
