"""Documents, compared field by field.

A field is one of three kinds. ``Measured`` fields depend on the machine or on time: of them only the type counts.
``Bits`` are what trainings and labs computed: equal on equal machines, so they are compared where the platform is that
of the recording. All others are the same everywhere.
"""

import copy
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

RECORDED = Path(__file__).with_name("recorded")

#: Times, and what depends on the machine, by the name of the field.
MEASURED = frozenset({"images_per_s", "seconds", "probe_share", "took_s"})
#: Parts of documents that tell of the machine: everything below them is measured.
OF_THE_MACHINE = ("versions", "device", "devices", "gpus", "cores", "use")
#: What was computed, by the name of the field.
BITS = frozenset(
    {"train_loss", "train_error", "train_clean_error", "test_loss", "test_error", "test_subset_error"}
    | {"validation_error", "error", "value", "gap", "sha256", "weights_sha256", "checkpoint_bytes"}
)
#: Documents in which everything below one field was computed.
OF_BITS = ("figures",)
#: What differs from one capture to the next, by document: two runs that train until they are stopped.
BY_CHANCE = {"race that was stopped": {"step", "train_loss", "train_error", "train_clean_error", "text"}}
_TYPES = ("<null>", "<bool>", "<list>", "<number>", "<text>")
#: Keys that 0.4.0 did not have, and the keys of its documents beside which they stand.
ADDED = {
    "verdict": {"race", "runs"},
    "findings": {"lab", "settings", "figures"},
    "differences": {"lab", "settings", "figures"},
    "difference": {"run", "parent_run"},
    "data_remarks": {"run", "parent_run"},
    "recipe": {"run", "train_loss"},
    "absent": {"run", "quantity"},
    "imported": {"run", "parent_run"},
    "problems": {"path", "healthy", "problem"},
}
#: Lists of columns, to which some may be added.
MAY_GROW = "columns"
#: The numbers of a lab, a list or a dictionary: compared by name, and some may be added.
FIGURES = "figures"
#: Between the keys of a path.
_STEP = " > "


def masked(documents: Mapping[str, Any], bits: bool = True) -> dict[str, Any]:
    """Return the documents with the type in place of every measured value, and without ``bits`` of computed ones."""
    return {name: _masked(document, (name,), bits) for name, document in documents.items()}


def _masked(value: Any, path: tuple[str, ...], bits: bool) -> Any:
    if isinstance(value, dict):
        return {key: _masked(entry, (*path, str(key)), bits) for key, entry in value.items()}
    if isinstance(value, list) and not _is_measured(path):
        return [_masked(entry, (*path, str(place)), bits) for place, entry in enumerate(value)]
    if _is_measured(path) or (not bits and _is_computed(path, value)):
        return _type(value)
    return value


def _is_measured(path: tuple[str, ...]) -> bool:
    name, *keys = path
    if not keys:
        return False
    by_chance = BY_CHANCE.get(name, set())
    # A run's own device and cores are chosen, those of a report are found.
    found = name.startswith("doctor") and keys[0] in OF_THE_MACHINE
    found = found or "versions" in keys[:-1] or (name.startswith("doctor") and "checkpoint_bytes" in keys)
    return found or keys[-1] in MEASURED or keys[-1] in by_chance


def _is_computed(path: tuple[str, ...], value: Any) -> bool:
    keys = [key for key in path[1:] if not key.isdigit()]
    if path[0] == "store" and "digests" in keys:
        return "configs" not in " ".join(keys)
    return bool(keys) and (keys[-1] in BITS or any(key in OF_BITS for key in keys[:-1])) and _is_number_or_hash(value)


def _is_number_or_hash(value: Any) -> bool:
    return (
        isinstance(value, float | int) and not isinstance(value, bool) or (isinstance(value, str) and len(value) == 64)
    )


def _type(value: Any) -> str:
    if isinstance(value, str) and value in _TYPES:
        return value  # masked before
    if value is None:
        return "<null>"
    if isinstance(value, bool):
        return "<bool>"
    if isinstance(value, list):
        return "<list>"
    return "<number>" if isinstance(value, int | float) else "<text>"


def differences(expected: Any, found: Any) -> Iterator[str]:
    """Say where two documents differ, one line for each field."""
    return (difference.text for difference in _differences(expected, found, ""))


def changed_fields(expected: Any, found: Any) -> dict[str, Any]:
    """Return the values of ``found`` that are others than in ``expected``, by the path of the field."""
    return {entry.path: entry.value for entry in _differences(expected, found, "") if entry.is_change}


def amended(documents: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return recorded documents with the fields that a later version changed on purpose (``amendments.json``).

    A short story lacks documents; what was changed in these is passed over.
    """
    documents = copy.deepcopy(dict(documents))
    for amendment in read("amendments.json")[name]:
        for path, value in amendment["fields"].items():
            *keys, last = path.split(_STEP)
            if keys and keys[0] not in documents:
                continue
            parent: Any = documents
            for key in keys:
                parent = parent[_index(parent, key)]
            parent[_index(parent, last)] = value
    return documents


def _index(parent: Any, key: str) -> str | int:
    if isinstance(parent, dict):
        return key
    return int(key) if key.isdigit() else next(place for place, entry in enumerate(parent) if entry["name"] == key)


class _Difference(NamedTuple):
    path: str
    text: str
    value: Any = None
    is_change: bool = False


def _differences(expected: Any, found: Any, path: str) -> Iterator[_Difference]:
    grows = path.endswith(f"{_STEP}{FIGURES}") and f"{_STEP}{MAY_GROW}{_STEP}" not in path
    if grows and isinstance(expected, list) and isinstance(found, list):
        expected, found = ({entry["name"]: entry for entry in entries} for entries in (expected, found))
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in expected.keys() - found.keys():
            yield _Difference(path, f"{path}: {key} is gone")
        for key in found.keys() - expected.keys():
            if grows or (key in ADDED and expected.keys() >= ADDED[key]):
                continue
            yield _Difference(path, f"{path}: {key} is new")
        for key in expected:
            if key in found:
                yield from _differences(expected[key], found[key], f"{path}{_STEP}{key}" if path else str(key))
    elif isinstance(expected, list) and isinstance(found, list) and f"{_STEP}{MAY_GROW}{_STEP}" in path:
        yield from (_Difference(path, f"{path}: {entry} is gone") for entry in expected if entry not in found)
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for place, (one, other) in enumerate(zip(expected, found, strict=True)):
            yield from _differences(one, other, f"{path}{_STEP}{place}")
    elif expected != found or type(expected) is not type(found):
        yield _Difference(path, f"{path}: {_short(expected)} became {_short(found)}", found, is_change=True)


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 120 else f"{text[:117]}..."


def read(name: str) -> dict[str, Any]:
    """Return a recorded file."""
    return json.loads((RECORDED / name).read_text(encoding="utf-8"))


def write(name: str, document: Mapping[str, Any]) -> None:
    """Record a file: sorted as it is, one field a line, short lists of numbers on one line."""
    RECORDED.mkdir(exist_ok=True)
    (RECORDED / name).write_text(f"{_text(document)}\n", encoding="utf-8")


def _text(value: Any, indent: str = "") -> str:
    flat = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or not value or len(flat) + len(indent) <= 118:
        return flat
    inner = indent + " "
    if isinstance(value, dict):
        parts = [
            f"{inner}{json.dumps(str(key), ensure_ascii=False)}: {_text(entry, inner)}" for key, entry in value.items()
        ]
        return "{\n" + ",\n".join(parts) + f"\n{indent}}}"
    parts = [f"{inner}{_text(entry, inner)}" for entry in value]
    return "[\n" + ",\n".join(parts) + f"\n{indent}]"
