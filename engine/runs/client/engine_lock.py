"""Whose an engine is: a living process is this workspace's engine while it holds this workspace's lock. Torch-free.

A copy of a workspace holds the record of the engine that it was copied from, which may live on beside it.
"""

import time

from filelock import FileLock, Timeout

from engine.hardware.machine import ProcessId
from engine.store.rows import EngineRow
from engine.store.workspace import Workspace

#: An engine that was heard so recently is not asked for its lock: this is what each look of the page costs.
_HEARD_S = 3.0


def is_held(workspace: Workspace) -> bool | None:
    """Return whether an engine holds the lock, one in another container included; None where nobody can tell."""
    if not workspace.engine_lock.exists():
        return False
    try:
        with FileLock(workspace.engine_lock, timeout=0):
            return False
    except Timeout:
        return True
    except OSError:
        return None  # a read-only workspace


def engine_lives(workspace: Workspace, row: EngineRow | None, *, asks_lock: bool = False) -> bool:
    """Return whether the engine of the ``row`` lives, as the engine of this workspace.

    Args:
        asks_lock: Ask for the lock also where the engine was heard a moment ago.
    """
    if row is None or not ProcessId(row.pid, row.pid_started).lives():
        return False
    if not asks_lock and time.time() - row.heartbeat <= _HEARD_S:
        return True
    return is_held(workspace) is not False
