"""The table of bytes for each pixel, held against what processes take that decode one image each."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.paths import PROJECT
from tests.fuzz.data import measured

_SIDE = 2_800
#: Bytes of what is made some rows at a time, and of what a process loads with its first image.
_PIECES = 24_000_000
_ONE_STRIP = {"strip_size": 1 << 30}
_PACKED = {"compression": "tiff_adobe_deflate", **_ONE_STRIP}
_SCANS = {"progressive": True, "subsampling": 0}
_LOSSLESS = {"lossless": True, "method": 0}
#: Suffix, modes, options.
_KINDS = (
    (".png", "1 L LA P RGB RGBA I;16", {}),
    (".jpg", "L RGB CMYK", {}),
    (".jpg", "L RGB CMYK", _SCANS),
    (".webp", "RGB RGBA", _LOSSLESS),
    (".webp", "RGB RGBA", {"quality": 50, "method": 0}),
    (".tif", "1 L LA P PA RGB RGBA CMYK LAB YCbCr I;16 I F", _PACKED),
    (".tif", "L RGB RGBA F", _ONE_STRIP),
    (".tif", "RGB", {"compression": "jpeg", **_ONE_STRIP}),
    (".gif", "L P", {}),
    (".bmp", "1 L P RGB RGBA", {}),
    (".ppm", "1 L RGB I", {}),
    (".pfm", "F", {}),
    (".tga", "L LA P RGB RGBA", {"compression": "tga_rle"}),
    (".pcx", "1 L P RGB", {}),
    (".sgi", "L RGB RGBA", {}),
    (".im", "L P RGB RGBA F", {}),
    (".dds", "L RGB RGBA", {}),
    (".jp2", "L RGB RGBA", {}),
    (".avif", "RGB RGBA", {"speed": 10}),
    (".qoi", "RGB", {}),
)
_FEW = ((".webp", "RGBA", _LOSSLESS), (".tif", "RGBA", _PACKED), (".jpg", "RGB", _SCANS))


def made(path: Path, mode: str, options: dict) -> Path:
    """Save an image that is empty but for its first row."""
    values = np.zeros((_SIDE, _SIDE), np.uint8)
    values[0] = np.arange(_SIDE) % 200
    wide = {"I;16": np.uint16, "I": np.int32, "F": np.float32}
    image = Image.fromarray(values.astype(wide[mode]) * 3 if mode in wide else values)
    if mode not in wide:
        image = (
            image.convert(mode, palette=Image.Palette.ADAPTIVE) if mode != "LAB" else Image.merge("LAB", [image] * 3)
        )
    image.save(path, **options)
    return path


def counted_and_taken(path: Path) -> list[float]:
    command = [sys.executable, "-m", __name__, str(path)]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr[-2000:]
    return [float(word) for word in ended.stdout.split()]


def check(path: Path) -> None:
    counted, *taken = counted_and_taken(path)
    assert max(taken) < counted * _SIDE**2 + _PIECES, [f"{own / _SIDE**2:.1f} of {counted}" for own in taken]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak of a process is reset by Linux alone")
@pytest.mark.parametrize(("suffix", "mode", "options"), _FEW)
def test_a_few_formats_take_what_the_table_says(tmp_path, suffix, mode, options):
    check(made(tmp_path / f"x{suffix}", mode, options))


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="the peak of a process is reset by Linux alone")
@pytest.mark.parametrize(
    ("suffix", "mode", "options"),
    [(suffix, mode, options) for suffix, modes, options in _KINDS for mode in modes.split()],
)
def test_every_format_takes_what_the_table_says(tmp_path, suffix, mode, options):
    check(made(tmp_path / f"x{suffix}", mode, options))


def main(path: Path) -> None:
    """Print the bytes of a pixel that are counted, and what looking, resizing and taking whole took."""
    from engine.data.files.decoders.memory import need
    from engine.data.files.listing import Item
    from engine.data.files.pixels import decode, values
    from engine.data.files.value_range import ValueRange

    item = Item("x", 0, path)
    with Image.open(path) as image:
        counted = need(image, image.size).bytes / (image.width * image.height)
    scale = ValueRange(0.0, 700.0)
    taken = []
    for take in (
        lambda: values(item),
        lambda: decode(item, 1, 32, scale),
        lambda: decode(item, 3, 32, scale),
        lambda: decode(item, 3, 0, scale),
    ):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        before = measured.peak_mb()
        take()
        taken.append((measured.peak_mb() - before) * 2**20)
    print(counted, *taken)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
