"""Whether this installation trains. PyTorch is by far its largest part, and who only watches needs none. Torch-free.

``app/requirements.txt`` installs all but PyTorch. Engine, page and command line then work as ever, but for what trains:
that is refused in one line before anything is written.
"""

from functools import cache
from importlib.util import find_spec

from engine.errors import ViewOnly


@cache
def view_only() -> str:
    """Return why nothing can be trained here, as a sentence without a full stop; '' where it can."""
    if find_spec("torch") is not None:
        return ""
    return "this installation only views, because torch is not installed; pip install -r requirements.txt adds it"


def require_torch() -> None:
    """Raise ViewOnly in one line where nothing can be trained here."""
    if words := view_only():
        raise ViewOnly(words)
