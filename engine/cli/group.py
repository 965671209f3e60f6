"""The command line: parse, call, print. The verbs and ``--json`` documents are a contract.

Messages go to stderr. A wrong call exits with 2 and one short line (``engine.cli.parsing.message``) that says
what would be right.
"""

import contextlib
import logging
import os
import sqlite3
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click

from engine.cli.bench import bench
from engine.cli.doctor import doctor
from engine.cli.exchange import export, ghosts, import_
from engine.cli.interventions import extend, fork, set_
from engine.cli.labs import lab
from engine.cli.layers import layers
from engine.cli.output import echo_json
from engine.cli.parsing.message import one_line
from engine.cli.parsing.numbers import DEPTH, Number
from engine.cli.parsing.options import Verbs
from engine.cli.races import pace, race
from engine.cli.reference import reference
from engine.cli.retention import backup, quota, tidy
from engine.cli.runs import STATE_COMMANDS, runs
from engine.cli.talks import talk
from engine.config import FAMILIES, ModelConfig, arm_name
from engine.errors import ConfigError, SkipscopeError
from engine.models.count import count as count_net
from engine.models.registry import get_shortcut
from engine.runs.client.control import Control
from engine.store.space.writability import FULL
from engine.store.workspace import Workspace

_SECONDS = Number({"type": "number", "minimum": 0})


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    try:
        try:
            code = main.main(args=arguments, prog_name="python -m engine", standalone_mode=False)
        finally:
            _flush()
        return code if isinstance(code, int) else 0
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help())
        return 2
    except click.UsageError as error:
        message = error.format_message().strip().rstrip(".")
        path = error.ctx.command_path if error.ctx is not None else "python -m engine"
        message = f"{message}; see `{path} --help`"
    except click.Abort:
        return 130
    except SkipscopeError as error:
        message = str(error)
    except sqlite3.Error as error:
        message = f"the database cannot be used ({error})"
    except OSError as error:
        path = f"{error.filename}: " if error.filename else ""
        full = f"the disk is full ({error.strerror}); free some space"
        message = f"{path}{full if error.errno in FULL else error.strerror or error}"
    click.echo(one_line(message), err=True)
    return 2


def _flush() -> None:
    """Flush stdout. Raises OSError for a closed pipe, without a second error when Python exits."""
    if sys.stdout is None or sys.stdout.closed:
        return
    try:
        sys.stdout.flush()
    except OSError as error:
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())
            os.close(nowhere)
        raise OSError(error.errno, error.strerror, "<stdout>") from None


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--workspace", metavar="DIR", help="Folder of the database and the run files (default: runs/).")
@click.pass_context
def main(context: click.Context, workspace: str | None) -> None:
    """Skipscope's engine: train plain and residual nets side by side."""
    context.obj = Workspace.at(workspace)


_COMMANDS = (
    race, pace, runs, *STATE_COMMANDS, set_, extend, fork, layers, lab, export, import_, ghosts,
    talk, reference, tidy, quota, backup, bench, doctor,
)  # fmt: skip
for _command in _COMMANDS:
    main.add_command(_command)


def _own(key: str) -> str:
    """Return the default of a setting by family, for a help text."""
    usual = ModelConfig.model_fields[key].default
    values = {name: rules.defaults.get(key, usual) for name, rules in FAMILIES.items()}
    further = (f", {name} {value}" for name, value in values.items() if value != usual)
    return f"  [default: {usual}{''.join(further)}]"


@main.command()
@click.option("--depth", type=DEPTH, help="Weighted layers, as in --depths.")
@click.option("--blocks", type=DEPTH, help="The same in blocks, for mlp and vit.")
@click.option("--shortcut", default="A", show_default=True, help="NAME[:key=value]..., as in --shortcuts.")
@click.option("--family", default="cifar", show_default=True, help=f"{', '.join(FAMILIES)}.")
@click.option("--stem", default="auto", show_default=True, help="small (3x3) or large (7x7/2, pooling; imagenet only).")
@click.option(
    "--width", type=Number.of(ModelConfig, "width"), help=f"Filters of the first stage, or the stream.{_own('width')}"
)
@click.option("--channels", type=Number.of(ModelConfig, "channels"), help=f"Colours of an image.{_own('channels')}")
@click.option("--classes", type=Number.of(ModelConfig, "classes"), help=f"Classes.{_own('classes')}")
@click.option(
    "--size", "image_size", type=Number.of(ModelConfig, "image_size"),
    help=f"Side of an image in pixels.{_own('image_size')}",
)  # fmt: skip
@click.option("--heads", type=Number.of(ModelConfig, "heads"), help="Heads of attention (vit only).  [default: 2]")
@click.option("--patch", type=Number.of(ModelConfig, "patch"), help="Side of a patch (vit only).  [default: derived]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def count(as_json: bool, blocks: int | None, **values: Any) -> None:
    """Count parameters, weighted layers and multiply-adds of a net; the defaults are the paper's.

    Multiply-adds of vit contain attention's two products, which have no weights.
    """
    if (blocks is None) == (values["depth"] is None):
        raise ConfigError("name how deep the net is, by --depth or by --blocks")
    if blocks is not None and (family := FAMILIES.get(values["family"])):
        values["depth"] = family.depth(blocks)
    config = ModelConfig.checked(**{key: value for key, value in values.items() if value is not None})
    result = asdict(count_net(config))
    note = ""
    if config.family == "imagenet":
        papers = ModelConfig(family=config.family, depth=config.depth, shortcut=config.shortcut)
        by_depth = {
            row.net.rpartition("-")[2]: row
            for row in get_shortcut(result["shortcut"]).published
            if row.data == "ImageNet" and row.variant == result["shortcut"]
        }
        row = by_depth.get(str(config.depth)) if config == papers else None
        result |= {"family": config.family, "published": asdict(row) if row else None}
        note = f"; published for ImageNet: {row.error} % ({row.kind}; {row.source})" if row else ""
    elif config.blocks:
        result |= {"family": config.family, "blocks": config.blocks}
        note = ", with the two products of attention" if config.family == "vit" else ""
    if as_json:
        echo_json(result)
    else:
        click.echo(
            f"{arm_name(config.depth, result['shortcut'], config.family)}: {result['parameters']:,} parameters, "
            f"{result['weighted_layers']} weighted layers, {result['multiply_adds']:,} multiply-adds per image{note}"
        )


@main.command()
@click.option("--idle-seconds", type=_SECONDS, default=None, help="End after so long without work.")
@click.option("--launcher", default="local", show_default=True, help="Where runs train: local, or ray for a cluster.")
@click.option("--address", default="", metavar="HOST:PORT", help="Head node of the cluster, for --launcher ray.")
@click.pass_obj
def serve(workspace: Workspace, idle_seconds: float | None, launcher: str, address: str) -> None:
    """Be the workspace's engine (races and the page start one by themselves)."""
    from engine.runs.launchers.registry import LauncherChoice
    from engine.runs.supervisor import supervisor

    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s", force=True
    )
    idle_s = supervisor.IDLE_S if idle_seconds is None else idle_seconds
    supervisor.serve(workspace, idle_s, LauncherChoice(launcher, address))


@main.command()
@click.pass_obj
def shutdown(workspace: Workspace) -> None:
    """Pause all runs and end the engine; say what became of each run."""
    ended = Control(workspace).engine.shutdown()
    for line in ended.lines() if ended else ["no engine lives for this workspace"]:
        click.echo(line, err=True)
