"""Faults in the page's Python: who may command, what may be concluded, tables, gates."""

from tests.faults.fault import Fault, Room

ROOM = Room(
    name="app",
    quick=(
        "tests/engine/analysis/test_verdict.py",
        "tests/engine/analysis/test_statement.py",
        "tests/app/data/test_run_table.py",
        "tests/app/web/test_middleware.py",
        "tests/app/web/test_presenter_link.py",
        "tests/architecture/test_commands.py",
    ),
    rest=(
        "tests/app",
        "tests/e2e",
    ),
    faults=(
        Fault(
            name="unguarded-command",
            file="app/data/commands.py",
            text="@requires_presenter\ndef annotate(",
            faulty="def annotate(",
            breaks="Whoever only looks on at a shared page can write notes on its runs.",
        ),
        Fault(
            name="wrong-arm-in-the-verdict",
            file="engine/analysis/statement.py",
            text='return f"{finding.deep.arm} is {_apart(finding.gap, points)} {finding.shallow.arm}"',
            faulty='return f"{finding.shallow.arm} is {_apart(finding.gap, points)} {finding.deep.arm}"',
            breaks="The verdict says that the shallow net is above the deep one where it is the other way.",
        ),
        Fault(
            name="touching-bands-apart",
            file="engine/analysis/verdict.py",
            text="if min(deep) > max(shallow):",
            faulty="if min(deep) >= max(shallow):",
            breaks="Bands that touch count as apart: degradation is found where none is shown.",
        ),
        Fault(
            name="forks-are-compared",
            file="app/data/streaming.py",
            text="if row.parent_run is None\n",
            faulty="if row.parent_run != 0\n",
            breaks="A fork takes its parent's place in the verdict.",
        ),
        Fault(
            name="lost-arm-not-named",
            file="engine/analysis/verdict.py",
            text="of_type if run.depth > pairs[0].deep.depth))",
            faulty="of_type if run.depth > pairs[0].deep.depth and run.step))",
            breaks="A deepest arm that broke before its first step does not keep the verdict open.",
        ),
        Fault(
            name="subset-for-the-whole-test-set",
            file="app/data/run_table.py",
            text='(row.whole, whole, "all") if whole >= part',
            faulty='(row.whole, whole, "all") if whole > part',
            breaks="At the end of a run the table of runs shows the error of the live subset.",
        ),
        Fault(
            name="first-seed-not-repeated",
            file="app/data/races.py",
            text="str(self.first_seed)] if self.first_seed != 0 else []",
            faulty="str(self.first_seed)] if self.seeds != 1 else []",
            breaks="The command that repeats a race of one seed starts it with another seed.",
        ),
        Fault(
            name="presenter-kept-out",
            file="app/web/middleware.py",
            text="if not kind or presenter_link.is_presenter(HTTPConnection(scope).cookies):",
            faulty="if not kind:",
            breaks="When the audience fills the server, the presenter does not get in either.",
        ),
        Fault(
            name="button-does-not-measure",
            file="app/data/run_times.py",
            text="if unasked and not can_measure():",
            faulty="if not can_measure():",
            breaks="Measuring a race's time by the button does nothing while something trains, or has just ended.",
            added_late=True,
        ),
        Fault(
            name="hidden-rows-deselected",
            file="app/views/runs/view.py",
            text="self.choose([*(number for number in self.ids if number not in visible), *marked])",
            faulty="self.choose(marked)",
            breaks="Who selects a run under a filter loses the selected runs that the filter hides.",
            added_late=True,
        ),
    ),
)
