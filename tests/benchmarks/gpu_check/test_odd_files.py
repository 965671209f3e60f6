"""Odd files and calls of the check: one line, code 2, and nothing changed."""

import copy
import json
import os

import pytest

from tests.benchmarks.gpu_check.__main__ import main
from tests.benchmarks.gpu_check.document import new_document
from tests.benchmarks.gpu_check.files import Log
from tests.benchmarks.gpu_check.test_gpu_check import GPU, machine, scripted

ODD = [
    ("device",), ("tiny",), ("began",), ("machine", "gpus", 3), ("machine", "versions", [1]),
    ("parts", 0, "seconds", "x"),
    ("parts", 0, "figures", [1]), ("parts", 0, "part", True), ("parts", 0, "name", {"a": 1}),
]  # fmt: skip


def refused(capsys, *words) -> str:
    assert main([str(word) for word in words]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


@pytest.mark.parametrize("odd", ODD)
def test_a_document_of_odd_values_is_no_result(tmp_path, capsys, odd):
    document = copy.deepcopy(new_document(machine(GPU), "cuda:0", tiny=False))
    if len(odd) == 1:
        del document[odd[0]]
    else:
        *places, last, value = odd
        inner = document
        for place in places:
            inner = inner[place]
        inner[last] = value
    (tmp_path / "a.json").write_text(json.dumps(document))
    for words in (["--report"], ["--add", "--out"]):
        assert "is no result" in refused(capsys, *words, tmp_path / "a.json")
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_deep_files_empty_names_and_logs_that_are_no_files(tmp_path, capsys):
    out = tmp_path / "a.json"
    out.write_text("[" * 200_000)
    assert "no result" in refused(capsys, "--report", out)
    assert "exists already" in refused(capsys, "--out", out)
    assert "--out names a file" in refused(capsys, "--out", "")
    assert "--report names a file" in refused(capsys, "--report", "")
    out.write_text(json.dumps(new_document(machine(GPU), "cuda:0", tiny=False)))
    log = tmp_path / "a.log"
    log.mkdir()
    assert "a.log" in refused(capsys, "--out", out, "--add")
    log.rmdir()
    os.mkfifo(log)
    assert "no usual file" in refused(capsys, "--out", out, "--add")


def test_a_refused_or_second_check_leaves_the_log(monkeypatch, tmp_path, capsys):
    out, log = tmp_path / "a.json", tmp_path / "a.log"
    scripted(monkeypatch, tmp_path, {})
    assert main(["--out", str(out), "--part", "4"]) == 0
    before = log.read_bytes()
    scripted(monkeypatch, tmp_path, {}, gpus=(GPU | {"name": "another"},))
    capsys.readouterr()
    assert "another machine" in refused(capsys, "--out", out, "--add")
    held = Log(log)
    assert "goes on" in refused(capsys, "--out", out, "--add")
    assert "goes on" in refused(capsys, "--out", out, "--replace")
    held.close()
    assert log.read_bytes() == before
