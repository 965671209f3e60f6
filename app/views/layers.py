"""The page "Layers": the responses of each layer of a race's nets, live and over time."""

from app.data import races
from app.live.layers.component import live_probes
from app.live.shared.run import runs_of
from app.views import page_frame, picker
from app.views.race import audience
from app.web import presenter_link

TITLE = "Layers: how strongly each one responds"


def render() -> None:
    """Draw the page in whichever state the workspace is."""
    if not page_frame.usable(TITLE):
        return
    race = picker.titled_race(
        TITLE,
        "There is no race yet. Once one trains, the responses of every layer of its nets are drawn here while it "
        f"learns. {'The Race page' if presenter_link.may_command() else 'The presenter'} starts one.",
    )
    if race:
        audience.newer(max(listed.id for listed in races.races()))
        live_probes(runs_of(race), "layers", key="layers", race=race)
