"""Looks at the processes of a workspace, for ``engine.runs.protocol.liveness``. Reads alone, torch-free."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from engine.events import AT_WORK, ENGINE_GONE, RunState
from engine.hardware.machine import ProcessId, process_before
from engine.runs.client.engine_lock import engine_lives, is_held
from engine.runs.protocol.liveness import SILENT_S, Seen, Sign, as_seen
from engine.store.connection import obstacle
from engine.store.notice import heard
from engine.store.reader import Reader
from engine.store.rows import JobRow, Pulse
from engine.store.space.writability import is_read_only, low_disk, read_only
from engine.store.tables.run_list import RunListRow
from engine.store.workspace import Workspace

#: States of a run that depend on a living engine; a paused run only where its engine vanished.
_WAITING = frozenset({*AT_WORK, RunState.PAUSED})

_Row = TypeVar("_Row", bound=JobRow | RunListRow)


def observe(reader: Reader, now: float | None = None) -> dict[int, Seen]:
    """Return state and detail of each run and job that is not as its record says."""
    moment = time.time() if now is None else now
    stored = reader.jobs.pulses(_WAITING)
    pulses = [row for row in stored if row.state != RunState.PAUSED or row.detail == ENGINE_GONE]
    if not pulses:
        return {}
    engine = engine_sign(reader, moment)
    row = reader.presence.engine()
    # A copy of a workspace: engine and workers are those of the original.
    is_copy = not engine.lives and row is not None and ProcessId(row.pid, row.pid_started).lives()
    workers = {pulse.id: _worker_sign(reader.workspace, pulse, moment, is_copy) for pulse in pulses}
    seen = {pulse.id: as_seen(pulse, engine, workers[pulse.id], moment) for pulse in pulses}
    return {pulse.id: seen[pulse.id] for pulse in pulses if seen[pulse.id] != (pulse.state, pulse.detail)}


def engine_sign(reader: Reader, now: float) -> Sign:
    """Return the sign of life of the workspace's engine; a lock is looked for once the engine is silent."""
    workspace, row = reader.workspace, reader.presence.engine()
    said = heard(workspace.engine_notice)
    beats = [] if row is None else [row.heartbeat]
    last = max([*beats, *([] if said is None else [said.at])], default=None)
    lives = engine_lives(workspace, row) or bool(is_held(workspace))
    trouble = next(iter(workspace_notes(workspace)), "")
    if lives and not trouble and (row is None or now - row.heartbeat > SILENT_S):
        is_said = said is not None and now - said.at <= SILENT_S
        trouble = said.text if said is not None and is_said else str(obstacle(workspace) or "")
    return Sign(lives, last, trouble.partition(";")[0])


def workspace_notes(workspace: Workspace) -> list[str]:
    """Return a line each on a workspace that is read-only and on a full disk, none on one that takes writes."""
    if is_read_only(workspace.path):
        return [str(read_only(workspace.path))]
    full = low_disk(workspace.path) if workspace.path.exists() else None
    return [] if full is None else [str(full)]


def with_states(rows: Iterable[_Row], seen: Mapping[int, Seen]) -> list[_Row]:
    """Return rows of a dataclass with the states and details that a reader sees; the same rows where they are right."""
    return [_with_state(row, seen[row.id]) if row.id in seen else row for row in rows]


def _with_state(row: _Row, seen: Seen) -> _Row:
    told: dict[str, Any] = {"state": seen.state} | ({"detail": seen.detail} if hasattr(row, "detail") else {})
    differs = any(getattr(row, name) != value for name, value in told.items())
    return replace(row, **told) if differs else row


def _worker_sign(workspace: Workspace, pulse: Pulse, now: float, is_copy: bool) -> Sign:
    said = heard(workspace.notice(pulse.id))
    last = pulse.heartbeat
    if said is not None and (last is None or said.at > last):
        last = said.at
    if pulse.node and not pulse.pid:  # a process of another machine: its heartbeats are all that can be seen
        return Sign(last is not None and now - last <= SILENT_S, last, node=pulse.node)
    # The worker wrote heartbeats: a process that started later reuses its id.
    lives = not is_copy and bool(pulse.pid and pulse.heartbeat and process_before(pulse.pid, pulse.heartbeat))
    trouble = said.text if said is not None and said.at == last and now - said.at <= SILENT_S else ""
    return Sign(lives, last, trouble)
