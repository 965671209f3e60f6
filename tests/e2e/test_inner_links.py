"""Layers and Gradients: a link is a view, also in another browser; strange ones do no harm; charts as files."""

import csv
import io

import pytest

from tests.benchmarks.synthetic_probes import SyntheticRace
from tests.e2e.test_gradients_page import finished, lab, wait_lab
from tests.e2e.test_layers_page import probes, wait_probes

pytestmark = pytest.mark.browser

LOOKED = (
    "[v.quantity, v.timeline.step, v.timeline.follow, [...v.state.off], v.focus, v.layer.over,"
    " document.querySelector('.sp-profile')._fullLayout.xaxis.range]"
)


@pytest.fixture
def race(site):
    race = SyntheticRace(site.workspace, (8, 14), ("none", "A"), 300)
    race.fill(0, 10)
    yield race
    race.writer.close()


def test_a_link_shows_the_same_elsewhere_and_after_another_page(site, race, open_page, browser):
    page = open_page(f"{site.url}/layers?race={race.race}")
    wait_probes(page, "v.painted && document.querySelector('.sp-hist').data")
    for _ in range(3):
        page.locator(".sp-slider").press("ArrowLeft")
    page.locator(".sp-arm").nth(1).click()
    page.select_option(".sp-quantity", "gradient_response")
    page.locator(".sp-layer-slider").press("ArrowRight")
    page.get_by_role("button", name="Over time").click()
    wait_probes(page, "v.quantity === 'gradient_response' && v.layer.found?.over")
    page.evaluate("() => window.Plotly.relayout(document.querySelector('.sp-profile'), {'xaxis.range': [2, 6]})")
    page.wait_for_url(lambda url: all(word in url for word in ("zooms=", "at=", "off=", "quantity=", "over=")))
    seen = probes(page, LOOKED)
    assert seen[1:4] == [race.planned[6], False, [race.runs[1]]]
    assert seen[-1] == [2, 6]

    context = browser.new_context(viewport={"width": 1280, "height": 900})
    other = context.new_page()
    other.goto(page.url)
    wait_probes(other, "v.painted && v.layer.found?.over")
    assert probes(other, LOOKED) == seen
    context.close()

    page.get_by_role("link", name="Gradients").click()
    wait_probes(page, "v.painted && v.data.layout === 'gradients'")
    assert f"race={race.race}" in page.url
    page.get_by_role("link", name="Layers").click()
    wait_probes(page, "v.painted && v.data.layout === 'layers' && v.layer.found?.over")
    assert probes(page, LOOKED) == seen
    page.get_by_role("button", name="Whole chart").first.click()
    wait_probes(page, "document.querySelector('.sp-profile')._fullLayout.xaxis.range[1] > 13")
    page.goto(
        f"{site.url}/layers?race={race.race}&quantity=evil&at=-5&off=x-99&upper=y&layer=0&over=z&zooms=profile_x_b_*"
    )
    wait_probes(page, "v.painted && document.querySelector('.sp-hist').data")
    usual = ["response_std", race.planned[9], True, [99], {"place": None, "pinned": False}, False]
    assert probes(page, LOOKED)[:-1] == usual


@pytest.mark.slow
def test_charts_of_the_layers_can_be_taken_away(site, race, open_page):
    page = open_page(f"{site.url}/layers?race={race.race}", accept_downloads=True)
    wait_probes(page, "v.painted && document.querySelector('.sp-hist').data?.length === 4")
    taken = {}
    for chart in ("profile", "map", "hist"):
        for form in ("png", "svg", "csv"):
            button = page.locator(f".sp-{chart}-take button[data-format={form}]")
            with page.expect_download() as download:
                button.click()
            assert download.value.suggested_filename.startswith(f"skipscope-race-{race.race}-")
            taken[chart, form] = download.value.path().read_bytes()
    for chart in ("profile", "map", "hist"):
        assert taken[chart, "png"].startswith(b"\x89PNG")
        picture = taken[chart, "svg"].decode()
        assert "plain-14" in picture, "with its legend"
        assert "probe batch" in picture.replace("\n", " "), "with its line of honesty"
    assert "data:image/png" in taken["map", "svg"].decode()
    rows = list(csv.DictReader(io.StringIO(taken["map", "csv"].decode())))
    assert len(rows) == 2 * 10 * 13, "two nets of 13 layers, 10 columns"
    assert {row["net"] for row in rows} == {"plain-14", "A-14"}
    assert {row["net"] for row in csv.DictReader(io.StringIO(taken["hist", "csv"].decode()))} >= {"plain-8", "A-14"}


@pytest.mark.slow
def test_a_labs_link_names_the_job_the_pick_and_the_settings(site, open_page, browser):
    first = finished(site)
    second = finished(site, layers=14)
    page = open_page(f"{site.url}/gradients")
    wait_lab(page, f"v.run === {second} && v.values.length === 9 && v.drawn")
    page.wait_for_url(lambda url: f"gradients-job={second}" in url)
    asked = f"gradients-job={first}&gradients-kind=without+BN&gradients-value=0.841&gradients-set-layers=20"
    context = browser.new_context()
    other = context.new_page()
    other.goto(f"{site.url}/gradients?{asked}&gradients-set-width=nonsense&gradients-set-seeds=-4")
    wait_lab(other, f"v.run === {first} && v.pick.value === 0.841 && v.pick.kind === 'without BN'")
    assert "layers 12" in other.locator(".sl-strip").inner_text()
    other.locator("code", has_text="layers=12").wait_for(state="attached")
    other.get_by_text("Settings", exact=True).click()
    assert other.get_by_role("spinbutton", name="Layers").input_value() == "20"
    assert other.get_by_role("spinbutton", name="Seeds").input_value() == "3"
    other.get_by_role("button", name="Show the newest").click()
    wait_lab(other, f"v.run === {second} && v.values.length === 9")
    context.close()
    page.goto(f"{site.url}/gradients?gradients-job=x&gradients-kind=evil&gradients-value=1e99&gradients-zoom=norm_x_1")
    wait_lab(page, f"v.run === {second} && v.pick.kind === 'with BN' && v.pick.value === 1")
    assert lab(page, "v.curves.size > 0")
