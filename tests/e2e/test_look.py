"""What every visitor needs of the page, checked by script: names, contrast, no overflow on a phone."""

import pytest

from app import theme
from tests.e2e.conftest import view, wait_view

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_are_readable_and_controls_are_named(recorded, open_page, scheme):
    site, _ = recorded
    page = open_page(site.url, color_scheme=scheme)
    wait_view(page, "v.plot && v.runs.length === 4")
    assert view(page, "v.theme.ground") == scheme
    unnamed = page.evaluate(
        "() => [...document.querySelectorAll('.ss-race button, .ss-race progress')]"
        ".filter(n => !n.hidden && !(n.getAttribute('aria-label') || n.textContent.trim())).length"
    )
    assert unnamed == 0
    for selector in (".ss-gap", ".ss-strip", ".ss-curve", ".ss-name", ".ss-state", ".ss-steps", ".ss-errors dt"):
        colour = page.eval_on_selector(selector, "n => getComputedStyle(n).color")
        channels = [int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
        ratio = theme.contrast("#" + "".join(f"{c:02x}" for c in channels), theme.GROUND[scheme])
        assert ratio >= 4.5, f"{selector}: {ratio:.1f}"


def test_a_phone_stacks_the_panels_and_scrolls_in_one_direction_only(recorded, open_page):
    site, _ = recorded
    page = open_page(site.url)
    page.set_viewport_size({"width": 390, "height": 844})
    page.reload()
    wait_view(page, "v.plot && v.runs.length === 4")
    domains = page.evaluate(
        "() => { const l = document.querySelector('.ss-plot')._fullLayout; return [l.xaxis.domain, l.xaxis2.domain]; }"
    )
    assert domains == [[0, 1], [0, 1]]
    assert page.evaluate("() => document.querySelector('.ss-race').scrollWidth <= innerWidth")


def test_nothing_is_fetched_from_elsewhere(recorded, browser):
    site, _ = recorded
    context = browser.new_context()
    page = context.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(site.url)
    wait_view(page, "v.plot && v.runs.length === 4")
    context.close()
    assert [url for url in asked if not url.startswith((site.url, "data:", "blob:", "ws:"))] == []
