"""A check as Markdown: the machine in a sentence, a table of the parts, a table of figures for each. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

#: Longest text of a figure in a table.
_MAX_TEXT = 120


def markdown(document: Mapping[str, Any]) -> str:
    """Return a section for ``assets/docs/results.md``."""
    return "\n".join(_lines(document))


def _lines(document: Mapping[str, Any]) -> Iterator[str]:
    machine = document["machine"]
    yield f"## On {_place(document)}"
    yield ""
    yield "Command: `python -m tests.benchmarks.gpu_check --out F`. " + _machine(machine, document["device"])
    if document["tiny"]:
        yield "**A rehearsal in tiny sizes: no figure here says anything about a GPU or a CPU.**"
    yield ""
    yield "| part | question | answer | seconds |"
    yield "|---|---|---|---|"
    for row in document["parts"]:
        answer = row["state"] + (f": {row['why']}" if row["why"] else "")
        yield f"| {row['part']} {row['name']} | {_cell(row['question'])} | {_cell(answer)} | {row['seconds']:g} |"
    for row in document["parts"]:
        figures = list(flat(row["figures"]))
        if figures:
            yield ""
            yield f"Part {row['part']}, {row['name']}:"
            yield ""
            yield "| figure | value |"
            yield "|---|---|"
            yield from (f"| {_cell(name)} | {_cell(text)} |" for name, text in figures)


def _place(document: Mapping[str, Any]) -> str:
    """Return what the check ran on, in the words of a heading."""
    if document["device"] == "cpu":
        return "a CPU: a rehearsal"
    return "a GPU" if document["machine"]["gpus"] else "a machine without a GPU: nothing was tried"


def _machine(machine: Mapping[str, Any], device: str) -> str:
    gpus = ", ".join(f"{gpu['name']} ({gpu['memory_bytes'] / 2**30:.0f} GiB)" for gpu in machine["gpus"]) or "no GPU"
    software = [f"torch {machine['torch'] or 'unknown'}"]
    software += [f"{name} {machine[key]}" for name, key in (("CUDA", "cuda"), ("driver", "driver")) if machine[key]]
    commit = machine["versions"].get("commit", "")
    return f"Machine: {gpus}, {device}; {', '.join(software)}" + (f"; commit {commit}." if commit else ".")


def flat(figures: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Yield the figures of a part as names and texts; those of a group are named by the group first."""
    for name, value in figures.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{before}{_words(name)}, ")
        else:
            yield f"{before}{_words(name)}", _text(value)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    if isinstance(value, list):
        return ", ".join(map(_text, value)) or "none"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _cell(text: str) -> str:
    short = text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}..."
    return short.replace("|", "\\|").replace("\n", " ")
