"""``--token-file``: every start of a shared page takes the token of the file, or refuses the file in one line."""

import sys

import pytest

from app import command_line
from app.data.workspace import use
from tests.app.test_server import free_port


@pytest.fixture
def called(monkeypatch, capsys, tmp_path):
    """Calls the command in this process; ``served`` are the tokens of those calls that came to serve."""
    served = []
    monkeypatch.setattr(command_line, "serve", lambda *arguments: served.append(arguments[-1]))

    def call(*arguments):
        port, workspace = str(free_port()), str(tmp_path / "runs")
        monkeypatch.setattr(sys, "argv", ["app", "--port", port, "--workspace", workspace, *arguments])
        return command_line.run(), *capsys.readouterr()

    call.served = served
    yield call
    use(tmp_path / "elsewhere")


def test_the_token_of_a_file_is_the_one_of_every_start(called, tmp_path):
    kept = tmp_path / "token"
    for _ in range(2):
        assert called("--share", "--token-file", str(kept)) == (0, "", "")
    assert called("--share") == (0, "", "")
    assert called.served == [kept.read_text().strip()] * 2 + [None]


def test_a_file_for_others_and_a_page_that_is_not_shared_are_refused_in_one_line(called, tmp_path):
    kept = tmp_path / "token"
    kept.write_text("a_token_of_many_letters_0")
    kept.chmod(0o644)
    for options, why in (
        (("--share", "--token-file", str(kept)), "chmod 600"),
        (("--token-file", str(kept)), "--share"),
    ):
        code, said, refused = called(*options)
        assert (code, said) == (2, "")
        (line,) = refused.splitlines()
        assert why in line
    assert called.served == []


def test_the_start_says_whether_the_link_stays():
    for kept, words in ((True, "The next start has the same one."), (False, "The next start has another one.")):
        assert any(words in line for line in command_line.shared_words("127.0.0.1", 8501, "/present?token=x", kept))
