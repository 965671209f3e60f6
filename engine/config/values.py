"""Values of settings: numbers out of texts, and what is right for a setting in words.

Bounds and words come from the JSON schema of a config, so that a bound stands in one place. ``Field(description=...)``
replaces the words where a type says too little; ``DERIVED`` marks a setting that is derived where it is left out.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

#: One setting's part of a JSON schema.
Schema = Mapping[str, Any]

#: For ``Field(0, json_schema_extra=DERIVED)``: 0 stands for a derived value, and nobody may ask for 0.
DERIVED: dict[str, Any] = {"derived": True}
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,4})?")
_LONGEST = 60


def whole_from(text: str) -> int | None:
    """Return the whole number that a text of ASCII digits is, None for any other text."""
    return int(text) if _WHOLE.fullmatch(text.strip()) else None


def number_from(text: str) -> float | None:
    """Return the finite number that a text of ASCII digits is, None for any other text."""
    number = float(text) if _NUMBER.fullmatch(text.strip()) else math.inf
    return number if math.isfinite(number) else None


def numbers_from(value: Any) -> Any:
    """Return the numbers between the commas of a text, or one number, as a tuple; any other value unchanged."""
    if isinstance(value, str):
        numbers = [number_from(part) for part in value.split(",")]
        return value if None in numbers else tuple(numbers)
    return (value,) if isinstance(value, int | float) and not isinstance(value, bool) else value


def shown(value: Any) -> str:
    """Return a given value for a message, long ones cut."""
    text = json.dumps(value) if value is None or isinstance(value, bool) else repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


class _Schema(GenerateJsonSchema):
    """The schema without words about defaults that JSON does not know, such as a parsed shortcut."""

    ignored_warning_kinds = {"non-serializable-default"}


def setting_of(config: type[BaseModel], location: Sequence[str | int]) -> tuple[str, Schema]:
    """Return the dotted name of the setting at ``location``, '' for none, and its schema."""
    document = schema = _document(config)
    names: list[str] = []
    for part in location:
        properties = schema.get("properties", {})
        if part not in properties:
            break
        names.append(str(part))
        schema = properties[part]
        if "$ref" in schema:
            schema = document["$defs"][schema["$ref"].rpartition("/")[2]]
    return ".".join(names), schema


@cache
def _document(config: type[BaseModel]) -> Schema:
    # To write a schema takes 20 ms, and a page asks for several in each of its runs.
    return config.model_json_schema(schema_generator=_Schema)


def fits(schema: Schema, value: Any) -> bool:
    """Return False for a value that validation would take for another one.

    These are null and the 0 of a derived setting, which would be the default, true and false in place of a number,
    fractions in place of true or false (``1e-400`` reads as 0), and texts that are numbers to Python alone (``1_0``).
    """
    if value is None or isinstance(value, bool):
        return _takes(schema, "null" if value is None else "boolean")
    numeric = _takes(schema, "integer") or _takes(schema, "number")
    if isinstance(value, float) and not numeric and _takes(schema, "boolean"):
        return False
    if isinstance(value, str) and numeric and not _takes(schema, "string"):
        value = number_from(value)
    return value is not None and not (value == 0 and "derived" in schema)


def _takes(schema: Schema, kind: str) -> bool:
    return schema.get("type") == kind or any(_takes(each, kind) for each in schema.get("anyOf", ()))


def within(schema: Schema, number: float) -> bool:
    """Return whether a number is in the range of a setting."""
    low, high = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
    above, below = schema.get("exclusiveMinimum", -math.inf), schema.get("exclusiveMaximum", math.inf)
    return bool(low <= number <= high and above < number < below)


def in_words(schema: Schema) -> str:
    """Return what is right for a setting, to follow the word "is"."""
    if "properties" in schema:
        return "a group of settings"
    if "description" in schema:
        return str(schema["description"])
    if "anyOf" in schema:
        return " or ".join(map(in_words, schema["anyOf"]))
    if "enum" in schema:
        *others, last = map(str, schema["enum"])
        return f"{', '.join(others)} or {last}"
    kind = schema.get("type", "")
    if kind in ("integer", "number"):
        derived = ", derived where it is left out" if "derived" in schema else ""
        return f"a {'whole ' * (kind == 'integer')}number{_range(schema)}{derived}"
    words = {"boolean": "true or false", "null": "null", "string": "text", "array": "a list"}
    return words.get(kind, "another value") + _length(schema)


def wrong(name: str, schema: Schema, value: Any) -> str:
    """Return the one line about a wrong value: the setting, what is right, what was given."""
    return f"{name} is {in_words(schema)} (got {shown(value)})"


def _range(schema: Schema) -> str:
    low = max(1, schema["minimum"]) if "derived" in schema else schema.get("minimum")
    above, high, below = (schema.get(key) for key in ("exclusiveMinimum", "maximum", "exclusiveMaximum"))
    begin = f" from {_bound(low)}" if low is not None else f" above {_bound(above)}" if above is not None else ""
    if below is not None:
        return f"{begin} to below {_bound(below)}"
    if high is None:
        return f"{begin} on" if low is not None else begin
    return f"{begin} to {_bound(high)}" if low is not None else f"{begin} and at most {_bound(high)}"


def _length(schema: Schema) -> str:
    if "maxLength" in schema:
        return f" of at most {schema['maxLength']} characters"
    return f" of {schema.get('minItems', 0)} to {schema['maxItems']} values" if "maxItems" in schema else ""


def _bound(number: float) -> str:
    return f"{number:,}" if isinstance(number, int) else f"{number:g}"
