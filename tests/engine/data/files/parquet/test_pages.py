import re
import struct

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from engine.data import limits
from engine.data.files.parquet.pages import Page, pages_of, rows_at_once
from engine.data.files.parquet.reading import opened
from engine.errors import DataError

MB = 10**6


def written(path, column, **options):
    parquet.write_table(pa.table({"x": column}), path, **options)
    with path.open("rb") as file:
        metadata = parquet.ParquetFile(path).metadata
        chunks = [metadata.row_group(group).column(0) for group in range(metadata.num_row_groups)]
        return [pages_of(file, chunk, path.stat().st_size) for chunk in chunks]


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("codec", ["none", "snappy", "gzip", "zstd", "lz4", "brotli"])
def test_heads_of_pages_tell_what_they_become(tmp_path, version, codec):
    texts = [f"{i % 7}" * 100 for i in range(5_000)]
    (pages,) = written(tmp_path / "x", texts, data_page_version=version, compression=codec, data_page_size=2_000)
    assert [page.dictionary for page in pages][:2] == [True, False]
    assert pages[0] == Page(7, 7 * 104, True, False)
    assert sum(page.values for page in pages[1:]) == 5_000
    assert all(page.repeats for page in pages[1:])
    (plain,) = written(tmp_path / "y", texts, data_page_version=version, compression=codec, use_dictionary=False)
    # Levels of a column that may be null take a few bytes besides.
    assert 5_000 * 104 <= sum(page.bytes for page in plain) < 5_000 * 104 + 100 * len(plain)
    assert not any(page.repeats for page in plain)


def test_every_row_group_has_its_own_pages(tmp_path):
    found = written(tmp_path / "x", np.arange(100), row_group_size=30, use_dictionary=False)
    assert [[page.values for page in pages] for pages in found] == [[30], [30], [30], [10]]


def test_values_that_share_their_beginnings_repeat(tmp_path):
    encodings = {"x": "DELTA_BYTE_ARRAY"}
    (pages,) = written(tmp_path / "x", ["same" * 50] * 10, use_dictionary=False, column_encoding=encodings)
    assert [page.repeats for page in pages] == [True]


def test_as_many_rows_are_decoded_at_a_time_as_surely_fit():
    small, large = Page(100, MB, False, False), Page(100, 20 * MB, False, False)
    assert rows_at_once([small], 100, 256) == 256
    assert rows_at_once([large] * 3, 300, 256) == 4  # 16 rows may lie on the border of two pages
    assert rows_at_once([Page(1, 50 * MB, False, False)] * 3, 3, 256) == 1
    named = Page(1_000, 1_000, False, True)
    assert rows_at_once([Page(1, 10 * MB, True, False), named], 1_000, 256) == 3
    assert rows_at_once([Page(1, 100 * MB, True, False), named], 1_000, 256) == 1
    assert rows_at_once([Page(9, 1_000, True, False), named], 1_000, 256) == 256
    assert rows_at_once([Page(100, 8 * MB, False, True)], 100, 256) == 4


def refusal(path) -> str:
    with pytest.raises(DataError) as caught, opened(path) as file:
        for group in range(len(file.groups)):
            list(file.batches("x", group))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def changed(path, before: bytes, after: bytes):
    content = path.read_bytes()
    assert content.count(before) == 1
    path.write_bytes(content.replace(before, after))


def test_a_page_that_claims_too_much_is_never_decoded(tmp_path):
    path = tmp_path / "x.parquet"
    table = pa.table({"x": [b"\0" * 1_000_000] * 20})
    parquet.write_table(table, path, use_dictionary=False, compression="zstd")
    assert re.search(r"a page of \d+ bytes would become 20,000,\d+, 16,8\d+,\d+ at the most", refusal(path))


def test_rows_that_a_file_has_no_bytes_for_are_never_read(tmp_path):
    path = tmp_path / "x.parquet"
    written(path, np.zeros(300_000, np.int8), compression="zstd")
    assert path.stat().st_size < 10_000
    assert "bytes say that they have 300,000 rows" in refusal(path)


def test_a_footer_is_bounded(tmp_path, monkeypatch):
    path = tmp_path / "x.parquet"
    written(path, [1, 2])
    whole = path.read_bytes()
    path.write_bytes(whole[:-8] + struct.pack("<I4s", 2**31, b"PAR1"))
    assert "its footer has 2,147,483,648 bytes" in refusal(path)
    path.write_bytes(whole[:-4] + b"PARE")
    assert "its end is no Parquet, or it is encrypted" in refusal(path)
    path.write_bytes(whole)
    monkeypatch.setattr(limits, "MAX_PAGES", 1)
    assert "more than 1 pages in one row group" in refusal(path)


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (b"\x1c" * 40, "nested too deeply"),
        (b"\x19\x0c\x00", "has a list"),
        (b"\x15\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00", "is damaged"),
        (b"\x1f\x00", "is damaged"),
        (b"\x00", "goes on behind the end of its column"),
        (b"\x18\xff\xff\xff\x7f", "cut off, or too long"),
    ],
)
def test_a_head_that_is_none_is_one_line(tmp_path, head, said):
    path = tmp_path / "x.parquet"
    written(path, [b"\0" * 100] * 20, use_dictionary=False, compression="none")
    content = path.read_bytes()
    path.write_bytes(b"PAR1" + head + content[4 + len(head) :])
    assert said in refusal(path)
