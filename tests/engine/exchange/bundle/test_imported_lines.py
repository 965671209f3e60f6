"""Imported lines are in the bundle of their race; what a stranger made of them is refused."""

import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from engine.errors import DataError
from engine.exchange.transfer import ExportRequest, export_to, import_from
from engine.store.workspace import Workspace
from tests.engine.exchange.bundle.packing import parts, repacked
from tests.engine.exchange.ghosts.foreign_files import QUIET, points, stored, table, taken
from tests.engine.exchange.recorded_workspace import fill


def test_imported_lines_go_with_their_race_and_come_back(tmp_path):
    """A race without any is the same bytes as before there were such lines."""
    source, place = Workspace.at(tmp_path / "source"), Workspace.at(tmp_path / "place")
    runs = fill(source)
    export_to(source, ExportRequest(runs), tmp_path / "without.skipscope", QUIET)
    theirs = table(tmp_path / "theirs.csv", "step,a,b\n1,0.5,2\n2,nan,\n9,0.25,3\n")
    taken(source, theirs, {"a": "train_error:fraction", "b": "test_loss"}, race=2)
    taken(source, theirs, {"a": "train_error:fraction"}, race=1)
    export_to(source, ExportRequest(runs), tmp_path / "a.skipscope", QUIET)
    import_from(place, tmp_path / "a.skipscope", QUIET)
    (first, second), (again, other) = [line for line in stored(source) if line.race == 2], stored(place)
    for line, copy in ((first, again), (second, other)):
        assert replace(copy, id=line.id, race=line.race, created=line.created) == line
        np.testing.assert_array_equal(points(place, copy.id), points(source, line.id))
    assert {again.race, other.race} == {1}
    export_to(place, ExportRequest((1, 2, 3, 4, 5)), tmp_path / "b.skipscope", QUIET)
    with zipfile.ZipFile(tmp_path / "a.skipscope") as one, zipfile.ZipFile(tmp_path / "b.skipscope") as two:
        assert one.namelist()[-3:] == ["ghosts/0001.json", "verdicts.json", "manifest.json"]
        assert [one.read(name) for name in one.namelist()[:-1]] == [two.read(name) for name in two.namelist()[:-1]]
    with zipfile.ZipFile(tmp_path / "without.skipscope") as without:
        assert not [name for name in without.namelist() if name.startswith("ghosts")]


def test_a_bundle_with_lines_has_a_version_of_its_own_and_others_stay_readable_by_older_ones(tmp_path):
    """Version 1 alone is what a Skipscope reads that knows no lines: it then says which version it would need."""
    source = Workspace.at(tmp_path / "source")
    runs, files = fill(source), {}
    for version in (1, 2):
        files[version] = tmp_path / f"{version}.skipscope"
        export_to(source, ExportRequest(runs), files[version], QUIET)
        if version == 1:
            taken(source, table(tmp_path / "a.csv", "step,a\n1,0.5\n"), {"a": "train_error:fraction"}, race=2)
    for version, file in files.items():
        members = parts(file.read_bytes())
        manifest = json.loads(members["manifest.json"])
        assert manifest["version"] == version
        other = tmp_path / "other.skipscope"
        other.write_bytes(repacked(members, {**manifest, "version": 3 - version}))
        with pytest.raises(DataError, match=rf"members has version {version} of the format \(got {3 - version}\)"):
            import_from(Workspace.at(tmp_path / "refused"), other, QUIET)
        import_from(Workspace.at(tmp_path / f"place-{version}"), file, QUIET)
    assert not (tmp_path / "refused").exists()
    assert len(stored(Workspace.at(tmp_path / "place-2"))) == 1


@pytest.mark.parametrize(("change", "line"), [
    ({"name": "=1+1"}, "begins with none of"), ({"name": ""}, "at least 1 character"),
    ({"steps": [2, 1, 9]}, "ascending"), ({"steps": [1, 1, 9]}, "ascending"), ({"steps": [1, 2]}, "as many numbers"),
    ({"total": 2}, "no more than it came with"), ({"quantity": "speed"}, "no line holds speed"),
    ({"split": "test_subset"}, "no line holds"), ({"numbers": [1, "x", 2]}, "numbers"),
    ({"numbers": [1, 101, 2]}, "from 0 to 100"), ({"numbers": [-1, None, 2]}, "0 to 100"), ({"more": 1}, "more"),
])  # fmt: skip
def test_a_line_that_nobody_could_have_imported_is_refused(tmp_path, change, line):
    source = Workspace.at(tmp_path / "source")
    runs = fill(source)
    taken(
        source, table(tmp_path / "theirs.csv", "step,a\n1,0.5\n2,nan\n9,0.25\n"), {"a": "train_error:fraction"}, race=2
    )
    file = tmp_path / "a.skipscope"
    export_to(source, ExportRequest(runs), file, QUIET)
    members = parts(file.read_bytes())
    document = json.loads(members["ghosts/0001.json"])
    document["lines"][0] |= change
    file.write_bytes(repacked({**members, "ghosts/0001.json": json.dumps(document).encode()}))
    with pytest.raises(DataError, match=line):
        import_from(Workspace.at(tmp_path / "place"), file, QUIET)
    assert not (tmp_path / "place").exists()
