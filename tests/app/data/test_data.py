import shlex
import threading
from collections import namedtuple

import pytest

from app import data
from app.data import commands, connection_pool
from app.data.workspace import current
from engine.config import RaceConfig, RunConfig, replace
from engine.config.presets import PRESETS
from engine.data.registry import SOURCES
from engine.errors import CommandRefused
from engine.events import RunState, StepRow
from engine.runs.protocol.planning import plan_race
from engine.store.connection import set_aside
from engine.store.workspace import Workspace
from engine.store.writer import Writer
from tests.engine.data import pictures


@pytest.fixture
def place(tmp_path):
    yield Workspace(data.use(tmp_path / "workspace"))
    data.use(tmp_path / "elsewhere")


def submit(place, **changes):
    run = replace(PRESETS["quick"].run, {"optim.steps": 120, **changes.pop("run", {})})
    with Writer(place.prepare()) as writer:
        return writer.submit(RaceConfig(preset="quick", run=run, **changes))


def test_health_of_an_empty_and_of_a_used_workspace(place):
    assert data.health() == data.Health("empty")
    assert data.races() == []
    submit(place)
    assert data.health() == data.Health("ok")
    assert data.health().usable


def test_health_names_a_damaged_database_and_keeps_it(place):
    submit(place)
    place.database.with_name("skipscope.db-wal").unlink(missing_ok=True)
    place.database.write_bytes(b"this is no database at all" * 100)
    health = data.health()
    assert (health.state, health.usable) == ("damaged", False)
    assert "doctor --new-database" in health.message
    assert "\n" not in health.message
    assert data.startup() == health.message
    assert place.database.read_bytes().startswith(b"this is no database")


def test_health_names_a_newer_database(place):
    submit(place)
    with Writer(place) as writer, writer.transaction() as connection:
        connection.execute("INSERT INTO migrations VALUES ('9999-later', 0)")
    health = data.health()
    assert (health.state, health.usable) == ("other version", False)
    assert "9999-later" in health.message


def test_health_names_a_folder_that_cannot_be_used(tmp_path):
    (tmp_path / "file").write_text("")
    data.use(tmp_path / "file" / "below")
    health = data.health()
    assert (health.state, health.usable) == ("not writable", False)
    assert "--workspace DIR" in health.message


def test_races_are_newest_first_and_follow_every_change(place):
    first, runs = submit(place, seeds=2, name="a look")
    second, _ = submit(place, depths=(20,), shortcuts=("none",), run={"model.width": 12})
    races = data.races()
    assert [race.id for race in races] == [second, first]
    assert data.races() is races  # nothing changed: not read again
    old = data.race(first)
    assert old.arms == ("plain-20", "plain-56", "A-20", "A-56")
    assert (old.seeds, old.steps, old.lr, old.has_both_families) == (2, 120, (0.1,), True)
    assert old.states == {"queued": 8}
    assert old.title == (
        f"Race {first}: a look: plain-20, plain-56, A-20, A-56 on fashion-mnist-mini, 120 steps, 2 seeds"
    )
    with Writer(place) as writer:
        writer.move(runs[0], RunState.STARTING)
    assert data.race(first).states == {"queued": 7, "starting": 1}
    assert data.race(first).state == "starting"
    assert data.race(999) is None


def test_the_command_repeats_the_race(place):
    race, _ = submit(place, seeds=2, first_seed=3, run={"model.width": 12, "optim.lr": 0.05})
    assert data.race(race).as_command == (
        "python -m engine race --depths 20,56 --shortcuts none,A --preset quick --data fashion-mnist-mini --steps 120 "
        "--seeds 2 --first-seed 3 --set model.width=12 --set optim.lr=0.05"
    )
    assert {"setting": "optim.lr", "value": "0.05"} in data.race(race).protocol
    assert {"what": "seeds", "value": "3, 4"} in data.race(race).origin


@pytest.mark.parametrize(
    ("preset", "changes", "settings"),
    [
        ("talk", {}, {"optim.drops": "[0.5, 0.75]", "model.width": "12"}),
        ("quick", {"seeds": 3, "first_seed": 7}, {"precision": "fp32", "optim.warmup_lr": "0.02"}),
        ("talk", {}, {"optim.drops": "[]", "data.flip": "false"}),
        ("paper", {}, {}),
        ("paper", {}, {"optim.warmup_lr": "null"}),  # for all depths: the preset's own exception must not come back
    ],
)
def test_the_command_pasted_into_a_shell_plans_the_same_race(place, preset, changes, settings):
    source = PRESETS[preset].data[-1]
    wanted = plan_race([], [], preset, source, 120, settings=settings, **changes, workspace=place)
    with Writer(place.prepare()) as writer:
        race, _ = writer.submit(wanted)
    words = shlex.split(data.race(race).as_command, comments=True)
    assert words[:4] == ["python", "-m", "engine", "race"]
    pairs = list(zip(words[4::2], words[5::2], strict=True))
    options = dict(pairs)
    assert set(options) >= {"--depths", "--shortcuts", "--preset", "--data", "--steps"}
    assert ("--seeds" in options, "--first-seed" in options) == ("seeds" in changes, "first_seed" in changes)
    again = plan_race(
        [int(depth) for depth in options["--depths"].split(",")],
        options["--shortcuts"].split(","),
        options["--preset"],
        options["--data"],
        int(options["--steps"]),
        int(options.get("--seeds", 1)),
        int(options.get("--first-seed", 0)),
        dict(value.split("=", 1) for key, value in pairs if key == "--set"),
        workspace=place,
    )
    assert again == wanted


def test_the_command_quotes_what_a_shell_would_read(place):
    race, _ = submit(place, run={"optim.drops": (0.5, 0.75)})
    assert data.race(race).as_command.endswith("--set 'optim.drops=[0.5,0.75]'")


def test_cards_hold_everything_the_page_shows_of_a_run(place):
    race, runs = submit(place)
    with Writer(place) as writer:
        writer.add_checkpoint(runs[1], 10, "tenth", 4096)
        writer.move(runs[2], RunState.STARTING)
        writer.move(runs[2], RunState.FAILED, cause="out of memory")
    cards = data.run_summaries(race)
    assert [card["run"] for card in cards] == runs
    assert {card["race"] for card in cards} == {race}
    assert set(cards[0]) == {
        "run", "race", "arm", "depth", "shortcut", "seed", "state", "detail", "cause", "log", "step", "total_steps",
        "parameters", "device", "precision", "threads", "images_per_s", "seconds", "evaluation_share", "probe_share",
        "batch_size", "train_images", "checkpoints", "checkpoint_bytes", "eval_images", "bn", "variant", "plain", "lr",
        "parent", "parent_step", "changes", "note",
    }  # fmt: skip
    assert [card["plain"] for card in cards] == [True, True, False, False]
    assert (cards[0]["parent"], cards[0]["changes"], cards[0]["lr"]) == (None, [], 0.1)
    assert (cards[1]["checkpoints"], cards[1]["checkpoint_bytes"], cards[0]["checkpoints"]) == (1, 4096, 0)
    assert (cards[2]["state"], cards[2]["cause"]) == ("failed", "out of memory")
    assert cards[0]["train_images"] == 20_000
    assert (cards[0]["eval_images"], cards[0]["bn"]) == (1000, "running")
    other, _ = submit(place, run={"data.eval_images": 500, "recalibrate_bn": True})
    assert {(card["eval_images"], card["bn"]) for card in data.run_summaries(other)} == {(500, "recalibrated")}


def test_history_and_delta_meet_at_the_cursor(place):
    _, runs = submit(place)
    with Writer(place) as writer:
        writer.record(runs[0], [StepRow(s, 1.0, 50.0, 1.0, 50.0, 0.1, s) for s in range(1, 8)])
        history = data.history(runs, 100)
        writer.record(runs[0], [StepRow(s, 1.0, 50.0, 1.0, 50.0, 0.1, s) for s in range(8, 11)])
        writer.record(runs[1], [StepRow(1, 1.0, 50.0, 1.0, 50.0, 0.1, 1)])
        writer.delete(runs[3])
    head = data.head()
    delta = data.delta(runs, history.head[:2], head[:2])
    assert [int(s) for s in history.series[runs[0]][data.Split.TRAIN].columns["step"]] == list(range(1, 8))
    assert [(row["run"], row["step"]) for row in delta.points] == [
        (runs[0], 8), (runs[0], 9), (runs[0], 10), (runs[1], 1),
    ]  # fmt: skip
    assert delta.deleted == [runs[3]]
    assert data.known_runs([*runs, 99]) == set(runs[:3])


def test_the_last_row_of_a_run_at_rest_comes_with_its_card_but_never_one_beyond_the_cursor(place):
    _, runs = submit(place)
    with Writer(place) as writer:
        for run in runs[:2]:
            writer.move(run, RunState.STARTING)
            writer.move(run, RunState.RUNNING)
            writer.record(run, [StepRow(s, 1.0, 50.0, 1.0, 50.0 + s, 0.1, s) for s in (1, 2)])
        before = data.head()
        writer.record(runs[1], [StepRow(3, 1.0, 50.0, 1.0, 53.0, 0.1, 3)])
        for run in runs[:2]:
            writer.move(run, RunState.PAUSED)
    last = data.delta(runs, (before.points, before.changes - 1), before[:2]).last
    assert {run: (row["step"], row["running_error"]) for run, row in last.items()} == {runs[0]: (2, 52.0)}
    assert set(data.delta(runs, before[:2], data.head()[:2]).last) == set(runs[:2])


def test_the_gap_line_knows_a_warm_up_of_one_depth(place):
    _, runs = submit(place, depths=(20, 110), shortcuts=("none",), per_depth={110: {"optim.warmup_lr": 0.01}})
    with Writer(place) as writer:
        for run in runs:
            writer.record(run, [StepRow(s, 1.0, 50.0, 1.0, 40.0 + run, 0.1, s) for s in range(1, 61)])
    assert data.gap(runs) == (
        "Too few steps to conclude (60 of 120, a conclusion takes 200). So far plain-110 is 1.0 points above plain-20. "
        "After 60 steps, 1 seed, learning rate 0.1 (110 layers start at 0.01); running training error (dashed)."
    )


def test_delta_reads_the_new_points_alone_however_long_the_runs_are(place):
    _, runs = submit(place)
    with Writer(place) as writer:
        plan = writer._connection.execute(
            "EXPLAIN QUERY PLAN SELECT * FROM points WHERE id > 5 AND id <= 9 AND +run IN (1, 2) ORDER BY id"
        ).fetchall()
    assert "PRIMARY KEY" in plan[0][3]


def test_readers_are_reused_and_dropped_with_their_database(place):
    submit(place)
    opened = []
    here = current()
    make = here.pool._make
    here.pool._make = lambda: opened.append(1) or make()
    for _ in range(5):
        data.head()
    assert len(opened) == 1
    set_aside(place)
    with pytest.raises(data.SkipscopeError, match="no database yet"):
        data.head()
    submit(place)
    assert data.head().points == 0
    assert len(opened) == 3


def test_the_pool_is_bounded_and_closes_what_comes_back_late(tmp_path):
    class Connection:
        closed = False

        def close(self):
            self.closed = True

    path = tmp_path / "db"
    path.write_text("")
    made = []
    connections = connection_pool.ConnectionPool(path, lambda: made.append(Connection()) or made[-1])
    inside, go = threading.Barrier(13), threading.Event()

    def use():
        with connections.acquire():
            inside.wait(5)
            go.wait(5)

    threads = [threading.Thread(target=use) for _ in range(12)]
    for thread in threads:
        thread.start()
    inside.wait(5)
    go.set()
    for thread in threads:
        thread.join(5)
    assert len(made) == 12
    assert sum(not connection.closed for connection in made) == connection_pool.POOLED
    with connections.acquire() as late:
        connections.close()
        assert not late.closed
    assert all(connection.closed for connection in made)


def test_choices_are_checked_in_one_line(place):
    assert data.depth_problem(20) == ""
    assert data.depth_problem(21).endswith("nearest 20 and 26")
    assert data.count(20, "A").parameters == 269_722
    assert data.preset_source("quick") == "fashion-mnist-mini"
    assert list(data.presets()) == ["quick", "talk", "paper"]  # the one without images of its own is the shell's
    with pytest.raises(data.SkipscopeError, match="unknown data set"):
        data.data_present("nothing")
    with pytest.raises(data.SkipscopeError, match="nearest 20 and 26"):
        data.planned([21], ["none"])
    assert not place.database.exists()


def test_the_page_offers_names_and_what_lies_below_the_data_folder_only(place, tmp_path, monkeypatch):
    below = pictures.folder(tmp_path / "offered" / "pets", each=90)
    other = pictures.folder(tmp_path / "other", each=90)
    monkeypatch.setenv("SKIPSCOPE_DATA", str(tmp_path / "offered"))
    started = []
    monkeypatch.setattr(current().control, "start_race", lambda race: started.append(race) or (1, [1]))
    offers = data.sources()
    assert list(offers) == [*SOURCES, f"folder:{below}"]
    assert all(row.label and row.help and row.licence for row in offers.values())
    assert data.data_present(f"folder:{below}")
    assert data.start_race(data.planned([8], ["A"], source=f"folder:{below}")) == 1
    assert started[0].run.data.name == f"folder:{below}"
    sneaky = f"folder:{below}/../../other"
    for name in (f"folder:{other}", sneaky, "folder:", f"parquet:{below}", f"folder:{below}/", "folder:~", "x:y"):
        with pytest.raises(data.SkipscopeError, match="below SKIPSCOPE_DATA; for any other path") as caught:
            data.planned([8], ["A"], source=name)
        assert str(other) not in str(caught.value)
        with pytest.raises(data.SkipscopeError, match="below SKIPSCOPE_DATA"):
            data.data_present(name)
    with pytest.raises(data.SkipscopeError, match="below SKIPSCOPE_DATA"):
        data.start_race(plan_race([8], ["A"], "quick", f"folder:{other}", workspace=place))
    assert len(started) == 1


@pytest.mark.parametrize("text", ["20", " 56 ", "1202", "008"])
def test_a_typed_depth_that_can_be_trained_is_taken(text):
    assert data.depth_from(text) == (int(text), "")


@pytest.mark.parametrize(
    "text", ["", " ", "²", "٢٠", "2²", "-20", "+20", "20.0", "1_202", "2e1", "21", "0", "1000000", "9" * 5000, "a\nb"]
)
def test_any_other_text_for_a_depth_gets_one_line(text):
    depth, problem = data.depth_from(text)
    assert depth is None
    assert 0 < len(problem) < 120
    assert "\n" not in problem


def test_command_all_asks_every_able_run_and_then_tells_the_first_refusal(place, monkeypatch):
    race, runs = submit(place)
    with Writer(place) as writer:
        writer.move(runs[3], RunState.STOPPED)
    asked = []

    def command(verb, run):
        asked.append((verb, run))
        if run == runs[0]:
            raise CommandRefused("not now")

    monkeypatch.setattr(commands, "command", command)
    with pytest.raises(data.SkipscopeError, match="not now"):
        data.command_all("pause", race)
    assert asked == [("pause", run) for run in runs[:3]]
    with pytest.raises(data.SkipscopeError, match="unknown command"):
        data.command_all("delete", race)


def test_start_race_hands_the_planned_race_to_the_engine(place, monkeypatch):
    handed = []

    class Control(namedtuple("Control", "")):
        def start_race(self, race):
            handed.append(race)
            return 7, [1, 2]

    monkeypatch.setattr(current(), "control", Control())
    choices = {"steps": 150, "seeds": 2, "first_seed": 5, "settings": {"lr": "0.05"}}
    race = data.start_race(data.planned([20, 56], ["none"], "quick", "fashion-mnist-mini", **choices))
    assert race == 7
    assert (handed[0].run.optim.steps, handed[0].run.optim.lr, handed[0].first_seed) == (150, 0.05, 5)


def test_defaults_of_the_run_config_are_no_settings_of_a_race(place):
    race, _ = submit(place)
    assert data.race(race).settings == {}
    assert RunConfig().optim.lr == 0.1


def test_trials_of_learning_rates_are_in_no_list_but_their_curve_can_be_asked_for(place):
    race, runs = submit(place, depths=(8,), run={"optim.lr": "tuned", "optim.tune_grid": [0.01, 0.1]})
    plain, residual = data.tuning(race)
    assert [(arm.arm, [trial.lr for trial in arm.trials]) for arm in (plain, residual)] == [
        ("plain-8", [0.01, 0.1]), ("A-8", [0.01, 0.1]),
    ]  # fmt: skip
    assert [found.id for found in data.races()] == [race]
    assert [row.id for row in data.runs(race)] == runs
    assert data.health() == data.Health("ok")
    with Writer(place) as writer:
        best = plain.trials[1].run
        writer.record(best, [StepRow(60, 1.0, 30.0, 1.0, 31.0, 0.1, 1.0)])
        for state in (RunState.STARTING, RunState.RUNNING, RunState.FINISHED):
            writer.move(best, state)
        writer.tune(runs[:1], best, 0.1, "learning rate 0.1")
    plain, residual = data.tuning(race)
    assert (plain.lr, plain.at_edge, plain.trials[1].error) == (0.1, True, 31.0)
    assert (residual.lr, residual.done) == (None, 0)
    found = data.race(race)
    assert (found.lr, found.tuned, found.states) == ((0.1,), True, {"queued": 2})
    assert found.settings == {"optim.lr": "tuned", "optim.tune_grid": "[0.01,0.1]"}
    assert plan_race(
        found.depths, found.shortcuts, found.preset, found.data, found.steps, settings=found.settings,
        workspace=place,
    ).run == replace(PRESETS["quick"].run, {
        "optim.steps": 120, "optim.lr": "tuned", "optim.tune_grid": [0.01, 0.1], "model.channels": 1,
        "model.image_size": 14,
    })  # fmt: skip
    other, _ = submit(place)
    assert (data.tuning(other), data.race(other).tuned) == ([], False)
    assert data.history(runs, at_most=100).gap == "One depth per shortcut type: there is no degradation gap to state."


def test_the_pace_that_a_race_keeps_is_shown_and_repeated(place, monkeypatch):
    race, _ = submit(place, pace="lockstep:5")
    assert data.race(race).pace == "lockstep:5"
    assert "--pace lockstep:5" in data.race(race).as_command
    with Writer(place) as writer:
        writer.set_pace(race, "free")
    assert data.race(race).pace == "free"
    assert "--pace" not in data.race(race).as_command
    with pytest.raises(data.SkipscopeError, match="a pace is free or lockstep:K"):
        data.set_pace(race, "fast")
