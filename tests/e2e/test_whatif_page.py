"""What-ifs, also from a point of a curve, the zoo and tuned rates on the page, against a real engine."""

import re

import psutil
import pytest
from playwright.sync_api import Page, expect

from app import theme
from engine.events import RunState
from engine.store.reader import Reader
from tests.e2e.conftest import FAST, view, wait_view
from tests.e2e.pace.waiting import PATIENCE, SIX_FRAMES, again_until, becomes, pick, settle, until, wait_at_rest
from tests.e2e.test_live_page import drag_zoom, ranges

pytestmark = [pytest.mark.browser, pytest.mark.slow]

#: Where a point of a run's training curve lies in the window.
CURVE_POINT = """([run, share]) => {
  const plot = document.querySelector('.ss-plot'), full = plot._fullLayout;
  const trace = plot.data.find((one) => one.run === run && one.meta === 'running');
  const index = Math.round(share * (trace.steps.length - 1)), box = plot.getBoundingClientRect();
  const name = (axis) => `${axis[0]}axis${axis.slice(1)}`;
  const [x, y] = [full[name(trace.xaxis)], full[name(trace.yaxis)]];
  return { x: box.x + x._offset + x.d2p(trace.x[index]), y: box.y + y._offset + y.d2p(trace.y[index]) };
}"""


def choose(page: Page, label: str, option: str) -> None:
    """Choose an option of the selectbox ``label`` by its words."""
    box = page.get_by_role("combobox", name=label, exact=True).last
    pick(page, box, page.get_by_role("option", name=option, exact=True).first)


def open_what_ifs(page: Page) -> None:
    """Open the expander; a press that comes while the page is still being drawn may be lost."""
    ways = page.locator(".st-key-whatif_way")
    again_until(lambda: page.get_by_text("What if?").click(), ways.is_visible)


def trial_at_work(site, race: int) -> int | None:
    """Return the process of a trial of the race, None while none works."""
    with Reader(site.workspace) as reader:
        runs = reader.runs.all(states=[RunState.RUNNING], every=True)
    return next((row.pid for row in runs if row.tunes == race), None)


def press(page: Page, key: str) -> None:
    page.locator(f".st-key-{key} button").click()


def test_strength_is_changed_and_a_run_forked_while_curves_stream_and_the_zoom_stays(site, open_page):
    race, (plain, residual) = site.race()
    page = open_page(f"{site.url}/?race={race}&layout=Overlaid")
    wait_view(page, "v.chart.drawn && v.runs.length === 2 && v.runs.every(r => r.series.lastStep > 20)")
    drag_zoom(page)
    page.wait_for_function("() => document.querySelector('.ss-plot')._fullLayout.yaxis.range[1] < 95")
    zoomed = ranges(page)
    open_what_ifs(page)
    choose(page, "Setting", "shortcut strength")
    slider = page.locator(".st-key-whatif_strength").get_by_role("slider")
    slider.focus()
    slider.press("Home")
    expect(slider).to_have_value("0")
    press(page, "whatif_apply")
    expect(page.get_by_text("Shortcut strength 0 for run")).to_be_visible()
    changed = f"v.runs.find(r => r.card.run === {residual}).card.changes"
    wait_view(page, f"{changed}.length === 1 && {changed}[0][1] === 'shortcut strength 1 to 0'")
    expect(page.locator(".ss-changes", has_text="strength 1 → 0 from step")).to_be_visible()
    cut = view(page, f"v.runs.find(r => r.card.run === {residual}).card.changes")[0][0]
    expect(page.locator(".ss-name", has_text=f"A-8, shortcuts cut at {cut:,}")).to_be_visible()
    # The words stand at the step, which may lie outside of what is zoomed to.
    page.wait_for_function(
        "() => document.querySelector('.ss-plot')._fullLayout.annotations.some(a => a.text.includes('strength 1 → 0'))"
    )
    # A plain net has no shortcut: the engine's own words stand beside the control.
    choose(page, "Runs", f"plain-8 (run {plain})")
    press(page, "whatif_apply")
    expect(page.get_by_text("has no shortcut whose strength could be set")).to_be_visible()

    site.control.commands.give("pause", residual, until_done_s=PATIENCE)
    step = site.row(residual).step
    page.locator(".st-key-whatif_way").get_by_role("radio", name="Fork").click()
    choose(page, "Run", f"A-8 (run {residual})")
    page.get_by_role("textbox", name="To (now 0.1)", exact=True).fill("0.01")
    press(page, "whatif_fork")
    wait_view(page, "v.runs.length === 3")
    becomes(
        lambda: view(page, "[v.runs[2].card.parent, v.runs[2].card.parent_step, v.runs[2].card.plain]"),
        [residual, step, False],
    )
    expect(
        page.locator(".ss-changes", has_text=f"fork of A-8, shortcuts cut at {cut:,} (run {residual}) at step")
    ).to_be_visible()
    expect(
        page.locator(".ss-name", has_text=f"A-8, shortcuts cut at {cut:,}, learning rate 0.01 from {step:,}")
    ).to_be_visible()
    wait_view(page, f"v.runs[2].series.train.step[0] > {step}")
    becomes(lambda: ranges(page), [pytest.approx(zoomed[0]), pytest.approx(zoomed[1])])


@pytest.mark.long
def test_a_fork_that_does_not_fit_is_refused_in_words(site, open_page):
    race, (run,) = site.race(shortcuts=("A",), steps=40)
    until(lambda: site.row(run).state == "finished")
    page = open_page(f"{site.url}/?race={race}")
    wait_view(page, "v.chart.drawn && v.runs.length === 1")
    open_what_ifs(page)
    page.locator(".st-key-whatif_way").get_by_role("radio", name="Fork").click()
    choose(page, "Change", "shortcut")
    # The field of the change before is still there for a moment; the example tells them apart.
    page.get_by_placeholder("A:order=post").fill("C")
    press(page, "whatif_fork")
    expect(page.get_by_text(f"the weights of run {run} do not fit C-8")).to_be_visible()
    page.locator(".st-key-whatif_way").get_by_role("radio", name="Run longer").click()
    page.get_by_role("spinbutton", name="Steps in total").fill("80")
    press(page, "whatif_extend")
    until(lambda: site.row(run).state == "finished" and site.row(run).step == 80)
    wait_view(page, "v.runs[0].card.step === 80 && v.runs[0].card.changes[0][1] === 'steps 40 to 80'")


def test_a_race_with_a_variant_of_the_zoo_starts_from_the_side_bar(site, open_page):
    page = open_page(f"{site.url}/shortcuts")
    page.get_by_role("button", name="Options of scaled").click()
    slider = page.locator(".st-key-option_scaled_shortcut").get_by_role("slider")
    slider.focus()
    slider.press("End")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Add scaled shortcut 1 to the set-up").click()
    page.get_by_role("button", name="Take scaled shortcut 1 out of the set-up").wait_for()
    page.get_by_role("link", name="To the race").click()
    also = page.get_by_role("combobox", name="Also in the race")
    also.click()
    page.keyboard.type("none:norm=none")
    page.get_by_role("option", name="none:norm=none").first.click()
    page.keyboard.press("Escape")
    # The start moves down when the field grows: a press in that moment would miss it.
    page.wait_for_url("**norm%3Dnone**")
    page.get_by_role("button", name="Start race of 8 runs").click()
    wait_view(page, "v.runs.length === 8 && v.runs.some(r => r.label === 'scaled-56 shortcut 1')")
    families = "v.runs.map(r => r.card.plain)"
    becomes(lambda: view(page, families), [True, True, False, False, False, False, True, True])
    page.wait_for_function("() => document.body.textContent.includes('without a shortcut (plain, plain no norm)')")


@pytest.mark.long
def test_tuned_rates_show_their_curves_while_trials_run_and_fold_away_after(site, open_page):
    settings = {**FAST, "lr": "tuned", "tune_grid": "0.03,0.1", "tune_steps": "20"}
    race, runs = site.race(steps=40, settings=settings)
    standing = psutil.Process(until(lambda: trial_at_work(site, race)))
    standing.suspend()  # a trial takes less time than the page to open
    page = open_page(f"{site.url}/?race={race}")
    try:
        expect(page.get_by_text("Learning rates first.")).to_be_visible()
    finally:
        standing.resume()
    until(lambda: all(site.row(run).state == "finished" for run in runs), 120)
    folded = page.get_by_text("Learning-rate curves")
    expect(folded).to_be_visible()
    folded.click()
    expect(page.locator(".st-key-rate_curves .js-plotly-plot")).to_be_visible()
    drawn = "() => document.querySelector('.sr-plot').data.map(t => [t.name, t.x.length])"
    every = {"plain-8": 2, "A-8": 2, "plain-8, chosen": 1, "A-8, chosen": 1}  # a point for every rate
    becomes(lambda: dict(page.evaluate(drawn)), lambda points: every.items() <= points.items())
    expect(page.locator(".sr-strip")).to_contain_text("all 4 trials shown")
    page.emulate_media(color_scheme="dark")
    ink = "() => document.querySelector('.sr-plot')._fullLayout.font.color"
    page.wait_for_function(f"() => ({ink})() === '{theme.TEXT['dark']}'")
    expect(page.get_by_text("Each arm at its own best of 2 rates")).to_be_visible()
    expect(page.get_by_text("a better one may lie outside").first).to_be_visible()


def test_a_clicked_point_becomes_a_fork_and_a_dismissed_dialog_stays_away(site, open_page):
    race, (_, run) = site.race(steps=200)
    until(lambda: site.row(run).state == "finished")
    page = open_page(f"{site.url}/?race={race}")
    wait_view(page, "v.chart.drawn && v.runs.length === 2 && v.runs[1].series.lastStep === 200")
    dialog = page.get_by_test_id("stDialog")  # the panel "What if?" has the same role

    def click():
        def press():
            place = settle(page, f"() => ({CURVE_POINT})([{run}, 0.55])")
            page.mouse.move(place["x"], place["y"], steps=3)
            page.evaluate(SIX_FRAMES)
            page.mouse.click(place["x"], place["y"])

        again_until(press, dialog.is_visible)

    click()
    expect(dialog.get_by_text("The nearest saved step at or before it is 100.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    open_what_ifs(page)  # a rerun for another reason does not bring it back
    wait_at_rest(page)
    expect(dialog).to_have_count(0)

    click()
    dialog.get_by_role("button", name="Fork at step 100").click()
    expect(dialog.get_by_text("Enter a learning rate, e.g. 0.01")).to_be_visible()
    dialog.get_by_role("textbox", name="To (now 0.1)").fill("0.01")
    dialog.get_by_role("button", name="Fork at step 100").click()
    expect(page.get_by_text(f"is the fork of A-8 (run {run}) at step 100.")).to_be_visible()
    expect(dialog).to_have_count(0)
    wait_view(page, "v.runs.length === 3")
    becomes(lambda: view(page, "[v.runs[2].card.parent, v.runs[2].card.parent_step]"), [run, 100])
    expect(page.get_by_role("textbox", name="To")).to_have_count(0)

    # The race has ended, so its shortcuts can be cut by one press. Nets of one depth are not compared: the cut leads.
    steps = page.get_by_role("group", name="Next steps")
    steps.get_by_role("button", name="Cut the shortcuts").click()
    expect(page.locator(".ss-name", has_text="A-8, shortcuts cut at 100")).to_be_visible()
    said = (
        r"Without its shortcuts, cut at step 100, A-8 ends at \d+\.\d % training error\. Uncut it ends at \d+\.\d %\."
    )
    expect(page.locator(".ss-gap")).to_have_text(re.compile(said))
    expect(page.locator(".ss-cut")).to_have_text("")
    expect(steps.get_by_role("button", name="The cut shortcuts")).to_be_visible()
