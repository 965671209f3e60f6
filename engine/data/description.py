"""What was taken for what below a path: told before a race starts, and stored with its runs. Torch-free."""

from dataclasses import dataclass

_SAID_CLASSES = 8


@dataclass(frozen=True)
class Description:
    """How a path was read.

    ``counts`` are images per split, ``per_class`` the fewest and the most of one class per split, ``taken`` where each
    split comes from, ``size`` pixels across and down, ``values`` their range in words, ``left_out`` what is not taken,
    one line each. ``looked_at`` images told size, channels and values. ``doubt`` is what may be meant otherwise.
    """

    name: str
    classes: tuple[str, ...]
    counts: dict[str, int]
    per_class: dict[str, tuple[int, int]]
    taken: dict[str, str]
    channels: int
    size: int
    values: str
    looked_at: int
    left_out: tuple[str, ...]
    doubt: str = ""

    def lines(self) -> tuple[str, ...]:
        """Return what to tell, one subject a line."""
        named = ", ".join(self.classes[:_SAID_CLASSES]) + (", ..." if len(self.classes) > _SAID_CLASSES else "")
        total = sum(self.counts.values())
        sample = "" if self.looked_at >= total else f" (seen in {self.looked_at:,} of {total:,} images)"
        colours = "grey" if self.channels == 1 else "RGB"
        return (
            f"{len(self.classes)} classes: {named}",
            self._split("train", "training images"),
            self._split("test", "test images"),
            f"{colours}, {self.size}x{self.size}, {self.values}{sample}; {self._pixels(total)}",
            f"left out: {'; '.join(self.left_out) or 'nothing'}",
            *([f"in doubt: {self.doubt}"] if self.doubt else []),
        )

    def _pixels(self, images: int) -> str:
        """Return what all images take together, which is known before any is decoded."""
        values = images * self.channels * self.size**2
        return f"{values / 1e6:,.0f} MB of pixels" if values >= 1e6 else f"{values:,} bytes of pixels"

    def _split(self, split: str, label: str) -> str:
        least, most = self.per_class[split]
        each = f"{least:,} of each class" if least == most else f"{least:,} to {most:,} of a class"
        origin = f" ({self.taken[split]})" if self.taken[split] else ""
        return f"{self.counts[split]:,} {label}, {each}{origin}"

    def in_one_line(self) -> str:
        """Return the same as an entry of a log."""
        return "; ".join(self.lines())
