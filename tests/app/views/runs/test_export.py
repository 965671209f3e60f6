"""What leaves the page "Runs" as CSV, and what stands above a picture: nothing of this machine."""

import io
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app.data import races, run_table
from app.data.exchange import exports
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


MENU = """
from app.data import run_table
from app.views.runs import export
export.menu([row for row in run_table.table_rows() if row.id in {wanted}])
"""


@pytest.mark.parametrize(
    ("wanted", "disabled", "said"),
    [
        ([1], False, ""),
        ([1, 2], None, "Select one run to get its training as a PyTorch script."),
        ([5], True, "Run 5 has no script: a script cannot read images named by their path"),
    ],
)
def test_a_single_run_is_offered_as_a_script_or_the_reason_is_said(runs, wanted, disabled, said):
    page = AppTest.from_string(MENU.replace("{wanted}", str(wanted)), default_timeout=60).run()
    assert not page.exception
    offered = {button.label: button for button in page.get("download_button")}
    script = offered.get("Training as a PyTorch script")
    assert (script.disabled if script else None) == disabled
    assert said in " ".join(caption.value for caption in page.caption)


def test_the_script_of_a_run_is_that_of_the_command_line(runs):
    text, refusal = exports.script(1)
    assert refusal == ""
    assert text.startswith('"""plain-8, seed 0, 8x8 pixels: a net of He et al., arXiv:1512.03385.')
    assert exports.script(99) == ("", "there is no run 99; `python -m engine runs` lists them")
