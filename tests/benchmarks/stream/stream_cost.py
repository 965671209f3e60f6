"""What the live stream costs: bytes per message and per point, server CPU, and the time from a row to the browser.

    python -m tests.benchmarks.stream.stream_cost [--seconds 15]

Starts the app server on a free loopback port and a temporary workspace, lets a synthetic writer fill it, and reads the
stream as 1 and as 4 viewers. "Row to client" ends when the bytes are there; drawing is measured in the browser tests.
"""

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path

import click
import psutil

from engine.paths import PROJECT
from engine.store.workspace import Workspace
from tests.benchmarks.synthetic_writer import make_race, write_points


def free_port() -> int:
    """Return a loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running_server(workspace: Path) -> Iterator[tuple[int, subprocess.Popen]]:
    """Start ``python -m app`` and stop it, and the engine it started, in the end; yields (port, process)."""
    port = free_port()
    command = [sys.executable, "-m", "app", "--port", str(port), "--workspace", str(workspace), "--no-browser"]
    process = subprocess.Popen(command, cwd=PROJECT, env={**os.environ, "PYTHONWARNINGS": "default"})
    try:
        deadline = time.monotonic() + 30
        while True:
            with suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1).close()
                break
            if time.monotonic() > deadline or process.poll() is not None:
                raise RuntimeError("the app server did not start")
            time.sleep(0.05)
        yield port, process
    finally:
        process.terminate()
        process.wait(10)
        subprocess.run(
            [sys.executable, "-m", "engine", "--workspace", str(workspace), "shutdown"],
            cwd=PROJECT, capture_output=True, timeout=60, check=False,
        )  # fmt: skip


class Viewer(threading.Thread):
    """Reads a stream: events as (time, bytes on the wire, document)."""

    def __init__(self, port: int, runs: list[int], cursor: str):
        super().__init__(daemon=True)
        self.connection = HTTPConnection("127.0.0.1", port, timeout=30)
        self.path = f"/live/stream?runs={','.join(map(str, runs))}&since={cursor}"
        self.events: list[tuple[float, int, dict]] = []

    def run(self) -> None:
        with suppress(OSError, ValueError, AttributeError):
            self.connection.request("GET", self.path)
            response, size = self.connection.getresponse(), 0
            while line := response.readline():
                size += len(line)
                if line.startswith(b"data:"):
                    self.events.append((time.time(), size + 1, json.loads(line[5:])))
                elif line == b"\n":
                    size = 0

    def stop(self) -> None:
        """End the connection."""
        with suppress(OSError, AttributeError):
            self.connection.sock.shutdown(socket.SHUT_RDWR)


def measure(
    port: int, process: subprocess.Popen, workspace: Workspace, runs: list[int], viewers: int, seconds: float,
    **pattern: object,
) -> dict[str, float]:  # fmt: skip
    """Let ``viewers`` look on for a while; returns figures."""
    url = f"http://127.0.0.1:{port}/live/history?runs={','.join(map(str, runs))}"
    with urllib.request.urlopen(url, timeout=10) as answer:
        history = json.load(answer)
    crowd = [Viewer(port, runs, history["cursor"]) for _ in range(viewers)]
    for viewer in crowd:
        viewer.start()
    time.sleep(1.5)
    server = psutil.Process(process.pid)
    before, began, since = server.cpu_times(), time.monotonic(), time.time()
    committed: dict[tuple[int, int], float] = {}
    first = max((max(run["train"]["step"], default=0) for run in history["runs"].values()), default=0) + 1
    write_points(
        workspace, runs, seconds, first_step=first,
        on_commit=lambda run, step, at: committed.__setitem__((run, step), at), **pattern,
    )  # fmt: skip
    time.sleep(1.0)
    elapsed, after = time.monotonic() - began, server.cpu_times()
    for viewer in crowd:
        viewer.stop()
        viewer.join(5)
    events = [event for viewer in crowd for event in viewer.events if event[0] >= since]
    points, latencies = 0, []
    for at, _, document in events:
        for entry in document.get("p", []):
            points += len(entry[-1]) // 3
            latencies += [at - committed[entry[0], s] for s in entry[-1][::3] if (entry[0], s) in committed]
    latencies.sort()
    size = sum(event[1] for event in events)
    return {
        "viewers": viewers,
        "messages": len(events) / viewers,
        "points": points / viewers,
        "bytes_per_message": size / len(events),
        "bytes_per_point": size / max(1, points),
        "share_of_budget": size / (120 * len(events) + 20 * points),
        "server_cpu_ms_per_s": 1000 * (after.user + after.system - before.user - before.system) / elapsed,
        "row_to_client_p50_ms": 1000 * statistics.median(latencies),
        "row_to_client_p95_ms": 1000 * latencies[int(0.95 * (len(latencies) - 1))],
    }


PATTERNS: dict[str, dict[str, object]] = {
    "8 runs at once, 1 step each": {"hz": 2.0, "steps_per_flush": 1},
    "8 runs staggered, 4 steps each": {"hz": 2.0, "steps_per_flush": 4, "staggered": True},
}


@click.command()
@click.option("--seconds", default=15.0, type=click.FloatRange(2, 120))
@click.option("--runs", default=8, type=click.IntRange(1, 64))
def main(seconds: float, runs: int) -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.at(folder)
        _, ids = make_race(workspace, runs)
        with running_server(workspace.path) as (port, process):
            time.sleep(3)
            idle = psutil.Process(process.pid)
            before = idle.cpu_times()
            time.sleep(5)
            after = idle.cpu_times()
            click.echo(f"idle: {1000 * (after.user + after.system - before.user - before.system) / 5:.1f} ms CPU per s")
            for name, pattern in PATTERNS.items():
                for viewers in (1, 4):
                    figures = measure(port, process, workspace, ids, viewers, seconds, **pattern)
                    click.echo(f"{name}: " + ", ".join(f"{key} {value:.3g}" for key, value in figures.items()))


if __name__ == "__main__":
    main()
