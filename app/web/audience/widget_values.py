"""Values of widgets in what a page of the audience says: those that no page sends are left out.

Streamlit reads a value while the script runs, and fails at a wrong type or at broken JSON with a traceback in the log.
"""

import json

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

#: How Streamlit names what takes the triggers of a component, and the one kind of value that it reads there.
_TRIGGERS, _OF_TRIGGERS = ("$$STREAMLIT_INTERNAL_KEY_", "__events"), "json_trigger_value"
_JSON = ("json_value", _OF_TRIGGERS)


def readable(content: bytes) -> bytes:
    """Return a message that asks for a rerun without the values that its widgets cannot read."""
    message = BackMsg.FromString(content)
    states = message.rerun_script.widget_states.widgets
    kept = [state for state in states if _is_readable(state)]
    if len(kept) == len(states):
        return content
    del states[:]
    states.extend(kept)
    return bytes(message.SerializeToString())


def _is_readable(state: WidgetState) -> bool:
    kind = state.WhichOneof("value")
    first, last = _TRIGGERS
    if kind != _OF_TRIGGERS and state.id.startswith(first) and state.id.endswith(last):
        return False
    if kind not in _JSON:
        return True
    try:
        json.loads(getattr(state, kind))
    except (ValueError, RecursionError):  # broken, or a number of thousands of digits; too deep
        return False
    return True
