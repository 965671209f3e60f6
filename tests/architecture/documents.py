"""The project's Markdown files, and how tests read them."""

import re
from functools import cache
from pathlib import Path

from engine.paths import PROJECT

DOCS = PROJECT / "assets" / "docs"


@cache
def documents() -> list[Path]:
    """Return every Markdown file that people read on its own; texts of the guide have tests of their own."""
    found = [PROJECT / "README.md", *DOCS.rglob("*.md"), *(PROJECT / ".github").glob("*.md")]
    found += [path for top in ("engine", "app", "tests") for path in (PROJECT / top).rglob("README.md")]
    return sorted(path for path in found if "node_modules" not in path.parts)


@cache
def words(path: Path) -> str:
    """Return the text of a document."""
    return path.read_text(encoding="utf-8")


def section(path: Path, title: str) -> str:
    """Return what stands below the heading ``## title``."""
    return words(path).split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def rows(text: str, first: str) -> list[list[str]]:
    """Return the cells of the table whose head begins with ``first``, without the head."""
    lines = text.splitlines()
    start = next(at for at, line in enumerate(lines) if line.startswith(f"| {first} |"))
    table: list[list[str]] = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        # A bar inside code is written \| in a table.
        table.append([cell.replace("\\|", "|").strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return table


def anchors(path: Path) -> set[str]:
    """Return the anchors of a document's headings, as the usual renderers make them."""
    heads = re.findall(r"^#+ (.+)$", words(path), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}
