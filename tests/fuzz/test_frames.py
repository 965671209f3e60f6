"""Frames of those who look on, with or without a forged cookie: nothing changes, and none is an error of ours."""

import pytest
from websockets.exceptions import ConnectionClosed

from tests.e2e.conftest import until
from tests.e2e.raw import RawPage
from tests.fuzz.conftest import MAX_GROWTH_MB
from tests.fuzz.frames import DrawnPage, Sent, frames
from tests.fuzz.tiers import tiers

#: Frames of one session; the next one is a new visitor.
A_SESSION = 12


@pytest.fixture(scope="session")
def drawn(open_site) -> list[DrawnPage]:
    """What a presenter sees on every page: others may send what they do not see."""
    found, query = [], f"race={open_site.race_id}"
    with RawPage(open_site.url, open_site.cookie) as page:
        page.run(query=query)
        hashes = page.pages
        for name in hashes:
            page.widgets, page.buttons, page.components, page.fragments = set(), {}, {}, set()
            page.run(name, query=f"runs={open_site.runs[0]}" if name == "runs" else query)
            widgets = sorted(filter(None, {*page.widgets, *page.buttons}))
            triggers = [f"$$STREAMLIT_INTERNAL_KEY_{each}__events" for each in page.components]
            fragments = sorted(filter(None, page.fragments))
            found.append(DrawnPage(name, hashes[name], (*widgets,), (*triggers,), (*fragments,)))
    open_site.quiet()
    assert sum(len(each.triggers) for each in found) >= 5
    assert sum(len(each.widgets) for each in found) >= 50
    return found


class Visitors:
    """Sends frames as visitors do: some of a session that looks at a page, then comes a new one."""

    def __init__(self, site) -> None:
        self._site = site
        self._open: dict[tuple[str, bool], list] = {}
        self.texts: set[str] = set()

    def send(self, sent: Sent) -> None:
        key = sent.page, sent.forged
        if key in self._open and self._open[key][1] >= A_SESSION:
            self._leave(key)
        if key not in self._open:
            page = RawPage(self._site.url, self._site.wrong_cookie if sent.forged else "").__enter__()
            self._open[key] = [page, 0]
            page.run()
            if sent.page:
                page.run(sent.page)
        self._open[key][1] += 1
        try:
            self._open[key][0].send_any(sent.frame)
        except ConnectionClosed as closed:
            assert closed.rcvd is not None and closed.rcvd.code in (1000, 1002, 1009), closed
            self._leave(key)

    def _leave(self, key: tuple[str, bool]) -> None:
        page, _ = self._open.pop(key)
        self.texts.update(page.texts)
        page.__exit__(None, None, None)

    def close(self) -> None:
        for key in list(self._open):
            self._leave(key)


@tiers
def test_no_frame_without_the_token_changes_anything(tier, open_site, drawn):
    before, errors, memory = open_site.state(), len(open_site.own_errors()), open_site.memory_mb()
    visitors = Visitors(open_site)
    try:
        tier.run(visitors.send, frames(drawn))
    finally:
        visitors.close()
    assert open_site.state() == before
    assert open_site.own_errors()[errors:] == []
    assert open_site.memory_mb() - memory < MAX_GROWTH_MB
    assert open_site.answer("/_stcore/health")[0] == 200
    assert any("only looks on" in text for text in visitors.texts), "commands have reached the script"


@pytest.mark.slow
def test_with_the_token_a_frame_changes_something(open_site):
    """The control: else the test above would prove nothing."""
    before = open_site.contents()
    with RawPage(open_site.url, open_site.cookie) as presenter:
        presenter.run(query=f"race={open_site.race_id}")
        command = {"verb": "stop", "run": open_site.runs[2], "at": 1}
        presenter.run(query=f"race={open_site.race_id}", widgets={presenter.trigger_of("live"): command})
    until(lambda: open_site.row(open_site.runs[2]).state == "stopped")
    assert open_site.contents() != before
    open_site.put_back(open_site.runs[2])
