"""What-if from the picture: a click on a point of a curve, a dialog, a fork, against a real engine."""

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import until, view, wait_view

pytestmark = pytest.mark.browser

#: Where a point of a run's training curve lies in the window.
PLACE = """([run, share]) => {
  const plot = document.querySelector('.ss-plot'), full = plot._fullLayout;
  const trace = plot.data.find((one) => one.run === run && one.steps?.length > 50 && one.visible !== false);
  const index = Math.round(share * (trace.steps.length - 1)), box = plot.getBoundingClientRect();
  const name = (axis) => `${axis[0]}axis${axis.slice(1)}`;
  const [x, y] = [full[name(trace.xaxis)], full[name(trace.yaxis)]];
  return { x: box.x + x._offset + x.d2p(trace.x[index]), y: box.y + y._offset + y.d2p(trace.y[index]) };
}"""


def test_a_clicked_point_becomes_a_fork_and_a_dismissed_dialog_stays_away(site, open_page):
    race, (_, run) = site.race(steps=200)
    until(lambda: site.row(run).state == "finished", 90)
    page = open_page(f"{site.url}/?race={race}")
    wait_view(page, "v.chart.drawn && v.runs.length === 2 && v.runs[1].series.lastStep === 200")
    dialog = page.get_by_test_id("stDialog")  # the panel "What if?" has the same role

    def click():
        place = page.evaluate(PLACE, [run, 0.55])
        page.mouse.move(place["x"], place["y"], steps=3)
        page.wait_for_timeout(200)
        page.mouse.click(place["x"], place["y"])
        expect(dialog).to_be_visible()

    click()
    expect(dialog.get_by_text("The nearest saved step at or before it is 100.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.get_by_text("What if?").click()  # a rerun for another reason does not bring it back
    page.wait_for_timeout(1500)
    expect(dialog).to_have_count(0)

    click()
    dialog.get_by_role("button", name="Fork at step 100").click()
    expect(dialog.get_by_text("say what learning rate is to be")).to_be_visible()
    dialog.get_by_role("textbox", name="To").fill("0.01")
    dialog.get_by_role("button", name="Fork at step 100").click()
    expect(page.get_by_text(f"is the fork of A-8 (run {run}) at step 100.")).to_be_visible(timeout=20_000)
    expect(dialog).to_have_count(0)
    wait_view(page, "v.runs.length === 3")
    fork = view(page, "v.runs[2].card")
    assert (fork["parent"], fork["parent_step"]) == (run, 100)
    assert page.get_by_role("textbox", name="To").count() == 0
