"""Faults in what a person asks for and gets to read on the command line: configs, planning, verbs."""

from tests.mutation.fault import Fault, Room

ROOM = Room(
    name="cli",
    quick=(
        "tests/engine/test_config.py",
        "tests/engine/runs/protocol/test_planning.py",
        "tests/engine/cli/test_layers.py",
    ),
    rest=("tests/engine/cli",),
    faults=(
        Fault(
            name="depth-exceptions-lost",
            file="engine/config/race.py",
            text='{**self.per_depth.get(depth, {}), "model.depth": depth',
            faulty='{"model.depth": depth',
            breaks="The paper's warm-up of depth 110 is not used.",
        ),
        Fault(
            name="digits-are-mirrored",
            file="engine/runs/protocol/planning.py",
            text='if not source.mirrors and "data.flip" not in chosen_keys:',
            faulty='if source.mirrors and "data.flip" not in chosen_keys:',
            breaks="House numbers are mirrored in training, and pictures of things are not.",
        ),
        Fault(
            name="setting-given-twice",
            file="engine/cli/output.py",
            text='if key == other or key.rsplit(".", 1)[-1] == other or other.rsplit(".", 1)[-1] == key:',
            faulty="if key == other:",
            breaks="A setting that is given as lr and as optim.lr is taken without a word, one of the two.",
        ),
        Fault(
            name="subset-as-test-error",
            file="engine/cli/output.py",
            text='"test_error": figure(row, Split.TEST, "error")',
            faulty='"test_error": figure(row, Split.TEST_SUBSET, "error")',
            breaks="The JSON document gives the error of the live subset as that of the full test set.",
        ),
        Fault(
            name="exit-status-of-a-failed-race",
            file="engine/cli/races.py",
            text="return 0 if len(finished) == len(self._runs) else 1",
            faulty="return 0 if finished else 1",
            breaks="A race of which one run failed exits with 0.",
        ),
        Fault(
            name="nearest-steps-are-the-first",
            file="engine/cli/layers.py",
            text="key=lambda other: abs(other - requested))[:3]",
            faulty="key=lambda other: other - requested)[:3]",
            breaks="Asked for a step that was not probed, `layers` names the first three probes as the nearest.",
            added_late=True,
        ),
        Fault(
            name="step-of-an-earlier-change",
            file="engine/cli/interventions.py",
            text="(c for c in reader.interventions.changes(run) if (c.key, c.created) == (key, row.created))",
            faulty="(c for c in reader.interventions.changes(run) if c.key == key)",
            breaks="The second time that a setting of a live run is changed, `set` names the step of the first.",
            added_late=True,
        ),
    ),
)
