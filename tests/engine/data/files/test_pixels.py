import io

import numpy as np
import pytest
from PIL import Image

from engine.data.files.listing import Item
from engine.data.files.pixels import Header, Unreadable, decode, look
from tests.engine.data.pictures import pixels, png, put


def encoded(image: Image.Image, kind="PNG", **options) -> Item:
    content = io.BytesIO()
    image.save(content, kind, **options)
    return Item("x", 0, content.getvalue())


COLOUR, GREY = Image.fromarray(pixels(0)), Image.fromarray(pixels(0, channels=1))


def test_rgb_and_grey_come_out_as_they_went_in(tmp_path):
    header, array = decode(Item("x", 0, png(pixels(5))), 3, 0)
    assert header == Header((8, 8), False)
    assert np.array_equal(array.transpose(1, 2, 0), pixels(5))
    path = put(tmp_path / "x.jpg", png(pixels(5, channels=1)))  # suffixes may lie
    header, array = decode(Item("x", 0, path), 1, 0)
    assert header.grey
    assert np.array_equal(array[0], pixels(5, channels=1))
    assert np.array_equal(decode(Item("x", 0, path), 3, 0)[1], np.repeat(array, 3, 0))


@pytest.mark.parametrize(
    ("item", "grey"),
    [
        (encoded(COLOUR.convert("P", palette=Image.Palette.ADAPTIVE)), False),
        (encoded(GREY.convert("P")), True),
        (encoded(COLOUR.convert("RGBA")), False),
        (encoded(GREY.convert("LA")), True),
        (encoded(COLOUR.convert("CMYK"), "JPEG"), False),
        (encoded(COLOUR, "WEBP"), False),
        (encoded(GREY.convert("1")), True),
        (encoded(COLOUR, "TIFF", compression="tiff_lzw"), False),
        (encoded(COLOUR, "GIF"), False),
        (encoded(COLOUR, "BMP"), False),
    ],
)
def test_every_kind_becomes_eight_bits(item, grey):
    assert look(item).grey is grey
    for channels in (1, 3):
        _, array = decode(item, channels, 0)
        assert (array.shape, array.dtype) == ((channels, 8, 8), np.uint8)


def test_sixteen_bits_keep_the_upper_eight():
    wide = np.arange(64, dtype=np.uint16).reshape(8, 8) * 1000
    item = encoded(Image.fromarray(wide))
    assert look(item).grey
    assert np.array_equal(decode(item, 1, 0)[1][0], (wide >> 8).astype(np.uint8))


def test_transparency_is_dropped():
    array = np.dstack([pixels(0), np.zeros((8, 8), np.uint8)])
    assert np.array_equal(decode(encoded(Image.fromarray(array)), 3, 0)[1].transpose(1, 2, 0), pixels(0))


def test_the_exif_orientation_is_ignored():
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    tall = Image.fromarray(pixels(0)[:, :6])
    assert look(encoded(tall, "JPEG", exif=exif)).size[0] == 6
    turned, plain = (decode(encoded(tall, "JPEG", quality=95, **kw), 3, 0)[1] for kw in ({"exif": exif}, {}))
    assert np.array_equal(turned, plain)


def test_resizing_takes_the_middle_square_with_antialiasing():
    _, array = decode(Item("x", 0, png(pixels(3, size=16)[4:12])), 3, 4)
    whole = Image.fromarray(pixels(3, size=16)[4:12]).resize((8, 4), Image.Resampling.BILINEAR)
    assert np.array_equal(array.transpose(1, 2, 0), np.asarray(whole)[:, 2:6])
    checks = np.indices((32, 32)).sum(0) % 2 * np.uint8(255)
    _, array = decode(Item("x", 0, png(checks.astype(np.uint8))), 1, 8)
    assert np.abs(array.astype(int) - 127).max() < 30  # without antialiasing: 0 or 255
    assert decode(Item("x", 0, png(pixels(1))), 3, 20)[1].shape == (3, 20, 20)


def test_a_large_jpeg_is_shrunk_like_a_small_one():
    smooth = np.dstack([np.add.outer(np.arange(512), np.arange(512)) // 5] * 3).astype(np.uint8)
    by_jpeg = decode(encoded(Image.fromarray(smooth), "JPEG", quality=95), 3, 32)[1].astype(int)
    by_png = decode(Item("x", 0, png(smooth)), 3, 32)[1].astype(int)
    assert np.abs(by_jpeg - by_png).max() <= 3


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no bytes"),
        (None, "no bytes"),
        (b"no image", "no image of a known format"),
        (png(pixels(0, size=64))[:900], "truncated"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n", "no image of a known format"),
        (encoded(Image.fromarray(np.ones((8, 8), np.float32)), "TIFF").content, "float pixels"),
    ],
)
def test_what_cannot_be_decoded_says_why(content, reason):
    with pytest.raises(Unreadable, match=reason):
        decode(Item("x", 0, content), 3, 0)


def test_a_file_that_is_not_there_is_unreadable(tmp_path):
    with pytest.raises(Unreadable, match="No such file"):
        decode(Item("x", 0, tmp_path / "x.png"), 3, 0)
    with pytest.raises(Unreadable, match="empty"):
        look(Item("x", 0, put(tmp_path / "y.png", b"")))
