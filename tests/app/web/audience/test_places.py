"""Places and turns: no network keeps another one out, and a lecture room may be one network."""

import asyncio

import pytest

from app.data import authorization
from app.web import descriptors, presenter_link
from app.web.addresses import network
from app.web.audience import connection_limit, places
from app.web.audience.places import Line, Pace, Places, Turns

ROOM, OTHER = ("192.0.2.1", 1), ("192.0.2.2", 1)


@pytest.fixture
def shared(monkeypatch):
    """A shared page with room for eight; the presenter's cookie."""
    monkeypatch.setattr(connection_limit, "OPENING_S", 0.0)
    monkeypatch.setattr(presenter_link, "_presenter", None)
    monkeypatch.setattr(authorization, "guard", lambda _: None)
    monkeypatch.setattr(descriptors, "viewers", lambda: 8)
    token = presenter_link.share(1).partition("token=")[2]
    return f"skipscope_presenter_1={token}"


class Room:
    """Answers that stay open, as of streams and pages, and what they were told."""

    def __init__(self, kind="http", path="/live/stream", begins=True):
        self.kind, self.path, self.begins = kind, path, begins
        self.open_s = 0.0
        self.limit = connection_limit.ConnectionLimit(self._answer)

    async def _answer(self, scope, receive, send):
        if self.begins:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.sleep(60)

    async def open(self, client, number=1, cookie=""):
        """Open so many answers; each one's task and the list of what it was told."""
        opened = []
        for _ in range(number):
            told = []

            async def send(message, told=told):
                told.extend(message[key] for key in ("status", "code", "subprotocol") if key in message)

            headers = [(b"cookie", cookie.encode())]
            scope = {"type": self.kind, "path": self.path, "method": "GET", "headers": headers, "client": client}
            scope["subprotocols"] = ["streamlit", "none"]
            opened.append((asyncio.create_task(self.limit(scope, None, send)), told))
        for _ in range(4):
            await asyncio.sleep(self.open_s)
        return opened


def test_one_address_fills_the_room_and_gives_way_to_others(shared):
    async def crowd():
        room = Room()
        first = await room.open(ROOM, 8)
        [(refused, told)] = await room.open(ROOM)
        assert refused.done(), "its own network is full"
        assert told == [503]
        others = await room.open(OTHER, 4)
        assert [told for _, told in others] == [[200], [200], [503], [503]], "far fewer than the fullest, no more"
        assert [task.done() for task, _ in first] == [False] * 6 + [True] * 2, "the newest leave"
        await asyncio.gather(*(task for task, _ in first[6:]))
        [(_, told)] = await room.open(ROOM, cookie=shared)
        assert told == [200], "the presenter has a place beside"
        await _end(first + others)

    asyncio.run(asyncio.wait_for(crowd(), 20))


@pytest.mark.parametrize(
    ("kind", "path", "begins", "goodbye"),
    [
        ("websocket", "/_stcore/stream", True, [200, 1013]),
        ("websocket", "/_stcore/stream", False, ["streamlit", 1013]),
        ("http", "/live/stream", True, [200]), ("http", "/live/history", False, [503]),
    ],
)  # fmt: skip
def test_who_gives_way_is_told_so(shared, kind, path, begins, goodbye):
    async def crowd():
        room = Room(kind, path, begins)
        room.open_s = 0.02  # pages open a few at a time
        first = await room.open(ROOM, 8)
        other = await room.open(OTHER)
        assert first[-1][1] == goodbye
        assert first[-1][0].done()
        assert not other[0][0].done()
        await _end(first + other)

    asyncio.run(asyncio.wait_for(crowd(), 20))


def test_a_page_that_waits_to_open_is_told_to_try_again_later(shared, monkeypatch):
    monkeypatch.setattr(connection_limit, "OPENING_S", 60.0)

    async def crowd():
        room = Room("websocket", "/_stcore/stream")
        first = await room.open(ROOM, 8)
        assert [told for _, told in first] == [[200]] * 4 + [[]] * 4
        [(waits, told)] = await room.open(OTHER)
        assert not waits.done()
        assert told == []
        assert [told for _, told in first] == [[200]] * 4 + [[]] * 3 + [["streamlit", 1013]]
        await _end([*first, (waits, told)])

    asyncio.run(asyncio.wait_for(crowd(), 20))


def test_streams_begin_a_few_at_a_time_and_the_presenters_at_once(shared, monkeypatch):
    monkeypatch.setattr(connection_limit, "OPENING_S", 60.0)

    async def crowd():
        room = Room()
        first = await room.open(ROOM, 6)
        assert [told for _, told in first] == [[200]] * 4 + [[]] * 2
        own = await room.open(ROOM, cookie=shared)
        assert own[0][1] == [200]
        await _end(first + own)

    asyncio.run(asyncio.wait_for(crowd(), 20))


def test_a_place_that_is_left_is_free_again():
    async def crowd():
        places = Places(1)
        task = asyncio.current_task()
        place = places.take("a", task)
        assert places.take("a", task) is None
        places.leave(place)
        places.leave(place)
        assert places.take("a", task)

    asyncio.run(crowd())


def test_turns_go_round_the_networks_and_nobody_gone_has_one():
    had = []

    async def wait(turns, name, network):
        await turns.acquire(network)
        had.append(name)

    async def crowd():
        turns = Turns(1)
        await turns.acquire("a")
        names = ("a1", "a2", "a3", "b1", "c1", "b2")
        tasks = {name: asyncio.create_task(wait(turns, name, name[0])) for name in names}
        await asyncio.sleep(0)
        assert had == []
        tasks["a2"].cancel()
        for _ in names:
            turns.release()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        assert had == ["a1", "b1", "c1", "b2", "a3"]
        await asyncio.wait_for(turns.acquire("a"), 1)
        late = asyncio.create_task(wait(turns, "late", "a"))
        await asyncio.sleep(0)
        turns.release()
        late.cancel()  # in the moment in which it gets its turn
        await asyncio.gather(late, return_exceptions=True)
        await asyncio.wait_for(turns.acquire("b"), 1)

    asyncio.run(asyncio.wait_for(crowd(), 20))


class Loads:
    """Answers in a line for two, each with its place."""

    def __init__(self):
        self.now = 100.0
        self.line = Line(2, clock=lambda: self.now)
        self.had, self.tasks = {}, {}

    async def begin(self, *names):
        for name in names:
            self.tasks[name] = asyncio.create_task(self._answer(name))
        await asyncio.sleep(0.01)

    async def _answer(self, name):
        place = self.had[name] = await self.line.enter(name[0], asyncio.current_task())
        if place:
            try:
                await asyncio.sleep(60)
            finally:
                self.line.leave(place)

    async def end(self, name):
        self.tasks[name].cancel()
        await asyncio.sleep(0.01)


def in_line(steps):
    async def run():
        loads = Loads()
        try:
            await steps(loads)
        finally:
            await _end([(task, None) for task in loads.tasks.values()])

    asyncio.run(asyncio.wait_for(run(), 20))


def test_who_finds_no_place_stands_in_line():
    async def steps(loads):
        await loads.begin("a1", "a2", "a3", "a4")
        assert [*loads.had] == ["a1", "a2"]
        for ended, next_one in (("a1", "a3"), ("a3", "a4")):
            await loads.end(ended)
            assert [*loads.had][-1] == next_one
        await loads.end("a4")
        await loads.begin("a5", "a6")
        assert [*loads.had][4:] == ["a5"], "two at once, as before"

    in_line(steps)


def test_a_network_that_has_nothing_takes_a_place_at_once_and_but_one():
    async def steps(loads):
        await loads.begin("a1", "a2", "b1", "b2")
        assert [*loads.had] == ["a1", "a2", "b1"]
        assert (loads.had["a1"].gives_way, loads.had["a2"].gives_way) == (False, True)
        await loads.end("b1")
        assert [*loads.had][3:] == ["b2"]

    in_line(steps)


def test_who_stands_in_line_too_long_is_told(monkeypatch):
    monkeypatch.setattr(places, "LONGEST_WAIT_S", 0.05)

    async def steps(loads):
        await loads.begin("a1", "a2", "a3")
        await asyncio.sleep(0.2)
        assert loads.had["a3"] is None
        await loads.end("a1")
        await loads.begin("a4", "a5")
        assert loads.had["a4"]
        await asyncio.sleep(0.2)
        assert loads.had["a5"] is None, "two at once, as before"

    in_line(steps)


def test_readers_who_take_nothing_give_way_to_those_in_line_alone(monkeypatch):
    monkeypatch.setattr(places, "LOOK_S", 0.02)

    async def steps(loads):
        await loads.begin("a1", "a2")
        loads.had["a1"].stands_since, loads.had["a2"].stands_since = 99.0, 98.0
        loads.now += places.PATIENCE_S - 2.5
        await loads.begin("a3")
        await asyncio.sleep(0.1)
        assert [*loads.had] == ["a1", "a2"], "a slow reader is waited for"
        loads.now += 2.0
        await asyncio.sleep(0.1)
        assert [*loads.had][2:] == ["a3"]
        assert [loads.had[name].gives_way for name in ("a1", "a2")] == [False, True], "one, who stands the longest"
        loads.now += 60.0
        await asyncio.sleep(0.1)
        assert not loads.had["a1"].gives_way, "nobody is in line"

    in_line(steps)


def test_a_pace_lets_many_at_once_and_then_so_many_a_second_each_for_itself():
    now = 0.0
    pace = Pace(3, 2, clock=lambda: now)
    assert [pace.take("a") for _ in range(5)] == [0, 0, 0, 0.5, 1.0]
    assert pace.take("b") == 0
    now = 1.5
    assert pace.take("a") == 0
    while (waits := pace.take("a")) is not None:
        assert waits <= places.LONGEST_WAIT_S
    now += 1.0
    assert [pace.take("a") is None for _ in range(3)] == [False, False, True], "what was refused does not count"
    now += 60.0
    pace.take("c")
    assert [*pace._full] == ["c"], "who may have all again is forgotten"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True), ("2001:db8::1", "2001:db8:0:1::1", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True), ("192.0.2.1", "192.0.2.2", False), ("::1", "::2", False),
        ("fe80::1%eth0", "fe80::2%eth1", True), ("x", "x", True),
    ],
)  # fmt: skip
def test_a_network_is_what_one_device_has(one, other, same):
    assert (network(one) == network(other)) is same


async def _end(opened):
    for task, _ in opened:
        task.cancel()
    await asyncio.gather(*(task for task, _ in opened), return_exceptions=True)
