"""Settings of races and runs: right by their declared type and bounds, at the bounds, beyond, and odd."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from engine.config import RaceConfig, RunConfig, leaves
from engine.config.presets import PRESETS
from engine.config.values import setting_of
from engine.data.registry import SOURCES
from engine.models.registry import SHORTCUTS, norms_of, orders_of
from engine.runs.protocol.planning import RaceRequest
from tests.fuzz.odd import EDGES, FLOATS, scalars, texts, values

DEPTHS = (8, 10, 14, 18, 20, 22, 26, 32, 50, 56, 110, 1202, 1208, 0, -6, 7, 9, 2**31, 10**30)
#: Settings of every run, by their dotted names.
PATHS = tuple(leaves(RunConfig()))


@cache
def setting(path: str) -> SearchStrategy[str]:
    """Texts of one setting, as ``--set`` takes them."""
    _, schema = setting_of(RunConfig, path.split("."))
    number = st.sampled_from([*EDGES, *FLOATS, *_bounds(schema)]) | st.integers(-2, 2_000) | st.floats(0, 1)
    spelled = number.map(_spelled)
    lists = st.lists(number, max_size=6).map(lambda rates: ",".join(map(_spelled, rates)))
    usual = st.sampled_from(
        ["true", "false", "null", "tuned", *map(str, _choices(schema)), _written(leaves(RunConfig())[path])]
    )
    json_texts = values().map(lambda value: _written(value)[:6_000])
    return usual | spelled | lists | texts() | json_texts


@cache
def settings() -> SearchStrategy[dict[str, str]]:
    """A few settings at once, most by a name that exists: whole, or its last part alone."""
    names = st.sampled_from(PATHS) | st.sampled_from([path.rsplit(".", 1)[-1] for path in PATHS])
    by_path = {path.rsplit(".", 1)[-1]: path for path in PATHS}
    known = names.flatmap(lambda name: st.tuples(st.just(name), setting(by_path.get(name, name))))
    odd = st.tuples(texts(20), texts())
    return st.lists(known | known | known | odd, max_size=4).map(dict)


@cache
def shortcuts() -> SearchStrategy[str]:
    """Texts of shortcuts: a row's name with its own options, those of others, and odd ones."""
    return st.sampled_from(sorted(SHORTCUTS)).flatmap(_shortcut) | texts(30)


@cache
@st.composite
def _shortcut(draw: st.DrawFn, name: str) -> str:
    row = SHORTCUTS[name]
    right = {
        "order": orders_of(row, draw(st.sampled_from(row.families))), "norm": norms_of(row, row.families[0]),
        "layers": ("1", "2", "3"), "wire": ("attention", "mlp"),
        **{option.name: (f"{option.low:g}", f"{option.high:g}", f"{option.default:g}") for option in row.options},
    }  # fmt: skip
    words = [name]
    for key in draw(st.lists(st.sampled_from(sorted(right)), max_size=3)):
        words.append(
            f"{key}={draw(st.sampled_from(right[key] or ('',)) | st.sampled_from(FLOATS).map(str) | texts(12))}"
        )
    return draw(st.sampled_from((":".join(words), ":".join([*words, ""]), f" {':'.join(words)}")))


def requests() -> SearchStrategy[RaceRequest]:
    """Races as people ask for them."""
    return st.builds(
        RaceRequest,
        depths=st.lists(st.sampled_from(DEPTHS), max_size=3).map(tuple),
        shortcuts=st.lists(shortcuts(), max_size=3).map(tuple),
        preset=st.sampled_from(sorted(PRESETS)) | texts(20),
        data=st.none() | st.sampled_from(("fashion-mnist-mini", *SOURCES)) | texts(20),
        steps=st.none() | st.integers(-1, 500) | st.sampled_from(EDGES),
        seeds=st.none() | st.integers(0, 5) | st.sampled_from(EDGES),
        first_seed=st.integers(0, 3) | st.sampled_from(EDGES),
        settings=settings(),
        name=texts(140),
        pace=st.sampled_from(("free", "lockstep:5", "lockstep:0", "lockstep:99999999", "lockstep:")) | texts(12),
        blocks=st.lists(st.integers(-1, 30), max_size=2).map(tuple),
    )


def documents() -> SearchStrategy[str]:
    """JSON texts of runs and races of the presets, with values changed, left out and added."""
    runs = [preset.run.model_dump(mode="json") for preset in PRESETS.values()]
    races = [RaceConfig(preset=name, run=preset.run).model_dump(mode="json") for name, preset in PRESETS.items()]
    return st.sampled_from([*runs, *races]).flatmap(changed).map(_written)


@st.composite
def changed(draw: st.DrawFn, document: Mapping[str, Any]) -> Any:
    """The document with a few of its values replaced, left out, or put elsewhere."""
    copy = json.loads(json.dumps(document))
    for _ in range(draw(st.integers(0, 3))):
        at = copy
        while True:
            key = draw(st.sampled_from([*at]))
            if isinstance(at[key], dict) and at[key] and draw(st.integers(0, 5)):
                at = at[key]
                continue
            break
        match draw(st.sampled_from(("odd", "odd", "near", "out", "added"))):
            case "odd":
                at[key] = draw(values())
            case "near":
                at[key] = draw(st.sampled_from([*EDGES, *FLOATS, str(at[key]), [at[key]], {"x": at[key]}]))
            case "out" if len(at) > 1:
                del at[key]
            case "added":
                at[draw(texts(20))] = draw(scalars())
    return copy


def _bounds(schema: Mapping[str, Any]) -> list[float]:
    found = [schema[key] for key in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum") if key in schema]
    return [number + change for number in found for change in (-1, 0, 1)]


def _choices(schema: Mapping[str, Any]) -> list[str]:
    inner = [choice for each in schema.get("anyOf", ()) for choice in _choices(each)]
    return [*schema.get("enum", ()), *inner]


def _written(value: object) -> str:
    """Return a value as JSON, as Python writes it: with NaN, long numbers and lone halves of letters."""
    try:
        return json.dumps(value)
    except (RecursionError, ValueError):
        return "[" * 5_000


def _spelled(number: float) -> str:
    try:
        return str(number)
    except ValueError:  # more digits than Python writes
        return "1" + "0" * 400
