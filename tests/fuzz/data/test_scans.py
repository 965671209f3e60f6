"""The scans of a JPEG file end with its picture: thumbnails, films and further pictures behind it are not counted."""

import io

import pytest
from PIL import Image

from engine.data import limits
from engine.data.files.decoders.jpeg import scans_in
from engine.data.files.listing import Item
from engine.data.files.pixels import Unreadable, decode
from tests.engine.data.pictures import pixels
from tests.fuzz.data import bombs

END, SCAN = b"\xff\xd9", b"\xff\xda"


def jpeg(**options) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels(0, 64)).save(file, "JPEG", **options)
    return file.getvalue()


def segment(marker, content):
    return bytes((0xFF, marker)) + (len(content) + 2).to_bytes(2, "big") + content


PROGRESSIVE = jpeg(progressive=True)
OWN = PROGRESSIVE.count(SCAN)
FIRST = PROGRESSIVE.index(SCAN)
MANY = PROGRESSIVE[:-2] + PROGRESSIVE[FIRST:-2] * 20 + END
NUMBERED = MANY.replace(SCAN, segment(0xDD, b"\0\1") + SCAN, 1)
#: What cameras and editors write, and what breaks the count: bytes and scans.
FILES = {
    "alone": (PROGRESSIVE, OWN),
    "a film behind it": (PROGRESSIVE + b"\0\0\0\x18ftypmp42" + SCAN * 500, OWN),
    "a second picture behind it": (PROGRESSIVE + PROGRESSIVE * 30, OWN),
    "zeros behind it": (PROGRESSIVE + bytes(3_000_000) + SCAN, OWN),
    "a thumbnail": (PROGRESSIVE[:2] + segment(0xE1, b"Exif\0\0" + PROGRESSIVE) + PROGRESSIVE[2:], OWN),
    "many thumbnails": (PROGRESSIVE[:2] + segment(0xE1, b"Exif\0\0" + PROGRESSIVE) * 30 + PROGRESSIVE[2:], OWN),
    "fill bytes": (PROGRESSIVE.replace(SCAN, b"\xff" * 9 + SCAN), OWN),
    "no end": (PROGRESSIVE[:-2], OWN),
    "an end in a comment": (MANY[:2] + segment(0xFE, END) + MANY[2:], 21 * OWN),
    "restarts": (jpeg(progressive=True, restart_marker_blocks=1) + SCAN * 500, OWN),
    "restarts and more scans": (NUMBERED, 21 * OWN),
    "an odd marker between bytes": (MANY.replace(SCAN, b"\xff\x05\xff\x01" + SCAN), 21 * OWN),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_scans_of_the_picture_are_counted(name):
    content, scans = FILES[name]
    file = io.BytesIO(content)
    file.seek(7)
    assert (scans_in(file), file.tell()) == (scans, 7)


@pytest.mark.parametrize("name", ["a film behind it", "a second picture behind it", "many thumbnails"])
def test_what_cameras_put_beside_a_picture_is_read(name):
    assert decode(Item("x", 0, FILES[name][0]), 3, 0)[1].shape == (3, 64, 64)


def test_a_file_of_two_pictures_is_read():
    file = io.BytesIO()
    image = Image.fromarray(pixels(0, 64))
    others = [Image.fromarray(pixels(number, 64)) for number in range(1, 30)]
    image.save(file, "MPO", save_all=True, append_images=others, progressive=True)
    assert file.getvalue().count(SCAN) > limits.MAX_SCANS
    assert decode(Item("x", 0, file.getvalue()), 3, 0)[1].shape == (3, 64, 64)


@pytest.mark.parametrize("between", [0, 1, 2, (1 << 17) - 3, (1 << 17) - 2, (1 << 17) - 1, 1 << 17, 1 << 20])
def test_a_scan_between_two_pieces_is_counted(between):
    scan = segment(0xDA, b"\1\1\0\0\x3f\0")
    content = b"\xff\xd8" + scan + bytes(between) + scan + bytes(between) + END + scan
    assert scans_in(io.BytesIO(content)) == 2


def test_a_file_of_endless_segments_counts_by_its_bytes():
    content = PROGRESSIVE[:2] + segment(0xFE, b"") * 10_000 + PROGRESSIVE[2:] + SCAN
    assert scans_in(io.BytesIO(content)) == OWN + 1


def test_scans_behind_an_end_are_not_decoded_and_those_before_are_refused(tmp_path):
    content = bombs.scans_jpeg(tmp_path / "x.jpg", 512, limits.MAX_SCANS + 1, progressive=True, layers=1).read_bytes()
    with pytest.raises(Unreadable, match="in 101 scans, 100 at the most"):
        decode(Item("x", 0, content), 1, 32)
    last = content.rindex(SCAN)
    assert decode(Item("x", 0, content[:last] + END + content[last:]), 1, 32)[0].size == (512, 512)
