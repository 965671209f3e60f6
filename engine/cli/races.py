"""``race`` and ``pace``: submits a race and follows its runs. The runs survive the follower; Ctrl-C pauses the runs."""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from threading import Event
from typing import Any

import click
from rich.console import Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from engine.cli.interrupt import ctrl_c_heard, pause
from engine.cli.output import console, echo_json, number, pairs, race_document, results
from engine.cli.parsing.numbers import DEPTH, RUN_ID, Number
from engine.cli.tuning import curves, under_way
from engine.config import FREE, DataConfig, OptimConfig, RaceConfig
from engine.config.presets import PRESETS
from engine.config.values import shown
from engine.data.registry import get_source
from engine.errors import CommandRefused, ConfigError, EngineUnreachable
from engine.events import ALIVE, CROWDED, ENDED, ENGINE_GONE, RunState
from engine.runs.client.control import Control
from engine.runs.client.observer import observe, with_states
from engine.runs.protocol.planning import RaceRequest, plan_race
from engine.store.reader import Reader
from engine.store.rows import RunRow
from engine.store.tables.log_entries import BROKEN_IMAGES
from engine.store.workspace import Workspace

_POLL_S = 0.2
#: How often a follower restarts a vanished engine.
_MAX_RESTARTS = 3
_PAUSED_WITHIN_S = 20.0
#: Minimum characters of columns whose words stay whole on a narrow terminal.
_LEAST = {"state": 8, "step": 7, "train": 6, "test": 6}


#: The presets with what each shows, as lines of the help that are not wrapped together.
_PRESETS = "\b\nPresets:\n" + "\n".join(f"  {preset.name:<15} {preset.shows}" for preset in PRESETS.values())


def _names(context: click.Context, option: click.Parameter, text: str | None) -> list[str]:
    """Return the names between the commas, [] without the option. Raises ConfigError."""
    names = [] if text is None else [part.strip() for part in text.split(",")]
    if not all(names):
        raise ConfigError(
            "name at least one, with a comma between two, for example --depths 20,56 --shortcuts none,A "
            f"(got {option.opts[0]} {shown(text)})"
        )
    return names


def _numbers(context: click.Context, option: click.Parameter, text: str | None) -> list[int]:
    numbers = [DEPTH.parsed(part) for part in _names(context, option, text)]
    if None in numbers:
        raise ConfigError(
            f"{option.opts[0]} are whole numbers with commas between, for example {option.metavar} (got {shown(text)})"
        )
    return [int(number) for number in numbers if number is not None]


@click.command(epilog=_PRESETS)
@click.option(
    "--depths", metavar="20,56", callback=_numbers,
    help="Weighted layers of the nets: 6n+2, mlp 2n+2, vit 4n+2.  [default: the preset's]",
)  # fmt: skip
@click.option("--blocks", metavar="4,12", callback=_numbers, help="The same in blocks, for mlp and vit.")
@click.option(
    "--shortcuts", metavar="none,A", callback=_names,
    help="What is added around a block: NAME[:key=value]..., ...  [default: the preset's]",
)  # fmt: skip
@click.option("--preset", default="quick", show_default=True, help="Starting point; see below.")
@click.option("--data", metavar="NAME", help="Data set, folder:PATH or parquet:PATH.  [default: the preset's]")
@click.option("--steps", type=Number.of(OptimConfig, "steps"), help="Updates per run.  [default: the preset's]")
@click.option("--seeds", type=Number.of(RaceConfig, "seeds"), help="Seeds per arm.  [default: the preset's]")
@click.option("--first-seed", type=Number.of(RaceConfig, "first_seed"), default=0, show_default=True)
@click.option(
    "--pace", default=FREE, show_default=True, help="free, or lockstep:K: at most K steps ahead of the slowest."
)
@click.option(
    "--set", "settings", metavar="KEY=VALUE", multiple=True, callback=lambda context, option, texts: pairs(texts),
    help="Any setting; may be repeated.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document when all runs have ended.")
@click.pass_context
def race(context: click.Context, /, as_json: bool, **choices: Any) -> None:
    """Train several nets side by side on the same batches and follow them."""
    workspace: Workspace = context.obj
    request = RaceRequest(**choices)
    with _looking(request.data, shown=not as_json):
        plan = plan_race(request, workspace)
    for line in _taken(plan.run.data):
        click.echo(line, err=True)
    control = Control(workspace)
    race_id, runs = control.start_race(plan)
    follower = Follower(control, race_id, runs)
    try:
        control.enter("race")
        with ctrl_c_heard() as heard, Reader(workspace) as reader:
            try:
                code = follower.follow(reader, heard, shown=not as_json)
            except KeyboardInterrupt:
                follower.pause()
                code = 130
            if as_json:
                echo_json(race_document(reader, race_id))
            else:
                out = console(stderr=True)
                out.print(follower.table(reader))
                if arms := reader.tuning.arms(race_id):
                    out.print(curves(arms))
                for line in (*follower.left_out(reader), *follower.causes(reader)):
                    click.echo(line, err=True)
    finally:
        control.leave()
    context.exit(code)


def _looking(data: str | None, shown: bool) -> AbstractContextManager[object]:
    """Show on a terminal that a path of images is scanned, which takes seconds for many files."""
    out = console(stderr=True)
    if shown and out.is_terminal and ":" in (data or ""):
        return out.status(f"looking through {data}")
    return nullcontext()


def _taken(data: DataConfig) -> list[str]:
    """Return what below a path is taken for what, [] for a registered set."""
    found = get_source(data.name, data.resize).description
    return [f"{data.name} is taken as", *(f"  {line}" for line in found.lines())] if found else []


@click.command()
@click.argument("race", metavar="RACE", type=RUN_ID)
@click.argument("pace", metavar="free|lockstep:K")
@click.pass_obj
def pace(workspace: Workspace, race: int, pace: str) -> None:
    """Let a race go on at another pace: as fast as each run can, or in step.

    With lockstep:K no run is more than K steps ahead of the slowest one that trains or starts. Paused, queued and ended
    runs hold nobody back; one that is resumed behind the others holds them until it has caught up.
    """
    with Reader(workspace) as reader:
        if (row := reader.races.get(race)) is None or row.tunes is not None:
            raise ConfigError(f"there is no race {race}; `python -m engine runs` lists them")
    Control(workspace).commands.set_pace(race, pace)
    click.echo(f"race {race} keeps the pace {pace}", err=True)


class Follower:
    """Watches the runs of one race until their end."""

    def __init__(self, control: Control, race: int, runs: list[int]):
        self._control, self._race, self._runs = control, race, runs
        self._restarts = 0
        self._crowded: set[int] = set()

    def follow(self, reader: Reader, pressed: Event, shown: bool) -> int:
        """Return 0 when all runs finished, else 1. ``shown``: a live table on stderr. Raises KeyboardInterrupt."""
        out = console(stderr=True)
        if not (shown and out.is_terminal):
            return self._until_ended(reader, pressed, lambda: None)
        with Live(self._view(reader), console=out, refresh_per_second=5, transient=True) as live:
            return self._until_ended(reader, pressed, lambda: live.update(self._view(reader)))

    def pause(self) -> None:
        """Pause the remaining runs, and print how to resume."""
        submitted = []
        for run in self._runs:
            with suppress(CommandRefused):  # the run has ended
                submitted.append(self._control.commands.ask("pause", run))
        for command in submitted:
            self._control.commands.await_done(command, _PAUSED_WITHIN_S)
        with Reader(self._control.workspace) as reader:
            deadline = time.monotonic() + _PAUSED_WITHIN_S
            while any(row.state in ALIVE for row in reader.tuning.trials(self._race)) and time.monotonic() < deadline:
                time.sleep(_POLL_S)  # the trials pause with the runs that wait for them
            paused = [str(row.id) for row in reader.runs.all(self._race) if row.state == RunState.PAUSED]
        if paused:
            click.echo(f"paused; `python -m engine resume {' '.join(paused)}` goes on", err=True)

    def _view(self, reader: Reader) -> Group:
        arms = reader.tuning.arms(self._race)
        return Group(self.table(reader), *([under_way(arms)] if arms else []))

    def table(self, reader: Reader) -> Table:
        """Return a table of the runs."""
        table = Table(box=None)
        for title in ("run", "arm", "seed", "state", "step", "", "train", "test", "images/s", "s"):
            # On a narrow terminal names are folded; numbers and states stay whole.
            table.add_column(title, no_wrap=title != "arm", overflow="fold", min_width=_LEAST.get(title))
        table.add_column("", overflow="ellipsis", no_wrap=True)
        rows = with_states(reader.runs.all(self._race), observe(reader))
        for row, result in zip(rows, results(reader, rows), strict=True):
            table.add_row(
                str(row.id), row.arm, str(row.seed), row.state.value, f"{row.step}/{row.total_steps}",
                ProgressBar(row.total_steps, row.step, width=10), number(result["train_error"]),
                number(result["test_error"]), number(row.images_per_s, "", 0), number(row.seconds, "", 0),
                row.detail,
            )  # fmt: skip
        return table

    def causes(self, reader: Reader) -> list[str]:
        """Return cause and log of each failed run, one line each."""
        log = self._control.workspace.log
        return [
            f"run {row.id} ({row.arm}) {row.state}: {row.cause}; log: {log(row.id)}"
            for row in reader.runs.all(self._race)
            if row.cause
        ]

    def left_out(self, reader: Reader) -> list[str]:
        """Return the remarks on unreadable images, one line per data set."""
        remarks = reader.log.of(self._runs)
        return list(dict.fromkeys(remark["text"] for remark in remarks if remark["kind"] == BROKEN_IMAGES))

    def _until_ended(self, reader: Reader, pressed: Event, show: Callable[[], None]) -> int:
        announced = False
        while True:
            # Without forks that were made meanwhile.
            rows = [row for row in reader.runs.all(self._race) if row.id in self._runs]
            show()
            self._say_crowded(rows)
            remaining = [row for row in rows if row.state not in ENDED]
            if not remaining:
                # A deleted run did not finish either.
                finished = [row for row in rows if row.state == RunState.FINISHED]
                return 0 if len(finished) == len(self._runs) else 1
            at_rest = all(row.state == RunState.PAUSED and row.detail != ENGINE_GONE for row in remaining)
            if at_rest and not announced:
                announced = True
                ids = " ".join(str(row.id) for row in remaining)
                click.echo(f"all remaining runs are paused; `python -m engine resume {ids}` goes on", err=True)
            if self._control.engine.status().state == "none":
                if at_rest:
                    click.echo("the engine has ended; the runs that are left stay paused", err=True)
                    return 1
                self._revive()
            pause(pressed, _POLL_S)

    def _say_crowded(self, rows: Sequence[RunRow]) -> None:
        """Say once of each run that its threads wait for cores: the table may have no room for it."""
        for row in rows:
            if row.detail.startswith(CROWDED) and row.id not in self._crowded:
                self._crowded.add(row.id)
                click.echo(f"run {row.id} ({row.arm}) is {row.detail}", err=True)

    def _revive(self) -> None:
        """Start a new engine. Raises EngineUnreachable after ``_MAX_RESTARTS``."""
        self._restarts += 1
        if self._restarts > _MAX_RESTARTS:
            raise EngineUnreachable(
                f"the engine ended {self._restarts} times; see {self._control.workspace.engine_log}"
            )
        click.echo("the engine has vanished; starting another one, which resumes the runs", err=True)
        self._control.engine.ensure()
