"""Frames of a page's WebSocket: messages of Streamlit's own classes with odd values in them, then odd bytes."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

from tests.e2e.test_share import OF_A_LAB, VERBS
from tests.fuzz.odd import cut_bytes, numbers, often, scalars, texts, values

#: Everything that some page takes for a command.
ALL_VERBS = (
    *dict.fromkeys(
        (*VERBS, *OF_A_LAB, "gone", "ended", "next", "train", "keep", "show", "end", "live", "vote", "look")
    ),
)
#: What commands are about, with right values.
_ARGUMENTS = {
    "run": (1, 2, 4), "step": (5, 20), "scene": (1, 2), "question": ("plain",), "choice": (1,), "setting": ("gain",),
    "value": (0.7,), "key": ("cut",), "at": (1,), "name": ("x",), "note": ("x",), "race": (1,), "settings": ({},),
}  # fmt: skip
#: What the page of instant races sets.
_CHOICE = {
    "depth": (16, 32), "shortcut": ("A", "skipinit"), "strength": (1.0, 0.5), "lr": (0.001,), "seed": (0, 3),
}  # fmt: skip
_KINDS = (
    "clear_cache", "set_run_on_save", "stop_script", "load_git_info", "debug_disconnect_websocket",
    "debug_shutdown_runtime", "app_heartbeat",
)  # fmt: skip


@dataclass(frozen=True)
class DrawnPage:
    """What one page holds, as a presenter saw it: its hash, ids of widgets, commands and fragments."""

    name: str
    hash: str
    widgets: tuple[str, ...]
    triggers: tuple[str, ...]
    fragments: tuple[str, ...]


@dataclass(frozen=True)
class Sent:
    """A frame, the page that its session looks at, and whether the session has a forged cookie."""

    page: str
    forged: bool
    frame: bytes


def frames(pages: Sequence[DrawnPage]) -> SearchStrategy[Sent]:
    """One frame: most are messages, some were changed afterwards, some are noise."""

    @cache
    def of(page: DrawnPage) -> SearchStrategy[Sent]:
        message = often(*[_reruns(page, pages)] * 3, _others())
        frame = often(message, message, cut_bytes(message), st.binary(max_size=200))
        return st.builds(Sent, st.just(page.name), st.booleans(), frame)

    return st.sampled_from(sorted(pages, key=lambda page: page.name)).flatmap(of)


@cache
def commands(known: tuple[str, ...] = ALL_VERBS) -> SearchStrategy[dict[str, object]]:
    """Commands of the live components: a verb, and what it is about, right or odd."""
    verbs = often(*[st.sampled_from(known)] * 2, st.sampled_from(ALL_VERBS), texts(12))
    right = {key: st.sampled_from(usual) for key, usual in _ARGUMENTS.items()}
    right["choice"] = right["choice"] | st.fixed_dictionaries(
        {key: st.sampled_from(usual) for key, usual in _CHOICE.items()}
    )
    odd_choice = st.fixed_dictionaries(
        {}, optional={key: st.sampled_from(usual) | scalars() | values() for key, usual in _CHOICE.items()}
    )
    one_odd = st.sampled_from(sorted(_ARGUMENTS)).flatmap(_odd) | odd_choice.map(lambda choice: ("choice", choice))
    some = st.fixed_dictionaries({}, optional={key: value | scalars() for key, value in right.items()})
    base = st.fixed_dictionaries(right) | some
    odd = st.builds(lambda verb, base, odd: {"verb": verb, **base, **dict([odd])}, verbs, base, one_odd)
    return odd | st.builds(lambda verb, base: {"verb": verb, **base}, verbs, base)


@cache
def _odd(key: str) -> SearchStrategy[tuple[str, object]]:
    return st.tuples(st.just(key), values())


@st.composite
def _reruns(draw: st.DrawFn, page: DrawnPage, pages: Sequence[DrawnPage]) -> bytes:
    message = BackMsg()
    asked = message.rerun_script
    asked.query_string = _text(draw(st.sampled_from(("race=1", "", "runs=1,2", "set_preset=paper&set_lr=x")) | texts()))
    other = draw(st.sampled_from(pages)) if draw(st.integers(0, 7)) == 7 else page
    asked.page_script_hash = draw(st.sampled_from((other.hash,) * 6 + ("0" * 32, "")))
    asked.page_name = other.name if draw(st.booleans()) else ""
    if draw(st.integers(0, 3)) == 3:
        asked.fragment_id = draw(st.sampled_from((*other.fragments, "none")))
    for name in draw(st.lists(st.sampled_from(other.triggers), max_size=2)) if other.triggers else ():
        asked.widget_states.widgets.add(id=name).json_trigger_value = draw(_triggers())
    known = st.sampled_from(other.widgets) if other.widgets else st.nothing()
    for name in draw(st.lists(known | texts(30).map(_text), max_size=2)):
        _fill(draw, asked.widget_states.widgets.add(id=name))
    return message.SerializeToString()


@cache
def _triggers() -> SearchStrategy[str]:
    events = st.builds(lambda value: [{"event": "command", "value": value}], commands() | values())
    odd = st.sampled_from(
        ("[]", "null", "{}", "[[]]", '"', "[" * 3_000, '[{"event": 1}]', '[{"event":"command","value":NaN}]')
    )
    return often(*[events.map(_json)] * 2, odd, values().map(_json))


def _fill(draw: st.DrawFn, state: WidgetState) -> None:
    """Give a widget a value of any kind, which may be another kind than its own."""
    whole = st.integers(-(2**63), 2**63 - 1)
    match draw(st.sampled_from([field.name for field in WidgetState.DESCRIPTOR.fields if field.name != "id"])):
        case "trigger_value":
            state.trigger_value = True
        case "bool_value":
            state.bool_value = draw(st.booleans())
        case "double_value":
            state.double_value = draw(st.floats())
        case "int_value":
            state.int_value = draw(whole | st.integers(-1, 3))
        case "string_value":
            state.string_value = _text(draw(texts()))
        case "double_array_value":
            state.double_array_value.data.extend(draw(st.lists(st.floats(), max_size=3)))
        case "int_array_value":
            state.int_array_value.data.extend(draw(st.lists(whole | st.integers(0, 5), max_size=3)))
        case "string_array_value":
            state.string_array_value.data.extend(map(_text, draw(st.lists(texts(), max_size=3))))
        case "json_value" as kind:
            setattr(state, kind, _json(draw(values() | numbers())))
        case "json_trigger_value" as kind:
            setattr(state, kind, draw(_triggers()))
        case "bytes_value":
            state.bytes_value = draw(st.binary(max_size=50))
        case "string_trigger_value":
            state.string_trigger_value.data = _text(draw(texts()))
        case kind:
            getattr(state, kind).SetInParent()


@st.composite
def _others(draw: st.DrawFn) -> bytes:
    message = BackMsg()
    kind = draw(st.sampled_from((*_KINDS, "file_urls_request", "backend_operation_request")))
    if kind in _KINDS:
        setattr(message, kind, True)
    elif kind == "file_urls_request":
        message.file_urls_request.request_id = _text(draw(texts()))
        message.file_urls_request.file_names.extend(map(_text, draw(st.lists(texts(), max_size=3))))
    else:
        message.backend_operation_request.request_id = _text(draw(texts()))
    return message.SerializeToString()


def _text(text: str) -> str:
    return text.encode("utf-8", "replace").decode()[:4_000]


def _json(value: object) -> str:
    return json.dumps(value)[:100_000]
