"""One page to print about runs: question, set-up, curves, verdict with intervals, layers, table, command, versions.

It needs no JavaScript: the figures are SVG. ``engine.exchange.registry`` names ``write`` as text.
"""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, BinaryIO

from app.data import races
from app.data.exchange import offline
from app.live.offline.race import about
from app.live.offline.race.documents import race_document
from app.live.offline.race.export import drawn
from app.live.offline.report.figures import curves, responses
from app.live.shared.run import Run

_STYLE = Path(__file__).with_name("report.css")
#: What may be loaded or run: nothing but the page's own style.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_QUESTION = "How do these nets learn, and how far do they get?"
#: Columns of the table of what was compared, and the place of the interval.
_COMPARED, _INTERVAL = ("Compared", "Seed", "Difference (points)", "95 % interval", "What follows"), 3
#: Splits of the table: the column, the split, whether the last running mean counts.
_ERRORS = (("training, running", "train", "running_error"), ("training, clean", "train_clean", "error"),
           ("test", "test", "error"))  # fmt: skip


def write(source: offline.Source, file: BinaryIO, report: offline.Told) -> None:
    """Write the report. Raises ConfigError for more runs than a page takes."""
    with offline.opened(source):
        shown = [row.id for row in source.rows]
        report(0, 2, "reading the curves")
        of, document = offline.races_of(source), race_document(shown)
        report(1, 2, "drawing")
        file.write(_page(of, shown, document).encode())
        report(2, 2, "done")


def _page(of: Sequence[races.Race], shown: Sequence[int], document: Mapping[str, Any]) -> str:
    looks: list[Run] = offline.portable(drawn(of, shown))
    title = about.marked_up(offline.portable(about.title(of, shown)))
    said = last_said(document)
    parts = [
        "<!doctype html>",
        f'<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title} - report</title>',
        f"<style>{_STYLE.read_text(encoding='utf-8')}</style></head><body>",
        f'<header><p class="record">Report of a recorded race</p><h1>{title}</h1></header>',
        *_question(said), "<h2>What was found</h2>", *_verdict(said),
        *(f"<p>{about.marked_up(line)}</p>" for line in about.left_out(of, shown)),
        "<h2>Curves</h2>", curves(document, looks),
        *_section("Responses of the layers", responses(looks)),
        "<h2>Runs</h2>", _runs(document, looks),
        "<h2>Set-up</h2>", *(part for race in of for part in _set_up(race, len(of) > 1)),
        "</body></html>\n",
    ]  # fmt: skip
    return "\n".join(parts)


def last_said(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was to be concluded at the end of the record, by part; empty where nothing is on record."""
    moments = document["moments"]
    if not moments["step"]:
        return {}
    _, *places = moments["step"][-1]
    return {name: values[place] for (name, values), place in zip(moments["parts"].items(), places, strict=True)}


def _question(said: Mapping[str, Any]) -> list[str]:
    first = next(iter(said.get("q") or ()), None)
    text, detail = (first["text"], first["detail"]) if first else (_QUESTION, "")
    more = [f"<p>{escape(detail)}</p>"] if detail else []
    return ["<h2>Question</h2>", f'<p class="question">{escape(text)}</p>', *more]


def _verdict(said: Mapping[str, Any]) -> list[str]:
    if not said.get("g"):
        return ["<p>Nothing was compared.</p>"]
    label, _, why = said.get("sure") or ("", "", "")
    table = compared(said["rows"]) if said["rows"] else ""
    basis = "".join(f"<li>{escape(line)}</li>" for line in (*said["basis"], *_explained(said["rows"])))
    sure = f"<p><b>{escape(label)}.</b> {escape(why)}</p>" if label else f"<p>{escape(why)}</p>"
    return [f'<p class="verdict">{escape(said["g"])}</p>', sure, table, f"<ul>{basis}</ul>" if basis else ""]


def compared(rows: Sequence[Sequence[str]]) -> str:
    """Return the table of what was compared, without columns that are empty."""
    kept = [at for at in range(len(_COMPARED)) if any(row[at] for row in rows)]
    head = "".join(f'<th scope="col">{_COMPARED[at]}</th>' for at in kept)
    body = "".join(
        f'<tr{"" if row[0] else " class=seed"}><th scope="row">{escape(row[0])}</th>'
        + "".join(f"<td{' class=interval' if at == _INTERVAL else ''}>{escape(row[at])}</td>" for at in kept if at)
        + "</tr>"
        for row in rows
    )  # fmt: skip
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _explained(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return sentences about what stands in the table."""
    lines = []
    if any(row[0].startswith(offline.CURE) for row in rows):
        lines.append(
            f"“{offline.CURE} X”: by how many points the difference is smaller with shortcuts X than in plain nets."
        )
    return lines


def _section(name: str, content: str) -> list[str]:
    return [f"<h2>{name}</h2>", content] if content else []


def _runs(document: Mapping[str, Any], looks: Sequence[Run]) -> str:
    names = {run["run"]: run["label"] for run in looks}
    head = ["run", "net", "state", "steps", "parameters", *(f"{name} (%)" for name, *_ in _ERRORS), "time (s)", "note"]
    rows = []
    for card in document["cards"]:
        series = document["runs"].get(str(card["run"]), {})
        net = ", ".join(filter(None, (names.get(card["run"], ""), card["difference_name"])))
        errors = [_last(series.get(split, {}).get(key)) for _, split, key in _ERRORS]
        steps = f"{card['step']:,}" + (f" of {card['total_steps']:,}" if card["step"] < card["total_steps"] else "")
        size, seconds = f"{card['parameters'] or 0:,}", f"{card['seconds'] or 0:,.0f}"
        rows.append([str(card["run"]), net, card["state"], steps, size, *errors, seconds, card["note"] or ""])
    kept = [at for at, name in enumerate(head) if name != "note" or any(row[at] for row in rows)]
    columns = "".join(f'<th scope="col">{head[at]}</th>' for at in kept)
    # On a phone each run is a list, in which a cell says what it is.
    named = [f'<td data-name="{escape(head[at])}">' if at else "<td>" for at in kept]
    cells = "".join(
        "<tr>" + "".join(f"{td}{about.marked_up(row[at])}</td>" for td, at in zip(named, kept, strict=True)) + "</tr>"
        for row in rows
    )
    return f'<table class="runs"><thead><tr>{columns}</tr></thead><tbody>{cells}</tbody></table>'


def _last(values: Sequence[float | None] | None) -> str:
    last = values[-1] if values else None
    return "" if last is None else f"{last:.1f}"


def _set_up(race: races.Race, named: bool) -> list[str]:
    name = [f"<h3>{about.marked_up(offline.portable(race.title))}</h3>"] if named else []
    return [*name, about.command(race), about.tables(race)]
