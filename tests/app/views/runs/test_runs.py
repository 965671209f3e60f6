"""The page "Runs" through Streamlit's AppTest: tables, address, comparison, dialogs. No engine, no browser."""

import json
import math

import pytest
from streamlit.testing.v1 import AppTest

from app.data import commands, races, run_table
from app.data.workspace import Health, use
from app.live.shared.run import runs_of
from app.views.runs import arms, dialogs, runs, table
from app.web import presenter_link
from engine import __version__
from engine.config import RaceConfig, RunConfig, replace
from engine.errors import EngineUnreachable
from engine.events import RunState, StepRow
from engine.hardware.machine import this_process
from engine.store.writer import Writer

PAGE = "from app.views.runs import runs\nruns.render()"
DIALOG = "from app.data import run_table\nfrom app.views.runs import dialogs\ndialogs.{}"


@pytest.fixture
def page(workspace):
    use(workspace.path)
    yield AppTest.from_string(PAGE, default_timeout=90)
    use(workspace.path)


@pytest.fixture
def dialog(page):
    return lambda call: AppTest.from_string(DIALOG.format(call), default_timeout=90)


@pytest.fixture
def writer(workspace):
    with Writer(workspace) as writer:
        yield writer


def submit(writer, name="", **choices):
    run = replace(RunConfig(), choices.pop("run", {}))
    return writer.races.submit(RaceConfig(preset="quick", name=name, run=run, **choices))


def steps(writer, run, last):
    writer.points.record(run, [StepRow(s, 2.0, 90.0, 2.0, 90.0 - s, 0.1, s / 10) for s in range(1, last + 1)])


def components(page) -> list[dict]:
    return [json.loads(node.proto.json)[0] for node in page.main if node.type == "bidi_component"]


def words(page) -> list[str]:
    return [*(line.value for line in page.markdown), *(line.value for line in page.warning)]


def test_an_empty_workspace_says_what_would_be_here(page):
    page.run()
    assert not page.exception
    assert page.header[0].value == runs.TITLE
    assert "There is no run yet. Every training appears here" in page.markdown[0].value


def test_an_installation_that_only_views_promises_no_training(page, monkeypatch):
    monkeypatch.setattr(runs.workspace, "view_only", lambda: "this installation only views")
    page.run()
    assert "a recorded race appears here once it is opened" in page.markdown[0].value
    assert "training" not in page.markdown[0].value


def test_one_run_is_counted_as_one(page, writer):
    submit(writer, "alone", depths=(20,), shortcuts=("none",))
    page.run()
    assert page.caption[-1].value.startswith("1 run. On disk: ")
    page.toggle(key="by_race").set_value(True).run()
    assert any(caption.value.startswith("1 race. Select some") for caption in page.caption)


def test_an_unreadable_workspace_says_so(page, monkeypatch):
    monkeypatch.setattr("app.data.workspace.health", lambda: Health("damaged", "the database is damaged."))
    page.run()
    assert "the database is damaged. The Race page says what can be done." in page.error[0].value


def test_the_table_has_a_row_for_every_run(page, writer):
    _, (first, second) = submit(writer, "talk", depths=(20, 56), shortcuts=("none",))
    steps(writer, first, 30)
    writer.notes.annotate([second], "look here")
    page.run()
    assert not page.exception
    frame = page.dataframe[0].value
    assert list(frame["run"]) == [first, second]
    assert list(frame["arm"]) == ["plain-20", "plain-56"]
    assert list(frame["state"]) == ["◌ queued 30 of 300", "◌ queued 0 of 300"]
    assert list(frame["lr"]) == [0.1, 0.1]
    assert list(frame["note"]) == ["", "look here"]
    assert list(frame["name"]) == ["talk", "talk"]
    assert (frame["training"][0], frame["spark"][0].count("%2C")) == (60.0, 24)
    assert frame["spark"].isna()[1]
    assert frame["training"].isna()[1]
    assert page.caption[-1].value.startswith("2 runs. On disk: ")
    assert "most of it database" in page.caption[-1].value
    assert not components(page)
    assert page.button(key="delete").disabled
    assert page.button(key="note").disabled


def test_the_address_selects_and_says_what_it_leaves_out(page, writer):
    _, old = submit(writer, depths=(20, 56), shortcuts=("none", "A"))
    new, other = submit(writer, depths=(56,), shortcuts=("A",), run={"data.name": "cifar10"})
    page.query_params["runs"] = f"{old[3]},{other[0]},99,x"
    page.run()
    assert not page.exception
    assert page.query_params["runs"] == f"{old[3]},{other[0]}"
    assert page.warning[0].value == (
        "Runs in an address are numbers such as 3,7,12 (left out: 'x'); there is no run 99: left out."
    )
    (chart,) = components(page)
    assert [run["label"] for run in chart["runs"]] == [f"A-56 (race {new})", "A-56 (race 1)"]
    assert chart["command"] == "", "no command repeats runs of two races"
    assert chart["starts"] is False and "left out: 'x'" in chart["notice"], "the stage knows what the page does"
    assert any("They differ in data (fashion-mnist-mini / cifar10)." in line for line in words(page))
    assert "**2 selected**" in words(page)
    page.run()
    assert not page.warning
    assert [run["run"] for run in components(page)[0]["runs"]] == [other[0], old[3]]


def test_an_address_puts_no_link_into_the_page(page, writer):
    submit(writer, depths=(8,), shortcuts=("A",))
    page.query_params["runs"] = "[x](//a.example)"
    page.run()
    assert r"\[x\](//a.example)" in page.warning[0].value


def test_a_browser_that_tells_an_old_address_loses_no_selection(page, writer):
    _, ids = submit(writer, depths=(8, 14), shortcuts=("none", "A"))
    page.query_params["runs"] = str(ids[0])
    page.run()
    page.session_state["runs_table_chosen"] = tuple(ids[:2])
    page.run()
    assert page.query_params["runs"] == f"{ids[0]},{ids[1]}"
    page.query_params["runs"] = str(ids[0])
    page.run()
    assert page.query_params["runs"] == f"{ids[0]},{ids[1]}", "written a moment ago"
    page.button(key="clear").click().run()
    assert "runs" not in page.query_params
    page.query_params["runs"] = f"{ids[0]},{ids[1]}"
    page.run()
    assert "runs" not in page.query_params
    page.query_params["runs"] = str(ids[3])
    page.run()
    assert page.query_params["runs"] == str(ids[3]), "a link is another address"
    page.session_state["runs_moved"] = True
    page.query_params["runs"] = str(ids[2])
    page.run()
    assert page.query_params["runs"] == str(ids[3]), "chosen since"


def test_a_link_opens_the_selected_races(page, writer):
    first, ids = submit(writer, depths=(8,), shortcuts=("A",))
    submit(writer, depths=(8,), shortcuts=("none",))
    page.query_params["by_race"] = "true"
    page.query_params["races"] = f"{first},77"
    page.run()
    assert page.warning[0].value == "There is no race 77: left out."
    assert list(page.dataframe[1].value["run"]) == ids
    assert page.query_params["races"] == str(first)
    page.toggle(key="by_race").set_value(False).run()
    assert "races" not in page.query_params
    assert page.button(key="rename").disabled, "what is not in sight is not renamed"


def test_runs_of_one_race_keep_their_names_and_colours(page, writer):
    race, ids = submit(writer, depths=(20, 56), shortcuts=("gated:bias=-6", "gated:bias=-7"))
    page.query_params["runs"] = f"{ids[2]},{ids[3]}"
    page.run()
    (chart,) = components(page)
    assert chart["command"] == races.race(race).as_command
    there = {run["run"]: run for run in runs_of(races.race(race))}
    assert [run["label"] for run in chart["runs"]] == [there[run]["label"] for run in ids[2:]]
    assert [run["mark"] for run in chart["runs"]] == [there[run]["look"].mark for run in ids[2:]]
    assert not [line for line in words(page) if "They saw" in line or "did not see" in line]
    page.query_params["runs"] = ",".join(map(str, ids))
    assert not [caption for caption in page.run().caption if "The sentence is about" in caption.value]


def test_more_runs_than_one_chart_takes_are_counted(page, writer):
    _, ids = submit(writer, depths=(8, 14), shortcuts=("none", "A"), seeds=20)
    page.session_state["runs_table_chosen"] = tuple(ids)
    page.run()
    assert "One chart takes at most 64 runs; 80 are selected. The address does not name them" in page.info[0].value
    assert not components(page)
    assert "runs" not in page.query_params
    assert not page.button(key="delete").disabled


def test_a_filter_hides_rows_and_keeps_the_selection(page, writer):
    _, ids = submit(writer, depths=(20, 56), shortcuts=("none", "A"))
    page.query_params["runs"] = f"{ids[0]},{ids[1]}"
    page.run()
    page.text_input(key="search").set_value("56").run()
    page.multiselect(key="shortcut").set_value(["plain"]).run()
    assert list(page.dataframe[0].value["run"]) == [ids[1]]
    said = [caption.value for caption in page.caption]
    assert any(line.startswith("1 of 4 runs.") for line in said)
    assert "The sentence is about all runs of race 1, the curves are the selected ones." in said
    assert "**2 selected**, 1 of them not in the table" in words(page)
    page.multiselect(key="state").set_value(["failed"]).run()
    assert not page.dataframe
    assert page.info[0].value == "No run fits the filter."


def test_grouped_by_race_the_runs_of_the_selected_races_are_shown(page, writer):
    first, _ = submit(writer, "talk", depths=(8,), shortcuts=("A",))
    second, ids = submit(writer, depths=(8, 14), shortcuts=("none",))
    steps(writer, ids[1], 40)
    page.run()
    page.toggle(key="by_race").set_value(True).run()
    race_table = page.dataframe[0].value
    assert list(race_table["race"]) == [second, first]
    assert (race_table["lowest"][0], race_table["lowest_arm"][0], race_table["states"][0]) == (
        50.0,
        "plain-14",
        "2 queued",
    )
    assert len(page.dataframe) == 1
    assert page.button(key="rename").disabled
    page.session_state["races_table_chosen"] = (second,)
    page.run()
    assert list(page.dataframe[1].value["run"]) == ids
    assert page.button(key="rename").label == f"Rename race {second}"


def test_races_in_sum_name_the_lowest_and_the_highest(page, writer):
    _, runs = submit(writer, depths=(8, 14), shortcuts=("A",), seeds=2)
    for run, last in zip(runs, (10, 40, 20, 5), strict=True):
        steps(writer, run, last)
    submit(writer, depths=(8,), shortcuts=("none",))
    writer.jobs.move(runs[0], RunState.PAUSED)
    newest, oldest = table.races_frame(run_table.table_rows(), {1: 3, 2: 4, 9: 5}).to_dict("records")
    assert (newest["lowest_arm"], newest["highest_arm"], newest["runs"]) == ("", "", 1)
    assert math.isnan(newest["lowest"]) and math.isnan(newest["highest"])
    assert (oldest["runs"], oldest["seeds"], oldest["states"], oldest["disk"]) == (4, 2, "1 paused, 3 queued", 7)
    assert (oldest["lowest"], oldest["lowest_arm"]) == (50.0, "A-14")
    assert (oldest["highest"], oldest["highest_arm"]) == (85.0, "A-14")


def test_whoever_may_not_command_is_offered_no_command(page, writer, monkeypatch):
    _, ids = submit(writer, depths=(8,), shortcuts=("A",))
    page.session_state["runs_table_chosen"] = tuple(ids)
    monkeypatch.setattr(presenter_link, "may_command", lambda: False)
    page.run()
    assert not page.exception
    assert [button.key for button in page.button] == ["differs", "clear"]


def test_a_note_is_kept_or_refused_in_a_line(dialog, writer):
    submit(writer, depths=(8,), shortcuts=("none", "A"))
    asked = dialog("note(run_table.table_rows())").run()
    asked.text_input(key="note_text").set_value("for both").run()
    asked.button(key="note_keep").click().run()
    assert [row.note for row in run_table.table_rows()] == ["for both", "for both"]
    asked.text_input(key="note_text").set_value("odd\a").run()
    asked.button(key="note_keep").click().run()
    assert "a note is one line of text without control characters" in asked.error[0].value


def test_a_race_gets_another_name(dialog, writer):
    race, _ = submit(writer, "old", depths=(8,), shortcuts=("A",))
    asked = dialog(f"rename({race}, 'old')").run()
    assert asked.text_input(key="race_name").value == "old"
    asked.text_input(key="race_name").set_value("new").run()
    assert asked.button(key="race_name_keep").label == "Save name"
    asked.button(key="race_name_keep_cancel").click().run()
    assert races.races()[0].name == "old"
    asked.button(key="race_name_keep").click().run()
    assert races.races()[0].title.startswith(f"Race {race}: new: ")


def test_what_goes_is_named_and_what_trains_is_left_out(dialog, writer, workspace, monkeypatch):
    _, (idle, busy) = submit(writer, depths=(8,), shortcuts=("none", "A"))
    writer.jobs.move(busy, RunState.STARTING)
    me = this_process()
    writer.presence.enter_engine(me.pid, me.started, __version__, [])
    path = workspace.checkpoint(idle, 10)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x" * 2_500_000)
    asked = []
    monkeypatch.setattr(
        commands, "command_each", lambda verb, ids: asked.append((verb, list(ids))) or iter([{idle: ""}])
    )
    shown = dialog("delete(run_table.table_rows())").run()
    assert "1 run at work and left out: A-8 s0 (run 2, race 1). Stop it first" in shown.warning[0].value
    assert "plain-8 s0 (run 1, race 1)" in shown.markdown[0].value
    assert "**1 run** with their curves" in shown.markdown[1].value
    assert "2.5 MB of files. This cannot be undone." in shown.markdown[1].value
    assert not asked
    assert shown.button(key="delete_sure").label == "Delete 1 run and its files"
    shown.button(key="delete_sure_cancel").click().run()
    assert not asked
    shown.button(key="delete_sure").click().run()
    assert asked == [("delete", [idle])]


def test_what_could_not_be_deleted_is_said(dialog, writer, monkeypatch):
    _, ids = submit(writer, depths=(8, 14, 20), shortcuts=("A",))

    def refuse(verb, runs):
        yield {ids[0]: "", ids[1]: "run 2 is running; stop it before deleting it"}
        raise EngineUnreachable("the engine did not answer within 10 s")

    monkeypatch.setattr(commands, "command_each", refuse)
    shown = dialog("delete(run_table.table_rows())").run()
    shown.button(key="delete_sure").click().run()
    assert shown.session_state["runs_said"] == [
        "the engine did not answer within 10 s",
        "run 2 is running; stop it before deleting it",
        "2 runs of the 3 were not deleted.",
    ]


def test_commands_are_given_some_at_a_time_and_end_with_the_engine(page, monkeypatch):
    asked = []

    def answer(_, verb, ids):
        asked.append(len(ids))
        words = "no engine answered within 3 s; nothing was changed" if len(asked) == 3 else ""
        return dict.fromkeys(ids, words)

    monkeypatch.setattr(type(commands.current().control.commands), "ask_each", answer)
    said = list(commands.command_each("delete", range(1, 101)))
    assert asked == [16, 16, 16]
    assert sum(map(len, said)) == 48


def test_the_dialogs_name_a_few_and_count_the_rest(writer, page):
    submit(writer, depths=(8, 14, 20, 26, 32), shortcuts=("none", "A"))
    assert dialogs._listed(run_table.table_rows()).endswith("(run 8, race 1), and 2 more")


def test_many_runs_have_pages_and_an_order_over_all_of_them(page, writer, monkeypatch):
    monkeypatch.setattr(runs, "PAGE", 2)
    _, ids = submit(writer, depths=(8, 14, 20), shortcuts=("none",))
    _, newer = submit(writer, depths=(8, 14), shortcuts=("A",))
    for run, last in zip(ids, (5, 60, 30), strict=True):
        steps(writer, run, last)
    page.run()
    assert [int(run) for run in page.dataframe[0].value["run"]] == newer
    assert "5 runs." in page.caption[-1].value
    page.number_input(key="runs_page").set_value(3).run()
    assert [int(run) for run in page.dataframe[0].value["run"]] == [ids[2]]
    page.number_input(key="runs_page").set_value(1).run()
    page.selectbox(key="order").select("lowest training error").run()
    assert [int(run) for run in page.dataframe[0].value["run"]] == [ids[1], ids[2]]
    page.number_input(key="runs_page").set_value(3).run()
    page.multiselect(key="shortcut").select("A").run()
    assert not page.exception
    assert [int(run) for run in page.dataframe[0].value["run"]] == newer, "a filter left fewer pages"


@pytest.mark.parametrize("columns", [table.runs_columns, arms.arms_columns, table.races_columns])
def test_the_first_error_of_a_table_is_seen_on_a_phone(columns):
    """Pixels: a table of 358 on a window of 390, with the boxes of the rows before its columns."""
    found, right = columns(), 34
    for name, column in found.items():
        right += column["width"]
        if name in ("training", "lowest"):
            break
    assert right <= 358
