"""The dialog of a clicked point with a stand-in for the engine: where the fork begins, what is asked, refusals."""

import pytest
from streamlit.testing.v1 import AppTest

from app.data import interventions
from app.views.race.fork_dialog import start_of
from engine.errors import CommandRefused, EngineUnreachable
from engine.events import RunState
from tests.app.views.race.test_race import bench, page  # noqa: F401


@pytest.fixture
def asked(monkeypatch):
    """The forks that were asked for."""
    found = []
    monkeypatch.setattr(interventions, "fork", lambda *what: found.append(what) or 99)
    return found


def click(page, run, step):  # noqa: F811
    page.session_state["fork_at"] = (run, step, "race 1")
    page.run()
    assert not page.exception


def words(page):  # noqa: F811
    return " ".join(node.value for node in [*page.markdown, *page.caption])


def is_open(page):  # noqa: F811
    return "clicked at step" in words(page)


def save(bench, run, *steps):  # noqa: F811
    for step in steps:
        bench.writer.checkpoints.add(run, step, "tenth", 4096)


@pytest.mark.parametrize(
    ("steps", "clicked", "start"),
    [
        ([300, 200, 100], 250, 200),
        ([300, 200, 100], 200, 200),
        ([300, 200, 100], 99, 100),
        ([300, 200, 100], 0, 100),
        ([1000, 900], 1000, 900),
        ([1000, 900], 950, 900),
        ([1000], 400, 1000),
        ([1000], 1000, 1000),
    ],
)
def test_a_fork_begins_at_the_nearest_saved_step_that_has_steps_left(steps, clicked, start):
    assert start_of(steps, clicked, 1000) == start


def test_the_component_asks_for_the_dialog(workspace):
    def script():
        from types import SimpleNamespace

        import streamlit as st

        from app.views.race import race

        st.session_state["chosen_race"] = 7
        st.session_state[race.COMPONENT] = SimpleNamespace(command={"verb": "fork-at", "run": 4, "step": 137, "at": 1})
        race._on_command()

    script = AppTest.from_function(script).run()
    assert not script.exception
    assert script.session_state["fork_at"] == (4, 137, "race 7")


def test_a_click_says_where_the_fork_begins_and_makes_it_with_one_change(page, bench, asked):  # noqa: F811
    bench.start_all()
    run = bench.runs[3]
    save(bench, run, 100, 200)
    click(page, run, 137)
    assert f"**A-56 (run {run})**, running, clicked at step 137." in words(page)
    assert "The nearest saved step at or before it is **100**." in words(page)
    assert "it begins as this run was after step 100, one thing is different from there on" in words(page)
    button = page.button(key="fork_at_make")
    assert button.label == "Fork at step 100"
    change = page.selectbox(key=f"fork_at_{run}_137_key")
    assert change.value == "lr"
    assert page.text_input(key=f"fork_at_{run}_137_lr").label == "To (now 0.1)"
    page.text_input(key=f"fork_at_{run}_137_lr").set_value(" 0.01 ").run()
    page.button(key="fork_at_make").click().run()
    assert asked == [(run, 100, {"lr": "0.01"})]
    assert f"Run 99 is the fork of A-56 (run {run}) at step 100." in [toast.value for toast in page.toast]
    assert not is_open(page)
    page.run()
    assert not is_open(page), "it does not come back"


def test_the_same_choices_as_the_fold_out_and_a_twin(page, bench, asked):  # noqa: F811
    bench.start_all()
    run = bench.runs[0]
    save(bench, run, 100)
    click(page, run, 100)
    assert "It is saved at this very step." in words(page)
    page.segmented_control(key="whatif_way").set_value("fork").run()
    there, here = (page.selectbox(key=key) for key in ("whatif_fork_key", f"fork_at_{run}_100_key"))
    assert here.options == there.options
    page.selectbox(key=f"fork_at_{run}_100_key").set_value("").run()
    page.button(key="fork_at_make").click().run()
    assert asked == [(run, 100, {})]


def test_a_refusal_stays_in_the_dialog_and_nothing_is_lost(page, bench, monkeypatch):  # noqa: F811
    refusals = [
        CommandRefused("run 1 has no checkpoint at step 100; saved are 200"),
        EngineUnreachable("the engine did not answer within 3 s"),
    ]

    def refuse(*_):
        raise refusals[0]

    monkeypatch.setattr(interventions, "fork", refuse)
    bench.start_all()
    run = bench.runs[0]
    save(bench, run, 100)
    click(page, run, 130)
    page.button(key="fork_at_make").click().run()
    assert [node.value for node in page.warning] == ["Enter a learning rate, e.g. 0.01"]
    page.selectbox(key=f"fork_at_{run}_130_key").set_value("weight_decay").run()
    page.text_input(key=f"fork_at_{run}_130_weight_decay").set_value("0.5")
    while refusals:
        page.button(key="fork_at_make").click().run()
        assert [node.value for node in page.warning] == [str(refusals.pop(0))]
        assert is_open(page)
        assert page.selectbox(key=f"fork_at_{run}_130_key").value == "weight_decay"
        assert page.text_input(key=f"fork_at_{run}_130_weight_decay").value == "0.5"


def test_a_value_that_is_in_force_is_refused_in_the_dialog_and_the_fold_out(page, bench):  # noqa: F811
    bench.start_all()
    run = bench.runs[3]
    save(bench, run, 100)
    refusal = f"run {run} has strength (shortcut strength) 1 already at step 100; fork it to another value"
    click(page, run, 130)
    page.selectbox(key=f"fork_at_{run}_130_key").set_value("strength").run()
    assert page.text_input(key=f"fork_at_{run}_130_strength").label == "To (now 1)"
    page.text_input(key=f"fork_at_{run}_130_strength").set_value("1").run()
    page.button(key="fork_at_make").click().run()
    assert [node.value for node in page.warning] == [refusal]
    page.session_state["fork_at"] = (run, 130, "elsewhere")
    page.run()
    page.segmented_control(key="whatif_way").set_value("fork").run()
    page.selectbox(key="whatif_fork_key").set_value("strength").run()
    page.text_input(key="whatif_fork_strength").set_value("1.0").run()
    page.button(key="whatif_fork").click().run()
    assert [node.value for node in page.warning] == [refusal]


def test_before_the_first_checkpoint_the_earliest_one_after_it_is_taken(page, bench, asked):  # noqa: F811
    bench.start_all()
    save(bench, bench.runs[0], 100, 200)
    click(page, bench.runs[0], 12)
    assert "Nothing is saved at or before that step; the earliest saved step after it is **100**." in words(page)
    assert page.button(key="fork_at_make").label == "Fork at step 100"


def test_without_a_checkpoint_it_says_when_one_comes(page, bench):  # noqa: F811
    click(page, bench.runs[0], 0)
    assert "clicked at step 0" in words(page)
    assert "It has no checkpoint yet. The next one comes after step 100, or after a minute" in words(page)
    assert not [button for button in page.button if button.key == "fork_at_make"]
    bench.start_all()
    bench.steps(bench.runs[0], 1, 120)
    with bench.writer.transaction() as connection:
        connection.execute("UPDATE runs SET step = 120 WHERE id = ?", (bench.runs[0],))
    click(page, bench.runs[0], 110)
    assert "The next one comes after step 200" in words(page)
    bench.run_states(bench.runs[0], RunState.STOPPING)
    click(page, bench.runs[0], 110)
    assert "It has no checkpoint yet and is saved as it stops: click again then." in words(page)
    bench.run_states(bench.runs[0], RunState.STOPPED)
    click(page, bench.runs[0], 110)
    assert "No checkpoint of it is left, and as it is stopped none will come: it cannot be forked." in words(page)


def test_a_click_on_the_end_of_a_finished_run(page, bench, asked):  # noqa: F811
    bench.start_all()
    first, second = bench.runs[:2]
    for run in (first, second):
        bench.run_states(run, RunState.FINISHED)
    save(bench, first, 900, 1000)
    save(bench, second, 1000)
    click(page, first, 1000)
    assert "At its end nothing is left to train; the newest saved step before it is **900**." in words(page)
    click(page, second, 1000)
    assert "It is saved only at its end, step 1,000: the fork needs more steps than that to go on." in words(page)
    assert page.selectbox(key=f"fork_at_{second}_1000_key").value == "steps"
    page.text_input(key=f"fork_at_{second}_1000_steps").set_value("2000").run()
    page.button(key="fork_at_make").click().run()
    assert asked == [(second, 1000, {"steps": "2000"})]


def test_a_run_that_was_deleted_meanwhile(page, bench, asked):  # noqa: F811
    bench.start_all()
    save(bench, bench.runs[0], 100)
    click(page, bench.runs[0], 120)
    bench.writer.jobs.delete(bench.runs[0])
    page.run()
    assert not page.exception
    assert f"Run {bench.runs[0]} is not in this race any more: it was deleted." in words(page)
    assert not [button for button in page.button if button.key == "fork_at_make"]


def test_a_click_on_another_chart_is_forgotten_and_no_deletion_is_made_up(page, bench, asked):  # noqa: F811
    bench.start_all()
    save(bench, bench.runs[0], 100)
    for place in ("compare", "race 2"):
        page.session_state["fork_at"] = (bench.runs[0], 120, place)
        page.run()
        assert not is_open(page) and "deleted" not in words(page)
        assert "fork_at" not in page.session_state
    _, (other, *_) = bench.writer.races.submit(bench.config)
    page.session_state["race"] = bench.race
    click(page, other, 120)
    assert f"Run {other} belongs to another race: choose that race to fork it." in words(page)
    assert "deleted" not in words(page)
