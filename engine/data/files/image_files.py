"""Which files are images, and which files and folders are not of the set but of a system. Torch-free.

A table instead of pillow's own: looking through a folder needs no decoder. A test holds the two together.
"""

import os
import re
from collections.abc import Collection, Iterator
from itertools import islice
from pathlib import Path

from engine.data.files.inside import entries_in, is_own_folder
from engine.data.files.listing import printable

#: Decoders that are tried whatever a file is called.
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM", "JPEG2000", "AVIF", "QOI", "DDS")
#: Decoders that take much for their own, tried for files of these suffixes alone.
BY_SUFFIX = {
    ".dib": "DIB", ".tga": "TGA", ".icb": "TGA", ".vda": "TGA", ".vst": "TGA", ".pcx": "PCX", ".dcx": "DCX",
    ".sgi": "SGI", ".rgb": "SGI", ".rgba": "SGI", ".bw": "SGI", ".ras": "SUN", ".xbm": "XBM", ".xpm": "XPM",
    ".msp": "MSP", ".im": "IM", ".pxr": "PIXAR", ".blp": "BLP", ".ftc": "FTEX", ".ftu": "FTEX",
    ".fit": "FITS", ".fits": "FITS",
}  # fmt: skip
SUFFIXES = (
    ".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".pnm", ".pfm", ".apng",
    ".jfif", ".jpe", ".jp2", ".j2k", ".jpc", ".jpf", ".jpx", ".j2c", ".avif", ".avifs", ".qoi", ".dds", *BY_SUFFIX,
)  # fmt: skip
#: What pillow knows and this does not take. EPS and WMF start programs; the next four have no decoder; the next are
#: icons, layers, brushes and films, which lie beside images and are none of the set; the last four have no ending of
#: their own and are told by little in their bytes.
REFUSED = (
    "EPS", "WMF", "BUFR", "GRIB", "HDF5", "MPEG", "ICO", "CUR", "ICNS", "PSD", "GBR", "FLI", "IPTC", "PCD",
    "SPIDER", "IMT", "MCIDAS", "XVTHUMB",
)  # fmt: skip
#: Made by file systems, network storage, archivers and notebooks, in lower case.
_SYSTEM = frozenset((
    "__macosx", "@eadir", "#recycle", "@recycle", "#snapshot", "@recently-snapshot", "@__thumb", "lost+found",
    "$recycle.bin", "system volume information", "__pycache__", "thumbs.db", "ehthumbs.db", "desktop.ini",
))  # fmt: skip
#: Folders of what belongs to images pixel by pixel, and of the images beside them.
MASK_FOLDERS = frozenset((
    "mask", "masks", "segmentation", "segmentations", "trimaps", "annotations", "labels", "ground_truth", "groundtruth",
))  # fmt: skip
IMAGE_FOLDERS = frozenset(("image", "images", "img", "imgs", "photos", "pictures", "jpegimages"))
_MASK_FILE = re.compile(r"(.+)[ _-](?:masks?|seg|segmentation)(?:[ _-]?\d+)?\.\w+", re.IGNORECASE)
_COUNTED = 100_000
_NAMED = 3


def is_system(name: str) -> bool:
    """Return whether a file or folder is hidden, or made by a system: no part of a set of images."""
    return name.startswith(".") or name.lower() in _SYSTEM


def is_image(name: str) -> bool:
    """Return whether a file is an image by its suffix."""
    return name.lower().endswith(SUFFIXES)


def masks_among(names: Collection[str]) -> set[str]:
    """Return the names in one folder that are masks: a folder of them beside one of images, ``x_mask.png`` beside x."""
    lowered = {name.lower() for name in names}
    masks = {name for name in names if name.lower() in MASK_FOLDERS and lowered & IMAGE_FOLDERS}
    found = {name: match[1] for name in names if (match := _MASK_FILE.fullmatch(name)) and is_image(name)}
    stems = {name.rpartition(".")[0] for name in names if is_image(name)} if found else set()
    return masks | {name for name, stem in found.items() if stem in stems}


class LeftOut:
    """What is not taken below a path, counted and named by its reason."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[int, list[str]]] = {}

    def add(self, reason: str, name: str, count: int = 1) -> None:
        """Count something that is left out."""
        total, names = self._found.setdefault(reason, (0, []))
        if name not in names and len(names) <= _NAMED:
            names.append(name)
        self._found[reason] = (total + count, names)

    def add_entry(self, entry: os.DirEntry[str]) -> None:
        """Count a file, or all files of a folder, of a system."""
        # What is left out need not be readable.
        self.add("files of the system", entry.name, files_below(Path(entry.path)) if is_own_folder(entry) else 1)

    def add_file(self, name: str) -> None:
        """Count a file that is no image, by its suffix."""
        stem, dot, suffix = name.rpartition(".")
        self.add("files that are no images", f".{suffix}" if stem and dot and len(suffix) <= 8 else name)

    def lines(self) -> tuple[str, ...]:
        """Return one line for each reason."""
        return tuple(
            f"{count:,} {reason} ({printable(', '.join(names[:_NAMED]))}{', ...' if len(names) > _NAMED else ''})"
            for reason, (count, names) in self._found.items()
        )


def files_below(folder: Path, only_images: bool = False) -> int:
    """Return how many files lie below a folder, among the first 100,000 entries; what cannot be read counts as none."""
    return sum(1 for name in _names(folder) if not only_images or is_image(name))


def any_image_below(folder: Path) -> bool:
    """Return whether an image lies below a folder, among the first 100,000 entries."""
    return any(map(is_image, _names(folder)))


def _names(folder: Path) -> Iterator[str]:
    return (entry.name for entry in islice(entries_in(folder), _COUNTED) if not _is_folder(entry))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Return whether an entry is a folder, or a link to one, which counts as no file."""
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False
