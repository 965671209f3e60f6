"""What the race's chart is made of, checked in the browser that draws it: bands, gaps, trees, pictures, tables.

The modules are pure functions, so they get their runs from here; no server is needed.
"""

import base64
import csv
import io
import json
import struct
import urllib.parse
from pathlib import Path

import numpy as np
import plotly
import pytest

from app import theme
from app.live.shared.component import surroundings

pytestmark = pytest.mark.browser

LIVE = Path(theme.__file__).parent / "live"
PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
HOME = "http://curves.test/"
PAGE = """<!doctype html><meta charset="utf-8"><body><div id="plot"></div><script src="plotly.js"></script>
<script type="module">
  import { buildFigure } from "./race/chart/figure.js";
  import { Series } from "./race/series.js";
  import * as bands from "./race/chart/seed_stats.js";
  import * as out from "./shared/export/image.js";
  import { RaceFeed } from "./race/stream.js";
  import { laidOut } from "./race/panel/view_state.js";
  import { stripWords } from "./race/panel/footer.js";
  import { notRepeated } from "./race/panel/tools.js";
  import { StageKeys } from "./race/presentation/keys.js";
  import { ViewControls } from "./race/panel/controls.js";
  const run = ({ card, history, look }) => ({ card, series: new Series(history, card.parent_step ?? 0), ...look });
  window.told = { buildFigure, bands, out, RaceFeed, laidOut, notRepeated, stripWords, StageKeys, ViewControls,
    runs: (list) => list.map(run), theme: THEME };
</script>"""
VIEW = {"race": 1, "layout": "side", "metric": "error", "scale": "linear", "x": "step", "curves": ["running"]}
TOLERANCE = 1e-9


@pytest.fixture(scope="module")
def page(browser):
    """One page with the modules; what they throw fails the test that called them."""
    told = PAGE.replace("THEME", json.dumps({**surroundings()["themes"]["light"], "ground": "light", "font": "Arial"}))
    page = browser.new_page(viewport={"width": 1100, "height": 700})

    def answer(route):
        name = urllib.parse.urlparse(route.request.url).path[1:]
        if not name:
            route.fulfill(body=told, content_type="text/html")
        elif name == "plotly.js":
            route.fulfill(path=PLOTLY, content_type="text/javascript")
        elif (LIVE / name).is_file():
            route.fulfill(path=LIVE / name, content_type="text/javascript")
        else:
            route.fulfill(status=404)

    page.route("**/*", answer)
    page.goto(HOME)
    page.wait_for_function("() => window.told")
    yield page
    page.close()


def run(number, arm, steps, errors, seed=0, tests=(), **card):
    """A run as the page holds it; ``errors`` are its running means, ``tests`` pairs of step and error."""
    variant, depth = arm.rsplit("-", 1)
    shortcut = "none" if variant == "plain" else variant
    steps, errors = [int(step) for step in steps], [None if error is None else float(error) for error in errors]
    colour = {ground: theme.line_color(shortcut, int(depth), ground) for ground in theme.BACKGROUND}
    usual = {
        "run": number, "race": 1, "arm": arm, "depth": int(depth), "shortcut": shortcut, "variant": variant,
        "seed": seed, "plain": variant == "plain",
        "state": "running", "parent": None, "parent_step": None, "changes": [],
        "lr": 0.1, "batch_size": 100, "train_images": 1000, "total_steps": 300, "step": steps[-1] if steps else 0,
        "eval_images": 1000, "precision": "fp32", "device": "cpu",
    }  # fmt: skip
    clock = [step * (1 + seed) / 10 for step in steps]
    train = {
        "step": steps, "seconds": clock, "error": errors, "running_error": [*errors],
        "loss": [None if error is None else error / 40 for error in errors],
    }  # fmt: skip
    train["running_loss"] = [*train["loss"]]  # a list of its own: the page appends to each
    tested = {
        "step": [step for step, _ in tests], "error": [error for _, error in tests],
        "loss": [error / 40 for _, error in tests], "seconds": [step * (1 + seed) / 10 for step, _ in tests],
    }  # fmt: skip
    look = {"colour": colour, "ink": colour, "label": card.pop("label", f"{arm} s{seed}"), "mark": "circle"}
    history = {"total": {"train": len(steps)}, "train": train, "test_subset": tested}
    return {"card": {**usual, **card}, "history": history, "look": look}


def figure(page, runs, width=1100, **view):
    """The Plotly figure of these runs as plain values."""
    return page.evaluate(
        "([list, view, px]) => JSON.parse(JSON.stringify(told.buildFigure(told.runs(list), view, told.theme, px)))",
        [runs, {**VIEW, **view}, width],
    )


def traces(built, meta, name=None):
    return [one for one in built["data"] if one["meta"] == meta and name in (None, one["name"])]


def words(built):
    return [note["text"] for note in built["layout"]["annotations"]]


def decimated(rng, steps, kept):
    """Sorted steps with the first and the last, as a thinned history has them."""
    return np.unique(np.r_[1, steps, rng.choice(np.arange(2, steps), kept, replace=False)])


def seeds(count=3, steps=300, kept=60, arm="plain-20", first=1, **card):
    """Runs of one arm whose points lie at different steps, and their curves for the independent calculation."""
    rng = np.random.default_rng(first)
    curves = [
        (at := decimated(rng, steps, kept), 90 * np.exp(-at / 100) + rng.normal(0, 2, len(at)) + 5)
        for _ in range(count)
    ]
    return [run(first + seed, arm, *curve, seed=seed, **card) for seed, curve in enumerate(curves)], curves


def interpolated(curves):
    grid = np.unique(np.concatenate([at for at, _ in curves]))
    grid = grid[grid <= min(at[-1] for at, _ in curves)]
    return grid, np.array([np.interp(grid, at, values) for at, values in curves])


def test_mean_and_band_of_seeds_are_those_of_an_independent_calculation(page):
    runs, curves = seeds()
    built = figure(page, runs, curves=["running", "raw"])
    (mean,), (band,) = traces(built, "running"), traces(built, "band")
    grid, values = interpolated(curves)
    assert mean["x"] == grid.tolist()
    assert np.allclose(mean["y"], values.mean(0), atol=TOLERANCE)
    assert np.allclose(mean["customdata"], np.c_[values.min(0), values.max(0)], atol=TOLERANCE)
    assert np.allclose(band["y"], np.r_[values.max(0), values.min(0)[::-1]], atol=TOLERANCE)
    assert band["x"] == [*grid.tolist(), *grid.tolist()[::-1]]
    assert "mean of 3 seeds, %{customdata[0]:.1f} to %{customdata[1]:.1f}" in mean["hovertemplate"]
    assert words(built) == [f"plain-20 <b>{values.mean(0)[-1]:.1f}</b>"]
    assert [len(line["x"]) for line in traces(built, "seed")] == [len(at) for at, _ in curves]
    assert not traces(built, "raw"), "single steps would cover the bands"


def test_every_seed_by_itself_is_drawn_as_a_run(page):
    runs, curves = seeds()
    built = figure(page, runs, seeds="lines", curves=["running", "raw"])
    assert [len(line["y"]) for line in traces(built, "running")] == [len(at) for at, _ in curves]
    assert len(traces(built, "raw")) == 3
    assert not traces(built, "band")
    assert sorted(text.split(" <b>")[0] for text in words(built)) == ["plain-20 s0", "plain-20 s1", "plain-20 s2"]


def test_a_long_mean_is_thinned_and_its_extremes_stay(page):
    steps = np.arange(1, 64_001, 32)
    low, high = np.full(len(steps), 40.0), np.full(len(steps), 50.0)
    low[777], high[1234] = 3.0, 97.0
    built = figure(page, [run(1, "A-20", steps, low), run(2, "A-20", steps + 1, high, seed=1)])
    (mean,) = traces(built, "running")
    assert 200 < len(mean["x"]) <= 600
    assert np.min(mean["customdata"]) == 3.0
    assert np.max(mean["customdata"]) == 97.0
    assert mean["x"] == sorted(set(mean["x"]))


def test_a_mean_ends_where_a_seed_ends_and_says_so(page):
    at = np.arange(1, 301)
    stopped = run(3, "A-20", at[:150], 30.0 + at[:150], seed=2, state="stopped")
    built = figure(page, [run(1, "A-20", at, 0.0 + at), run(2, "A-20", at, 10.0 + at, seed=1), stopped])
    (mean,) = traces(built, "running")
    assert (mean["x"][-1], mean["y"][-1]) == (150, 150 + 40 / 3)
    assert "the mean ends where seed 2 was stopped, at step 150" in mean["hovertemplate"]
    assert words(built) == ["A-20 <b>163.3</b><br>until step 150"]
    assert max(len(line["x"]) for line in traces(built, "seed")) == 300, "the others go on as thin lines"


def test_a_mean_waits_for_the_slowest_seed_without_a_word_and_counts_who_has_begun(page):
    at = np.arange(1, 301)
    built = figure(
        page, [run(1, "A-20", at, at), run(2, "A-20", at[:80], at[:80], seed=1), run(3, "A-20", [], [], seed=2)]
    )
    (mean,) = traces(built, "running")
    assert mean["x"][-1] == 80
    assert "mean of 2 of 3 seeds" in mean["hovertemplate"]
    assert "1 without a value yet" in mean["hovertemplate"]
    assert words(built) == ["A-20 <b>80.0</b><br>2 of 3 seeds"]


def test_a_diverged_seed_drops_out_of_the_whole_mean(page):
    at = np.arange(1, 101)
    broken = [*np.full(40, 70.0), *[None] * 60]
    built = figure(
        page,
        [
            run(1, "A-20", at, at),
            run(2, "A-20", at, at + 2, seed=1),
            run(3, "A-20", at, broken, seed=2, state="diverged"),
        ],
    )
    (mean,) = traces(built, "running")
    assert mean["y"] == (at + 1.0).tolist(), "no jump where it diverged"
    assert words(built) == ["A-20 <b>101.0</b><br>2 of 3 seeds"]
    gone = figure(page, [run(seed, "A-20", at, broken, seed=seed, state="diverged") for seed in range(2)])
    assert words(gone) == ["A-20<br>all 2 diverged"]
    assert traces(gone, "running")[0]["y"] == []


def test_test_errors_are_averaged_where_all_seeds_were_tested(page):
    at = np.arange(1, 101)
    tests = [[(50, 40.0), (100, 30.0)], [(50, 44.0), (90, 1.0), (100, 36.0)]]
    built = figure(
        page, [run(seed, "A-20", at, at, seed=seed, tests=tests[seed]) for seed in range(2)], curves=["test"]
    )
    (mean,) = traces(built, "test")
    assert (mean["x"], mean["y"]) == ([50, 100], [42, 33])
    assert (mean["error_y"]["array"], mean["error_y"]["arrayminus"]) == ([2, 3], [2, 3])
    assert words(built) == ["A-20 <b>33.0</b>"], "the bold curve carries the name where it is alone"


def test_runs_with_other_rates_are_no_seeds_of_each_other(page):
    at = np.arange(1, 51)
    rates = [
        run(number, "A-20", at, at + number, seed=number % 2, lr=0.1 if number < 2 else 0.5) for number in range(4)
    ]
    built = figure(page, rates)
    assert sorted(words(built)) == ["A-20 <b>50.5</b><br>rate 0.1", "A-20 <b>52.5</b><br>rate 0.5"]


def test_runs_of_other_races_are_no_seeds_of_each_other_and_make_no_gap(page):
    at = np.arange(1, 51)
    arms = {"plain-20": 0, "A-20": 10}
    both = [
        run(
            100 * race + height + seed,
            arm,
            at,
            at + height + 100.0 * race,
            seed=seed,
            race=race,
            label=f"{arm} s{seed} (race {race})",
        )
        for race in (1, 2)
        for arm, height in arms.items()
        for seed in (0, 1)
    ]
    built = figure(page, both, layout="overlaid")
    assert sorted(words(built)) == [
        f"{arm} <b>{50 + height + 100 * race:.1f}</b><br>race {race}"
        for arm, height in sorted(arms.items())
        for race in (1, 2)
    ]
    gaps = figure(page, both, layout="gap")
    assert {(one["name"], one["y"][-1]) for one in traces(gaps, "running")} == {
        ("20: plain − A (race 1)", -10), ("20: plain − A (race 2)", -10),
    }  # fmt: skip
    apart = [one for one in both if one["card"]["run"] in (100, 210)]
    assert [text.startswith("A gap needs") for text in words(figure(page, apart, layout="gap"))] == [True]


def test_a_band_is_computed_again_only_when_a_run_has_news(page):
    runs, _ = seeds()
    same, other = page.evaluate(
        """(list) => {
          const runs = told.runs(list), band = () => told.bands.seedBand(runs, "train", "running_error");
          const before = band(), again = band();
          for (const { series } of runs) series.append(40, 1, 7, [301, 1, 7]);
          const after = band();
          return [before === again, [after === before, after.step.at(-1), after.mean.at(-1)]];
        }""",
        runs,
    )
    assert same
    assert other == [False, 301, 7]


def test_a_zoom_shows_the_mean_of_the_finer_points_in_its_range(page):
    coarse, fine = np.arange(100, 60_001, 100), np.arange(1000, 1401)
    runs = [run(seed, "A-20", coarse, np.full(len(coarse), 50.0 + seed), seed=seed) for seed in range(2)]
    spike = [{"step": fine.tolist(), **dict.fromkeys(("error", "loss", "running_loss"), [0] * 401)} for _ in runs]
    for seed, points in enumerate(spike):
        points["seconds"] = fine.tolist()
        points["running_error"] = [99.0 if step == 1234 and seed == 0 else 50.0 + seed for step in fine.tolist()]
    step, mean = page.evaluate(
        """([list, finer]) => {
          const runs = told.runs(list);
          told.bands.seedBand(runs, "train", "running_error"); // before the zoom
          runs.forEach(({ series }, index) => series.refine(finer[index], 1000, 1400, 2000));
          const { step, mean } = told.bands.seedBand(runs, "train", "running_error");
          return [step, mean];
        }""",
        [runs, spike],
    )
    inside = [at for at in step if 1000 <= at <= 1400]
    assert inside == fine.tolist()
    assert mean[step.index(1234)] == (99 + 51) / 2


def test_a_look_at_the_past_holds_and_draws_no_more_while_the_run_goes_on(page):
    at = np.arange(1, 1001)
    full, drawn = page.evaluate(
        """(list) => {
          const runs = told.runs(list), [{ series }] = runs, feed = { loaded: 0 }, full = [];
          told.RaceFeed.prototype.filled.call(feed, runs);
          const fine = Object.entries(series.train).map(([key, all]) => [key, all.slice(99, 200)]);
          series.refine(Object.fromEntries(fine), 100, 200, 200);
          const drawn = [];
          for (let step = 1001; step <= 6000; step += 50) {
            const steps = Array.from({ length: 50 }, (_, index) => step + index);
            series.append(step + 49, 1, 7, steps.flatMap((at) => [at, at === 1500 ? 9 : 1, 50]));
            drawn.push(series.drawn().step);
            full.push(told.RaceFeed.prototype.isFull.call(feed, runs));
          }
          return [full, drawn];
        }""",
        [run(1, "A-20", at, 90.0 - at / 100)],
    )
    assert [full[0], full[-1]] == [False, True], "the history is asked for again"
    for index, steps in enumerate(drawn):
        assert steps == sorted(set(steps)) and steps[-1] == 1050 + 50 * index
        assert set(range(100, 201)) <= set(steps), "every step of what is looked at"
        assert len(steps) <= 101 + 3 * 20
    assert all(1500 in steps for steps in drawn[9:]), "a spike outside stays"


def test_a_fork_begins_on_its_parents_line_and_forks_of_one_step_share_a_ring(page):
    at, later = np.arange(1, 101), np.arange(41, 101)
    parent = run(2, "A-56", at, 100.0 - at, label="A-56")
    remark = [40, "fork of run 2 at step 40"]
    begin = {"parent": 2, "parent_step": 40}
    slower = [remark, [41, "learning rate 0.1 to 0.02"]]
    forks = [
        run(7, "A-56", later, later, **begin, changes=slower, label="A-56 fork 7"),
        run(8, "A-56", later, later + 9.0, **begin, changes=[remark], label="A-56 fork 8"),
    ]
    built = figure(page, [parent, *forks])
    for fork in ("A-56 fork 7", "A-56 fork 8"):
        (line,) = traces(built, "running", fork)
        assert (line["x"][0], line["y"][0], line["steps"][0], line["x"][1]) == (40, 60, 40, 41)
    (ring,) = traces(built, "change")
    assert (ring["x"], ring["y"]) == ([40], [60])
    assert "fork 7" in ring["hovertemplate"] and "fork 8" in ring["hovertemplate"]
    assert "A-56 fork 7 <b>100.0</b><br>rate 0.1 → 0.02" in words(built)
    alone = figure(page, forks)
    assert traces(alone, "running", "A-56 fork 7")[0]["x"][0] == 41, "a parent that is not drawn breaks nothing"


def race(count=2, steps=100):
    """plain-20, plain-56, A-20, A-56 with constant distances and one test each; of A-56 every other step is kept."""
    at = np.arange(1, steps + 1)
    made = []
    for place, (arm, height) in enumerate({"plain-20": 40.0, "plain-56": 50.0, "A-20": 30.0, "A-56": 28.0}.items()):
        for seed in range(count):
            kept = at[seed::2] if arm == "A-56" else at
            errors = np.full(len(kept), height + seed * place)
            made.append(run(10 * place + seed, arm, kept, errors, seed=seed, tests=[(50, height + 5)]))
    return made


def test_gaps_are_differences_at_equal_steps_seed_by_seed(page):
    built = figure(page, race(), layout="gap", curves=["running", "test"])
    # Seeds differ by their place in the race: plain-56 − plain-20 is 10 and 11, A-56 − A-20 is −2 and −1, and so on.
    expected = {"plain: 56 − 20": (10, 11), "A: 56 − 20": (-2, -1), "20: plain − A": (10, 8), "56: plain − A": (22, 20)}
    for name, each in expected.items():
        (mean,) = traces(built, "running", name)
        assert np.allclose(mean["y"], np.mean(each), atol=TOLERANCE)
        assert np.allclose(mean["customdata"], [min(each), max(each)], atol=TOLERANCE)
        assert len(traces(built, "seed", name)) == 2
    (tested,) = traces(built, "test", "56: plain − A")
    assert (tested["x"], tested["y"]) == ([50], [22])
    assert {"plain: 56 − 20 <b>+10.5</b>", "A: 56 − 20 <b>−1.5</b>", "level"} <= set(words(built))
    assert {"<b>deeper minus shallower</b>", "<b>plain minus residual</b>"} <= set(words(built))
    low, high = built["layout"]["yaxis"]["range"]
    assert low <= -2 and high >= 22 and low % 10 == high % 10 == 0
    assert built["layout"]["yaxis"]["zeroline"]
    colours = {one["name"]: one["line"]["color"] for one in traces(built, "running")}
    assert colours["A: 56 − 20"] == colours["56: plain − A"] == theme.line_color("A", 56, "light")
    assert colours["plain: 56 − 20"] == theme.line_color("none", 56, "light")


def test_the_gap_chart_leaves_out_what_has_no_pair_and_says_what_it_needs(page):
    at = np.arange(1, 51)
    shallow, deep = run(1, "plain-20", at, at), run(2, "plain-56", at, at + 3)
    one = figure(page, [shallow, deep], layout="gap", scale="log")
    assert one["layout"]["yaxis"]["type"] == "linear"
    assert "yaxis2" not in one["layout"] and "<b>plain minus residual</b>" not in words(one)
    none = figure(page, [shallow], layout="gap")
    assert ["A gap needs" in text for text in words(none)] == [True]
    other_seed = figure(page, [shallow, run(2, "plain-56", at, at, seed=4)], layout="gap")
    assert ["A gap needs" in text for text in words(other_seed)] == [True]
    waiting = figure(page, [shallow, run(2, "plain-56", [], [])], layout="gap")
    assert words(waiting)[1:] == ["level"]
    clock = figure(page, race(), layout="gap", x="seconds")["layout"]
    assert clock["xaxis"]["title"]["text"] == "seconds of the deeper net, at equal steps"


def test_a_choice_that_a_race_does_not_allow_leaves_a_way_to_the_others(page):
    def controls(chosen, **kinds):
        return page.evaluate(
            """([layout, kinds]) => {
              const view = { get: (key) => (key === "layout" ? layout : ""), set: () => {}, curves: ["running"] };
              const row = document.createElement("div");
              new told.ViewControls(row, document.createElement("div"), view).draw({ seeds: false, ...kinds });
              const shown = [...row.children[0].children].filter((button) => !button.hidden);
              const tab = shown.filter((button) => button.tabIndex === 0).map((button) => button.dataset.value);
              return [row.children[0].hidden, shown.length, tab, told.laidOut(layout, kinds), row.children[2].hidden];
            }""",
            [chosen, kinds],
        )

    for chosen, seen in {"side": "overlaid", "overlaid": "overlaid", "gap": "gap"}.items():
        assert controls(chosen, sides=False, gap=True) == [False, 2, [seen], seen, seen == "gap"]
    assert controls("gap", sides=True, gap=False) == [False, 2, ["side"], "side", False]
    assert controls("gap", sides=False, gap=False)[3:] == ["overlaid", False], "curves of one arm, and their scale"


def test_the_strip_counts_what_is_drawn(page):
    def strip(runs, **view):
        return page.evaluate(
            "([list, view]) => told.stripWords(told.runs(list), view, null)", [runs, {**VIEW, **view}]
        ).split(" · ")[0]

    at, long = np.arange(1, 301), np.arange(1, 1001)
    pair = [run(1, "plain-20", at, at), run(2, "plain-56", at, at)]
    fork = run(3, "plain-56", at, at, parent=2, parent_step=0)
    assert strip(pair) == "all 600 steps shown"
    assert strip(pair, curves=["test"]) == strip(pair, curves=["raw"], layout="gap") == "no training steps shown"
    assert strip([*pair, fork]) == "all 900 steps shown"
    assert strip([*pair, fork], layout="gap") == "all 600 steps of the paired runs shown"
    seeds = [run(seed, arm, long, long, seed=seed) for arm in ("A-20", "A-56") for seed in (0, 1)]
    assert strip(seeds) == "all 4,000 steps shown, means thinned, extremes kept"
    assert strip(seeds, seeds="lines") == "all 4,000 steps shown"
    assert strip(seeds, layout="gap") == "all 4,000 steps of the paired runs shown, differences thinned, extremes kept"


def test_what_the_copied_command_lacks_is_said(page):
    at, change = np.arange(1, 51), {"changes": [[40, "learning rate 0.1 to 0.02"]]}
    plain, changed, fork = run(1, "A-20", at, at), run(2, "A-20", at, at, **change), run(3, "A-20", at, at, parent=1)
    said = [
        page.evaluate("(list) => told.notRepeated(told.runs(list))", runs)
        for runs in ([plain], [plain, changed], [plain, fork], [changed, fork])
    ]
    assert said == ["", "live changes", "forks", "live changes and forks"]


def test_only_a_chart_that_can_start_a_race_offers_the_key(page):
    def offered(*may):
        return page.evaluate(
            """(may) => {
              const keys = new told.StageKeys(document.createElement("div"), () => {});
              keys.draw(...may);
              return ["start the race", "pause all runs"].map((words) => keys.panel.textContent.includes(words));
            }""",
            may,
        )

    assert [offered(True, True), offered(True, False), offered(False, False)] == [
        [True, True],
        [False, True],
        [False] * 2,
    ]


def test_a_log_scale_has_no_place_for_zero(page):
    at = np.arange(1, 61)
    runs = [run(1, "A-20", at, np.maximum(0, 30.0 - at)), run(2, "A-20", at, np.maximum(0, 60.0 - at), seed=1)]
    built = figure(page, runs, scale="log", curves=["running", "test", "clean"])
    drawn = [value for one in built["data"] for value in one["y"] if value is not None]
    assert min(drawn) > 0
    assert traces(built, "running")[0]["y"][-1] is None, "a mean of zero"
    assert words(built) == [], "and no name at a place that is not there"


def test_hidden_curves_leave_axes_and_titles_and_tell_nothing(page):
    for layout in ("side", "gap"):
        built = figure(page, race(), layout=layout, hidden=True, curves=["running", "raw", "test", "clean"])
        assert [value for one in built["data"] for value in one["y"]] == [None, None]
        assert all(text.startswith("<b>") for text in words(built)), "titles only"
        assert built["layout"]["xaxis2"]["range"][1] > 300
    high = figure(page, [run(1, "A-20", [1, 2], [400.0, 400.0])], metric="loss", hidden=True)
    assert high["layout"]["yaxis"]["range"] == [0, 2.5], "the axis does not tell either"


def test_for_a_room_type_is_larger_and_lines_are_thicker(page):
    usual, big = (figure(page, race(), big=big, zoom={"x": [10, 20], "y": [0, 50]}) for big in (False, True))
    assert big["layout"]["font"]["size"] >= 1.5 * usual["layout"]["font"]["size"]
    assert traces(big, "running")[0]["line"]["width"] >= 1.4 * traces(usual, "running")[0]["line"]["width"]
    assert big["layout"]["margin"]["r"] > usual["layout"]["margin"]["r"]
    for built in (usual, big):
        assert (built["layout"]["xaxis"]["range"], built["layout"]["yaxis2"]["range"]) == ([10, 20], [0, 50])


COLUMNS = [
    "run", "arm", "depth", "shortcut", "seed", "split", "step", "epoch", "seconds", "loss", "error", "running_loss",
    "running_error",
]  # fmt: skip


def table(page, runs, **view):
    text = page.evaluate("([runs, view]) => told.out.exportCsv(told.runs(runs), view)", [runs, {**VIEW, **view}])
    assert text.endswith("\r\n")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_the_table_has_what_is_drawn_one_point_in_a_row(page):
    odd = run(5, 'gated "x", bias-20', [1, 2], [50.0, None], seed=3, tests=[(2, 44.5)])
    rows = table(page, [odd], curves=["running", "test"])
    assert list(rows[0]) == COLUMNS
    assert [(row["split"], row["step"], row["error"], row["running_error"]) for row in rows] == [
        ("train", "1", "50", "50"), ("train", "2", "", ""), ("test_subset", "2", "44.5", ""),
    ]  # fmt: skip
    assert rows[0]["arm"] == 'gated "x", bias-20'
    assert float(rows[1]["epoch"]) == 0.2
    assert [row["split"] for row in table(page, [odd], curves=["test"])] == ["test_subset"]
    gaps = table(page, race(), layout="gap", curves=["running"])
    assert list(gaps[0]) == ["series", "step", "mean", "low", "high", "seeds"]
    deep = [row for row in gaps if row["series"] == "plain: 56 − 20, training error, mean of 50 steps"]
    assert [deep[0][key] for key in ("mean", "low", "high", "seeds")] == ["10.5", "10", "11", "2"]
    assert len(deep) == 100


def picture(page, kind, **more):
    """The exported picture of the race that is drawn, as bytes."""
    address = page.evaluate(
        """async ([runs, view, format, more]) => {
          const list = told.runs(runs), plot = document.getElementById("plot");
          const { data, layout } = told.buildFigure(list, view, told.theme, 1000);
          await Plotly.react(plot, data, { ...layout, width: 1000 });
          const { legendOf, captionOf, exportImage } = told.out;
          const legend = legendOf(list, view, told.theme), caption = captionOf(list, view, "fashion-mnist-mini");
          const words = { title: "Is deeper worse?", legend, caption };
          return exportImage(Plotly, plot, { format, theme: told.theme, ...words, ...more });
        }""",
        [race(), {**VIEW, "curves": ["running", "test"]}, kind, more],
    )
    assert page.locator(".js-plotly-plot").count() == 1, "the copy is gone"
    head, _, body = address.partition(",")
    return base64.b64decode(body) if head.endswith("base64") else urllib.parse.unquote(body).encode()


def test_a_picture_has_title_legend_and_caption_and_svg_is_vector(page):
    drawn = picture(page, "svg").decode()
    for said in (
        "Is deeper worse?",
        "training error, mean of 50 steps",
        "test error (1,000 images)",
        "smallest to largest seed",
        "fashion-mnist-mini, 99 to 100 of 300 steps, 2 seeds, rate 0.1",
    ):
        assert said in drawn.replace("\xa0", " "), said
    for arm in ("plain-20", "plain-56", "A-20", "A-56"):
        assert drawn.count(f">{arm}<") == 1, "in the legend; the labels at the line ends carry values"
    assert "<image" not in drawn
    assert theme.BACKGROUND["light"] in drawn or "rgb(255, 255, 255)" in drawn


def test_a_png_is_sharp_and_the_browser_saves_it(page):
    with page.expect_download() as waiting:
        data = picture(page, "png", filename="race-1")
    assert waiting.value.suggested_filename == "race-1.png"
    assert Path(waiting.value.path()).read_bytes() == data
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", data[16:24])
    assert width == 3000 and height > 3 * 430, "three pixels for one of the page, and room for the words"
    with page.expect_download() as waiting:
        page.evaluate("() => told.out.download('a,b\\r\\n1,−\\r\\n', 'race-1.csv')")
    assert Path(waiting.value.path()).read_bytes().decode() == "a,b\r\n1,−\r\n"
