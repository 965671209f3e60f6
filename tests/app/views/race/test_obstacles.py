"""Races whose images or checkpoints are not here: nothing that would train is offered, and the page says why."""

import pytest

from app.data import races
from app.data.next_steps import obstacles
from app.data.workspace import use, workspace_path
from app.views.race import next_steps
from engine.config import replace
from engine.events import RunState, Split
from engine.exchange.recordings import get_recording
from engine.exchange.transfer import import_from
from engine.store.workspace import Workspace
from tests.app.views.race.test_race import bench, component, page  # noqa: F401

#: Runs of it have no checkpoints, its images were a folder of the machine that recorded it.
AWAY, HERE = "cifar", "cut"


@pytest.fixture
def imported(tmp_path):
    """Import a recorded race into a workspace of its own; return it."""

    def bring(name):
        workspace = Workspace.at(use(tmp_path / "workspace")).prepare()
        return races.race(min(import_from(workspace, get_recording(name).path, lambda done, total, what: None).races))

    yield bring
    use(tmp_path / "elsewhere")


def steps(race):
    found = next_steps.offered(race, mine=True)
    return {step.key for step in (*found.cards, *found.buttons)}


def test_a_race_without_its_images_is_not_repeated(imported):
    race = imported(AWAY)
    assert not steps(race) & {"seeds", "tune", "cut"}
    assert obstacles.to_repeat(race.data) == "was trained on parquet:cifar10-jpeg, which is not here"
    assert obstacles.in_words(race).startswith("This race was trained on parquet:cifar10-jpeg, which is not here.")


def test_a_folder_of_the_same_name_in_which_the_server_works_is_not_that_of_the_record(tmp_path, monkeypatch):
    (tmp_path / "cats").mkdir()
    monkeypatch.chdir(tmp_path)
    assert obstacles.to_repeat("folder:cats") == "was trained on folder:cats, which is not here"
    assert obstacles.to_repeat("folder:/nowhere/at/all/cats") == "was trained on folder:cats, which is not here"


def test_one_with_its_images_is_repeated_and_not_trained_on(imported):
    race = imported(HERE)
    assert obstacles.in_words(race) == obstacles.to_repeat(race.data) == ""
    for run in races.runs(race.id):
        assert "checkpoints did not come along" in obstacles.to_fork(run, ())
        assert obstacles.to_fork(run, (150,)) == ""
        assert "stays as it was recorded" in obstacles.to_extend(run)


def test_panel_and_dialog_say_what_is_missing(page):  # noqa: F811
    import_from(Workspace.at(workspace_path()), get_recording(AWAY).path, lambda done, total, what: None)
    newest = races.races()[0]
    page.query_params["race"] = str(newest.id)
    page.run()
    assert not page.exception

    def said():
        return " ".join(node.value for node in [*page.main.caption, *page.markdown]).replace("\\", "")

    assert "which is not here. It can be watched" in said()
    assert not {"seeds", "tune", "cut"} & {
        step["key"] for part in ("cards", "buttons") for step in component(page)["next"][part]
    }
    assert component(page)["unforkable"] == list(newest.runs), "no curve offers a fork"
    for way, words in (
        ("change", "No run of this race trains or waits. This race was recorded elsewhere"),
        ("fork", "No run can be forked: this race was recorded"),
        ("extend", "No run can be given more"),
    ):
        page.segmented_control(key="whatif_way").set_value(way).run()
        assert words in said()
    page.session_state["fork_at"] = (newest.runs[0], 100, f"race {newest.id}")
    page.run()
    assert "It cannot be forked: it was recorded elsewhere" in said()


def test_images_of_a_path_that_went_away(bench, page):  # noqa: F811
    config = replace(bench.config, {"run.data.name": "folder:/nowhere/cats"})
    race, runs = bench.writer.races.submit(config)
    for run in runs:
        bench.run_states(run, RunState.STARTING, RunState.RUNNING)
        bench.steps(run, 1, 1000)
        bench.writer.checkpoints.add(run, 500, "tenth", 7)
        for split in (Split.TRAIN_CLEAN, Split.TEST):
            bench.evaluation(run, 1000, split, 40.0 + run)
        bench.run_states(run, RunState.FINISHED)
    page.query_params["race"] = str(race)
    page.run()
    given = component(page)["next"]
    assert not {"seeds", "tune", "cut"} & {step["key"] for part in ("cards", "buttons") for step in given[part]}
    row = races.runs(race)[0]
    missing = "was trained on folder:cats, which is not here"
    assert obstacles.to_fork(row, (500,)) == obstacles.to_extend(row) == missing
    assert component(page)["unforkable"] == runs
    said = " ".join(node.value for node in [*page.main.caption, *page.markdown]).replace("\\", "")
    assert f"No run of this race trains or waits. This race {missing}." in said
    assert "/nowhere" not in said, "an audience sees no folder of this machine"


def test_a_race_that_can_be_trained_on_says_how(bench, page):  # noqa: F811
    bench.start_all()
    for run in bench.runs:
        bench.steps(run, 1, 20)
        bench.run_states(run, RunState.FINISHED)
    page.run()
    assert component(page)["unforkable"] == []
    said = " ".join(node.value for node in page.main.caption)
    assert "No run of this race trains or waits. Those that have ended can be forked or run longer." in said
