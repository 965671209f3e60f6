"""The switches above a lab's pictures, by lab; a lab without an entry has none."""

from app.live.labs.component import CurveSelector, Style

SELECTORS: dict[str, CurveSelector] = {
    "gradients": CurveSelector(
        label="Batch norm",
        kinds={"without BN": "off", "with BN": "on", "residual with BN": "on, with shortcuts"},
        kind="with BN",
        setting="gain",
        measure="Measure this gain",
        # Hue says plain or residual, as on every page; the dash says without batch norm.
        styles={"without BN": Style("none", "dash"), "with BN": Style("none"), "residual with BN": Style("A")},
        alone={"residual with BN": "With shortcuts only the job's own gain is measured"},
    ),
}
