"""Frames of those who look on, with or without a forged cookie: nothing changes, and none is an error of ours."""

import pytest
from websockets.exceptions import ConnectionClosed

from tests.e2e.conftest import until
from tests.e2e.raw import RawPage
from tests.fuzz.page.frames import DrawnPage, Sent, frames
from tests.fuzz.tiers import tiers

#: Frames of one session; the next one is a new visitor.
A_SESSION = 12


@pytest.fixture(scope="module")
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
        page.__exit__(None, None, None)

    def close(self) -> None:
        for key in list(self._open):
            self._leave(key)


@tiers
def test_no_frame_without_the_token_changes_anything(tier, open_site, drawn):
    visitors = Visitors(open_site)
    with open_site.unharmed():
        try:
            tier.run(visitors.send, frames(drawn))
        finally:
            visitors.close()


@pytest.mark.slow
def test_frames_of_text_and_large_ones_end_their_session_without_an_error(open_site):
    with open_site.unharmed():
        for frame, code in (("text", 1003), ("", 1003), ("x" * 300_000, 1009), (b"x" * 300_000, 1009)):
            with RawPage(open_site.url) as page, pytest.raises(ConnectionClosed) as closed:
                page.run()
                page.socket.send(frame)
                while True:
                    page.socket.recv(timeout=20)
            assert closed.value.rcvd.code == code


@pytest.mark.slow
def test_with_the_token_a_frame_changes_something(open_site):
    """The control: else the test above would prove nothing. Without the token the same frame reaches the script."""
    before, query = open_site.contents(), f"race={open_site.race_id}"
    command = {"verb": "stop", "run": open_site.runs[2], "at": 1}
    with RawPage(open_site.url, open_site.wrong_cookie) as stranger:
        stranger.run(query=query)
        stranger.run(query=query, widgets={stranger.trigger_of("live"): command})
        assert any("only looks on" in text for text in stranger.texts)
    assert open_site.contents() == before
    with RawPage(open_site.url, open_site.cookie) as presenter:
        presenter.run(query=query)
        presenter.run(query=query, widgets={presenter.trigger_of("live"): command})
    until(lambda: open_site.row(open_site.runs[2]).state == "stopped")
    assert open_site.contents() != before
    open_site.put_back(open_site.runs[2])
