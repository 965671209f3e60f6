"""Numbers on the command line: one line for every text that is none, or out of range, with the words of a config."""

from typing import Any

import click
from pydantic import BaseModel

from engine.config.values import Schema, fits, number_from, setting_of, whole_from, within, wrong


class Number(click.ParamType[float]):
    """A number by a JSON schema: ASCII digits, finite, in range."""

    name = "number"

    def __init__(self, schema: Schema):
        self._schema = schema

    @classmethod
    def of(cls, config: type[BaseModel], key: str) -> "Number":
        """Return the type of an option that is a setting of ``config``."""
        return cls(setting_of(config, [key])[1])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number. Raises UsageError naming the option, what is right and what was given."""
        number = self.parsed(str(value))
        if number is None:
            option = "RUN" if param is None else param.opts[0] if isinstance(param, click.Option) else param.metavar
            raise click.UsageError(wrong(str(option).removesuffix("..."), self._schema, value), ctx)
        return number

    def parsed(self, text: str) -> float | None:
        """Return the number that a text is, None for what is not right."""
        number = whole_from(text) if self._schema["type"] == "integer" else number_from(text)
        return number if number is not None and fits(self._schema, number) and within(self._schema, number) else None


#: A run's id.
RUN_ID = Number(
    {
        "type": "integer",
        "minimum": 1,
        "description": "a whole number from 1 on; `python -m engine runs` lists the runs",
    }
)
#: Weighted layers; which of them a family has is the net's to say.
DEPTH = Number({"type": "integer", "minimum": 1, "maximum": 9_999})
