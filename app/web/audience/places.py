"""Who has a place and whose turn it is, where many want the same: each network gets something before one gets all.

A lecture room may be one address, so that no share of the places is kept from it. Where all are taken, the fullest
network gives way to one that has far fewer.
"""

import asyncio
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from starlette.types import Scope

from app.web import addresses

#: A network takes a place of the fullest one while it has less than this part of what that one has.
GIVES_WAY = 0.25
#: Seconds in which a reader takes nothing, after which he gives way to one who waits; and for which one waits at most.
PATIENCE_S, LONGEST_WAIT_S = 10.0, 20.0
#: Seconds between two looks for such readers, while somebody waits.
LOOK_S = 1.0


def network_of(scope: Scope) -> str:
    """Return the network from which a request comes, '' where none is known."""
    client = scope.get("client")
    return addresses.network(client[0]) if client else ""


@dataclass(eq=False)
class Place:
    """One open answer: its network, the task that gives it, and whether it has to end for somebody else's."""

    network: str
    task: asyncio.Task[object]
    gives_way: bool = False
    #: Since when its reader keeps it waiting, None while he does not.
    stands_since: float | None = None


class Places:
    """So many answers of one kind at once."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._taken: dict[Place, None] = {}

    def take(self, network: str, task: asyncio.Task[object]) -> Place | None:
        """Return a place for the answer of a task, None where there is no room."""
        if len(self._taken) >= self.most and not self._make_room(network):
            return None
        place = Place(network, task)
        self._taken[place] = None
        return place

    def leave(self, place: Place) -> None:
        """Give a place back."""
        self._taken.pop(place, None)

    def _make_room(self, network: str) -> bool:
        counts = Counter(place.network for place in self._taken)
        fullest, most = counts.most_common(1)[0]
        if counts[network] >= most * GIVES_WAY:
            return False
        newest = next(place for place in reversed(self._taken) if place.network == fullest)
        self._end(newest)
        return True

    def _end(self, place: Place) -> None:
        self._taken.pop(place, None)
        place.gives_way = True
        place.task.cancel()


class Line(Places):
    """Places for which one stands in line a while, the networks in turn; readers who take nothing give way to it."""

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(most)
        self._clock = clock
        self._turns = Turns(most)
        self._in_line = 0
        self._next_look: asyncio.TimerHandle | None = None

    async def enter(self, network: str, task: asyncio.Task[object]) -> Place | None:
        """Return a place for the answer of a task, None where none comes free in time."""
        # A network that makes room takes over the place and its turn.
        if not (len(self._taken) >= self.most and self._make_room(network)) and not await self._wait(network):
            return None
        place = Place(network, task)
        self._taken[place] = None
        return place

    def leave(self, place: Place) -> None:
        """Give a place back, unless it was given already."""
        if self._taken.pop(place, 0) is None:
            self._turns.release()

    async def _wait(self, network: str) -> bool:
        self._in_line += 1
        try:
            if self._turns.is_taken:
                self._look()
            async with asyncio.timeout(LONGEST_WAIT_S):
                await self._turns.acquire(network)
        except TimeoutError:
            return False
        finally:
            self._in_line -= 1
        return True

    def _look(self) -> None:
        """End those whose readers take nothing, as many as stand in line, the longest first; look again later."""
        if self._next_look is not None:
            return
        latest = self._clock() - PATIENCE_S
        stand = [(place.stands_since, number, place) for number, place in enumerate(self._taken) if place.stands_since]
        for since, _, place in sorted(stand, key=lambda each: each[:2])[: self._in_line]:
            if since is not None and since <= latest:
                self._end(place)
                self._turns.release()

        def look_again() -> None:
            self._next_look = None
            if self._in_line:
                self._look()

        self._next_look = asyncio.get_running_loop().call_later(LOOK_S, look_again)


class Pace:
    """So many at once and then so many a second, for each of many; who comes too fast waits."""

    def __init__(self, at_once: int, a_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._every = clock, 1 / a_second
        self._most = at_once / a_second
        #: When each may have as many at once again; who may already is forgotten.
        self._full: OrderedDict[Hashable, float] = OrderedDict()

    def take(self, who: Hashable) -> float | None:
        """Count one; return the seconds for which it has to wait, None beyond the longest wait, uncounted."""
        now = self._clock()
        full = max(self._full.pop(who, now), now) + self._every
        waits = max(0.0, full - now - self._most)
        if waits > LONGEST_WAIT_S:
            full -= self._every
        self._full[who] = full
        while self._full and next(iter(self._full.values())) <= now:
            self._full.popitem(last=False)
        return None if waits > LONGEST_WAIT_S else waits


class Turns:
    """So many at once; whoever waits is let in network by network, and within one in the order of coming."""

    def __init__(self, most: int) -> None:
        self._free = most
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    @property
    def is_taken(self) -> bool:
        """Whether who comes now has to wait."""
        return not self._free

    async def acquire(self, network: str) -> None:
        """Wait for a turn."""
        if self._free:
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(network, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it came in the same moment
                self.release()
            raise

    async def hold(self, network: str, longest_s: float) -> Callable[[float], None]:
        """Wait for a turn that ends by itself; return what ends it, once, so many seconds later."""
        await self.acquire(network)
        loop = asyncio.get_running_loop()
        is_held = True

        def end() -> None:
            nonlocal is_held
            if is_held:
                is_held = False
                self.release()

        last = loop.call_later(longest_s, end)

        def end_in(seconds: float) -> None:
            if is_held and not last.cancelled():
                last.cancel()
                loop.call_later(seconds, end)

        return end_in

    def release(self) -> None:
        """End a turn."""
        self._free += 1
        while self._free and self._waiting:
            network, line = self._waiting.popitem(last=False)
            first = line.popleft()
            if line:
                self._waiting[network] = line
            if not first.done():
                self._free -= 1
                first.set_result(None)
