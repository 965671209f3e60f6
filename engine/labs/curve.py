"""The grammar of the names of a lab's curves, written and read in one place. Torch-free.

    [CELL: ]KIND[, SETTING VALUE][; PART]        identity: plain, blocks 6; seed 0

KIND decides the colour; VALUE is that of one of the lab's settings; CELL is the column of the heat map to whose cell
the curve belongs, the row's name follows it; PART says that it is a part of the curve without one: ``seed N`` (thin),
``low`` or ``high`` (the edges of a band).
"""

import re
from typing import NamedTuple

_NAME = re.compile(
    r"(?:(?P<cell>[^:;]+): )?(?P<kind>[^;]+?)"
    r"(?:, (?P<setting>[a-z_]+) (?P<value>-?\d[\d.]*(?:e[+-]?\d+)?))?(?:; (?P<part>.+))?"
)


class CurveName(NamedTuple):
    """What the name of a curve says."""

    kind: str
    setting: str = ""
    value: float | None = None
    cell: str = ""
    part: str = ""

    @property
    def text(self) -> str:
        """The name as it is stored."""
        cell = f"{self.cell}: " if self.cell else ""
        value = "" if self.value is None else f", {self.setting} {repr(float(self.value)).removesuffix('.0')}"
        return f"{cell}{self.kind}{value}{f'; {self.part}' if self.part else ''}"


def parse_name(text: str) -> CurveName:
    """Return what a curve's name says; a text outside the grammar is a kind as it stands."""
    match = _NAME.fullmatch(text)
    if match is None:
        return CurveName(text)
    value = match["value"]
    return CurveName(
        match["kind"], match["setting"] or "", None if value is None else float(value),
        match["cell"] or "", match["part"] or "",
    )  # fmt: skip
