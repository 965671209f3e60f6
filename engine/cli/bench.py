"""``bench``: the engine against a conventional training loop, in one run."""

from functools import partial
from typing import Any

import click
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from engine.bench.benchmark import Plan, measure
from engine.bench.workload import Workload
from engine.cli.output import console, echo_json
from engine.hardware.cores import cores
from engine.hardware.machine import devices
from engine.hardware.training import require_torch
from engine.runs.temporary_folder import TemporaryFolder
from engine.store.workspace import Workspace

DEPTHS = (20, 56)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def bench(workspace: Workspace, as_json: bool) -> None:
    """Measure training speed against a conventional loop; takes about three minutes on two cores.

    Ratios are medians over alternating turns, so that what else the machine does meets both sides.
    """
    require_torch()
    device = devices()[-1] if len(devices()) == 1 else devices()[1]
    plan = Plan()
    with TemporaryFolder(workspace.prepare(), removed=True), Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console(stderr=True),
        disable=as_json, transient=True,
    ) as progress:  # fmt: skip
        bar = progress.add_task("starting", total=len(DEPTHS) * (2 + 3 * plan.rounds))
        show = partial(progress.update, bar, advance=1)
        nets = [
            measure(Workload(depth), device, cores(), plan, lambda text: show(description=text)) for depth in DEPTHS
        ]
    if as_json:
        echo_json({"device": device, "nets": nets})
    else:
        _print(nets, device)


def _print(nets: list[dict[str, Any]], device: str) -> None:
    out = console()
    table = Table(
        "net", "conventional loop", "two runs at once", "ratio", "one run", "ratio",
        box=None, title=f"images/s on {device}, median (least to most)", title_justify="left",
    )  # fmt: skip
    for net in nets:
        speeds = net["details"]["images_per_s"]
        table.add_row(
            net["net"], _speed(speeds["conventional"]), _speed(speeds["pair"]), _ratio(net, "pair_throughput_ratio"),
            _speed(speeds["single"]), _ratio(net, "single_throughput_ratio"),
        )  # fmt: skip
    out.print(table)
    parts = Table(
        "net", "step", "convolutions", "ratio", "probe", "probes in 2,000 steps", "memory of one run",
        box=None, title="one thread: a step, its convolutions alone, one probe", title_justify="left",
    )  # fmt: skip
    for net in nets:
        details = net["details"]
        parts.add_row(
            net["net"], f"{details['step_ms']:.0f} ms", f"{details['convolutions_ms']:.0f} ms",
            _ratio(net, "step_over_convolutions"), f"{details['probe_ms']:.0f} ms",
            f"{100 * net['probe_share']:.1f} %", f"{details['memory_mb']['pair']:,.0f} MB",
        )  # fmt: skip
    out.print(parts)


def _speed(values: dict[str, float]) -> str:
    return f"{values['median']:,.0f} ({values['least']:,.0f} to {values['most']:,.0f})"


def _ratio(net: dict[str, Any], name: str) -> str:
    values = net["details"][name]
    return f"{net[name]:.2f} ({values['least']:.2f} to {values['most']:.2f})"
