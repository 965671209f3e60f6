"""A presenter of a shared page while the audience attacks it: how long the presenter waits.

    python -m tests.benchmarks.room.attacks [NAME ...] [--seconds 10] [--connections N] [--addresses 1]

Names: the keys of ``attackers.ATTACKS``; without one all of them, ``nothing`` first. One server as ``python -m app
--share`` on a written race, from a shell whose soft limit of open files is 1,024; nothing trains. The attackers are a
process of their own. Beside them the presenter asks for the page and a history on new connections, and for a run of the
page's script on one that was open before. Prints one JSON line for each attack: the presenter's longest answers, what
the attackers got, the server's share of a core, the machine's load. Ends with 1 where an answer took longer than the
bound, or did not come.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from engine.paths import PROJECT
from engine.store.workspace import Workspace
from tests.benchmarks.room.__main__ import BOUNDS, RUNS, Presenter, Server, longest
from tests.benchmarks.room.attackers import ATTACKS, number
from tests.benchmarks.synthetic_writer import make_race

#: Seconds between two attacks, for what is still under way.
REST_S = 3.0
#: Seconds for the presenter's longest answer.
BOUND_S: float = BOUNDS["presenter_worst_s"]


def measured(server: Server, race: tuple[int, list[int]], name: str, options: dict[str, int]) -> dict[str, Any]:
    """Return the figures of one attack; ``options`` are those of the attackers."""
    presenter = Presenter(server, *race)
    presenter.start()
    time.sleep(1.0)
    began, cpu = time.monotonic(), server.cpu()
    command = [sys.executable, "-m", "tests.benchmarks.room.attackers", "--port", str(server.port), "--attack", name]
    command += [part for key, value in options.items() for part in (f"--{key}", str(value))]
    crowd = subprocess.run(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True, check=True)
    over, cpu = time.monotonic(), server.cpu() - cpu
    presenter.ended.set()
    presenter.join(45)
    waited = presenter.worst(began, over)
    return {
        "attack": name, "says": ATTACKS[name].says, "presenter_worst_s": longest(waited), "presenter": waited,
        "asked": len(presenter.answers), "attackers": json.loads(crowd.stdout),
        "server_cores": round(cpu / (over - began), 2), "load": round(os.getloadavg()[0], 1),
    }  # fmt: skip


def is_beyond(figures: dict[str, Any], bound_s: float = BOUND_S) -> bool:
    """Return whether the presenter waited too long in an attack, or had no answer."""
    worst = figures["presenter_worst_s"]
    return worst is None or not worst <= bound_s


def main() -> None:
    """Measure the attacks and print them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(ATTACKS)}")
    parser.add_argument("--seconds", type=number(1, 300), default=10)
    parser.add_argument("--connections", type=number(0, 5_000), default=0, help="0: as many as the attack has")
    parser.add_argument("--addresses", type=number(1, 50_000), default=1)
    asked = parser.parse_args()
    if unknown := {*asked.names} - {*ATTACKS}:
        parser.error(f"no such attack: {', '.join(sorted(unknown))}")
    options = {"seconds": asked.seconds, "connections": asked.connections, "addresses": asked.addresses}
    beyond = []
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.at(Path(folder) / "workspace")
        race = make_race(workspace, RUNS)
        server = Server(workspace.path)
        try:
            for name in asked.names or ATTACKS:
                figures = measured(server, race, name, options)
                sys.stdout.write(json.dumps(figures) + "\n")
                sys.stdout.flush()
                beyond += [name] * is_beyond(figures)
                time.sleep(REST_S)
        finally:
            server.close()
    if beyond:
        sys.exit(f"the presenter waited longer than {BOUND_S:g} s: {', '.join(beyond)}")


if __name__ == "__main__":
    main()
