"""The selection of the page "Runs" by id, in session and address: positions of rows move."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import streamlit as st
from streamlit.elements.arrow import DataframeStateInput

from app.data import run_table, selection
from app.views import page_frame
from app.views.markdown_escape import literal

_MOVED, _UNFINISHED, _ADDRESS, _SAID = "runs_moved", "runs_unfinished", "address", "runs_said"
#: Seconds for which a browser may still send a replaced address, and the number of remembered addresses.
_STALE_S, _REMEMBERED = 5.0, 20
#: Seconds for which a browser may still send the marks of moved rows.
_ECHO_S = 3.0


@dataclass(frozen=True, slots=True)
class TableSelection:
    """The selected rows of one table: ``key`` of its widget, ``column`` of the ids, ``alt`` text."""

    key: str
    column: str
    alt: str

    @property
    def plural(self) -> str:
        """Return the name of the selection in the address."""
        return self.alt.lower()

    @property
    def ids(self) -> list[int]:
        """Return the selected ids, hidden ones too."""
        return list(st.session_state.get(f"{self.key}_chosen", ()))

    def choose(self, ids: Iterable[int]) -> None:
        """Select these ids and no others."""
        st.session_state[f"{self.key}_chosen"] = tuple(dict.fromkeys(ids))

    def apply(self, drawn: Sequence[int]) -> DataframeStateInput:
        """Mark the selected ones of the drawn ids; return the marks as the start of a table that draws slowly."""
        chosen = set(self.ids)
        wanted = [place for place, number in enumerate(drawn) if number in chosen]
        state = st.session_state.get(self.key)
        marked: DataframeStateInput = {"selection": {"rows": wanted, "columns": [], "cells": []}}
        before = sorted(state["selection"]["rows"] if state else [])
        if before != wanted:
            st.session_state[self.key] = marked
            if st.session_state.get(f"{self.key}_drawn", tuple(drawn)) != tuple(drawn):
                st.session_state[f"{self.key}_echo"] = (before, time.monotonic())
        st.session_state[f"{self.key}_drawn"] = tuple(drawn)
        return marked

    def take(self) -> None:
        """Take over the visitor's selection of the drawn rows; hidden rows stay selected.

        A repeated message about rows that have moved changes nothing.
        """
        drawn = st.session_state.get(f"{self.key}_drawn", ())
        rows = st.session_state[self.key]["selection"]["rows"]
        places, at = st.session_state.get(f"{self.key}_echo", (None, 0.0))
        if sorted(rows) == places and time.monotonic() - at < _ECHO_S:
            return
        marked = [drawn[place] for place in rows if place < len(drawn)]
        visible = set(drawn)
        self.choose([*(number for number in self.ids if number not in visible), *marked])
        st.session_state[_MOVED] = True


RUNS = TableSelection("runs_table", "run", "Runs")
RACES = TableSelection("races_table", "race", "Races")
_MEMBERS = "arms_members"


class ArmSelection(TableSelection):
    """The selected arms: those of which every run is selected. An arm goes by its first run."""

    __slots__ = ()

    @property
    def ids(self) -> list[int]:
        """Return the first runs of the selected arms."""
        chosen = set(RUNS.ids)
        return [first for first, runs in self._members().items() if chosen.issuperset(runs)]

    def choose(self, ids: Iterable[int]) -> None:
        """Select all runs of these arms; runs of arms that were selected in part or are not drawn stay selected."""
        members, before = self._members(), set(self.ids)
        dropped = {run for first in before for run in members[first]}
        kept = [run for run in RUNS.ids if run not in dropped]
        RUNS.choose([*kept, *(run for first in ids for run in members.get(first, ()))])

    def draw(self, members: Mapping[int, Sequence[int]]) -> None:
        """Take over the arms that are drawn from now on: ``{first run: its runs}``."""
        st.session_state[_MEMBERS] = {first: tuple(runs) for first, runs in members.items()}

    def _members(self) -> dict[int, tuple[int, ...]]:
        members: dict[int, tuple[int, ...]] = st.session_state.get(_MEMBERS, {})
        return members


ARMS = ArmSelection("arms_table", "first", "Arms")


def begin() -> None:
    """Record the start of a whole page, which a timer may interrupt."""
    st.session_state[_UNFINISHED] = True


def settled() -> None:
    """Record the end of a whole page with every choice so far."""
    st.session_state.pop(_MOVED, None)
    st.session_state.pop(_UNFINISHED, None)


def clear() -> None:
    """Clear the selection, and draw the page again."""
    RUNS.choose([])
    st.session_state[_MOVED] = True
    st.rerun()


def follow_choice() -> None:
    """Draw the whole page again after a new choice or an interrupted page."""
    if st.session_state.get(_MOVED) or st.session_state.get(_UNFINISHED):
        st.rerun()


def forget_gone(present: Iterable[int]) -> None:
    """Drop deleted runs from the selection, and then draw the page again."""
    existing = set(present)
    kept = [run for run in RUNS.ids if run in existing]
    if len(kept) < len(RUNS.ids):
        RUNS.choose(kept)
        st.rerun()


def take_address(rows: Sequence[run_table.TableRow]) -> None:
    """Select the runs and races of the address, once per address; report unknown ones in a line."""
    for table_selection, present in ((RUNS, {row.id for row in rows}), (RACES, {row.race for row in rows})):
        text = st.query_params.get(table_selection.plural)
        if text is not None and not _is_old(table_selection, text):
            numbers, problem = selection.numbers_from(text, table_selection.plural)
            table_selection.choose(numbers)
            unknown = [number for number in numbers if number not in present]
            if unknown:
                listed = ", ".join(map(str, unknown[:5])) + (" and others" if len(unknown) > 5 else "")
                problem = "; ".join(filter(None, (problem, f"there is no {table_selection.column} {listed}: left out")))
            if problem:
                say(f"{problem[0].upper()}{problem[1:]}.")
        table_selection.choose(number for number in table_selection.ids if number in present)


def _is_old(table_selection: TableSelection, text: str) -> bool:
    """Return whether this session wrote the address, or the visitor has chosen since.

    After a while an older address counts as new: the visitor went back.
    """
    written = st.session_state.get(f"{table_selection.key}_{_ADDRESS}", {})
    newest = next(reversed(written), None)
    stale = text in written and time.monotonic() - written[newest] < _STALE_S
    return text == newest or stale or bool(st.session_state.get(_MOVED))


def write_address(by_race: bool) -> None:
    """Write a selection that fits one chart into the address; races only in the table of races."""
    for table_selection, shown in ((RUNS, True), (RACES, by_race)):
        chosen = sorted(table_selection.ids) if shown else []
        text = ",".join(map(str, chosen)) if 0 < len(chosen) <= selection.MAX_RUNS else ""
        written = st.session_state.setdefault(f"{table_selection.key}_{_ADDRESS}", {})
        if next(reversed(written), None) != text:
            written.pop(text, None)
            written[text] = time.monotonic()
            if len(written) > _REMEMBERED:
                del written[next(iter(written))]
        page_frame.put_param(table_selection.plural, text or None)


def say(line: str) -> None:
    """Show one line at the top of the next page."""
    st.session_state.setdefault(_SAID, []).append(line)


def announce() -> str:
    """Draw the lines of ``say``; return them for the stage view, which covers the page."""
    lines = st.session_state.pop(_SAID, ())
    for line in lines:
        st.warning(literal(line), icon=":material/info:")
    return " ".join(lines)
