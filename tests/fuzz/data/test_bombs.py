"""Small files that would become large are refused or read in bounded memory, in a process of their own."""

import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from engine.data import limits
from engine.data.files.listing import Item
from engine.data.files.pixels import Memory, Unreadable, decode, look, values
from tests.engine.data.pictures import pixels, png, put
from tests.fuzz.data import bombs, measured
from tests.fuzz.data.shared_types import shared_types


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "said"),
    [
        (bombs.repeated_images, "none of the images"),
        (bombs.repeated_labels, "has a label of more than 1,000 letters"),
        (bombs.many_rows, "say that they have 20,000,000 rows"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_small_parquet_file_takes_less_than_500_mb(tmp_path, make, said):
    path = make(tmp_path / "bomb.parquet")
    assert path.stat().st_size < 150_000
    taken = measured.load(f"parquet:{path}", tmp_path / "workspace", torch=False)
    assert said in taken.error
    assert taken.mb < 500, f"took {taken.mb:.0f} MB"
    assert taken.seconds < 30


@pytest.mark.slow
def test_types_that_share_their_parts_are_not_read(tmp_path):
    path = shared_types(tmp_path / "bomb.parquet")
    taken = measured.load(f"parquet:{path}", tmp_path / "workspace", torch=False)
    assert "none of the images" in taken.error
    assert taken.mb < 500, f"took {taken.mb:.0f} MB"
    assert taken.seconds < 10


@pytest.mark.slow
@pytest.mark.parametrize(
    ("side", "channels", "said"),
    [(13_300, 3, "13300x13300 pixels, 50 million at the most"), (7_071, 4, "")],
    ids=["below pillow's limit", "below our limit"],
)
def test_four_large_png_files_take_less_than_a_gigabyte_in_a_worker(tmp_path, side, channels, said):
    one = bombs.large_png(tmp_path / "set" / "cats" / "0.png", side, side, channels)
    for name in ("cats/1.png", "dogs/0.png", "dogs/1.png"):
        put(tmp_path / "set" / name, one.read_bytes())
    taken = measured.load(f"folder:{tmp_path / 'set'}", tmp_path / "workspace", 32)
    assert said in taken.error if said else not taken.error
    assert taken.mb < 1_000, f"took {taken.mb:.0f} MB"


def unreadable(item) -> str:
    with pytest.raises(Unreadable) as caught:
        decode(item, 3, 32)
    with pytest.raises(Unreadable) as also:
        values(item)
    assert str(caught.value) == str(also.value)
    return str(caught.value)


def test_an_image_of_too_many_pixels_is_known_by_its_header(tmp_path):
    path = bombs.large_png(tmp_path / "x.png", 100_000, 501, 1)
    assert look(Item("x", 0, path)).size == (100_000, 501)
    assert unreadable(Item("x", 0, path)) == "100000x501 pixels, 50 million at the most"


def test_an_image_beyond_pillows_own_bound_is_told_the_bound_here():
    gif = b"GIF89a" + b"\xff" * 4 + bytes(3) + b"," + bytes(4) + b"\xff" * 4 + b"\0\2\2\x44\1\0;"
    jpeg = b"\xff\xd8\xff\xc0\0\x0b\x08\xff\xff\xff\xff\1\1\x11\0\xff\xda\0\x08\1\1\0\0\x3f\0"
    for content in (gif, jpeg):
        with pytest.raises(Unreadable, match=r"^too many pixels, 50 million at the most$"):
            look(Item("x", 0, content))


def test_a_palette_is_not_looked_for_in_what_is_too_large(tmp_path, monkeypatch):
    Image.fromarray(pixels(0, 64)).convert("P").save(tmp_path / "x.png")
    content = (tmp_path / "x.png").read_bytes()
    cut = Item("x", 0, put(tmp_path / "cut.png", content[: content.index(b"IDAT") + 10]))
    with pytest.raises(Unreadable):
        look(cut)
    monkeypatch.setattr(limits, "MAX_PIXELS", 1_000)
    assert look(cut).size == (64, 64)
    assert unreadable(cut) == "64x64 pixels, 1,000 at the most"


def test_the_palette_of_a_large_image_keeps_no_pixels(tmp_path, monkeypatch):
    Image.fromarray(pixels(0, 64)).convert("P").save(tmp_path / "x.png")
    item, counted = Item("x", 0, tmp_path / "x.png"), []
    headers, plain = look(item), decode(item, 3, 0)[1]
    monkeypatch.setattr("engine.data.files.pixels._PIECE_PIXELS", 64 * 63)

    class Watched(Memory):
        def taken(self, size):
            counted.append(size)
            return super().taken(size)

    monkeypatch.setattr("engine.data.files.pixels._memory", Watched(10**6))
    assert look(item) == headers
    assert counted == [64 * 64 * 9]
    assert np.array_equal(decode(item, 3, 0)[1], plain)
    assert counted == [64 * 64 * 9] * 3


def test_a_tile_that_is_larger_than_its_image_is_not_made(tmp_path):
    tags = {256: 16, 257: 16, 258: 8, 259: 8, 262: 1, 277: 1, 322: 30_000, 323: 30_000, 324: 200, 325: 100}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    content = struct.pack("<4sIH", b"II*\0", 8, len(tags)) + entries + b"\0" * 300
    assert unreadable(Item("x", 0, put(tmp_path / "x.tif", content))) == "a tile of more than 50 million pixels"


def test_formats_whose_decoders_take_more_have_a_lower_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "MAX_HEAVY_PIXELS", 1_000)
    path = tmp_path / "x.jp2"
    Image.fromarray(pixels(0, 32)).save(path)
    assert unreadable(Item("x", 0, path)) == "32x32 pixels, 1,000 at the most"


def test_a_baseline_jpeg_counts_at_the_size_that_it_is_decoded_at(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "MAX_PIXELS", 20_000)
    for name, progressive in (("baseline.jpg", False), ("progressive.jpg", True)):
        Image.fromarray(pixels(0, 512)).save(tmp_path / name, progressive=progressive)
    _, array = decode(Item("x", 0, tmp_path / "baseline.jpg"), 3, 32)
    assert array.shape == (3, 32, 32)
    assert unreadable(Item("x", 0, tmp_path / "progressive.jpg")) == "512x512 pixels, 20,000 at the most"


def test_an_image_of_too_many_bytes_is_not_read(tmp_path):
    path = tmp_path / "x.webp"
    with path.open("wb") as file:
        file.truncate(limits.MAX_IMAGE_BYTES + 1)
    assert unreadable(Item("x", 0, path)) == "134,217,729 bytes, 134,217,728 at the most"


def test_a_packed_file_inside_of_an_image_is_bounded(tmp_path, monkeypatch):
    cards = ("SIMPLE  = T", "BITPIX  = 8", "NAXIS   = 0", "EXTEND  = T", "END")
    table = ("XTENSION= 'BINTABLE'", "BITPIX  = 8", "NAXIS   = 2", "NAXIS1  = 8", "NAXIS2  = 8", "ZIMAGE  = T",
             "ZCMPTYPE= 'GZIP_1  '", "ZBITPIX = 8", "ZNAXIS  = 2", "ZNAXIS1 = 8", "ZNAXIS2 = 8", "END")  # fmt: skip
    head = b"".join("".join(f"{card:80}" for card in part).ljust(2880).encode() for part in (cards, table))
    path = put(tmp_path / "x.fits", head + zlib.compress(b"\0" * 10**6, wbits=31))
    monkeypatch.setattr(limits, "MAX_DOUBLY_PACKED_BYTES", 1_000)
    assert unreadable(Item("x", 0, path)) == "a packed file inside of another"


def test_pixels_of_another_size_are_not_decoded(tmp_path):
    path = bombs.large_png(tmp_path / "x.png", 3_000, 3_000)
    path.write_bytes(path.read_bytes()[:100])
    header, array = decode(Item("x", 0, path), 3, 0, size=32)
    assert (header.size, array) == ((3_000, 3_000), None)


def test_the_range_of_a_large_image_is_that_of_all_its_rows(tmp_path):
    wide = np.full((3_000, 1_000), 500, np.uint16)
    wide[2_900, 7] = 60_000
    Image.fromarray(wide).save(tmp_path / "x.tif")
    header, found = values(Item("x", 0, tmp_path / "x.tif"))
    assert (header.wide, found.range.low, found.range.high, found.constant) == (True, 500, 60_000, False)
    Image.fromarray(np.repeat(np.uint8([[1], [2]]), 1_500, 0).repeat(1_000, 1)).save(tmp_path / "halves.png")
    assert not values(Item("x", 0, tmp_path / "halves.png"))[1].constant
    Image.fromarray(np.full((3_000, 1_000), 7, np.uint8)).save(tmp_path / "one.png")
    assert values(Item("x", 0, tmp_path / "one.png"))[1].constant


def test_threads_share_the_memory_for_pixels():
    memory, order = Memory(100), []
    with memory.taken(70), memory.taken(30):
        order.append("both")
    with memory.taken(1_000):
        order.append("more than there is")
    assert order == ["both", "more than there is"]


def test_encoded_images_end_a_piece_by_their_bytes():
    from engine.data.files.decoding import _batches

    items = [Item(str(place), 0, b"x" * 100) for place in range(10)]
    assert [len(batch) for batch in _batches(iter(items), 4, 10_000)] == [4, 4, 2]
    assert [len(batch) for batch in _batches(iter(items), 4, 250)] == [3, 3, 3, 1]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a process is measured by Linux and macOS")
def test_the_measure_counts_what_a_process_takes(tmp_path):
    put(tmp_path / "set" / "cats" / "0.png", png(pixels(0)))
    taken = measured.load(f"folder:{tmp_path / 'set'}", tmp_path / "workspace", torch=False)
    assert "one class" in taken.error or "one image" in taken.error
    assert 20 < taken.mb < 200
