"""Faults are put into a copy of the tree, one at a time, and the tests of their room are run: which survive?

    python -m tests.mutation [--room NAME] [--fault NAME] [--added-late] [--tier all] [--whole] [--jobs N] [--json FILE]
    python -m tests.mutation --check [--failing FILE]      which tests fail without a fault?
    python -m tests.mutation --list

A test that fails without the fault too has caught nothing: whatever catches a fault is run again without it. Where many
tests fail anyway, --check writes them into a FILE once, and runs that are given the same --failing FILE leave them out.

By hand, not by CI: most faults take less than half a minute, one that survives as long as the tests of its room.
Where there is no fork, nothing runs. Exit status: 0 all caught; 1 some survived (with --check: tests
fail); 2 the table does not fit the tree, or a run came to no end; 130 interrupted.
"""

import argparse
import json
import queue
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from tests.mutation import table
from tests.mutation.bench import LIMIT_S, PROJECT, TIERS, Bench, Outcome
from tests.mutation.fault import Fault, Room, TableError

Work = list[tuple[Room, Fault | None]]
Outcomes = list[tuple[Room, Fault | None, Outcome]]

#: How an outcome is printed: what is to be looked at stands out.
_SHOWN = {"caught": "caught", "survived": "SURVIVED", "broke": "BROKE", "late": "LATE"}
#: And with ``--check``, where no fault is there to be caught.
_CHECKED = {"caught": "FAILS", "survived": "passes", "broke": "BROKE", "late": "LATE"}


def main() -> int:
    """Run what the command line asks for; return the exit status."""
    options = _options()
    try:
        work = table.chosen(options.room, options.fault, options.added_late)
        table.check(PROJECT)
    except TableError as error:
        print(error, file=sys.stderr)
        return 2
    if options.list:
        for room, fault in work:
            print(f"{room.name:<10} {fault.name:<34} {fault.file}: {fault.breaks}")
        print(f"{len(work)} faults, {sum(fault.added_late for _, fault in work)} of them added late")
        return 0
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return _check(work, options) if options.check else _seed(work, options)
    except KeyboardInterrupt:
        return 130


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__.partition("\n")[0])
    parser.add_argument("--room", action="append", default=[], metavar="NAME", help="only the faults of this room")
    parser.add_argument("--fault", action="append", default=[], metavar="NAME", help="only this fault")
    parser.add_argument("--added-late", action="store_true", help="only those written without a look at the tests")
    parser.add_argument("--list", action="store_true", help="show the faults and run nothing")
    parser.add_argument("--check", action="store_true", help="run the rooms' tests once without a fault")
    parser.add_argument("--failing", type=Path, metavar="FILE", help="tests that fail without a fault, one a line")
    parser.add_argument("--tier", choices=TIERS, default="default", help="all: the slow tests too")
    parser.add_argument("--whole", action="store_true", help="run the whole suite, not the room's tests")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="copies that work side by side")
    parser.add_argument("--limit", type=float, default=LIMIT_S, metavar="SECONDS", help="for one fault")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the outcomes there, after every fault")
    return parser.parse_args()


def _seed(work: Work, options: argparse.Namespace) -> int:
    """Run the tests with each fault; return the exit status."""
    failing = options.failing.read_text(encoding="utf-8").split("\n") if options.failing else []
    outcomes = _run(work, options, [test for test in failing if test])
    _count(outcomes)
    kinds = {outcome.kind for _, _, outcome in outcomes}
    return 2 if kinds & {"broke", "late"} else int("survived" in kinds)


def _check(work: Work, options: argparse.Namespace) -> int:
    """Run the rooms' tests without a fault, name those that fail, and return the exit status."""
    outcomes = _run([(room, None) for room in dict.fromkeys(room for room, _ in work)], options, ())
    failing = [f"{test}\n" for test in sorted({test for *_, outcome in outcomes for test in outcome.failed})]
    sys.stdout.writelines(failing)
    if options.failing:
        options.failing.write_text("".join(failing), encoding="utf-8")
    kinds = {outcome.kind for _, _, outcome in outcomes}
    return 2 if kinds & {"broke", "late"} else int("caught" in kinds)


def _run(work: Work, options: argparse.Namespace, left_out: Collection[str]) -> Outcomes:
    """Run each on a bench that is free, print it when it is done, and return all outcomes in the order of ``work``."""
    done: dict[int, Outcome] = {}
    with tempfile.TemporaryDirectory(prefix="seeded-faults-") as folder:
        benches = []
        for number in range(max(1, min(options.jobs, len(work)))):
            (place := Path(folder) / str(number)).mkdir()
            benches.append(Bench(place, options.tier, left_out, options.limit))
        free: queue.SimpleQueue[Bench] = queue.SimpleQueue()
        for bench in benches:
            free.put(bench)

        def one(index: int) -> int:
            bench = free.get()
            try:
                done[index] = bench.run(*work[index], options.whole)
            finally:
                free.put(bench)
            return index

        with ThreadPoolExecutor(len(benches)) as pool:
            try:
                for future in as_completed([pool.submit(one, index) for index in range(len(work))]):
                    _print(*work[future.result()], done[future.result()])
                    if options.json:
                        options.json.write_text(json.dumps(_document(work, done), indent=1), encoding="utf-8")
            finally:
                for bench in benches:
                    bench.close()
    return [(*work[index], done[index]) for index in sorted(done)]


def _print(room: Room, fault: Fault | None, outcome: Outcome) -> None:
    words = (_CHECKED if fault is None else _SHOWN)[outcome.kind]
    name = "without a fault" if fault is None else fault.name
    print(f"{room.name:<10} {name:<34} {words:<8} {outcome.seconds:6.1f} s  {outcome.words}", flush=True)


def _document(work: Work, done: dict[int, Outcome]) -> list[dict]:
    return [
        {
            "room": work[index][0].name,
            "fault": fault.name if (fault := work[index][1]) else None,
            "file": fault.file if fault else None,
            "added_late": fault.added_late if fault else None,
            "outcome": outcome.kind,
            "words": outcome.words,
            "seconds": round(outcome.seconds, 1),
        }
        for index, outcome in sorted(done.items())
    ]


def _count(outcomes: Outcomes) -> None:
    """Print how many of each room's faults were caught, and which were not."""
    print()
    for room in dict.fromkeys(room for room, _, _ in outcomes):
        kinds = Counter(outcome.kind for other, _, outcome in outcomes if other == room)
        rest = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()) if kind != "caught")
        print(f"{room.name:<10} {kinds['caught']} of {kinds.total()} caught{f'; {rest}' if rest else ''}")
    caught = sum(outcome.kind == "caught" for _, _, outcome in outcomes)
    print(f"{'all':<10} {caught} of {len(outcomes)} caught")
    late = [outcome.kind for _, fault, outcome in outcomes if fault is not None and fault.added_late]
    if late:
        print(f"{'added late':<10} {late.count('caught')} of {len(late)} caught")
    for room, fault, outcome in outcomes:
        if fault is not None and outcome.kind != "caught":
            print(f"{_SHOWN[outcome.kind]} {room.name}/{fault.name}: {fault.breaks}")


if __name__ == "__main__":
    sys.exit(main())
