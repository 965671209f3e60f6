"""The race page through Streamlit's AppTest, in every state that a workspace can be in. No engine, no browser."""

import time
from types import SimpleNamespace

import pytest
from streamlit.components.v2.bidi_component import serialization
from streamlit.testing.v1 import AppTest

from app.data import commands, races
from app.data.workspace import use, workspace_path
from app.views.race import race as race_page
from app.views.race import race_help
from app.views.setup import setup
from engine.config import FAMILIES, RUNNING_WINDOW
from engine.errors import EngineUnreachable
from engine.events import ENDED, STATE_GROUPS, RunState
from engine.paths import PROJECT
from engine.runs.protocol.planning import RaceRequest, plan_race
from engine.store.workspace import Workspace
from engine.store.writer import Writer
from tests.app.live.conftest import Bench
from tests.engine.data import pictures

MAIN = str(PROJECT / "app" / "main.py")

#: How a run gets into a state.
PATHS = {
    RunState.QUEUED: (),
    RunState.STARTING: (RunState.STARTING,),
    RunState.RUNNING: (RunState.STARTING, RunState.RUNNING),
    RunState.PAUSED: (RunState.PAUSED,),
    RunState.STOPPING: (RunState.STARTING, RunState.STOPPING),
    RunState.STOPPED: (RunState.STOPPED,),
    RunState.FINISHED: (RunState.STARTING, RunState.RUNNING, RunState.FINISHED),
    RunState.DIVERGED: (RunState.STARTING, RunState.RUNNING, RunState.DIVERGED),
    RunState.FAILED: (RunState.STARTING, RunState.FAILED),
    RunState.LOST: (RunState.STARTING, RunState.LOST),
}


@pytest.fixture
def page(workspace):
    use(workspace.path)
    yield AppTest.from_file(MAIN, default_timeout=90)
    use(workspace.path)


@pytest.fixture
def bench(workspace):
    bench = Bench(workspace.path)
    bench.stand_in()
    yield bench
    bench.writer.close()


@pytest.fixture
def started(monkeypatch):
    """Races that the page asked for, in place of an engine that trains them."""
    asked = []
    monkeypatch.setattr(commands, "start_race", lambda race: asked.append(race) or 1)
    return asked


def unfold(page, *names):
    """Open sections of the page, as an address with them does."""
    for name in names:
        page.query_params[name] = "true"


def component(page):
    """The data that the streaming component was given."""
    import json

    found = [node for node in page.main if node.type == "bidi_component"]
    assert len(found) == 1
    return json.loads(found[0].proto.json)[0]


def test_an_empty_workspace_shows_what_this_is_and_three_ways_to_begin(page, started):
    page.run()
    assert not page.exception
    assert page.title[0].value == "Watch depth make a plain net worse, and shortcuts mend it"
    main_buttons = [button for button in page.main.button]
    assert [button.key for button in main_buttons][:3] == ["start_quick", "watch_recorded", "try_instant"]
    main_buttons[0].click().run()
    assert started == [commands.planned(commands.RaceRequest((), (), "quick"))], "the preset as it is"


def test_what_the_first_visit_begins_with_is_drawn_before_the_set_up(page, monkeypatch):
    drawn, (first_visit, set_up) = [], (race_help.first_visit, setup.render)
    monkeypatch.setattr(race_help, "first_visit", lambda *given: (drawn.append("page"), first_visit(*given)))
    monkeypatch.setattr(setup, "render", lambda **given: (drawn.append("side bar"), set_up(**given)))
    page.run()
    assert drawn == ["page", "side bar"]


def test_a_press_in_the_set_up_starts_a_race_before_another_is_drawn(page, bench, started, monkeypatch):
    page.run()
    drawn, draw = [], race_page._race
    monkeypatch.setattr(race_page, "_race", lambda *given: (drawn.append(len(started)), draw(*given)))
    page.button(key="start").click().run()
    assert not page.exception
    assert (len(started), drawn) == (1, [1])
    page.run()
    assert len(started) == 1, "a press starts one race"


def test_a_component_is_mounted_without_a_look_for_tables(page, bench, monkeypatch):
    """The look would load pandas, which the first curve would wait for."""
    looked = []
    monkeypatch.setattr(serialization, "is_dataframe_like", looked.append)
    page.run()
    assert component(page)["race"] == bench.race
    assert not looked


def test_a_race_is_in_the_state_of_its_runs(page, bench):
    for state in RunState:
        race, runs = bench.writer.races.submit(bench.config)
        for run in runs:
            bench.run_states(run, *PATHS[state])
        found = races.race(race)
        assert set(found.states) == {state}


def test_runs_of_every_state_are_drawn_with_their_words(page, bench):
    """Four runs a race: three races have every state."""
    states = list(RunState)
    submitted = [(bench.race, bench.runs), *(bench.writer.races.submit(bench.config) for _ in range(2))]
    for run, state in zip([run for _, runs in submitted for run in runs], states, strict=False):
        bench.run_states(run, *PATHS[state])
    page.query_params["protocol"] = "true"
    for race, runs in submitted:
        page.session_state["race"] = race
        page.run()
        assert not page.exception
        given = component(page)
        assert (given["race"], [run["run"] for run in given["runs"]]) == (race, runs)
        assert [run["label"] for run in given["runs"]] == ["plain-20", "plain-56", "A-20", "A-56"]
        assert set(states) <= set(given["states"])
        assert given["runFacts"] == {
            "groups": {name: sorted(group) for name, group in STATE_GROUPS.items()}, "runningWindow": RUNNING_WINDOW,
        }  # fmt: skip
    [note] = [caption.value for caption in page.caption if "One learning rate for all arms" in caption.value]
    assert "prototype" not in note
    command = page.code[0].value
    assert command.startswith("python -m engine race --depths 20,56 --shortcuts none,A")
    assert "--steps 1000" in command


def test_a_race_whose_rates_are_tuned_says_so_instead(page, bench):
    place = Workspace(workspace_path())
    with Writer(place) as writer:
        writer.races.submit(plan_race(RaceRequest((20, 56), ("none", "A"), settings={"lr": "tuned"}), place))
    page.run()
    assert not page.exception
    assert not any("One learning rate for all arms" in caption.value for caption in page.caption)


@pytest.mark.parametrize(
    ("family", "named", "other"), [("cifar", "quick recipe", "The lab"), ("vit", "The lab", "quick recipe")]
)
def test_what_is_known_of_the_rate_is_said_of_nets_of_the_family_alone(monkeypatch, family, named, other):
    said = []
    monkeypatch.setattr(race_help.st, "caption", said.append)
    rules = FAMILIES[family]
    race_help.learning_rate_note(
        SimpleNamespace(
            steps=300, tuned=False, has_both_families=True, depths=(8, 14), has_batch_norm=rules.batch_normed
        )
    )
    assert named in said[0] and other not in said[0]


def test_published_figures_and_the_whole_protocol_stand_under_a_race_of_the_zoo(page, bench):
    place = Workspace(workspace_path())
    with Writer(place) as writer:
        texts = ("none", "none:norm=none", "gated:bias=-7")
        writer.races.submit(plan_race(RaceRequest((20, 56), texts, pace="lockstep:5"), place))
    unfold(page, "protocol", "published")
    page.run()
    assert not page.exception
    published = next(table.value for table in page.dataframe if "test error" in table.value.columns)
    gated = published[published["arm"] == "gated bias −7"]
    assert list(gated["test error"]) == ["9.81 %", "fail (above 20 %)", "8.70 %"]
    assert list(gated["published for"])[1:] == ["ResNet-110 (gated bias 0)", "ResNet-110 (gated)"]
    assert "plain no norm" not in set(published["arm"])
    assert any("Contested: exclusive gating" in caption.value for caption in page.caption)
    protocol = next(table.value for table in page.dataframe if "setting" in table.value.columns)
    settings = dict(zip(protocol["setting"], protocol["value"], strict=True))
    assert settings["shortcut gated:bias=-7"] == "exclusive gating, bias −7; order original, norm batch, 2 layers"
    assert settings["shortcut none:norm=none"] == "plain; order original, norm none, 2 layers"
    assert (settings["pace"], settings["model.family"], settings["data.validation"]) == ("lockstep:5", "cifar", "0")
    assert [run["mark"] for run in component(page)["runs"]] == ["circle", "circle", "square", "square"] + [
        "diamond"
    ] * 2


def test_a_wrong_depth_is_said_beside_the_field_and_nothing_can_start(page, started):
    page.run()
    for typed, said in (
        ("21", "nearest 20 and 26"),
        ("fifty", "a depth is a whole number"),
        ("²", "a depth is a whole number"),
        ("2000", "not 6n+2"),
    ):
        page.text_input(key="other_depths").set_value(typed).run()
        assert any(said in caption.value for caption in page.sidebar.caption), typed
        assert page.button(key="start").disabled
    assert not started


def test_a_preset_fills_the_fields_in(page):
    page.run()
    page.selectbox(key="preset").set_value("paper").run()
    assert page.text_input(key="steps").value == "64000"
    assert page.text_input(key="width").value == "16"
    assert page.selectbox(key="data").value == "cifar10"


def test_the_fields_reach_the_race(page, started):
    page.run()
    page.pills(key="depths").set_value([8])
    page.text_input(key="other_depths").set_value("26, 50")
    page.text_input(key="seeds").set_value("3")
    page.text_input(key="lr").set_value("0.05")
    page.run()
    assert page.button(key="start").label == "Start race of 18 runs"
    page.button(key="start").click().run()
    race = started[0]
    assert (race.depths, race.shortcuts, race.seeds) == ((8, 26, 50), ("none", "A"), 3)
    assert race.run.optim.lr == 0.05


def test_a_folder_below_the_data_folder_can_be_chosen(page, started, tmp_path, monkeypatch):
    page.run()
    assert not [field for field in page.text_input if field.key == "resize"]
    below = pictures.folder(tmp_path / "sets" / "pets", each=150)
    monkeypatch.setenv("SKIPSCOPE_DATA", str(tmp_path / "sets"))
    page.run()
    page.selectbox(key="data").set_value(f"folder:{below}").run()
    page.text_input(key="resize").set_value("16").run()
    for _ in range(100):
        told = " ".join(caption.value for caption in page.sidebar.caption)
        if "Looking through" not in told:
            break
        time.sleep(0.1)
        page.run()
    assert "2 classes: cats, dogs" in told
    assert "RGB, 16x16" in told
    page.button(key="start").click().run()
    assert not page.exception
    assert started[0].run.data.name == f"folder:{below}"
    assert started[0].run.data.resize == 16
    monkeypatch.delenv("SKIPSCOPE_DATA")
    page.run()
    assert not page.exception
    assert page.selectbox(key="data").value == "fashion-mnist-mini"


def test_a_refused_start_says_why(page, monkeypatch):
    def refuse(*_, **__):
        raise EngineUnreachable("the engine did not answer within 10 s")

    monkeypatch.setattr(commands, "start_race", refuse)
    page.run()
    page.button(key="start").click().run()
    assert page.sidebar.error[0].value == "the engine did not answer within 10 s"


def test_a_damaged_database_is_named_and_can_be_moved_aside(page, workspace, monkeypatch):
    workspace.database.write_bytes(b"not a database at all" * 300)
    monkeypatch.setattr(commands, "startup", lambda: "")
    page.run()
    assert not page.exception
    assert "is damaged" in page.error[0].value
    page.button[0].click().run()
    assert page.title[0].value == "Watch depth make a plain net worse, and shortcuts mend it"
    kept = [path for path in workspace.path.iterdir() if path.name.startswith("skipscope-damaged")]
    assert len(kept) == 1
    assert kept[0].read_bytes().startswith(b"not a database")


def test_a_workspace_that_cannot_be_written_is_named(page, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    use(blocked)
    page.run()
    assert "cannot be written" in page.error[0].value


def test_seeds_are_told_apart_when_there_are_several(workspace, page):
    from engine.config import RaceConfig
    from engine.store.writer import Writer

    with Writer(workspace) as writer:
        writer.races.submit(RaceConfig(depths=(8,), shortcuts=("none", "A"), seeds=2))
    page.run()
    assert [run["label"] for run in component(page)["runs"]] == ["plain-8 s0", "A-8 s0", "plain-8 s1", "A-8 s1"]
    assert len(ENDED) == 5


def test_a_link_shows_a_race_that_is_older_than_the_list(page, bench, monkeypatch):
    oldest = bench.race
    newest, _ = bench.writer.races.submit(bench.config)
    every = races.races()
    monkeypatch.setattr(races, "races", lambda: every[:1])
    page.query_params["race"] = str(oldest)
    page.run()
    assert not page.exception
    assert (page.selectbox(key="race").value, page.query_params["race"]) == (oldest, str(oldest))
    page.selectbox(key="race").set_value(newest).run()
    assert page.query_params["race"] == str(newest)


@pytest.mark.parametrize(
    ("named", "words"), [("99", "99"), ("abc", "abc"), ("0", "0"), ("[a](b)", r"\[a\](b)"), ("y" * 90, "y" * 20)]
)
def test_a_race_that_does_not_exist_is_named_until_another_is_chosen(page, bench, named, words):
    def said(page):
        return [caption.value for caption in page.main.caption if "There is no race" in caption.value]

    page.query_params["race"] = named
    page.run()
    assert said(page) == [f"There is no race {words}. Showing race {bench.race}."]
    assert page.query_params["race"] == str(bench.race)
    page.run()
    assert said(page), "a rerun does not take it away"
    newest, _ = bench.writer.races.submit(bench.config)
    page.run()
    page.selectbox(key="race").set_value(newest).run()
    assert not said(page)
    page.selectbox(key="race").set_value(bench.race).run()
    assert not said(page), "it was chosen"
