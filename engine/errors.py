"""Errors for people; each message names the remedy. The command line exits with 2, the page shows one line.

This module imports nothing.
"""


class SkipscopeError(Exception):
    """Base of all errors meant for people; ``str(error)`` is one line."""


class ConfigError(SkipscopeError):
    """A setting has a value that is not allowed."""


class DataError(SkipscopeError):
    """A data set is missing, unreadable or damaged."""


class DeviceError(SkipscopeError):
    """The machine lacks the requested device or precision."""


class ViewOnly(SkipscopeError):
    """This installation has no torch and trains nothing."""


class CheckpointError(SkipscopeError):
    """A checkpoint cannot be written, cannot be read now, or belongs to another net."""


class CheckpointDamaged(CheckpointError):
    """A checkpoint is provably missing, cut, changed, or of another run; reading it again does not help."""


class CheckpointUnusable(CheckpointError):
    """A sound checkpoint of this run with which this version, or the images of today, cannot go on."""


class NoRoom(CheckpointError):
    """The disk has no room for a checkpoint; a retry succeeds once there is space."""


class WorkspaceError(SkipscopeError):
    """The workspace folder cannot be used."""


class NoDatabase(WorkspaceError):
    """The workspace holds no database yet; the first writer creates the database."""


class DatabaseDamaged(WorkspaceError):
    """The workspace's database is not readable. The file stays until a person moves the file aside."""


class DatabaseBusy(WorkspaceError):
    """Another program keeps the database locked; nothing was changed, and a retry may succeed."""


class DiskFull(WorkspaceError):
    """The disk is full; nothing was changed, and a retry succeeds once there is space."""


class QuotaReached(WorkspaceError):
    """The workspace takes as many bytes as it may; no new run begins, those on record go on."""


class VersionMismatch(WorkspaceError):
    """The database or the workspace's engine has another version."""


class OutdatedDatabase(VersionMismatch):
    """The database has an older version and awaits its migration."""


class GuideError(SkipscopeError):
    """A text of the guide, or its table of sources, is missing or damaged."""


class NotPresenter(SkipscopeError):
    """A viewer of a shared page gave a command; nothing was done."""


class ReplicaLost(SkipscopeError):
    """Another process of a run with replicas ended or hangs; the run goes on from its newest checkpoint."""


class ReplicaFailed(SkipscopeError):
    """Another process of a run with replicas told why it cannot go on; a resumed run would end alike."""


class ClusterLost(SkipscopeError):
    """The head of the cluster on which runs train does not answer any more."""


class EngineError(SkipscopeError):
    """The engine cannot serve a request."""


class EngineRunning(EngineError):
    """An engine lives for this workspace already."""


class EngineUnreachable(EngineError):
    """No engine answers for this workspace."""


class AttemptOver(EngineError):
    """Another worker has the run by now: what this one sends is refused."""


class CommandRefused(EngineError):
    """The run's state does not allow the command."""


def missing(name: str) -> str:
    """Return the message about a missing race, run or job, for example ``run 7``."""
    return f"there is no {name}; `python -m engine runs` lists them"


def in_one_line(error: BaseException) -> str:
    """Return an unexpected error as one line of at most 300 characters and its type."""
    text = " ".join(str(error).split())[:300]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
