"""Odd values of every option and every setting: a refusal is one short line, and none ends in a traceback."""

import click
import pytest
from pydantic import BaseModel

from engine.cli.group import main
from engine.config import RaceConfig, RunConfig
from engine.errors import ConfigError
from engine.labs.registry import LABS
from engine.runs.client.control import Control
from engine.runs.client.process import EngineProcess
from engine.runs.supervisor import supervisor

pytestmark = pytest.mark.slow

ODD = (
    "", " ", "nan", "-inf", "1e999", "1e-400", "-1", "9" * 400, "x" * 5_000, "１", "1_0", "null", "[]", "[1,2", "1,,2",
    "a=b=c", "a\nb", "\x1b[31mred", "\udcff", "\u202eevil", "%s{0}", "A:order=", "gated:bias=nan", "folder:", "--",
)  # fmt: skip
#: They measure this machine or the workspace whatever they are given.
LEFT_OUT = {"bench", "doctor", "reference"}
BASE = {"pace": ("1", "free"), "set": ("1", "lr=0.1"), "extend": ("1", "--steps", "9"), "lab": ("gradients",)}
RUNS = {"pause", "resume", "stop", "delete", "fork", "layers"}


@pytest.fixture(autouse=True)
def nothing_begins(monkeypatch):
    """Refuse what would start an engine or hand it something."""

    def begins(*_, **__):
        raise ConfigError("this would begin")

    monkeypatch.setattr(EngineProcess, "ensure", begins)
    monkeypatch.setattr(Control, "_submitted", begins)
    monkeypatch.setattr(supervisor, "serve", begins)


def base(name):
    return BASE.get(name, ("1",) if name in RUNS else ())


def settings(config: type[BaseModel], prefix=""):
    for name, field in config.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from settings(inner, f"{prefix}{name}.")
        else:
            yield prefix + name


def odd_calls(name):
    for parameter in main.commands[name].params:
        for value in ODD:
            if isinstance(parameter, click.Argument):
                yield (name, *base(name), value)
            elif not parameter.is_flag:
                yield (name, *base(name), f"{parameter.opts[0]}={value}")


def refused_well(call, arguments):
    code, out, err = call(*arguments)
    lines = err.rstrip("\n").split("\n")
    fits = len(lines) == 1 and 0 < len(lines[0]) <= 300 and lines[0].isprintable() and not out
    return "" if code in (0, 1) or (code == 2 and fits) else f"{ascii(arguments)[:120]} exit {code}: {ascii(err)[:400]}"


@pytest.mark.parametrize("name", sorted(set(main.commands) - LEFT_OUT))
def test_an_odd_value_of_an_option_or_argument(call, name):
    assert [wrong for each in odd_calls(name) if (wrong := refused_well(call, each))] == []


@pytest.mark.parametrize("config", [RunConfig, RaceConfig])
def test_an_odd_value_of_a_setting(call, config):
    calls = [("race", "--set", f"{key}={value}") for key in settings(config) for value in ODD]
    assert len(calls) > 200
    assert [wrong for each in calls if (wrong := refused_well(call, each))] == []


@pytest.mark.parametrize("lab", LABS)
def test_an_odd_value_of_a_labs_setting(call, lab):
    calls = [("lab", lab, "--set", f"{option.name}={value}") for option in LABS[lab].options for value in ODD]
    assert [wrong for each in calls if (wrong := refused_well(call, each))] == []
