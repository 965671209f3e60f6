"""Pictures of a race's chart as the browser makes and saves them: what needs Plotly and a download.

The chart's numbers are tested without a browser, in ``tests/app/live``. No server is needed: the runs come from here.
"""

import base64
import json
import re
import struct
import urllib.parse
from pathlib import Path

import numpy as np
import plotly
import pytest
from playwright.sync_api import expect

from app import theme
from app.live.shared.component import surroundings

pytestmark = pytest.mark.browser

LIVE = Path(theme.__file__).parent / "live"
PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
HOME = "http://pictures.test/"
PAGE = """<!doctype html><meta charset="utf-8"><body><div id="plot"></div><script src="plotly.js"></script>
<script type="module">
  import { buildFigure } from "./race/chart/figure.js";
  import { captionOf, legendOf } from "./race/chart/legend.js";
  import { Series } from "./race/series.js";
  import * as image from "./shared/export/image.js";
  import { know } from "./shared/run_states.js";
  know(FACTS);
  const run = ({ card, history, look }) => ({ card, series: new Series(history, card.parent_step ?? 0), ...look });
  window.told = { buildFigure, captionOf, legendOf, ...image, runs: (list) => list.map(run), theme: THEME };
</script>"""
VIEW = {"race": 1, "layout": "side", "metric": "error", "scale": "linear", "x": "step", "curves": ["running", "test"]}


@pytest.fixture(scope="module")
def page(browser):
    """One page with the modules; what they throw fails the test that called them."""
    given = surroundings()
    told = PAGE.replace("FACTS", json.dumps(given["runFacts"]))
    told = told.replace("THEME", json.dumps({**given["themes"]["light"], "scheme": "light", "font": "Arial"}))
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
    color = {scheme: theme.line_color(shortcut, int(depth), scheme) for scheme in theme.BACKGROUND}
    usual = {
        "run": number, "race": 1, "arm": arm, "depth": int(depth), "shortcut": shortcut, "variant": variant,
        "seed": seed, "plain": variant == "plain",
        "state": "running", "parent": None, "parent_step": None, "changes": [],
        "optimizer": "SGD", "lr": 0.1, "warmup_steps": 0, "batch_size": 100, "train_images": 1000,
        "total_steps": 300, "step": steps[-1] if steps else 0,
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
    label = card.pop("label", f"{arm} s{seed}")
    look = {"color": color, "textColor": color, "label": label, "usual": label, "mark": "circle"}
    history = {"total": {"train": len(steps)}, "train": train, "test_subset": tested}
    return {"card": {**usual, **card}, "history": history, "look": look}


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


def picture(page, kind, view=VIEW, **more):  # at once: it draws, waits until all is drawn, and returns that
    """The exported picture of the race that is drawn, as bytes."""
    address = page.evaluate(
        """async ([runs, view, format, more]) => {
          const list = told.runs(runs), plot = document.getElementById("plot");
          const { data, layout } = told.buildFigure(list, view, told.theme, 1000);
          await Plotly.react(plot, data, { ...layout, width: 1000 });
          const { legendOf, captionOf, exportImage } = told;
          const legend = legendOf(list, view, told.theme), caption = captionOf(list, view, "fashion-mnist-mini");
          const words = { title: "Is deeper worse?", legend, caption };
          return exportImage(Plotly, plot, { format, theme: told.theme, ...words, ...more });
        }""",
        [race(), {**VIEW, **view}, kind, more],
    )
    expect(page.locator(".js-plotly-plot")).to_have_count(1)  # the copy is gone
    head, _, body = address.partition(",")
    return base64.b64decode(body) if head.endswith("base64") else urllib.parse.unquote(body).encode()


@pytest.mark.slow
def test_a_picture_has_title_legend_and_caption_and_svg_is_vector(page):
    drawn = picture(page, "svg").decode()
    for said in (
        "Is deeper worse?",
        "training error, mean of up to 50 steps",
        "test error (1,000 images)",
        "smallest to largest seed",
        "fashion-mnist-mini, 99 to 100 of 300 steps, 2 seeds, SGD, rate 0.1",
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
        page.evaluate("() => told.download('a,b\\r\\n1,−\\r\\n', 'race-1.csv')")
    assert Path(waiting.value.path()).read_bytes().decode() == "a,b\r\n1,−\r\n"


def ticks(drawn):
    return {*re.findall(r">([\d.]+)</text>", drawn.decode())}


def test_a_picture_of_a_zoomed_chart_shows_the_same_part(page):
    whole, zoomed = ticks(picture(page, "svg")), ticks(picture(page, "svg", {"zoom": {"x": [10, 20], "y": [30, 50]}}))
    assert {"0", "100", "200"} <= whole
    assert {"12", "18"} <= zoomed and not {"100", "200"} & zoomed
