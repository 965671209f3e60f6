"""Sentences and grade of what a page says."""

import re

from tests import readability
from tests.readability import MAX_WORDS, words_of

#: The formula is for samples of a hundred words; one sentence on a stage has any grade.
MIN_WORDS = 50


def too_long(blocks: list[str]) -> list[str]:
    """Return the sentences of more than ``MAX_WORDS`` words."""
    split = (re.split(r"(?<=[.!?])\s+|\s·\s", block) for block in blocks)
    return [part for parts in split for part in parts if len(words_of(part)) > MAX_WORDS]


def grade(blocks: list[str]) -> float:
    """Return the grade of what is written in sentences; labels of one or two words are none, few words have none."""
    sentences = [words for part in _prose(blocks) if len(words := words_of(part)) > 2]
    return readability.grade(sentences) if sum(map(len, sentences)) >= MIN_WORDS else 0.0


def _prose(blocks: list[str]) -> list[str]:
    return [part for block in blocks if re.search(r"\w[.!?]$", block) for part in re.split(r"(?<=[.!?])\s+", block)]
