"""Images with much beside their pixels are refused before it is gone over; what cameras and editors write is read."""

import io
import struct
import time
import zlib

import numpy as np
import pytest
from PIL import Image

from engine.data import limits
from engine.data.files.listing import Item
from engine.data.files.pixels import Unreadable, decode, look
from engine.paths import PROJECT
from tests.engine.data.pictures import pixels, put

#: Bytes of each file, and seconds of processor time for it: unbounded ones take up to 9.
SIZE, MOST_S = 4_000_000, 1.0


def encoded(kind, array=None, **options):
    content = io.BytesIO()
    Image.fromarray(pixels(0, 64) if array is None else array).save(content, kind, **options)
    return content.getvalue()


def segment(marker, content=b""):
    return bytes((0xFF, marker)) + (len(content) + 2).to_bytes(2, "big") + content


def chunk(name, content=b""):
    return len(content).to_bytes(4, "big") + name + content + zlib.crc32(name + content).to_bytes(4, "big")


def bmp_in_runs(width, height, runs):
    """A BMP file (RLE8) whose palette is grey."""
    begin = 14 + 40 + 1024
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(runs), 0, 0, 256, 0)
    palette = b"".join(bytes((grey, grey, grey, 0)) for grey in range(256))
    return b"BM" + struct.pack("<IHHI", begin + len(runs), 0, 0, begin) + header + palette + runs


def filled(content, place, part):
    """An image with as many of a part as make a large file."""
    return content[:place] + part * (SIZE // len(part)) + content[place:]


def in_jpeg(part):
    return filled(encoded("JPEG"), 2, part)


def in_png(part):
    return filled(encoded("PNG"), 33, part)


PACKED = zlib.compress(b"x" * 2**20)
BEFORE = {
    "exif": in_jpeg(segment(0xE1, b"Exif\0\0" + b"x" * 94)),
    "short exif": in_jpeg(segment(0xE1, b"Exif\0\0x")),
    "empty segments": in_jpeg(segment(0xE5)),
    "comments": in_jpeg(segment(0xFE, b"x")),
    "profile in parts": in_jpeg(segment(0xE2, b"ICC_PROFILE\0\1\1x")),
    "fill": in_jpeg(b"\xff"),
    "restarts": in_jpeg(b"\xff\xd0"),
    "text": in_png(chunk(b"tEXt", b"a\0b")),
    "profile": in_png(chunk(b"iCCP", b"a\0\0" + PACKED)),
    "own chunks": in_png(chunk(b"prIv")),
    "damaged packed text": in_png(chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(2**20 - 1))[:-4] + b"oops")),
    "short damaged packed text": in_png(chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(20_000))[:-4] + b"oops")),
    "damaged packed international text": in_png(
        chunk(b"iTXt", b"a\0\1\0\0\0" + zlib.compress(bytes(2**20 - 1))[:-4] + b"oops")
    ),
    "comment": filled(b"P6 #\n64 64 255\n" + bytes(3 * 64 * 64), 4, b"x"),
    "white space": filled(b"P6 64 64 255\n" + bytes(3 * 64 * 64), 3, b" "),
}
#: Read by lines.
LINES = {
    "colours": b'/* XPM */\n"64 64 900000 4",\n' + b'"aaaa c #000000",\n' * (SIZE // 18),
    "empty lines": b"/* XPM */\n" + b"\n" * SIZE,
}  # fmt: skip
#: Gone over in C, or passed by in one go, or beside the pixels.
PASSED = {
    "chunks of a film": filled(encoded("WEBP", lossless=True), 12, b"prIv\2\0\0\0xx"),
    "notes of a film": filled(encoded("GIF"), 13 + 768, b"\x21\xfe\1x\0"),
    "packed text": in_png(chunk(b"zTXt", b"a\0\0" + PACKED)),  # pillow has a bound of its own
    "empty pixels": filled(encoded("PNG"), 33, chunk(b"IDAT")),
    "text at the end": filled(encoded("PNG"), -12, chunk(b"tEXt", b"a\0b")),
    "ends of rows": bmp_in_runs(64, 64, bytes(SIZE)),
    "ends of rows of many pixels": bmp_in_runs(7000, 7000, bytes(SIZE)),
}


def seconds(item) -> float:
    began = time.process_time()
    for read in (look, lambda one: decode(one, 3, 32)):
        try:
            read(item)
        except Unreadable as reason:
            assert len(str(reason)) <= 80
    return time.process_time() - began


@pytest.mark.parametrize("name", BEFORE)
def test_what_has_much_before_its_pixels_is_refused_at_once(name):
    item = Item("x", 0, BEFORE[name])
    with pytest.raises(Unreadable, match=r"^more than [0-9,]+ (parts|bytes) before its pixels$"):
        look(item)
    assert seconds(item) < MOST_S


@pytest.mark.parametrize("name", LINES)
def test_lines_before_the_pixels_are_bounded(tmp_path, name):
    item = Item("x", 0, put(tmp_path / "x.xpm", LINES[name]))
    with pytest.raises(Unreadable, match=r"^more than 100,000 lines before its pixels$"):
        look(item)
    assert seconds(item) < MOST_S


@pytest.mark.slow
@pytest.mark.parametrize("name", PASSED)
def test_what_is_passed_by_takes_no_time(name):
    assert seconds(Item("x", 0, PASSED[name])) < 3 * MOST_S


def test_segments_whose_bytes_are_put_together_are_bounded_by_them():
    item = Item("x", 0, in_jpeg(segment(0xE1, b"Exif\0\0" + b"x" * 60_000)) + bytes(1))
    look(item)
    many = segment(0xE1, b"Exif\0\0" + b"x" * 60_000) * (limits.MAX_PARTS_BYTES // 60_000 + 1)
    content = encoded("JPEG")
    with pytest.raises(Unreadable, match="8,388,608 bytes before its pixels"):
        look(Item("x", 0, content[:2] + many + content[2:]))


def test_parts_between_the_pixels_are_bounded_too(monkeypatch):
    monkeypatch.setattr(limits, "MAX_PIXEL_PARTS", 1_000)
    item = Item("x", 0, PASSED["empty pixels"])
    look(item)
    with pytest.raises(Unreadable, match=r"^more than 1,000 parts with its pixels$"):
        decode(item, 3, 0)
    # So are those of a decoder that reads by the pixel: as many more as its pixels are.
    with pytest.raises(Unreadable, match=r"^more than 17,384 parts with its pixels$"):
        decode(Item("x", 0, PASSED["ends of rows"]), 3, 0)


def test_bytes_that_are_read_again_with_the_pixels_are_bounded(monkeypatch):
    """Every strip begins where the first does, and is read to the end of the file."""
    content = encoded("TIFF", tiffinfo={278: 1})  # a strip of one row
    first = Image.open(io.BytesIO(content)).tag_v2[273]
    at = content.index(struct.pack("<64I", *first))
    content = content[:at] + struct.pack("<I", first[0]) * 64 + content[at + 4 * 64 :]
    monkeypatch.setattr(limits, "MAX_IMAGE_BYTES", 100_000)
    look(Item("x", 0, content))
    with pytest.raises(Unreadable, match=r"^more than 100,000 bytes with its pixels$"):
        decode(Item("x", 0, content), 3, 0)


#: A tenth of the pixels and of the parts that are allowed anyway: more parts than those, which a pixel each allows.
SIDE, ANYWAY = 320, limits.MAX_PIXEL_PARTS // 10
PIXELS = SIDE * SIDE
NOISE = pixels(1, SIDE)
WIDE = np.random.default_rng(1).integers(0, 1_024, NOISE.shape, np.uint16)
#: A decoder in Python reads them by the pixel, or by the byte; the largest difference of a value.
BY_PIXEL = {
    "qoi": (b"qoif" + struct.pack(">IIBB", SIDE, SIDE, 3, 0)
            + np.insert(NOISE.reshape(-1, 3), 0, 0xFE, axis=1).tobytes(), NOISE, 0),
    "smooth qoi": (b"qoif" + struct.pack(">IIBB", SIDE, SIDE, 3, 0) + bytes((0x6A, 0x55)) * (PIXELS // 2), None, 0),
    "16 bits": (b"P6 %d %d 1023\n" % (SIDE, SIDE) + WIDE.astype(">u2").tobytes(), WIDE / 1_023 * 255, 0.5),
    "odd grey": (b"P5 %d %d 200\n" % (SIDE, SIDE)
                 + (NOISE[..., 0] % 201).tobytes(), NOISE[..., :1] % 201 / 200 * 255, 0.5),
    "dds": (encoded("DDS", NOISE), NOISE, 0),
    "runs": (bmp_in_runs(SIDE, -SIDE, b"".join(
        np.insert(row[:, None], 0, 1, axis=1).tobytes() + bytes(2) for row in NOISE[..., 0])), NOISE[..., :1], 0),
    "column of runs": (bmp_in_runs(1, -20_000, b"\1\7\0\0" * 20_000), None, 0),
}  # fmt: skip


@pytest.mark.parametrize("name", BY_PIXEL)
def test_an_image_whose_decoder_reads_by_the_pixel_is_read(name, monkeypatch):
    monkeypatch.setattr(limits, "MAX_PIXEL_PARTS", ANYWAY)
    content, expected, most = BY_PIXEL[name]
    header, array = decode(Item("x", 0, content), 3, 0)
    assert look(Item("x", 0, content)) == header
    assert array.shape == (3, *header.size[::-1])
    if expected is not None:
        assert np.abs(array.transpose(1, 2, 0) - expected).max() <= most


def test_an_image_of_many_colours_in_text_is_read(tmp_path):
    keys = [f"{number:04x}" for number in range(128 * 128)]
    colours = "".join(f'"{key} c #{2 * number:06x}",\n' for number, key in enumerate(keys))
    rows = "".join('"' + "".join(keys[at : at + 128]) + '",\n' for at in range(0, len(keys), 128))
    text = f'/* XPM */\nstatic char *x[] = {{\n"128 128 {len(keys)} 4",\n{colours}/* pixels */\n{rows}}};\n'
    _, array = decode(Item("x", 0, put(tmp_path / "x.xpm", text.encode())), 3, 0)
    assert array[:, 1, 2].tolist() == [0, 260 // 256, 260 % 256]


@pytest.mark.parametrize(
    ("kind", "part", "most"),
    [
        ("JPEG", segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0x"), 1_490),
        ("JPEG", segment(0xE2, b"ICC_PROFILE\0\1\1x"), 1_490),
        ("PNG", chunk(b"tEXt", b"a\0b"), 1_990),
        ("PNG", chunk(b"prIv", b"x"), 1_990),
        ("PNG", chunk(b"zTXt", b"a\0\0" + zlib.compress(b"x")), 1_990),
        ("PNG", chunk(b"zTXt", b"a\0\0" + zlib.compress(NOISE.tobytes()[:2_000])), 115),
        ("PNG", chunk(b"iTXt", b"a\0\0\0\0\0x"), 1_990),
        ("PNG", chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + b"x" * 4_000), 1_990),
        ("PNG", chunk(b"iTXt", b"a\0\1\0\0\0" + zlib.compress(NOISE.tobytes()[:2_000])), 115),
        ("PNG", chunk(b"iTXt", b"a" * 2_000), 115),
    ],
    ids=[
        "notes",
        "profile in parts",
        "text",
        "own chunks",
        "short packed text",
        "packed text",
        "international text",
        "notes in PNG",
        "packed international text",
        "text without a key",
    ],
)
def test_as_many_segments_and_chunks_pass_as_the_document_says(kind, part, most):
    assert f"{most:,} " in (PROJECT / "assets/docs/data.md").read_text("utf-8")
    content, place = encoded(kind), {"JPEG": 2, "PNG": 33}[kind]
    assert decode(Item("x", 0, content[:place] + part * most + content[place:]), 3, 0)[1].shape == (3, 64, 64)
    with pytest.raises(Unreadable, match=r"^more than 6,000 parts before its pixels$"):
        look(Item("x", 0, content[:place] + part * (most + 10) + content[place:]))


def test_what_cameras_and_editors_write_is_read():
    exif = Image.Exif()
    exif[0x010E] = "x" * 60_000
    profile = bytes(3_000_000)  # in 46 segments
    for content in (encoded("JPEG", exif=exif, icc_profile=profile), encoded("PNG", icc_profile=bytes(500_000))):
        assert decode(Item("x", 0, content), 3, 0)[1].shape == (3, 64, 64)
    note = encoded("JPEG")
    notes = chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + b"x" * 3_000) * 130
    drawn = encoded("PNG")
    assert decode(Item("x", 0, drawn[:33] + notes + drawn[33:]), 3, 0)[1].shape == (3, 64, 64)
    many = b"".join(segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + bytes(60_000)) for _ in range(100))
    assert decode(Item("x", 0, note[:2] + many + note[2:]), 3, 0)[1].shape == (3, 64, 64)
