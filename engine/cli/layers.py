"""``layers``: prints one quantity of every layer of a run at one probed step."""

import math

import click
import numpy as np

from engine.cli.output import console, echo_json, table
from engine.cli.parsing.numbers import RUN_ID
from engine.config.values import shown, whole_from
from engine.errors import ConfigError
from engine.probes.quantity import Quantity
from engine.probes.registry import QUANTITIES, absences, get_quantity
from engine.store.reader import Reader
from engine.store.tables.probes import ProbeRow
from engine.store.workspace import Workspace


@click.command()
@click.argument("run", metavar="RUN", type=RUN_ID)
@click.option("--quantity", default="response_std", show_default=True, help=f"One of {', '.join(QUANTITIES)}.")
@click.option("--step", default="last", show_default=True, help="A probed step (0: at initialisation), or last.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def layers(workspace: Workspace, run: int, quantity: str, step: str, as_json: bool) -> None:
    """Print what the probes measured in every layer of a run at one step, front to back."""
    row = get_quantity(quantity)
    with Reader(workspace) as reader:
        absent = absences(reader.runs.known(run).family)
        if row.name in absent:
            raise ConfigError(f"run {run} has no {row.name}: {row.absent}")
        probe = _probe(reader, run, step)
        array = reader.probes.array(probe.id, row.name)
        if array is None:
            recorded = ", ".join(reader.probes.quantities(run))
            raise ConfigError(f"run {run} was recorded without {row.name}; it has {recorded}")
        names = _names(reader, run, row, len(array))
    if as_json:
        values = np.where(np.isfinite(array), array.astype(object), np.array(None)).tolist()  # JSON knows no NaN
        document = {"run": run, "step": probe.step, "quantity": row.name, "unit": row.unit, "absent": absent}
        echo_json({**document, "layers": [{"layer": n, "value": v} for n, v in zip(names, values, strict=True)]})
        return
    unit = f" ({row.unit})" if row.unit else ""
    click.echo(f"run {run}, step {probe.step}: {row.label}{unit}")
    measured = table("layer", wide=row.name)
    for name, value in zip(names, array, strict=True):
        measured.add_row(name, _text(value))
    console().print(measured)


def _probe(reader: Reader, run: int, step: str) -> ProbeRow:
    probes, _ = reader.probes.all(run)
    if not probes:
        raise ConfigError(f"run {run} has no probes: none was made yet, or it was recorded with probe.images=0")
    if step == "last":
        return probes[-1]
    requested = whole_from(step)
    if requested is None:
        raise ConfigError(f"--step is a whole number or last (got {shown(step)})")
    probe = next((row for row in probes if row.step == requested), None)
    if probe is None:
        near = sorted(sorted((row.step for row in probes), key=lambda other: abs(other - requested))[:3])
        raise ConfigError(f"run {run} was not probed at step {requested}; nearest {', '.join(map(str, near))}")
    return probe


def _names(reader: Reader, run: int, row: Quantity, length: int) -> list[str]:
    if row.per == "stage":
        return ["net", *(f"stage{number}" for number in range(1, length))]
    places = next(filter(None, (reader.probes.layers(run, kind) for kind in row.kinds)), [])
    if row.per == "channel":
        return [f"{place.name}/channel{channel}" for place in places for channel in range(1, place.channels + 1)]
    return [place.name for place in places]


def _text(value: np.ndarray) -> str:
    if value.ndim:
        return " ".join(_text(entry) for entry in value)
    if math.isnan(value):
        return "no value"  # undefined at this step, or the net is not finite
    return f"{value:.4g}" if math.isfinite(value) else "infinite"
