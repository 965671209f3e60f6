"""Images with much beside their pixels are refused before it is gone over; what cameras and editors write is read."""

import io
import time
import zlib

import pytest
from PIL import Image

from engine.data import limits
from engine.data.files.listing import Item
from engine.data.files.pixels import Unreadable, decode, look
from tests.engine.data.pictures import pixels

#: Bytes of each file, and seconds of processor time for it: unbounded ones take up to 9.
SIZE, MOST_S = 4_000_000, 1.0


def encoded(kind, **options):
    content = io.BytesIO()
    Image.fromarray(pixels(0, 64)).save(content, kind, **options)
    return content.getvalue()


def segment(marker, content=b""):
    return bytes((0xFF, marker)) + (len(content) + 2).to_bytes(2, "big") + content


def chunk(name, content=b""):
    return len(content).to_bytes(4, "big") + name + content + zlib.crc32(name + content).to_bytes(4, "big")


def filled(content, place, part):
    """An image with as many of a part as make a large file."""
    return content[:place] + part * (SIZE // len(part)) + content[place:]


def in_jpeg(part):
    return filled(encoded("JPEG"), 2, part)


def in_png(part):
    return filled(encoded("PNG"), 33, part)


PACKED = zlib.compress(b"x" * 2**20)
BEFORE = {
    "exif": in_jpeg(segment(0xE1, b"Exif\0\0" + b"x" * 94)), "short exif": in_jpeg(segment(0xE1, b"Exif\0\0x")),
    "empty segments": in_jpeg(segment(0xE5)), "comments": in_jpeg(segment(0xFE, b"x")),
    "profile in parts": in_jpeg(segment(0xE2, b"ICC_PROFILE\0\1\1x")), "fill": in_jpeg(b"\xff"),
    "restarts": in_jpeg(b"\xff\xd0"), "text": in_png(chunk(b"tEXt", b"a\0b")),
    "profile": in_png(chunk(b"iCCP", b"a\0\0" + PACKED)),
    "own chunks": in_png(chunk(b"prIv")), "comment": filled(b"P6 #\n64 64 255\n" + bytes(3 * 64 * 64), 4, b"x"),
    "white space": filled(b"P6 64 64 255\n" + bytes(3 * 64 * 64), 3, b" "),
}  # fmt: skip
#: Gone over in C, or passed by in one go, or beside the pixels.
PASSED = {
    "chunks of a film": filled(encoded("WEBP", lossless=True), 12, b"prIv\2\0\0\0xx"),
    "notes of a film": filled(encoded("GIF"), 13 + 768, b"\x21\xfe\1x\0"),
    "packed text": in_png(chunk(b"zTXt", b"a\0\0" + PACKED)),  # pillow has a bound of its own
    "empty pixels": filled(encoded("PNG"), 33, chunk(b"IDAT")),
    "text at the end": filled(encoded("PNG"), -12, chunk(b"tEXt", b"a\0b")),
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
    with pytest.raises(Unreadable, match=r"^more than 1,000 parts$"):
        decode(item, 3, 0)


def test_what_cameras_and_editors_write_is_read():
    exif = Image.Exif()
    exif[0x010E] = "x" * 60_000
    profile = bytes(3_000_000)  # in 46 segments
    for content in (encoded("JPEG", exif=exif, icc_profile=profile), encoded("PNG", icc_profile=bytes(500_000))):
        assert decode(Item("x", 0, content), 3, 0)[1].shape == (3, 64, 64)
    note = encoded("JPEG")
    many = b"".join(segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + bytes(60_000)) for _ in range(100))
    assert decode(Item("x", 0, note[:2] + many + note[2:]), 3, 0)[1].shape == (3, 64, 64)
