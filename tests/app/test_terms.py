"""The terms that the page explains: the glossary's words, where they are marked and where not."""

import re

import pytest

from app import terms
from app.data import guide
from app.live.stream.scripts import LIVE
from engine.labs.registry import LABS
from engine.paths import PROJECT

GLOSSARY = PROJECT / "assets/docs/glossary.md"


def marked(text):
    """Return the terms marked in a text, each with the words that stand for it."""
    return re.findall(r'id="ss-term-(\w+)"', terms.explained(text, set()))


def test_the_page_and_the_glossary_say_the_same():
    section = GLOSSARY.read_text(encoding="utf-8").partition("## Terms on the page")[2]
    rows = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in section.splitlines() if "|" in line]
    assert rows[2:] == [*terms.TERMS.items()]
    assert all(len(sentence.split()) <= 25 for text in terms.TERMS.values() for sentence in text.split(". "))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The plain nets end above plain-20, with three seeds.", ["plain", "seed"]),
        ("A-56 against C-20", ["A", "C"]),
        ("plain-20 on 2 replicas; replicas of a table", ["plain", "replicas"]),
        ("plain 15 blocks (32 layers) against A 1 block", ["plain", "A"]),
        ("A 3 % gap, of plain 2 %", []),
        ("A plain sentence. Run the lab, which runs in seconds, and the room is clean.", []),
        ("The clean training error, 3 points above; one run of each arm.", ["clean", "points", "run", "arm"]),
        ("Batch norm and BN are one term; 'batch norms' too.", ["BN"]),
        ("three\nplain\nnets with identity-shortcuts", ["plain"]),
        ("# A heading of seeds\n\nand its shortcut", ["shortcut"]),
        ("`seeds` [of a seed](lab-seed) <a href='x'>BN</a> <sup>seed</sup> <i title='seed'>", []),
        ("an **arm** and an *arm*", ["arm"]),
    ],
)
def test_a_term_is_marked_where_the_text_means_it_and_never_in_code_links_and_headings(text, expected):
    assert marked(text) == expected
    assert re.sub(r"<span class=.*?</span>|</?abbr( class[^>]*)?>", "", terms.explained(text, set())) == text


def test_a_term_is_explained_once_on_a_page_by_hover_focus_and_tap():
    seen = set()
    first = terms.explained("two seeds", seen)
    assert first.startswith('two <abbr class="ss-term" tabindex="0" aria-describedby="ss-term-seed">seeds<span')
    assert (terms.explained("the seeds", seen), seen) == ("the seeds", {"seed"})
    shown = (PROJECT / "app/page.css").read_text(encoding="utf-8")
    assert ".ss-term:is(:hover, :focus) > .ss-meaning { display: block; }" in shown
    assert "[data-told] > .ss-meaning, [data-told] + .ss-meaning) { display: none !important; }" in shown


def test_meanings_are_data(monkeypatch):
    monkeypatch.setitem(terms.TERMS, "seed", '<b onclick="x">&')
    for markup in (terms.explained("a seed", set()), terms.filled("<i>{{term seed}}</i>")):
        assert "&lt;b onclick=&quot;x&quot;&gt;&amp;" in markup


def test_texts_with_terms_have_no_character_that_html_reads():
    for name, lab in LABS.items():
        for text in (lab.context, lab.caveats, lab.refutation):
            assert not re.search("[<&]", text), name
    pages = [guide.guide_page(name) for name in guide.guide_names()]
    parts = [part for page in pages for section in page.sections.values() for part in section]
    found = {term for part in parts if isinstance(part, str) for term in marked(part)}
    assert {"plain", "residual", "shortcut", "BN", "seed"} <= found


def test_the_key_of_the_race_explains_its_curves():
    markup = (LIVE / "race/race.html").read_text(encoding="utf-8")
    for curve, term in (("running", "training}} {{term running"), ("test", "test"), ("clean", "clean")):
        assert f'data-curve="{curve}" aria-describedby="ss-about-{curve}"' in markup
        assert f'role="tooltip" id="ss-about-{curve}">{{{{term {term}}}}}</span>' in markup
    assert "{{" not in terms.filled(markup)
