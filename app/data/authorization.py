"""Who may command: asked by every function of ``app.data`` that writes or commands, before it does anything.

Without a guard everyone may: the server is for this machine alone. A guard answers for whoever is being served at the
moment; where it cannot, nobody may.
"""

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from engine.errors import NotPresenter

_Function = TypeVar("_Function", bound=Callable[..., object])
_guard: Callable[[], bool] | None = None


def guard(may_command: Callable[[], bool] | None) -> None:
    """Ask ``may_command`` before every command from now on; None lets everyone command."""
    global _guard
    _guard = may_command


def requires_presenter(function: _Function) -> _Function:
    """Make a function raise NotPresenter, having done nothing, for whoever may not command."""

    @wraps(function)
    def guarded(*args: object, **kwargs: object) -> object:
        if not _may_command():
            raise NotPresenter("this page only looks on; the presenter's link can command")
        return function(*args, **kwargs)

    return guarded  # type: ignore[return-value]


def _may_command() -> bool:
    if _guard is None:
        return True
    try:
        return _guard() is True
    except Exception:
        return False  # whoever cannot be asked about has not shown the token
