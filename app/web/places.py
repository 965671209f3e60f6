"""Who has a place and whose turn it is, where many want the same: each network gets something before one gets all.

A lecture room may be one address, so that no share of the places is kept from it. Where all are taken, the fullest
network gives way to one that has far fewer.
"""

import asyncio
from collections import Counter, OrderedDict, deque
from dataclasses import dataclass

from starlette.types import Scope

from app.web import addresses

#: A network takes a place of the fullest one while it has less than this part of what that one has.
GIVES_WAY = 0.25


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
        self.leave(newest)
        newest.gives_way = True
        newest.task.cancel()
        return True


class Turns:
    """So many at once; whoever waits is let in network by network, and within one in the order of coming."""

    def __init__(self, most: int) -> None:
        self._free = most
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

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
