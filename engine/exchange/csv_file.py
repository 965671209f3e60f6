"""The curves as a table of text: UTF-8, one row a point, an empty field for what is not there. Torch-free."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from engine.exchange.privacy import cell
from engine.exchange.registry import ExportSource, Report
from engine.exchange.tidy_points import COLUMNS, tidy_lines, tidy_points


def write(source: ExportSource, file: BinaryIO, report: Report) -> None:
    """Write the points of these runs as CSV."""
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    try:
        table = csv.writer(text, lineterminator="\n")
        table.writerow(COLUMNS)
        for done, (row, columns) in enumerate(tidy_points(source.reader, source.rows)):
            report(done, len(source.rows), f"{row.arm}, run {row.id}")
            table.writerows(_rows(columns))
        for _, columns in tidy_lines(source.reader, source.rows):
            table.writerows(_rows(columns))
        report(len(source.rows), len(source.rows), "done")
    finally:
        text.detach()  # the file is its owner's to close


def _rows(columns: Mapping[str, Sequence[Any]]) -> Iterator[tuple[Any, ...]]:
    safe = [list(map(cell, values)) if COLUMNS[name] is str else values for name, values in columns.items()]
    return zip(*safe, strict=True)
