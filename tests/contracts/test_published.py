"""The zoo, the guide and its own results say what the sources print."""

import re

import pytest

from app.data import guide
from engine.models.registry import ORDERS, SHORTCUTS
from engine.models.zoo.spec import Published
from tests.architecture.documents import section, words
from tests.contracts.published import HE_2015, HE_2016, PUBLISHED

FIGURES = list(dict.fromkeys(row for table in (SHORTCUTS, ORDERS) for spec in table.values() for row in spec.published))
CITED = [
    citation for name in guide.guide_names() for citation in guide.guide_page(name).parts(guide.Citation)
    if re.search(r"\d", citation.words)
]  # fmt: skip
_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
#: Digits that are names of nets, seeds and kernels, and numbers of layers.
_NAMED = re.compile(
    r"\b(?:plain|ResNet|DiracNet|Highway)-\d+\b|\b\d+-layer\b|\b\dx\d\b|\bdepth \d+\b|\bseeds \d and \d\b"
    r"|(?<![\d,])(?:20|56|110) layers\b|that of 20|\b\d+ crops"
)


def numbers(text: str) -> set[str]:
    """Return the numbers of a text, without those in names."""
    return set(_NUMBER.findall(_NAMED.sub("", text)))


def net_of(figure: Published) -> str:
    """Return the name of a figure's net in the table."""
    data = "" if figure.data == "CIFAR-10" else f"{figure.data} "
    return f"{data}{figure.net} {figure.variant}"


def place_of(source: guide.Source) -> str:
    """Return a source's place in the table."""
    if source.address.startswith("arXiv:"):
        return f"{source.short} ({source.address.removeprefix('arXiv:')}), {source.where}"
    repository, _, rest = source.link.removeprefix("https://").partition("/blob/")
    commit, _, file = rest.partition("/")
    return f"{repository}, {commit[:7]}, {file}"


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: f"{figure.source}: {net_of(figure)}")
def test_a_figure_of_the_zoo_is_what_its_source_prints(figure):
    printed = PUBLISHED[figure.source][net_of(figure)].split()
    if figure.error is None:
        assert numbers(figure.word) <= set(printed)
    else:
        assert f"{figure.error:.2f}" in printed
    if spread := re.findall(r"(?:mean|std|top-5|below) (\d+\.\d+)", figure.kind):
        assert set(spread) <= set(printed)


@pytest.mark.parametrize(
    "place", [f"{HE_2015}, Table 6", f"{HE_2016}, Table 1", f"{HE_2016}, Table 2", f"{HE_2016}, Table 4"]
)
def test_a_table_of_the_zoo_is_whole(place):
    assert set(PUBLISHED[place]) == {net_of(figure) for figure in FIGURES if figure.source == place}


@pytest.mark.parametrize("citation", CITED, ids=lambda citation: f"{citation.source.key}: {citation.words[:40]}")
def test_a_number_that_the_guide_cites_is_what_its_source_says(citation):
    source = citation.source
    if source.read == "recorded":
        printed = numbers(section(guide.PROJECT / source.address, source.where))
    else:
        printed = {number for values in PUBLISHED[place_of(source)].values() for number in values.split()}
    assert numbers(citation.words) <= printed


@pytest.mark.parametrize("figure", FIGURES, ids=net_of)
def test_a_figure_has_an_address(figure):
    assert re.search(r"\(\d{4}\.\d{5}\)|github\.com/[\w.-]+/[\w.-]+, [0-9a-f]{7}, ", figure.source)


def test_every_work_is_among_the_references():
    listed = words(guide.PROJECT / "assets/docs/references.md")
    works = {found for figure in FIGURES for found in re.findall(r"\d{4}\.\d{5}|github\.com/[\w/.-]+", figure.source)}
    works |= {source.place for source in guide.guide_sources().values() if source.link}
    assert {work for work in works if work not in listed} == set()


def test_nets_of_bottlenecks_project_where_channels_grow():
    """He et al. 2016, appendix; their plain activations stay those of option A at 110 layers."""
    deep = [figure for figure in FIGURES if "bottleneck" in figure.net]
    assert len(deep) == 11
    assert {figure.variant.partition(":")[0] for figure in deep} == {"B"}


def test_what_a_printed_fail_means_is_said():
    """He et al. 2016, Table 1, caption."""
    failed = [figure for figure in FIGURES if "fail" in figure.word]
    assert len(failed) == 5
    assert {figure.word for figure in failed} == {"fail (above 20 %)"}
