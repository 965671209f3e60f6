"""Made-up folders: trees of odd names, links, pictures that are none, lists of labels, and other things on a disk."""

import os
from functools import cache
from pathlib import Path
from typing import NamedTuple

from hypothesis import strategies as st

from tests.engine.data.pictures import pixels, png
from tests.fuzz.odd import MEANINGFUL

_USUAL = (
    "cat", "dog", "train", "test", "val", "images", "masks", "a", "b", "0", "1", "x.png", "y.png", "x_mask.png",
    "z.JPG",
)  # fmt: skip
_ODD = (
    "caf\u00e9", "cafe\u0301", "@eaDir", "__MACOSX", ".hidden", "Thumbs.db", "labels.txt", "val_annotations.txt",
    "x.tif", "x.fits", "x.webp", "x.parquet", "x.qoi", "*", "?", "[a]", "$x$", "a\\b", "-", "#", "n" * 200,
    os.fsdecode(b"\xff.png"),
    *(name for name in MEANINGFUL if 0 < len(name) < 200 and not {"/", "\0"} & {*name} and name not in (".", "..")),
)  # fmt: skip
_PICTURES = tuple(png(pixels(seed)) for seed in range(4))
_CONTENTS = (
    *_PICTURES, *_PICTURES, png(pixels(0, 4)), png(pixels(0, 8, 1)), _PICTURES[0][:60], b"", b"no image",
    b"\x89PNG\r\n\x1a\n", b"x.png\tcat\ny.png\tdog\n", b"Filename;ClassId\nx.png;0\n", b"\xff" * 300, b"\0" * 300,
    b"," * 5_000,
)  # fmt: skip


class Node(NamedTuple):
    """One thing on the disk: its path, and a file's bytes, a link's target, or neither for a folder."""

    path: tuple[str, ...]
    content: bytes | None = None
    link: str | None = None


@cache
def names() -> st.SearchStrategy[str]:
    """Names of files and folders, odd ones among usual ones."""
    usual = st.sampled_from(_USUAL)
    letters = st.characters(exclude_characters="/\0", exclude_categories=())
    anything = st.text(letters, min_size=1, max_size=12).filter(_is_name)
    return st.one_of(usual, usual, st.sampled_from(_ODD), anything)


def _is_name(text: str) -> bool:
    try:
        return text not in (".", "..") and len(os.fsencode(text)) <= 255
    except UnicodeEncodeError:
        return False


@cache
def trees() -> st.SearchStrategy[tuple[Node, ...]]:
    """Some of what lies in a folder: sound classes, and odd things among them."""
    paths = st.lists(names(), min_size=1, max_size=4).map(tuple)
    files = st.builds(Node, paths, st.sampled_from(_CONTENTS), st.none())
    targets = (
        "..",
        ".",
        "/",
        "/etc",
        "/etc/passwd",
        "cat",
        "../cat",
        "../../elsewhere",
        "self",
        "/dev/zero",
        "/proc/self/mem",
    )
    links = st.builds(Node, paths, st.none(), st.sampled_from(targets))
    folders = st.builds(Node, paths, st.none(), st.none())
    odd = st.lists(st.one_of(files, files, links, folders), max_size=6).map(tuple)
    inside = odd.map(lambda nodes: tuple(node._replace(path=("cat", *node.path)) for node in nodes))
    return st.builds(tuple.__add__, _sound(), odd | inside)


@cache
def _sound() -> st.SearchStrategy[tuple[Node, ...]]:
    classes = st.just(["cat", "dog"]) | st.lists(names(), max_size=3, unique=True)
    above = st.sampled_from(((), (), ("train",), ("archive", "set"), ("Training",)))
    number = st.sampled_from((4, 3, 2, 1, 0))
    return st.builds(
        lambda parts, found, each: tuple(
            Node((*parts, name, f"{place}.png"), _PICTURES[place % 4]) for name in found for place in range(each)
        ),
        above, classes, number,
    )  # fmt: skip


def make(root: Path, nodes: tuple[Node, ...]) -> None:
    """Put what was made up on the disk, as far as one thing leaves room for another."""
    for node in nodes:
        path = root.joinpath(*node.path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if node.link is not None:
                path.symlink_to(node.link)
            elif node.content is None:
                path.mkdir(exist_ok=True)
            elif not path.is_symlink():
                path.write_bytes(node.content)
        except OSError:
            continue
