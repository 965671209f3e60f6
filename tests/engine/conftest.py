import pytest

from engine.cli.group import run as cli


@pytest.fixture
def call(workspace, capfd):
    """Run a command in this process; return (exit code, stdout, stderr)."""

    def run(*arguments, at=workspace):
        code = cli(["--workspace", str(at.path), *arguments])
        return (code, *capfd.readouterr())

    return run
