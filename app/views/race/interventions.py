"""The panel "What if?" of the race page: change live runs, fork, run longer, set the pace.

The panel is a fragment: a choice reruns nothing else, so curves, zoom and cards stay.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import streamlit as st

from app.data import interventions, races
from app.data.next_steps import obstacles
from app.views import page_frame, picker
from app.views.markdown_escape import literal
from app.views.race import fork_form
from app.web import presenter_link

_SAID = "whatif_said"
_WAY = "whatif_shown"
_EVERY_S = 3.0
_STYLE = Path(__file__).with_suffix(".css")


def render(race: races.Race) -> None:
    """Draw the fold-out."""
    st.html(_STYLE)
    # The timer finds runs that began or ended.
    st.fragment(_draw, run_every=_EVERY_S)(race)


def _draw(race: races.Race) -> None:
    with st.popover("What if?", icon=":material/alt_route:", key="whatif", width="content"):
        way = st.segmented_control(
            "What if", list(_WAYS), format_func=lambda way: _WAYS[way][0], default="change", required=True,
            key="whatif_way", label_visibility="collapsed",
        )  # fmt: skip
        way = way or "change"
        if st.session_state.get(_WAY, way) != way:
            st.session_state.pop(_SAID, None)  # an answer belongs to its way
        st.session_state[_WAY] = way
        _WAYS[way][1](race)
        _answer(race)


def _change(race: races.Race) -> None:
    runs = [run for run in races.runs(race.id) if run.state in interventions.CHANGEABLE]
    if not runs:
        st.caption(f"No run of this race trains or waits. {_of_ended(race)}")
        return
    rows = interventions.LIVE
    which, what, value, apply = st.columns([5, 5, 5, 3], vertical_alignment="bottom")
    targets = _targets(race, runs)
    target = which.selectbox("Runs", list(targets), key="whatif_target")
    key = what.selectbox("Setting", list(rows), format_func=lambda name: rows[name].label, key="whatif_key")
    if key == "strength":
        number = value.slider("Value", 0.0, 1.0, 1.0, step=0.05, format="%g", key="whatif_strength")
    else:
        usual = (race.lr[0] if race.lr else 0.1) if key == "lr" else 1e-4
        number = value.number_input(
            "Value", min_value=0.0, max_value=float(rows[key].high), value=usual, format="%g", key=f"whatif_{key}"
        )
    st.caption(
        "Holds from the next step on and is marked on the curves. Shortcut strength multiplies every shortcut: at 0 a "
        "residual net is its plain twin."
    )
    if apply.button("Apply", type="primary", width="stretch", key="whatif_apply"):
        requested = targets.get(target, [])
        if key == "strength" and len(requested) > 1:  # of several runs, those with a shortcut
            requested = [run for run in requested if not races.is_plain(run.shortcut)] or requested
        taken: list[int] = []
        refusals: list[str] = []
        with page_frame.refusals(refusals.append):
            taken, refusals = interventions.change([run.id for run in requested], key, number)
        done = f"{rows[key].label.capitalize()} {number:g} for {_count(taken)}, from the next step on." if taken else ""
        _say(race, done, refusals)


def _of_ended(race: races.Race) -> str:
    """Return what can be done with the ended runs of a race, else what is missing of it."""
    rows, unforkable, unextendable = races.runs(race.id), obstacles.unforkable(race.id), obstacles.unextendable(race.id)
    ways = []
    if any(run.id not in unforkable for run in rows):
        ways.append("forked")
    if any(run.id not in unextendable for run in rows if run.state == races.RunState.FINISHED):
        ways.append("run longer")
    if ways:
        return f"Those that have ended can be {' or '.join(ways)}."
    why = next(iter(unforkable.values()), "")
    return f"This race {literal(why)}." if why else ""


def _fork(race: races.Race) -> None:
    rows, saved, without = races.runs(race.id), interventions.saved_steps(race.id), obstacles.unforkable(race.id)
    saved = {run: steps for run, steps in saved.items() if run not in without}
    if not saved:
        why = next(iter(without.values()), "")
        st.caption(
            f"No run can be forked: this race {literal(why)}."
            if why
            else "No run is saved yet: the first checkpoint comes after a tenth of a run's steps."
        )
        return
    names = _names(race)
    which, when, what, value, apply = st.columns([5, 3, 5, 4, 3], vertical_alignment="bottom")
    run = which.selectbox("Run", list(saved), format_func=names.__getitem__, key="whatif_run")
    steps = saved.get(run, [])
    ends = {row.id: row.total_steps for row in rows}
    # The newest step with training left.
    open_ended = next((index for index, step in enumerate(steps) if step < ends.get(run, 0)), 0)
    step = when.selectbox("Saved step", steps, index=open_ended, format_func="{:,}".format, key=f"whatif_step_{run}")
    key, text = fork_form.choose(what, value, "whatif_fork", (run, step))
    st.caption("A new run of this race that goes on from the saved step, with one thing changed. Its parent goes on.")
    if apply.button("Fork", type="primary", width="stretch", key="whatif_fork"):
        with page_frame.refusals(lambda line: _say(race, "", [line])):
            child = fork_form.make(run, step, key, text)
            _say(race, f"Run {child} is the fork of {names[run]} at step {step:,}.", [])
            st.rerun()  # the page has to know the new run


def _extend(race: races.Race) -> None:
    finished = [run for run in races.runs(race.id) if run.state == races.RunState.FINISHED]
    without = obstacles.unextendable(race.id)
    runs = {run.id: run for run in finished if run.id not in without}
    if not runs:
        why = next(iter(without.values()), "")
        st.caption(
            f"No run can be given more steps: this race {literal(why)}."
            if why
            else "No run of this race is finished now; only finished runs can be given more steps."
        )
        return
    names = _names(race)
    which, steps, apply = st.columns([4, 3, 2], vertical_alignment="bottom")
    everyone = "all finished runs"
    offered: list[int | str] = [everyone, *runs] if len(runs) > 1 else [*runs]
    choice = which.selectbox("Run", offered, format_func=lambda run: names.get(run, everyone), key="whatif_longer")
    requested = [choice] if isinstance(choice, int) else list(runs)
    longest = max((runs[run].total_steps for run in requested if run in runs), default=1)
    total = steps.number_input(
        "Steps in total", min_value=1, max_value=10_000_000, value=2 * longest, key=f"whatif_steps_{choice}_{longest}"
    )
    st.caption("The learning rate stays as it was at the end; the record goes on where it stopped.")
    if apply.button("Run on", type="primary", width="stretch", key="whatif_extend"):
        taken = []
        refusals: list[str] = []
        for run in requested:
            with page_frame.refusals(refusals.append):
                interventions.extend(run, int(total))
                taken.append(run)
        _say(race, f"{_count(taken).capitalize()} on to step {int(total):,}." if taken else "", refusals)


def _pace(race: races.Race) -> None:
    now = races.race(race.id) or race
    lead = interventions.lockstep(now.pace)
    kind, ahead, apply, _ = st.columns([4, 4, 3, 1], vertical_alignment="bottom")
    chosen = kind.segmented_control(
        "Pace", ["free", "in step"], default="in step" if lead else "free", required=True, key="whatif_pace"
    )
    steps = ahead.number_input(
        "Steps ahead at most", min_value=1, max_value=9_999_999, value=lead or 5, key="whatif_lead",
        disabled=chosen == "free",
    )  # fmt: skip
    words = f"no run is more than {lead} steps ahead of the slowest" if lead else "every run as fast as it can"
    st.caption(f"Now: {words}. Paused, queued and ended runs hold nobody back.")
    if apply.button("Apply", type="primary", width="stretch", key="whatif_keep"):
        pace = interventions.pace_text(0 if chosen == "free" else int(steps))
        with page_frame.refusals(lambda line: _say(race, "", [line])):
            interventions.set_pace(race.id, pace)
            _say(race, "The race goes free." if chosen == "free" else f"In step, {int(steps)} apart at most.", [])
            st.rerun(scope="fragment")


def _names(race: races.Race) -> dict[int, str]:
    return {run.id: picker.numbered(race, run) for run in races.runs(race.id)}


def _targets(race: races.Race, runs: Sequence[races.RunRow]) -> dict[str, list[races.RunRow]]:
    """Return the choices: all runs, all of an arm with several, each run."""
    targets = {f"all {len(runs)} runs": list(runs)} if len(runs) > 1 else {}
    arms = defaultdict(list)
    for run in runs:
        arms[races.run_label(run.config)].append(run)
    targets |= {f"all of {arm}": of_arm for arm, of_arm in arms.items() if len(of_arm) > 1}
    return targets | {picker.numbered(race, run): [run] for run in runs}


#: The label of every way to intervene, and the function that draws its controls.
_WAYS = {
    "change": ("Change live runs", _change), "fork": ("Fork", _fork), "extend": ("Run longer", _extend),
    "pace": ("Pace", _pace),
}  # fmt: skip


def _count(runs: Sequence[int]) -> str:
    return f"run {runs[0]}" if len(runs) == 1 else f"{len(runs)} runs"


def _say(race: races.Race, done: str, refusals: Sequence[str]) -> None:
    st.session_state[_SAID] = (race.id, done, list(refusals))


def _answer(race: races.Race) -> None:
    """Draw the result of the last press."""
    of, done, refusals = st.session_state.get(_SAID, (race.id, "", []))
    if of != race.id:
        return
    if done:
        st.caption(f":green[:material/check:] {literal(done)}")
    for refusal in refusals[:4]:
        st.warning(literal(refusal), icon=":material/block:")
    if len(refusals) > 4:
        st.caption(f"{len(refusals) - 4} more refusals of the same kind.")


def given(race: races.Race) -> None:
    """Draw what was changed and by whom, on a shared page for those who may command: several may hold the link."""
    if presenter_link.shared_port() is None or not presenter_link.may_command():
        return
    with page_frame.refusals(lambda _: None):
        if rows := interventions.given_commands(race.id):
            with st.expander("What was changed, and by whom", icon=":material/history:"):
                st.markdown("\n".join(f"- {_given_line(row)}" for row in rows))


def _given_line(row: interventions.GivenCommand) -> str:
    moment = datetime.fromtimestamp(row.at).astimezone()  # the server's time, whose zone is named
    at = f"{moment.day} {moment:%B %Y, %H:%M:%S %Z}"
    refused = f" (refused: {row.refusal})" if row.refusal else ""
    return f"{literal(at)}, {literal(row.author or 'somebody')}: {literal(row.words + refused)}"
