"""The dialogs of the page "Runs": a note, a race's name, the deletion of runs."""

from collections.abc import Callable, Sequence

import streamlit as st

from app.data import commands, machine, races, run_table
from app.views import page_frame
from app.views.markdown_escape import literal
from app.views.runs import view as runs_view

_NAMED = 8


@st.dialog("Note")
def note(rows: Sequence[run_table.TableRow]) -> None:
    """Ask for a common note on these runs."""
    present = {row.note for row in rows}
    st.markdown(_listed(rows))
    if len(present) > 1:
        st.caption("Their notes differ; this note replaces all of them.")
    text = st.text_input(
        "Note", value=present.pop() if len(present) == 1 else "", max_chars=commands.MAX_NOTE_LENGTH, key="note_text",
        help="One line. An empty line removes the note.",
    )  # fmt: skip
    _save("note", "note_keep", lambda: commands.annotate([row.id for row in rows], text))


@st.dialog("Rename race")
def rename(race: int, name: str) -> None:
    """Ask for another name of a race."""
    text = st.text_input(
        f"Name of race {race}",
        value=name,
        max_chars=commands.MAX_NAME_LENGTH,
        key="race_name",
        help="An empty line removes the name.",
    )
    _save("name", "race_name_keep", lambda: commands.rename_race(race, text))


def _save(noun: str, key: str, write: Callable[[], object]) -> None:
    if _answered(f"Save {noun}", key):
        with page_frame.refusals(page_frame.show_error):
            write()
            st.rerun()


def _answered(verb: str, key: str) -> bool:
    """Draw the two answers to a dialog; return whether it is the verb. Cancel closes the dialog."""
    with st.container(horizontal=True, gap="small"):
        pressed = st.button(verb, type="primary", key=key)
        if st.button("Cancel", key=f"{key}_cancel"):
            st.rerun()
    return pressed


@st.dialog("What differs", width="large")
def differing(names: tuple[str, str], rows: Sequence[tuple[str, str, str]]) -> None:
    """List the settings in which two runs or races differ."""
    if not rows:
        st.markdown(f"{literal(names[0])} and {literal(names[1])} have the same settings.")
        return
    one, other = (literal(name) for name in names)
    st.table(
        [
            {"Setting": literal(setting), one: literal(of_one) or "-", other: literal(of_other) or "-"}
            for setting, of_one, of_other in rows
        ],
        hide_index=True,
    )


@st.dialog("Delete runs?")
def delete(rows: Sequence[run_table.TableRow]) -> None:
    """List the effects of a deletion, and delete after a confirmation."""
    busy = [row for row in rows if row.state in races.ALIVE]
    idle = [row for row in rows if row.state not in races.ALIVE]
    if busy:
        st.warning(
            f"{_runs(len(busy))} at work and left out: {_listed(busy)}. Stop {'it' if len(busy) == 1 else 'them'} "
            "first, on the Race page or on the cards below the chart.",
            icon=":material/info:",
        )
    if not idle:
        return
    freed = machine.size_in_words(machine.disk_use(0).freed_by([row.id for row in idle]))
    st.markdown(_listed(idle))
    st.markdown(
        f"**{_runs(len(idle))}** with their curves, notes, logs and checkpoints, {freed} of files. "
        "This cannot be undone. The database keeps its size and uses the freed space again."
    )
    if _answered(f"Delete {_runs(len(idle))} and {'its' if len(idle) == 1 else 'their'} files", "delete_sure"):
        _delete([row.id for row in idle])
        st.rerun()


def _delete(runs: Sequence[int]) -> None:
    """Delete the runs in batches, and report the refusals."""
    answers: dict[int, str] = {}
    bar = st.progress(0.0, f"0 of {_runs(len(runs))}")
    with page_frame.refusals(runs_view.say):
        for batch in commands.command_each("delete", runs):
            answers |= batch
            bar.progress(len(answers) / len(runs), f"{len(answers)} of {_runs(len(runs))}")
    gone = [run for run, refusal in answers.items() if not refusal]
    if gone:
        st.toast(f"{_runs(len(gone))} deleted.", icon=":material/delete:")
    reasons = list(dict.fromkeys(refusal for refusal in answers.values() if refusal))
    for refusal in reasons[:5]:
        runs_view.say(refusal)
    left = len(runs) - len(gone)
    if left and (len(reasons) > 5 or len(answers) < len(runs)):
        runs_view.say(f"{_runs(left)} of the {len(runs)} were not deleted.")
    machine.disk_use(0)


def _runs(count: int) -> str:
    return f"{count} run{'s' * (count != 1)}"


def _listed(rows: Sequence[run_table.TableRow]) -> str:
    names = [literal(row.name) for row in rows[:_NAMED]]
    more = [f"and {len(rows) - _NAMED} more"] if len(rows) > _NAMED else []
    return ", ".join([*names, *more])
