"""Any configuration is refused in one clear line, or it can be built, and its JSON and its names mean it again."""

import json
import shlex
from contextlib import suppress

import click
import pytest
from hypothesis import strategies as st

from app.data.races import summary
from engine.cli.parsing.message import MAX_CHARACTERS, one_line
from engine.cli.races import race as race_command
from engine.config import RaceConfig, RunConfig, apply_settings, check_change, leaves, replace
from engine.config.families import FAMILIES
from engine.config.presets import PRESETS
from engine.errors import SkipscopeError
from engine.events import RunState, StepRow
from engine.labs.registry import LABS, check_settings
from engine.models.count import count
from engine.models.registry import variant
from engine.models.tensors import NETS, tensors
from engine.runs.protocol.forking import plan_fork
from engine.runs.protocol.planning import RaceRequest, plan_race
from engine.store.reader import Reader
from engine.store.rows import RaceRow
from engine.store.writer import Writer
from tests.fuzz.configurations import PATHS, documents, in_bounds, requests, right, setting, settings, shortcuts
from tests.fuzz.odd import often, scalars, texts, values
from tests.fuzz.tiers import tiers


def refused(error: Exception) -> None:
    """Check that a refusal is one line that a person can read."""
    line = str(error)
    assert isinstance(error, SkipscopeError)
    assert line.splitlines() == [line], repr(line)
    assert line.isprintable(), repr(line)
    assert len(one_line(line)) <= MAX_CHARACTERS


def check_run(run: RunConfig) -> None:
    """Check what holds of every run that was accepted."""
    assert RunConfig.from_json(run.to_json()) == run
    assert json.loads(run.to_json())
    with suppress(SkipscopeError):  # names of shortcuts are checked where a race is planned
        check_net(run)


def check_net(run: RunConfig) -> None:
    """Check that a net can be built, and that its size is what is said of it. Raises ConfigError."""
    size = count(run.model)
    assert size.parameters > 0
    assert size.weighted_layers >= 2
    again = variant(run.model.shortcut, run.model.family)
    assert variant(again.text, run.model.family) == again
    assert tensors(run.model)


def command_of(race: RaceConfig) -> str:
    """Return the command that the page shows of a race."""
    return summary(RaceRow(1, race.name, race.preset, race, 0.0, 1, race.pace), []).as_command


def planned_by(command: str, workspace) -> RaceConfig:
    """Return the race that a command plans in a shell."""
    words = shlex.split(command)
    assert words[:4] == ["python", "-m", "engine", "race"]
    context = click.Context(race_command)
    race_command.parse_args(context, words[4:])
    assert context.params.pop("as_json") is False
    return plan_race(RaceRequest(**context.params), workspace)


class Kept:
    """Counts the right cases that come to something: without them a test of refusals sees nothing else."""

    def __init__(self):
        self.tried = self.changed = 0

    def add(self, changed: bool) -> None:
        self.tried += 1
        self.changed += changed

    def are_enough(self) -> None:
        print(vars(self))
        assert self.changed >= 30, "one case in ten at least is right and changes something"


@tiers
def test_settings_of_a_run_are_refused_in_a_line_or_mean_a_run(tier):
    bases = [preset.run for preset in PRESETS.values()]
    kept = Kept()

    def check(case):
        base, chosen = case
        try:
            run = apply_settings(base, chosen)
        except SkipscopeError as error:
            return refused(error)
        kept.add(run != base)
        return check_run(run)

    tier.run(check, st.tuples(st.sampled_from(bases), settings()))
    kept.are_enough()


@tiers
def test_a_planned_race_can_be_run_and_started_again_by_its_json(tier, workspace):
    planned = []

    def check(request):
        try:
            race = plan_race(request, workspace)
        except SkipscopeError as error:
            return refused(error)
        planned.append(race)
        assert RaceConfig.from_json(race.to_json()) == race
        runs = race.runs()
        assert 1 <= len(runs) <= 64
        for run in [*{run.model: run for run in runs}.values()][:3]:
            check_net(run)
            assert RunConfig.from_json(run.to_json()) == run
        for trial in race.trials():
            assert trial.optim.rate > 0
        again = planned_by(command_of(race), workspace)
        assert (again.runs(), again.preset, again.pace) == (runs, race.preset, race.pace)
        return None

    tier.run(check, requests(), case_s=4.0)
    print(len(planned))
    assert len(planned) >= 30, "one race in ten at least is right"


@tiers
def test_a_stored_text_is_refused_in_a_line_or_read_as_it_was_written(tier):
    usual = {preset.run for preset in PRESETS.values()}
    kept = Kept()

    def check(text):
        for kind in (RunConfig, RaceConfig):
            try:
                found = kind.from_json(text)
            except SkipscopeError as error:
                refused(error)
                continue
            assert kind.from_json(found.to_json()) == found
            kept.add(found not in usual if kind is RunConfig else found.run not in usual)
            if kind is RunConfig:
                check_run(found)

    tier.run(check, documents())
    kept.are_enough()


@tiers
def test_any_value_in_any_place_of_a_run_is_refused_or_kept(tier):
    kept = Kept()

    def check(changes):
        try:
            run = replace(RunConfig(), changes)
        except SkipscopeError as error:
            return refused(error)
        kept.add(run != RunConfig())
        own = FAMILIES[run.model.family].defaults
        for name, value in changes.items():
            if value is None and name.startswith("model."):  # the family's own, which a model says of itself
                value = own.get(name.removeprefix("model."))
            assert same(leaves(run)[name], value), name
        return check_run(run)

    right_ones = st.dictionaries(st.sampled_from(PATHS), st.none(), min_size=1, max_size=2).flatmap(
        lambda names: st.fixed_dictionaries({name: right(name).map(read) for name in names})
    )
    names = st.sampled_from(PATHS) | texts(30) | st.sampled_from(("model", "optim.", ".optim", "optim.lr.x", ""))
    tier.run(check, often(right_ones, right_ones, st.dictionaries(names, often(values(), scalars()), max_size=3)))
    kept.are_enough()


@tiers
def test_a_shortcut_is_refused_or_its_text_means_it_again(tier):
    def check(case):
        text, family = case
        try:
            found = variant(text, family)
        except SkipscopeError as error:
            return refused(error)
        assert variant(found.text, family) == found
        return None

    tier.run(check, st.tuples(shortcuts(), st.sampled_from(sorted(NETS))))


@pytest.fixture
def saved(workspace):
    """A race of two runs whose second is saved at three steps."""
    with Writer(workspace) as writer, Reader(workspace) as reader:
        writer.races.submit(plan_race(RaceRequest((8,), ("none", "A"), steps=300), workspace))
        for step in (30, 60, 300):
            writer.checkpoints.add(2, step, "tenth", 1)
        writer.jobs.move(2, RunState.STARTING, threads=1, device="cpu")
        writer.jobs.move(2, RunState.RUNNING)
        writer.points.record(2, [StepRow(step, 1.0, 1.0, 1.0, 1.0, 0.1, step / 10) for step in (30, 60)])
        yield reader


@tiers
def test_a_fork_is_refused_or_keeps_the_tensors_of_its_parent(tier, saved):
    parent = saved.runs.get(2)
    before = tensors(parent.config.model)
    kept = Kept()

    def check(case):
        step, chosen = case
        try:
            plan = plan_fork(saved, parent, step, chosen)
        except SkipscopeError as error:
            return refused(error)
        assert tensors(plan.config.model) == before
        assert plan.total_steps > plan.step
        kept.add(plan.config != parent.config)
        return check_run(plan.config)

    keys = ("optim.lr", "optim.weight_decay", "lr", "strength")
    live = st.tuples(st.sampled_from(keys), often(st.floats(0, 1).map(str), setting("optim.lr")))
    steps = often(st.just(30), st.sampled_from((None, 60)), st.sampled_from((300, 45, -1, 10**30)))
    right_one = st.tuples(st.sampled_from(keys), st.floats(0.001, 1).map(str)).map(lambda pair: dict([pair]))
    tier.run(check, st.tuples(steps, often(right_one, right_one, st.lists(live, max_size=2).map(dict), settings())))
    kept.are_enough()


@tiers
def test_a_change_of_a_live_run_is_refused_or_a_number_in_its_range(tier):
    kept = Kept()

    def check(case):
        key, value = case
        try:
            number = check_change(key, value)
        except SkipscopeError as error:
            return refused(error)
        kept.add(True)
        assert number == float(value)
        return replace(RunConfig(), {f"optim.{key}": number}) if key != "strength" else number

    live = st.sampled_from(("lr", "weight_decay", "strength"))
    right_one = st.tuples(live, st.floats(0, 1).map(str) | st.floats(0, 1))
    tier.run(check, often(right_one, st.tuples(often(live, live, texts(20)), setting("optim.lr") | scalars().map(str))))
    kept.are_enough()


@tiers
def test_settings_of_a_lab_are_refused_or_kept(tier):
    kept, labs = Kept(), set()

    def check(case):
        name, chosen = case
        lab = LABS[name]
        try:
            found = check_settings(lab, chosen)
        except SkipscopeError as error:
            return refused(error)
        options = {option.name: option for option in lab.options}
        assert {*found} == {*options}
        for key, value in found.items():
            assert same(value, chosen.get(key, options[key].default)), key
            assert allows(options[key], value), key
        kept.add(found != lab.defaults())
        labs.update({name} if found != lab.defaults() else ())
        return check_settings(lab, found)

    def of(name):
        options = LABS[name].options
        keys = st.sampled_from([option.name for option in options]) | texts(12)
        odd = st.dictionaries(keys, often(values(), scalars()), max_size=3)
        one = st.sampled_from(options).flatmap(lambda option: st.tuples(st.just(option.name), in_bounds(option)))
        right_ones = st.lists(one, min_size=1, max_size=2).map(dict)
        mixed = st.builds(lambda right, odd: right | odd, right_ones, odd)
        return st.tuples(st.just(name), often(right_ones, right_ones, mixed, odd))

    tier.run(check, st.sampled_from(sorted(name for name, lab in LABS.items() if lab.options)).flatmap(of))
    kept.are_enough()
    assert len(labs) >= 5, "settings of many labs are kept"


def allows(option, value) -> bool:
    """Return whether an option of a lab allows a value, by its declaration."""
    if option.choices:
        return value in option.choices
    bounded = option.low is None or option.low <= value <= option.high
    return type(value) is type(option.default) and bounded


def read(text: str) -> object:
    """Return what a text of ``--set`` means: a value of JSON, a list without its brackets, or the text."""
    for written in (text, f"[{text}]"):
        with suppress(ValueError):
            return json.loads(written)
    return text


def same(kept: object, given: object) -> bool:
    """Return whether a kept value is the one that was given, which may have come as a text, or whole for a float."""
    if isinstance(given, str) and not isinstance(kept, str):
        given = read(given)
    if isinstance(given, list | tuple) and isinstance(kept, list | tuple):
        return len(given) == len(kept) and all(map(same, kept, given))
    return kept == given and isinstance(kept, bool) == isinstance(given, bool)
