"""What is selected on the page "Runs": kept by id, in the session and in the address, whatever the table does.

A table knows positions, which move when runs come and go; ids do not.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import streamlit as st

from app import access, data

_MOVED, _ADDRESS, _SAID = "runs_moved", "runs_address", "runs_said"


def may_command() -> bool:
    """Return whether this visitor may change anything."""
    return access.may_command()


@dataclass(frozen=True, slots=True)
class Choice:
    """The selected rows of one table: ``key`` of its widget, ``column`` that holds the ids, ``alt`` its name."""

    key: str
    column: str
    alt: str

    @property
    def ids(self) -> list[int]:
        """The selected ids, those that a filter hides too."""
        return list(st.session_state.get(f"{self.key}_chosen", ()))

    def choose(self, ids: Iterable[int]) -> None:
        """Select these and no others."""
        st.session_state[f"{self.key}_chosen"] = tuple(dict.fromkeys(ids))

    def apply(self, drawn: Sequence[int]) -> dict:
        """Mark the selected among the rows about to be drawn, which are ``drawn`` from the first to the last.

        Returns the same as the table's beginning: a browser that is slow to draw it misses what is told once.
        """
        chosen = set(self.ids)
        wanted = [place for place, number in enumerate(drawn) if number in chosen]
        state = st.session_state.get(self.key)
        marked = {"selection": {"rows": wanted, "columns": [], "cells": []}}
        if sorted(state["selection"]["rows"] if state else []) != wanted:
            st.session_state[self.key] = marked
        st.session_state[f"{self.key}_drawn"] = tuple(drawn)
        return marked

    def take(self) -> None:
        """The visitor selected other rows: what is drawn and not selected goes, what a filter hides stays."""
        drawn = st.session_state.get(f"{self.key}_drawn", ())
        rows = st.session_state[self.key]["selection"]["rows"]
        marked = [drawn[place] for place in rows if place < len(drawn)]
        visible = set(drawn)
        self.choose([*(number for number in self.ids if number not in visible), *marked])
        st.session_state[_MOVED] = True


RUNS = Choice("runs_table", "run", "Runs")
RACES = Choice("races_table", "race", "Races")


def chosen_runs() -> set[int]:
    """Return the selected runs."""
    return set(RUNS.ids)


def settled() -> None:
    """The whole page is being drawn: it knows of every choice made so far."""
    st.session_state.pop(_MOVED, None)


def follow_choice() -> None:
    """Draw the whole page again when a choice was made since: more than the table depends on it."""
    if st.session_state.pop(_MOVED, False):
        st.rerun()


def forget_gone(present: Iterable[int]) -> None:
    """Drop runs that are no more from the selection, and draw the page again when there were some."""
    here = set(present)
    kept = [run for run in RUNS.ids if run in here]
    if len(kept) < len(RUNS.ids):
        RUNS.choose(kept)
        st.rerun()


def take_address(rows: Sequence[data.TableRow]) -> None:
    """Select what the address names, once per address; unknown runs are left out with a line."""
    present = {row.id for row in rows}
    asked = st.query_params.get("runs")
    if asked is not None and asked != st.session_state.get(_ADDRESS):
        runs, problem = data.runs_from(asked)
        unknown = [run for run in runs if run not in present]
        RUNS.choose(run for run in runs if run in present)
        if unknown:
            listed = ", ".join(map(str, unknown[:5])) + (" and others" if len(unknown) > 5 else "")
            problem = "; ".join(filter(None, (problem, f"there is no run {listed}: left out")))
        if problem:
            say(f"{problem[0].upper()}{problem[1:]}.")
    RUNS.choose(run for run in RUNS.ids if run in present)


def write_address() -> None:
    """Keep the selection in the address, as far as one chart takes it."""
    runs = sorted(RUNS.ids)
    text = ",".join(map(str, runs)) if 0 < len(runs) <= data.MOST_COMPARED else ""
    st.session_state[_ADDRESS] = text
    if text and st.query_params.get("runs") != text:
        st.query_params["runs"] = text
    elif not text and "runs" in st.query_params:
        del st.query_params["runs"]


def say(line: str) -> None:
    """Say one line at the top of the page the next time it is drawn."""
    st.session_state.setdefault(_SAID, []).append(line)


def announce() -> str:
    """Draw what was said since; return it for the stage, which covers this."""
    said = st.session_state.pop(_SAID, ())
    for line in said:
        st.warning(line, icon=":material/info:")
    return " ".join(said)
