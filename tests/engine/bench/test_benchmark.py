"""The bench: its figures follow from the turns, its workers train, and a dead one is said in one line."""

import json
import multiprocessing

import pytest

from engine.bench import benchmark
from engine.bench.benchmark import BenchFailed, Plan, _figures, measure
from engine.bench.workload import Workload
from engine.cli.group import run as cli
from tests.engine.bench import dying


def turn(*speeds):
    return [{"images_per_s": speed, "memory_mb": 100.0 + speed} for speed in speeds]


def test_ratios_are_medians_over_turns_and_not_ratios_of_medians():
    turns = {
        "conventional": [turn(100), turn(50), turn(200)],
        "pair": [turn(150, 150), turn(50, 50), turn(250, 250)],
        "single": [turn(200), turn(50), turn(500)],
    }
    parts = {"rounds": [(2.0, 1.0), (3.0, 2.0), (1.2, 1.0)], "probe_s": 0.5, "probe_share": 0.02}
    figures = _figures(Workload(20), turns, parts, cores=2)
    assert figures["net"] == "resnet-20"
    assert figures["pair_throughput_ratio"] == 2.5
    assert figures["single_throughput_ratio"] == 2.0
    assert figures["step_over_convolutions"] == 1.5
    assert figures["probe_share"] == 0.02
    details = figures["details"]
    assert details["images_per_s"]["pair"] == {"median": 300, "least": 100, "most": 500}
    assert details["pair_throughput_ratio"] == {"least": 2.0, "most": 3.0}
    assert details["memory_mb"] == {"conventional": 300.0, "pair": 350.0, "single": 600.0}
    assert details["step_ms"] == 2000.0


@pytest.mark.slow
def test_a_contestant_that_dies_is_said_in_one_line(monkeypatch):
    monkeypatch.setattr(benchmark, "serve", dying.serve)
    with pytest.raises(BenchFailed, match="the conventional worker ended"):
        measure(Workload(8), "cpu", 1, Plan(rounds=1, seconds=0.1))
    assert not [child for child in multiprocessing.active_children() if child.name.startswith("bench-")]


def test_the_table_shows_ratios_with_their_spread(monkeypatch, capsys):
    turns = {
        name: [turn(speed), turn(2 * speed)] for name, speed in (("conventional", 10), ("pair", 30), ("single", 20))
    }
    parts = {"rounds": [(0.02, 0.01)], "probe_s": 0.5, "probe_share": 0.02}
    monkeypatch.setattr("engine.cli.bench.DEPTHS", (20,))
    monkeypatch.setattr("engine.cli.bench.measure", lambda workload, *_: _figures(workload, turns, parts, cores=2))
    monkeypatch.setenv("COLUMNS", "200")
    assert cli(["bench"]) == 0
    words = capsys.readouterr().out
    assert "resnet-20" in words
    assert "3.00 (3.00 to 3.00)" in words
    assert "2.00 (2.00 to 2.00)" in words


@pytest.mark.long
@pytest.mark.timeout(400)
def test_the_command_measures_every_net(monkeypatch, capsys):
    monkeypatch.setattr("engine.cli.bench.DEPTHS", (8,))
    monkeypatch.setattr("engine.cli.bench.Workload", lambda depth: Workload(depth, batch_size=16))
    monkeypatch.setattr("engine.cli.bench.Plan", lambda: Plan(rounds=1, seconds=0.1))
    assert cli(["bench", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    (net,) = document["nets"]
    assert net["net"] == "resnet-8"
    assert net["pair_throughput_ratio"] > 0
    assert net["single_throughput_ratio"] > 0
    details = net["details"]
    assert net["step_over_convolutions"] == pytest.approx(details["step_ms"] / details["convolutions_ms"], rel=0.5)
    assert 0 < net["probe_share"] < 1
    assert details["images_per_s"].keys() == details["memory_mb"].keys() == {"conventional", "pair", "single"}
