"""The guide's reader: what a text may be, and one clear line for everything else."""

from dataclasses import replace

import pytest

from app.data import guide, labs
from app.data.workspace import use
from engine.config import LabConfig
from engine.errors import GuideError
from engine.events import MetricReported, RunState
from engine.exchange import lab_reference, race_reference
from engine.labs.registry import LABS
from engine.store.writer import Writer
from tests.app.views.race.test_race import PATHS

SOURCE = guide.Source("he.table", "He, Zhang, Ren and Sun", 2015, "Deep", "arXiv:1512.03385", "Table 6", "full text")
TEXT = """# Why?
menu: Why so
lab: gradients
panels: growth, norm
also: mapping
see: race

## Short answer

It is {{figure gradients.bn_gradient_total}}, as {{cite he.table: 6.97 %}}.

## Experiment

Press.

## What would refute it

Nothing {{cite
he.table}}.

## Caveats

Some.
"""


def parsed(text):
    return guide.parse(text, "q9-why", {SOURCE.key: SOURCE})


def test_a_text_is_read_into_its_parts():
    page = parsed(TEXT)
    assert (page.number, page.question, page.menu) == ("Q9", "Why?", "Why so")
    assert (page.labs, page.panels, page.see) == (("gradients", "mapping"), ("growth", "norm"), ("race",))
    figure = guide.ResultReference("figure", "gradients", "bn_gradient_total")
    assert page.sections["Short answer"] == ("It is ", figure, ", as ", guide.Citation(SOURCE, "6.97 %"), ".")
    assert page.parts(guide.Citation) == [guide.Citation(SOURCE, "6.97 %"), guide.Citation(SOURCE, "")]
    assert (SOURCE.short, SOURCE.link, SOURCE.place) == (
        "He et al. 2015", "https://arxiv.org/abs/1512.03385", "arXiv:1512.03385"
    )  # fmt: skip


def test_a_work_lies_on_a_page_or_in_this_repository():
    page = replace(SOURCE, address="https://github.com/owner/name/blob/80cf2c2/README.md")
    assert (page.link, page.place) == (page.address, "github.com/owner/name")
    ours = replace(SOURCE, address="assets/docs/results.md")
    assert (ours.link, ours.place) == ("", "assets/docs/results.md")


def test_a_power_is_computed():
    page = parsed(TEXT.replace("Press.", "{{power 0.8^50}}{{power 1.21^50}}"))
    assert [part.text for part in page.sections["Experiment"]] == ["0.8⁵⁰ = 1.4×10⁻⁵", "1.21⁵⁰ = 14,000"]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("# Why?", "Why?", "the first line must be"),
        ("menu: Why so\n", "", "the line 'menu: ...' is missing"),
        ("lab: gradients\n", "", "the line 'lab: ...' is missing"),
        ("see: race", "see: evil", "unknown page 'evil'"),
        ("see: race", "look: race", "got 'look: race'"),
        ("## Caveats", "## Doubts", "the sections must be Short answer, Experiment, What would refute it, Caveats"),
        ("Press.", "", "the section 'Experiment' is empty"),
        ("Press.", "Press {{figure gradients.x", "a placeholder is not closed or not opened near 'Press"),
        ("Press.", "Press }}", "a placeholder is not closed"),
        (
            "Press.",
            "{{number 7}}",
            "'cite WORK.PLACE: words' or 'power BASE^EXPONENT' (got 'number 7')",
        ),
        ("Press.", "{{finding gradients.nothing}}", "the lab gradients has no finding 'nothing'"),
        ("Press.", "{{finding lesion.deleted}}", "a lab that the page neither shows nor links"),
        ("Press.", "{{cite he.fig}}", "nothing in sources.toml is 'he.fig'"),
        ("gradients.bn_gradient_total", "gradients.nothing", "the lab gradients has no figure 'nothing'"),
        ("gradients.bn_gradient_total", "lesion.other_jobs", "a lab that the page neither shows nor links"),
        ("panels: growth", "panels: evil", "the lab gradients has no panel 'evil'"),
    ],
)
def test_a_broken_text_is_one_line_that_names_the_file(before, after, said):
    assert before in TEXT
    with pytest.raises(GuideError) as caught:
        parsed(TEXT.replace(before, after))
    line = str(caught.value)
    assert line.startswith("assets/guide/q9-why.md: ") and said in line and "\n" not in line


def test_a_lab_that_is_not_registered_is_no_error():
    page = parsed(TEXT.replace("lab: gradients\n", "lab: unheard\n").replace("gradients.", "unheard."))
    assert page.lab == "unheard"
    assert guide.measurements(page.parts(guide.ResultReference)) == {}


def test_a_text_that_is_not_there_is_one_line():
    with pytest.raises(GuideError, match=r"assets/guide/q0-none\.md cannot be read"):
        guide.guide_page("q0-none")


FIGURE = guide.ResultReference("figure", "gradients", "bn_gradient_total")


@pytest.fixture
def writer(workspace):
    use(workspace.path)
    with Writer(workspace) as writer:
        yield writer
    use(workspace.path)


def job(writer, state, value, **settings):
    run = writer.labs.submit(LabConfig(lab="gradients", settings=LABS["gradients"].defaults() | settings))
    if value is not None:
        writer.labs.results(run, [], [MetricReported(FIGURE.name, value)])
    for step in PATHS[state]:
        writer.jobs.move(run, step)
    return run


def test_without_a_job_a_number_is_the_recorded_one_with_its_origin(workspace):
    use(workspace.path)
    recorded = labs.lab_reference("gradients")
    found = guide.measurements([FIGURE])[FIGURE]
    assert (found.job, found.value) == (None, recorded.metrics["bn_gradient_total"])
    assert found.recorded == recorded.origin.text
    assert found.expected


def test_a_number_is_that_of_the_newest_finished_job_with_the_settings_that_were_changed(writer):
    job(writer, RunState.FINISHED, 1.0)
    newest = job(writer, RunState.FINISHED, 12345.6, layers=20)
    job(writer, RunState.RUNNING, 9.0)
    job(writer, RunState.STOPPED, 8.0)
    found = guide.measurements([FIGURE])[FIGURE]
    assert (found.job, found.value, found.basis, found.recorded) == (newest, 12345.6, "layers 20", "")
    assert guide.finished_labs() == {"gradients": newest}


@pytest.mark.parametrize("value", [float("nan"), None])
def test_a_number_that_a_job_lacks_is_the_recorded_one(writer, value):
    number = job(writer, RunState.FINISHED, value)
    other = guide.ResultReference("figure", "gradients", "plain_gradient_total")
    writer.labs.results(number, [], [MetricReported("plain_gradient_total", 7.0)])
    found = guide.measurements([FIGURE, other])
    assert (found[FIGURE].job, found[FIGURE].value) == (
        None,
        labs.lab_reference("gradients").metrics["bn_gradient_total"],
    )
    assert (found[other].job, found[other].value) == (number, 7.0)


def test_a_broken_record_takes_nothing_else_away(writer, monkeypatch, tmp_path):
    (tmp_path / "lab-gradients.json").write_text("{")
    monkeypatch.setattr(lab_reference.read, "__defaults__", (tmp_path,))
    monkeypatch.setattr(lab_reference.stamp, "__defaults__", (tmp_path,))
    assert labs.lab_reference("gradients") is None
    assert not guide.measurements([FIGURE])[FIGURE].known
    number = job(writer, RunState.FINISHED, 2.0)
    assert guide.measurements([FIGURE])[FIGURE].job == number


def test_gaps_of_a_recorded_race_are_said_with_what_measures_them_again(workspace):
    use(workspace.path)
    reference = guide.ResultReference("race", "start", "zero_gamma_gaps")
    found = guide.measurements([reference])[reference]
    gaps = race_reference.gaps(race_reference.read("start"), "zero-gamma")
    assert found.text == f"{min(gaps):.1f} to {max(gaps):.1f} points".replace("-", "−")
    assert found.again == "Start the preset start with 3 seeds to measure it here."
    none = guide.ResultReference("race", "talk", "plain_gaps")
    assert none not in guide.measurements([none])


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (1.2098, "1.21"), (0.0, "0"), (-0.04, "−0.04"), (11_234.0, "11,200"), (3.2e7, "3.2×10⁷"), (1e-5, "10⁻⁵"),
        (-4.5e-16, "−4.5×10⁻¹⁶"), (300, "300"),
    ],
)  # fmt: skip
def test_numbers_are_said_as_the_labs_say_them(value, words):
    assert guide.in_words(value) == words
