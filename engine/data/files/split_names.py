"""What the name of a folder or file says about a split, by the words that people use. Torch-free.

Words stand between ``-``, ``_``, ``.``, spaces, digits or a change of case: ``seg_train``, ``partial-train``,
``TestImages``, ``val2017``.
"""

import re
from typing import NamedTuple

TRAIN = ("train", "training", "trainval")
#: In order of preference: test images first, then those for validation.
TEST = ("test", "testing", "eval", "evaluation", "holdout", "val", "valid", "validation", "dev")
_ROLES = dict.fromkeys(TRAIN, "train") | dict.fromkeys(TEST[:5], "test") | dict.fromkeys(TEST[5:], "validation")
#: Words that say nothing about what is in a folder: what has no other is a split and no class.
_NEUTRAL = frozenset((
    "images", "image", "imgs", "img", "pictures", "pics", "photos", "data", "dataset", "datasets", "set", "sets",
    "split", "splits", "seg", "full", "partial", "cropped", "raw", "new", "small", "mini", "large", "resized", "png",
    "jpg", "jpeg", "folder", "dir", "final", "part", "all", "original", "files",
))  # fmt: skip
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_A-Za-z]+")
_HOLD_OUT = re.compile(r"(hold|held)[-_ ]?out", re.IGNORECASE)
_COMPOUND = re.compile(rf"({'|'.join((*TRAIN, *TEST))})(set|data|split|images?|imgs?|dir|folder)")
_LONGEST = 255


class SplitName(NamedTuple):
    """What a name says: ``role`` is ``train``, ``test``, ``validation`` or '', ``stem`` the other words of weight."""

    role: str
    stem: tuple[str, ...]
    #: Place in the order of preference, lower is better.
    rank: int

    @property
    def tests(self) -> bool:
        """Whether images of this name may be the test's."""
        return self.role in ("test", "validation")


def read_name(name: str) -> SplitName:
    """Return what a name says; one with words of two splits says nothing, but ``train_val`` is for training."""
    words = [word.lower() for word in _WORD.findall(_HOLD_OUT.sub("holdout", name[:_LONGEST]))]
    words = [match[1] if (match := _COMPOUND.fullmatch(word)) else word for word in words]
    said = [word for word in words if word in _ROLES]
    roles = {_ROLES[word] for word in said}
    if roles == {"train", "validation"}:
        roles = {"train"}
    stem = tuple(word for word in words if word not in _ROLES and word not in _NEUTRAL)
    if len(roles) != 1:
        return SplitName("", stem, len(TEST))
    rank = min((TEST.index(word) for word in said if word in TEST), default=0)
    return SplitName(roles.pop(), stem, rank)
