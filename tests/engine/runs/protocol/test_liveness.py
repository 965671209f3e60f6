"""What a run's state is for a reader, from the record and the processes that live."""

import pytest

from engine.events import ENGINE_GONE, RunState
from engine.runs.protocol.liveness import Seen, Sign, as_seen, span
from engine.store.rows import Pulse

S = RunState
NOW = 1_000.0
ALIVE, GONE = Sign(True, NOW - 1), Sign(False, NOW - 15)
FULL = "the disk of the workspace is full (0 MB free)"


def seen(state, engine, worker=ALIVE, detail="building the net"):
    return as_seen(Pulse(7, state, detail, 42, NOW), engine, worker, NOW)


@pytest.mark.parametrize("state", list(S))
def test_the_record_counts_while_engine_and_worker_are_heard(state):
    assert seen(state, ALIVE) == Seen(state, "building the net")


@pytest.mark.parametrize("state", sorted({*S} - {S.QUEUED, S.STARTING, S.RUNNING, S.STOPPING}))
def test_a_state_that_needs_no_process_stays_without_an_engine(state):
    assert seen(state, GONE, GONE) == Seen(state, "building the net")


@pytest.mark.parametrize("state", [S.STARTING, S.RUNNING])
def test_a_run_without_processes_is_lost_and_last_heard_with_its_newest_sign(state):
    words = "engine gone, last heard {}; resumes with the next engine"
    assert seen(state, GONE, GONE) == Seen(S.LOST, words.format("15 s ago"))
    assert seen(state, GONE, Sign(False, NOW - 3)) == Seen(S.LOST, words.format("3 s ago"))
    assert seen(state, GONE, Sign(False)) == Seen(S.LOST, words.format("15 s ago"))
    assert seen(state, Sign(False), Sign(False)) == Seen(S.LOST, "no engine lives; resumes with the next engine")


def test_what_the_next_engine_will_do_is_told():
    assert seen(S.STOPPING, GONE, GONE) == Seen(S.STOPPED, "stopped; engine gone, last heard 15 s ago")
    assert seen(S.QUEUED, GONE, GONE) == Seen(S.QUEUED, "engine gone, last heard 15 s ago; starts with the next engine")
    paused = seen(S.PAUSED, GONE, GONE, ENGINE_GONE)
    assert paused == Seen(S.PAUSED, "engine gone, last heard 15 s ago; resumes with the next engine")


@pytest.mark.parametrize("state", [S.RUNNING, S.QUEUED])
def test_a_disk_that_takes_no_next_engine_is_named_instead_of_it(state):
    told = seen(state, Sign(False, NOW - 15, FULL), GONE)
    assert told.detail == f"engine gone, last heard 15 s ago; {FULL}"


def test_a_worker_that_outlives_its_engine_keeps_its_state_for_the_seconds_that_are_left():
    told = seen(S.RUNNING, GONE, ALIVE)
    assert told == Seen(S.RUNNING, "engine gone, last heard 1 s ago; its worker writes a checkpoint and ends")


def test_a_worker_says_what_it_waits_for():
    assert seen(S.RUNNING, ALIVE, Sign(True, NOW, f"waits: {FULL}")) == Seen(S.RUNNING, f"waits: {FULL}")


def test_a_worker_that_is_not_heard_is_told_with_the_engines_trouble():
    silent = Sign(True, NOW - 30)
    assert seen(S.RUNNING, ALIVE, silent) == Seen(S.RUNNING, "worker not heard for 30 s")
    assert seen(S.RUNNING, Sign(True, NOW - 30, FULL), silent) == Seen(S.RUNNING, f"worker not heard for 30 s: {FULL}")
    assert seen(S.RUNNING, ALIVE, Sign(True, NOW - 3)).detail == "building the net"
    soon = seen(S.RUNNING, Sign(True, NOW - 3, FULL), Sign(True, NOW - 3))
    assert soon.detail == f"worker not heard for 3 s: {FULL}", "sooner with a reason"
    assert seen(S.STARTING, ALIVE, Sign(False)) == Seen(S.STARTING, "building the net"), "it has not begun"
    # An engine that cannot write cannot record that the worker has ended.
    gone = seen(S.RUNNING, Sign(True, NOW, FULL), Sign(False, NOW - 30))
    assert gone == Seen(S.LOST, f"worker gone, last heard 30 s ago; {FULL}")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3.0, "0 s"), (4.4, "4 s"), (14.0, "15 s"), (57.4, "55 s"), (90.1, "2 min"), (3 * 3600.0, "3 h"),
        (50 * 3600.0, "2 days"),
    ],
)  # fmt: skip
def test_a_span_in_words(seconds, words):
    assert span(seconds) == words


def test_a_node_that_is_not_heard_is_named():
    silent = Sign(False, NOW - 8, node="10.0.0.3")
    words = "no sign of node 10.0.0.3 for 8 s; Ray gives it up after about 60 s, then its runs go on elsewhere"
    assert seen(S.RUNNING, ALIVE, silent) == Seen(S.RUNNING, words)
    assert seen(S.RUNNING, ALIVE, Sign(True, NOW - 1, node="10.0.0.3")) == Seen(S.RUNNING, "building the net")
    assert seen(S.RUNNING, GONE, Sign(True, NOW - 1, node="10.0.0.3")).detail.endswith("writes a checkpoint and ends")
