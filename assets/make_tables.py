"""Write the tables of recorded races into the README, the results and the guide, from the bundles.

    python assets/make_tables.py            writes what stands between `<!-- recorded NAME -->` and `<!-- end -->`
    python assets/make_tables.py --check    writes nothing; ends with 1 where a table is not that of the bundles

A table holds the numbers of `assets/recordings` alone, but for one column: the figures of the paper.
"""

import math
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

from engine.exchange.recorded_errors import RecordedRun, recorded_runs  # noqa: E402
from engine.exchange.recordings import Recording, recordings  # noqa: E402
from engine.models.arm_names import arm_label, variant_name  # noqa: E402
from engine.models.registry import get_shortcut  # noqa: E402

FILES = ("README.md", "assets/docs/results.md", "assets/guide/q1-why-can-depth-hurt.md")
BLOCK = re.compile(r"(<!-- recorded (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
NONE = "–"


def paper() -> dict[int, float]:
    """Return the paper's test errors of residual nets in percent, 64,000 updates on CIFAR-10, by depth.

    Source: He et al. 2015, Table 6. It prints no number of a plain net, and has no net of 8 or 14 layers.
    """
    rows = get_shortcut("A").published
    table = [row for row in rows if row.data == "CIFAR-10" and row.source.endswith("(1512.03385), Table 6")]
    return {int(row.net.removeprefix("ResNet-")): row.error for row in table}


def main() -> int:
    """Write or check all tables."""
    check = "--check" in sys.argv[1:]
    stale = [name for name in FILES if rewrite(PROJECT / name, write=not check)]
    for name in stale:
        print(f"{name}: {'a table is not that of the bundles' if check else 'written'}")
    return 1 if check and stale else 0


def rewrite(path: Path, *, write: bool) -> bool:
    """Return whether a table of a file is not that of the bundles; ``write`` puts it right."""
    text = path.read_text(encoding="utf-8")
    fresh = BLOCK.sub(lambda found: f"{found[1]}{TABLES[found[2]]()}\n{found[3]}", text)
    if write and fresh != text:
        path.write_text(fresh, encoding="utf-8")
    return fresh != text


def _runs(name: str) -> tuple[RecordedRun, ...]:
    return recorded_runs(recordings()[name].path)


def _row(cells: Sequence[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    return "\n".join(map(_row, (head, ["---"] * len(head), *rows)))


def _number(value: float, digits: int = 1) -> str:
    rounded = round(value, digits) + 0.0  # no minus before a zero
    return NONE if math.isnan(value) else f"{rounded:.{digits}f}".replace("-", "−")


def _by_seed(name: str) -> str:
    """Return the running training errors of a race, a row for each seed, with the gaps of plain and residual nets."""
    runs = [run for run in _runs(name) if not run.fork]
    depths = sorted({run.depth for run in runs})
    shortcuts = list(dict.fromkeys(run.shortcut for run in runs))
    error = {(run.seed, run.shortcut, run.depth): run.running for run in runs}
    head = ["seed", *(arm_label(depth, each) for each in shortcuts for depth in depths)]
    head += [f"{variant_name(each)} gap" for each in shortcuts]
    rows = [
        [
            seed,
            *(_number(error[seed, each, depth]) for each in shortcuts for depth in depths),
            *(_number(error[seed, each, depths[-1]] - error[seed, each, depths[0]]) for each in shortcuts),
        ]
        for seed in sorted({run.seed for run in runs})
    ]
    return _table(head, rows)


def _over_depth(name: str, published: Mapping[int, float] | None = None) -> str:
    """Return training and test errors of a race of one seed, a row for each depth, beside ``published`` test errors."""
    runs = [run for run in _runs(name) if not run.fork]
    of = {(run.shortcut, run.depth): run for run in runs}
    shortcuts = list(dict.fromkeys(run.shortcut for run in runs))
    head = ["layers, errors in %"]
    for each in shortcuts:
        head += [f"{variant_name(each)} {kind}" for kind in ("running", "clean", "test")]
    head += ["paper, A test"] * (published is not None)
    rows = []
    for depth in sorted({run.depth for run in runs}):
        cells: list[object] = [depth]
        for each in shortcuts:
            run = of[each, depth]
            cells += map(_number, (run.running, run.clean, run.test))
        if published is not None:
            cells.append(_number(published.get(depth, math.nan), 2))
        rows.append(cells)
    return _table(head, rows)


def _gains() -> str:
    """Return clean training and test errors of the race on CIFAR-10 beside the paper's, narrow enough for a phone."""
    of = {(run.shortcut, run.depth): run for run in _runs("cifar") if not run.fork}
    published = paper()
    rows = [
        [
            depth,
            *(f"{_number(run.clean)} / {_number(run.test)}" for run in (of["none", depth], of["A", depth])),
            _number(published.get(depth, math.nan), 2),
        ]
        for depth in sorted({depth for _, depth in of})
    ]
    return _table(["layers", "plain: clean / test, %", "residual: clean / test, %", "paper, residual: test, %"], rows)


def _list() -> str:
    """Return all recorded races with their commands, caveats and bytes."""
    return _table(
        ["recorded race", "what it shows", "made by `python -m engine`", "what it does not show", "kB"],
        [
            [row.title, row.shows, "; ".join(f"`{each}`" for each in row.commands), " ".join(row.caveats), _kb(row)]
            for row in recordings().values()
        ],
    )


def _kb(row: Recording) -> int:
    return round(row.path.stat().st_size / 1000)


def _cut() -> str:
    """Return the errors of the net that goes on with and without its shortcuts."""
    kinds = {False: "with its shortcuts", True: "shortcuts cut half-way"}
    return _table(
        ["net", "running", "clean", "test"],
        [
            [f"{arm_label(run.depth, run.shortcut)}, {kinds[run.fork]}",
             *map(_number, (run.running, run.clean, run.test))]
            for run in _runs("cut")
        ],
    )  # fmt: skip


TABLES: dict[str, Callable[[], str]] = {
    "list": _list,
    "quick": lambda: _by_seed("quick"),
    "start": lambda: _by_seed("start"),
    "depth": lambda: _over_depth("depth"),
    "deep": lambda: _over_depth("deep"),
    "cifar": lambda: _over_depth("cifar", paper()),
    "gains": _gains,
    "cut": _cut,
}

if __name__ == "__main__":
    sys.exit(main())
