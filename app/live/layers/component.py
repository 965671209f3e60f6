"""The component of a race's probes: profiles over depth, a map over depth and time, one layer."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Literal

from app.data import probes, races
from app.live.layers.messages import DRAWN
from app.live.shared.component import component, surroundings
from app.live.shared.run import Run, run_colors

Layout = Literal["layers", "gradients"]

#: The first quantity of a layout, titles of quantities and side charts. ``always`` is fetched with every choice.
LAYOUTS: dict[Layout, dict[str, Any]] = {
    "layers": {
        "quantity": "response_std",
        "titles": {"response_std": "How strongly each layer responds"},
        "families": ("responses", "gradients", "directions"),
        "forms": ["order", "sorted"],
        "sides": [],
        "growth": False,
        "always": [],
    },
    "gradients": {
        "quantity": "gradient_response",
        "titles": {"gradient_response": "How strong the gradient is at each layer"},
        "families": ("gradients", "directions"),
        "forms": ["order"],
        "sides": [("gradient_cosine", "Direction"), ("activation_cosine", "Likeness")],
        "growth": True,
        "always": ["gradient_growth", "gradient_cosine", "activation_cosine"],
    },
}


def live_probes(runs: Sequence[Run], layout: Layout, key: str, race: races.Race) -> None:
    """Mount the probes of some runs of a race."""
    chosen = LAYOUTS[layout]
    rows = [row for row in probes.quantities() if race.family in row.families]
    styles = ("shared/export/buttons.css", "shared/presentation/presentation.css", "shared/replay/replay.css")
    component("layers", "skipscope_probes", *styles)(
        key=key,
        data={
            "race": race.id,
            "runs": [
                {
                    "run": run["run"],
                    "label": run["label"],
                    "family": "plain" if run["plain"] else "residual",
                    **run_colors(run),
                }
                for run in runs
            ],
            "layout": layout,
            **{name: chosen[name] for name in ("quantity", "titles", "forms", "sides", "growth", "always")},
            "offered": [row.name for row in rows if row.per in DRAWN and row.family in chosen["families"]],
            "quantities": [asdict(row) | {"noun": row.noun(race.family)} for row in rows],
            "absence": probes.absence(race.family),
            "edges": probes.histogram_edges(),
            **surroundings(
                history="live/probes/history",
                stream="live/probes/stream",
                detail="live/probes/detail",
                recording="live/recording",
            ),  # fmt: skip
        },
        on_command_change=_on_command,
    )


def _on_command() -> None:
    """Rerun the page after the deletion of all runs: the script then finds another race."""
