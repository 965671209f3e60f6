"""What is refused before anything is started."""

import socket

import pytest

from engine.errors import ConfigError
from engine.runs.launchers.registry import LauncherChoice
from engine.runs.protocol import cluster_address


@pytest.fixture
def ray_is_there(monkeypatch):
    monkeypatch.setattr(cluster_address, "require_ray", lambda: None)
    monkeypatch.setattr("engine.runs.launchers.registry.require_ray", lambda: None)


def test_without_ray_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="which is not installed: pip install ray==2.60.0"):
        LauncherChoice("ray", "10.0.0.1:6379").check()


@pytest.mark.parametrize(
    "address",
    [
        "", "auto", "10.0.0.1", "10.0.0.1:0", "10.0.0.1:70000", "ray://10.0.0.1:10001", "a b:1",
        "a..b:80", ".:80", f"{'a' * 64}.org:80", "\udc80:80", "[::1]:\N{ARABIC-INDIC DIGIT THREE}",
    ],
)  # fmt: skip
def test_another_text_than_an_address_is_refused(ray_is_there, address):
    with pytest.raises(ConfigError, match="--address is HOST:PORT"):
        LauncherChoice("ray", address).check()


def test_an_address_where_nobody_answers_is_refused(ray_is_there):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ConfigError, match=f"no Ray cluster answers at {address} "):
            LauncherChoice("ray", address).check()
        taken.listen()
        assert LauncherChoice("ray", address).check() == LauncherChoice("ray", address)


def test_a_choice_travels_to_the_engines_of_a_process(monkeypatch):
    monkeypatch.delenv("ENGINE_LAUNCHER", raising=False)
    assert LauncherChoice.of_environment() == LauncherChoice()
    monkeypatch.setenv("ENGINE_LAUNCHER", "")
    assert LauncherChoice.of_environment() == LauncherChoice()
    LauncherChoice("ray", "10.0.0.1:6379").for_engines()
    assert LauncherChoice.of_environment() == LauncherChoice("ray", "10.0.0.1:6379")
