"""Addresses of 0.4.0 in Chromium: each shows on the page of today what it showed then."""

import json

import pytest

from tests.compatibility.addresses import ADDRESSES, OPTIONS, VERSION, VIEWPORT, expected, visit
from tests.compatibility.databases import copied
from tests.compatibility.fields import differences
from tests.compatibility.site import seen, served
from tests.compatibility.tree import HERE, Tree

SHOWS = expected()
#: Looks at a page, a fifth of a second apart, until it shows what it should.
LOOKS = 150
#: Pages that are paths alone.
GUIDE = {
    "q1-why-can-depth-hurt", "q2-why-is-the-copy-not-found", "q3-does-batch-norm-keep-gradients-healthy",
    "q4-is-a-residual-easier", "q5-what-if-the-mapping-were-constant", "q6-what-do-small-responses-mean",
    "q7-why-do-solvers-do-better", "q8-is-it-the-same-in-todays-nets",
}  # fmt: skip


def test_every_address_is_recorded_and_no_two_show_the_same():
    assert SHOWS.keys() == ADDRESSES.keys()
    # Fields of the set-up may be folded: the address, from which the page takes away what it does not take over, tells.
    told = [
        json.dumps({key: value for key, value in shows.items() if key != "address" or "set_" in value})
        for shows in SHOWS.values()
    ]
    assert len(set(told)) == len(told)


def test_the_texts_of_the_guide_are_called_as_their_addresses():
    assert {path.stem for path in (HERE / "assets" / "guide").glob("q*.md")} == GUIDE


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with Tree() as tree, served(tree, copied(VERSION, tmp_path_factory.mktemp("old"))) as site:
        yield site


@pytest.fixture(scope="module")
def page(chromium):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=OPTIONS)
        yield browser.new_page(viewport=VIEWPORT)
        browser.close()


@pytest.mark.long
@pytest.mark.browser
@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_shows_what_it_showed(address, site, page):
    errors: list[str] = []

    def hear(error):
        errors.append(str(error))

    page.on("pageerror", hear)
    visit(page, site.url + address)
    lines: list[str] = []
    for _ in range(LOOKS):
        lines = list(differences(SHOWS[address], seen(page)))
        if not lines:
            break
        page.wait_for_timeout(200)
    page.remove_listener("pageerror", hear)
    assert not lines, ADDRESSES[address]
    assert not errors
