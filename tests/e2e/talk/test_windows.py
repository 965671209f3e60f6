"""A talk that the presenter gives from two windows, in front of a room: leaving one leaves the room in the other."""

import re
from contextlib import suppress

import pytest
from playwright.sync_api import expect

from engine.talks.files import FOLDER, USUAL, read_talk
from tests.e2e.pace.swift import AWAY_S

STREAM = re.compile("/_stcore/stream")

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TITLES = [scene.title for scene in read_talk(FOLDER / f"{USUAL}.toml").scenes]
ENDED = "has not begun, or it has ended"


def test_the_talk_ends_for_the_room_with_the_presenters_last_window(room, phone, open_page):
    address = f"http://127.0.0.1:{room.port}/talk"
    first = open_page(room.link, reduced_motion="reduce")
    first.goto(f"{address}?scene=7")
    shown = phone.locator(".sk-title")
    expect(shown).to_have_text(TITLES[6])
    second = first.context.new_page()
    second.emulate_media(reduced_motion="reduce")
    # At the room's scene it is on the stage by itself; leaving it there is its own affair.
    second.goto(f"{address}?scene=7")
    expect(second.locator(".sk-talk.ss-presenting")).to_be_visible()
    second.keyboard.press("Escape")
    expect(second.get_by_text("The talk goes on for the room")).to_be_visible()
    expect(shown).to_have_text(TITLES[6])
    # At another scene it takes the room along, and gives it back.
    second.keyboard.press("p")
    second.keyboard.press("ArrowRight")
    expect(shown).to_have_text(TITLES[7])
    second.keyboard.press("Escape")
    expect(shown).to_have_text(TITLES[6])
    # A window that is at another page holds no room for long. That it left may be heard after the first end.
    first.goto(f"http://127.0.0.1:{room.port}/runs")
    expect(first.locator(".sk-talk")).to_have_count(0)
    ended = phone.locator(".sk-lines", has_text=ENDED)
    for _ in range(3):
        second.keyboard.press("p")
        expect(second.locator(".sk-talk.ss-presenting")).to_be_visible()
        second.keyboard.press("Escape")
        with suppress(AssertionError):
            expect(ended).to_be_visible(timeout=1500 * AWAY_S)
            break
    expect(ended).to_be_visible()


class Line:
    """The connection of a page to the server, which may be cut for a while."""

    def __init__(self, page):
        self.cut = False
        self.socket = None
        page.route_web_socket(STREAM, self._connect)

    def _connect(self, socket):
        if self.cut:
            socket.close()
        else:
            self.socket = socket
            socket.connect_to_server()

    def lose(self):
        self.cut = True
        self.socket.close()


def test_a_window_that_is_away_for_a_while_keeps_the_room_or_takes_it_again(room, phone, open_page):
    address = f"http://127.0.0.1:{room.port}/talk"
    first = open_page(room.link, reduced_motion="reduce")
    away, second = first.context.new_page(), first
    away.emulate_media(reduced_motion="reduce")
    line = Line(away)
    away.goto(f"{address}?scene=7")
    shown, ended = phone.locator(".sk-title"), phone.locator(".sk-lines", has_text=ENDED)
    expect(shown).to_have_text(TITLES[6])
    second.goto(f"{address}?scene=7")
    expect(second.locator(".sk-talk.ss-presenting")).to_be_visible()
    second.keyboard.press("ArrowRight")
    expect(shown).to_have_text(TITLES[7])
    line.lose()
    second.keyboard.press("Escape")
    expect(shown).to_have_text(TITLES[6])
    # It stays away: the talk ends for the room.
    expect(ended).to_be_visible()
    line.cut = False
    expect(ended).to_be_hidden()
    expect(shown).to_have_text(TITLES[6])
    away.keyboard.press("ArrowRight")
    expect(shown).to_have_text(TITLES[7])
