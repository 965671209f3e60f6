"""The words of an offline file: its title, where its numbers come from, what of the record it leaves out. Escaped."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Any

from app.data import races
from app.data.exchange import offline
from app.live.offline.race.columns import CLOCK_EVERY, FINE_ERROR
from app.live.offline.race.documents import Layers, Steps

#: Runs that a title names.
_NAMED = 6


@dataclass(frozen=True, slots=True)
class Kept:
    """What goes into a file: the race's document, the steps, the layers where there are any."""

    race: Mapping[str, Any]
    steps: Steps
    layers: Layers | None


def title(of: Sequence[races.Race], runs: Sequence[int]) -> str:
    """Return what the file is called: its race, or its runs."""
    if len(of) == 1 and len(runs) == len(of[0].runs):
        return of[0].title
    named = ", ".join(map(str, runs[:_NAMED])) + (" and more" if len(runs) > _NAMED else "")
    return f"Runs {named} of " + races.listed([f"race {race.id}" for race in of])


def marked_up(text: str) -> str:
    """Return a text as markup that shows it as it is, on one line."""
    return escape(" ".join(text.split()))


def section(of: Sequence[races.Race], runs: Sequence[int], kept: Kept) -> str:
    """Return the section about the file as markup."""
    parts = [f"<p>{marked_up(line)}</p>" for line in (*left_out(of, runs), *contents(kept))]
    for race in of:
        name = f"<h3>{marked_up(race.title)}</h3>" if len(of) > 1 else ""
        parts += [
            name,
            command(race),
            _table("Where it comes from", _origin(race)),
            _table("Settings", _protocol(race)),
        ]
    return "\n".join(filter(None, parts))


def command(race: races.Race) -> str:
    """Return the line that makes a race again, with its heading, as markup."""
    not_in_it = "<p>Forks, cuts and other changes after the start are not in it.</p>"
    return f"<h3>The command that makes it again</h3><pre><code>{_portable(race.as_command)}</code></pre>{not_in_it}"


def tables(race: races.Race) -> str:
    """Return where a race comes from and its settings as lists for paper, as markup."""
    lists = (("Where it comes from", _origin(race)), ("Settings", _protocol(race)))
    return "".join(f'<h3>{name}</h3><dl class="facts">{"".join(map(_fact, rows))}</dl>' for name, rows in lists)


def left_out(of: Sequence[races.Race], runs: Sequence[int]) -> list[str]:
    """Return a sentence where some runs of the one race are elsewhere: the verdict is that of all of them."""
    if len(of) != 1 or set(of[0].runs) <= set(runs):
        return []
    return [f"{len(set(of[0].runs) & set(runs))} of the {len(of[0].runs)} runs are here. The verdict is that of all."]


def contents(kept: Kept) -> list[str]:
    """Return sentences about what is in the file, and what of the record is not."""
    steps, layers = kept.steps, kept.layers
    lines = []
    if steps.kept == steps.total:
        lines.append(f"Every step is in this file: {steps.total:,} of {steps.total:,}.")
    else:
        lines.append(
            f"{steps.kept:,} of {steps.total:,} steps are in this file. Of each bucket of steps the smallest and "
            "largest loss and error stay, and the last."
        )
    if steps.index:
        lines.append(
            f"The whole curve has few points, extremes kept. A zoom shows the steps themselves: {_errors(steps)}, "
            f"losses are rounded to 0.1 %, and the clock is that of every {CLOCK_EVERY}th step."
        )
    if layers is None:
        lines.append("No statistics of layers are in this file.")
    else:
        lines.append(
            f"Layers: {layers.kept:,} of {layers.total:,} probes, {len(layers.quantities)} quantities. The "
            "distribution of a single layer is not in this file."
        )
    return lines


def _errors(steps: Steps) -> str:
    exact = {run for run, index in steps.index.items() if index["exact"]}
    if len(exact) == len(steps.index):
        return "errors are exact"
    of = "" if not exact else " of run " + races.listed([run for run in steps.index if run not in exact])
    return f"errors{of} are rounded to {FINE_ERROR} points"


def _origin(race: races.Race) -> list[tuple[str, str]]:
    now = datetime.now(UTC)
    rows = [("data set", race.images), *((row["what"], row["value"]) for row in race.origin)]
    return [*rows, ("this file", offline.written_by()), ("exported", f"{now.day} {now:%B %Y}")]


def _protocol(race: races.Race) -> list[tuple[str, str]]:
    return [(row["setting"], row["value"]) for row in race.protocol]


def _table(name: str, rows: Sequence[tuple[str, str]]) -> str:
    cells = "".join(f'<tr><th scope="row">{_portable(key)}</th><td>{_portable(value)}</td></tr>' for key, value in rows)
    return f"<details><summary>{name}</summary><table>{cells}</table></details>"


def _fact(row: tuple[str, str]) -> str:
    return f"<div><dt>{_portable(row[0])}</dt><dd>{_portable(row[1])}</dd></div>"


def _portable(text: str) -> str:
    return marked_up(offline.portable(str(text)))
