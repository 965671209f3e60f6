"""What leaves the page "Runs" as CSV, and what stands above a picture: nothing of this machine."""

import io
from pathlib import Path

import pandas as pd
import pytest

from app.data import races, run_table
from app.data.workspace import use
from app.views.runs.export import settings_csv, table_csv
from tests.engine.exchange.recorded_workspace import SECRETS, fill


@pytest.fixture
def runs(workspace):
    use(workspace.path)
    yield fill(workspace)
    use(workspace.path)


def test_the_tables_name_no_folder_of_this_machine(workspace, runs):
    rows = [row for row in run_table.table_rows() if row.id in runs]
    assert len(rows) == len(runs)
    for text in (table_csv(rows), settings_csv(runs)):
        private = {"home": str(Path.home()), "workspace": str(workspace.path), **SECRETS}
        assert [what for what, secret in private.items() if secret in text] == []
        assert "secret-holiday" in text, "the name of the data set stays"
        assert len(pd.read_csv(io.StringIO(text))) == len(runs)


def test_a_picture_names_the_images_and_not_where_they_lie(runs):
    (race,) = {row.race for row in run_table.table_rows() if row.id in runs}
    shown = races.race(race)
    assert SECRETS["folder"] in shown.data
    assert SECRETS["folder"] not in shown.title
    assert shown.images in shown.title
    assert shown.images == f"folder:{Path(SECRETS['folder']).name}"
