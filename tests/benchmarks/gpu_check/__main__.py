"""Check on a GPU what was never tried on one: one JSON document and one log, part by part.

    python -m tests.benchmarks.gpu_check --out F [--part N]... [--replace | --add] [--device cuda:0]
    python -m tests.benchmarks.gpu_check --report F

Each part is a process with a time limit; one that fails or hangs does not stop the next. Without a GPU every part says
that it was not run, and why; such a file gives way to the next check. ``--device cpu`` is a rehearsal in tiny sizes,
which measures nothing. ``--report`` prints a check as Markdown for the results. The log is ``F`` with the ending
``.log``.

Exit codes: 0 when no part failed, 1 when one did, 2 for a wrong call.
"""

import argparse
import sys

from engine.errors import SkipscopeError
from tests.benchmarks.gpu_check.document import FAILED, read
from tests.benchmarks.gpu_check.files import named
from tests.benchmarks.gpu_check.parts import PARTS
from tests.benchmarks.gpu_check.report import markdown
from tests.benchmarks.gpu_check.series import Series


def main(words: list[str]) -> int:
    """Run the check or print a report; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.gpu_check", description=__doc__.split("\n", 1)[0],
        epilog="Parts: " + "; ".join(f"{part.number} {part.name}" for part in PARTS.values()),
    )  # fmt: skip
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--out", metavar="F", help="the JSON file to write; the log lies beside it")
    what.add_argument("--report", metavar="F", help="print a finished check as Markdown")
    parser.add_argument("--part", type=int, action="append", choices=PARTS, metavar="N", help="only this part")
    there = parser.add_mutually_exclusive_group()
    there.add_argument("--replace", action="store_true", help="write over files of that name")
    there.add_argument("--add", action="store_true", help="run what has not passed in F, a check that has ended")
    parser.add_argument("--device", default="cuda:0", metavar="D", help="cuda:N; cpu: a rehearsal in tiny sizes")
    options = parser.parse_args(words)
    try:
        if options.report is not None:
            print(markdown(read(named(options.report, "--report"))))
            return 0
        series = Series(named(options.out, "--out"), options.device, replace=options.replace, add=options.add)
        document = series.run(sorted(set(options.part or PARTS)))
    except SkipscopeError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 1 if any(row["state"] == FAILED for row in document["parts"]) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
