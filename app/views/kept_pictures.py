"""Pictures that a page has replaced stay readable for a while.

Streamlit drops a picture when no page shows it any more. A browser that was told of it just before may ask for it after
that: where somebody presses a button while the page still loads it would get a 404.
"""

import threading
import time
from collections.abc import Callable

from streamlit import runtime

#: Seconds for which a replaced picture can be read, and how many at most.
KEPT_S, MAX_KEPT = 30.0, 100


class KeptPictures:
    """Deletes files of a storage some time after they were given up; any thread may ask."""

    def __init__(self, delete: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._delete = delete
        self._clock = clock
        self._lock = threading.Lock()
        #: When each file was given up, the oldest first.
        self._given_up: dict[str, float] = {}

    def give_up(self, file: str) -> None:
        """Note that no page shows a file any more, and delete those of which that is long ago."""
        now = self._clock()
        with self._lock:
            self._given_up.pop(file, None)
            self._given_up[file] = now
            for old, since in list(self._given_up.items()):
                if now - since < KEPT_S and len(self._given_up) <= MAX_KEPT:
                    break
                del self._given_up[old]
                self._delete(old)

    def take_back(self, file: str) -> None:
        """Note that a page shows a file again."""
        with self._lock:
            self._given_up.pop(file, None)


def keep() -> None:
    """Keep the replaced pictures of the server that runs; without one, do nothing."""
    if not runtime.exists():
        return
    storage = runtime.get_instance().media_file_mgr._storage
    kept = KeptPictures(storage.delete_file)
    load = storage.load_and_get_id

    def load_and_take_back(*args: object, **more: object) -> str:
        file: str = load(*args, **more)  # type: ignore[arg-type]
        kept.take_back(file)
        return file

    storage.delete_file = kept.give_up  # type: ignore[method-assign, assignment]
    storage.load_and_get_id = load_and_take_back  # type: ignore[method-assign]
