"""The common parts of pages: the note on an unusable workspace, texts in the address, commands of components."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import streamlit as st

from app.data import authorization, commands, selection, workspace
from app.views.markdown_escape import literal
from app.web import presenter_link

#: Numbers beyond it are none of a run, a step or a scene.
_MAX_NUMBER = 2**53


def usable(title: str = "") -> bool:
    """Return whether the workspace is usable; else draw the reason below the title."""
    health = workspace.health()
    if not health.usable:
        if title:
            st.header(title, anchor=False)
        way_out = " The Race page says what can be done." if presenter_link.may_command() else ""
        st.error(f"{literal(health.message)}{way_out}", icon=":material/error:")
    notes(health)
    return health.usable


def notes(health: workspace.Health) -> None:
    """Draw why the workspace takes no writes."""
    for line in health.notes:
        show_warning(f"{line[0].upper()}{line[1:]}.")


def set_title(words: str) -> None:
    """Set the title of the window; the browser puts the progress before it (``app/live/shared/page_title.js``)."""
    st.set_page_config(page_title=f"{words} - Skipscope")


def number_param(key: str) -> int | None:
    """Return the number of a race or job under a key of the address, None without a number."""
    return selection.number_from(st.query_params.get(key, ""))


def put_param(key: str, text: str | None) -> None:
    """Put a text under a key of the address; None removes the key."""
    if text is None:
        st.query_params.pop(key, None)
    elif st.query_params.get(key) != text:
        st.query_params[key] = text


@contextmanager
def refusals(report: Callable[[str], object]) -> Iterator[None]:
    """Report the refusal of a command in one line; skip the rest of the block."""
    try:
        yield
    except workspace.SkipscopeError as error:
        report(str(error))


#: Verbs that change nothing but what the visitor sees; a talk has further ones.
OF_EVERYONE = frozenset({"gone", "ended"})


def obey(
    component: str,
    report: Callable[[str], object],
    own: Mapping[str, Callable[[Any], object]],
    everyone: frozenset[str] = OF_EVERYONE,
) -> None:
    """Carry out a live component's command: the page's verbs by ``own``, others by the engine. Report a refusal.

    Verbs but those of ``everyone`` are the presenter's: that is asked here, before anything else of a command is read.
    """
    command = _sent(component)
    if not command:
        return
    with refusals(report):
        verb = command.get("verb") if isinstance(command, Mapping) else None
        if not isinstance(verb, str) or verb not in everyone:
            authorization.check()
        if not isinstance(verb, str):
            raise workspace.SkipscopeError("a command of this page names no verb; load the page anew")
        if verb in own:
            own[verb](command)
        elif verb == "engine":
            commands.start_engine()
        else:
            commands.command(verb, whole_number(command, "run"))


def sent_at(component: str) -> float:
    """Return when its browser says that it sent the component's command, 0 where it does not say so."""
    command = _sent(component)
    at = command.get("at") if isinstance(command, Mapping) else None
    return at if isinstance(at, int | float) else 0


def _sent(component: str) -> Any:
    # The component is gone when its last run was deleted.
    return getattr(st.session_state.get(component), "command", None)


def whole_number(command: Mapping[str, Any], key: str) -> int:
    """Return a whole number of a page's command that the store can hold. Raises SkipscopeError."""
    value = command.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or value % 1 or not abs(value) < _MAX_NUMBER:
        raise workspace.SkipscopeError(f"a command of this page has no whole number as {key}; load the page anew")
    return int(value)


def show_error(line: str) -> None:
    """Draw a refusal as an error."""
    st.error(literal(line), icon=":material/error:")


def show_warning(line: str) -> None:
    """Draw a refusal as a warning."""
    st.warning(literal(line), icon=":material/warning:")
