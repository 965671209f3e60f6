"""Sentences and grade of what a page says."""

import re

MAX_WORDS = 25


def sentences(blocks: list[str]) -> list[str]:
    """Return the sentences of the blocks; a line without a full stop is one sentence of its own."""
    return [part for block in blocks for part in re.split(r"(?<=[.!?:;·])\s+", block) if part.strip()]


def too_long(blocks: list[str]) -> list[str]:
    """Return the sentences of more than ``MAX_WORDS`` words."""
    split = (re.split(r"(?<=[.!?])\s+|\s·\s", block) for block in blocks)
    return [part for parts in split for part in parts if len(re.findall(r"[\w.,−-]*\w", part)) > MAX_WORDS]


def grade(blocks: list[str]) -> float:
    """Return the grade of Flesch and Kincaid (1975) of what is written in sentences; 0 where nothing is."""
    spoken = [words for part in _prose(blocks) if len(words := re.findall(r"[\w.,−-]*\w", part)) > 2]
    words = [word for sentence in spoken for word in sentence]
    if not words:
        return 0.0
    return 0.39 * len(words) / len(spoken) + 11.8 * sum(map(syllables, words)) / len(words) - 15.59


def _prose(blocks: list[str]) -> list[str]:
    return [part for block in blocks if re.search(r"\w[.!?]$", block) for part in re.split(r"(?<=[.!?])\s+", block)]


def syllables(word: str) -> int:
    """Return about how many syllables a word has; a digit is one."""
    if digits := re.findall(r"\d", word):
        return len(digits)
    vowels = len(re.findall(r"[aeiouy]+", word.lower())) + len(re.findall(r"ia|ua|eo", word.lower()))
    silent = re.search(r"(?<![aeiouyl])e$|(?<![td])ed$", word.lower())
    return max(1, vowels - bool(silent))
