"""The component of a race's probes: profiles over depth, a map over depth and time, one layer."""

from collections.abc import Sequence

from app.data import races
from app.live.layers.messages import STYLES, Layout, shown_probes
from app.live.shared.component import component, surroundings
from app.live.shared.run import Run


def live_probes(runs: Sequence[Run], layout: Layout, key: str, race: races.Race) -> None:
    """Mount the probes of some runs of a race."""
    component("layers", "skipscope_probes", *STYLES)(
        key=key,
        data={
            **shown_probes(runs, layout, race),
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
