"""Faults in what goes to other tools and comes from them: TensorBoard, CSV, imported lines."""

from tests.mutation.fault import Fault, Room

ROOM = Room(
    name="exchange",
    quick=(
        "tests/engine/exchange/ghosts",
        "tests/app/data/exchange/test_same_numbers.py",
    ),
    rest=(
        "tests/engine/exchange/bundle/test_imported_lines.py",
        "tests/engine/cli/test_exchange.py",
        "tests/contracts/test_formats.py",
    ),
    faults=(
        Fault(
            name="accuracy-drawn-as-error",
            file="engine/exchange/ghosts/quantities.py",
            text='split, "error", -scale, 100.0, most=most',
            faulty='split, "error", scale, 0.0, most=most',
            breaks="An accuracy of 93 % is drawn as an error of 93 %.",
        ),
        Fault(
            name="damaged-record-taken",
            file="engine/exchange/ghosts/events.py",
            text="if check_sum(data[:length]) != _SUM.unpack_from(data, length)[0]:",
            faulty="if False:",
            breaks="A damaged event file is imported with wrong numbers.",
        ),
        Fault(
            name="step-twice-taken",
            file="engine/exchange/ghosts/importing.py",
            text="if len(twice := steps[1:][np.diff(steps) == 0]):",
            faulty="if len(twice := steps[:0]):",
            breaks="Of two values at one step one is drawn, and nobody knows which.",
        ),
        Fault(
            name="spikes-thinned-away",
            file="engine/exchange/ghosts/importing.py",
            text="kept = keep_extremes(steps, [numbers], limits.MAX_LINE_POINTS)",
            faulty="kept = np.arange(0, len(steps), 1 + len(steps) // limits.MAX_LINE_POINTS)",
            breaks="A spike of a long line is not drawn.",
        ),
        Fault(
            name="bomb-of-a-tensor-made",
            file="engine/exchange/ghosts/events.py",
            text="limits.MAX_RECORD_BYTES:\n",
            faulty="2**62:\n",
            breaks="A record that says it has 2^60 bytes takes the memory of the machine.",
        ),
        Fault(
            name="running-mean-under-the-tag-of-steps",
            file="engine/exchange/tensorboard_file.py",
            text="""{'_running' if running else ''}\"""",
            faulty="""{'' if running else '_running'}\"""",
            breaks="TensorBoard shows the means of 50 steps as the single ones.",
        ),
        Fault(
            name="lines-of-the-other-race",
            file="engine/store/tables/imported/ghost_lines.py",
            text="FROM ghost_lines WHERE race IN (SELECT value FROM json_each(?)) ORDER BY id",
            faulty="FROM ghost_lines WHERE ? IS NOT NULL ORDER BY id",
            breaks="The lines beside one race are drawn beside all.",
        ),
    ),
)
