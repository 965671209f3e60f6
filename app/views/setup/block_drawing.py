"""The drawing of one block of a chosen shortcut, with the size of its nets beside plain ones."""

import streamlit as st

from app import theme
from app.data import options, races, workspace
from app.views.setup import block, form_state, zoo

#: The drawn variant, and the choices at that time: the last change is drawn.
_DRAWN, _SEEN = "block_drawn", "block_seen"
#: Nets with a line on their size.
_MAX_NETS = 4


def render() -> None:
    """Draw the block of the last touched shortcut."""
    text = _touched()
    variant, _ = options.variant_from(text)
    if variant is None:
        return
    scheme = st.context.theme.type or "light"
    picture = block.svg(variant, scheme, theme.text_color(text, 56, scheme))
    with st.container(key="block", gap="xsmall"):
        st.markdown(f"A block of {options.variant_name(text)}")
        st.image(picture, width="stretch", alt=block.in_words(variant))
        st.caption("  \n".join(_sizes(text)))


def _touched() -> str:
    """Return the variant that was chosen or combined last, else the last of the chosen."""
    now = [*form_state.shortcuts(), zoo.put_together()]
    before, drawn = st.session_state.get(_SEEN), st.session_state.get(_DRAWN)
    new = [text for text in now if text not in before] if before is not None else []
    if new:
        drawn = new[-1]
    elif drawn not in now:
        drawn = next((text for text in reversed(now[:-1])), now[-1])
    st.session_state[_SEEN], st.session_state[_DRAWN] = now, drawn
    return drawn


def _sizes(text: str) -> list[str]:
    """Return a line for each chosen depth: parameters and multiply-adds, compared with the plain net."""
    depths = form_state.depths()
    shape = options.net_shape(st.session_state["preset"], st.session_state["data"], int(st.session_state["width"]))
    if shape is None:
        return ["How large its nets are depends on the images, which are looked at when the race starts."]
    lines = [_size(depth, text, shape) for depth in depths[:_MAX_NETS]]
    if len(depths) > _MAX_NETS:
        lines.append(f"and {len(depths) - _MAX_NETS} deeper")
    if any("(" in line for line in lines):
        lines.append("In brackets: compared with the plain net.")
    elif depths and not races.is_plain(text):
        lines.append("As many as in the plain net.")
    return lines


def _size(depth: int, text: str, shape: dict[str, int]) -> str:
    try:
        net, plain = options.count(depth, text, shape), options.count(depth, "none", shape)
    except workspace.SkipscopeError as error:
        return f":red[{error}]"
    parameters = _amount(net.parameters) + _difference(net.parameters - plain.parameters)
    work = _amount(net.multiply_adds) + _difference(net.multiply_adds - plain.multiply_adds)
    return f"{races.arm_label(depth, text)}: {parameters} parameters, {work} multiply-adds"


def _difference(value: int) -> str:
    return f" ({'+' if value > 0 else '−'}{_amount(abs(value)).strip()})" if value else ""


def _amount(value: int) -> str:
    for size, unit in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= size:
            return f"{value / size:.3g}{unit}"
    return str(value)
