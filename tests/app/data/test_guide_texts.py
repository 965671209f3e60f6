"""The guide's texts keep to the rule that every number is measured here or has a source."""

import re

import pytest

from app.data import guide
from engine.labs.registry import LABS

NAMES = guide.guide_names()

#: Digits that are names of things or settings of an experiment, no claims.
_NAMED = re.compile(
    r"\b(?:plain|residual|ResNet|VGG|Highway|CIFAR)-\d+\b|\blayer \d+\b|\b\dx\d\b|\b\d-D\b"
    r"|\b(?:\d+,\s+)*(?:\d+\s+and\s+)?\d+\s+(?:plain\s+|residual\s+)?layers\b"
)
_COUNTED = r"two|three|four|five|six|seven|eight|nine|ten|twenty|fifty|hundreds?|thousands?"
_CLAIMS = {
    "percentage": r"%|per ?cents?\b|percentages? of",
    "decimal": r"\d+\.\d+",
    "factor": r"\d+ ?(?:times|x|×|-fold)",
    "factor in words": r"\b(?:twice|half (?:as|of)|halv\w+|(?:third|quarter) of|doubled?|doubles|tripled?|\w+fold"
    rf"|orders? of magnitude|(?:{_COUNTED}) (?:times|percent|points|steps))\b",
    "number": r"\d",
}


def claims(text: str) -> list[str]:
    """What in a text is a number that nobody measured here or published."""
    bare = _NAMED.sub("", text)
    return [f"{kind}: {found.group()}" for kind, rule in _CLAIMS.items() for found in re.finditer(rule, bare, re.I)]


def words(page: guide.GuidePage) -> str:
    """A page's own words, without its placeholders."""
    sections = (part for section in page.sections.values() for part in section)
    return "\n".join([page.question, page.menu, *(part for part in sections if isinstance(part, str))])


@pytest.mark.parametrize(
    "text",
    [
        "about 7 % better", "an error of 6.97", "it is 3 times slower", "3x slower", "10-fold", "half as many",
        "twice as slow", "a tenfold loss", "seven percent", "after 30 steps", "ten times", "orders of magnitude",
    ],
)  # fmt: skip
def test_a_claim_in_free_text_is_found(text):
    assert claims(text)


@pytest.mark.parametrize(
    "text", ["plain-56 and ResNet-110", "after 50 layers", "with 20, 56 and 110 layers", "a 1x1 convolution"]
)
def test_names_of_nets_are_no_claims(text):
    assert not claims(text)


def test_there_is_one_text_for_each_of_the_eight_questions():
    assert [guide.guide_page(name).number for name in NAMES] == [f"Q{one}" for one in range(1, 9)]


@pytest.mark.parametrize("name", NAMES)
def test_a_text_claims_nothing_outside_its_placeholders(name):
    assert not claims(words(guide.guide_page(name)))


@pytest.mark.parametrize("name", NAMES)
def test_labs_panels_and_figures_of_a_text_exist(name):
    page = guide.guide_page(name)
    assert set(page.labs) <= LABS.keys()
    assert 1 <= len(page.panels) <= 4
    assert sum(option.primary for option in LABS[page.lab].options) <= 3
    assert len(page.labs) == len(set(page.labs))


@pytest.mark.parametrize("name", NAMES)
def test_a_work_has_an_address_and_was_read(name):
    for citation in guide.guide_page(name).parts(guide.Citation):
        assert citation.source.read in guide.READ
        assert citation.source.link or (guide.PROJECT / citation.source.address).is_file()


def test_every_source_is_used():
    used = {citation.source.key for name in NAMES for citation in guide.guide_page(name).parts(guide.Citation)}
    assert used == set(guide.guide_sources())


def test_the_table_for_teachers_has_every_page_with_its_lab():
    document = (guide.PROJECT / "assets" / "docs" / "teaching.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| [^|]+\? \| (Q\d) \| `(\w+)` \|", document, re.MULTILINE)
    assert rows == [(guide.guide_page(name).number, guide.guide_page(name).lab) for name in NAMES]
