"""Strips and other numbers of a TIFF file are counted before pillow makes objects of them; sound files load."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from engine.data import limits
from engine.data.files.decoders.tiff import Crowded, most_numbers
from engine.data.files.listing import Item
from engine.data.files.pixels import Unreadable, decode, look
from tests.engine.data.pictures import pixels, put

MANY = limits.MAX_STRIPS + 1
#: Grey, 64 by 64, in one strip of the first bytes behind the header.
SOUND = [
    (256, 4, 1, 64),
    (257, 4, 1, 64),
    (258, 3, 1, 8),
    (259, 3, 1, 1),
    (262, 3, 1, 1),
    (273, 4, 1, 20),
    (277, 3, 1, 1),
]
#: Offsets and byte counts, of strips and of tiles.
STRIPS = (273, 279, 324, 325)
SHORT, LONG = 3, 4
LAYOUTS = [("<", False), (">", False), ("<", True)]


def tiff(*directories, layout=("<", False), numbers=0) -> bytes:
    """Return a file: ``numbers`` bytes of values at 20, then the directories; the last one is the file's first."""
    order, big = layout
    mark = b"II" if order == "<" else b"MM"
    body, places = bytes([9]) * max(numbers, 64 * 64), []
    for entries in directories:
        places.append(20 + len(body))
        body += struct.pack(f"{order}{'Q' if big else 'H'}", len(entries))
        for tag, kind, count, value in entries:
            value = places[value] if isinstance(value, bool) else value
            inline = "H6x" if big and kind == SHORT else "L4x" if big and count == 1 else "Q"
            short = "H2x" if kind == SHORT and count == 1 else "L"
            body += struct.pack(
                f"{order}HH{'Q' if big else 'L'}{(inline if count == 1 else 'Q') if big else short}",
                tag,
                kind,
                count,
                value,
            )
        body += bytes(8 if big else 4)
    head = struct.pack(f"{order}HHHQ", 43, 8, 0, places[-1]) if big else struct.pack(f"{order}HL", 42, places[-1])
    return (mark + head).ljust(20, b"\0") + body


def refused(path, content: bytes) -> str:
    with pytest.raises(Unreadable) as caught:
        look(Item("x", 0, put(path, content)))
    return str(caught.value)


def counted(content: bytes) -> int:
    file = io.BytesIO(content)
    file.seek(3)
    found = most_numbers(file)
    assert file.tell() == 3
    return found


def replaced(*entries) -> list[tuple]:
    return sorted({**{entry[0]: entry for entry in SOUND}, **{entry[0]: entry for entry in entries}}.values())


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("big", [False, True])
def test_strips_are_counted_before_a_tiff_file_is_opened(tmp_path, order, big):
    mark, sizes = (b"II" if order == "<" else b"MM"), ("QHHQQ" if big else "LHHLL")
    if big:
        head = mark + struct.pack(f"{order}HHHQ", 43, 8, 0, 16) + struct.pack(f"{order}Q", 2)
    else:
        head = mark + struct.pack(f"{order}HLH", 42, 8, 2)
    entries = [(256, 4, 1, 16), (273, 4, MANY, 100)]
    content = head + b"".join(struct.pack(f"{order}{sizes[1:]}", *entry) for entry in entries)
    swapped = big and order == ">"  # a kind that pillow does not know
    assert counted(content) == (0 if swapped else MANY)
    for cut in range(len(content) - 1):
        assert counted(content[:cut]) in (0, 1)
    if not swapped:
        assert refused(tmp_path / "x.tif", content) == "250,001 strips or other numbers, 250,000 at the most"
    far = content[:8] + b"\xff" * 8 + content[16:] if big else content[:4] + b"\xff" * 4 + content[8:]
    assert counted(far) == 0


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("tag", STRIPS)
@pytest.mark.parametrize("kind", [1, 2, SHORT, LONG, 6, 7, 13])
def test_strips_are_counted_whatever_their_type(tmp_path, layout, tag, kind):
    content = tiff(replaced((tag, kind, MANY, 20)), layout=layout, numbers=4 * MANY)
    assert "250,001 strips" in refused(tmp_path / "x.tif", content)


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_colours_that_are_bytes_are_counted_too(tmp_path, layout):
    assert "250,007 strips or other" in refused(
        tmp_path / "x.tif", tiff(replaced((320, 1, MANY, 20)), layout=layout, numbers=MANY)
    )


@pytest.mark.slow
@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_entries_before_those_of_the_strips_hide_nothing(tmp_path, layout):
    filler = [(65000, LONG, 1, 1)] * (65_536 if layout[1] else 65_000)
    content = tiff([*filler, *replaced((273, SHORT, MANY, 20))], layout=layout, numbers=2 * MANY)
    assert refused(tmp_path / "x.tif", content) == f"{len(filler) + 7:,} entries, 4,096 at the most"


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_values_of_a_directory_for_cameras_are_counted(tmp_path, layout):
    """Pillow makes objects of all of them: they count together, from one directory into the next."""
    many = [(50_000 + part, SHORT, MANY // 2 + 1, 20) for part in range(2)]
    for link in (34665, 34853):
        content = tiff(many, replaced((link, LONG, 1, False)), layout=layout, numbers=MANY * 2)
        assert "other numbers" in refused(tmp_path / "x.tif", content)
    inner = [(40965, LONG, 1, False)]
    content = tiff(many, inner, replaced((34665, LONG, 1, True)), layout=layout, numbers=MANY * 2)
    assert "other numbers" in refused(tmp_path / "x.tif", content)
    content = tiff(many[:1], replaced((34665, LONG, 1, False)), layout=layout, numbers=MANY * 2)
    assert look(Item("x", 0, put(tmp_path / "y.tif", content))).size == (64, 64)
    assert decode(Item("x", 0, tmp_path / "y.tif"), 1, 0)[1].shape == (1, 64, 64)


def test_directories_that_lead_to_each_other_end():
    entries = [(34665, LONG, 1, 20 + 4096), (40965, LONG, 1, 2**31), (34853, LONG, 1, 2**32 - 1)]
    assert counted(tiff(entries)) == 3
    with pytest.raises(Crowded):
        most_numbers(io.BytesIO(tiff([(1, LONG, 1, 1)] * 2_050, [(34665, LONG, 1, False)] + [(1, LONG, 1, 1)] * 2_050)))


def test_bytes_of_a_tiff_file_may_be_many(tmp_path):
    image = Image.fromarray(pixels(0, 64))
    image.save(tmp_path / "x.tif", icc_profile=bytes(MANY))
    assert decode(Item("x", 0, tmp_path / "x.tif"), 3, 0)[1].shape == (3, 64, 64)


def test_a_file_that_only_begins_like_one_is_no_tiff_file(tmp_path):
    assert refused(tmp_path / "x.tif", b"MM" + b"\xff" * 100) == "no image of a known format"


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate", "packbits"])
@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("mode", ["L", "RGB", "P", "I;16", "1", "CMYK"])
def test_sound_files_load(tmp_path, compression, big, mode):
    grey = pixels(0, 64).mean(axis=2)
    image = (
        Image.fromarray((grey * 256).astype(np.uint16))
        if mode == "I;16"
        else Image.fromarray(pixels(0, 64)).convert(mode)
    )
    exif = Image.Exif()
    exif[271] = "a camera"
    exif.get_ifd(34665)[37510] = "words"
    exif.get_ifd(34853)[1] = "N"
    image.save(
        tmp_path / "x.tif", compression=compression, big_tiff=big, exif=exif, save_all=True, append_images=[image] * 3
    )
    item = Item("x", 0, tmp_path / "x.tif")
    assert look(item).size == (64, 64)
    assert decode(item, 3, 0)[1].shape == (3, 64, 64)


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_tiles_load(tmp_path, layout):
    tiles = [(322, LONG, 1, 32), (323, LONG, 1, 32), (324, LONG, 4, 20), (325, LONG, 4, 20)]
    content = tiff([entry for entry in replaced(*tiles) if entry[0] != 273], layout=layout)
    assert look(Item("x", 0, put(tmp_path / "x.tif", content))).size == (64, 64)
