"""How many new visitors may vote from one address: a browser without a cookie is somebody new, as often as it likes.

A cookie is handed out freely and counts for nothing until its first vote. Who has voted once is known from then on.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from app.data.workspace import SkipscopeError
from app.web.addresses import network

#: New voters of one address at once: a lecture room may be one address. Then another every so many seconds.
AT_ONCE, EVERY_S = 250, 5.0
#: Visitors and addresses that are remembered, the newest ones.
MAX_KNOWN, MAX_ADDRESSES = 20_000, 4_096


class FirstVotes:
    """Counts the first votes of each address; any thread may ask."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._known: OrderedDict[str, None] = OrderedDict()
        # Of an address how many first votes it has left, and when that was reckoned.
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    @contextmanager
    def of(self, visitor: str, address: str) -> Iterator[None]:
        """Let a visitor vote within; a vote that is refused there is none. Raises SkipscopeError for one too many."""
        place = network(address)
        with self._lock:
            is_new = visitor not in self._known
            if is_new and not self._change(place, -1):
                raise SkipscopeError("too many new voters came from your network just now; try again in a moment")
        try:
            yield
        except BaseException:
            if is_new:
                with self._lock:
                    self._change(place, 1)
            raise
        with self._lock:
            self._known[visitor] = None
            self._known.move_to_end(visitor)
            while len(self._known) > MAX_KNOWN:
                self._known.popitem(last=False)

    def _change(self, place: str, by: int) -> bool:
        now = self._clock()
        left, since = self._left.get(place, (float(AT_ONCE), now))
        left = min(float(AT_ONCE), left + (now - since) / EVERY_S)
        if left + by < 0:
            return False
        self._left[place] = min(float(AT_ONCE), left + by), now
        self._left.move_to_end(place)
        while len(self._left) > MAX_ADDRESSES:
            self._left.popitem(last=False)
        return True


#: Those of this server.
first_votes = FirstVotes()
