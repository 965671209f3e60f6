"""What the start of a server says behind a proxy and below a path, and which names of either it refuses."""

import pytest
import streamlit as st

from app import command_line, server
from app.data import commands
from app.web import addresses, base_path, connections, proxy_hosts

STARTS = "Skipscope starts; its address follows in a few seconds."


@pytest.fixture(autouse=True)
def forget():
    yield
    proxy_hosts.believe([])


@pytest.fixture
def started(monkeypatch):
    """Give the command its options; return what it would serve with, and what it would print."""

    def start(*options):
        served = {}
        known = st.get_option
        monkeypatch.setattr(base_path, "_given", None)
        monkeypatch.setattr(st, "get_option", lambda name: base_path.options().get(name) or known(name))
        monkeypatch.setattr(addresses, "refuse_busy_port", lambda host, port: None)
        monkeypatch.setattr(command_line, "serve", lambda *given, **_: served.update(host=given[0]))
        command_line.main.main([*options], standalone_mode=False)
        says = command_line.shared_words if "--share" in options else command_line.words
        return served["host"], says(served["host"], 8501, *(["/present?token=t"] if "--share" in options else []))

    return start


def test_links_lead_through_the_proxy_and_below_the_path(started, tmp_path):
    place = ("--workspace", str(tmp_path / "w"), "--no-browser", "--base-path", "lab/skipscope/")
    host, said = started(*place, "--share", "--proxy-host", "lab.example", "--proxy-host", "http://10.0.0.9:81")
    assert host == "127.0.0.1"
    assert said[1:5] == [
        "  presenter: https://lab.example/lab/skipscope/present?token=t",
        "  audience:  https://lab.example/lab/skipscope/",
        "The proxy has to pass requests on to http://127.0.0.1:8501/lab/skipscope/, with their path",
        "If these do not open elsewhere, try another address of this machine: http://10.0.0.9:81/lab/skipscope/",
    ]
    assert not any("Plain HTTP" in line for line in said)


def test_without_share_the_start_warns_of_the_proxy(started, tmp_path):
    _, said = started("--workspace", str(tmp_path / "w"), "--no-browser", "--proxy-host", "lab.example")
    assert said[0] == "Skipscope is at https://lab.example (Ctrl-C stops the page, not the runs)"
    assert said[-1].startswith("Whoever reaches this address can start and delete runs")


def test_a_path_without_a_proxy_is_in_the_links(started, tmp_path):
    _, said = started("--workspace", str(tmp_path / "w"), "--no-browser", "--base-path", "/skipscope")
    assert said == ["Skipscope is at http://localhost:8501/skipscope/ (Ctrl-C stops the page, not the runs)"]


@pytest.mark.parametrize("terminal", [True, False])
def test_a_terminal_alone_hears_at_once_that_it_starts(started, tmp_path, monkeypatch, capsys, terminal):
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal)
    started("--workspace", str(tmp_path / "w"), "--no-browser")
    said = capsys.readouterr()
    assert (said.out, said.err.splitlines()) == ("", [STARTS] if terminal else [])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--proxy-host", "lab.example/x"], "--proxy-host is a name such as lab.example"),
        (["--proxy-host", "a", "--proxy-host", "b c"], "(got 'b c')"),
        (["--base-path", "a/../b"], "--base-path is made of letters"),
        (["--base-path", "a", "--base-path", "b"], "--base-path"),
        (["--base-path", "/live/x"], "--base-path does not begin with /live"),
    ],
)
def test_wrong_names_are_one_line(monkeypatch, capsys, options, words):
    monkeypatch.setattr("sys.argv", ["app", "--no-browser", *options])
    assert command_line.run() == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line


def test_streamlit_is_told_the_path_and_the_names(monkeypatch):
    told = {}

    class App:
        def __init__(self, *_, **__):
            pass

        def run(self, config):
            told.update(config)

    monkeypatch.setattr(commands, "start_up_in_background", lambda: None)
    monkeypatch.setattr(connections, "install", lambda: None)
    monkeypatch.setattr(server, "serving", lambda *_, **__: {})
    monkeypatch.setattr(st, "App", App)
    monkeypatch.setattr(base_path, "_given", "/lab")
    proxy_hosts.believe([proxy_hosts.ProxyHost.named("lab.example")])
    command_line.serve("127.0.0.1", 8501, share=False, browser=False)
    assert told["server.baseUrlPath"] == "/lab"
    assert "lab.example" in told["server.allowedHosts"]
    told.clear()
    monkeypatch.setattr(base_path, "_given", None)
    command_line.serve("127.0.0.1", 8501, share=False, browser=False)
    assert "server.baseUrlPath" not in told, "Streamlit's own settings hold"
