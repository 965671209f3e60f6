"""Where a decoded copy comes from: a registered set's loader, or the images below a path. Torch-free."""

import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import numpy as np

from engine.data.files.array_writer import ArrayWriter
from engine.data.files.paths import absolute, listing_of, path_of, path_source
from engine.data.files.value_range import ValueRange
from engine.data.source import Source
from engine.errors import DataError

#: Beside the decoded copy: the names of broken images, one a line.
BROKEN = "broken.txt"


class RegisteredOrigin:
    """A registered data set. ``folder`` is the name of its copy, ``family`` of all copies made of it."""

    def __init__(self, source: Source):
        self.source = source
        self.folder = self.family = source.name

    def outdated(self, name: str) -> bool:
        """Return whether a folder holds a copy of what this origin was before."""
        return False

    def write(self, writer: ArrayWriter, place: Path, data: Path, report: Callable[[str], None]) -> dict[str, Any]:
        """Run the loader, check what it returns against the registry, write it. ``data``: the folder for downloads."""
        source = self.source
        arrays = vars(resolve_name(source.loader).load(data, report))
        shape = (source.channels, source.image_size, source.image_size)
        for split, images in (("train", source.train_images), ("test", source.test_images)):
            pixels, labels = arrays[f"{split}_images"], arrays[f"{split}_labels"]
            if pixels.dtype != np.uint8 or pixels.shape != (images, *shape) or labels.shape != (images,):
                raise DataError(f"{source.name}: {split} images are {pixels.shape}, expected {(images, *shape)}")
            if labels.min() < 0 or labels.max() >= len(source.classes):
                raise DataError(f"{source.name}: {split} labels lie outside 0 to {len(source.classes) - 1}")
            writer.append(split, pixels, labels)
        return {"classes": source.classes}


class PathOrigin:
    """The images below a path. The copy's name tells path and content, so that other content is decoded anew."""

    def __init__(self, name: str, resize: int):
        self._name, self._resize = absolute(name), resize
        self._listing = listing_of(name)
        kind, path = name.partition(":")[0], path_of(name)
        short = re.sub(r"[^A-Za-z0-9_-]+", "_", path.name)[:40]
        self.family = f"{kind}-{short}-{hashlib.sha256(os.fsencode(path)).hexdigest()[:8]}"
        self._content = f"{self.family}-{self._listing.digest[:16]}"
        self.folder = f"{self._content}-resize{resize}" if resize else self._content

    @cached_property
    def source(self) -> Source:
        """The row of the path. Raises DataError when the images cannot be trained on."""
        return path_source(self._name, self._resize)

    def description(self, scale: ValueRange | None = None) -> str:
        """Return in one line what was taken for what, with the range of wide values once all were looked at."""
        found = self.source.description
        assert found is not None
        if scale is not None:
            found = replace(found, values=scale.in_words(), looked_at=sum(found.counts.values()))
        return found.in_one_line()

    def outdated(self, name: str) -> bool:
        """Return whether a folder holds a copy of what lay below the path before."""
        return name.startswith(f"{self.family}-") and not name.startswith(self._content)

    def write(self, writer: ArrayWriter, place: Path, data: Path, report: Callable[[str], None]) -> dict[str, Any]:
        """Decode everything; broken images are named in a text file in ``place``."""
        # Image decoders, which nobody needs for a copy that is there.
        from engine.data.files.decoding import decode_into

        broken, scale = decode_into(writer, self._listing, self.source, self._resize, report)
        if broken:
            (place / BROKEN).write_text("\n".join(broken) + "\n", encoding="utf-8")
        total = sum(self._listing.counts.values())
        return {
            "classes": self._listing.classes, "images": total, "broken": len(broken), "examples": broken[:3],
            "description": self.description(scale),
        }  # fmt: skip


Origin = RegisteredOrigin | PathOrigin
