"""What a page of the audience gives its widgets: what they cannot read is left out, all else stays as it came."""

import json

import pytest
from streamlit.components.v2.bidi_component.main import _make_trigger_id
from streamlit.proto.BackMsg_pb2 import BackMsg

from app.web.audience.widget_values import readable

TRIGGER, STATE = "$$STREAMLIT_INTERNAL_KEY_$$ID-0-talk_view__events", "$$ID-0-talk_view"
COMMAND = json.dumps([{"event": "command", "value": {"verb": "vote"}}])


def message(**values):
    asked = BackMsg()
    asked.rerun_script.query_string = "race=1"
    for name, (kind, value) in values.items():
        state = asked.rerun_script.widget_states.widgets.add(id={"trigger": TRIGGER, "state": STATE}.get(name, name))
        if kind is not None:
            setattr(state, kind, value)
    return asked


def left(asked):
    heard = BackMsg.FromString(readable(asked.SerializeToString()))
    assert heard.rerun_script.query_string == "race=1"
    return [state.id for state in heard.rerun_script.widget_states.widgets]


def test_triggers_are_named_as_streamlit_names_them():
    assert _make_trigger_id(STATE, "events") == TRIGGER


@pytest.mark.parametrize(
    ("kind", "value"),
    [("trigger_value", True), ("int_value", 3), ("bytes_value", b"x"), ("string_value", "[]"), (None, None),
     ("json_trigger_value", '"'), ("json_trigger_value", "[" * 3_000), ("json_trigger_value", "9" * 5_000)],
)  # fmt: skip
def test_a_trigger_of_a_wrong_type_or_of_broken_json_is_left_out(kind, value):
    asked = message(trigger=(kind, value), other=("int_value", 1))
    assert left(asked) == ["other"]


def test_a_state_of_broken_json_is_left_out():
    assert left(message(state=("json_value", "{"), trigger=("json_trigger_value", COMMAND))) == [TRIGGER]


def test_what_pages_send_stays_byte_by_byte():
    asked = message(trigger=("json_trigger_value", COMMAND), state=("json_value", "{}"), button=("trigger_value", True))
    content = asked.SerializeToString()
    assert readable(content) is content
