"""Who knows the papers but not the code can read the guide's answers: short, plain, their terms explained."""

import re

import pytest

from app.data import guide
from engine.labs.registry import LABS

NAMES = guide.guide_names()
MAX_SENTENCES, MAX_WORDS, MAX_GRADE = 6, 25, 10.0
#: A term, and a word of its explanation: both stand in the paragraph where a page has the term first.
TERMS = {
    "kernel": "matrix", "eigenvalue": "speed", "condition number": "ratio", "agreement": "alike",
    "wire": "shortcut itself", "reversal": "negative", "shattered": "noise", "response": "layer puts out|outputs of",
    "precondition": "easier|speed",
}  # fmt: skip
#: Terms that a short answer does without, unless it explains them itself.
_ABBREVIATIONS = re.compile(r"\b(?:NTK|BN|Jacobian|spectrum|autocorrelation|clean|arm|identity start)\b")


def read_aloud(section: tuple[guide.Part, ...]) -> str:
    """Return a section as one reads it before anything was measured: with the numbers that are expected."""
    return " ".join("".join(map(_spoken, section)).replace("*", "").split())


def _spoken(part: guide.Part) -> str:
    match part:
        case guide.Citation():
            return part.words
        case guide.ResultReference(kind="race"):
            return guide.measurements([part])[part].text
        case guide.ResultReference():
            row = next(row for row in LABS[part.lab].metrics if row.name == part.name)
            number = re.split(r"[:;(]| by default| at | \+- |, ", row.expected)[0]
            return f"{number} {row.unit}".strip()
        case guide.Power():
            return part.text
    return part


def sentences(text: str) -> list[list[str]]:
    """Return the words of each sentence."""
    return [words for part in re.split(r"(?<=[.!?])\s+", text) if (words := re.findall(r"[\w.,−-]*\w", part))]


def syllables(word: str) -> int:
    """Return about how many syllables a word has; each digit is one."""
    if digits := re.findall(r"\d", word):
        return len(digits)
    vowels = len(re.findall(r"[aeiouy]+", word.lower())) + len(re.findall(r"ia|ua|eo", word.lower()))
    silent = re.search(r"(?<![aeiouyl])e$|(?<![td])ed$", word.lower())
    return max(1, vowels - bool(silent))


def grade(text: str) -> float:
    """Return the grade of Flesch and Kincaid (1975)."""
    spoken = sentences(text)
    words = [word for sentence in spoken for word in sentence]
    return 0.39 * len(words) / len(spoken) + 11.8 * sum(map(syllables, words)) / len(words) - 15.59


def paragraphs(page: guide.GuidePage) -> list[str]:
    """Return the page's paragraphs and points in their order, without the parts that labs and sources say."""
    sections = (page.sections[title] for title in guide.SECTIONS)
    texts = ("".join(part if isinstance(part, str) else " " for part in section) for section in sections)
    return [" ".join(block.split()) for text in texts for block in re.split(r"\n\n|\n(?=- )", text)]


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("The cat sat on the mat.", -2.0, 1.0),
        ("The Australian platypus is seemingly a hybrid of a mammal and reptilian creature.", 10.0, 13.5),
    ],
)
def test_the_grade_is_that_of_texts_whose_grade_is_known(text, low, high):
    assert low < grade(text) < high


def test_syllables_words_and_sentences_are_counted():
    assert [syllables(word) for word in ("net", "residual", "trained", "error", "made", "little", "5.5")] == [
        1, 4, 1, 2, 1, 2, 2,
    ]  # fmt: skip
    assert [len(words) for words in sentences("It ends at 0.65, no more. Is it 1e-12? Yes.")] == [6, 3, 1]


@pytest.mark.parametrize("name", NAMES)
def test_a_short_answer_is_short_and_plain(name):
    text = read_aloud(guide.guide_page(name).sections["Short answer"])
    spoken = sentences(text)
    assert 2 <= len(spoken) <= MAX_SENTENCES
    assert [" ".join(words) for words in spoken if len(words) > MAX_WORDS] == []
    assert grade(text) <= MAX_GRADE
    assert not _ABBREVIATIONS.findall(text)


@pytest.mark.parametrize("name", NAMES)
def test_a_short_answer_stands_on_something(name):
    answer = guide.guide_page(name).sections["Short answer"]
    assert [part for part in answer if not isinstance(part, str)]


@pytest.mark.parametrize("name", NAMES)
def test_a_term_is_explained_where_it_stands_first(name):
    blocks = paragraphs(guide.guide_page(name))
    for term, explained in TERMS.items():
        first = next((block for block in blocks if re.search(rf"\b{term}", block, re.I)), "")
        assert not first or re.search(explained, first, re.I), (term, first)
