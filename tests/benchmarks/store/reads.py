"""How long the reads of the page take in a workspace of thousands of runs, without server and browser.

    python -m tests.benchmarks.store.reads WORKSPACE

Prints milliseconds of the first reading and of the next one after a run moved, and bytes for each point of the table.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

from app.data import machine, races, run_table, streaming, workspace
from app.views.runs import table
from app.views.runs.runs import PAGE
from engine.events import Split, StepRow
from engine.store.reader import Reader
from engine.store.workspace import Workspace
from engine.store.writer import Writer


def milliseconds(read: Callable[[], object]) -> float:
    """Return how long one call takes."""
    began = time.perf_counter()
    read()
    return round(1000 * (time.perf_counter() - began), 1)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("workspace", type=Path)
    place = Workspace.at(parser.parse_args().workspace)
    workspace.use(place.path)
    with Reader(place) as reader:
        sizes = reader.rows("SELECT name, sum(pgsize) AS size FROM dbstat WHERE name LIKE '%point%' GROUP BY name")
        points = reader.points.head()[0]
        longest = max(reader.run_list.rows(), key=lambda row: row.step)
    rows = run_table.table_rows
    figures = {
        "bytes_per_point": round(sum(row["size"] for row in sizes) / points, 2),
        "points": points,
        "list_of_runs": [milliseconds(rows)],
        "frame_of_one_page": [milliseconds(lambda: table.runs_frame(rows()[:PAGE], {}))],
        "list_of_races": [milliseconds(races.races)],
        "race": [milliseconds(lambda: races.race(longest.race))],
        "history_of_a_race": [milliseconds(lambda: streaming.history(races.race(longest.race).runs, 800))],
        "disk": [milliseconds(lambda: machine.disk_use(0))],
    }
    with Writer(place) as writer, Reader(place) as reader:
        run = reader.run_list.rows()[0]
        writer.points.record(run.id, [StepRow(run.step + 1, 1.0, 50.0, 1.0, 50.0, 0.1, run.seconds + 1)])
        writer.jobs.update(run.id, detail=run.note)
        curve = milliseconds(lambda: reader.points.series(longest.id, Split.TRAIN, at_most=2000))
    for name, read in {
        "list_of_runs": rows,
        "frame_of_one_page": lambda: table.runs_frame(rows()[:PAGE], {}),
        "list_of_races": races.races,
        "race": lambda: races.race(longest.race),
    }.items():
        figures[name].append(milliseconds(read))
    print(json.dumps({**figures, "longest_curve": curve, "its_points": longest.step}, indent=1))


if __name__ == "__main__":
    main()
