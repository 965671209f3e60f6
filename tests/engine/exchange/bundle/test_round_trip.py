"""A bundle that is exported, imported and exported again: the same file but for the date; and what an import means."""

import io
import json
import os
import zipfile
import zlib

import numpy as np
import pytest

from engine.errors import ConfigError, DataError
from engine.events import RunState, Split
from engine.exchange.bundle.writing import write_dated
from engine.exchange.registry import ExportSource
from engine.exchange.transfer import ExportRequest, export_to, write
from engine.provenance import versions
from engine.runs.protocol.checkpoint_names import saved_step
from engine.store.reader import Reader
from engine.store.workspace import Workspace
from engine.store.writer import Writer
from tests.compatibility.databases import VERSIONS, copied
from tests.engine.exchange.bundle.packing import parts, repacked, taken
from tests.engine.exchange.recorded_workspace import STEPS, fill, small_race, train

DATES = ("2026-05-03T09:30:00Z", "2031-12-24T23:59:58Z")


@pytest.fixture
def runs(workspace):
    return fill(workspace)


def quiet(done, total, what):
    """Hear no progress."""


def bundled(workspace, runs, date=DATES[0], checkpoints="none") -> bytes:
    file = io.BytesIO()
    with Reader(workspace) as reader:
        rows = tuple(reader.runs.known(run) for run in runs)
        write_dated(ExportSource(reader, rows, checkpoints), file, quiet, date)
    return file.getvalue()


def imported(data: bytes, tmp_path, name="elsewhere"):
    file, place = tmp_path / f"{name}.skipscope", Workspace.at(tmp_path / name)
    file.write_bytes(data)
    return place, taken(file, place)


def runs_of(found) -> tuple[int, ...]:
    return tuple(run for members in found.races.values() for run in members)


def test_exported_imported_and_exported_again_is_the_same_file(workspace, runs, tmp_path):
    first = bundled(workspace, runs)
    place, found = imported(first, tmp_path)
    # Once more into a workspace that has rows of its own: other ids, the same bundle.
    other = Workspace.at(tmp_path / "other")
    fill(other)
    (tmp_path / "again.skipscope").write_bytes(first)
    later = taken(tmp_path / "again.skipscope", other)
    assert runs_of(found) != runs_of(later) != runs
    assert bundled(place, runs_of(found)) == first
    assert bundled(other, runs_of(later)) == first


def test_another_date_changes_the_date_and_its_checksums(workspace, runs):
    first, second = (bundled(workspace, runs, date) for date in DATES)
    assert len(first) == len(second)
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        manifest = archive.infolist()[-1]
        start, text = manifest.header_offset + 30 + len(manifest.filename), archive.read(manifest)
        directory = archive.start_dir
    places = {at for at, (one, other) in enumerate(zip(first, second, strict=True)) if one != other}
    date = start + text.index(DATES[0].encode())
    sums = {*range(manifest.header_offset + 14, manifest.header_offset + 18)}
    entry = first.index(zlib.crc32(text).to_bytes(4, "little"), directory)
    assert places <= {*range(date, date + len(DATES[0])), *sums, *range(entry, entry + 4)}


def test_what_was_recorded_is_recorded_there(workspace, runs, tmp_path):
    place, found = imported(bundled(workspace, runs), tmp_path)
    there = runs_of(found)
    with Reader(workspace) as here, Reader(place) as reader:
        for old, new in zip(runs, there, strict=True):
            before, after = here.runs.known(old), reader.runs.known(new)
            for column in ("depth", "shortcut", "seed", "step", "total_steps", "seconds", "created", "position"):
                assert getattr(before, column) == getattr(after, column), column
            for split in Split:
                one, other = (each.points.series(run, split) for each, run in ((here, old), (reader, new)))
                for name, values in one.columns.items():
                    np.testing.assert_array_equal(values, other.columns[name], name)
            assert str(here.points.evaluations(old)) == str(reader.points.evaluations(new))
            assert here.probes.layers(old) == reader.probes.layers(new)
            assert here.probes.codings(old) == reader.probes.codings(new)
            for quantity in here.probes.codings(old):
                arrays = [
                    [*each.probes.arrays([row.id for row in each.probes.all(run)[0]], quantity).values()]
                    for each, run in ((here, old), (reader, new))
                ]
                np.testing.assert_array_equal(*arrays, quantity)
            changes = [[(c.key, c.value, c.step) for c in each.interventions.changes(run)]
                       for each, run in ((here, old), (reader, new))]  # fmt: skip
            assert changes[0] == changes[1]


def test_an_imported_run_has_ended_and_says_where_it_is_from(workspace, runs, tmp_path):
    place, found = imported(bundled(workspace, runs), tmp_path)
    with Reader(place) as reader:
        rows = [reader.runs.known(run) for run in runs_of(found)]
        assert [row.state.value for row in rows] == ["finished", "stopped", "finished", "failed", "diverged"]
        assert {(row.pid, row.heartbeat, row.imported) for row in rows} == {(None, None, 1)}
        source = reader.imports.get(1)
        assert (source.bundle, source.exported, source.version) == (found.bundle, DATES[0], versions()["skipscope"])
        assert [row.cause for row in rows][3:] == ["failed where it was recorded", "loss is not finite at step 60"]
        with pytest.raises(ConfigError, match="was imported without checkpoints"):
            saved_step(reader, rows[0].id, None)


def test_names_of_data_and_labs_are_renumbered(workspace, runs, tmp_path):
    other = Workspace.at(tmp_path / "elsewhere")
    fill(other)
    place, found = imported(bundled(workspace, runs), tmp_path)
    first, _, third, *_ = runs_of(found)
    with Reader(place) as reader:
        assert reader.runs.known(first).config.data.name == "folder:secret-holiday"
        (job,) = found.labs
        row = reader.labs.known(job)
        assert row.state == RunState.FINISHED
        assert row.imported == reader.runs.known(first).imported
        assert row.config.settings["runs"] == f"{third},{first}"
        assert [c.name.kind for c in reader.labs.curves(job)] == [f"A-8, run {third}", f"A-8, run {first}"]
        assert reader.labs.metrics(job) == {"images": 100.0, "residual_blocks": None}
        fork = reader.runs.known(runs_of(found)[-1])
        assert fork.parent_run == third
        texts = [entry["text"] for entry in reader.log.of([fork.id])]
        assert texts == [f"fork of run {third} at step 20"]


def test_a_fork_without_its_parent_stays_a_fork(workspace, runs, tmp_path):
    data = bundled(workspace, runs[-1:])
    place, found = imported(data, tmp_path)
    with Reader(place) as reader:
        (run,) = runs_of(found)
        row = reader.runs.known(run)
        assert (row.parent_run, row.parent_step) == (-1, 20)
        assert [entry["text"] for entry in reader.log.of([run])] == ["fork of a run that was left out, at step 20"]
    assert bundled(place, (run,)) == data
    assert not found.labs, "the lab looked at runs that are not here"


def test_trials_of_rates_go_with_their_race(workspace, tmp_path):
    with Writer(workspace) as writer, Reader(workspace) as reader:
        race, runs = writer.races.submit(small_race(**{"optim.lr": "tuned", "optim.tune_grid": [0.01, 0.1]}))
        trials = [row.id for row in reader.tuning.trials(race)]
        for trial in trials:
            train(writer, trial, 20)
            for state in (RunState.STARTING, RunState.RUNNING, RunState.FINISHED):
                writer.jobs.move(trial, state)
        writer.tuning.take(runs, trials[0], 0.01, "learning rate 0.01: best of 2")
        arms = reader.tuning.arms(race)
    data = bundled(workspace, tuple(runs))
    place, found = imported(data, tmp_path)
    with Reader(place) as reader:
        assert runs_of(found) == tuple(row.id for row in reader.runs.all())
        (there,) = found.races
        again = reader.tuning.arms(there)
        assert [(arm.arm, arm.lr, arm.at_edge) for arm in again] == [(arm.arm, arm.lr, arm.at_edge) for arm in arms]
    assert bundled(place, runs_of(found)) == data
    with pytest.raises(ConfigError, match="is a trial for race"):
        write(workspace, ExportRequest((trials[0],)), io.BytesIO(), quiet)


def test_verdicts_are_those_of_moments(workspace, runs):
    (verdicts,) = json.loads(parts(bundled(workspace, runs))["verdicts.json"])["races"].values()
    steps = [each["step"] for each in verdicts]
    assert steps == sorted(set(steps))
    assert steps[-1] <= STEPS
    assert all({"kind", "text", "provisional", "comparisons", "cure"} <= each.keys() for each in verdicts)


def test_a_refused_bundle_undoes_what_was_written(workspace, runs, tmp_path, monkeypatch):
    """The disk fills, or the process is stopped, in the middle: no row, no file."""
    from engine.store.tables.probes import ProbeWriter

    place = Workspace.at(tmp_path / "elsewhere")
    (tmp_path / "a.skipscope").write_bytes(bundled(workspace, runs))
    calls = []

    def full(*_):
        calls.append(1)
        if len(calls) > 4:
            raise KeyboardInterrupt

    monkeypatch.setattr(ProbeWriter, "add_layers", full)
    with pytest.raises(KeyboardInterrupt):
        taken(tmp_path / "a.skipscope", place)
    assert [path.name for path in place.path.iterdir() if not path.name.startswith("skipscope.db")] == []
    with Reader(place) as reader:
        assert reader.runs.all(every=True) == []
        assert reader.labs.all() == []
        assert reader.imports.get(1) is None


def test_a_path_that_is_taken_or_a_folder_is_left_alone(workspace, runs, tmp_path):
    taken_path = tmp_path / "mine"
    taken_path.write_text("mine")
    with pytest.raises(DataError, match="exists already; name another file, or add --replace"):
        export_to(workspace, ExportRequest(runs), taken_path, quiet)
    with pytest.raises(DataError, match="is a folder; name a file"):
        export_to(workspace, ExportRequest(runs), tmp_path, quiet)
    with pytest.raises(DataError, match="cannot be written"):
        export_to(workspace, ExportRequest(runs), tmp_path / "none" / "file", quiet)
    assert taken_path.read_text() == "mine"
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(DataError, match="is no usual file, and stays; name another file"):
        export_to(workspace, ExportRequest(runs), pipe, quiet, replace=True)
    assert pipe.is_fifo()
    pipe.unlink()
    assert export_to(workspace, ExportRequest(runs), taken_path, quiet, replace=True) == taken_path.stat().st_size
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "workspace"]


def test_a_bundle_that_another_program_packed_is_taken(workspace, runs, tmp_path):
    data = bundled(workspace, runs)
    place, found = imported(repacked(parts(data)), tmp_path)
    assert bundled(place, runs_of(found)) == data


@pytest.mark.parametrize("version", VERSIONS)
def test_what_earlier_versions_recorded_travels_too(version, tmp_path):
    workspace = Workspace.at(copied(version, tmp_path))
    with Reader(workspace) as reader:
        runs = tuple(row.id for row in reader.runs.all())
    data = bundled(workspace, runs)
    place, found = imported(data, tmp_path)
    assert len(runs_of(found)) == len(runs) > 2
    assert bundled(place, runs_of(found)) == data
