"""Images whose decoder is slow take seconds at the most, or are refused by their header with what would be right."""

import io
import struct
import time

import numpy as np
import pytest
from PIL import Image
from PIL.BmpImagePlugin import BmpRleDecoder

from engine.data import limits
from engine.data.files.decoders.scaled import decode_by_table
from engine.data.files.decoders.speed import is_slow, most_in_time
from engine.data.files.listing import Item
from engine.data.files.pixels import Unreadable, decode, look
from tests.engine.data.pictures import pixels, put
from tests.fuzz.data.test_parts import bmp_in_runs

#: Times the table's, for a machine that does other things as well.
BUSY = 3


def qoi(side, part=b"\xa0\x88"):
    return b"qoif" + struct.pack(">IIBB", side, side, 4, 0) + part * (side * side * 2 // len(part)) + bytes(7) + b"\1"


def runs(side, packed=1):
    return bmp_in_runs(side, side, (b"\1\x77" * side + bytes(2)) * side).replace(
        struct.pack("<HHI", 1, 8, 1), struct.pack("<HHI", 1, 8 // packed, packed), 1
    )


def dds(side):
    head = struct.pack("<4s7I44s", b"DDS ", 124, 0x1007, side, side, side * 4, 0, 0, b"")
    masks = struct.pack("<8I5I", 32, 0x41, 0, 32, 0xFF, 0xFF00, 0xFF0000, 0xFF000000, 0x1000, 0, 0, 0, 0)
    return head + masks + bytes(side * side * 4)


def numbers(side, kind=3, most=255):
    return b"P%d %d %d %d\n" % (kind, side, side, most) + b"%d " % most * (side * side * (3 if kind == 3 else 1))


def xpm(side):
    rows = (b'"' + b"ab" * (side // 2) + b'",\n') * side
    head = b'/* XPM */\nstatic char *x[] = {\n"%d %d 2 1",\n"a c #010203",\n"b c #ff0011",\n' % (side, side)
    return head + rows + b"};\n"


def blp(side, encoding=1, size=16):
    begin = 20 + 128 + 1024
    packed = (side // 4) ** 2 * size
    head = b"BLP2" + struct.pack("<I4B2I", 1, 2, 8, encoding, 0, side, side)
    head += struct.pack("<16I", begin, *[0] * 15) + struct.pack("<16I", packed, *[0] * 15) + bytes(1024)
    return head + np.random.default_rng(0).integers(0, 256, packed, np.uint8).tobytes()


#: Suffix, and the file of a side.
SLOW = {
    "qoi": (".qoi", qoi), "runs": (".bmp", runs), "runs of four bits": (".bmp", lambda side: runs(side, 2)),
    "dds": (".dds", dds), "numbers": (".ppm", numbers), "wide numbers": (".pgm", lambda side: numbers(side, 2, 65_535)),
    "xpm": (".xpm", xpm), "blp": (".blp", blp),
}  # fmt: skip


def opened(content, suffix=".x"):
    return Image.open(io.BytesIO(content), formats=[Image.registered_extensions().get(suffix, "PPM")])


@pytest.mark.parametrize("name", SLOW)
def test_a_slow_decoder_takes_what_the_table_says(tmp_path, name):
    suffix, make = SLOW[name]
    item = Item("x", 0, put(tmp_path / f"x{suffix}", make(256)))
    with Image.open(item.content) as image:
        assert is_slow(image)
        each = limits.MAX_DECODING_NS / most_in_time(image)
    taken = []
    for _ in range(3):
        began = time.process_time_ns()
        assert decode(item, 3, 32)[0].size == (256, 256)
        taken.append(time.process_time_ns() - began)
    # What is the same for any size is a few milliseconds.
    assert min(taken) < BUSY * each * 256**2 + 2e7, f"{min(taken) / 256**2:.0f} ns of {each:.0f}"


@pytest.mark.parametrize("name", SLOW)
def test_a_large_image_of_a_slow_decoder_is_refused_by_its_header(tmp_path, monkeypatch, name):
    suffix, make = SLOW[name]
    item = Item("x", 0, put(tmp_path / f"x{suffix}", make(64)))
    decode(item, 3, 0)
    with Image.open(item.content) as image:
        each = limits.MAX_DECODING_NS // most_in_time(image)
    monkeypatch.setattr(limits, "MAX_DECODING_NS", 64 * 63 * each + 1)
    monkeypatch.setattr(Image.Image, "load", lambda image: pytest.fail("was decoded"))
    look(item)
    with pytest.raises(Unreadable, match=r"^64x64 pixels, 4,0\d\d at the most so packed; save it as PNG$"):
        decode(item, 3, 0)


def test_what_is_refused_is_told_in_millions(tmp_path):
    head = b"qoif" + struct.pack(">IIBB", 8_000, 800, 4, 0)
    with pytest.raises(Unreadable, match=r"^8000x800 pixels, 1 million at the most so packed; save it as PNG$"):
        decode(Item("x", 0, head), 3, 0)


def test_runs_of_a_large_image_are_gone_over_once(tmp_path, monkeypatch):
    monkeypatch.setattr("engine.data.files.pixels._PIECE_PIXELS", 64)
    decoded = []
    pillows = BmpRleDecoder.decode
    monkeypatch.setattr(BmpRleDecoder, "decode", lambda own, buffer: decoded.append(own) or pillows(own, buffer))
    decode(Item("x", 0, put(tmp_path / "x.bmp", runs(64))), 3, 32)
    assert len(decoded) == 1


@pytest.mark.parametrize("most", [1, 2, 100, 254, 256, 1_000, 1_023, 4_095, 65_534, 65_535])
@pytest.mark.parametrize(("kind", "colours"), [("P5", 1), ("P6", 3), ("PyP", 1), ("P0CMYK", 4)])
def test_a_largest_value_is_scaled_as_pillow_scales_it(kind, colours, most):
    values = np.random.default_rng(most).integers(0, 256 if most < 256 else 65_536, (40, 41, colours))
    content = f"{kind} 41 40 {most}\n".encode() + values.astype(np.uint8 if most < 256 else ">u2").tobytes()
    pillows, ours = opened(content), opened(content)
    decode_by_table(ours)
    assert not is_slow(ours)
    assert ours.mode == pillows.mode
    assert np.array_equal(np.asarray(ours), np.asarray(pillows))


def test_a_large_image_of_ten_bits_takes_a_second(tmp_path):
    side = 2_000
    values = np.random.default_rng(0).integers(0, 1_024, (side, side, 3), np.uint16)
    item = Item("x", 0, put(tmp_path / "x.ppm", b"P6 2000 2000 1023\n" + values.astype(">u2").tobytes()))
    began = time.process_time()
    _, array = decode(item, 3, 0)
    assert time.process_time() - began < 1.5  # of pillow's own decoder 8
    assert np.abs(array.transpose(1, 2, 0) - values / 1_023 * 255).max() <= 0.5
    put(item.content, item.content.read_bytes()[:-1])
    with pytest.raises(Unreadable, match="not enough image data"):
        decode(item, 3, 0)


def test_a_long_file_of_jpeg_2000_is_refused_by_its_length(tmp_path, monkeypatch):
    Image.fromarray(pixels(0, 64)).save(tmp_path / "x.jp2")
    item = Item("x", 0, tmp_path / "x.jp2")
    decode(item, 3, 0)
    monkeypatch.setattr(limits, "MAX_JPEG2000_BYTES", 1_000)
    with pytest.raises(Unreadable, match=r"^[0-9,]+ bytes, 1,000 of JPEG 2000 at the most$"):
        decode(item, 3, 0)
