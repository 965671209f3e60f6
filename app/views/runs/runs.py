"""The page "Runs": a table of every training, and commands that compare, annotate, rename and delete."""

from typing import Any

import pandas as pd
import streamlit as st

from app import theme
from app.data import machine, options, races, run_table, selection
from app.views import page_frame
from app.views.runs import compare, dialogs
from app.views.runs import table as runs_table
from app.views.runs import view as runs_view
from app.web import presenter_link

TITLE = "Runs: all that was trained here"
#: Seconds between two reads of the store: while a run is at work, and otherwise.
_SOON_S, _SELDOM_S = 3.0, 15.0
_ROW_PX, _MAX_PX = 35, 530


def render() -> None:
    """Draw the page in any state of the workspace."""
    st.header(TITLE, anchor=False)
    if not page_frame.usable():
        return
    rows = run_table.table_rows()
    if not rows:
        who = "The Race page" if presenter_link.may_command() else "The presenter"
        st.markdown(f"There is no run yet. Every training appears here once it is started. {who} starts one.")
        return
    runs_view.take_address(rows)
    notice = runs_view.announce()
    shown, by_race = _filters(rows)
    at_work = any(row.state in races.AT_WORK for row in rows)
    runs_view.begin()
    # Empty after the tables: from then on their timer draws them.
    whole = [True]
    st.fragment(_tables, run_every=_SOON_S if at_work else _SELDOM_S)(shown, by_race, at_work, whole)
    whole.clear()
    chosen = [row for row in rows if row.id in runs_view.RUNS.ids]
    hidden = len(chosen) - len(set(runs_view.RUNS.ids) & set(_visible(rows, shown, by_race)))
    _actions(rows, chosen, hidden, by_race)
    compare.render(chosen, notice)
    runs_view.write_address(by_race)
    runs_view.settled()


def _filters(rows: list[run_table.TableRow]) -> tuple[run_table.Filter, bool]:
    """Draw the filters above the table, kept in the address; return (filter, whether to group by race)."""
    variants = {options.variant_name(text): text for text in sorted({row.shortcut for row in rows}, key=_place)}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="filters"):
        text = st.text_input(
            "Search", key="search", bind="query-params", placeholder="words: plain 56 talk", width=220,
            help="Every word must stand somewhere in a row: arm, race, name, data, device, note, state.",
        )  # fmt: skip
        states = _several("State", list(theme.STATES), "state")
        sources = _several("Data", sorted({row.data for row in rows}), "of_data")
        shortcuts = _several("Shortcut", list(variants), "shortcut")
        depths = _several("Depth", [str(depth) for depth in sorted({row.depth for row in rows})], "depth")
        by_race = st.toggle("Group by race", key="by_race", bind="query-params")
    chosen = tuple(variants[name] for name in shortcuts)
    return run_table.Filter(text or "", tuple(states), tuple(sources), chosen, tuple(map(int, depths))), bool(by_race)


def _several(label: str, choices: list[str], key: str) -> list[str]:
    return st.multiselect(label, choices, key=key, placeholder="any", width=170, bind="query-params")


def _place(shortcut: str) -> tuple[int, str]:
    names = list(options.shortcuts())
    name = shortcut.split(":")[0]
    return (names.index(name) if name in names else len(names), shortcut)


def _tables(shown: run_table.Filter, by_race: bool, was_at_work: bool, whole: list[bool]) -> None:
    """Draw the tables; ``whole`` is empty in runs of the timer."""
    if not whole:
        runs_view.follow_choice()
    rows = None
    with page_frame.refusals(page_frame.show_warning):
        rows = run_table.table_rows()
    if rows is None:
        return
    if any(row.state in races.AT_WORK for row in rows) != was_at_work or not rows:
        st.rerun()
    runs_view.forget_gone(row.id for row in rows)
    listed_rows = shown.of(rows)
    disk = machine.disk_use()
    if by_race:
        sums = runs_table.races_frame(listed_rows, disk.runs)
        race_ids = _table(sums, runs_table.races_columns(), runs_view.RACES, 320)
        listed_rows = [row for row in listed_rows if row.race in race_ids]
        unnamed = " More are selected than an address names: a link does not bring them back."
        many = len(race_ids) > selection.MAX_RUNS
        st.caption(f"{len(sums)} races. Select some to see their runs.{unnamed if many else ''}")
    if listed_rows:
        _table(runs_table.runs_frame(listed_rows, disk.runs), runs_table.runs_columns(), runs_view.RUNS, _MAX_PX)
    elif not by_race:
        st.info("No run fits the filter.", icon=":material/filter_alt_off:")
    part = f"{len(listed_rows)} of " if len(listed_rows) < len(rows) else ""
    st.caption(f"{part}{len(rows)} runs. {_disk_line(disk)}")


def _table(
    frame: pd.DataFrame, columns: dict[str, Any], table_selection: runs_view.TableSelection, most_px: int
) -> set[int]:
    """Draw one table with selectable rows; return the selected ids."""
    ids = [int(number) for number in frame[table_selection.column]]
    marked = table_selection.apply(ids)
    st.dataframe(
        frame, key=table_selection.key, on_select=table_selection.take, selection_mode="multi-row",
        selection_default=marked, hide_index=True, row_height=_ROW_PX, column_config=columns, placeholder="",
        alt=table_selection.alt, height=min(most_px, _ROW_PX * (len(frame) + 1) + 3),
    )  # fmt: skip
    return set(table_selection.ids)


def _disk_line(disk: machine.Disk) -> str:
    if not disk.total:
        return ""
    kinds = [f"{kind} {machine.size_in_words(size)}" for kind, size in disk.kinds.items() if size]
    most = f"most of it {disk.largest}" if 2 * disk.kinds[disk.largest] > disk.total else f"the most {disk.largest}"
    return f"On disk: {machine.size_in_words(disk.total)}, {most} ({', '.join(kinds)})."


def _visible(rows: list[run_table.TableRow], shown: run_table.Filter, by_race: bool) -> list[int]:
    race_ids = set(runs_view.RACES.ids)
    return [row.id for row in shown.of(rows) if not by_race or row.race in race_ids]


def _actions(rows: list[run_table.TableRow], chosen: list[run_table.TableRow], hidden: int, by_race: bool) -> None:
    """Draw the commands for the selection; ``hidden`` counts the selected runs outside of the table."""
    grouped = {row.race for row in chosen} or (set(runs_view.RACES.ids) if by_race else set())
    race = next(iter(grouped)) if len(grouped) == 1 else None
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="actions"):
        words = f"**{len(chosen)} selected**" + (f", {hidden} of them not in the table above" if hidden else "")
        st.markdown(words if chosen else "Select runs by the boxes at the left of the table.")
        if presenter_link.may_command():
            _commands(rows, chosen, race)
        if st.button("Clear selection", disabled=not chosen, key="clear"):
            runs_view.clear()


def _commands(rows: list[run_table.TableRow], chosen: list[run_table.TableRow], race: int | None) -> None:
    """Draw the buttons that change the store; ``race`` is the race of all selected runs, None for several races."""
    if st.button("Note", icon=":material/edit_note:", disabled=not chosen, key="note"):
        dialogs.note(chosen)
    pressed = st.button(
        "Rename race" if race is None else f"Rename race {race}", icon=":material/edit:", key="rename",
        disabled=race is None, help="Select runs of one race, or one race.",
    )  # fmt: skip
    if pressed and race is not None:
        dialogs.rename(race, next((row.race_name for row in rows if row.race == race), ""))
    if st.button("Delete", icon=":material/delete:", disabled=not chosen, key="delete"):
        dialogs.delete(chosen)
