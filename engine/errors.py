"""Every error a person can meet, each with a message that says what would be right.

The command line catches ``SkipscopeError`` (exit 2), and so does the page (one line). Anyone may import this module;
this module imports nothing.
"""


class SkipscopeError(Exception):
    """Base of all errors meant for people; ``str(error)`` is one line."""


class ConfigError(SkipscopeError):
    """A setting has a value it cannot have."""


class DataError(SkipscopeError):
    """A data set is missing, unreadable or damaged."""


class DeviceError(SkipscopeError):
    """The requested device or precision is not there."""


class CheckpointError(SkipscopeError):
    """A checkpoint is missing, damaged or belongs to another net."""


class WorkspaceError(SkipscopeError):
    """The workspace folder cannot be used."""


class NoDatabase(WorkspaceError):
    """The workspace holds no database yet; the first writer makes it."""


class DatabaseDamaged(WorkspaceError):
    """The workspace's database is not readable. The file stays where it is until a person moves it aside."""


class DatabaseBusy(WorkspaceError):
    """Another program keeps the database locked; nothing was changed, and trying again may help."""


class DiskFull(WorkspaceError):
    """The database cannot grow; nothing was changed, and trying again helps once there is space."""


class VersionMismatch(WorkspaceError):
    """The database, or the engine that lives for this workspace, is of another version."""


class OutdatedDatabase(VersionMismatch):
    """The database is of an older version and has not been brought up to date yet."""


class GuideError(SkipscopeError):
    """A text of the guide, or its table of sources, is missing or damaged."""


class NotPresenter(SkipscopeError):
    """Somebody who may only view a shared page gave a command; nothing was done."""


class EngineError(SkipscopeError):
    """The engine cannot do what was asked."""


class EngineRunning(EngineError):
    """An engine lives for this workspace already."""


class EngineUnreachable(EngineError):
    """No engine answers for this workspace."""


class CommandRefused(EngineError):
    """The run's state does not allow the command."""


def missing(name: str) -> str:
    """Return the message about a race, a run or a job that does not exist, for example ``run 7``."""
    return f"there is no {name}; `python -m engine runs` lists them"
