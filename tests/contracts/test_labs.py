"""What every registered lab must do; a new row in the registry is tested by being there.

A lab is run with each number at its lower bound, so that must be quick.
"""

import io
from functools import cache
from importlib import import_module
from typing import NamedTuple

import pytest
import torch

from engine.errors import ConfigError
from engine.events import Concluded, CurveUpdated, MetricReported, Progressed
from engine.labs.registry import LABS, check_settings
from engine.labs.spec import KINDS
from engine.store.migrations import curve_part
from tests.engine.labs.bench import DEVICE, results, until
from tests.engine.labs.inspected_runs import trained

every_lab = pytest.mark.parametrize("name", LABS)
#: Labs that take more than a second of one core even so: what one of them does again is seen where it resumes.
DEAR = {"constructed", "mapping", "conditioning", "rates", "smoothness", "lesion", "landscape"}


def smallest(name):
    """Settings with every number at its lower bound."""
    row = LABS[name]
    return check_settings(row, {option.name: option.low for option in row.options if option.low is not None})


def make(name, state=None):
    module, attribute = LABS[name].lab.split(":")
    # As in a worker of its own: another lab may have set other threads, and with them other bits.
    torch.set_num_threads(DEVICE.threads)
    row = LABS[name]
    looked_at = trained(1), trained(2, model__shortcut="A")
    inspected_runs = (looked_at if row.run_option.run_reference == "runs" else looked_at[:1],) if row.run_option else ()
    return getattr(import_module(module), attribute)(smallest(name), DEVICE, state, *inspected_runs)


def stored(state):
    """The state as it comes back from a checkpoint."""
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


class Record(NamedTuple):
    """A lab that nobody interrupts: its events, and its state after each of them."""

    events: list
    states: list


@cache
def record(name):
    """Every lab runs once for all cases of this file."""
    lab, events, states = make(name), [], []
    for event in lab.events():
        events.append(event)
        states.append(lab.state())
    return Record(events, states)


@pytest.mark.slow
@every_lab
def test_progress_begins_at_zero_grows_by_units_and_ends_at_the_total(name):
    progress = [event for event in record(name).events if isinstance(event, Progressed)]
    assert isinstance(record(name).events[0], Progressed)
    (total,) = {event.total for event in progress}
    assert [event.done for event in progress] == list(range(total + 1))
    assert all(event.words and "\n" not in event.words for event in progress)


@every_lab
def test_it_concludes_once_and_last(name):
    assert [event for event in record(name).events if isinstance(event, Concluded)] == [record(name).events[-1]]
    assert record(name).events[-1].seconds > 0
    assert {type(event) for event in record(name).events} == {Progressed, CurveUpdated, MetricReported, Concluded}


@every_lab
def test_panels_and_figures_are_those_of_the_row(name):
    curves, figures = results(record(name).events)
    assert {panel for panel, _ in curves} == {panel.name for panel in LABS[name].panels}
    assert set(figures) == {figure.name for figure in LABS[name].metrics}
    for event in record(name).events:
        if isinstance(event, CurveUpdated):
            assert len(event.x) == len(event.y) > 0
            assert event.name.kind
            assert all(isinstance(value, (int, float)) for value in (*event.x, *event.y))
            # Databases of earlier versions hold these texts.
            assert event.name == tuple(curve_part(event.name.text, part) for part in event.name._fields)
        if isinstance(event, MetricReported):
            assert type(event.value) is float


def said(events):
    """Events as comparable text (NaN equals NaN)."""
    return [repr(event) for event in events]


def settled(events):
    """Events without curves that a later one replaces: how often a growing curve is shown is up to the clock."""
    last = {(event.panel, event.name): place for place, event in enumerate(events) if isinstance(event, CurveUpdated)}
    return [
        event
        for place, event in enumerate(events)
        if not isinstance(event, CurveUpdated) or last[event.panel, event.name] == place
    ]


def resumed(name, count):
    """What a lab yields that goes on from its state after ``count`` events."""
    return make(name, stored(record(name).states[count - 1])).events()


@every_lab
def test_interrupted_within_a_task_and_resumed_it_does_that_task_again_and_finds_the_same(name):
    events = record(name).events
    count = 3 * len(events) // 4
    while isinstance(events[count - 1], Progressed):
        count += 1
    rest = list(resumed(name, count))
    finished = max(place for place in range(count) if isinstance(events[place], Progressed))
    assert said(settled(rest[:-1])) == said(settled(events[finished:-1]))
    assert isinstance(rest[-1], Concluded)
    assert results(events[:count] + rest) == results(events)


@every_lab
def test_interrupted_at_its_ends_it_has_all_to_do_or_nothing(name):
    events = record(name).events
    lab = make(name)
    assert said(until(lab, 3)) == said(events[:3])
    assert repr(lab.state()["results"]) == repr(record(name).states[2]["results"])
    first = resumed(name, 1)
    assert next(first) == events[0]
    first.close()
    (progressed, concluded) = resumed(name, len(events) - 1)
    assert (progressed, concluded) == (events[-2], events[-1])


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.long if name in DEAR else ()) for name in LABS])
def test_making_it_again_finds_the_same(name):
    again, events = list(make(name).events()), record(name).events
    assert said(settled(again[:-1])) == said(settled(events[:-1]))
    assert results(again) == results(events)


@every_lab
def test_row_is_explained(name):
    row = LABS[name]
    assert row.name == name
    assert row.question.endswith("?")
    assert all(text.endswith(".") for text in (row.context, row.caveats, row.refutation))
    assert row.source and row.panels and row.metrics
    assert sum(option.primary for option in row.options) <= 3
    # Wall time: the page divides by the threads that the job gets.
    assert row.seconds is None or 0 < row.seconds(row.defaults()) / row.threads <= 30
    assert row.refuse is None or row.refuse(row.defaults()) == ""
    panels, in_nats = {panel.name for panel in row.panels}, any(metric.unit == "nats" for metric in row.metrics)
    for panel in row.panels:
        assert panel.title and panel.x and panel.y
        assert panel.how_to_read.endswith(".") and panel.caveat.endswith(".")
        assert {panel.x_scale, panel.y_scale} <= {"linear", "log"}
        assert panel.kind in KINDS and {panel.opens, panel.path} <= {"", *panels}
        assert {panel.nets_of, panel.event} <= {"", *(option.name for option in row.options)}
        assert bool(panel.event) == bool(panel.event_words)
        assert panel.columns or panel.kind != "heat"
        # Losses whose numbers are in nats, and shares in percent, have their unit at the axis.
        of_nats = in_nats and "loss" in panel.y and "relative" not in panel.y
        assert panel.y.endswith(", nats") == of_nats and "percent" not in panel.y
    for figure in row.metrics:
        assert figure.label and figure.source and figure.expected
        # The A of a shortcut type stays one.
        assert figure.name.isidentifier() and figure.name.replace("_A_", "_").islower()
    for part in (row.options, row.panels, row.metrics):
        assert len({entry.name for entry in part}) == len(part)
    for option in row.options:
        assert option.label and option.help.endswith(".")


@every_lab
def test_settings_are_checked(name):
    row = LABS[name]
    assert check_settings(row, row.defaults()) == row.defaults()
    for option in row.options:
        wrong = [[1]]
        wrong += [option.low - 1] if option.low is not None else []
        wrong += [option.high + 1] if option.high is not None else []
        wrong += [2] if isinstance(option.default, bool) else []
        for value in wrong:
            with pytest.raises(ConfigError) as caught:
                check_settings(row, {option.name: value})
            assert str(caught.value).startswith(f"{option.name} must be ")
            assert "\n" not in str(caught.value)
