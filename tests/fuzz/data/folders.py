"""Made-up folders: trees of odd names, links, pictures that are none, lists of labels, and other things on a disk."""

import os
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from tests.engine.data.pictures import pixels, png, put
from tests.fuzz.odd import MEANINGFUL, often

_USUAL = (
    "cat", "dog", "train", "test", "val", "images", "masks", "a", "b", "0", "1", "x.png", "y.png", "x_mask.png",
    "z.JPG",
)  # fmt: skip


def _is_name(text: str) -> bool:
    """Return whether a file of this system may be called so."""
    try:
        return text not in ("", ".", "..") and not {"/", "\0"} & {*text} and len(os.fsencode(text)) <= 255
    except UnicodeEncodeError:
        return False


_ODD = (
    "caf\u00e9", "cafe\u0301", "@eaDir", "__MACOSX", ".hidden", "Thumbs.db", "labels.txt", "val_annotations.txt",
    "x.tif", "x.fits", "x.webp", "x.parquet", "x.qoi", "*", "?", "[a]", "$x$", "a\\b", "-", "#", "n" * 200,
    os.fsdecode(b"\xff.png"),
    *filter(_is_name, MEANINGFUL),
)  # fmt: skip
_PICTURES = tuple(png(pixels(seed)) for seed in range(4))
_CONTENTS = (
    *_PICTURES, *_PICTURES, png(pixels(0, 4)), png(pixels(0, 8, 1)), _PICTURES[0][:60], b"", b"no image",
    b"\x89PNG\r\n\x1a\n", b"x.png\tcat\ny.png\tdog\n", b"Filename;ClassId\nx.png;0\n", b"\xff" * 300, b"\0" * 300,
    b"," * 5_000,
)  # fmt: skip


#: What lies beside a made-up folder, and in front of a target the way up to there from wherever the link lies.
_OUTSIDE, _UP = "elsewhere", "<up>"
#: A class in it. Its pictures are of one colour, as no other picture is: they are known however they were read.
SECRET = "secret"


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
    return often(usual, usual, st.sampled_from(_ODD), anything)


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
    outward = st.just(()) | st.lists(_outward(), min_size=1, max_size=2).map(tuple)
    folders = st.builds(Node, paths, st.none(), st.none())
    odd = st.lists(often(files, files, links, folders), max_size=6).map(tuple)
    inside = odd.map(lambda nodes: tuple(node._replace(path=("cat", *node.path)) for node in nodes))
    return st.builds(lambda sound, out, odd: sound + out + odd, _sound(), outward, odd | inside)


@cache
def _outward() -> st.SearchStrategy[Node]:
    """Links to what lies outside: to a whole set, to a class of it as one more, to a picture among others."""
    above = st.sampled_from(((), (), ("cat",), ("train",), ("val",)))
    ends = st.sampled_from((("bird", ""), ("bird", f"/{SECRET}"), ("train", ""), ("p.png", f"/{SECRET}/1.png")))
    return st.builds(outward, above, ends)


def outward(above: tuple[str, ...], end: tuple[str, str]) -> Node:
    """Return a link of this name below ``above``, and to that place in the folder outside."""
    return Node((*above, end[0]), link=f"{_UP}{_OUTSIDE}{end[1]}")


def put_outside(sets: Path) -> None:
    """Put a sound set where no made-up folder reaches but by links."""
    for name in (SECRET, "other"):
        for place in range(3):
            colour = np.full((8, 8, 3), (250, 3, 120 + place), np.uint8)
            put(sets / _OUTSIDE / name / f"{place}.png", png(colour))


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
                path.symlink_to(node.link.replace(_UP, "../" * len(node.path)))
            elif node.content is None:
                path.mkdir(exist_ok=True)
            elif not path.is_symlink():
                path.write_bytes(node.content)
        except OSError:
            continue


def leads_out(root: Path) -> bool:
    """Return whether a link below a folder leads to what lies outside."""
    return any(
        _is_outside(os.path.realpath(Path(place, name)), os.path.realpath(root.parent / _OUTSIDE))
        for place, folders, files in os.walk(root)
        for name in (*folders, *files)
        if Path(place, name).is_symlink()
    )


def _is_outside(path: str, outside: str) -> bool:
    return path == outside or path.startswith(outside + os.sep)
