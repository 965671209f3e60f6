"""Small image files and Parquet files for tests."""

import io
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image
from pyarrow import parquet


def pixels(seed: int, size: int = 8, channels: int = 3) -> np.ndarray:
    """Return uint8 (size, size, 3), or (size, size) for one channel, always the same for a seed."""
    shape = (size, size, 3) if channels == 3 else (size, size)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def png(array: np.ndarray, **options) -> bytes:
    """Return the array as a PNG file."""
    content = io.BytesIO()
    Image.fromarray(array).save(content, "PNG", **options)
    return content.getvalue()


def put(path: Path, content: bytes) -> Path:
    """Write a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def folder(root: Path, classes=("cats", "dogs"), each: int = 12, size: int = 8, channels: int = 3) -> Path:
    """Write ``each`` images per class below ``root``; image i of class c has the pixels of seed 1000 c + i."""
    for label, name in enumerate(classes):
        for i in range(each):
            put(root / name / f"{i:03}.png", png(pixels(1000 * label + i, size, channels)))
    return root


def table(path: Path, labels, image="img", label="label", names=(), size=8, broken=(), group=5) -> Path:
    """Write a Parquet file as Hugging Face does; row i has the pixels of seed i."""
    rows = [
        {"bytes": b"broken" if i in broken else png(pixels(i, size)), "path": f"{i}.png"} for i in range(len(labels))
    ]
    written = pa.table({image: pa.array(rows, pa.struct({"bytes": pa.binary(), "path": pa.string()})), label: labels})
    if names:
        features = {image: {"_type": "Image"}, label: {"names": list(names), "_type": "ClassLabel"}}
        metadata = json.dumps({"info": {"features": features}}).encode()
        written = written.replace_schema_metadata({b"huggingface": metadata})
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:  # not by its name, which need not be UTF-8
        parquet.write_table(written, file, row_group_size=group)
    return path
