"""How hard a text is to read: the grade of Flesch and Kincaid, by a count of syllables that is about right.

Written here, and not taken from a library: those fetch a dictionary when they are first used.
"""

import re

MAX_WORDS, MAX_GRADE = 25, 10.0


def words_of(sentence: str) -> list[str]:
    """Return the words of a sentence; a number with its points is one."""
    return re.findall(r"[\w.,−-]*\w", sentence)


def grade(sentences: list[list[str]]) -> float:
    """Return the grade of Flesch and Kincaid (1975) of sentences, each a list of its words; 0 for none."""
    words = [word for sentence in sentences for word in sentence]
    if not words:
        return 0.0
    return 0.39 * len(words) / len(sentences) + 11.8 * sum(map(syllables, words)) / len(words) - 15.59


def syllables(word: str) -> int:
    """Return about how many syllables a word has; each digit is one."""
    if digits := re.findall(r"\d", word):
        return len(digits)
    vowels = len(re.findall(r"[aeiouy]+", word.lower())) + len(re.findall(r"ia|ua|eo", word.lower()))
    silent = re.search(r"(?<![aeiouyl])e$|(?<![td])ed$", word.lower())
    return max(1, vowels - bool(silent))
