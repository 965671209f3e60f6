"""The card of one shortcut: the drawn block, formula, sizes, options, published figures, and the way into a race."""

import streamlit as st

from app import theme
from app.data import options, races, workspace
from app.views.markdown_escape import literal
from app.views.setup import block, form_state, setup_fields

#: A net that is counted where no set-up names another.
_USUAL_DEPTH = 56
#: A whole step of a slider from this range on.
_WIDE_RANGE = 5


def render(row: options.Shortcut, mine: bool) -> None:
    """Draw the card; with rights to command it has a button that puts the shortcut into the set-up."""
    st.fragment(_draw)(row, mine)


def _draw(row: options.Shortcut, mine: bool) -> None:
    with st.container(border=True, key=f"card_{row.name}", height="stretch"):
        left, right = st.columns([2, 3])
        with right:
            st.markdown(f"**{row.label}**  \n{row.help}  \n`{row.formula}`")
            # The fields decide what is said above them.
            facts = st.container()
            with st.container(horizontal=True, gap="small"):
                text = _options(row)
                _published(text, row)
                if mine:
                    _button(text)
            facts.caption(f"{_size(text, mine)}  \n{row.source}")
        with left:
            variant, _ = options.variant_from(text)
            scheme = st.context.theme.type or "light"
            name = literal(options.variant_name(text))
            st.caption(f"One block with shortcut {name}" if row.builder else "One plain block")
            st.image(
                block.svg(variant, scheme, theme.text_color(text, _USUAL_DEPTH, scheme)),
                width="content",
                alt=block.in_words(variant),
            )


def _options(row: options.Shortcut) -> str:
    """Draw the options of a shortcut, folded; return the canonical text of the chosen variant."""
    with st.popover(f"Options of {literal(options.variant_name(row.name))}"):
        values = {
            option.name: st.slider(
                option.name.capitalize(),
                option.low,
                option.high,
                option.default,
                step=1.0 if option.high - option.low > _WIDE_RANGE else 0.05,
                format="%g",
                key=f"option_{row.name}_{option.name}",
                help=option.help,
            )
            for option in row.options
        }
        orders = {order.name: order for order in options.orders_of(row)}
        order = st.selectbox(
            "Order of a block's parts",
            list(orders),
            format_func=lambda key: orders[key].label,
            key=f"order_{row.name}",
            disabled=len(orders) == 1,
            help="\n\n".join(f"**{known.label}**: {known.help} `{known.formula}`" for known in orders.values())
            + "\n\nHe et al. 2016 (1603.05027), Fig. 4",
        )
        left, right = st.columns(2)
        norm = left.selectbox(
            "Norm",
            options.norms_of(row),
            key=f"norm_{row.name}",
            disabled=len(options.norms_of(row)) == 1,
            help="`none`: biases instead.",
        )
        layers = right.selectbox(
            "Layers",
            options.layers_of_a_shortcut(),
            index=1,
            key=f"layers_{row.name}",
            help="Weighted layers that one shortcut goes around; the paper's basic block has 2.",
        )
    return options.variant_text(row.name, values, order, norm, layers)


def _published(text: str, row: options.Shortcut) -> None:
    """Draw what was published of a variant, then of other options of the same shortcut, and what speaks against it."""
    figures = options.references([text])
    if not figures and not row.contested:
        return
    with st.popover(f"{len(figures)} published{', contested' if row.contested else ''}"):
        if row.contested:
            st.markdown(f":orange[Contested.] {row.contested}")
        if figures:
            st.caption("Test errors, by another protocol than a race here.")
            st.caption("\n".join(f"- {options.figure_in_words(reference.figure)}" for reference in figures))


def _button(text: str) -> None:
    chosen = text in form_state.shortcuts()
    name = literal(options.variant_name(text))
    pressed = st.button(
        f"Take {name} out of the set-up" if chosen else f"Add {name} to the set-up",
        icon=":material/check:" if chosen else ":material/add:",
        key=f"add_{text.split(':')[0]}",
        disabled=bool(options.variant_from(text, setup_fields.family())[1]) and not chosen,
        help=literal(options.variant_from(text, setup_fields.family())[1]) or None,
    )
    if pressed:
        form_state.toggle(text)
        form_state.note_filled()
        st.toast(f"{name} is {'no longer' if chosen else 'now'} in the set-up of the race.")
        st.rerun()


def _size(text: str, mine: bool) -> str:
    """Return parameters and multiply-adds at the largest depth of the set-up, and those of the plain net."""
    depth, shape = _USUAL_DEPTH, None
    if mine and setup_fields.family() == "cifar":
        depth = max(form_state.depths(), default=_USUAL_DEPTH)
        width = setup_fields.number("width") or 1
        shape = options.net_shape(st.session_state["preset"], st.session_state["data"], width)
    try:
        net, plain = options.count(depth, text, shape), options.count(depth, "none", shape)
    except workspace.SkipscopeError as error:
        return f":red[{literal(str(error))}]"
    size = f"{literal(races.arm_label(depth, text))}: {_amount(net.parameters)} parameters, "
    size += f"{_amount(net.multiply_adds)} multiply-adds"
    if (net.parameters, net.multiply_adds) == (plain.parameters, plain.multiply_adds):
        return size
    return f"{size} (plain-{depth}: {_amount(plain.parameters)}, {_amount(plain.multiply_adds)})"


def _amount(value: int) -> str:
    for size, unit in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= size:
            return f"{value / size:.3g}{unit}"
    return str(value)
