"""The browser's modules under Node: each ``*.test.mjs`` below this folder is a test here; one process runs them all."""

import base64
import json
import os
import subprocess
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from app.live.offline.race.columns import encoded, running_mean
from engine.analysis.numbers import in_words, signed
from engine.config import RUNNING_WINDOW
from engine.events import STATE_GROUPS, RunState
from engine.paths import PROJECT
from engine.store.decimate import keep_extremes
from tests.node import NO_NODE, find_node

HERE = Path(__file__).parent
FILES = sorted(HERE.rglob("*.test.mjs"))
#: Under this name the tests find a file with what Python says of the same things.
FACTS = "SKIPSCOPE_TEST_FACTS"
#: More images than 16 bits count.
LARGE_BATCH = 65_536


def facts() -> dict:
    """Return what the engine tells the browser's modules, which points the server keeps and how it writes numbers."""
    rng = np.random.default_rng(1)
    decimations = []
    for at_most in (7, 60, 400):
        steps, loss, error = np.arange(11, 911), rng.standard_normal(900), rng.integers(0, 9, 900).astype(float)
        loss[rng.random(900) < 0.1] = np.nan
        kept = steps[keep_extremes(steps.astype(float), [loss, error], at_most)]
        points = {"step": steps.tolist(), "error": error.tolist(), "loss": [None if np.isnan(v) else v for v in loss]}
        decimations.append({"atMost": at_most, "points": points, "kept": kept.tolist()})
    values = [0.0, 999.96, 1e6, 99_949.9, 1e-3, *(rng.standard_normal(200) * 10 ** rng.uniform(-9, 9, 200)).tolist()]
    # Numbers in the very middle between two decimals, and numbers beside it that look so when they are written.
    values += [sign * size for size in (0.0625, 0.125, 1.125, 1.375, 21.25, 1.25e6, 1125.0) for sign in (1, -1)]
    numbers = [[value, digits, in_words(value, digits)] for value in values for digits in (2, 3, 4)]
    # Losses of a label beside a chart: three digits, with their zeros, to the even digit from the middle.
    losses = [
        *(part / 8 for part in range(8, 80)),
        *(part / 64 for part in range(1, 64)),
        *(part + 0.5 for part in range(100, 160)),
    ]
    losses = [[value, f"{value:#.3g}".rstrip(".")] for value in losses]
    errors = [part / 20 for part in range(-2001, 2001)]
    points = [[value, signed(value), f"{value:.1f}"] for value in errors]
    rows = np.arange(1, 701)
    loss, error = np.exp(rng.standard_normal(700)), rng.integers(0, 129, 700) / 1.28
    means = {"running_loss": running_mean(loss, RUNNING_WINDOW), "running_error": running_mean(error, RUNNING_WINDOW)}
    whole = {"step": rows, "seconds": rows / 10, "loss": loss, "error": error, **means}
    spoilt = {**whole, "loss": np.where(rows == 300, np.nan, loss), "error": error * 0.9137}
    # From none of its images wrong to all of them.
    counted = np.linspace(0, LARGE_BATCH, 700).round() * 100 / LARGE_BATCH
    large = {**whole, "error": counted, "running_error": running_mean(counted, RUNNING_WINDOW)}
    stored = {
        "whole": whole, "a fork": {name: column[200:] for name, column in whole.items()}, "spoilt": spoilt,
        "thinned": {name: column[(rows % 7 > 2)] for name, column in whole.items()},
        "empty": {name: column[:0] for name, column in whole.items()}, "a large batch": large,
    }  # fmt: skip
    stored_runs = {}
    for name, columns in stored.items():
        batch = LARGE_BATCH if name == "a large batch" else 128
        index, data = encoded({key: column.astype(float) for key, column in columns.items()}, batch, RUNNING_WINDOW)
        values = {key: [None if np.isnan(v) else v for v in column.tolist()] for key, column in columns.items()}
        coded = base64.b64encode(data).decode()
        stored_runs[name] = {"index": {**index, "at": 0}, "bytes": coded, "columns": values}
    groups = {name: sorted(states) for name, states in STATE_GROUPS.items()}
    return {
        "decimations": decimations, "states": list(RunState), "numbers": numbers, "points": points, "losses": losses,
        "storedRuns": stored_runs,
        "runFacts": {"groups": groups, "runningWindow": RUNNING_WINDOW},
    }  # fmt: skip


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> dict[str, list[dict]]:
    """Run all files in one process of Node; return what became of the tests of each, by its path."""
    if (node := find_node()) is None:
        assert os.environ.get("SKIPSCOPE_REQUIRE_BROWSER") != "1", NO_NODE
        pytest.skip(NO_NODE)
    told = tmp_path_factory.mktemp("facts") / "facts.json"
    told.write_text(json.dumps(facts()))
    options = ["--test", "--test-isolation=none", f"--test-reporter={HERE / 'reporter.mjs'}"]
    options += ["--import", str(HERE / "run_facts.mjs")]
    ran = subprocess.run(
        [node, *options, *FILES], cwd=PROJECT, env={**os.environ, FACTS: str(told)},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    found = defaultdict(list, {"": [{"name": "node", "passed": False, "error": ran.stdout + ran.stderr}]})
    for line in ran.stdout.splitlines():
        if line.startswith("{"):
            result = json.loads(line)
            found[result["file"]].append(result)
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(HERE).as_posix())
def test_the_modules_do_as_their_tests_say(results, path):
    """A file of which nothing was run shows what Node said instead."""
    own = results.get(str(path)) or results[""]
    assert not [f"{result['name']}\n{result['error']}" for result in own if not result["passed"]]
    assert not [result["name"] for result in own if result["skipped"]]


def test_there_are_tests_to_run():
    assert len(FILES) >= 30
