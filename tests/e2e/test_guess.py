"""The question to the room and the line that answers it, checked in the browser that runs them; no server is needed."""

import urllib.parse
from pathlib import Path

import pytest

from app import theme

pytestmark = pytest.mark.browser

LIVE = Path(theme.__file__).parent / "live"
HOME = "http://guess.test/"
PAGE = """<!doctype html><meta charset="utf-8"><body><script type="module">
  import * as guess from "./race/presentation/prediction.js";
  import { Series } from "./race/series.js";
  window.asks = (list, said) => {
    const runs = list.map(({ card, history }) => ({ card, series: new Series(history) }));
    const asked = guess.question(runs);
    return [asked?.text, asked?.choices.map(({ label }) => label), guess.answer(runs, asked, said)];
  };
</script>"""


@pytest.fixture(scope="module")
def asks(browser):
    """Return what is asked of some runs: question, choices, and the answer to a guess."""
    page = browser.new_page()

    def answer(route):
        name = urllib.parse.urlparse(route.request.url).path[1:]
        if name and not (LIVE / name).is_file():
            route.fulfill(status=404)
        elif name:
            route.fulfill(path=LIVE / name, content_type="text/javascript")
        else:
            route.fulfill(body=PAGE, content_type="text/html")

    page.route("**/*", answer)
    page.goto(HOME)
    page.wait_for_function("() => window.asks")
    yield lambda runs, said=None: page.evaluate("([runs, said]) => window.asks(runs, said)", [runs, said])
    page.close()


def run(arm, error, step=300, state="finished", seed=0, known=True, race=1):
    """A run whose single steps and running mean are ``error``; ``known``: whether the last running mean has arrived."""
    plain, steps = arm.startswith("plain"), list(range(1, step + 1))
    card = {"race": race, "arm": arm, "depth": int(arm.rsplit("-", 1)[1]), "plain": plain, "seed": seed, "parent": None}
    means = [error] * step if known else [*[99] * (step - 1), None]
    train = {"step": steps, "error": [error] * step, "loss": [1] * step, "running_error": means, "seconds": steps}
    return {"card": card | {"state": state, "step": step, "total_steps": 300}, "history": {"train": train}}


PAIR = [run("plain-20", 25), run("A-20", 20)]
OTHER = [run("plain-20", 5, race=2)]


def test_the_question_fits_the_race(asks):
    text, choices, _ = asks(PAIR)
    assert text == "After 300 steps, which will have the lower training error?"
    assert asks([PAIR[0], *OTHER])[1] == ["plain-20 (race 1)", "plain-20 (race 2)"], "of two races no seeds of one arm"
    assert choices == ["plain-20", "A-20"]
    both = [run(f"{kind}-{depth}", depth) for kind in ("plain", "A") for depth in (8, 14, 20, 32)]
    text, choices, told = asks(both, "plain")
    assert "which kind of net" in text and choices == ["plain", "with a shortcut"]
    assert told.endswith(
        "it is too close to call in running training error: "
        "plain-8 (plain) 8.0 % and A-8 (with a shortcut) 8.0 %, with one seed."
    )
    one_kind = [run(f"plain-{depth}", depth) for depth in (8, 14, 20, 32, 44, 56, 110)]
    text, choices, _ = asks(one_kind)
    assert text.endswith("the shallowest or the deepest?") and choices == ["plain-8", "plain-110"]
    text, choices, told = asks([run("A-20", 20)], "low")
    assert "how high" in text and len(choices) == 4
    assert told == "The room said below 10 %. After 300 steps the running training error of A-20 is 20.0 %."
    assert asks([]) == [None, None, ""]


def test_the_answer_holds_the_guess_against_the_errors_at_a_common_step(asks):
    assert asks(PAIR, "plain-20")[2] == (
        "The room said plain-20. After 300 steps A-20 has the lower running training error, 20.0 %; plain-20 25.0 %."
    )
    live = [run("plain-20", 25, state="running"), run("A-20", 20, step=120, state="running", known=False)]
    assert asks(live, "A-20")[2] == (
        "The room said A-20. "
        "So far (step 120 of 300) A-20 has the lower running training error, 20.0 %; plain-20 25.0 %."
    )
    halted = [run("plain-20", 25, 120, "paused"), run("A-20", 20, 130, "stopped")]
    assert "As it stands (step 120 of 300)" in asks(halted, "A-20")[2]
    assert "Too early to tell: step 49 of 300" in asks([run("plain-20", 25), run("A-20", 20, 49, "running")], "A-20")[2]
    assert asks(PAIR, "C-20")[2] == ""


def test_what_the_seeds_do_not_settle_is_too_close_to_call(asks):
    close = [run("plain-20", 17.9), run("A-20", 17.6)]
    assert asks(close, "A-20")[2].endswith(
        "it is too close to call in running training error: A-20 17.6 % and plain-20 17.9 %, with one seed."
    )
    over = [run("plain-20", e, seed=s) for s, e in enumerate((25, 31))]
    over += [run("A-20", e, seed=s) for s, e in enumerate((20, 26))]
    assert (
        "too close to call in running training error: A-20 23.0 % (2 seeds, 20.0 to 26.0) and plain-20 28.0 %"
        in asks(over, "A-20")[2]
    )
    apart = [run("plain-20", e, seed=s) for s, e in enumerate((25.2, 25.4))]
    apart += [run("A-20", e, seed=s) for s, e in enumerate((25.0, 25.1))]
    text, _, told = asks(apart, "A-20")
    assert (
        "mean of 2 seeds" in text
        and "A-20 has the lower running training error, 25.1 % (2 seeds, 25.0 to 25.1)" in told
    )


def test_a_run_that_broke_takes_no_part_and_is_named(asks):
    told = asks([run("plain-20", 25), run("A-20", 5, 80, "diverged"), run("B-20", 30)], "A-20")[2]
    assert told == (
        "The room said A-20, which diverged at step 80. "
        "After 300 steps plain-20 has the lowest running training error, 25.0 %; B-20 30.0 %."
    )
    assert asks([run("plain-20", 25, 80, "failed"), run("A-20", 5, 80, "diverged")], "A-20")[2] == (
        "The room said A-20, which diverged at step 80. No run is left to compare. plain-20 failed at step 80."
    )
