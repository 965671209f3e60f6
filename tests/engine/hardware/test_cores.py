"""How many cores are counted, and that all sides count alike."""

import os

import pytest

from engine.data.files import decoding
from engine.hardware import cores
from engine.runs.supervisor import dispatch


@pytest.mark.parametrize(
    ("quota", "counted"),
    [("max 100000", 8), ("200000 100000", 2), ("150000 100000", 2), ("9900000 100000", 8), ("1000 100000", 1), ("", 8)],
)
def test_a_containers_quota_bounds_the_cores_that_the_system_shows(monkeypatch, tmp_path, quota, counted):
    file = tmp_path / "cpu.max"
    file.write_text(f"{quota}\n")
    monkeypatch.setattr(cores, "_CGROUP_QUOTA", file)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    assert {side.cores() for side in (cores, decoding, dispatch)} == {counted}
