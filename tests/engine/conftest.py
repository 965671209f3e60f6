import pytest

from engine.cli.group import run as cli


@pytest.fixture
def call(workspace, capfd, monkeypatch):
    """Run a command in this process, on a wide terminal; return (exit code, stdout, stderr)."""
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments, at=workspace):
        code = cli(["--workspace", str(at.path), *arguments])
        return (code, *capfd.readouterr())

    return run
