"""The real TensorBoard opens an export: its server lists every run, and answers with the stored numbers."""

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

import numpy as np
import pytest

from engine.events import Split
from engine.exchange.transfer import ExportRequest, export_to
from engine.store.reader import Reader
from tests.engine.exchange.recorded_workspace import LAYERS, STEPS, fill

pytest.importorskip("tensorboard", reason="tensorboard is not installed: pip install tensorboard==2.21.0")
#: The server reads in the background; so long it may take, a busy machine included.
PATIENCE_S = 90.0


@pytest.fixture
def server(workspace, tmp_path):
    """Serve an export; yield a function that asks for a path."""
    runs = fill(workspace)
    export_to(workspace, ExportRequest(runs, "tensorboard"), tmp_path / "logs", lambda done, total, what: None)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "tensorboard.main", "--logdir", str(tmp_path / "logs"), "--port", str(port),
        "--host", "127.0.0.1", "--samples_per_plugin", "scalars=100000,histograms=100000",
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def ask(path: str, **query: str):
        address = f"http://127.0.0.1:{port}/{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(address, timeout=PATIENCE_S) as answer:
            return json.loads(answer.read())

    def until(what):
        """Return what it gives once it gives something."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            try:
                if found := what():
                    return found
            except (urllib.error.URLError, ConnectionError):
                assert process.poll() is None, "TensorBoard has ended"
            time.sleep(0.2)
        raise AssertionError("TensorBoard shows nothing")

    yield runs, ask, until
    process.terminate()
    process.wait(60)


@pytest.mark.long
def test_the_real_tensorboard_shows_every_run_with_the_stored_numbers(server, workspace):
    runs, ask, until = server
    names = until(lambda: (found := ask("data/runs")) and len(found) == len(runs) and found)
    assert {int(name.split()[1]) for name in names} == {*runs}
    tags = until(lambda: (found := ask("data/plugin/scalars/tags")) and len(found) == len(runs) and found)
    first = next(name for name in names if name.startswith(f"run {runs[0]} "))
    assert {"loss/train", "error/train_running", "error/test_subset", "lr"} <= {*tags[first]}
    shown = ask("data/plugin/scalars/scalars", run=first, tag="error/train")
    with Reader(workspace) as reader:
        stored = reader.points.series(runs[0], Split.TRAIN).columns
    assert [step for _, step, _ in shown] == stored["step"].astype(int).tolist() == [*range(1, STEPS + 1)]
    assert [value for *_, value in shown] == [float(np.float32(value)) for value in stored["error"]]
    histograms = until(lambda: ask("data/plugin/histograms/tags"))
    assert len(histograms[first]) == LAYERS
    of_layer = ask("data/plugin/histograms/histograms", run=first, tag="responses/stage1/block0")
    assert [step for _, step, _ in of_layer] == [0, 10, 30]
    text = ask("data/plugin/text/text", run=first, tag="settings")
    assert "secret-holiday" in text[0]["text"]
