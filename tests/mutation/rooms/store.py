"""Faults in the database: cursors, transactions, thinning, codes, what viewers are told."""

from tests.mutation.fault import Fault, Room

ROOM = Room(
    name="store",
    quick=(
        "tests/engine/store/test_store.py",
        "tests/engine/store/test_decimate.py",
        "tests/engine/store/test_blobs.py",
        "tests/engine/store/tables/test_run_list.py",
    ),
    rest=(
        "tests/engine/store",
        "tests/contracts/test_decimation.py",
        "tests/engine/runs/test_intervention_commands.py",
    ),
    faults=(
        Fault(
            name="cursor-off-by-one",
            file="engine/store/tables/points.py",
            text='if since < point["id"] <= upto',
            faulty='if since < point["id"] < upto',
            breaks="The newest point of every look at the stream is never sent.",
        ),
        Fault(
            name="half-a-transaction-stays",
            file="engine/store/connection.py",
            text="roll_back(self._connection)",
            faulty='self._connection.execute("COMMIT")',
            breaks="What an interrupted transaction wrote so far stays in the database.",
        ),
        Fault(
            name="recomputed-steps-twice",
            file="engine/store/tables/points.py",
            text="by_step.pop(step, None)",
            faulty="pass",
            breaks="Steps that are computed again after a resume are on record twice.",
        ),
        Fault(
            name="last-point-of-a-bucket",
            file="engine/store/decimate.py",
            text="kept = [starts[:1], ends - 1]",
            faulty="kept = [starts]",
            breaks="A thinned curve ends before its last point.",
        ),
        Fault(
            name="rare-responses-vanish",
            file="engine/store/blobs.py",
            text="np.maximum(1, np.round(root))",
            faulty="np.round(root)",
            breaks="The rarest bins of a histogram are stored as empty.",
        ),
        Fault(
            name="deletion-unannounced",
            file="engine/store/tables/jobs.py",
            text='(run, row["race"], revision)',
            faulty='(run, row["race"], 0)',
            breaks="Other viewers go on showing a run that was deleted.",
        ),
        Fault(
            name="claimed-command-withdrawn",
            file="engine/store/tables/commands.py",
            text=" WHERE id = ? AND claimed IS NULL AND done IS NULL",
            faulty=" WHERE id = ? AND done IS NULL",
            breaks="A command is said to be taken back that the engine is carrying out.",
        ),
        Fault(
            name="test-error-of-any-time",
            file="engine/store/tables/run_list.py",
            text="AND p.split = '{split.value}' ORDER BY p.step DESC LIMIT 1)",
            faulty="AND p.split = '{split.value}' ORDER BY p.step LIMIT 1)",
            breaks="The table of runs shows the first figures of a run instead of the last.",
        ),
        Fault(
            name="step-falls-back",
            file="engine/store/tables/points.py",
            text="SET step = max(step, ?), seconds",
            faulty="SET step = ?, seconds",
            breaks="A resumed run that computes steps again is shown as if it had lost what it had done.",
            added_late=True,
        ),
        Fault(
            name="newest-probe-thinned-away",
            file="engine/store/tables/probes.py",
            text="if index < _KEPT_FIRST or index % stride == 0 or index == total - 1",
            faulty="if index < _KEPT_FIRST or index % stride == 0",
            breaks="Of a run with many probes the newest one is not shown when its page is loaded.",
            added_late=True,
        ),
    ),
)
