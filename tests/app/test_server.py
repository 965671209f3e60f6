"""The server as a program: what it says, what it loads, and how it ends."""

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path

import plotly
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from app import command_line, server
from app.data import commands
from app.data.workspace import use
from app.live.routes import routes as live_routes
from app.live.stream.feed import Feed
from app.live.stream.plotly_js import BASIC
from engine.errors import ConfigError
from engine.paths import PROJECT
from engine.runs.client.control import Control
from engine.runs.launchers.registry import LauncherChoice
from engine.store.workspace import Workspace
from engine.store.writer import Writer
from tests.app.live.conftest import Bench


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def app(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "app", *arguments], cwd=PROJECT, env={**os.environ, **environment},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@contextmanager
def serving(command, port, cwd, **environment):
    process = subprocess.Popen(
        command, cwd=cwd, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        deadline = time.monotonic() + 90
        while True:
            with suppress(OSError):
                if get(port, "/_stcore/health").status == 200:
                    break
            assert process.poll() is None, process.stdout.read()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(60)
        process.stdout.close()


def get(port, path, **headers):
    with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        answer.text = answer.read().decode()
    return answer


@pytest.fixture
def bench(tmp_path):
    """A workspace whose runs are stopped, so that an engine that starts leaves them alone."""
    bench = Bench(tmp_path / "workspace")
    bench.start_all()
    bench.steps(bench.runs[0], 1, 30)
    for run in bench.runs:
        bench.run_states(run, "stopping", "stopped")
    yield bench
    bench.writer.close()
    control, deadline = Control(bench.workspace), time.monotonic() + 90
    while control.engine.status().state != "alive" and time.monotonic() < deadline:
        time.sleep(0.05)  # the server has started an engine, which may be on its way still
    assert control.engine.shutdown()


def open_stream(port, runs):
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", f"/live/stream?runs={','.join(map(str, runs))}&since=0.0")
    answer = connection.getresponse()
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    while not answer.readline().startswith(b'data:{"p"'):
        pass
    return connection, answer


def seconds_of_answers(port, answers):
    """Ask for one small answer after the other on one connection; return how long each took."""
    took = []
    with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        for _ in range(answers):
            began = time.monotonic()
            connection.request("GET", "/live/js/1/shared/event_stream.js")
            assert connection.getresponse().read()
            took.append(time.monotonic() - began)
    return took


@contextmanager
def open_page(port):
    """Open the page as a browser does; inside, the script has run through."""
    address = f"ws://127.0.0.1:{port}/_stcore/stream"
    with suppress(ConnectionClosed), connect(address, origin=f"http://127.0.0.1:{port}", max_size=None) as page:
        rerun = BackMsg()
        rerun.rerun_script.query_string = ""
        page.send(rerun.SerializeToString())
        while True:
            message = ForwardMsg.FromString(page.recv(timeout=60))
            if message.WhichOneof("type") == "script_finished":
                assert message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY
                break
        yield


def contents(workspace):
    """All that a database holds, but the engine's own heartbeat and who looks on."""
    with closing(sqlite3.connect(f"file:{workspace.database}?mode=ro", uri=True)) as connection:
        return [
            line
            for line in connection.iterdump()
            if not line.startswith(('INSERT INTO "engine"', 'INSERT INTO "clients"'))
        ]


def check_that_routes_only_read(port, bench):
    """Ask each live route something that it answers; the database stays as it is."""
    run = bench.runs[0]
    queries = {
        "/live/history": f"runs={run}",
        "/live/stream": f"runs={run}&since=0.0",
        "/live/recording": f"runs={run}",
        "/live/recorded-curves.json": "",
        **{f"/live/recorded-picture-{scheme}.png": "" for scheme in ("light", "dark")},
        "/live/probes/history": f"runs={run}&quantities=response_std",
        "/live/probes/stream": f"runs={run}&quantities=response_std",
        "/live/probes/detail": f"runs={run}&layer=stage1/block1/conv1",
        "/live/export": f"runs={run}&format=bundle",
        "/live/instant/stream": "",
        "/live/lab": "run=1",
        "/live/lab/stream": "run=1",
        "/live/lab/reference": "lab=gradients",
        "/live/talk/recording/{name}": "runs=1",
        "/live/talk/stream": "",
    }
    files = {
        "/live/plotly-{version}.js": f"/live/plotly-{plotly.__version__}.js",
        "/live/js/{version}/{name:path}.js": "/live/js/1/race/view.js",
    }
    found = live_routes(Feed())
    assert {route.path for route in found} == {*queries, *files}, "a new route belongs here"
    assert all(route.methods == {"GET", "HEAD"} for route in found)
    control, deadline = Control(bench.workspace), time.monotonic() + 90
    while control.engine.status().state != "alive" and time.monotonic() < deadline:
        time.sleep(0.05)
    before = contents(bench.workspace)
    for path, query in queries.items():
        assert ask(port, "GET", f"{path}?{query}") in (200, 404)
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            assert ask(port, method, f"{path}?{query}") == 405
    assert all(get(port, path).status == 200 for path in (*files.values(), f"/{BASIC.address}"))
    assert contents(bench.workspace) == before


def ask(port, method, path):
    """Return the status of an answer whose text is not read: a stream's has no end."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request(method, path, body=None if method == "GET" else "{}")
        return connection.getresponse().status


@pytest.mark.slow
def test_a_server_with_a_page_and_a_stream_open_only_reads_loads_no_torch_and_stops_within_three_seconds(bench):
    port = free_port()
    command = [sys.executable, "-m", "app", "--port", str(port), "--workspace", str(bench.workspace.path)]
    with serving(command, port, PROJECT, DISPLAY="", WAYLAND_DISPLAY="") as process, open_page(port):
        connection, answer = open_stream(port, bench.runs)
        history = get(port, f"/live/history?runs={bench.runs[0]}")
        assert history.status == 200
        assert history.headers["x-content-type-options"] == "nosniff"
        assert history.headers["x-frame-options"] == "SAMEORIGIN"
        assert get(port, f"/live/history?runs={bench.runs[0]}", Host="evil.example").status == 400
        check_that_routes_only_read(port, bench)
        assert min(seconds_of_answers(port, 20)[10:]) < 0.03, "no answer waits 40 ms for an acknowledgement"
        if Path("/proc").is_dir():
            assert "libtorch" not in Path(f"/proc/{process.pid}/maps").read_text()
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        assert process.wait(60) == 0
        assert time.monotonic() - began < 3
        answer.read()  # ended in order, not cut off
        connection.close()
        said = process.stdout.read().strip().splitlines()
    first, refused = said
    assert first == f"Skipscope is at http://localhost:{port} (Ctrl-C stops the page, not the runs)"
    assert refused.startswith("the host 'evil.example' is no address of this page"), "the first one alone is told"


@pytest.mark.slow
def test_streamlit_run_serves_the_same_from_any_folder(bench, tmp_path):
    port = free_port()
    command = [
        sys.executable, "-m", "streamlit", "run", str(PROJECT / "app" / "server.py"), "--server.port", str(port),
        "--server.address", "127.0.0.1", "--server.headless", "true",
    ]  # fmt: skip
    place = str(bench.workspace.path)
    with serving(command, port, tmp_path, SKIPSCOPE_WORKSPACE=place) as process, open_page(port):
        assert get(port, f"/live/history?runs={bench.runs[0]}").status == 200
        connection, _ = open_stream(port, bench.runs)
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        process.wait(60)
        assert time.monotonic() - began < 3
        connection.close()


@pytest.mark.slow
def test_a_shared_server_says_two_links_and_keeps_its_token_to_itself(bench):
    port = free_port()
    command = [sys.executable, "-m", "app", "--share", "--port", str(port), "--workspace", str(bench.workspace.path)]
    with serving(command, port, PROJECT, DISPLAY=":0") as process:
        wrong = get(port, "/present?token=wrong")
        assert wrong.status == 403
        assert wrong.headers["set-cookie"] is None
        assert get(port, "/present").status == 403
        assert get(port, "/", Host="evil.example").status == 400
        process.send_signal(signal.SIGINT)
        process.wait(60)
        said = process.stdout.read().strip().splitlines()
    presenter, audience = said[1].split()[1], said[2].split()[1]
    assert said[1].startswith("  presenter: ")
    assert said[2].startswith("  audience:  ")
    assert re.fullmatch(rf"http://[\d.]+:{port}", audience)
    assert re.fullmatch(re.escape(audience) + r"/present\?token=[\w-]{32,}", presenter)
    token = presenter.partition("=")[2]
    assert sum(token in line for line in said) == 1
    assert any("Plain HTTP" in line and "SSH tunnel" in line for line in said)
    assert not [line for line in said if "Error" in line or "Traceback" in line]
    kept = [path for path in bench.workspace.path.rglob("*") if path.is_file() and token.encode() in path.read_bytes()]
    assert kept == [], "the token is in no file"


def test_the_engine_starts_once_and_before_the_web_framework(monkeypatch):
    begun = []
    monkeypatch.setattr(commands, "start_up_in_background", lambda: begun.append("engine"))

    def serving(on_start, engine_starts=False):
        begun.append(f"server, engine_starts={engine_starts}")
        raise KeyboardInterrupt

    monkeypatch.setattr(server, "serving", serving)
    with pytest.raises(SystemExit):
        command_line.serve("127.0.0.1", 8501, share=False, browser=False)
    assert begun == ["engine", "server, engine_starts=True"]


@pytest.fixture
def called(monkeypatch, capsys, tmp_path):
    """Calls the command in this process, as far as it gets before it serves."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["app", *arguments])
        code = command_line.run()
        return code, *capsys.readouterr()

    yield call
    use(tmp_path / "elsewhere")


@pytest.mark.parametrize("module", ["app", "engine"])
def test_without_the_requirements_one_line_says_how_to_install_them(module):
    bare = subprocess.run(  # -S: without the folder that packages are installed in
        [sys.executable, "-S", "-m", module], cwd=PROJECT, capture_output=True, text=True, timeout=120, check=False
    )
    assert (bare.returncode, bare.stdout) == (1, "")
    assert bare.stderr == "click is not installed: run pip install -r requirements.txt\n"


def test_a_busy_port_is_one_line_that_names_a_free_one(called):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result, shared = called("--port", str(port), "--no-browser"), called("--port", str(port), "--share")
    assert shared == result
    code, said, refused = result
    assert (code, said) == (2, "")
    (line,) = refused.splitlines()
    free = re.fullmatch(rf"port {port} is busy \(.*\); --port (\d+) is free", line)
    assert free
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", int(free[1])))


def test_a_bad_call_is_one_line_and_exit_2(tmp_path):
    (tmp_path / "file").write_text("")
    result = app("--no-browser", "--workspace", str(tmp_path / "file" / "below"), "--port", str(free_port()))
    assert (result.returncode, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    assert "cannot be written" in line


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--host", "203.0.113.7"], "not an address of this machine"),
        (["--port", "99999"], "99999"),
        (["--workspace", "~nobody-of-this-name/x"], "cannot be used"),
        (["--workspace", ""], "--workspace is empty; give it a value, or leave it out"),
        (["--host", ""], "--host is empty; give it a value, or leave it out"),
        (["--share", "--token-file", ""], "--token-file is empty"),
        (["--base-path", ""], "--base-path is empty"),
        (["--proxy-host", "a", "--proxy-host", ""], "--proxy-host is empty"),
        (["--launcher="], "--launcher is empty"),
        (["--address", ""], "--address is empty"),
        (["--port", "9" * 2000], "...9"),
        (["--port", "1_8734"], "--port is a whole number from 1 to 65,535 (got '1_8734')"),
        (["--port", "１"], "(got '１')"),
        (["--workspace", "a\tb\x07" * 500], "..."),
    ],
)
def test_other_bad_calls_are_one_line_and_exit_2_too(called, arguments, words):
    port = [] if "--port" in arguments else ["--port", str(free_port())]
    code, said, refused = called("--no-browser", *arguments, *port)
    assert (code, said) == (2, "")
    (line,) = refused.splitlines()
    assert words in line
    assert line.isprintable() and len(line) <= 300


def test_a_cluster_that_cannot_be_used_leaves_no_workspace(called, monkeypatch, tmp_path):
    def refuses(choice):
        raise ConfigError(f"the cluster at {choice.address} refuses this machine")

    monkeypatch.setattr(LauncherChoice, "check", lambda choice: choice)
    monkeypatch.setattr(LauncherChoice, "try_out", refuses)
    place = ["--workspace", str(tmp_path / "w"), "--port", str(free_port()), "--no-browser"]
    result = called(*place, "--launcher", "ray", "--address", "10.0.0.1:6379")
    assert result == (2, "", "the cluster at 10.0.0.1:6379 refuses this machine\n")
    assert not (tmp_path / "w").exists()


@pytest.mark.slow
def test_a_damaged_database_does_not_keep_the_server_from_starting(tmp_path):
    place = Workspace.at(tmp_path / "workspace").prepare()
    Writer(place).close()
    place.database.write_bytes(b"garbage" * 1000)
    port = free_port()
    command = [sys.executable, "-m", "app", "--port", str(port), "--workspace", str(place.path), "--no-browser"]
    with serving(command, port, PROJECT) as process:
        answer = get(port, "/live/history?runs=1")
        assert answer.status == 503
        assert "is damaged" in answer.text
        assert "\n" not in answer.text
        with open_page(port):
            pass
        process.terminate()
        process.wait(60)
