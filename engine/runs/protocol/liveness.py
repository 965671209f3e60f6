"""What a run's state is for a reader: the record, judged by which processes live. Pure functions, torch-free.

A record outlives its processes: after a kill it says ``running`` until an engine corrects it. Readers never write. They
show what the next engine will record, and since when nobody was heard.
"""

from dataclasses import dataclass
from typing import NamedTuple

from engine.events import ALIVE, ENGINE_GONE, RunState
from engine.store.rows import Pulse

#: What becomes of a node that is not heard.
GIVES_UP = "Ray gives it up after about 60 s, then its runs go on elsewhere"
#: A living process that was not heard for so long is silent; sooner where there is a reason for its silence.
SILENT_S, SILENT_WITH_REASON_S = 5.0, 2.0


@dataclass(frozen=True, slots=True)
class Sign:
    """The sign of life of an engine or a worker.

    Args:
        lives: Whether the process lives.
        heard: When it was heard last, None for never.
        trouble: Why nobody can write now, '' while one can.
        node: The node of a cluster on which a worker is, '' for this machine.
    """

    lives: bool
    heard: float | None = None
    trouble: str = ""
    node: str = ""


class Seen(NamedTuple):
    """State and detail of a run for a reader."""

    state: RunState
    detail: str


def as_seen(pulse: Pulse, engine: Sign, worker: Sign, now: float) -> Seen:
    """Return state and detail of a run at ``now``; equal to the record while engine and worker are heard."""
    recorded = Seen(pulse.state, pulse.detail)
    if pulse.state not in ALIVE:
        if engine.lives or not (pulse.state == RunState.QUEUED or pulse.detail == ENGINE_GONE):
            return recorded
        verb = "starts" if pulse.state == RunState.QUEUED else "resumes"
        return Seen(pulse.state, f"{gone(engine, now)}; {engine.trouble or f'{verb} with the next engine'}")
    if not engine.lives:
        newest = Sign(False, max((sign.heard for sign in (engine, worker) if sign.heard is not None), default=None))
        if worker.lives:
            return Seen(pulse.state, f"{gone(newest, now)}; its worker writes a checkpoint and ends")
        if pulse.state == RunState.STOPPING:
            return Seen(RunState.STOPPED, f"stopped; {gone(newest, now)}")
        return Seen(RunState.LOST, f"{gone(newest, now)}; {engine.trouble or 'resumes with the next engine'}")
    if worker.trouble:
        return Seen(pulse.state, worker.trouble)
    limit_s = SILENT_WITH_REASON_S if engine.trouble else SILENT_S
    if worker.heard is None or now - worker.heard <= limit_s:
        return recorded
    if not worker.lives and engine.trouble:
        return Seen(RunState.LOST, f"worker gone, last heard {ago(now - worker.heard)}; {engine.trouble}")
    if worker.node:
        silent = span(now - worker.heard)
        return Seen(pulse.state, f"no sign of node {worker.node} for {silent}; {GIVES_UP}")
    reason = f": {engine.trouble}" if engine.trouble else ""
    return Seen(pulse.state, f"worker not heard for {span(now - worker.heard)}{reason}")


def gone(engine: Sign, now: float) -> str:
    """Return the words about an engine that is gone: ``engine gone, last heard 15 s ago``."""
    return "no engine lives" if engine.heard is None else f"engine gone, last heard {ago(now - engine.heard)}"


def ago(seconds: float) -> str:
    """Return a past moment in words: ``15 s ago``."""
    return f"{span(seconds)} ago"


def span(seconds: float) -> str:
    """Return a time in words that change seldom: every 5 s in the first minute, then every minute, hour or day."""
    if seconds < 10:
        return f"{max(0, round(seconds))} s"
    if seconds < 60:
        return f"{5 * round(seconds / 5)} s"
    if seconds < 3600:
        return f"{round(seconds / 60)} min"
    if seconds < 48 * 3600:
        return f"{round(seconds / 3600)} h"
    return f"{round(seconds / 86400)} days"
