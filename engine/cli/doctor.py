"""``doctor``: examines machine and workspace. The only command that loads torch."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import click

from engine.cli.output import echo_json
from engine.data.files.offered import Offer, offered
from engine.data.presence import present
from engine.data.registry import SOURCES, Source
from engine.errors import DatabaseDamaged, NoDatabase, SkipscopeError
from engine.hardware.compiler import why_not
from engine.hardware.cores import cores
from engine.hardware.machine import devices, gpus, number_gpus_alike, runs_per_gpu
from engine.hardware.training import view_only
from engine.provenance import versions
from engine.runs.client.control import Control
from engine.runs.client.observer import observe
from engine.runs.protocol.liveness import Seen
from engine.store.connection import check, obstacle
from engine.store.reader import Reader
from engine.store.space.writability import is_read_only, read_only
from engine.store.workspace import Workspace


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("--new-database", is_flag=True, help="Move a damaged database aside and start a new one.")
@click.pass_context
def doctor(context: click.Context, as_json: bool, new_database: bool) -> None:
    """Look at device, threads, precision, versions, data sets and the workspace's health.

    Exits with 1 where something is wrong with the workspace, one line each: a damaged, locked or unreadable database, a
    full or read-only disk, an engine that does not answer, runs at work on record without an engine.
    """
    workspace: Workspace = context.obj
    moved_to = Control(workspace).engine.new_database() if new_database else None
    report = examine(workspace)
    if moved_to is not None:
        report["workspace"]["moved_aside"] = str(moved_to)
        click.echo(f"the damaged database is kept as {moved_to}; the next race makes a new one", err=True)
    if as_json:
        echo_json(report)
    else:
        for line in _lines(report):
            click.echo(line)
    context.exit(0 if report["workspace"]["healthy"] else 1)


def examine(workspace: Workspace) -> dict[str, Any]:
    """Return the report as plain values; ``gpus`` come from the driver, ``device`` from torch."""
    number_gpus_alike()
    device = _device()
    sources: list[Source | Offer] = [*SOURCES.values(), *offered()]
    return {
        "device": device,
        "devices": devices(),
        "gpus": [asdict(gpu) for gpu in gpus()],
        "cores": cores(),
        "use": _use(device),
        "versions": versions(),
        "data": [
            {"name": source.name, "label": source.label, "present": present(source.name, workspace.path)}
            for source in sources
        ],
        "workspace": _health(workspace),
    }


def _device() -> dict[str, Any]:
    """Return what runs get by default; ``device`` is ``none`` in an installation that only views."""
    if words := view_only():
        nothing = {"device": "none", "name": words, "precision": "none", "bf16": False, "threads": 0}
        return {**nothing, "gpus": [], "torch": "not installed"}
    from engine.hardware.device import describe

    return describe()


def _use(device: dict[str, Any]) -> dict[str, Any]:
    """Return devices and slots of runs by default; ``compile`` is the reason against ``compile=true``, '' without."""
    if device["device"] == "none":
        nothing = {"devices": [], "slots": 0, "threads": 0, "threads_alone": 0, "precision": "none"}
        return {**nothing, "compile": "torch is not installed"}
    kind = device["device"].partition(":")[0]
    on_gpu = kind == "cuda"
    names = [name for name in devices() if name.startswith(kind)] or [device["device"]]
    return {
        "devices": names,
        "slots": len(names) * runs_per_gpu() if on_gpu else 2 * cores(),
        "threads": 1,
        "threads_alone": 1 if on_gpu else cores(),
        "precision": device["precision"],
        "compile": why_not(kind),
    }


def _health(workspace: Workspace) -> dict[str, Any]:
    """Return the workspace's health; ``problems`` are lines for people, ``problem`` is the first."""
    health: dict[str, Any] = {
        "path": str(workspace.path), "healthy": False, "database": "none", "problem": None, "engine": "none",
        "runs": 0, "checkpoint_bytes": 0,
    }  # fmt: skip
    problems: list[str] = []
    try:
        if not is_read_only(workspace.path):
            workspace.prepare()
    except SkipscopeError as error:
        problems.append(str(error))
    try:
        check(workspace)
        with Reader(workspace) as reader:
            health["runs"] = sum(run.tunes is None for run in reader.runs.all(every=True))
            health["checkpoint_bytes"] = sum(size for _, size in reader.checkpoints.totals().values())
            status = Control(workspace).engine.status()
            if status.state not in ("alive", "none"):
                problems.append(status.message)
            problems += _stale(observe(reader))
        health.update(engine=status.state, database="ok")
        if (reason := obstacle(workspace)) is not None:
            problems.append(str(reason))
    except NoDatabase:
        if is_read_only(workspace.path):
            problems.append(str(read_only(workspace.path)))
    except SkipscopeError as error:
        problems.append(str(error))
        health["database"] = "damaged" if isinstance(error, DatabaseDamaged) else "unusable"
    problems = list(dict.fromkeys(problems))
    return health | {"healthy": not problems, "problem": next(iter(problems), None), "problems": problems}


def _stale(seen: Mapping[int, Seen]) -> list[str]:
    """Return a line for each way in which runs are not as their records say."""
    runs: dict[str, list[int]] = {}
    for run, (_, detail) in seen.items():
        runs.setdefault(detail, []).append(run)
    return [
        f"{'run' if len(ids) == 1 else 'runs'} {', '.join(map(str, ids))}: {detail}" for detail, ids in runs.items()
    ]


def _lines(report: dict[str, Any]) -> list[str]:
    place = report["workspace"]
    data = ", ".join(f"{row['name']} ({'present' if row['present'] else 'not here yet'})" for row in report["data"])
    return [
        *_training_lines(report),
        f"versions    {', '.join(f'{name} {version}' for name, version in report['versions'].items() if version)}",
        f"data        {data}",
        f"workspace   {place['path']}: {place['problem'] or 'healthy'}",
        *[f"            {problem}" for problem in place["problems"][1:]],
        f"database    {place['database']}, {place['runs']} runs, checkpoints {place['checkpoint_bytes'] / 1e6:.1f} MB",
        f"engine      {place['engine']}",
    ]


def _training_lines(report: dict[str, Any]) -> list[str]:
    device = report["device"]
    if device["device"] == "none":
        return [f"device      none: {device['name']}"]
    return [
        f"device      {device['device']}: {device['name']}, {device['precision']}, {report['cores']} cores",
        *[f"found       {_gpu_line(gpu)}" for gpu in report["gpus"]],
        f"runs        {_use_line(report['use'])}",
        f"precision   {'bf16; --set precision=fp32 for 32-bit floats' if device['bf16'] else 'fp32; no bf16 here'}",
        f"compile     {'no: ' + reason if (reason := report['use']['compile']) else 'available (--set compile=true)'}",
    ]


def _gpu_line(gpu: dict[str, Any]) -> str:
    memory = "its driver does not say how much memory is free"
    if gpu["free"] is not None:
        memory = f"{gpu['free'] / 1e9:.1f} of {gpu['total'] / 1e9:.1f} GB free"
    return f"{gpu['device']}: {gpu['name']}, {memory}"


def _use_line(use: dict[str, Any]) -> str:
    where = f"on {', '.join(use['devices'])}: up to {use['slots']} at once"
    if use["devices"] == ["cpu"]:
        return f"{where} with 1 thread each; a race of one run trains alone with {use['threads_alone']}"
    return f"{where}, those for which there is memory, with 1 CPU thread each"
