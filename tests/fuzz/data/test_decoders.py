"""What a decoder keeps in memory is known before it begins: scans of JPEG files, copies of WebP, footers of Parquet."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from engine.data import limits
from engine.data.files.decoders.jpeg import kept_bytes, scans_in
from engine.data.files.listing import Item
from engine.data.files.parquet.footer import check_footer
from engine.data.files.pixels import Unreadable, decode, values
from tests.engine.data.pictures import pixels, put
from tests.fuzz.data import bombs, measured


def jpeg(mode: str = "RGB", **options) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels(0, 64)).convert(mode).save(file, "JPEG", **options)
    return file.getvalue()


def refused(path) -> str:
    with pytest.raises(Unreadable) as caught:
        decode(Item("x", 0, path), 3, 32)
    with pytest.raises(Unreadable) as also:
        values(Item("x", 0, path))
    assert str(caught.value) == str(also.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "kept"),
    [
        (jpeg(), 0),
        (jpeg("L"), 0),
        (jpeg("CMYK"), 0),
        (jpeg(exif=b"Exif\0\0" + jpeg(progressive=True)[:4_000]), 0),
        (jpeg(progressive=True, subsampling=0), 6),
        (jpeg(progressive=True, subsampling=2), 3),
        (jpeg("L", progressive=True), 2),
        (jpeg().replace(b"\xff\xc0", b"\xff\xc9", 1), 3),
        (jpeg().replace(b"\xff\xc0", b"\xff\xff\xff\xc2", 1), 3),
        (jpeg()[:100], 8),
        (jpeg().replace(b"\xff\xda", b"\xff\xc4", 1), 8),
        (b"\xff\xd8" + b"\xff\xfe\0\2" * 20_000 + jpeg()[2:], 8),
    ],
    ids=(
        "baseline", "grey", "four colours", "a thumbnail", "progressive", "halved colours", "grey progressive",
        "arithmetic", "filled markers", "cut off", "no scan", "endless comments",
    ),
)  # fmt: skip
def test_what_libjpeg_keeps_is_told_by_the_markers(content, kept):
    file = io.BytesIO(content)
    file.seek(7)
    assert (kept_bytes(file), file.tell()) == (kept, 7)


def test_colours_one_after_the_other_count_at_full_size(tmp_path, monkeypatch):
    path = bombs.scans_jpeg(tmp_path / "x.jpg", 512, 1)
    with path.open("rb") as file:
        assert (kept_bytes(file), scans_in(file)) == (6, 1)
    monkeypatch.setattr(limits, "MAX_PIXELS", 20_000)
    assert refused(path) == "512x512 pixels, 20,000 at the most"
    monkeypatch.setattr(limits, "MAX_PIXELS", 10**6)
    monkeypatch.setattr(limits, "MAX_DECODING_BYTES", 512 * 512 * 6)
    assert refused(path) == "512x512 pixels, 196,608 at the most"


def test_scans_are_counted_before_they_are_decoded(tmp_path, monkeypatch):
    most = bombs.scans_jpeg(tmp_path / "most.jpg", 512, limits.MAX_SCANS, progressive=True, layers=1)
    assert decode(Item("x", 0, most), 1, 32)[0].size == (512, 512)
    more = bombs.scans_jpeg(tmp_path / "more.jpg", 512, limits.MAX_SCANS + 1, progressive=True, layers=1)
    assert refused(more) == "512x512 pixels in 101 scans, 100 at the most"
    monkeypatch.setattr(limits, "MAX_SCANNED_PIXELS", 512 * 512 * 99)
    assert refused(most) == "512x512 pixels in 100 scans, 99 at the most"


def test_pixels_in_text_are_fewer_and_their_comments_are_counted(tmp_path, monkeypatch):
    head, row = b"P3\n# made by hand\n64 64\n255\n", b"9 8 7 " * 63 + b"1 2 3 "
    path = put(tmp_path / "x.ppm", head + row * 64)
    assert decode(Item("x", 0, path), 3, 0)[1].shape == (3, 64, 64)
    assert not values(Item("x", 0, path))[1].constant
    put(path, head + b"9 8 7 #\n" * 64 * 64)
    assert refused(path) == "4,097 comments, 1,000 at the most"
    monkeypatch.setattr(limits, "MAX_HEAVY_PIXELS", 64 * 63)
    assert refused(put(path, head + row * 64)) == "64x64 pixels, 4,032 at the most so packed; save it as PNG"


def test_a_webp_file_counts_with_the_copies_of_its_decoder(tmp_path, monkeypatch):
    Image.fromarray(pixels(0, 64)).save(tmp_path / "x.webp", lossless=True)
    monkeypatch.setattr(limits, "MAX_DECODING_BYTES", 64 * 64 * 17)
    assert decode(Item("x", 0, tmp_path / "x.webp"), 3, 0)[1].shape == (3, 64, 64)
    monkeypatch.setattr(limits, "MAX_DECODING_BYTES", 64 * 64 * 16)
    assert refused(tmp_path / "x.webp") == "64x64 pixels, 3,855 at the most"


def test_pixels_in_pieces_are_those_of_the_whole(monkeypatch):
    file = io.BytesIO()
    Image.fromarray(pixels(0, 64)).convert("P").save(file, "PNG", transparency=3)
    whole = decode(Item("x", 0, file.getvalue()), 3, 0)[1]
    monkeypatch.setattr("engine.data.files.pixels._PIECE_PIXELS", 64 * 7)
    assert np.array_equal(decode(Item("x", 0, file.getvalue()), 3, 0)[1], whole)


def footer_of(path) -> bytes:
    content = path.read_bytes()
    return content[-8 - struct.unpack("<I", content[-8:-4])[0] : -8]


def test_columns_of_all_row_groups_are_counted_before_the_footer_is_read(tmp_path, monkeypatch):
    footer = footer_of(bombs.many_columns(tmp_path / "x.parquet", 100, 10))
    check_footer(footer)
    monkeypatch.setattr(limits, "MAX_FOOTER_STRUCTS", 1_000)
    with pytest.raises(ValueError, match="more than 1,000 columns, row groups and their parts"):
        check_footer(footer)
    monkeypatch.setattr(limits, "MAX_FOOTER_STRUCTS", 2_000)
    monkeypatch.setattr(limits, "MAX_FOOTER_VALUES", 2_000)
    with pytest.raises(ValueError, match="more than 2,000 values"):
        check_footer(footer)


@pytest.mark.parametrize(
    ("footer", "said"),
    [
        (b"\x1c" * 40, "nested too deeply"),
        (b"\x19" + b"\x19" * 40, "nested too deeply"),
        (b"\x19\xf5\xff\xff\xff\xff\x0f\x00", "more than 1,000,000 values"),
        (b"\x1b\xff\xff\xff\xff\x0f\x55", "more than 1,000,000 values"),
        (b"\x18\x7f\x00", "cut off"),
        (b"\x15", "cut off"),
        (b"\x15" + b"\xff" * 11, "damaged"),
        (b"\x1f\x00", "damaged"),
    ],
)
def test_a_damaged_footer_is_told(footer, said):
    with pytest.raises(ValueError, match=said):
        check_footer(footer)


def test_every_kind_of_value_is_gone_over():
    texts = b"\x19\x28\x01a\x01b"
    assert (
        check_footer(b"\x11\x12\x13\x07\x14\x02\x17" + bytes(8) + texts + b"\x1b\x01\x85\x01c\x02\x1b\x00\x00") is None
    )


@pytest.mark.slow
def test_a_footer_of_many_columns_takes_less_than_500_mb(tmp_path):
    path = bombs.many_columns(tmp_path / "x.parquet", groups=40)
    taken = measured.load(f"parquet:{path}", tmp_path / "workspace", torch=False)
    assert "its footer tells of more than 200,000 columns" in taken.error
    assert taken.mb < 500, f"took {taken.mb:.0f} MB"
    assert taken.seconds < 30


def in_scans(path):
    return bombs.scans_jpeg(path.with_suffix(".jpg"), 13_300, 1)


def often(path):
    return bombs.scans_jpeg(path.with_suffix(".jpg"), 7_000, 4_000, progressive=True, layers=1)


def webp(path):
    Image.new("RGBA", (5_100, 5_100), (1, 2, 3, 4)).save(path.with_suffix(".webp"), lossless=True, method=0)
    return path.with_suffix(".webp")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "said"),
    [(in_scans, "13300x13300 pixels, 50 million"), (often, "in 4,000 scans, 20 at the most"), (webp, "one value")],
    ids=["in scans", "many scans", "webp"],
)
def test_four_large_images_leave_a_worker_below_a_gigabyte(tmp_path, make, said):
    one = make(tmp_path / "0")
    assert one.stat().st_size < 3 * bombs.MB
    for name in ("cats/0", "cats/1", "dogs/0", "dogs/1"):
        put(tmp_path / "set" / f"{name}{one.suffix}", one.read_bytes())
    taken = measured.load(f"folder:{tmp_path / 'set'}", tmp_path / "workspace", 32, torch=False)
    assert said in taken.error
    # torch, which a worker has besides, takes 300.
    assert taken.mb < 700, f"took {taken.mb:.0f} MB"
    assert taken.seconds < 60
