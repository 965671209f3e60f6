"""Settings of races and runs: right by their declared type and bounds, at the bounds, beyond, and odd."""

import json
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from engine.config import RaceConfig, RunConfig, apply_settings, leaves
from engine.config.presets import PRESETS
from engine.config.values import setting_of
from engine.data.registry import SOURCES
from engine.errors import ConfigError
from engine.labs.spec import Option
from engine.models.registry import SHORTCUTS, norms_of, orders_of
from engine.runs.protocol.planning import RaceRequest
from tests.fuzz.odd import EDGES, FLOATS, often, scalars, texts, values

DEPTHS = (8, 10, 14, 18, 20, 22, 26, 32, 50, 56, 110, 1202, 1208, 0, -6, 7, 9, 2**31, 10**30)
#: Settings of every run, by their dotted names, and by their last part alone.
PATHS = tuple(leaves(RunConfig()))
_BY_LAST = {path.rsplit(".", 1)[-1]: path for path in PATHS}
#: What the data set decides, or the race; and what a machine may lack.
_DECIDED = ("model.depth", "model.shortcut", "seed", "data.name", "model.channels", "model.classes", "model.image_size")
_OF_THE_MACHINE = ("device", "compile")
#: Right values that no schema tells.
_RIGHT = {
    "optim.lr": ("0.1", "0.003", "tuned"), "optim.drops": ("0.5,0.75", "[0.9]", "[]"), "probe.images": ("0", "8", "64"),
    "optim.tune_grid": ("0.01,0.1", "[0.001,0.003]"), "data.pool": ("1", "2"), "data.resize": ("0", "32"),
    "optim.warmup_lr": ("null", "0.01"), "model.family": ("cifar", "mlp", "vit"),
}  # fmt: skip


@cache
def setting(path: str) -> SearchStrategy[str]:
    """Texts of one setting, as ``--set`` takes them: right ones, those at its bounds, odd ones."""
    _, schema = setting_of(RunConfig, path.split("."))
    number = st.sampled_from([*EDGES, *FLOATS, *_bounds(schema)]) | st.integers(-2, 2_000) | st.floats(0, 1)
    spelled = number.map(_spelled)
    lists = st.lists(number, max_size=6).map(lambda rates: ",".join(map(_spelled, rates)))
    words = st.sampled_from(["true", "false", "null", "tuned", *map(str, _choices(schema))])
    json_texts = values().map(lambda value: _written(value)[:6_000])
    return often(*[right(path)] * 5, words, spelled, lists, texts(), json_texts)


@cache
def right(path: str) -> SearchStrategy[str]:
    """Texts that are right for a setting by itself; with others they may not fit."""
    _, schema = setting_of(RunConfig, path.split("."))
    usual = _written(leaves(RunConfig())[path])
    low, high = schema.get("minimum", schema.get("exclusiveMinimum", 0)), schema.get("maximum", 1)
    found = [*_RIGHT.get(path, (usual,)), *map(str, _choices(schema))]
    if schema.get("type") == "boolean":
        found += ["true", "false"]
    strategy = st.sampled_from(found)
    if schema.get("type") == "integer":
        return strategy | st.integers(max(1, low), min(high, max(1, low) + 300)).map(str)
    if schema.get("type") == "number":
        return strategy | st.floats(low, high, exclude_min=True, exclude_max=True).map(str)
    return strategy


@cache
def in_bounds(option: Option) -> SearchStrategy[Any]:
    """Values that an option of a lab allows, with its bounds."""
    if option.choices:
        return st.sampled_from(option.choices)
    if isinstance(option.default, bool):
        return st.booleans()
    if isinstance(option.default, str):
        return st.sampled_from(("", "1", "1,2", option.default))
    low, high = option.low or 0, option.high if option.high is not None else 2**31
    inner = st.integers(int(low), int(high)) if isinstance(option.default, int) else st.floats(low, high)
    return st.sampled_from((type(option.default)(low), type(option.default)(high))) | inner


@cache
def settings() -> SearchStrategy[dict[str, str]]:
    """A few settings at once, most by a name that exists: whole, or its last part alone."""
    names = st.sampled_from([*PATHS, *_BY_LAST])
    known = names.flatmap(lambda name: st.tuples(st.just(name), setting(_BY_LAST.get(name, name))))
    odd = st.tuples(texts(20), texts())
    return often(*[right_settings()] * 2, st.lists(often(*[known] * 5, odd), max_size=4).map(dict))


@cache
def right_settings() -> SearchStrategy[dict[str, str]]:
    """Settings that are right by themselves."""
    free = [path for path in PATHS if path not in (*_DECIDED, *_OF_THE_MACHINE)]
    pair = st.sampled_from(free).flatmap(lambda path: st.tuples(st.just(path), right(path)))
    return st.lists(pair, max_size=3).map(dict)


@cache
def shortcuts() -> SearchStrategy[str]:
    """Texts of shortcuts: a row's name with its own options, those of others, and odd ones."""
    named = st.sampled_from(sorted(SHORTCUTS)).flatmap(_shortcut)
    return often(named, named, named, texts(30))


@cache
def right_shortcuts(family: str) -> SearchStrategy[str]:
    """Texts of shortcuts of a family that have at most one option beside their name."""
    rows = [row for row in SHORTCUTS.values() if family in row.families]
    texts_of = [
        [row.name, *(f"{row.name}:order={order}" for order in orders_of(row, family))]
        + [f"{row.name}:norm={norm}" for norm in norms_of(row, family)]
        + [f"{row.name}:{option.name}={end:g}" for option in row.options for end in (option.low, option.high)]
        for row in rows
    ]
    return st.sampled_from([text for found in texts_of for text in found])


@cache
@st.composite
def _shortcut(draw: st.DrawFn, name: str) -> str:
    row = SHORTCUTS[name]
    known = {
        "order": orders_of(row, draw(st.sampled_from(row.families))), "norm": norms_of(row, row.families[0]),
        "layers": ("1", "2", "3"), "wire": ("attention", "mlp"),
        **{option.name: (f"{option.low:g}", f"{option.high:g}", f"{option.default:g}") for option in row.options},
    }  # fmt: skip
    words = [name]
    for key in draw(st.lists(st.sampled_from(sorted(known)), max_size=3)):
        odd = st.sampled_from(FLOATS).map(str) | texts(12)
        value = draw(often(*[st.sampled_from(known[key] or ("",))] * 3, odd))
        words.append(f"{key}={value}")
    return draw(st.sampled_from((":".join(words),) * 4 + (":".join([*words, ""]), f" {':'.join(words)}")))


@st.composite
def requests(draw: st.DrawFn) -> RaceRequest:
    """Races as people ask for them: right but for what belongs together, and in half of them one part is odd."""
    preset = draw(st.sampled_from([name for name, each in PRESETS.items() if each.data]))
    family = PRESETS[preset].run.model.family
    asked: dict[str, Any] = {
        "preset": preset,
        "depths": tuple(draw(st.lists(st.sampled_from(PRESETS[preset].depths), max_size=3, unique=True))),
        "shortcuts": tuple(draw(st.lists(right_shortcuts(family), max_size=3, unique=True))),
        "data": draw(st.sampled_from((None, "fashion-mnist-mini"))),
        "steps": draw(st.none() | st.integers(1, 500)),
        "seeds": draw(st.none() | st.integers(1, 3)),
        "first_seed": draw(st.integers(0, 3)),
        "settings": draw(right_settings()),
        "pace": draw(st.sampled_from(("free", "lockstep:5"))),
    }
    odd = {
        "depths": st.lists(st.sampled_from(DEPTHS), max_size=3).map(tuple),
        "shortcuts": st.lists(shortcuts(), max_size=3).map(tuple),
        "preset": st.sampled_from(sorted(PRESETS)) | texts(20),
        "data": st.sampled_from(("fashion-mnist-mini", *SOURCES)) | texts(20),
        "steps": st.integers(-1, 500) | st.sampled_from(EDGES),
        "seeds": st.integers(0, 5) | st.sampled_from(EDGES),
        "first_seed": st.integers(0, 3) | st.sampled_from(EDGES),
        "settings": settings(),
        "name": texts(140),
        "pace": st.sampled_from(("lockstep:0", "lockstep:99999999", "lockstep:")) | texts(12),
        "blocks": st.lists(st.integers(-1, 30), max_size=2).map(tuple),
    }
    for key in draw(st.just(()) | st.lists(st.sampled_from(sorted(odd)), max_size=2)):
        asked[key] = draw(odd[key])
    return RaceRequest(**asked)


def documents() -> SearchStrategy[str]:
    """JSON texts of runs and races of the presets, with values changed, left out and added."""
    runs = [preset.run.model_dump(mode="json") for preset in PRESETS.values()]
    races = [RaceConfig(preset=name, run=preset.run).model_dump(mode="json") for name, preset in PRESETS.items()]
    whole = st.builds(_set, st.sampled_from([preset.run for preset in PRESETS.values()]), right_settings())
    return often(whole, st.sampled_from([*runs, *races]).flatmap(changed).map(_written))


def _set(run: RunConfig, chosen: Mapping[str, str]) -> str:
    """Return a run with these settings as JSON, as it was where they do not fit."""
    with suppress(ConfigError):
        run = apply_settings(run, chosen)
    return run.to_json()


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
        match draw(st.sampled_from(("odd", "near", "near", "out", "added"))):
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
