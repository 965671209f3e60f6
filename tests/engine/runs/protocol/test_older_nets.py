"""A run that an older version began with another forward pass never goes on; everything else does."""

import json
from types import SimpleNamespace

import pytest

from engine.config import RaceConfig
from engine.errors import ConfigError
from engine.events import RunState
from engine.runs.protocol import older_nets
from engine.runs.protocol.job import Job
from engine.runs.supervisor.interventions import Interventions
from engine.runs.worker.local_store import LocalStore
from engine.runs.worker.status_reporter import StatusReporter
from engine.runs.worker.training_job import TrainingJob
from engine.store.reader import Reader
from engine.store.rows import CommandRow
from engine.store.writer import Writer

ARMS = ("A", "B", "A:order=full-pre", "B:order=full-pre", "C:order=relu-only-pre", "C:order=bn-after-addition")
#: Of these.
CHANGED = {"B:order=full-pre", "C:order=relu-only-pre"}


@pytest.fixture
def store(workspace):
    """A reader and a writer of a race with a run of each arm, and what makes the race one of another version."""
    with Writer(workspace) as writer, Reader(workspace) as reader:
        writer.races.submit(RaceConfig(depths=(8,), shortcuts=ARMS))

        def of_version(version, state=RunState.QUEUED):
            with writer.transaction() as connection:
                text = json.dumps({"skipscope": version} if version else {})
                connection.execute("UPDATE runs SET versions = ?, state = ?", (text, state))
            return {row.shortcut: row for row in reader.runs.all()}

        yield SimpleNamespace(reader=reader, writer=writer, of_version=of_version, workspace=workspace)


@pytest.mark.parametrize("version", ["", "0.4.0", "0.1", "0.4.9"])
def test_arms_with_projections_and_pre_activation_are_refused(store, version):
    rows = store.of_version(version)
    refused = {arm for arm, row in rows.items() if older_nets.refusal(row)}
    assert refused == CHANGED
    words = older_nets.refusal(rows["B:order=full-pre"])
    assert words.startswith("run 4 (") and words.endswith("; start a new race")
    assert f"of version {version or 'unknown'}," in words
    assert "\n" not in words


def test_runs_of_this_version_are_not(store):
    assert not any(older_nets.refusal(row) for row in store.reader.runs.all())
    assert not any(older_nets.refusal(row) for row in store.of_version("0.11.0").values())


@pytest.mark.parametrize("arm", ["A", "B:order=full-pre"])
def test_a_worker_refuses_before_it_computes_anything(store, arm, monkeypatch):
    row = store.of_version("0.4.0")[arm]
    monkeypatch.setattr("engine.data.images.load_images", lambda *rest: pytest.fail("images are read"))
    link = SimpleNamespace(signal=None, changes=True)
    reporter = StatusReporter(row.id, store.writer, link)
    job = TrainingJob(
        Job(row.id, store.workspace.path, "cpu", 1), LocalStore(store.workspace, row.id), reporter, store.reader
    )
    with pytest.raises(ConfigError if arm in CHANGED else pytest.fail.Exception, match="of version|images are read"):
        job.run()


@pytest.mark.parametrize(("verb", "argument"), [("extend", "400"), ("fork", '{"step": 300, "settings": {}}')])
def test_it_is_neither_extended_nor_forked(store, verb, argument):
    rows = store.of_version("0.4.0", RunState.FINISHED)
    for row in rows.values():
        store.writer.checkpoints.add(row.id, 300, "end", 1)
    served = Interventions(store.reader, store.writer, SimpleNamespace())
    for arm, row in rows.items():
        command = CommandRow(1, verb, row.id, 1.0, None, None, None, argument=argument)
        answer = getattr(served, verb)(row, command) or ""
        assert answer == older_nets.refusal(row) if arm in CHANGED else "of version" not in answer
        assert (store.reader.runs.get(row.id).state == RunState.FINISHED) or arm not in CHANGED
