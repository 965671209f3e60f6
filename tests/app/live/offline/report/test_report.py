"""The report: all of its parts, without JavaScript, and lines that are where their values are."""

import io
import re

import numpy as np
import pytest

from app.live.offline.report.export import compared
from app.live.offline.report.plot import BOTTOM, HEIGHT, LEFT, MAX_POINTS, RIGHT, TOP, WIDTH, Axis, Line, chart, thinned
from engine.exchange.transfer import ExportRequest, write
from engine.store.writer import Writer
from tests.app.live.offline.hostile import TEXTS
from tests.app.live.offline.test_page import Elements
from tests.engine.exchange.ghosts.foreign_files import table, taken
from tests.engine.exchange.recorded_workspace import fill, small_race, train


def report(workspace, runs) -> str:
    file = io.BytesIO()
    write(workspace, ExportRequest(tuple(runs), "report"), file, lambda done, total, what: None)
    return file.getvalue().decode()


@pytest.fixture
def runs(workspace):
    return fill(workspace)


def test_a_report_has_all_its_parts_and_nothing_that_runs(workspace, runs):
    page = report(workspace, runs)
    headings = re.findall("<h2>([^<]+)</h2>", page)
    assert headings == ["Question", "What was found", "Curves", "Responses of the layers", "Runs", "Set-up"]
    found = Elements(page.encode())
    assert not found.scripts
    assert not [attrs for _, attrs in found.found if {"src", "href", "onclick"} & {*attrs}]
    assert "default-src 'none'; style-src 'unsafe-inline'" in page
    assert page.count("<svg") == 4
    assert all(f"<td>{run}</td>" in page for run in runs)
    assert "python -m engine race" in page
    assert "Skipscope" in page


def test_a_part_of_a_race_says_that_the_verdict_is_that_of_all(workspace, runs):
    words = f"1 of the {len(runs)} runs are here. The verdict is that of all."
    assert words in report(workspace, runs[:1])
    assert "The verdict is that of all" not in report(workspace, runs)


def test_no_text_of_a_visitor_breaks_out_of_a_report(workspace, runs):
    with Writer(workspace) as writer:
        writer.notes.annotate([runs[0]], "usual")
    usual = Elements(report(workspace, runs).encode())
    for text in TEXTS:
        with Writer(workspace) as writer:
            writer.notes.annotate([runs[0]], text)
            assert writer.notes.rename_race(2, text)
        page = report(workspace, runs)
        found = Elements(page.encode())
        assert [(tag, sorted(attrs)) for tag, attrs in found.found] == [
            (tag, sorted(attrs)) for tag, attrs in usual.found
        ], text
        assert "<" not in text or text not in page


def test_runs_of_several_races_are_named_and_not_compared(workspace, runs):
    page = report(workspace, (1, *runs))
    assert "No verdict: these runs come from different races." in page
    assert page.count("The command that makes it again") == 2


def test_the_page_says_how_many_points_of_long_curves_it_draws(workspace, runs):
    assert "points are drawn" not in report(workspace, runs), "all points of these short ones are"
    with Writer(workspace) as writer:
        _, (run, *_) = writer.races.submit(small_race())
        train(writer, run, 3_000)
    page = report(workspace, [run])
    drawn, total = (int(count.replace(",", "")) for count in re.findall(r"([\d,]+) of ([\d,]+) points", page)[0])
    # Beside the training the test images were measured at every 20th step.
    assert total == 3_000 + 150
    curves = re.search("<svg.*?</svg>", page)[0]
    assert drawn == sum(len(re.findall("[ML]", path)) for path in re.findall('opacity="1.0"[^>]* d="([^"]*)"', curves))
    assert drawn < MAX_POINTS + 150


@pytest.mark.parametrize("spike", [7, 1_234, 1_998])
def test_no_peak_and_no_gap_of_a_long_line_is_thinned_away(spike):
    values = np.linspace(90, 10, 2_000)
    values[[spike, spike - 3, 900]] = 99.5, 0.5, np.nan
    line = thinned(Line(range(1, 2_001), values.tolist(), "#123456"))
    assert len(line.x) == len(line.y) <= MAX_POINTS
    assert {(spike + 1, 99.5), (spike - 2, 0.5), (2_000, 10)} <= {*zip(line.x, line.y, strict=True)}
    assert np.isnan(line.y[line.x.index(901)])


def test_imported_lines_are_named_as_left_out(workspace, runs, tmp_path):
    assert "Not drawn" not in report(workspace, runs)
    theirs = table(tmp_path / "theirs.csv", "step,a,b\n1,0.5,2\n9,0.25,3\n")
    taken(workspace, theirs, {"a": "train_error:fraction"}, race=2, name="<i>their net")
    assert "Not drawn: the imported line &lt;i&gt;their net." in report(workspace, runs)
    taken(workspace, theirs, {"b": "test_loss"}, race=2, name="another")
    assert "Not drawn: the imported lines &lt;i&gt;their net, another." in report(workspace, runs)


def test_a_line_is_where_its_values_are():
    x, y = Axis(0, 10, "step"), Axis(0, 100, "error (%)")
    drawn = chart("plain", [Line([0, 5, 10], [100, 0, 50], "#123456")], x, y)
    path = re.search(r'stroke="#123456"[^>]* d="([^"]+)"', drawn)[1]
    middle = LEFT + (WIDTH - LEFT - RIGHT) / 2
    half = TOP + (HEIGHT - TOP - BOTTOM) / 2
    points = [(LEFT, TOP), (middle, HEIGHT - BOTTOM), (WIDTH - RIGHT, half)]
    assert path == "M" + "L".join(f"{across:.1f} {up:.1f}" for across, up in points)


def test_a_value_that_is_not_finite_is_a_gap_and_an_empty_line_is_none():
    x, y = Axis(1, 4, "layer"), Axis(0.1, 10, "std", log=True)
    drawn = chart("<plain>", [Line([1, 2, 3, 4], [1, np.nan, 0.0, 5], "#111111"), Line([], [], "#222222")], x, y)
    assert re.search(r'#111111"[^>]* d="M[\d. ]+M[\d. ]+"', drawn)
    assert re.search(r'#222222"[^>]* d=""', drawn)
    assert "&lt;plain&gt;" in drawn


@pytest.mark.parametrize(
    ("axis", "ticks"),
    [
        (Axis(0, 100, "x"), [0, 20, 40, 60, 80, 100]),
        (Axis(0, 64_000, "x"), [0, 20_000, 40_000, 60_000]),
        (Axis(0.4, 6, "x", log=True), [0.5, 1, 2, 5]),
        (Axis(1e-9, 2, "x", log=True), [10.0**power for power in range(-9, 1)]),
    ],
)
def test_ticks_are_round_numbers(axis, ticks):
    assert axis.ticks() == pytest.approx(ticks)


def test_columns_that_are_empty_with_one_seed_are_left_out():
    one = [["plain-56 minus plain-20", "1 seed", "32.1", "", ""], ["Cure by A", "1 seed", "30.0", "", ""]]
    assert re.findall('scope="col">([^<]+)<', compared(one)) == ["Compared", "Seed", "Difference (points)"]
    several = [["plain-56 minus plain-20", "5 seeds", "32.1", "25.6 to 60.1", ""], ["", "1", "30.0", "", ""]]
    assert re.findall('scope="col">([^<]+)<', compared(several))[-1] == "95 % interval"
    assert "<td class=interval>25.6 to 60.1</td>" in compared(several)


def test_the_words_of_the_table_are_explained(workspace, runs):
    page = report(workspace, runs)
    # Nothing was compared here; where something was, the statement says it.
    assert "No two depths are left to compare." in page
    assert "One seed has no interval" not in page
    assert ("Cure by A<" in page) == ("“Cure by X”: by how many points" in page)


def test_a_table_of_runs_names_its_cells_for_a_phone(workspace, runs):
    page = report(workspace, runs)
    for name in ("test (%)", "time (s)", "training, clean (%)"):
        assert page.count(f'<td data-name="{name}">') == len(runs)


@pytest.mark.parametrize(("low", "high"), [(1.4, 4.1), (2.4, 3.9), (1.01, 1.2), (0.9, 9.5), (0.003, 0.008)])
def test_a_logarithmic_axis_has_three_ticks_at_least_and_says_what_it_is(low, high):
    axis = Axis(low, high, "std", log=True)
    assert 3 <= len(axis.ticks()) <= 10
    assert all(low <= tick <= high * (1 + 1e-9) for tick in axis.ticks())
    assert ">std, logarithmic</text>" in chart("", [], Axis(1, 4, "layer"), axis)
    assert ">std</text>" in chart("", [], Axis(1, 4, "layer"), Axis(low, high, "std"))
