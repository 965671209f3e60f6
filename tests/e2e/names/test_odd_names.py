"""Names, notes and texts of strangers on every page at once, in Chromium: they are read, and nothing else happens."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from engine.exchange.ghosts.importing import LinesRequest, import_lines
from engine.runs.client.visitor_notes import NoteClient
from tests.e2e.conftest import Site, open_setup, wait_view, written_race
from tests.e2e.pace.waiting import pick
from tests.engine.data import pictures

pytestmark = [pytest.mark.browser, pytest.mark.slow]

#: HTML, pictures, links, colours, symbols, formulas and marks; without a slash it is the name of a folder as well.
FOLDER = "<img src=x onerror=window.ran=1>[a](x):red[b]$c^2$`d`**e**"
MARKUP = f"{FOLDER}![p](/odd.png):material/bug_report:"
TALK = """
title = '''oddtalk {markup}'''
[[scene]]
kind = "text"
title = '''oddscene {markup}'''
lines = ['''oddwords {markup}''']
minutes = 1
"""
#: What must not be on a page, by what it would come from.
DRAWN = """() => {
  const all = names => [...document.querySelectorAll(names)];
  const says = (names, text) => all(names).filter(node => node.textContent.trim() === text).length;
  return {
    ran: window.ran ?? 0,
    pictures: all('img[src="x"], img[src$="odd.png"]').length,
    links: all('a').filter(node => ['x', 'a'].includes(node.getAttribute('href')) || node.textContent === 'a').length,
    formulas: all('.katex').length,
    symbols: says('[data-testid="stIconMaterial"]', 'bug_report'),
    colours: says('span', 'b'), code: says('code', 'd'), marks: says('strong, b', 'e'),
  };
}"""
NOTHING = dict.fromkeys(("ran", "pictures", "links", "formulas", "symbols", "colours", "code", "marks"), 0)


@pytest.fixture
def odd_site(tmp_path, monkeypatch) -> Iterator[Site]:
    """A site whose every name is odd."""
    bench = written_race(tmp_path / "workspace")
    place = bench.workspace
    notes = NoteClient(place)
    notes.rename_race(bench.ended_race, f"oddrace {MARKUP}"[:120])
    notes.annotate(bench.runs, f"oddnote {MARKUP}")
    table = tmp_path / "lines.csv"
    table.write_text("step,err\n1,50\n900,40\n", encoding="utf-8")
    request = LinesRequest({"err": "train_error:percent"}, race=bench.ended_race, name=f"oddline {FOLDER}")
    import_lines(place, table, request, lambda done, total, what: None)
    (place.path / "talks").mkdir()
    (place.path / "talks" / "odd.toml").write_text(TALK.format(markup=MARKUP), encoding="utf-8")
    monkeypatch.setenv("SKIPSCOPE_DATA", str(tmp_path / "data"))
    pictures.folder(tmp_path / "data" / f"oddfolder {FOLDER}", (f"oddclass {FOLDER}", "other"), each=6)
    site = Site(place)
    site.start_engine()
    site.start()
    yield site
    site.close()


def nothing_else(page: Page, *by_format: str) -> None:
    """``by_format``: what the format of a text has by itself."""
    # at once: what ran has run, and every caller has waited for the words beside it
    assert page.evaluate(DRAWN) | dict.fromkeys(by_format, 0) == NOTHING


def test_odd_names_are_read_as_they_are_and_nothing_else_happens(odd_site, open_page):
    page = open_page(odd_site.url)
    wait_view(page, "v.chart.drawn")
    expect(page.get_by_text("oddrace <img src=x").first).to_be_attached()
    expect(page.get_by_text("oddline <img src=x").first).to_be_attached()
    nothing_else(page)

    open_setup(page)
    data = page.get_by_role("combobox", name="Data")
    pick(page, data, page.get_by_role("option", name="oddfolder"))
    expect(page.get_by_text(f"oddclass {FOLDER}").first).to_be_visible()
    nothing_else(page)
    page.locator("[data-testid=stSelectbox]", has=data).get_by_test_id("stTooltipHoverTarget").hover()
    expect(page.get_by_test_id("stTooltipContent")).to_contain_text(f"oddfolder {FOLDER} (folder of class folders)")
    nothing_else(page)

    page.goto(f"{odd_site.url}/runs")
    page.get_by_role("button", name="Import").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(f"oddline {FOLDER}")).to_be_attached()
    nothing_else(page)

    page.goto(f"{odd_site.url}/talk?talk=odd")
    expect(page.get_by_text("oddscene <img src=x").first).to_be_attached()
    expect(page.get_by_text("oddwords <img src=x").first).to_be_attached()
    nothing_else(page, "marks")  # lines of a talk have emphasis
    page.goto(f"{odd_site.url}/talk")
    expect(page.get_by_role("link", name="oddtalk <img src=x")).to_be_attached()
    nothing_else(page)
