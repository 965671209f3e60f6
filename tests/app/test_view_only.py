"""The page without torch: every page draws, what trains is greyed with the reason, and the server says so."""

import json
import signal
import subprocess
import sys

import pytest

from engine.exchange.recordings import FOLDER
from engine.exchange.transfer import import_from
from engine.runs.client.control import Control
from tests.app.test_server import free_port, get
from tests.without_torch import environment, python

#: Draws pages in a process without torch and prints, of each, its exceptions, disabled buttons and texts.
_PAGES = """
import json, sys
from streamlit.testing.v1 import AppTest

PAGES = {
    "first": "from app.views.race import race\\nrace.render()",
    "instant": "from app.views import instant\\ninstant.render()",
    "layers": "from app.views import layers\\nlayers.render()",
    "gradients": "from app.views import gradients\\ngradients.render()",
    "shortcuts": "from app.views.setup import shortcuts\\nshortcuts.render()",
    "runs": "from app.views.runs import runs\\nruns.render()",
    "guide": "from app.views.guide import guide\\nguide.render_home()",
    "lab": "from app.views.labs import lab\\nlab.render('mapping')",
}
drawn = {}
for name, text in PAGES.items():
    if name not in sys.argv[1:]:
        continue
    page = AppTest.from_string(text, default_timeout=90).run()
    drawn[name] = {
        "exceptions": [each.value for each in page.exception],
        "disabled": [button.key for button in page.button if button.disabled],
        "texts": " ".join(each.value for kind in (page.caption, page.warning) for each in kind),
        "primary": [button.key for button in page.button if button.proto.type == "primary"],
    }
print(json.dumps({"drawn": drawn, "torch": "torch" in sys.modules}))
"""
WORDS = "his installation only views, because torch is not installed"


def drawn(tmp_path, *names) -> dict:
    done = python(tmp_path, "-c", _PAGES, *names)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert not found["torch"]
    assert {name: page["exceptions"] for name, page in found["drawn"].items()} == {name: [] for name in names}
    return found["drawn"]


@pytest.mark.slow
def test_the_first_visit_and_the_labs_say_why_nothing_starts(workspace, tmp_path):
    pages = drawn(tmp_path, "first", "instant", "lab", "guide", "shortcuts")
    assert {"start_quick", "try_instant", "start"} <= {*pages["first"]["disabled"]}
    assert pages["first"]["primary"] == ["watch_recorded"]
    for name in ("first", "instant", "lab", "guide"):
        assert WORDS in pages[name]["texts"], name
    assert "lab-mapping-press" in pages["lab"]["disabled"]


@pytest.mark.slow
def test_imported_races_are_drawn_and_lead_to_no_training(workspace, tmp_path):
    import_from(workspace, FOLDER / "cut.skipscope", lambda done, total, what: None)
    pages = drawn(tmp_path, "first", "layers", "gradients", "runs")
    assert "start" in pages["first"]["disabled"]


def test_the_server_says_it_and_its_engine_lives(workspace, tmp_path):
    port = free_port()
    command = [sys.executable, "-m", "app", "--port", str(port), "--no-browser", "--workspace", str(workspace.path)]
    process = subprocess.Popen(
        command, env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        lines = [process.stdout.readline(), process.stdout.readline()]
        assert lines[0].startswith("Skipscope is at "), lines
        assert WORDS in lines[1]
        assert get(port, "/").status == 200
        assert Control(workspace).engine.ensure().pid
    finally:
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=60)[0]
        Control(workspace).engine.shutdown()
    assert "Traceback" not in rest, rest
    log = workspace.engine_log.read_text(encoding="utf-8")
    assert "Traceback" not in log and "could not load torch" not in log
