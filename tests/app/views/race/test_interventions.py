"""The fold-out "What if?" with a stand-in for the engine: what is asked of it, and its refusals in words."""

import time

import pytest

from app.data import interventions, streaming
from app.data.interventions import GivenCommand
from app.data.workspace import reading
from app.views.race import interventions as views
from engine.errors import CommandRefused, ConfigError
from engine.events import RunState
from engine.store.rows import ForkPlan
from tests.app.views.race.test_race import bench, component, page  # noqa: F401


@pytest.fixture
def asked(monkeypatch):
    """What the page asked the engine for."""
    found = []
    monkeypatch.setattr(interventions, "change", lambda *what: found.append(("change", *what)) or (list(what[0]), []))
    monkeypatch.setattr(interventions, "fork", lambda *what: found.append(("fork", *what)) or 99)
    monkeypatch.setattr(interventions, "extend", lambda *what: found.append(("extend", *what)))
    monkeypatch.setattr(interventions, "set_pace", lambda *what: found.append(("pace", *what)))
    return found


def words(page):  # noqa: F811
    return " ".join(node.value for node in [*page.main.caption, *page.main.warning])


def choose_way(page, way):  # noqa: F811
    page.segmented_control(key="whatif_way").set_value(way).run()


def test_strength_for_all_goes_to_the_runs_that_have_a_shortcut(page, bench, asked):  # noqa: F811
    bench.start_all()
    page.run()
    page.selectbox(key="whatif_key").set_value("strength").run()
    page.slider(key="whatif_strength").set_value(0.25).run()
    page.button(key="whatif_apply").click().run()
    assert asked == [("change", bench.runs[2:], "strength", 0.25)]
    assert "Shortcut strength 0.25 for 2 runs" in words(page)


def test_the_rate_of_one_run_is_changed(page, bench, asked):  # noqa: F811
    bench.start_all()
    page.run()
    page.selectbox(key="whatif_target").set_value(f"plain-56 (run {bench.runs[1]})").run()
    page.number_input(key="whatif_lr").set_value(0.02).run()
    page.button(key="whatif_apply").click().run()
    assert asked == [("change", [bench.runs[1]], "lr", 0.02)]


def test_a_refusal_stands_below_the_controls_in_the_engines_words(page, bench, monkeypatch):  # noqa: F811
    words = "run 1 is finished; only running runs can be changed"

    def refuse(*_):
        raise ConfigError(f"{words} (for none of them)")

    monkeypatch.setattr(interventions, "change", lambda *_: ([], [words]))
    bench.start_all()
    page.run()
    page.button(key="whatif_apply").click().run()
    assert [warning.value for warning in page.main.warning] == [words]
    monkeypatch.setattr(interventions, "change", refuse)
    page.button(key="whatif_apply").click().run()
    assert [warning.value for warning in page.main.warning] == [f"{words} (for none of them)"]
    choose_way(page, "pace")
    assert not page.main.warning, "what was said of one what-if says nothing about another"


def test_a_fork_names_a_saved_step_and_one_change(page, bench, asked):  # noqa: F811
    bench.start_all()
    bench.steps(bench.runs[3], 1, 200)
    for step in (100, 200):
        bench.writer.checkpoints.add(bench.runs[3], step, "tenth", 4096)
    page.run()
    choose_way(page, "fork")
    run = page.selectbox(key="whatif_run")
    assert run.options == [f"A-56 (run {bench.runs[3]})"]
    step = page.selectbox(key=f"whatif_step_{bench.runs[3]}")
    assert (step.options, step.value) == (["200", "100"], 200)
    page.button(key="whatif_fork").click().run()
    assert "Enter a learning rate, e.g. 0.01" in words(page)
    assert asked == []
    page.text_input(key="whatif_fork_lr").set_value(" 0.01 ").run()
    page.button(key="whatif_fork").click().run()
    assert asked == [("fork", bench.runs[3], 200, {"lr": "0.01"})]
    assert f"Run 99 is the fork of A-56 (run {bench.runs[3]}) at step 200" in words(page)
    page.selectbox(key="whatif_fork_key").set_value("").run()
    page.button(key="whatif_fork").click().run()
    assert asked[1] == ("fork", bench.runs[3], 200, {}), "a twin"


def test_finished_runs_are_given_more_steps(page, bench, monkeypatch):  # noqa: F811
    def extend(run, steps):
        if run == bench.runs[0]:
            raise CommandRefused("run 1 has no checkpoint to go on from")
        longer.append((run, steps))

    longer = []
    monkeypatch.setattr(interventions, "extend", extend)
    page.run()
    choose_way(page, "extend")
    assert "No run of this race is finished" in words(page)
    bench.start_all()
    for run in bench.runs:
        bench.run_states(run, RunState.FINISHED)
    page.run()
    [total] = [field for field in page.number_input if field.label == "Steps in total"]
    assert total.value == 2000
    total.set_value(1500).run()
    page.button(key="whatif_extend").click().run()
    assert longer == [(run, 1500) for run in bench.runs[1:]]
    assert "3 runs on to step 1,500" in words(page)
    assert "run 1 has no checkpoint to go on from" in words(page)


def test_the_pace_is_changed(page, bench, asked):  # noqa: F811
    page.run()
    choose_way(page, "pace")
    assert "every run as fast as it can" in words(page)
    page.segmented_control(key="whatif_pace").set_value("in step").run()
    page.number_input(key="whatif_lead").set_value(7).run()
    page.button(key="whatif_keep").click().run()
    assert asked == [("pace", bench.race, "lockstep:7")]


def test_a_fork_has_a_name_and_a_look_of_its_own(page, bench):  # noqa: F811
    bench.start_all()
    bench.writer.checkpoints.add(bench.runs[3], 100, "tenth", 4096)
    with reading() as reader:
        parent = reader.runs.get(bench.runs[3])
    child = bench.writer.interventions.fork(parent, ForkPlan(parent.config, 100, ()), 1.0, lambda run: 4096)
    page.run()
    runs = {run["run"]: run for run in component(page)["runs"]}
    assert runs[child]["label"] == "A-56", "its difference comes with its card"
    choose_way(page, "fork")
    assert f"A-56, fork at 100 (run {child})" in page.selectbox(key="whatif_run").options
    assert runs[child]["color"] != runs[parent.id]["color"]
    assert runs[child]["mark"] != runs[parent.id]["mark"]
    card = streaming.history([child], 100).run_summaries[0]
    assert (card["parent"], card["parent_step"]) == (parent.id, 100)
    assert (card["state"], card["difference_name"]) == ("queued", "fork at 100"), "from the start"
    assert card["changes"] == [[100, f"fork of run {parent.id} at step 100"]]
    told = {"run": f"A-56 (run {child})", "from step": "100", "what": card["changes"][0][1]}
    assert told in interventions.changes(bench.race)


@pytest.mark.parametrize(
    ("zone", "said"), [("UTC0", "1 December 2026, 20:37:07 UTC"), ("<+0530>-5:30", "2 December 2026, 02:07:07 +0530")]
)
def test_the_time_of_a_press_has_a_month_in_words_and_its_zone(monkeypatch, zone, said):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        row = GivenCommand(1796157427.0, "", "pause, run 3", "no [run]")
        assert views._given_line(row).replace("\u2060", "") == rf"{said}, somebody: pause, run 3 (refused: no \[run\])"
    finally:
        monkeypatch.undo()
        time.tzset()
