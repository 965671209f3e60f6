"""The dialog that imports a bundle, through Streamlit's AppTest."""

import pytest
from streamlit.testing.v1 import AppTest

from app.data import races
from app.data.exchange import exports, ghosts
from app.data.workspace import use
from app.web import presenter_link
from engine.store.workspace import Workspace
from tests.engine.exchange.recorded_workspace import fill

PAGE = "from app.views.runs import runs\nruns.render()"
DIALOG = "from app.views.runs import import_dialog\nimport_dialog._ask()"


@pytest.fixture
def bundle(tmp_path):
    runs = fill(Workspace(use(tmp_path / "recorded")))
    with exports.exported(runs, "bundle") as (file, _):
        data = file.read()
    use(tmp_path / "there")
    yield data
    use(tmp_path / "elsewhere")


def test_a_bundle_is_imported(bundle):
    asked = AppTest.from_string(DIALOG, default_timeout=90).run()
    asked.file_uploader(key="import_file").upload("race.skipscope", bundle, "application/zip").run()
    assert not asked.exception
    assert [race.name for race in races.races()] == ["before notes"] or len(races.races()) == 1
    assert not asked.error


def test_a_damaged_bundle_is_one_line(bundle):
    asked = AppTest.from_string(DIALOG, default_timeout=90).run()
    asked.file_uploader(key="import_file").upload("race.skipscope", bundle[:-5], "application/zip").run()
    assert not asked.exception
    assert "is not imported" in asked.error[0].value
    assert races.races() == []


@pytest.fixture
def recorded(tmp_path):
    fill(Workspace(use(tmp_path / "recorded")))
    yield
    use(tmp_path / "elsewhere")


def test_columns_of_a_table_become_lines_once_somebody_said_what_they_are(recorded):
    asked = AppTest.from_string(DIALOG, default_timeout=90).run()
    file = asked.file_uploader(key="import_file")
    file.upload("theirs.csv", b"step,<b>acc</b>,loss\n1,0.25,2\n2,0.5,1\n", "text/csv").run()
    assert not asked.exception
    assert asked.button(key="import_lines").disabled, "neither race nor quantity is guessed"
    asked.selectbox(key="import_race").select(2).run()
    assert asked.button(key="import_lines").disabled
    asked.selectbox(key="import_column_0").select("test_accuracy:fraction").run()
    asked.button(key="import_lines").click().run()
    assert not asked.error
    (line,) = ghosts.all_lines()
    assert (line.race, line.name, line.metric, line.total) == (2, "theirs, <b>acc</b>", "error", 2)
    asked = AppTest.from_string(DIALOG, default_timeout=90).run()
    asked.button(key=f"remove_line_{line.id}").click().run()
    assert ghosts.all_lines() == []


def test_a_table_that_is_none_is_one_line(recorded):
    asked = AppTest.from_string(DIALOG, default_timeout=90).run()
    asked.file_uploader(key="import_file").upload("../theirs.csv", b"\xff\xff", "text/csv").run()
    assert not asked.exception
    assert asked.error[0].value == "theirs.csv is not imported: it is no text in UTF-8"
    assert ghosts.all_lines() == []


@pytest.mark.parametrize("mine", [True, False])
def test_only_whoever_may_command_is_asked(tmp_path, monkeypatch, mine):
    use(tmp_path / "empty")
    monkeypatch.setattr(presenter_link, "may_command", lambda: mine)
    page = AppTest.from_string(PAGE, default_timeout=90).run()
    assert [button.key for button in page.button] == ["import"] * mine
    use(tmp_path / "elsewhere")
