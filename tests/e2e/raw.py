"""A connection to the page without a browser: it sends what it likes, whatever is drawn."""

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

#: The page's script ends like this when it starts over by itself.
_AGAIN = ForwardMsg.FINISHED_EARLY_FOR_RERUN
#: A question that the session answers after it has looked at what came before.
_AFTERWARDS = BackMsg(app_heartbeat=True).SerializeToString()


@dataclass(frozen=True)
class Button:
    """A button as the server sent it."""

    id: str
    fragment: str


class RawPage:
    """One WebSocket of the page, with or without a cookie.

    With ``session`` it asks to go on with one that was left. ``pages``, ``widgets``, ``buttons``, ``components``,
    ``fragments`` and ``texts`` are what it was sent so far.
    """

    def __init__(self, url: str, cookie: str = "", origin: str | None = None, session: str = ""):
        headers = {"Cookie": cookie} if cookie else {}
        spoken = ["streamlit", "none", session] if session else None
        address = url.replace("http", "ws", 1) + "/_stcore/stream"
        # Without pings: their thread draws numbers of Python's own generator, which other tests look after.
        self._opening = connect(
            address, origin=origin or url, subprotocols=spoken, additional_headers=headers, max_size=None,
            ping_interval=None,
        )  # fmt: skip
        self.session = ""
        self.pages: dict[str, str] = {}
        self.buttons: dict[str, Button] = {}
        self.widgets: set[str] = set()
        self.components: dict[str, str] = {}
        self.fragments: set[str] = set()
        #: Those of the last run of the whole script: the session holds no others.
        self._held: set[str] = set()
        self.texts: list[str] = []
        self.alerts: list[str] = []
        #: Errors of the script that its page shows, and whether the last run of the script came to an end.
        self.raised: list[str] = []
        self.ended = False

    def __enter__(self) -> "RawPage":
        self.socket = self._opening.__enter__()
        return self

    def __exit__(self, *raised: Any) -> None:
        self._opening.__exit__(*raised)

    def run(
        self, page: str = "", widgets: dict[str, object] | None = None, fragment: str = "", query: str = ""
    ) -> None:
        """Run the script as a browser asks for it; ``widgets`` maps ids to values, True for what was pressed."""
        message = BackMsg()
        asked = message.rerun_script
        asked.query_string, asked.fragment_id, asked.page_script_hash = query, fragment, self.pages.get(page, "")
        if page not in self.pages:
            asked.page_name = page
        for name, value in (widgets or {}).items():
            state = asked.widget_states.widgets.add(id=name)
            if value is True:
                state.trigger_value = True
            elif isinstance(value, dict):
                state.json_trigger_value = json.dumps([{"event": "command", "value": value}])
            elif isinstance(value, int):
                state.int_value = value
            else:
                state.string_array_value.data.append(str(value))
        self.send(message.SerializeToString())

    def send(self, frame: bytes) -> None:
        """Send one frame as it is, and hear the answer to its end."""
        self.socket.send(frame)
        message = BackMsg.FromString(frame)
        if message.WhichOneof("type") != "rerun_script":
            return
        fragment, seconds = message.rerun_script.fragment_id, 30.0
        if fragment:
            self.socket.send(_AFTERWARDS)
        else:
            self._held = set()
        with suppress(TimeoutError):
            while True:
                heard = ForwardMsg.FromString(self.socket.recv(timeout=seconds))
                if heard.heartbeat_ack:
                    # A fragment that this session does not hold ends without a word, and that was it.
                    seconds = 0.5 if fragment in self._held else 0.1
                elif not self._hear(heard):
                    return

    def send_any(self, frame: bytes) -> None:
        """Send a frame that may be none of a page's. Raises ConnectionClosed where the server ends it."""
        try:
            message = BackMsg.FromString(frame)
        except Exception:  # protobuf's own kind of error; the package is Streamlit's matter
            self.socket.send(frame)
            self.socket.recv(timeout=30.0)  # nothing but the end comes
            return
        if message.WhichOneof("type") == "rerun_script":
            self.send(frame)
            return
        self.socket.send(frame)
        if frame != _AFTERWARDS:
            self.socket.send(_AFTERWARDS)
        with suppress(TimeoutError):
            while True:
                heard = ForwardMsg.FromString(self.socket.recv(timeout=5.0))
                if heard.heartbeat_ack:
                    return
                self._hear(heard)

    def _hear(self, message: ForwardMsg) -> bool:
        """Note what a message brings; returns whether more will come."""
        kind = message.WhichOneof("type")
        if kind == "navigation":
            self.pages = {page.url_pathname: page.page_script_hash for page in message.navigation.app_pages}
        elif kind == "new_session":
            self.session = message.new_session.initialize.session_id
        elif kind == "delta":
            self.fragments.add(message.delta.fragment_id)
            self._held.add(message.delta.fragment_id)
            element = message.delta.new_element
            inner = element.WhichOneof("type")
            self.widgets.add(getattr(getattr(element, inner or "", None), "id", ""))
            if inner == "button":
                self.buttons[element.button.id] = Button(element.button.id, message.delta.fragment_id)
            elif inner == "bidi_component":
                self.components[element.bidi_component.id] = element.bidi_component.json
            elif inner in ("alert", "markdown"):
                self.texts.append(getattr(element, inner).body)
                self.alerts += [element.alert.body] * (inner == "alert")
            elif inner == "exception":
                self.raised.append(element.exception.message)
        self.ended = kind == "script_finished"
        return kind != "script_finished" or message.script_finished == _AGAIN

    def trigger_of(self, key: str) -> str:
        """The id under which the component with this key sends its commands."""
        (found,) = self.triggers_of(key)
        return found

    def triggers_of(self, key: str) -> list[str]:
        """As ``trigger_of``, of every page that has such a component."""
        found = [name for name in self.components if name.endswith(f"-{key}")]
        return [f"$$STREAMLIT_INTERNAL_KEY_{name}__events" for name in found]
