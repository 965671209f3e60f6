"""What a page of the audience says is heard in turn: reruns, other messages, pages that leave, and the presenter."""

import asyncio
from itertools import pairwise

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from app.data import authorization
from app.web import presenter_link, web_sockets
from app.web.audience import connection_limit
from app.web.audience.places import Turns
from app.web.web_sockets import FILE, MAX_AHEAD, RERUN, PagePace, kind_of


def rerun():
    asked = BackMsg()
    asked.rerun_script.query_string = ""
    return {"type": "websocket.receive", "bytes": asked.SerializeToString()}


def finished(status=ForwardMsg.FINISHED_SUCCESSFULLY):
    return {"type": "websocket.send", "bytes": ForwardMsg(script_finished=status).SerializeToString()}


class Page:
    """A page of the audience: what it asks, and how much of it is heard."""

    def __init__(self, turns, network="a"):
        self.asked, self.heard, self.is_taken = asyncio.Queue(), 0, asyncio.Event()
        self.messages, self.is_lost = [], False
        self.is_taken.set()
        self.pace = PagePace(turns, network, self.asked.get, self._send)

    async def _send(self, message):
        await self.is_taken.wait()
        if self.is_lost:
            raise OSError

    async def hear(self):
        while not self.messages or self.messages[-1]["type"] == "websocket.receive":
            self.messages.append(await self.pace.receive())
            self.heard += 1


async def settle():
    for _ in range(40):
        await asyncio.sleep(0)


def in_pages(steps, number=2):
    """Run steps with pages that share one turn."""

    async def run():
        turns = {RERUN: Turns(1), FILE: Turns(1)}
        pages = [Page(turns, name) for name in "abcdef"[:number]]
        tasks = [asyncio.create_task(page.hear()) for page in pages]
        try:
            await steps(*pages)
        finally:
            for task in tasks:
                task.cancel()
            for page in pages:
                page.pace.leave()
                page.pace.end_turn()
                page.pace.end_turn(FILE)

    asyncio.run(asyncio.wait_for(run(), 20))


def test_a_rerun_waits_until_anothers_script_is_through():
    async def steps(one, other):
        one.asked.put_nowait(rerun())
        await settle()
        other.asked.put_nowait(rerun())
        one.asked.put_nowait(rerun())
        await settle()
        assert (one.heard, other.heard) == (2, 0), "a page's own script takes up what it asks meanwhile"
        await one.pace.send(finished(ForwardMsg.FINISHED_EARLY_FOR_RERUN))
        await settle()
        assert other.heard == 0, "it runs anew"
        await one.pace.send(finished())
        await settle()
        assert other.heard == 1

    in_pages(steps)


def test_other_messages_wait_for_no_turn_and_broken_ones_are_handed_on():
    async def steps(one, other):
        one.asked.put_nowait(rerun())
        await settle()
        for content in (message(app_heartbeat=True), message(stop_script=True), b"\xff\xff"):
            other.asked.put_nowait({"type": "websocket.receive", "bytes": content})
        other.asked.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await settle()
        assert other.heard == 4

    in_pages(steps)


def message(**parts):
    return BackMsg(**parts).SerializeToString()


def test_the_audience_is_heard_with_what_its_pages_say_alone():
    """Streamlit would run git, make an address for each file, and clear the caches, while nobody else is answered."""
    operations = BackMsg.DESCRIPTOR.fields_by_name["backend_operation_request"].message_type
    payloads = {field.name for field in operations.oneofs_by_name["payload"].fields}
    kinds = {field.name for field in BackMsg.DESCRIPTOR.oneofs_by_name["type"].fields} | payloads
    assert kinds >= {*web_sockets.OF_AUDIENCE}
    kinds -= {*web_sockets.OF_AUDIENCE}
    assert {"load_git_info", "file_urls_request", "clear_cache", "install_skills", "dataframe_chunk"} <= kinds

    async def steps(one):
        for kind in kinds:
            asked = BackMsg()
            message = asked.backend_operation_request if kind in payloads else asked
            part = getattr(message, kind)
            if isinstance(part, bool | str):
                setattr(message, kind, type(part)(1))
            else:
                part.SetInParent()
            content = asked.SerializeToString()
            assert kind_of(content) == kind
            one.asked.put_nowait({"type": "websocket.receive", "bytes": content})
        one.asked.put_nowait({"type": "websocket.receive", "bytes": b""})
        await settle()
        assert one.asked.empty()
        assert one.heard == 0
        one.asked.put_nowait(rerun())
        await settle()
        assert one.heard == 1, "nor does it end there"

    in_pages(steps, number=1)


def test_between_the_messages_of_a_page_others_are_answered():
    async def steps(one):
        for _ in range(20):
            one.asked.put_nowait({"type": "websocket.receive", "bytes": message(app_heartbeat=True)})
        heard = []
        while one.heard < 20:
            await asyncio.sleep(0)
            heard.append(one.heard)
        assert max(after - before for before, after in pairwise([0, *heard])) == 1

    in_pages(steps, number=1)


def test_a_script_without_end_keeps_the_others_for_a_while(monkeypatch):
    monkeypatch.setattr(web_sockets, "TURN_S", 0.05)

    async def steps(one, other):
        one.asked.put_nowait(rerun())
        await settle()
        other.asked.put_nowait(rerun())
        await asyncio.sleep(0.5)
        assert other.heard == 1

    in_pages(steps)


def test_a_page_that_leaves_keeps_its_turn_for_a_moment(monkeypatch):
    monkeypatch.setattr(web_sockets, "LEFT_S", 0.05)

    async def steps(one, other):
        one.asked.put_nowait(rerun())
        await settle()
        other.asked.put_nowait(rerun())
        one.pace.leave()
        await settle()
        assert other.heard == 0, "its script still runs"
        await asyncio.sleep(0.5)
        assert other.heard == 1
        one.pace.leave()

    in_pages(steps)


def test_a_page_that_leaves_while_it_waits_is_let_go_at_once_and_keeps_no_turn():
    async def steps(one, other, third):
        for page in (one, other, third):
            page.asked.put_nowait(rerun())
            await settle()
        other.asked.put_nowait({"type": "websocket.disconnect", "code": 1006})
        await settle()
        assert (one.heard, other.heard, third.heard) == (1, 1, 0), "its end is heard, its rerun is not"
        await one.pace.send(finished())
        await settle()
        assert third.heard == 1, "the turn is free"

    in_pages(steps, number=3)


@pytest.mark.parametrize("ahead", range(1, MAX_AHEAD))
def test_a_page_that_leaves_is_let_go_whatever_it_said_before_its_end(ahead):
    async def steps(one, other, third):
        for page in (one, other, third):
            page.asked.put_nowait(rerun())
            await settle()
        for _ in range(ahead):
            other.asked.put_nowait({"type": "websocket.receive", "bytes": message(app_heartbeat=True)})
        other.asked.put_nowait({"type": "websocket.disconnect", "code": 1006})
        await settle()
        assert [each["type"] for each in other.messages] == ["websocket.disconnect"]
        await one.pace.send(finished())
        await settle()
        assert third.heard == 1, "the turn is free"

    in_pages(steps, number=3)


def test_of_a_page_that_waits_a_few_messages_are_read():
    async def steps(one, other):
        one.asked.put_nowait(rerun())
        await settle()
        for _ in range(20):
            other.asked.put_nowait(rerun())
        await settle()
        assert other.asked.qsize() == 20 - 1 - MAX_AHEAD
        await one.pace.send(finished())
        await settle()
        assert other.heard == 20

    in_pages(steps)


def test_what_a_page_says_while_it_waits_is_heard_in_order():
    async def steps(one, other):
        one.asked.put_nowait(rerun())
        await settle()
        for asked in (rerun(), {"type": "websocket.receive", "bytes": message(stop_script=True)}):
            other.asked.put_nowait(asked)
        await settle()
        assert other.heard == 0
        await one.pace.send(finished())
        await settle()
        assert other.heard == 2
        assert [kind_of(each["bytes"]) for each in other.messages] == ["rerun_script", "stop_script"]

    in_pages(steps)


def test_what_a_page_said_before_it_was_found_gone_is_not_heard():
    async def steps(one, other):
        for page in (one, other, other):
            page.asked.put_nowait(rerun())
            await settle()
        other.is_lost = True
        with pytest.raises(OSError):
            await other.pace.send({"type": "websocket.send", "bytes": b""})
        await one.pace.send(finished())
        await settle()
        assert other.messages == [{"type": "websocket.disconnect", "code": 1006}]

    in_pages(steps)


@pytest.mark.parametrize("is_free", [False, True])
def test_a_page_whose_task_is_ended_while_it_waits_keeps_no_turn(is_free):
    async def run():
        turns = Turns(1)
        await turns.acquire("z")
        page = Page({RERUN: turns})
        page.asked.put_nowait(rerun())
        task = asyncio.create_task(page.pace.receive())
        await settle()
        if is_free:  # in the same moment
            turns.release()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        page.pace.leave()
        if not is_free:
            turns.release()
        await asyncio.wait_for(turns.acquire("b"), 1)

    asyncio.run(run())


def test_who_does_not_take_an_answer_gets_no_turn():
    async def steps(one, other):
        one.is_taken.clear()
        sending = asyncio.create_task(one.pace.send({"type": "websocket.send", "bytes": b"x" * 1_000}))
        await settle()
        one.asked.put_nowait(rerun())
        other.asked.put_nowait(rerun())
        await settle()
        assert (one.heard, other.heard) == (0, 1)
        await other.pace.send(finished())
        one.is_taken.set()
        await sending
        await settle()
        assert one.heard == 1

    in_pages(steps)


@pytest.mark.parametrize(("who", "heard"), [("audience", 1), ("presenter", 100), ("unshared", 100)])
def test_the_presenter_waits_for_nobody(monkeypatch, who, heard):
    monkeypatch.setattr(presenter_link, "_presenter", None)
    monkeypatch.setattr(authorization, "guard", lambda _: None)
    cookie = b""
    if who != "unshared":
        token = presenter_link.share(1).partition("token=")[2]
        cookie = f"skipscope_presenter_1={token}".encode() if who == "presenter" else b""
    monkeypatch.setattr(web_sockets, "AT_ONCE", 1)
    count = []

    async def app(scope, receive, send):
        for _ in range(100):
            await receive()
            count.append(1)

    async def receive():
        return rerun()

    async def crowd():
        scope = {"type": "websocket", "path": "/_stcore/stream", "headers": [(b"cookie", cookie)]}
        task = asyncio.create_task(connection_limit.ConnectionLimit(app)(scope, receive, None))
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(crowd())
    assert len(count) == heard


@pytest.mark.parametrize(("who", "most"), [("audience", 2), ("presenter", 12)])
def test_pages_of_the_audience_open_one_after_the_other(monkeypatch, who, most):
    monkeypatch.setattr(presenter_link, "_presenter", None)
    monkeypatch.setattr(authorization, "guard", lambda _: None)
    token = presenter_link.share(1).partition("token=")[2]
    cookie = f"skipscope_presenter_1={token}".encode() if who == "presenter" else b""
    monkeypatch.setattr(connection_limit, "MAX_OPENING", 2)
    monkeypatch.setattr(connection_limit, "OPENING_S", 0.2)
    opened = []

    async def app(scope, receive, send):
        opened.append(scope["client"][0])

    async def crowd():
        limit = connection_limit.ConnectionLimit(app)
        scope = {"type": "websocket", "path": "/_stcore/stream", "headers": [(b"cookie", cookie)]}
        clients = [(f"10.0.0.{1 + number // 8}", 1) for number in range(12)]
        tasks = [asyncio.create_task(limit({**scope, "client": client}, None, None)) for client in clients]
        await asyncio.sleep(0.1)
        assert len(opened) == most
        await asyncio.wait_for(asyncio.gather(*tasks), 5)
        assert len(opened) == 12
        if who == "audience":
            assert "10.0.0.2" in opened[:4], "the networks in turn"

    asyncio.run(crowd())
