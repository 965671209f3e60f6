"""All rooms with their faults. Adding a room: one file, one entry here."""

from pathlib import Path

from tests.mutation.fault import Fault, Room, TableError
from tests.mutation.rooms import (
    app,
    browser,
    cli,
    data,
    device,
    engine,
    exchange,
    exports,
    labs,
    models,
    probes,
    store,
    stream,
    training,
)

ROOMS: tuple[Room, ...] = tuple(
    module.ROOM
    for module in (
        models,
        training,
        data,
        store,
        engine,
        device,
        probes,
        labs,
        cli,
        app,
        stream,
        browser,
        exports,
        exchange,
    )
)


def chosen(rooms: list[str], faults: list[str], added_late: bool = False) -> list[tuple[Room, Fault]]:
    """Return the faults of the named rooms, or those named themselves; all where nothing is named.

    With ``added_late`` only those of them that were added late.

    Raises TableError for a name that nothing has.
    """
    every = [(room, fault) for room in ROOMS for fault in room.faults]
    unknown = [*set(rooms).difference(room.name for room in ROOMS), *set(faults).difference(f.name for _, f in every)]
    if unknown:
        raise TableError(f"no room or fault is called {', '.join(sorted(unknown))}; --list shows them")
    if rooms or faults:
        every = [(room, fault) for room, fault in every if room.name in rooms or fault.name in faults]
    return [(room, fault) for room, fault in every if fault.added_late or not added_late]


def check(project: Path) -> None:
    """Raise TableError, a line each, unless all faults and tests fit the tree at ``project``."""
    wrong: list[str] = []
    names = [fault.name for room in ROOMS for fault in room.faults]
    wrong += [f"{name}: two faults have this name" for name in sorted({n for n in names if names.count(n) > 1})]
    for room in ROOMS:
        wrong += [
            f"{room.name}: there are no tests {path}"
            for path in (*room.quick, *room.rest)
            if not (project / path).exists()
        ]
        for fault in room.faults:
            try:
                fault.faulty_source(project)
            except TableError as error:
                wrong.append(str(error))
    if wrong:
        raise TableError("\n".join(wrong))
