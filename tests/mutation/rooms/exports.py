"""Faults in what is taken away from the page: tables, pictures, captions."""

from tests.mutation.fault import Fault, Room

ROOM = Room(
    name="exports",
    quick=(
        "tests/app/live/test_browser_modules.py",
        "tests/e2e/test_share.py",
    ),
    rest=(
        "tests/e2e/test_export_picture.py",
        "tests/e2e/test_layers_page.py",
        "tests/e2e",
    ),
    faults=(
        Fault(
            name="loss-and-error-swapped",
            file="app/live/race/panel/csv.js",
            text='...["seconds", "loss", "error", "running_loss", "running_error"].map(',
            faulty='...["seconds", "error", "loss", "running_loss", "running_error"].map(',
            breaks="In the table of a race the columns of loss and error hold each other's values.",
        ),
        Fault(
            name="quotes-break-the-table",
            file="app/live/shared/format.js",
            text="""text.replaceAll('"', '""')""",
            faulty="text",
            breaks="A name with a quote in it shifts the fields of its row.",
        ),
        Fault(
            name="picture-of-the-whole",
            file="app/live/shared/export/image.js",
            text="range: [...plot._fullLayout[key].range], autorange: false };",
            faulty="range: [...plot._fullLayout[key].range], autorange: true };",
            breaks="A picture of a zoomed chart shows the whole.",
        ),
        Fault(
            name="caption-of-the-fewest-steps",
            file="app/live/race/chart/legend.js",
            text="const planned = Math.max(...cards.map((card) => card.total_steps));",
            faulty="const planned = Math.min(...cards.map((card) => card.total_steps));",
            breaks="The caption names the plan of the shortest run as that of all.",
        ),
        Fault(
            name="bins-shifted-by-one",
            file="app/live/layers/export.js",
            text='edges[bin - 1] ?? "-inf", edges[bin] ?? "inf", share]',
            faulty='edges[bin] ?? "-inf", edges[bin + 1] ?? "inf", share]',
            breaks="The table of a histogram gives every share to the next bin.",
        ),
        Fault(
            name="infinite-as-missing",
            file="app/live/layers/export.js",
            text='return value === Infinity ? "inf" : Number.isNaN(value) ? null',
            faulty="return !Number.isFinite(value) ? null",
            breaks="Values that exploded are empty fields in the table, as if nothing had been measured.",
        ),
        Fault(
            name="layers-numbered-upside-down",
            file="app/live/shared/export/map_picture.js",
            text="const [first, last] = downwards ? [top + 10, top + height] : [top + height, top + 10];",
            faulty="const [first, last] = downwards ? [top + height, top + 10] : [top + 10, top + height];",
            breaks="In the saved picture of the map of layers and time layer 1 is named at the end of the last layer.",
            added_late=True,
        ),
    ),
)
