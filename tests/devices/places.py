"""The places in the code that may copy between host and GPU, or wait for the GPU, each with its reason."""

import sys
from pathlib import Path
from typing import NamedTuple

PROJECT = Path(__file__).resolve().parents[2]


class DeviceFault(AssertionError):
    """What a GPU would suffer from; the text names the operation and the line of the product."""


class Place(NamedTuple):
    """A function of the product, and the kinds of things that it may do.

    Kinds: ``send`` (a copy to the GPU that the host does not wait for), ``upload`` (one that it waits for), ``read`` (a
    copy to the host), ``wait`` (any other wait for the GPU), ``draw`` (random numbers from global state).
    """

    file: str
    function: str
    kinds: frozenset[str]
    reason: str


def _place(file: str, function: str, kinds: str, reason: str) -> Place:
    return Place(f"engine/{file}.py", function, frozenset(kinds.split()), reason)


PLACES = (
    _place("data/images", "Images.batch", "send", "the numbers of a batch's images: 8 bytes an image"),
    _place("data/augment", "augment", "send", "where crops begin and which images are mirrored: 17 bytes an image"),
    _place("training/metrics", "StepMetrics._gathered", "read", "all metrics since the last time, in one copy"),
    _place("training/evaluate", "_score", "read", "two numbers a split, after its last batch"),
    _place("training/evaluate", "subset", "read upload", "which images are the subset: once a training"),
    _place("training/trainer", "Trainer.state", "read", "a checkpoint holds all tensors on the host"),
    _place("probes/online/batch", "probe_batch", "read upload send", "which images are probed: once a training"),
    _place("probes/online/histogram_measure", "_counts", "send", "how many values each layer has: 8 bytes a layer"),
    _place("probes/online/probe", "_fetch", "read", "all values of a probe, in one copy"),
)


def check(kind: str, what: str) -> None:
    """Raise DeviceFault unless a function that is at work may do this kind of thing."""
    frame, first = sys._getframe(1), None
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(str(PROJECT / "engine")):
            name = str(Path(file).relative_to(PROJECT))
            first = first or f"{name}:{frame.f_lineno}"
            for place in PLACES:
                if (place.file, place.function) == (name, frame.f_code.co_qualname) and kind in place.kinds:
                    return
        frame = frame.f_back
    raise DeviceFault(f"{kind}: {what}, at {first}")
