"""Who knows the papers but not the code can read guide and labs: short sentences, plain words, terms explained."""

import re
from collections.abc import Iterator

import pytest

from app.data import guide
from engine.exchange import lab_reference
from engine.labs.registry import LABS
from engine.labs.spec import LabSpec
from tests import readability
from tests.app.data.test_guide_texts import claims
from tests.readability import MAX_GRADE, MAX_WORDS, syllables, words_of

NAMES = guide.guide_names()
MAX_SENTENCES = 6
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
        case guide.RecordedTable():
            return "A table."
    return part


def sentences(text: str) -> list[list[str]]:
    """Return the words of each sentence."""
    return [words for part in re.split(r"(?<=[.!?])\s+", text) if (words := words_of(part))]


def grade(text: str) -> float:
    """Return the grade of a text."""
    return readability.grade(sentences(text))


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


def rendered(page: guide.GuidePage) -> Iterator[str]:
    """Yield the paragraphs and points of a page with its numbers; the number of a source is no word."""
    found = guide.measurements(page.parts(guide.ResultReference))

    def words(part: guide.Part) -> str:
        if not isinstance(part, guide.ResultReference):
            return _spoken(part)
        result = found[part]
        return (
            result.text or f"about {'' if result.value is None else guide.in_words(result.value)} {result.unit}".strip()
        )

    for section in page.sections.values():
        for block in re.split(r"\n\n|\n(?=- )", "".join(map(words, section))):
            text = re.sub(r"[*`]|^- ", "", " ".join(block.split()))
            yield text if text[-1] in ".:?" else f"{text}."


def told(lab: LabSpec) -> Iterator[str]:
    """Yield the sentences of a lab's page, with what its recorded curves show."""
    yield from (found.text for found in lab.found(lab_reference.read(lab.name).curves))
    yield from (lab.question, lab.context, lab.caveats, lab.refutation)
    yield from (option.help for option in lab.options)
    yield from (text for panel in lab.panels for text in (panel.how_to_read, panel.caveat) if text)


def assert_plain(texts: list[str]) -> None:
    spoken = [words for text in texts for words in sentences(text)]
    assert [" ".join(words) for words in spoken if len(words) > MAX_WORDS] == []
    assert grade(" ".join(texts)) <= MAX_GRADE


@pytest.mark.parametrize("name", NAMES)
def test_a_whole_question_is_plain(name):
    assert_plain([*rendered(guide.guide_page(name))])


@pytest.mark.parametrize("name", LABS)
def test_a_whole_lab_is_plain(name):
    assert_plain([*told(LABS[name])])


@pytest.mark.parametrize("name", LABS)
def test_a_lab_answers_with_one_measured_sentence_and_its_own_text_has_no_number(name):
    lab = LABS[name]
    first = lab.found(lab_reference.read(name).curves)[0].text
    assert len(sentences(first)) == 1 and re.search(r"\d", first)
    assert not claims(lab.context)


@pytest.mark.parametrize("name", LABS)
def test_a_lab_has_words_and_no_formulas_beside_its_pictures(name):
    lab = LABS[name]
    kinds = {lab.kind_name(curve.name.kind) for curve in lab_reference.read(name).curves}
    for text in (*kinds, *(words for panel in lab.panels for words in (panel.title, panel.x, panel.y))):
        assert not re.search(r"\|\||\^|d out|/L\b|over L\b|eta\b", text), text
