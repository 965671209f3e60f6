"""A talk in front of a room: by the keyboard alone, without an engine, live, and with votes from phones."""

import json
import re
from functools import partial

import pytest
from playwright.sync_api import Page, expect

from engine.events import RunState
from engine.store.reader import Reader
from engine.talks.files import FOLDER, USUAL, read_talk
from engine.talks.scenes import LabScene, Played, PredictionScene, Talk
from tests.e2e.conftest import Site
from tests.e2e.pace.waiting import PATIENCE, comes_true, settle, until
from tests.e2e.talk.test_by_mouse import FOOT, is_clear

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TALK = read_talk(FOLDER / f"{USUAL}.toml")
SIZES = ({"width": 1280, "height": 720}, {"width": 1920, "height": 1080})
#: Pixels at 1280 x 720 below which the last row does not read a scene's own words; at 1920 x 1080 those of a chart.
READABLE_PX = 28.0
FORWARD = ("ArrowRight", "PageDown", "Space", "Enter")
BOXES = """() => {
  const talk = document.querySelector('.sk-talk'), seen = node => node.checkVisibility();
  const all = names => [...talk.querySelectorAll(names)].filter(seen);
  const shown = [...talk.children].filter(node => seen(node) && node.getBoundingClientRect().height);
  const words = all('.sk-title, .sk-line, .sk-choice span, .sk-votes').filter(node => node.textContent);
  const place = ({ left, top, right, bottom }) => [left, top, right, bottom];
  const drawn = node => Math.hypot(node.getScreenCTM().a, node.getScreenCTM().b);
  const sizes = [
    ...all('.sk-figure text, .sk-figure tspan').map(node => [node, drawn(node.ownerSVGElement ?? node)]),
    ...all('.sk-place, .sk-axis, .sk-source, .ss-keys-words').map(node => [node, 1]),
  ].filter(([node]) => node.textContent.trim() && node.getBoundingClientRect().height);
  const isFull = ({ scrollWidth, clientWidth, scrollHeight, clientHeight }) =>
    scrollWidth > clientWidth + 1 || (clientHeight && scrollHeight > clientHeight + 8);
  return {
    boxes: shown.map(node => [node.className, ...place(node.getBoundingClientRect())]),
    lost: all('.sk-title, .sk-lines, .sk-question, .sk-figure, .sk-foot').filter(isFull).map(node => node.className),
    small: Math.min(...words.map(node => parseFloat(getComputedStyle(node).fontSize))),
    figure: Math.min(...sizes.map(([node, scale]) => parseFloat(getComputedStyle(node).fontSize) * scale)),
    drawn: all('.sk-plot').every(node => node.querySelector('.main-svg')),
    window: [innerWidth, innerHeight],
  };
}"""
#: All that a page's own program has of the talk.
KNOWN = """() => {
  const { scenes, data } = document.querySelector('.sk-talk').talkView;
  return [scenes, data];
}"""
READY = """() => {
  const talk = document.querySelector('.sk-talk.ss-presenting'), plot = talk?.querySelector('.sk-plot');
  return talk && (!plot || (plot.querySelector('.main-svg') && talk.querySelector('.sk-skeleton').hidden));
}"""

PHONE = {"width": 390, "height": 780}


def apart(page: Page, size: dict, buttons: int) -> None:
    """Assert that the parts of a scene lie in the window, one below the other, with all of their words and buttons."""
    assert is_clear(buttons, page.evaluate(FOOT)), size
    seen = page.evaluate(BOXES)
    width, height = seen["window"]
    boxes = sorted(seen["boxes"], key=lambda box: box[2])
    for name, left, top, right, bottom in boxes:
        assert left >= 0 <= top and right <= width + 1 and bottom <= height + 1, (size, name)
    for above, below in zip(boxes, boxes[1:], strict=False):
        assert above[4] <= below[2] + 1, (size, above[0], below[0])
    assert seen["lost"] == [], size
    assert seen["small"] >= READABLE_PX * size["height"] / 720, size
    assert seen["figure"] >= READABLE_PX * size["height"] / 1080, size
    assert seen["drawn"]


def walk(page: Page, buttons: int, sizes=SIZES) -> None:
    """Give the whole talk by the keyboard, looking at each scene in these sizes, its chip and that many buttons."""
    expect(page.locator(".sk-talk.ss-presenting")).to_be_visible()
    for number, (scene, said) in enumerate(zip(TALK.scenes, chips_of(TALK), strict=True), 1):
        expect(page.locator(".sk-number")).to_have_text(f"{number} / {len(TALK.scenes)}")
        expect(page.locator(".sk-title")).to_have_text(scene.title)
        for size in sizes:
            page.set_viewport_size(size)
            until(lambda: page.evaluate(READY))
            settle(page, BOXES)
            comes_true(partial(apart, page, size, buttons))
        chip = page.locator(".sk-chip")
        expect(chip).to_have_text(said) if said else expect(chip).to_be_hidden()
        page.keyboard.press(FORWARD[number % len(FORWARD)])
    expect(page.locator(".sk-number")).to_have_text(f"{number} / {number}")
    for key, there in (("Home", 1), ("End", number), ("ArrowLeft", number - 1), ("PageUp", number - 2)):
        page.keyboard.press(key)
        expect(page.locator(".sk-number")).to_have_text(f"{there} / {number}")


def chips_of(talk: Talk) -> list[str]:
    return [
        "REPLAY" if isinstance(scene, Played) else "RECORDED" if isinstance(scene, LabScene) else ""
        for scene in talk.scenes
    ]


def heard(page: Page) -> list[str]:
    """Collect what a page says to its console."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    return said


def test_the_talk_is_given_by_keyboard_without_an_engine(workspace, open_page):
    site = Site(workspace)
    site.start()
    try:
        site.control.engine.shutdown()
        page = open_page(f"{site.url}/talk", reduced_motion="reduce")
        said = heard(page)
        walk(page, 3)
        page.keyboard.press("End")
        expect(page.locator(".sk-trouble")).to_contain_text("engine is not there: the recording plays")
        page.keyboard.press("s")
        expect(page.locator(".ss-notice")).to_contain_text("No live race")
        # The notes follow in a window of their own, and its keys steer the talk.
        page.keyboard.press("Home")
        with page.context.expect_page() as opened:
            page.keyboard.press("n")
        notes = opened.value
        expect(notes.locator(".number")).to_have_text(f"Scene 1 of {len(TALK.scenes)}")
        notes.keyboard.press("PageDown")
        expect(notes.locator(".title")).to_have_text(TALK.scenes[1].title)
        expect(notes.locator(".notes")).to_contain_text(TALK.scenes[1].notes.split("\n")[0])
        expect(page.locator(".sk-title")).to_have_text(TALK.scenes[1].title)
        expect(notes.locator(".talk")).to_have_text(re.compile(r"^\d:\d\d$"))
        # Without phones the speaker enters what the room says.
        page.keyboard.press("1")
        page.keyboard.press("ArrowRight")
        expect(page.locator(".sk-votes")).to_have_text("The room said “better”: wrong")
        page.wait_for_function("() => location.search.includes('scene=3')")
        page.reload()
        expect(page.locator(".sk-number")).to_have_text(f"3 / {len(TALK.scenes)}")
        expect(page.locator(".sk-votes")).to_have_text("The room said “better”: wrong")
        expect(notes.locator(".number")).to_have_text(f"Scene 3 of {len(TALK.scenes)}")
        assert said == []
    finally:
        site.close()


@pytest.mark.long
def test_a_live_scene_is_live_while_it_trains_and_else_plays_its_recording(workspace, open_page):
    site = Site(workspace)
    site.start()
    try:
        page = open_page(f"{site.url}/talk?scene={len(TALK.scenes)}", reduced_motion="reduce")
        chip = page.locator(".sk-chip")
        expect(chip).to_have_text("REPLAY")
        until(lambda: page.evaluate(READY))
        page.keyboard.press("s")
        expect(chip).to_have_text("LIVE")
        expect(page.locator(".sk-place")).to_have_text(re.compile(r"[1-9]\d* of 300"))
        expect(page.locator(".sk-source")).to_have_text(
            re.compile(r"^Race \d+: .*, one seed: trains on this machine now$")
        )
        expect(page.locator(".ss-notice")).to_have_text("")
        page.wait_for_function("() => /live=\\d+-\\d+/.test(location.search)")
        page.reload()
        expect(chip).to_have_text("LIVE")
        with Reader(workspace) as reader:
            runs = [row.id for row in reader.runs.all(states={RunState.RUNNING, RunState.STARTING, RunState.QUEUED})]
        site.control.commands.ask_each("stop", runs, until_done_s=PATIENCE)
        expect(chip).to_have_text("REPLAY")
        expect(page.locator(".sk-trouble")).to_contain_text("was stopped. The recording plays.")
        expect(page.locator(".sk-place")).to_contain_text("step 300 of 300")
    finally:
        site.close()


def test_the_room_follows_and_votes_once_until_the_answer_is_shown(room, open_page, another, browser):
    number, question = next((n, s) for n, s in enumerate(TALK.scenes, 1) if isinstance(s, PredictionScene))
    speaker = open_page(room.link, reduced_motion="reduce")
    speaker.goto(f"http://127.0.0.1:{room.port}/talk")
    expect(speaker.locator(".sk-talk.ss-presenting")).to_be_visible()
    third = browser.new_context()
    third.set_default_timeout(1000 * PATIENCE)
    phones = [another.new_page(), third.new_page()]
    for phone in phones:
        phone.set_viewport_size(PHONE)
        phone.emulate_media(reduced_motion="reduce")
        phone.goto(f"http://127.0.0.1:{room.port}/talk")
    try:
        for phone in phones:
            expect(phone.locator(".sk-title")).to_have_text(TALK.scenes[0].title)
            # at once: nobody is told a scene before it is shown
            assert TALK.scenes[0].notes.split("\n")[0] not in phone.content()
            # Not even its own program has a scene that was not shown.
            known = json.dumps(phone.evaluate(KNOWN), ensure_ascii=False)
            # at once: as above
            assert [scene.title for scene in TALK.scenes if scene.title in known] == [TALK.scenes[0].title]
        for _ in range(number - 1):
            speaker.keyboard.press("ArrowRight")
        for phone, choice in zip(phones, (3, 1), strict=True):
            expect(phone.locator(".sk-title")).to_have_text(question.title)
            phone.locator(".sk-choice").nth(choice - 1).click()
        expect(speaker.locator(".sk-votes")).to_have_text("2 votes")
        phones[1].wait_for_timeout(600)
        phones[1].locator(".sk-choice").nth(2).click()
        phones[1].reload()
        expect(phones[1].locator(".sk-choice").nth(2)).to_have_attribute("aria-pressed", "true")
        expect(speaker.locator(".sk-votes")).to_have_text("2 votes")
        speaker.keyboard.press("ArrowRight")
        for page in (speaker, *phones):
            expect(page.locator(".sk-votes")).to_have_text("2 of 2 said “worse”")
        # Only the presenter moves scenes, and a question stays closed once it was answered.
        for key in ("ArrowRight", "End"):
            phones[0].keyboard.press(key)
        speaker.keyboard.press("ArrowLeft")
        expect(phones[0].locator(".sk-title")).to_have_text(question.title)
        phones[0].locator(".sk-choice").nth(0).click()
        expect(phones[0].locator(".ss-notice")).to_contain_text("not open")
        # A refused press is not framed; the refusal ends with its scene.
        expect(phones[0].locator(".sk-choice").nth(0)).to_have_attribute("aria-pressed", "false", timeout=1000)
        speaker.keyboard.press("ArrowRight")
        expect(phones[0].locator(".ss-notice")).to_have_text("", timeout=5000)
        speaker.keyboard.press("ArrowLeft")
        expect(speaker.locator(".sk-number")).to_have_text(f"{number} / {len(TALK.scenes)}")
        speaker.keyboard.press("Escape")
        expect(phones[0].locator(".sk-lines")).to_contain_text("has not begun, or it has ended")
        phones[0].keyboard.press("Escape")
        expect(phones[0].locator(".ss-present")).to_be_visible()
        expect(phones[0].locator(".sk-item")).to_have_count(0)
    finally:
        third.close()
