"""A talk without a keyboard: the buttons at the foot of the stage move it, and they cover nothing."""

from functools import partial

import pytest
from playwright.sync_api import Page, expect

from engine.talks.files import FOLDER, USUAL, read_talk
from tests.e2e.pace.waiting import becomes, settle

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TALK = read_talk(FOLDER / f"{USUAL}.toml")
LAST = len(TALK.scenes)
#: No letter of a stage's buttons is smaller, on any screen.
LEAST_PX = 16
#: The buttons: their boxes, and the words and pictures of the scene that they cover.
FOOT = """() => {
  const talk = document.querySelector('.sk-talk'), box = (node) => node.getBoundingClientRect();
  const seen = (name) => [...talk.querySelectorAll(name)].filter((node) => node.checkVisibility());
  const buttons = seen('.sk-navigation button').map(box);
  const sizeOf = (node) => getComputedStyle(node).fontSize;
  const beside = (a, b) => a.left >= b.right - 1 || b.left >= a.right - 1;
  const meets = (a) => buttons.some((b) => !beside(a, b) && a.top < b.bottom - 1 && b.top < a.bottom - 1);
  const scene = '.sk-title, .sk-line, .sk-choice, .sk-votes, .sk-figure > *, .sk-foot > *';
  const words = seen(`${scene}, .ss-keys-words, .ss-keys-line > button`);
  return {
    buttons: buttons.map(({ width, height }) => [width, height]),
    letters: Math.min(...seen('.ss-keys-line, .ss-keys-line button').map((node) => parseFloat(sizeOf(node)))),
    inside: buttons.every(({ left, right }) => left >= 0 && right <= innerWidth),
    low: Math.max(...buttons.map(({ bottom }) => bottom + talk.scrollTop)) - talk.scrollHeight,
    covered: words.filter((node) => meets(box(node))).map((node) => node.className),
    opacity: getComputedStyle(talk.querySelector('.ss-keys-line')).opacity,
  };
}"""


#: The line of the stage fades after six seconds in which nobody moves; here after one.
SOONER = """{
  const later = window.setTimeout;
  window.setTimeout = (call, ms, ...more) => later(call, ms === 6000 ? 1000 : ms, ...more);
}"""


def at(page: Page, number: int) -> None:
    expect(page.locator(".sk-number")).to_have_text(f"{number} / {LAST}")


def is_clear(buttons: int, seen: dict) -> bool:
    """Whether that many buttons cover nothing of the scene, and can be read from the last row."""
    are_there = len(seen["buttons"]) == buttons and seen["inside"] and seen["letters"] >= LEAST_PX
    return are_there and seen["covered"] == []


def button(page: Page, name: str):
    return page.get_by_role("button", name=name)


def test_with_a_mouse_the_buttons_are_in_the_line_that_fades_and_one_leaves_for_the_page(site, open_page):
    page = open_page("about:blank", reduced_motion="reduce")
    page.add_init_script(SOONER)
    page.goto(f"{site.url}/talk")
    at(page, 1)
    settle(page, FOOT, partial(is_clear, 3))
    for number in range(1, LAST + 1):
        at(page, number)
        if number < LAST:
            button(page, "Next scene").click()
    button(page, "Back: previous scene").click()
    at(page, LAST - 1)
    page.keyboard.press("ArrowRight")
    at(page, LAST)
    page.wait_for_function("() => document.querySelector('.ss-quiet')")
    becomes(lambda: page.evaluate(FOOT)["opacity"], "0")
    page.mouse.move(300, 300)
    becomes(lambda: page.evaluate(FOOT)["opacity"], "1")
    button(page, "Leave the talk").click()
    expect(page.locator(".sk-overview")).to_be_visible()
    expect(page.locator(".sk-navigation")).to_be_hidden()
