"""Faults in the page's JavaScript: the points it holds, how it looks at them, what it draws."""

from tests.mutation.fault import Fault, Room

ROOM = Room(
    name="browser",
    quick=("tests/app/live/test_browser_modules.py",),
    rest=(
        "tests/e2e/test_live_page.py",
        "tests/e2e/test_layers_page.py",
        "tests/e2e/test_stage.py",
        "tests/e2e",
    ),
    faults=(
        Fault(
            name="a-zoom-for-ever",
            file="app/live/race/chart/axes.js",
            text="range: [...yRange],",
            faulty="range: yRange,",
            breaks="Reset zoom leaves the error axis zoomed: Plotly wrote into the constant of the whole range.",
            added_late=True,
        ),
        Fault(
            name="dropped-last-point",
            file="app/live/race/series.js",
            text="for (let i = 0; i < flat.length; i += 3) {",
            faulty="for (let i = 0; i < flat.length - 3; i += 3) {",
            breaks="The last point of every message is missing, and with it the running mean.",
        ),
        Fault(
            name="lost-zoom",
            file="app/live/race/panel/view_state.js",
            text='x && !changed.some(([key]) => key === "x") ? zoomText({ x }) : null',
            faulty="null",
            breaks="Another quantity or scale throws the zoomed range of steps away.",
        ),
        Fault(
            name="zoomed-link-stays-coarse",
            file="app/live/race/view.js",
            text="    // A link into a part of the curves; and what was fine stays so, with what has come since.\n"
            "    if (this.view.zoom && !answer.fine?.size) this",
            faulty="    if (this.view.zoom && !answer.fine?.size && before.size) this",
            breaks="A link into a part of a long run shows the thinned points of the whole.",
        ),
        Fault(
            name="replay-knows-the-end",
            file="app/live/shared/replay/recording.js",
            text='state, total_steps, detail: "", cause: "", step',
            faulty="total_steps, step",
            breaks="A replay says at its begin which run will diverge.",
        ),
        Fault(
            name="replay-called-live",
            file="app/live/shared/link_status.js",
            text='const state = link === "replay" ? link : stateOf(runs);',
            faulty="const state = stateOf(runs);",
            breaks="A recording that plays says LIVE.",
        ),
        Fault(
            name="swapped-colours",
            file="app/live/layers/panels/scale.js",
            text="(255 << 24) | (blue << 16) | (green << 8) | red",
            faulty="(255 << 24) | (red << 16) | (green << 8) | blue",
            breaks="Red and blue are swapped in the map of layers and time, but not in its colour bar.",
        ),
        Fault(
            name="gap-the-other-way",
            file="app/live/race/chart/differences.js",
            text="rows.value[count] = values[0] - values[1];",
            faulty="rows.value[count] = values[1] - values[0];",
            breaks="The gap chart draws shallower minus deeper.",
        ),
        Fault(
            name="diverged-seed-in-the-mean",
            file="app/live/race/chart/seed_stats.js",
            text="members.filter(({ step, diverged }) => step.length && !diverged)",
            faulty="members.filter(({ step }) => step.length)",
            breaks="A seed that diverged counts into the mean of its arm.",
        ),
        Fault(
            name="last-point-of-a-thinned-curve",
            file="app/live/shared/decimate.js",
            text="best[6] = index;",
            faulty="best[6] ??= index;",
            breaks="Beside a zoom a curve that is thinned in the browser ends early.",
        ),
        Fault(
            name="map-shows-the-column-before",
            file="app/live/layers/panels/columns.js",
            text="if (this.steps[middle] <= step) low = middle + 1;",
            faulty="if (this.steps[middle] < step) low = middle + 1;",
            breaks="At every step that was probed the page shows what was measured before it.",
        ),
        Fault(
            name="delete-without-asking",
            file="app/live/race/panel/cards.js",
            text='const CONFIRMED = new Set(["delete", "stop"]);',
            faulty='const CONFIRMED = new Set(["stop"]);',
            breaks="One press on Delete removes a run without asking.",
        ),
        Fault(
            name="epochs-of-one-image",
            file="app/live/race/chart/axes.js",
            text="points.step.map((step) => (step * card.batch_size) / (card.train_images || 1))",
            faulty="points.step.map((step) => step / (card.train_images || 1))",
            breaks="Against epochs, curves and their axis are too short by the size of a batch.",
        ),
        Fault(
            name="changed-run-over-depth",
            file="app/live/shared/arm_names.js",
            text="return !card.difference;",
            faulty="return card.parent === null;",
            breaks="A run that was changed while it trained is part of an arm's mean in the error against depth.",
        ),
        Fault(
            name="follows-the-fastest-net",
            file="app/live/layers/timeline.js",
            text="findLastIndex((at) => at <= common)",
            faulty="findLastIndex((at) => at <= last)",
            breaks="Who follows the newest probe is shown a step that slower nets have not reached.",
            added_late=True,
        ),
    ),
)
