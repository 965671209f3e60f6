"""The component of a talk: scenes in the whole window, and the room that follows. Used by ``app.views.talk``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app.live.shared.component import component, surroundings
from app.live.shared.presentation.room_code import room_code
from app.live.stream.plotly_js import BASIC, CARTESIAN

#: Style sheets beside its own, by their paths below ``app/live``.
STYLES = ("shared/presentation/presentation.css",)


@dataclass(frozen=True, slots=True)
class TalkState:
    """Who looks at a talk, and what of it is live.

    ``shared``: others follow; ``live`` is a race that was started for a scene (``scene``, ``race``, ``runs``), None
    without one. ``notice`` is what was refused just now. ``waits``: the talk does not fill the window by itself.
    ``sent`` is the number of the window's newest command that the server has acted on.
    """

    role: str
    shared: bool = False
    live: Mapping[str, Any] | None = None
    notice: str = ""
    waits: bool = False
    sent: float = 0


def live_talk(talk: Mapping[str, Any], state: TalkState, on_command: Callable[[], None], key: str = "talk") -> None:
    """Mount a talk, a document of ``talk_document``.

    ``on_command`` is called before the script's next run; ``st.session_state[key].command`` then holds
    ``{"verb": ..., "at": ...}``, ``at`` is its number, which rises. Verbs: show (``scene``, ``tab``), end, live
    (``scene``), vote (``question``, ``choice``), look (at another talk or live race).
    """
    urls = {
        "history": "live/history", "stream": "live/stream", "recordings": "live/talk/recording/",
        "reference": "live/lab/reference", "room": "live/talk/stream",
        "plotly": (CARTESIAN if talk["maps"] else BASIC).address,
    }  # fmt: skip
    component("talk", "skipscope_talk", *STYLES)(
        key=key,
        data=talk_data(talk, state) | surroundings(**urls) | {"room": room_code("talk")},
        on_command_change=on_command,
    )


def talk_data(talk: Mapping[str, Any], state: TalkState) -> dict[str, Any]:
    """Return what the browser's view is told of a talk, beside its surroundings."""
    return {
        "talk": talk,
        "role": state.role,
        "shared": state.shared,
        "shares": state.shared and state.role == "presenter",
        "live": state.live,
        "notice": state.notice,
        "waits": state.waits,
        "sent": state.sent,
        "offline": False,
    }
