"""The page of talks: which there are, and the one that is given or followed."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app.data import races, selection, workspace
from app.data.talks import room, talks
from app.live.shared.run import runs_of
from app.live.talk.component import TalkState, live_talk
from app.live.talk.documents import runs_document, talk_document
from app.views import page_frame
from app.views.markdown_escape import literal
from app.views.talk_windows import talk_windows, this_window
from app.web import presenter_link, visitor
from app.web.first_votes import first_votes

COMPONENT = "talk_view"
_PARAM, _SCENE = "talk", "scene"
#: The race that was started live for a scene, as ``12-5``: the browser keeps it in the address for a reload.
_LIVE_PARAM = "live"
#: What was started live, the refusal of the last command, the documents of the talk that is open.
_LIVE, _NOTICE, _DOCUMENT = "talk_live", "talk_notice", "talk_document"
#: That the room goes on without this window, told once; that the windows which it goes on with are away.
_GOES_ON, _AWAITED = "talk_goes_on", "talk_awaited"
#: Seconds between two looks whether a window that is away comes back.
_LOOK_S = 2.0
#: Characters of what stands for a tab of the browser.
_MAX_TAB = 64
#: What the audience may send: see ``page_frame.obey``.
_OF_EVERYONE = frozenset({"vote", "look"})
_RELOAD = "Load this page anew, then vote."


def render() -> None:
    """Draw the page."""
    if not page_frame.usable("Talk"):
        return
    leads, shared = presenter_link.may_command(), presenter_link.shared_port() is not None
    given = room.showing() if shared and not leads else room.Showing()
    name = given.talk or st.query_params.get(_PARAM) or talks.USUAL
    try:
        talk = talks.get(name)
    except workspace.SkipscopeError as error:
        page_frame.show_error(str(error))
        if leads:
            _list(name)
        return
    page_frame.set_title(talk.title)
    role = ("presenter" if shared else "alone") if leads else "audience"
    with page_frame.refusals(page_frame.show_error):
        document = _document(name, talk, None if leads else given.scene if given.talk else 0)
        # A second window, or a look at another talk, takes the room along when its presenter says so, not by itself.
        waits = shared and leads and room.is_elsewhere(name, st.query_params.get(_SCENE, "1"))
        notice, sent = st.session_state.pop(_NOTICE, ""), talk_windows.last_sent(this_window())
        state = TalkState(role, shared, _live(given, talk, leads), notice, waits, sent)
        live_talk(document, state, lambda: _on_command(name), COMPONENT)
    if st.session_state.pop(_GOES_ON, False):
        st.info("The talk goes on for the room: another window of yours gives it.", icon=":material/slideshow:")
    if _AWAITED in st.session_state:
        st.fragment(_await_windows, run_every=_LOOK_S)()
    if leads:
        _list(name)


def left() -> None:
    """Note that this window shows another page: it gives no talk, however it came there."""
    talk_windows.left(this_window())


def _await_windows() -> None:
    """End the talk where the windows that it goes on with stay away: they were closed."""
    if _AWAITED not in st.session_state or talk_windows.awaited():
        return
    with talk_windows.acting(this_window(), talk_windows.last_sent(this_window())):
        del st.session_state[_AWAITED]
        if talk_windows.where() is None:
            with page_frame.refusals(page_frame.show_error):
                talks.end()
    st.rerun()


def _list(shown: str) -> None:
    """Name the other talks; a file with a fault says which."""
    others = {name: title for name, title in talks.titles().items() if name != shown}
    for name, title in others.items():
        st.link_button(literal(title), f"talk?{_PARAM}={name}", icon=":material/slideshow:")


def _document(name: str, talk: talks.Talk, shown: int | None) -> Mapping[str, Any]:
    """Return the talk for the browser, made once for a scene of an audience, and for a speaker's visit.

    Its recorded races are unpacked for it.
    """
    kept = st.session_state.get(_DOCUMENT)
    if not (kept and kept[0] is talk and kept[1] == shown):
        with st.spinner("Reading the recorded races", show_time=False):
            kept = st.session_state[_DOCUMENT] = talk, shown, talk_document(name, talk, shown)
    document: Mapping[str, Any] = kept[2]
    return document


def _live(given: room.Showing, talk: talks.Talk, leads: bool) -> dict[str, Any] | None:
    """Return the race that was started live for a scene, by this presenter or for this audience."""
    scene, number = _started(talk) if leads else (given.scene, given.race)
    race = None if number is None else races.race(number)
    if race is None:
        return None
    return {
        "scene": scene, "race": number, "title": race.short_title, "seeds": race.seeds,
        "runs": runs_document(runs_of(race)),
    }  # fmt: skip


def _started(talk: talks.Talk) -> tuple[int, int | None]:
    """Return scene and race of what this presenter started; after a reload the address alone knows it."""
    if _LIVE in st.session_state:
        started: tuple[int, int] = st.session_state[_LIVE]
        return started
    scene, race = map(selection.number_from, st.query_params.get(_LIVE_PARAM, "").partition("-")[::2])
    if scene is None or not 1 <= scene <= len(talk.scenes) or not isinstance(talk.scenes[scene - 1], talks.LiveScene):
        return 0, None
    return scene, race


def _on_command(name: str) -> None:
    def live(command: Mapping[str, Any]) -> None:
        scene = page_frame.whole_number(command, "scene")
        st.session_state[_LIVE] = scene, talks.start_live(name, scene)
        if presenter_link.shared_port() is not None:
            talks.share_live(st.session_state[_LIVE][1])

    def vote(command: Mapping[str, Any]) -> None:
        number = visitor.visitor_of(st.context.cookies)
        if number is None:
            raise workspace.SkipscopeError(_RELOAD)
        question, choice = str(command.get("question")), page_frame.whole_number(command, "choice")
        with first_votes.of(number, st.context.ip_address or ""):
            room.vote(question, number, choice)

    def show(command: Mapping[str, Any]) -> None:
        scene = page_frame.whole_number(command, "scene")
        with talk_windows.acting(this_window(), page_frame.sent_at(COMPONENT)) as is_newest:
            if is_newest:
                talks.show(name, scene)
                talk_windows.moved(this_window(), (name, scene), str(command.get("tab") or "")[:_MAX_TAB])
                st.session_state.pop(_AWAITED, None)

    def end(_: object) -> None:
        with talk_windows.acting(this_window(), page_frame.sent_at(COMPONENT)) as is_newest:
            if not is_newest:
                return
            goes_on = talk_windows.left(this_window())
            if goes_on is None:
                talks.end()
            else:
                talks.show(*goes_on)
                st.session_state[_GOES_ON] = True
                if talk_windows.awaited():
                    st.session_state[_AWAITED] = True

    own = {
        "show": show,
        "end": end,
        "live": live,
        "vote": vote,
        "look": lambda _: None,  # the run of the script that follows sees what is given now
    }
    page_frame.obey(COMPONENT, lambda line: st.session_state.update({_NOTICE: line}), own, _OF_EVERYONE)
