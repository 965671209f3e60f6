import asyncio
from contextlib import asynccontextmanager, suppress

import pytest

from app.data import streaming
from app.live.stream import feed as feeds
from app.live.stream.feed import Feed
from engine.errors import SkipscopeError
from engine.events import RunState, Split, StepRow
from tests.app.live.conftest import Listener


@asynccontextmanager
async def feeding(source=streaming):
    feed = Feed(source)
    feed.start()
    try:
        yield feed
    finally:
        await feed.stop()


@asynccontextmanager
async def viewing(feed, runs, since):
    listener = Listener()

    async def look():
        async for chunk in feed.follow(tuple(runs), since):
            listener.hear(chunk)

    task = asyncio.create_task(look())
    listener.task = task
    try:
        yield listener
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


#: Seconds: a busy machine is no failure.
PATIENCE_S = 40.0


async def until(met, seconds=PATIENCE_S):
    async with asyncio.timeout(seconds):
        while not met():
            await asyncio.sleep(0.01)


def snapshot(runs, n=2000):
    history = streaming.history(runs, n)
    return history, (history.head.points, history.head.changes)


def test_history_and_stream_are_all_rows_once_across_reconnects_and_restarts(bench):
    bench.start_all()
    run, other = bench.runs[:2]
    bench.steps(run, 1, 20)
    history, cursor = snapshot([run])
    seen = [int(step) for step in history.series[run][Split.TRAIN].columns["step"]]

    async def scenario():
        nonlocal cursor
        for server in range(3):  # each a new feed, as after a restart of the server
            bench.steps(run, 21 + 20 * server, 25 + 20 * server)  # written while nobody looks
            bench.steps(other, 1 + server, 1 + server)
            async with feeding() as feed, viewing(feed, [run], cursor) as viewer:
                for more in range(3):
                    await asyncio.sleep(0.05)
                    bench.steps(run, 26 + 20 * server + 5 * more, 30 + 20 * server + 5 * more)
                await until(lambda viewer=viewer, last=40 + 20 * server: last in viewer.points(run))
                seen.extend(viewer.points(run))
                assert viewer.points(other) == []
                cursor = viewer.cursor

    asyncio.run(scenario())
    assert seen == list(range(1, 81))


def test_a_snapshot_ahead_of_the_feed_is_not_told_again(bench):
    run = bench.runs[0]
    bench.steps(run, 1, 5)

    async def scenario():
        async with feeding() as feed:
            await feed.ready()
            async with viewing(feed, [run], None):  # makes the channel
                await asyncio.sleep(0.05)
                bench.steps(run, 6, 9)
                _, cursor = snapshot([run])
                async with viewing(feed, [run], cursor) as viewer:
                    bench.steps(run, 10, 11)
                    await until(lambda: 11 in viewer.points(run))
                    assert viewer.points(run) == [10, 11]

    asyncio.run(scenario())


def test_four_viewers_cost_one_composition_and_hear_the_same(bench):
    bench.start_all()
    run = bench.runs[0]

    class Counting:
        def __init__(self):
            self.deltas = 0

        def __getattr__(self, name):
            return getattr(streaming, name)

        def delta(self, *values):
            self.deltas += 1
            return streaming.delta(*values)

    source = Counting()

    async def scenario():
        _, cursor = snapshot(bench.runs)
        async with feeding(source) as feed:
            await feed.ready()
            async with (
                viewing(feed, bench.runs, cursor) as a, viewing(feed, bench.runs, cursor) as b,
                viewing(feed, bench.runs, cursor) as c, viewing(feed, bench.runs, cursor) as d,
            ):  # fmt: skip
                await asyncio.sleep(0.1)
                before = source.deltas
                for step in range(1, 4):
                    bench.steps(run, step, step)
                    await until(lambda step=step: all(step in v.points(run) for v in (a, b, c, d)))
                    await asyncio.sleep(feeds.PACE_S)
                assert source.deltas - before == 3
                told = [[document for document in v.documents if "p" in document] for v in (a, b, c, d)]
                assert told[0] == told[1] == told[2] == told[3]
            await asyncio.sleep(0)
            assert feed.subscriptions == {}

    asyncio.run(scenario())


@pytest.mark.slow
def test_messages_are_paced_and_fast_runs_thinned_to_ten_points_a_second(bench):
    bench.start_all()
    run = bench.runs[0]

    async def scenario():
        _, cursor = snapshot([run])
        async with feeding() as feed, viewing(feed, [run], cursor) as viewer:
            await asyncio.sleep(0.2)
            for flush in range(40):  # 200 steps a second for two seconds, one spike
                bench.steps(run, 1 + 10 * flush, 10 + 10 * flush, per_second=200, loss=8.0 if flush == 25 else None)
                await asyncio.sleep(0.05)
            await until(lambda: 400 in viewer.points(run))
            told = [(at, doc) for at, doc in zip(viewer.times, viewer.documents, strict=True) if "p" in doc]
            gaps = [b[0] - a[0] for a, b in zip(told, told[1:], strict=False)]
            assert min(gaps) > feeds.PACE_S - 0.05
            assert len(viewer.points(run)) <= 10 * 2 + 10
            losses = [loss for _, doc in told for entry in doc["p"] for loss in entry[-1][1::3]]
            assert 8 in losses

    asyncio.run(scenario())


def test_states_evaluations_deletions_and_the_gap_line_are_told(bench):
    a, b = bench.runs[:2]

    async def scenario():
        _, cursor = snapshot(bench.runs)
        async with feeding() as feed, viewing(feed, bench.runs, cursor) as viewer:
            await until(lambda: viewer.all("g"))
            assert "waits to start" in viewer.all("g")[0]
            bench.start_all()
            for run in bench.runs:
                bench.steps(run, 1, 340)
            bench.evaluation(a, 340, error=41.25)
            bench.run_states(a, RunState.PAUSED)
            bench.writer.jobs.delete(b)
            await until(lambda: [b] in viewer.all("d"))
            await until(lambda: viewer.all("e") and viewer.all("c"))
            assert viewer.all("e")[0] == [[a, "test_subset", 340, 1, 41.25, 68]]
            cards = {card["run"]: card for told in viewer.all("c") for card in told}
            assert cards[a]["state"] == "paused"
            assert cards[a]["step"] == 340
            assert b not in cards or cards[b]["state"] != "paused"
            await until(lambda: any("A-56 learns" in text for text in viewer.all("g")))

    asyncio.run(scenario())


def test_the_running_means_come_with_a_card_however_recent_the_last_ones_are(bench):
    run = bench.runs[0]
    bench.run_states(run, RunState.STARTING, RunState.RUNNING)

    async def scenario():
        _, cursor = snapshot([run])
        async with feeding() as feed, viewing(feed, [run], cursor) as viewer:
            bench.steps(run, 1, 1)
            await until(lambda: 1 in viewer.points(run))
            bench.steps(run, 2, 2)
            bench.run_states(run, RunState.PAUSED)
            await until(lambda: 2 in viewer.points(run))
            last = [entry for told in viewer.all("p") for entry in told][-1]
            assert last[2:4] == [1.5, 51.5]

    asyncio.run(scenario())


@pytest.mark.parametrize("end", [RunState.FINISHED, RunState.PAUSED, RunState.DIVERGED])
def test_history_and_stream_end_with_the_same_running_means_when_the_card_comes_later(bench, end):
    run = bench.runs[0]
    bench.run_states(run, RunState.STARTING, RunState.RUNNING)
    bench.steps(run, 1, 5)

    def record(step):
        bench.writer.points.record(run, [StepRow(step, 1.0, 50.0, 2.0 + step, 60.0 + step, 0.1, step / 5)])

    async def scenario():
        _, cursor = snapshot([run])
        async with feeding() as feed, viewing(feed, [run], cursor) as viewer:
            await until(lambda: feed.subscriptions)
            for step in (6, 7):  # the second one comes too soon after the first to bring its running means
                record(step)
                await until(lambda step=step: step in viewer.points(run))
            assert [len(entry) for told in viewer.all("p") for entry in told] == [5, 3]
            bench.run_states(run, end)
            await until(lambda: viewer.all("c"))
            document = next(document for document in viewer.documents if "c" in document)
            assert document["p"] == [[run, 1.4, 9, 67, [7, 1, 50]]]
            columns = snapshot([run])[0].series[run][Split.TRAIN].columns
            told = [entry for entry in document["p"] if entry[0] == run][-1]
            assert told[2:4] == [columns["running_loss"][-1], columns["running_error"][-1]]
            assert sorted(set(viewer.points(run))) == [6, 7]
        async with feeding() as feed, viewing(feed, [run], (0, 0)) as late:  # one that catches up hears no step twice
            await until(lambda: late.points(run))
            assert late.points(run) == list(range(1, 8))

    asyncio.run(scenario())


def test_a_card_of_a_run_that_goes_on_repeats_no_point(bench):
    run = bench.runs[0]
    bench.steps(run, 1, 5)

    async def scenario():
        _, cursor = snapshot([run])
        async with feeding() as feed, viewing(feed, [run], cursor) as viewer:
            bench.run_states(run, RunState.STARTING, RunState.RUNNING)
            await until(lambda: any(card["state"] == "running" for told in viewer.all("c") for card in told))
            assert viewer.points(run) == []

    asyncio.run(scenario())


def test_a_viewer_that_came_while_the_store_was_unreadable_is_sent_back_once_it_recovers(bench):
    class Source:
        broken = True

        def __getattr__(self, name):
            return getattr(streaming, name)

        def head(self):
            if self.broken:
                raise SkipscopeError("the database is locked")
            return streaming.head()

    source = Source()
    run = bench.runs[0]

    async def scenario():
        async with feeding(source) as feed:
            await feed.ready()
            feed.file = streaming.head().file  # the same file was served before
            async with viewing(feed, [run], (0, 0)) as viewer, viewing(feed, (), None) as watcher:
                await until(lambda: viewer.all("error"))
                source.broken = False
                await asyncio.wait_for(viewer.task, PATIENCE_S)
                assert not watcher.task.done()  # it has no runs to follow
            bench.steps(run, 1, 2)
            async with viewing(feed, [run], (0, 0)) as again:
                await until(lambda: again.points(run) == [1, 2])

    asyncio.run(scenario())


def test_the_age_is_that_of_the_newest_point_and_unknown_before_one_was_seen(bench):
    run, other = bench.runs[:2]
    bench.start_all()
    bench.steps(run, 1, 3)

    async def scenario():
        async with feeding() as feed:
            await feed.ready()
            assert feed.age((run,)) is None
            async with viewing(feed, [run], (0, 0)) as first:
                await until(lambda: first.points(run))
                assert first.all("a") == [None]  # written before anybody looked
                bench.steps(run, 4, 4)
                await until(lambda: 4 in first.points(run))
                assert feed.age((run,)) < 1
                for step in range(1, 6):  # a beat of its worker is no datum, nor is a point of another run
                    bench.writer.jobs.beat(run)
                    bench.steps(other, step, step)
                    await asyncio.sleep(0.1)
                assert 0.5 <= feed.age((run,)) < 2
                async with viewing(feed, [run], (0, 0)) as late:
                    await until(lambda: late.points(run))
                    assert 0.5 <= late.all("a")[0] < 2

    asyncio.run(scenario())


def test_a_viewer_without_news_hears_a_comment(bench, monkeypatch):
    monkeypatch.setattr(feeds, "KEEP_ALIVE_S", 0.3)

    async def scenario():
        async with feeding() as feed, viewing(feed, bench.runs, None) as viewer:
            await until(lambda: viewer.chunks.count(b": keep-alive\n\n") >= 2)
            assert not viewer.all("p")

    asyncio.run(scenario())


def test_the_engine_is_told_once_and_when_it_changes(bench):
    class Source:
        state = "none"

        def __getattr__(self, name):
            return getattr(streaming, name)

        def engine_status(self):
            return {"state": self.state, "message": "x"}

    source = Source()

    async def scenario():
        async with feeding(source) as feed, viewing(feed, (), None) as viewer:
            await until(lambda: viewer.all("engine"))
            source.state = "alive"
            await until(lambda: len(viewer.all("engine")) == 2)
            assert [engine["state"] for engine in viewer.all("engine")] == ["none", "alive"]

    asyncio.run(scenario())


@pytest.mark.parametrize("steps_per_flush", [1, pytest.param(4, marks=pytest.mark.slow)])
def test_the_byte_budget_holds_over_a_few_seconds(bench, steps_per_flush):
    """At most 120 bytes a message and 20 a new point: four runs that flush twice a second, the gap line included."""
    bench.start_all()

    async def scenario():
        _, cursor = snapshot(bench.runs)
        async with feeding() as feed, viewing(feed, bench.runs, cursor) as viewer:
            await asyncio.sleep(0.5)
            viewer.chunks.clear()
            viewer.documents.clear()
            for flush in range(5):
                for run in bench.runs:
                    first = 101 + flush * steps_per_flush
                    bench.steps(run, first, first + steps_per_flush - 1, per_second=2.0 * steps_per_flush)
                await asyncio.sleep(0.5)
            points = 4 * 5 * steps_per_flush
            await until(lambda: sum(len(viewer.points(run)) for run in bench.runs) == points)
            events = [chunk for chunk in viewer.chunks if b"data:" in chunk]
            assert sum(map(len, viewer.chunks)) <= 120 * len(events) + 20 * points

    asyncio.run(scenario())
