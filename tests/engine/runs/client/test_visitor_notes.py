"""What a visitor writes is a line of text, and no formula in any spreadsheet."""

import csv
import io
from types import SimpleNamespace

import pytest

from engine.errors import ConfigError
from engine.exchange import csv_file
from engine.exchange.privacy import cell, label
from engine.runs.client.visitor_notes import checked, is_formula

#: The signs of a formula: plain, wide (U+FF1D, FF0B, FF0D, FF20), small, raised and lowered.
SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u207a\u207c\u208a"


@pytest.mark.parametrize("sign", [*SIGNS, "\t", "\r"])
def test_what_a_spreadsheet_could_compute_is_refused_stripped_and_quoted(sign):
    text = f"{sign}cmd|'/C calc'!A0"
    assert is_formula(text)
    assert label(f" {sign} {sign}fine", 99) == "fine"
    assert cell(text) == f"'{text}"
    if sign not in "\t\r":
        with pytest.raises(ConfigError, match="a spreadsheet would compute it"):
            checked(text, "a note", 99)


@pytest.mark.parametrize("value", ["plain-20", "", "a=b", "-0.5", "+3", -0.5, None, "\u00e9"])
def test_other_cells_stay_as_they_are(value):
    assert cell(value) == value


def test_the_curves_as_text_hold_no_formula(monkeypatch):
    columns = {name: [None] for name in csv_file.COLUMNS} | {"arm": ["\uff1dSUM(A1)"], "loss": [-1.5]}
    monkeypatch.setattr(csv_file, "tidy_points", lambda *_: [])
    monkeypatch.setattr(csv_file, "tidy_lines", lambda *_: [(None, columns)])
    file = io.BytesIO()
    csv_file.write(SimpleNamespace(reader=None, rows=[]), file, lambda *_: None)
    (row,) = csv.DictReader(io.StringIO(file.getvalue().decode()))
    assert (row["arm"], row["loss"]) == ("'\uff1dSUM(A1)", "-1.5")
