"""``reference``: measures all labs at their defaults and the races that the guide cites, and records the results."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import click

from engine.cli.interrupt import ctrl_c_heard
from engine.cli.labs import follow
from engine.cli.output import race_document
from engine.cli.parsing.message import name_on_a_line
from engine.cli.races import Follower
from engine.config.presets import get_preset
from engine.errors import CommandRefused, ConfigError, EngineError
from engine.events import RunState
from engine.exchange import lab_reference, race_reference
from engine.exchange.reference_files import FOLDER, check_folder
from engine.labs.registry import LABS, get_lab
from engine.runs.client.control import Control
from engine.runs.protocol.planning import RaceRequest, plan_race
from engine.store.reader import Reader
from engine.store.rows import LabJobRow
from engine.store.workspace import Workspace

#: The recorded races by preset, and their seeds. Labs that look at trainings take those of the last.
RACES = {"start": 3, "start-vit": 3, "quick": 5}
_LOOKED_AT = "quick"
#: Settings of the record where a visitor's default would be too few: seeds whose mean is compared.
SETTINGS: dict[str, dict[str, str]] = {"rates": {"seeds": "3"}}
#: Settings with which labs measure the numbers that the guide cites and the defaults leave out.
_FURTHER: dict[str, dict[str, str]] = {"mapping": {"grid": "batch norm"}}
_STOPPED_WITHIN_S = 10.0


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME ...]")
@click.option("--into", type=click.Path(file_okay=False, path_type=Path), default=FOLDER, metavar="DIR",
              help="Where the files go.  [default: assets/reference]")  # fmt: skip
@click.pass_obj
def reference(workspace: Workspace, names: tuple[str, ...], into: Path) -> None:
    """Measure labs and races at their defaults and record the results for pages that have none yet.

    NAME is a lab or a preset; without one all are recorded, which takes about ten minutes on two cores.
    """
    races = [name for name in names if name in RACES] if names else list(RACES)
    labs = [get_lab(name).name for name in names if name not in RACES] if names else list(LABS)
    check_folder(into)
    control = Control(workspace)
    control.enter("reference")
    try:
        with Reader(control.workspace.prepare()) as reader:
            for preset in races:
                click.echo(name_on_a_line(race_reference.write(_race(control, reader, preset), into)), err=True)
            for lab in labs:
                measured = _with_further(control, reader, _lab(control, reader, lab, SETTINGS.get(lab, {})))
                click.echo(name_on_a_line(lab_reference.write(measured, into)), err=True)
    finally:
        control.leave()


def _race(control: Control, reader: Reader, preset: str) -> race_reference.RaceReference:
    """Train a race to its end and return it. Raises EngineError."""
    request = RaceRequest(preset=get_preset(preset).name, seeds=RACES[preset])
    race, runs = control.start_race(plan_race(request, control.workspace))
    follower = Follower(control, race, runs)
    with ctrl_c_heard() as pressed:
        try:
            code = follower.follow(reader, pressed, shown=True)
        except KeyboardInterrupt:
            follower.pause()
            raise
    if code:
        raise EngineError(f"a run of race {race} did not finish; `python -m engine runs` says why")
    document = race_document(reader, race)
    return race_reference.of_race(reader, preset, document, list(reader.runs.all(race)))


def _with_further(
    control: Control, reader: Reader, reference: lab_reference.LabReference
) -> lab_reference.LabReference:
    """Return a reference with the metrics that its defaults leave out. Raises ConfigError, EngineError."""
    if (settings := _FURTHER.get(reference.lab)) is None:
        return reference
    further = _lab(control, reader, reference.lab, settings).metrics
    own = {name: value for name, value in reference.metrics.items() if value is not None}
    return replace(reference, metrics={**further, **own})


def _lab(
    control: Control, reader: Reader, name: str, settings: Mapping[str, str] = MappingProxyType({})
) -> lab_reference.LabReference:
    """Run a lab to its end and return its results. Raises ConfigError, EngineError."""
    number = control.start_lab(name, settings)
    with ctrl_c_heard() as pressed:
        try:
            job = follow(control, reader, number, pressed, shown=True)
        except KeyboardInterrupt:
            with suppress(CommandRefused):  # the job has ended
                control.commands.await_done(control.commands.ask("stop", number), _STOPPED_WITHIN_S)
            raise
    if job is None or job.state != RunState.FINISHED:
        raise EngineError(f"the lab {name} did not finish; `python -m engine runs` says why")
    return lab_reference.of_job(reader, job, _inspected(reader, job))


def _inspected(reader: Reader, job: LabJobRow) -> tuple[str, ...]:
    option = LABS[job.lab].run_option
    numbers = str(job.config.settings[option.name]).split(",") if option is not None else []
    rows = [reader.runs.known(int(number)) for number in numbers]
    if any(reader.races.known(row.race).preset != _LOOKED_AT for row in rows):
        raise ConfigError(f"{job.lab} looked at another race; `reference {_LOOKED_AT} {job.lab}` records both")
    return tuple(f"{row.arm}, seed {row.seed}, {row.step:,} steps" for row in rows)
