"""The guide's pages through Streamlit's AppTest. No engine, no browser."""

import json
import re

import pytest
from streamlit.testing.v1 import AppTest

from app.data import guide as texts
from app.data import labs
from app.data.workspace import Health, use
from app.views.guide import guide, guide_words
from app.views.markdown_escape import literal
from engine.config import LabConfig
from engine.events import CurveName, CurveUpdated, MetricReported, RunState
from engine.labs.registry import LABS
from engine.store.writer import Writer
from tests.app.views.race.test_race import PATHS

GRADIENTS = "q3-does-batch-norm-keep-gradients-healthy"
ABSENT = """# What is not there?
menu: Absent
lab: unheard

## Short answer

It is {{figure unheard.number}}. Nothing else.

## Experiment

Press.

## What would refute it

Nothing.

## Caveats

None.
"""


@pytest.fixture
def page(workspace):
    use(workspace.path)

    def draw(name: str) -> AppTest:
        call = f"guide.render({name!r})" if name else "guide.render_home()"
        return AppTest.from_string(f"from app.views.guide import guide\n{call}", default_timeout=90).run()

    yield draw
    use(workspace.path)


def labs_of(page) -> list[dict]:
    found = [json.loads(node.proto.json)[0] for node in page.main if node.type == "bidi_component"]
    return [document for document in found if "lab" in document]


def guide_text(name: str) -> str:
    """Return the source of a page, of the first page the short answers."""
    sources = [(texts.FOLDER / f"{one}.md").read_text() for one in texts.guide_names() if name in ("", one)]
    return "".join(source if name else source.partition("## Experiment")[0] for source in sources)


def said(page) -> str:
    return "\n".join(text.value for text in [*page.markdown, *page.caption, *page.info])


@pytest.mark.parametrize("name", texts.guide_names())
def test_every_page_is_drawn_in_the_order_of_its_parts(page, name):
    drawn = page(name)
    assert not drawn.exception and not drawn.error
    text = texts.guide_page(name)
    assert [header.value for header in drawn.header] == [f"{text.number}. {text.question}"]
    titles = [header.value for header in drawn.subheader]
    assert titles == ["The experiment"]
    folds = [fold.label for fold in drawn.expander if fold.label in ("What would refute it", "Caveats", "Sources")]
    assert folds == ["What would refute it", "Caveats", "Sources"]
    assert "{{" not in said(drawn)
    (embedded,) = labs_of(drawn)
    assert embedded["lab"] == text.lab and embedded["rules"]
    assert {panel["name"] for panel in embedded["panels"]} == set(text.panels)


def test_the_first_page_has_all_questions_with_their_answers(page):
    drawn = page("")
    assert not drawn.exception and not drawn.error
    texts_ = [texts.guide_page(name) for name in texts.guide_names()]
    assert [header.value for header in drawn.subheader] == [f"{text.number}. {text.question}" for text in texts_]
    assert not labs_of(drawn)


@pytest.mark.parametrize("name", ["", *texts.guide_names()])
def test_no_page_has_a_hole_where_a_number_belongs_before_anything_was_measured(page, name):
    drawn = page(name)
    assert "not measured here yet" not in said(drawn)
    assert "<abbr" in said(drawn) or not re.search(r"{{figure", guide_text(name))


def test_one_button_measures_every_lab_that_has_no_job_yet(page, workspace, monkeypatch):
    started = []
    monkeypatch.setattr(labs, "start_lab", lambda name, settings: started.append((name, settings)))
    drawn = page("")
    (button,) = [button for button in drawn.button if button.label.startswith("Measure all here (about ")]
    assert "Not measured with the others: Lesions, Landscape. There is no training to look at yet" in said(drawn)
    with Writer(workspace) as writer:
        writer.labs.submit(LabConfig(lab="gradients", settings=LABS["gradients"].defaults()))
        writer.labs.submit(LabConfig(lab="mapping", settings=LABS["mapping"].defaults() | {"seeds": 1}))
    button.click().run()
    assert started == [(name, {}) for name in LABS if name not in ("gradients", "lesion", "landscape")]


def test_a_page_whose_lab_is_not_registered_says_so_and_shows_the_rest(page, monkeypatch):
    monkeypatch.setattr(texts, "guide_page", lambda name: texts.parse(ABSENT, name, {}))
    drawn = page("q9-absent")
    assert not drawn.exception and not drawn.error
    assert "The lab `unheard` of this question is not part of this version." in said(drawn)
    assert "It is *not measured here yet*. Nothing else." in said(drawn)
    assert not labs_of(drawn)


def test_a_broken_text_is_one_line_and_leaves_the_navigation_standing(page, monkeypatch):
    def broken(name):
        return texts.parse("nonsense", name, {})

    monkeypatch.setattr(texts, "guide_page", broken)
    assert [title for title, _, _ in guide.pages()] == ["All questions", *(f"Q{one}" for one in range(1, 9))]
    drawn = page(GRADIENTS)
    assert not drawn.exception
    assert [error.value for error in drawn.error] == [
        f"assets/guide/{GRADIENTS}.md: the first line must be '# ' and the question"
    ]
    assert len(page("").error) == 8


def test_a_number_is_the_recorded_one_until_the_lab_has_finished_and_bold_from_then_on(page, workspace):
    recorded = labs.lab_reference("gradients")
    with Writer(workspace) as writer:
        before = page(GRADIENTS)
        tooltip = f"Reference, {recorded.origin.text}. Run the lab to measure it here."
        assert f'by a factor of <abbr title="{tooltip}">about 1.21</abbr> per layer' in " ".join(said(before).split())
        assert "not measured here yet" not in said(before)
        assert (labs_of(before)[0]["run"], labs_of(before)[0]["recorded"]) == (None, True)
        run = writer.labs.submit(LabConfig(lab="gradients", settings=LABS["gradients"].defaults() | {"layers": 20}))
        curve = CurveUpdated("norm", CurveName("with BN", "gain", 1.0), [1, 2, 3], [4, 2, 1])
        writer.labs.results(run, [curve], [MetricReported("bn_gradient_growth_per_layer", 1.19872)])
        for state in PATHS[RunState.FINISHED]:
            writer.jobs.move(run, state)
        after = page(GRADIENTS)
    assert "by a factor of **1.2** (with layers 20) per layer" in " ".join(said(after).split())
    sentence = literal(labs.lab_news(run).findings[0].text)
    assert f"**In the lab.** **{sentence}**" in said(after)
    rows = after.dataframe[0].value
    mine = rows[rows["number"] == "growth per layer with BN"].iloc[0]
    assert mine["measured here"] == f"1.2 (job {run})"


def test_citations_name_their_source_and_say_what_is_second_hand(page):
    drawn = page("q6-what-do-small-responses-mean")
    words = " ".join(said(drawn).split())
    link = '<a href="https://arxiv.org/abs/1605.06431" target="_blank" title="Veit et al. 2016, abstract"'
    assert f"10 to 34 layers long, of 110<sup>{link}" in words
    assert 'title="secondary source: Veit et al. 2016' in words
    assert "3. Veit, Wilber and Belongie 2016" in words, "the number beside the citation"
    assert "*Residual Networks Behave Like Ensembles of Relatively Shallow Networks*" in words


def test_a_source_without_an_address_is_no_link():
    source = texts.Source("notes", "Somebody", 2016, "Lost notes", "", "p. 3", "text")
    words = guide_words.cited(texts.Citation(source, "as noted"), [source.work])
    assert not re.search("<a |tabindex", words)
    assert '<span class="ss-unseen">source: Somebody 2016, p. 3</span>' in words, "read where the title is not"


def test_an_unreadable_workspace_says_so_and_keeps_the_text(page, monkeypatch):
    monkeypatch.setattr("app.data.workspace.health", lambda: Health("damaged", "the database is damaged."))
    drawn = page(GRADIENTS)
    assert not drawn.exception
    assert "the database is damaged. The Race page says what can be done." in drawn.error[0].value
    assert not labs_of(drawn)
    assert drawn.expander[-2].label == "Sources"


def test_the_addresses_of_the_pages_are_their_names():
    assert [path for _, path, _ in guide.pages()] == ["why", *texts.guide_names()]
    assert all(title.startswith(("Q", "All")) for title, _, _ in guide.pages())


@pytest.mark.parametrize(
    ("measurement", "words"),
    [
        (None, "*not measured here yet*"),
        (texts.Measurement("n", "", "1.5", "s"), "*not measured here yet, expected: 1.5*"),
        (texts.Measurement("n", "", "1.5", "s", job=3), "*no number in the newest job, expected: 1.5*"),
        (texts.Measurement("n", "%", "1.5", "s", job=3, value=1.25), "**1.25 %**"),
        (texts.Measurement("n", "", "1.5", "s", 3, 1.25, "layers 20"), "**1.25** (with layers 20)"),
        (
            texts.Measurement("n", "%", "1.5", "s", None, 1.25, "A <0>", recorded="today"),
            '<abbr title="Reference on A &lt;0&gt;, today. Run the lab to measure it here.">about 1.25 %</abbr>',
        ),
    ],
)
def test_a_number_is_said_with_what_it_stands_on(measurement, words):
    assert guide_words.measured(measurement) == words


def test_what_is_expected_and_what_a_lab_measured_with_are_said_once():
    one, two = (
        texts.ResultReference("figure", "gradients", "bn_gradient_total"),
        texts.ResultReference("figure", "gradients", "plain_gradient_total"),
    )
    words = guide_words.running((one, " and ", one), {one: texts.Measurement("n", "", "1.5", "s")})
    assert words == "*not measured here yet, expected: 1.5* and *not measured here yet*"
    both = {figure: texts.Measurement("n", "", "1.5", "s", 3, 2.0, "layers 20") for figure in (one, two)}
    assert guide_words.running((one, " and ", two), both) == "**2** (with layers 20) and **2**"


def test_a_page_is_drawn_again_when_one_of_its_labs_has_finished(monkeypatch):
    drawn = []
    monkeypatch.setattr(guide.st, "rerun", lambda: drawn.append(1))
    monkeypatch.setattr(texts, "finished_labs", lambda: {"gradients": 7, "lesion": 9})
    guide._look(("gradients", "mapping"), {"gradients": 7, "lesion": 8})
    assert not drawn
    guide._look(("gradients", "mapping"), {"gradients": 5})
    assert drawn
