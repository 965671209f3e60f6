"""The dialog that imports a bundle, through Streamlit's AppTest."""

import pytest
from streamlit.testing.v1 import AppTest

from app.data import races
from app.data.exchange import exports
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


@pytest.mark.parametrize("mine", [True, False])
def test_only_whoever_may_command_is_asked(tmp_path, monkeypatch, mine):
    use(tmp_path / "empty")
    monkeypatch.setattr(presenter_link, "may_command", lambda: mine)
    page = AppTest.from_string(PAGE, default_timeout=90).run()
    assert [button.key for button in page.button] == ["import"] * mine
    use(tmp_path / "elsewhere")
