"""Races as the page lists them, the command that repeats each, and the summaries of their runs."""

import shlex

import pytest

from app.data import interventions, races, streaming
from app.data.workspace import Health, health
from engine.config import RunConfig, replace
from engine.config.presets import PRESETS
from engine.errors import SkipscopeError
from engine.events import RunState, StepRow
from engine.runs.protocol.planning import RaceRequest, plan_race
from engine.store.writer import Writer
from tests.app.data.conftest import submit


def test_races_are_newest_first_and_follow_every_change(place):
    first, runs = submit(place, seeds=2, name="a look")
    second, _ = submit(place, depths=(20,), shortcuts=("none",), run={"model.width": 12})
    race_list = races.races()
    assert [race.id for race in race_list] == [second, first]
    assert races.races() is race_list  # nothing changed: not read again
    old = races.race(first)
    assert old.arms == ("plain-20", "plain-56", "A-20", "A-56")
    assert (old.seeds, old.steps, old.lr, old.has_both_families) == (2, 120, (0.1,), True)
    assert old.states == {"queued": 8}
    assert old.title == (
        f"Race {first}: a look: plain-20, plain-56, A-20, A-56 on fashion-mnist-mini, 120 steps, 2 seeds"
    )
    with Writer(place) as writer:
        writer.jobs.move(runs[0], RunState.STARTING)
    assert races.race(first).states == {"queued": 7, "starting": 1}
    assert races.race(999) is None


def test_the_command_repeats_the_race(place):
    race, _ = submit(place, seeds=2, first_seed=3, run={"model.width": 12, "optim.lr": 0.05})
    assert races.race(race).as_command == (
        "python -m engine race --depths 20,56 --shortcuts none,A --preset quick --data fashion-mnist-mini --steps 120 "
        "--seeds 2 --first-seed 3 --set model.width=12 --set optim.lr=0.05"
    )
    assert {"setting": "optim.lr", "value": "0.05"} in races.race(race).protocol
    assert {"what": "seeds", "value": "3, 4"} in races.race(race).origin


@pytest.mark.parametrize(
    ("preset", "changes", "settings"),
    [
        ("talk", {}, {"optim.drops": "[0.5, 0.75]", "model.width": "12"}),
        ("quick", {"seeds": 3, "first_seed": 7}, {"precision": "fp32", "optim.warmup_lr": "0.02"}),
        ("quick", {"first_seed": 2}, {}),
        ("talk", {}, {"optim.drops": "[]", "data.flip": "false"}),
        ("paper", {}, {}),
        ("quick", {}, {"optimizer": "adamw", "warmup_steps": "60"}),
        ("paper", {}, {"optimizer": "adamw", "lr": "tuned"}),
        # As the preset has it, which another optimizer or family would replace.
        ("quick", {}, {"optimizer": "adamw", "lr": "0.1", "weight_decay": "1e-4"}),
        ("quick", {}, {"model.family": "mlp", "model.width": "8"}),
        ("paper", {}, {"optim.warmup_lr": "null"}),  # for all depths: the preset's own exception must not come back
    ],
)
def test_the_command_pasted_into_a_shell_plans_the_same_race(place, preset, changes, settings):
    source = PRESETS[preset].data[-1]
    wanted = plan_race(RaceRequest([], [], preset, source, 120, settings=settings, **changes), place)
    with Writer(place.prepare()) as writer:
        race, _ = writer.races.submit(wanted)
    words = shlex.split(races.race(race).as_command, comments=True)
    assert words[:4] == ["python", "-m", "engine", "race"]
    pairs = list(zip(words[4::2], words[5::2], strict=True))
    arguments = dict(pairs)
    assert set(arguments) >= {"--depths", "--shortcuts", "--preset", "--data", "--steps"}
    assert ("--seeds" in arguments, "--first-seed" in arguments) == ("seeds" in changes, "first_seed" in changes)
    again = plan_race(
        RaceRequest(
            [int(depth) for depth in arguments["--depths"].split(",")],
            arguments["--shortcuts"].split(","),
            arguments["--preset"],
            arguments["--data"],
            int(arguments["--steps"]),
            int(arguments.get("--seeds", 1)),
            int(arguments.get("--first-seed", 0)),
            dict(value.split("=", 1) for key, value in pairs if key == "--set"),
        ),
        place,
    )
    assert again == wanted


def test_the_command_asks_for_mirrored_digits_where_somebody_did(place):
    with Writer(place.prepare()) as writer:
        for settings, named in (({"data.flip": "true"}, ["data.flip"]), ({}, ["data.flip=false"])):
            wanted = plan_race(RaceRequest(data="svhn", settings={"pool": "1", **settings}), place)
            race, _ = writer.races.submit(wanted)
            assert all(name in races.race(race).as_command for name in named)


def test_the_command_names_seeds_that_are_not_the_presets(place):
    for seeds, named in ((3, False), (1, True)):
        with Writer(place.prepare()) as writer:
            race, _ = writer.races.submit(plan_race(RaceRequest(preset="start", seeds=seeds), place))
        assert (f"--seeds {seeds}" in races.race(race).as_command) is named


def test_the_command_quotes_what_a_shell_would_read(place):
    race, _ = submit(place, run={"optim.drops": (0.5, 0.75)})
    assert races.race(race).as_command.endswith("--set 'optim.drops=[0.5,0.75]'")


def test_cards_hold_everything_the_page_shows_of_a_run(place):
    race, runs = submit(place)
    with Writer(place) as writer:
        writer.checkpoints.add(runs[1], 10, "tenth", 4096)
        writer.jobs.move(runs[2], RunState.STARTING)
        writer.jobs.move(runs[2], RunState.FAILED, cause="out of memory")
    cards = streaming.history(runs, 100).run_summaries
    assert [card["run"] for card in cards] == runs
    assert {card["race"] for card in cards} == {race}
    assert set(cards[0]) == {
        "run", "race", "arm", "depth", "depth_name", "shortcut", "seed", "state", "detail", "cause", "log", "step",
        "total_steps", "parameters", "device", "precision", "threads", "images_per_s", "seconds", "evaluation_share",
        "probe_share", "optimizer", "warmup_steps", "batch_size", "train_images", "checkpoints", "checkpoint_bytes",
        "eval_images", "closing_images", "bn", "variant", "plain", "lr", "parent", "parent_step", "changes", "note",
        "difference", "difference_name", "place",
    }  # fmt: skip
    assert [card["plain"] for card in cards] == [True, True, False, False]
    assert (cards[0]["parent"], cards[0]["changes"], cards[0]["lr"]) == (None, [], 0.1)
    assert (cards[1]["checkpoints"], cards[1]["checkpoint_bytes"], cards[0]["checkpoints"]) == (1, 4096, 0)
    assert (cards[2]["state"], cards[2]["cause"]) == ("failed", "out of memory")
    assert (cards[0]["train_images"], cards[0]["optimizer"], cards[0]["warmup_steps"]) == (20_000, "SGD", 0)
    assert (cards[0]["eval_images"], cards[0]["closing_images"], cards[0]["bn"]) == (1000, 5000, "running")
    _, runs = submit(place, run={"data.eval_images": 500, "recalibrate_bn": True})
    cards = streaming.history(runs, 100).run_summaries
    assert {(card["eval_images"], card["bn"]) for card in cards} == {(500, "recalibrated")}


def test_defaults_of_the_run_config_are_no_settings_of_a_race(place):
    race, _ = submit(place)
    assert races.race(race).settings == {}
    assert RunConfig().optim.lr == 0.1


def test_trials_of_learning_rates_are_in_no_list_but_their_curve_can_be_asked_for(place):
    race, runs = submit(place, depths=(8,), run={"optim.lr": "tuned", "optim.tune_grid": [0.01, 0.1]})
    plain, residual = races.tuning(race)
    assert [(arm.arm, [trial.lr for trial in arm.trials]) for arm in (plain, residual)] == [
        ("plain-8", [0.01, 0.1]), ("A-8", [0.01, 0.1]),
    ]  # fmt: skip
    assert [found.id for found in races.races()] == [race]
    assert [row.id for row in races.runs(race)] == runs
    assert health() == Health("ok")
    with Writer(place) as writer:
        best = plain.trials[1].run
        writer.points.record(best, [StepRow(60, 1.0, 30.0, 1.0, 31.0, 0.1, 1.0)])
        for state in (RunState.STARTING, RunState.RUNNING, RunState.FINISHED):
            writer.jobs.move(best, state)
        writer.tuning.take(runs[:1], best, 0.1, "learning rate 0.1")
    plain, residual = races.tuning(race)
    assert (plain.lr, plain.at_edge, plain.trials[1].error) == (0.1, True, 31.0)
    assert (residual.lr, residual.done) == (None, 0)
    found = races.race(race)
    assert (found.lr, found.tuned, found.states) == ((0.1,), True, {"queued": 2})
    assert found.settings == {"optim.lr": "tuned", "optim.tune_grid": "[0.01,0.1]"}
    request = RaceRequest(
        found.depths, found.shortcuts, found.preset, found.data, found.steps, settings=found.settings
    )  # fmt: skip
    assert plan_race(request, place).run == replace(PRESETS["quick"].run, {
        "optim.steps": 120, "optim.lr": "tuned", "optim.tune_grid": [0.01, 0.1], "model.channels": 1,
        "model.image_size": 14,
    })  # fmt: skip
    other, _ = submit(place)
    assert (races.tuning(other), races.race(other).tuned) == ([], False)
    statement = streaming.history(runs, at_most=100).conclusions.statement
    assert statement.headline == "Each shortcut type has one depth: nothing to compare."


def test_the_pace_that_a_race_keeps_is_shown_and_repeated(place, monkeypatch):
    race, _ = submit(place, pace="lockstep:5")
    assert races.race(race).pace == "lockstep:5"
    assert "--pace lockstep:5" in races.race(race).as_command
    with Writer(place) as writer:
        writer.races.set_pace(race, "free")
    assert races.race(race).pace == "free"
    assert "--pace" not in races.race(race).as_command
    with pytest.raises(SkipscopeError, match="a pace is free or lockstep:K"):
        interventions.set_pace(race, "fast")
