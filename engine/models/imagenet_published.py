"""Errors of the ImageNet family as they were published, for reading beside one's own. No torch.

ImageNet 2012 validation set, ten crops, in percent; the paper's training (sections 3.4 and 4.1), one run each. They say
nothing about other data, other training or one view per image.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """One published error; ``top5`` is None where only the first answer's error was printed."""

    depth: int
    shortcut: str
    top1: float
    top5: float | None
    source: str

    @property
    def words(self) -> str:
        """The errors and where they stand, for example ``top-1 error 27.88 % (He et al. 2015, Table 2, 10-crop)``."""
        top5 = "" if self.top5 is None else f", top-5 {self.top5:.2f} %"
        return f"top-1 error {self.top1:.2f} %{top5} ({self.source})"


_TABLE_2 = "He et al. 2015, Table 2, 10-crop"
_TABLE_3 = "He et al. 2015, Table 3, 10-crop"

PUBLISHED: tuple[Published, ...] = (
    Published(18, "none", 27.94, None, _TABLE_2),
    Published(18, "A", 27.88, None, _TABLE_2),
    Published(34, "none", 28.54, 10.02, _TABLE_3),
    Published(34, "A", 25.03, 7.76, _TABLE_3),
    Published(34, "B", 24.52, 7.46, _TABLE_3),
    Published(34, "C", 24.19, 7.40, _TABLE_3),
    Published(50, "B", 22.85, 6.71, _TABLE_3),
    Published(101, "B", 21.75, 6.05, _TABLE_3),
    Published(152, "B", 21.43, 5.71, _TABLE_3),
)


def published(depth: int, shortcut: str) -> Published | None:
    """Return what was published about a net, None when nothing was."""
    return next((row for row in PUBLISHED if (row.depth, row.shortcut) == (depth, shortcut)), None)
