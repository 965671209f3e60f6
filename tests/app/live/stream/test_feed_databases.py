"""Streams of a workspace whose database comes late, or is moved aside."""

import asyncio
import itertools
import time

from app.data import streaming
from app.data.workspace import GuardedThread, use
from app.live.stream import watcher
from engine.store.connection import set_aside
from engine.store.workspace import Workspace
from engine.store.writer import Writer
from tests.app.live.stream.test_feed import PATIENCE_S, feeding, until, viewing


def test_without_a_database_the_stream_waits_and_ends_when_one_appears(tmp_path):
    place = use(tmp_path / "late")

    async def scenario():
        async with feeding() as feed, viewing(feed, (1,), None) as viewer:
            await until(lambda: viewer.all("error"))
            assert "no database" in viewer.all("error")[0]
            Writer(Workspace.at(place).prepare()).close()
            await asyncio.wait_for(viewer.task, PATIENCE_S)

    asyncio.run(scenario())


def test_a_database_moved_aside_is_said_and_a_new_one_ends_the_streams(bench):
    bench.steps(bench.runs[0], 1, 3)
    attended = []

    async def scenario():
        async with feeding() as feed, viewing(feed, bench.runs, None) as viewer:
            feed.on_new_file = lambda: attended.append(True)
            await asyncio.sleep(0.2)
            set_aside(bench.workspace)
            await until(lambda: any(viewer.all("error")))
            assert not viewer.task.done()
            Writer(bench.workspace).close()
            await asyncio.wait_for(viewer.task, PATIENCE_S)
            await until(lambda: attended)

    asyncio.run(scenario())


def test_without_a_thread_for_the_start_of_an_engine_the_streams_end_all_the_same(bench, monkeypatch):
    told = []

    async def scenario():
        async with feeding() as feed, viewing(feed, bench.runs, None) as viewer:
            feed.on_new_file, feed._startup_ended = lambda: None, told.append
            await asyncio.sleep(0.2)
            monkeypatch.setattr(GuardedThread, "start_if_possible", lambda thread: False)
            set_aside(bench.workspace)
            Writer(bench.workspace).close()
            await asyncio.wait_for(viewer.task, PATIENCE_S)

    asyncio.run(scenario())
    assert told == ["this process may have no further thread"]


class Counted:
    """The source of the app; counts the reads of the head."""

    def __init__(self):
        self.reads = 0

    def __getattr__(self, name):
        return getattr(streaming, name)

    def head(self):
        self.reads += 1
        return streaming.head()


def test_without_a_write_the_head_is_read_seldom_and_a_write_is_seen_all_the_same(bench, monkeypatch):
    """A read costs ten times a look at the log, fifty times a second."""
    monkeypatch.setattr(watcher, "HEAD_S", 30.0)
    source = Counted()

    async def scenario():
        async with feeding(source) as feed, viewing(feed, bench.runs, None) as viewer:
            await until(lambda: viewer.all("engine"))
            await asyncio.sleep(0.2)
            before = source.reads
            await asyncio.sleep(1.0)
            assert source.reads <= before + 1
            for step in (1, 2, 3):
                bench.steps(bench.runs[0], step, step)
                await until(lambda step=step: step in viewer.points(bench.runs[0]))

    asyncio.run(scenario())


def test_a_write_at_every_look_is_read_no_more_often_than_viewers_can_see(bench):
    """Eight runs that write at different moments had the head read at each of the fifty looks a second."""
    marks, began = itertools.count(), time.monotonic()

    class Writing(Counted):
        def log_mark(self):
            return (next(marks),)

    source = Writing()

    async def scenario():
        async with feeding(source) as feed, viewing(feed, bench.runs, None) as viewer:
            await until(lambda: viewer.all("engine"))
            await asyncio.sleep(1.0)

    asyncio.run(scenario())
    # So many fit in between, however slow the machine is.
    assert 1 < source.reads <= (time.monotonic() - began) / watcher.BETWEEN_HEADS_S + 1
