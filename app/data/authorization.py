"""The guard before every function of ``app.data`` that writes or commands. Without a guard everyone may command."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from engine.errors import NotPresenter

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")
_guard: Callable[[], bool] | None = None


def guard(may_command: Callable[[], bool] | None) -> None:
    """Ask ``may_command`` before every command from now on; None lets everyone command."""
    global _guard
    _guard = may_command


def requires_presenter(function: Callable[_Parameters, _Result]) -> Callable[_Parameters, _Result]:
    """Make a function raise NotPresenter, before it does anything, for a visitor who may not command."""

    @wraps(function)
    def guarded(*args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Result:
        check()
        return function(*args, **kwargs)

    return guarded


def check() -> None:
    """Raise NotPresenter for a visitor who may not command."""
    if not _may_command():
        raise NotPresenter("this page only looks on; the presenter's link can command")


def _may_command() -> bool:
    if _guard is None:
        return True
    try:
        return _guard() is True
    except Exception:
        return False  # unreadable cookies show no token
