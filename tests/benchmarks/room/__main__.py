"""A room of viewers before one server: the time from a row to each of them, and whether the presenter is answered.

    python -m tests.benchmarks.room [--viewers 200] [--seconds 60] [--half 1100] [--reloads 0]

Starts ``python -m app --share`` from a shell whose soft limit of open files is 1,024, on a workspace whose race is
written row by row at the quick race's rate: four runs, eight steps a second each. Nothing trains. The viewers are a
process of their own (``viewers.py``). Two more readers read nothing. A presenter asks for the page, for a history and
for a run of the page's script, from the first viewer on. In the last seconds so many half requests are held open.
Prints the figures beside their bounds as JSON, and ends with 1 where one is beyond its bound.
"""

import argparse
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import psutil

from app.live.stream.plotly_js import WHOLE
from engine.paths import PROJECT
from engine.store.workspace import Workspace
from tests.benchmarks.stream.stream_cost import free_port
from tests.benchmarks.synthetic_writer import make_race, write_points
from tests.e2e.raw import RawPage

#: The quick race's rate on two cores: flushes a second, and steps in each.
RUNS, FLUSHES_HZ, STEPS = 4, 2.0, 4
#: Seconds of the end in which half requests are open, and between two questions of the presenter.
HALF_S, ASKS_S = 15.0, 0.5
#: The most of each figure. Every row comes, and everybody comes in.
BOUNDS = {
    "row_to_client_p95_s": 1.0, "server_cores": 1.0, "presenter_worst_s": 1.0, "presenter_worst_half_s": 1.0,
    "missing": 0, "absent": 0,
}  # fmt: skip
#: What a presenter asks for.
ASKED = ("/", "/live/history", "script")


class Server:
    """A shared server, its links and its process."""

    def __init__(self, workspace: Path, *options: str):
        self.port, self.workspace = free_port(), workspace
        self.url = f"http://127.0.0.1:{self.port}"
        said = workspace.with_suffix(".said")
        command = [
            sys.executable, "-m", "app", "--share", "--host", "127.0.0.1", "--port", str(self.port),
            "--workspace", str(workspace), "--no-browser", *options,
        ]  # fmt: skip
        with said.open("w") as output:
            self.process = subprocess.Popen(
                ["bash", "-c", 'ulimit -Sn 1024; exec "$@"', "bash", *command], cwd=PROJECT, stdout=output,
                stderr=subprocess.STDOUT, env={**os.environ, "DISPLAY": ""},
            )  # fmt: skip
        deadline = time.monotonic() + 60
        while not (found := re.search(r"presenter: (\S+)", said.read_text())):
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise RuntimeError(f"the server did not start: {said.read_text()}")
            time.sleep(0.05)
        self.cookie = f"skipscope_presenter_{self.port}={found[1].partition('token=')[2]}"
        self.usage = psutil.Process(self.process.pid)

    def cpu(self) -> float:
        """Return the seconds of CPU time that the server has used."""
        times = self.usage.cpu_times()
        return float(times.user + times.system)

    def close(self) -> None:
        """End the server, and the engine that it started."""
        self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(20)
        self.process.kill()
        subprocess.run(
            [sys.executable, "-m", "engine", "--workspace", str(self.workspace), "shutdown"],
            cwd=PROJECT, capture_output=True, timeout=60, check=False,
        )  # fmt: skip


class Presenter(threading.Thread):
    """Asks the server again and again; ``answers`` are (time of the question, what, seconds or None so far)."""

    def __init__(self, server: Server, race: int, runs: list[int]):
        super().__init__(daemon=True)
        self.server, self.race = server, race
        self.paths = ["/", f"/live/history?runs={','.join(map(str, runs))}"]
        self.answers: list[tuple[float, str, float | None]] = []
        self.ended = threading.Event()

    def run(self) -> None:
        """Ask until the end."""
        with RawPage(self.server.url, self.server.cookie) as page:
            page.run(query=f"race={self.race}")
            while not self.ended.wait(ASKS_S):
                for path in self.paths:
                    self.ask(path, lambda path=path: self._get(path))
                self.ask(ASKED[-1], lambda: self._draw(page))

    def ask(self, what: str, ask: Callable[[], None]) -> None:
        """Note the time that an answer takes; a question is noted before it has one."""
        began, place = time.monotonic(), len(self.answers)
        self.answers.append((began, what, None))
        with suppress(Exception):
            ask()
            self.answers[place] = (began, what, time.monotonic() - began)

    def _draw(self, page: RawPage) -> None:
        # A run that does not end in time is left, without a word.
        page.ended = False
        page.run(query=f"race={self.race}")
        if not page.ended:
            raise TimeoutError("the script did not come to its end")

    def _get(self, path: str) -> None:
        with closing(HTTPConnection("127.0.0.1", self.server.port, timeout=10)) as connection:
            connection.request("GET", path, headers={"Cookie": self.server.cookie, "Accept": "text/html"})
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise OSError(f"{path}: {answer.status}")

    def worst(self, since: float, upto: float) -> dict[str, float | None]:
        """Return the longest answer of each kind that was asked for in that time, None where one did not come."""
        worst: dict[str, float | None] = {}
        for at, what, seconds in self.answers:
            if since <= at < upto:
                name, before = what.partition("?")[0], worst.get(what.partition("?")[0], 0.0)
                worst[name] = None if seconds is None or before is None else max(before, round(seconds, 3))
        return worst


@contextmanager
def half_requests(port: int, count: int) -> Iterator[None]:
    """Hold so many connections open that have sent two lines of a head."""
    held = []
    try:
        for _ in range(count):
            with suppress(OSError):
                half = socket.create_connection(("127.0.0.1", port), timeout=2)
                half.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n")
                held.append(half)
        yield
    finally:
        for half in held:
            half.close()


@contextmanager
def slow_readers(port: int, runs: str) -> Iterator[None]:
    """Hold a stream and a large file open of which nothing is read."""
    with ExitStack() as readers:
        for path in (f"/live/stream?runs={runs}", f"/{WHOLE.address}"):
            reader = readers.enter_context(socket.socket())
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
            reader.connect(("127.0.0.1", port))
            reader.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        yield


@dataclass(frozen=True)
class Room:
    """How many viewers look on for how long, how many come in a second, the half requests of the last ``half_s``.

    Each reloads the page so often before it looks on: Streamlit keeps what was left for a while.
    """

    viewers: int = 200
    seconds: float = 60.0
    per_second: float = 5.0
    half: int = 1100
    half_s: float = HALF_S
    reloads: int = 0


def measured(folder: Path, room: Room, beside: Callable[[Server], None] = lambda server: None) -> dict[str, Any]:
    """Return the figures of one room; ``beside`` is called once, when all look on."""
    workspace = Workspace.at(folder / "workspace")
    race, runs = make_race(workspace, RUNS)
    named = ",".join(map(str, runs))
    server = Server(workspace.path)
    written: dict[tuple[int, int], float] = {}

    def note(run: int, step: int, at: float) -> None:
        written.update({(run, step - index): at for index in range(STEPS)})

    with ExitStack() as ending:
        ending.callback(server.close)
        presenter = Presenter(server, race, runs)
        presenter.start()
        came, coming_cpu = time.monotonic(), server.cpu()
        crowd = subprocess.Popen(
            [
                sys.executable, "-m", "tests.benchmarks.room.viewers", "--url", server.url, "--race", str(race),
                "--runs", named, "--viewers", str(room.viewers), "--seconds", str(room.seconds + room.half_s + 2),
                "--per-second", str(room.per_second), "--reloads", str(room.reloads),
            ],
            cwd=PROJECT, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        ending.enter_context(crowd)
        ending.callback(crowd.terminate)
        assert crowd.stdout is not None
        joined = json.loads(crowd.stdout.readline())
        began, cpu = time.monotonic(), server.cpu()
        coming_cpu = (cpu - coming_cpu) / (began - came)
        writer = threading.Thread(
            target=write_points, args=(workspace, runs, room.seconds + room.half_s, FLUSHES_HZ, STEPS),
            kwargs={"on_commit": note}, daemon=True,
        )  # fmt: skip
        with slow_readers(server.port, named):
            writer.start()
            beside(server)
            time.sleep(max(0.0, began + room.seconds - time.monotonic()))
            looked, cpu = time.monotonic(), server.cpu() - cpu
            files = server.usage.num_fds()
            with half_requests(server.port, room.half):
                time.sleep(max(0.0, began + room.seconds + room.half_s - time.monotonic()))
            over = time.monotonic()
        left = json.loads(crowd.stdout.readline())
        presenter.ended.set()
        writer.join(10)
        presenter.join(15)
    delays, missing = arrivals(written, left.pop("rows"))
    figures: dict[str, Any] = {
        "viewers": room.viewers, "joined": joined["joined"], "refused": joined["refused"], "join_s": joined["join_s"],
        "server_cores_while_they_come": round(coming_cpu, 3), "rows": len(written), "missing": missing,
        "row_to_client_p50_s": round(statistics.median(delays), 3),
        "row_to_client_p95_s": round(statistics.quantiles(delays, n=20)[-1], 3),
        "row_to_client_worst_s": round(max(delays), 3),
        "server_cores": round(cpu / (looked - began), 3), "server_files": files, "generator": left,
        "presenter_coming": presenter.worst(came, began), "presenter": presenter.worst(began, looked),
        "presenter_half_requests": presenter.worst(looked, over), "asked": len(presenter.answers), "bounds": BOUNDS,
    }  # fmt: skip
    return figures | {
        "absent": room.viewers - joined["joined"] + len(left["lost"]),
        "presenter_worst_s": longest(figures["presenter_coming"], figures["presenter"]),
        "presenter_worst_half_s": longest(figures["presenter_half_requests"], kinds=()),  # too short for all of them
    }


def longest(*times: dict[str, float | None], kinds: Sequence[str] = ASKED) -> float | None:
    """Return the longest answer of a presenter in these times.

    None where a question has no answer, or one of these kinds was never asked.
    """
    found = [seconds for of in times for seconds in of.values()]
    if not found or None in found or {*kinds} - {what for of in times for what in of}:
        return None
    return max(seconds for seconds in found if seconds is not None)


def beyond(figures: Mapping[str, Any]) -> list[str]:
    """Return the names of figures beyond their bounds, also of those that there are not."""
    return [name for name, most in BOUNDS.items() if figures.get(name) is None or not figures[name] <= most]


def arrivals(
    written: dict[tuple[int, int], float], rows: list[list[tuple[int, int, float]]]
) -> tuple[list[float], int]:
    """Return the seconds from each written row to each viewer, and how many never came."""
    delays, missing = [], 0
    for of_viewer in rows:
        came = {(run, step): at for run, step, at in reversed(of_viewer)}
        missing += sum(row not in came for row in written)
        delays += [came[row] - at for row, at in written.items() if row in came]
    return delays, missing


def main() -> None:
    """Measure one room and print it."""
    usual = Room()
    parser = argparse.ArgumentParser()
    parser.add_argument("--viewers", type=int, default=usual.viewers)
    parser.add_argument("--seconds", type=float, default=usual.seconds)
    parser.add_argument("--per-second", type=float, default=usual.per_second)
    parser.add_argument("--half", type=int, default=usual.half)
    parser.add_argument("--reloads", type=int, default=usual.reloads)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measured(Path(folder), Room(**vars(options)))
    print(json.dumps(figures, indent=1))
    if names := beyond(figures):
        sys.exit(f"beyond their bounds: {', '.join(names)}")


if __name__ == "__main__":
    main()
