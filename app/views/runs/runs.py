"""The page "Runs": a table of every training, and commands that compare, annotate, rename and delete."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import streamlit as st

from app import theme
from app.data import machine, options, races, run_table, selection, workspace
from app.views import page_frame
from app.views.markdown_escape import literal
from app.views.runs import arms, compare, dialogs, export, import_dialog
from app.views.runs import table as runs_table
from app.views.runs import view as runs_view
from app.views.setup import loading
from app.web import presenter_link

if TYPE_CHECKING:
    import pandas as pd

TITLE = "Runs: all that was trained here"
#: Seconds between two reads of the store: while a run is at work, and otherwise.
_SOON_S, _SELDOM_S = 3.0, 15.0
_ROW_PX, _MAX_PX = 35, 530
#: Rows of a table that are made and sent without delay; further ones have pages.
PAGE = 200
_Row = TypeVar("_Row")
_STYLE = Path(__file__).with_name("runs.css")


class View(NamedTuple):
    """How the visitor looks at the runs: filter, a table of races above, one row for the seeds of an arm."""

    shown: run_table.Filter
    by_race: bool
    by_arm: bool


def render() -> None:
    """Draw the page in any state of the workspace."""
    st.header(TITLE, anchor=False)
    if not page_frame.usable():
        return
    rows = run_table.table_rows()
    if not rows:
        st.markdown(f"There is no run yet. {_how_one_comes()}")
        if presenter_link.may_command():
            import_dialog.button()
        return
    runs_view.take_address(rows)
    notice = runs_view.announce()
    st.html(_STYLE)
    view = _filters(rows)
    at_work = any(row.state in races.AT_WORK for row in rows)
    runs_view.begin()
    # Empty after the tables: from then on their timer draws them.
    whole = [True]
    # The style sheet puts the chart beside the tables: tables that move in the page lose their order.
    with st.container(key="runs_work"):
        with st.container(key="runs_tables"):
            actions = st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="actions")
            st.fragment(_tables, run_every=_SOON_S if at_work else _SELDOM_S)(view, at_work, whole)
            whole.clear()
            chosen = [row for row in rows if row.id in runs_view.RUNS.ids]
            with actions:
                _actions(rows, chosen, _visible(rows, view), view.by_race)
        with st.container(key="runs_chart"):
            compare.render(chosen, notice)
    runs_view.write_address(view.by_race)
    runs_view.settled()


def _how_one_comes() -> str:
    """Return how a run comes into an empty workspace here."""
    who = "The Race page" if presenter_link.may_command() else "The presenter"
    if workspace.view_only():
        return f"This installation only views: a recorded race appears here once it is opened. {who} opens one."
    return f"Every training appears here once it is started. {who} starts one."


def _filters(rows: list[run_table.TableRow]) -> View:
    """Draw the filters above the table, kept in the address."""
    variants = {options.variant_name(text): text for text in sorted({row.shortcut for row in rows}, key=_place)}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="filters"):
        text = st.text_input(
            "Search", key="search", bind="query-params", placeholder="words: plain 56 talk", width=220,
            help="Every word must stand somewhere in a row: arm, race, name, data, device, note, state.",
        )  # fmt: skip
        states = _several("State", list(theme.STATES), "state")
        sources = _several("Data", sorted({row.data for row in rows}), "of_data")
        shortcuts = _several("Shortcut", list(variants), "shortcut")
        depths = _several("Depth", list(dict.fromkeys(row.depth_name for row in sorted(rows, key=_depth))), "depth")
        by_race = st.toggle("Group by race", key="by_race", bind="query-params")
        by_arm = st.toggle(
            "By arm", key="by_arm", bind="query-params",
            help="One row for the seeds of an arm: each error as a mean with its 95 % interval.",
        )  # fmt: skip
    chosen = tuple(variants[name] for name in shortcuts)
    shown = run_table.Filter(text or "", tuple(states), tuple(sources), chosen, tuple(depths))
    return View(shown, bool(by_race), bool(by_arm))


def _several(label: str, choices: list[str], key: str) -> list[str]:
    return st.multiselect(label, choices, key=key, placeholder="any", width=170, bind="query-params")


def _depth(row: run_table.TableRow) -> int:
    return row.depth


def _place(shortcut: str) -> tuple[int, str]:
    names = list(options.shortcuts())
    name = shortcut.split(":")[0]
    return (names.index(name) if name in names else len(names), shortcut)


def _tables(view: View, was_at_work: bool, whole: list[bool]) -> None:
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
    listed_rows = view.shown.of(rows)
    disk = machine.disk_use_soon()
    if view.by_race:
        sums = runs_table.races_frame(listed_rows, disk.runs)
        race_ids = _table(sums, runs_table.races_columns(), runs_view.RACES, 320)
        listed_rows = [row for row in listed_rows if row.race in race_ids]
        unnamed = " More are selected than an address names: a link does not bring them back."
        many = len(race_ids) > selection.MAX_RUNS
        st.caption(f"{len(sums)} race{'s' * (len(sums) != 1)}. Select some to see their runs.{unnamed if many else ''}")
    scheme = st.context.theme.type or "light"
    if listed_rows and view.by_arm:
        groups = _page(run_table.arms(listed_rows), "arms")
        runs_view.ARMS.draw({runs[0].id: [row.id for row in runs] for runs in groups})
        _table(arms.arms_frame(groups, scheme), arms.arms_columns(), runs_view.ARMS, _MAX_PX)
    elif listed_rows:
        shown = _page(run_table.ordered(listed_rows, _order(listed_rows)), "runs")
        frame = runs_table.runs_frame(shown, disk.runs, scheme)
        _table(frame, runs_table.runs_columns(), runs_view.RUNS, _MAX_PX)
    elif not view.by_race:
        st.info("No run fits the filter.", icon=":material/filter_alt_off:")
    part = f"{len(listed_rows)} of " if len(listed_rows) < len(rows) else ""
    st.caption(f"{part}{len(rows)} run{'s' * (len(rows) != 1)}. {_disk_line(disk)}")


def _order(rows: list[run_table.TableRow]) -> str:
    """Return the order of rows that need several pages; a click on a column's head orders one page alone."""
    if len(rows) <= PAGE:
        return run_table.NEWEST
    return st.selectbox("Order", run_table.ORDERS, key="order", width=220)


def _page(rows: list[_Row], what: str) -> list[_Row]:
    """Return the rows of the chosen page, and draw the choice where one page cannot hold all."""
    pages = -(-len(rows) // PAGE)
    if pages <= 1:
        return rows
    if st.session_state.get(f"{what}_page", 1) > pages:
        st.session_state[f"{what}_page"] = pages  # a filter left fewer
    number = st.number_input(f"Page of {pages}", 1, pages, key=f"{what}_page", width=220)
    return rows[(number - 1) * PAGE : number * PAGE]


def _table(
    frame: "pd.DataFrame", columns: dict[str, Any], table_selection: runs_view.TableSelection, most_px: int
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


def _visible(rows: list[run_table.TableRow], view: View) -> list[run_table.TableRow]:
    race_ids = set(runs_view.RACES.ids)
    return [row for row in view.shown.of(rows) if not view.by_race or row.race in race_ids]


def _actions(
    rows: list[run_table.TableRow], chosen: list[run_table.TableRow], visible: list[run_table.TableRow], by_race: bool
) -> None:
    """Draw the commands for the selection; ``visible`` are the rows of the table."""
    race_ids = sorted({row.race for row in chosen} or (set(runs_view.RACES.ids) if by_race else set()))
    race = race_ids[0] if len(race_ids) == 1 else None
    hidden = len(chosen) - len({row.id for row in chosen} & {row.id for row in visible})
    words = f"**{len(chosen)} selected**" + (f", {hidden} of them not in the table" if hidden else "")
    st.markdown(words if chosen else "Select runs by the boxes at the left of the table.")
    if presenter_link.may_command():
        _commands(rows, chosen, race)
    _differences(chosen, race_ids)
    export.menu(chosen or visible)
    if st.button("Clear selection", disabled=not chosen, key="clear"):
        runs_view.clear()


def _differences(chosen: list[run_table.TableRow], race_ids: list[int]) -> None:
    """Offer what differs between the two selected runs; without runs between the two selected races."""
    possible = len(chosen) == 2 or (not chosen and len(race_ids) == 2)
    pressed = st.button(
        "What differs", icon=":material/difference:", disabled=not possible, key="differs",
        help="Select two runs, or two races.",
    )  # fmt: skip
    if not pressed:
        return
    if chosen:
        one, other = chosen
        dialogs.differing((one.name, other.name), selection.run_differences(one.id, other.id))
    else:
        configs = [config for race in race_ids if (config := races.race_config(race))]
        dialogs.differing((f"Race {race_ids[0]}", f"Race {race_ids[1]}"), races.setting_differences(*configs))


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
    pressed = st.button(
        "Load these settings", icon=":material/input:", disabled=race is None and len(chosen) != 1, key="load_settings",
        help="Fill the set-up on the Race page with the settings of one run, or of one race.",
    )  # fmt: skip
    if pressed and (len(chosen) == 1 or race is not None):
        _load_settings(chosen, race)
    import_dialog.button()


def _load_settings(chosen: list[run_table.TableRow], race: int | None) -> None:
    one = len(chosen) == 1
    config = races.run_config(chosen[0].id) if one else races.race_config(race or 0)
    if config is None:
        return
    said = loading.load_and_say(config, f"run {chosen[0].id}" if one else f"race {race}")
    st.toast(literal(f"{said} It is open on the Race page."), duration="long")
