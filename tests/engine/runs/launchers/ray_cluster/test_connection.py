"""What Ray says of a cluster that cannot be used, in one line that says what to do."""

import importlib.util
import socket

import pytest

from engine.errors import ConfigError
from engine.runs.launchers.ray_cluster import connection
from engine.runs.protocol.cluster_address import VERSION
from engine.store.workspace import Workspace


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("RuntimeError Version mismatch: The cluster was started with Ray: 2.50.0", "another version of Ray or Python"),
        ("AuthenticationError invalid token", "its token is missing or wrong"),
        ("ConnectionError Failed to connect to Ray cluster at 10.0.0.1:6379", "is no head of Ray, or does not"),
        ("", "is no head of Ray, or does not accept this machine within 30 s"),
        ("RuntimeError Unauthenticated", "its token is missing or wrong"),
        ("ValueError Could not find any running raylet", "this machine is no node of the cluster"),
        ("RuntimeError something else", "cannot be used: RuntimeError something else"),
    ],
)
def test_a_refusal_says_what_to_do(text, words):
    told = connection.in_words(text, "10.0.0.1:6379")
    assert words in told
    assert "10.0.0.1:6379" in told
    assert "\n" not in told


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (
            "The actor died because of an error raised in its creation task, \x1b[36mray::desk:init()\x1b[39m "
            "(pid=1, ip=10.0.0.2)\n           ^^^^\nRuntimeError: The actor failed to import on the worker:\n\n"
            "\x1b[36mray::desk\x1b[39m (pid=1)\n      ^^^\nModuleNotFoundError: No module named 'torch'",
            "ModuleNotFoundError: No module named 'torch'",
        ),
        (
            "The actor died.\n\tclass_name: RunActor\nWorker exit detail: End of file.",
            "class_name: RunActor Worker exit detail: End of file.",
        ),
        ("", "OSError"),
    ],
)
def test_the_innermost_cause_is_told_in_one_line(text, cause):
    told = connection.innermost_cause(OSError(text))
    assert told.endswith(cause)
    assert "\n" not in told
    assert not told.startswith("The actor died because")


def test_two_workspaces_share_a_cluster_without_meeting(tmp_path):
    names = {connection.namespace_of(Workspace(tmp_path / name)) for name in ("a", "b", "a")}
    assert len(names) == 2


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason=f"needs Ray (240 MB): pip install ray=={VERSION}")
def test_a_port_of_something_else_is_refused_in_time(monkeypatch):
    monkeypatch.setattr(connection, "CONNECT_S", 4.0)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(ConfigError, match="is no head of Ray, or does not accept this machine within 4 s"):
            connection.try_out(f"127.0.0.1:{other.getsockname()[1]}")
