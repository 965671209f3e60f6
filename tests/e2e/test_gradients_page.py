"""The page "Gradients" in Chromium with a real engine: the lab at one press, its switches, what must survive."""

import pytest
from playwright.sync_api import expect

from engine.events import CurveName
from engine.labs.gradient_kinds import BN, PLAIN, RESIDUAL
from tests.e2e.pace.waiting import PATIENCE, again_until, becomes, drag, enter, until, wait_drawn

pytestmark = [pytest.mark.browser, pytest.mark.slow]

VIEW = "document.querySelector('.sl-lab')?.labView"
#: Small enough for a second, with every panel and the whole sweep.
SMALL = {"layers": 12, "width": 32, "images": 32, "seeds": 1}


def lab(page, expression: str):
    """Evaluate an expression about the page's LabView ``v``."""
    return page.evaluate(f"() => {{ const v = {VIEW}; return v && ({expression}); }}")


def wait_lab(page, condition: str, seconds: float = PATIENCE) -> None:
    """Wait until a condition about the page's LabView ``v`` holds and is drawn."""
    wait_drawn(page, VIEW, condition, seconds)


def wait_bold(page, name: str, panel: int = 0) -> None:
    """Wait until the picked curve of a panel, as it is drawn, is the one of this name and the only bold one."""
    page.wait_for_function(
        "([name, panel]) => { const drawn = document.querySelectorAll('.sl-plot')[panel].data ?? [];"
        " const widest = Math.max(...drawn.map(t => t.line?.width ?? 0));"
        " const bold = drawn.filter(t => t.line?.width === widest);"
        " return bold.length === 1 && bold[0].name === name && bold[0].meta === 'picked'; }",
        arg=[name, panel],
    )


def y_range(page) -> list:
    return page.evaluate("() => document.querySelector('.sl-plot')._fullLayout.yaxis.range")


def drag_zoom(page) -> None:
    """Zoom the first picture; a drag that comes while what is above it is still being drawn misses."""
    layer = page.locator(".sl-plot .nsewdrag").first
    zoomed = "() => document.querySelector('.sl-plot')._fullLayout.yaxis.autorange === false"
    again_until(lambda: drag(page, layer, (0.2, 0.3), (0.6, 0.7)), lambda: page.evaluate(zoomed))


def finished(site, **settings) -> int:
    """Do a small lab behind the page's back; return its run id."""
    run = site.control.start_lab("gradients", {**SMALL, **settings})
    until(lambda: site.row(run).state == "finished")
    return run


def test_one_press_starts_the_lab_and_the_switches_act_at_once(site, open_page):
    page = open_page(f"{site.url}/gradients")
    page.get_by_text("Settings", exact=True).click()
    enter(page.get_by_role("spinbutton", name="Layers"), "12", lambda: "gradients-set-layers=12" in page.url)
    wait_lab(page, "v.data")
    before = lab(page, "v.run") or 0  # other tests measured in this workspace too
    page.get_by_role("button", name="Run the lab").click()
    wait_lab(page, f"v.run > {before} && v.curves.of('norm').length > 0")
    wait_lab(page, "document.querySelector('.sl-plot .main-svg')")
    wait_lab(page, "v.card?.state === 'finished' && v.values.length === 9 && v.drawn")
    wait_lab(page, "v.card.settings.layers === 12")
    wait_bold(page, CurveName(BN, "gain", 1.0).text)
    says = page.locator(".sl-says")
    expect(says).to_contain_text("whatever the gain (0.5 to 2)")
    expect(page.locator(".sl-also")).to_contain_text("Norms do not decide")

    drag_zoom(page)
    zoomed, told = y_range(page), lab(page, "v.feed.messages")
    page.get_by_role("radio", name="Batch norm: off").click()
    wait_bold(page, CurveName(PLAIN, "gain", 1.0).text)
    page.get_by_role("slider", name="Weight gain").press("ArrowLeft")
    wait_bold(page, CurveName(PLAIN, "gain", 0.841).text)
    expect(says).to_contain_text("Without BN at gain 0.841 the gradient shrinks")
    becomes(lambda: y_range(page), pytest.approx(zoomed))
    assert lab(page, "v.feed.messages") == told  # at once: nothing is asked of the server
    wait_lab(page, "v.feed.source.readyState === 2")  # the connection of a finished lab is let go


@pytest.mark.long
def test_pause_resume_and_a_gain_that_was_not_measured(site, open_page):
    run = site.control.start_lab("gradients", {"seeds": 20})
    page = open_page(f"{site.url}/gradients")
    wait_lab(page, f"v.run === {run} && v.curves.size > 0")
    page.get_by_role("button", name="Pause the lab").click()
    wait_lab(page, "v.card.state === 'paused'")
    before = site.row(run).done
    page.reload()
    wait_lab(page, "v.card?.state === 'paused' && v.curves.size > 0")
    page.get_by_role("button", name="Resume the lab").click()
    wait_lab(page, f"v.card.state === 'running' && v.card.step > {before}")
    page.get_by_role("button", name="Stop the lab").click()
    wait_lab(page, "v.card.state === 'stopped'")
    expect(page.locator(".sl-words")).to_contain_text("what was measured stays")

    run = finished(site)
    page = open_page(f"{site.url}/gradients")
    wait_lab(page, f"v.run === {run} && v.values.length === 9")
    page.locator(".sl-measure input").fill("0.8")
    page.get_by_role("button", name="Measure this gain").click()
    wait_lab(page, f"v.run > {run} && v.card?.state === 'finished' && v.values.length === 10 && v.pick.value === 0.8")
    wait_lab(page, f"v.card.settings.layers === {SMALL['layers']} && v.values.includes(0.8)")


@pytest.mark.long
def test_with_shortcuts_the_slider_rests_and_says_why_and_a_wrong_gain_is_answered(site, open_page):
    run = finished(site)
    page = open_page(f"{site.url}/gradients")
    wait_lab(page, f"v.run === {run} && v.values.length === 9 && v.drawn")
    slider, why = page.get_by_role("slider", name="Weight gain"), page.locator(".sl-why")
    for _ in range(4):
        slider.press("ArrowRight")
    wait_bold(page, CurveName(BN, "gain", 2.0).text)
    named = "() => document.querySelector('.sl-plot').layout.annotations.map(a => a.text)"
    becomes(lambda: [text for text in page.evaluate(named) if "gain" in text], [f"{PLAIN},<br>gain 0.5"])
    expect(why).to_be_empty()

    page.get_by_role("radio", name="on, with shortcuts").click()
    wait_bold(page, CurveName(RESIDUAL, "gain", 1.0).text)
    expect(slider).to_be_disabled()
    expect(slider).to_have_attribute("aria-disabled", "true")
    expect(why).to_have_text("With shortcuts only the job's own gain is measured: 1")
    expect(page.locator(".sl-slider-value")).to_have_text("1")
    expect(page.locator(".sl-says")).to_contain_text("per layer on average: over 12 layers it grows")
    page.locator(".sl-more > summary").click()
    page.wait_for_function("() => document.querySelectorAll('.sl-plot')[1].data")
    point = "() => document.querySelectorAll('.sl-plot')[1].data.find(t => t.name === 'residual with BN')"
    becomes(
        lambda: page.evaluate(f"() => {{ const {{ x, mode, meta }} = ({point})(); return [x, mode, meta]; }}"),
        [[1], "markers", "picked"],
    )

    field, refusal = page.locator(".sl-measure input"), page.locator(".sl-refusal")
    for wrong in ("", "3", "0"):
        field.fill(wrong)
        expect(refusal).to_be_empty()
        page.get_by_role("button", name="Measure this gain").click()
        expect(refusal).to_have_text("Weight gain: a number from 0.5 to 2, please.")
        expect(field).to_have_attribute("aria-invalid", "true")
    assert lab(page, "v.asked === 0")  # at once: nothing was asked of the server

    # 2 was measured in the other kinds, not in this one: it takes a job of its own.
    field.fill("")
    field.press_sequentially("2")
    field.press("Enter")
    wait_lab(page, f"v.run > {run} && v.card?.state === 'finished'")
    expect(why).to_have_text("With shortcuts only the job's own gain is measured: 2")

    page.get_by_role("radio", name="Batch norm: on", exact=True).click()
    expect(slider).to_be_enabled()
    expect(why).to_be_empty()


@pytest.mark.long
def test_a_touched_screen_has_no_mode_bar_over_the_names_and_a_phone_scrolls_one_way(site, open_page):
    finished(site)
    for options, bars in (({}, 4), ({"has_touch": True, "is_mobile": True}, 0)):
        page = open_page(f"{site.url}/gradients", options)
        wait_lab(page, "v.card?.state === 'finished' && v.drawn")
        page.locator(".sl-more > summary").click()
        wait_lab(page, "document.querySelectorAll('.sl-plot .main-svg').length >= 4")
        expect(page.locator(".sl-plot .modebar-group")).to_have_count(2 * bars)
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function("() => document.querySelector('.sl-plot')._fullLayout?.width < 390")
    page.wait_for_function("() => document.querySelector('.sl-lab').scrollWidth <= innerWidth")


def test_a_labs_link_names_the_job_the_pick_and_the_settings(site, open_page, another):
    first = finished(site)
    second = finished(site, layers=14)
    page = open_page(f"{site.url}/gradients")
    wait_lab(page, f"v.run === {second} && v.values.length === 9 && v.drawn")
    page.wait_for_url(lambda url: f"gradients-job={second}" in url)
    asked = f"gradients-job={first}&gradients-kind=without+BN&gradients-value=0.841&gradients-set-layers=20"
    other = another.new_page()
    other.goto(f"{site.url}/gradients?{asked}&gradients-set-width=nonsense&gradients-set-seeds=-4")
    wait_lab(other, f"v.run === {first} && v.pick.value === 0.841 && v.pick.kind === 'without BN'")
    expect(other.locator(".sl-strip")).to_contain_text("layers 12")
    other.locator("code", has_text="layers=12").wait_for(state="attached")
    other.get_by_text("Settings", exact=True).click()
    expect(other.get_by_role("spinbutton", name="Layers")).to_have_value("20")
    expect(other.get_by_role("spinbutton", name="Seeds")).to_have_value("3")
    other.get_by_role("button", name="Show the newest").click()
    wait_lab(other, f"v.run === {second} && v.values.length === 9")
    page.goto(f"{site.url}/gradients?gradients-job=x&gradients-kind=evil&gradients-value=1e99&gradients-zoom=norm_x_1")
    wait_lab(page, f"v.run === {second} && v.pick.kind === 'with BN' && v.pick.value === 1")
    wait_lab(page, "v.curves.size > 0")
