"""The page of a tree, served for a copy of a stored workspace, and what a browser sees of it.

What is seen is told by the document alone: no module or class of the page is asked. Anything that Plotly draws is a
``.js-plotly-plot``; everything else is a control with a role, a name and a state.
"""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.compatibility.tree import Tree, environment, until

#: See there.
SEEN = Path(__file__).with_name("seen.js").read_text(encoding="utf-8").partition("*/")[2].strip()
#: Whether the page's scripts have run, and every part that is mounted has drawn what it waits for.
RESTS = """() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'
  && [...document.querySelectorAll('[role=img]')].every((node) => !node.checkVisibility() || node.childElementCount)
  && !document.querySelector('[data-testid=stSkeleton], [data-stale=true]')"""


class Site:
    """The server of one workspace, as ``python -m app`` starts it."""

    def __init__(self, tree: Tree, workspace: Path):
        self.tree, self.workspace = tree, workspace
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen | None = None

    def start(self) -> None:
        """Start the server and wait until it answers."""
        command = ("-m", "app", "--no-browser", "--port", str(self.port), "--workspace", str(self.workspace))
        self._process = subprocess.Popen(
            [sys.executable, *command], cwd=self.tree.root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**environment(), "SKIPSCOPE_TIMING": "asked"},  # else pages of 0.4.0 measure times by themselves
        )  # fmt: skip
        until(self._answers)

    def close(self) -> None:
        """End the server, then the engine that it started."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(60)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self.tree.call(self.workspace, "shutdown", expected=None)

    def _answers(self) -> bool:
        with suppress(OSError), closing(HTTPConnection("127.0.0.1", self.port, timeout=2)) as connection:
            connection.request("GET", "/_stcore/health")
            return connection.getresponse().status == 200
        return False


@contextmanager
def served(tree: Tree, workspace: Path) -> Iterator[Site]:
    """Serve a workspace while the block runs."""
    site = Site(tree, workspace)
    try:
        site.start()
        yield site
    finally:
        site.close()


def seen(page: Any) -> dict[str, Any]:
    """Return what a page shows, without what is empty; parameters of its address in alphabetical order."""
    state = {key: value for key, value in page.evaluate(SEEN).items() if value}
    address = urlsplit(page.url)
    return {
        "address": f"{address.path}?{'&'.join('='.join(pair) for pair in sorted(parse_qsl(address.query)))}",
        **state,
    }


def settled(page: Any, quiet: int = 15, most: int = 400) -> dict[str, Any]:
    """Wait until all that is to come is there, and stays the same for ``quiet`` looks; return it."""
    same, last = 0, None
    for _ in range(most):
        now = seen(page)
        rests = page.evaluate(RESTS) and any(key in now for key in ("plots", "rows", "fields", "links"))
        same = same + 1 if now == last and rests else 0
        if same >= quiet:
            break
        last = now
        page.wait_for_timeout(200)
    assert last is not None
    return last
