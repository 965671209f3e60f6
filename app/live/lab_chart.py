"""The view of one lab job: panels, switches, numbers and words, fed by the job's own stream.

The JavaScript beside this file owns everything that moves; the script only says which
job, and gets commands back as a trigger. What there is to see comes from the lab's row in the registry.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from app import data, theme
from app.live.component import component, surroundings

#: Lightness of a lab's curves: that of a net of this depth.
_DEPTH = 26
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
#: What the kinds of plain and of residual nets begin with, and their hue on every page.
_FAMILIES = {"plain": "none", "residual": "A"}


@dataclass(frozen=True, slots=True)
class Style:
    """How the curves of one kind look: the hue of a shortcut type, and a dash (``solid``, ``dash``, ``dot``)."""

    shortcut: str
    dash: str = "solid"


@dataclass(frozen=True, slots=True)
class Picks:
    """The switches that choose the bold curve.

    ``kinds``: kind of curve -> the switch's word; ``kind`` is the first choice; ``setting`` the lab's setting that the
    slider moves; ``measure`` the words of the button for a value that was not measured; ``alone`` says of a kind that
    it is measured at the job's own setting only, where the slider then rests.
    """

    label: str
    kinds: Mapping[str, str]
    kind: str
    setting: str
    measure: str
    styles: Mapping[str, Style]
    alone: Mapping[str, str] = field(default_factory=dict)


def live_lab(
    name: str,
    run: int | None,
    on_command: Callable[[], None],
    picks: Picks | None = None,
    key: str = "lab",
    panels: Sequence[str] | None = None,
) -> None:
    """Mount the view of a lab's job, of none yet with ``run`` None; with ``panels`` only those, in the row's order.

    ``on_command`` is called before the script's next run; ``st.session_state[key].command`` then holds
    ``{"verb": ..., "run": ...}``. Verbs: pause, resume, stop, engine, and measure with ``setting`` and ``value``.
    """
    lab = data.labs()[name]
    component("skipscope_lab", "lab_chart", "take_buttons")(
        key=key,
        data={
            "lab": name,
            "run": run,
            "panels": [asdict(panel) for panel in asked(lab.panels, panels)],
            "figures": [asdict(figure) for figure in lab.figures],
            "options": {option.name: option.label for option in lab.options},
            "picks": _picks(lab, picks) if picks else None,
            "styles": {kind: _style(style) for kind, style in (picks.styles if picks else {}).items()},
            "families": [{"begins": word, "styles": _family(hue)} for word, hue in _FAMILIES.items()],
            "spare": [_style(Style(f"spare {dash}", dash)) for dash in _DASHES],
            **surroundings(history="live/lab", stream="live/lab/stream"),
        },
        on_command_change=on_command,
    )


def asked(panels: Sequence[data.Panel], names: Sequence[str] | None) -> list[data.Panel]:
    """Return the panels of these names, all with None, and the ways that are drawn on their planes."""
    if names is None:
        return list(panels)
    wanted = {*names, *(panel.path for panel in panels if panel.name in names)}
    # A heat map opens only what is beside it.
    return [panel if panel.opens in wanted else replace(panel, opens="") for panel in panels if panel.name in wanted]


def _family(shortcut: str) -> list[dict[str, Any]]:
    """Styles for the variants of one type: its own hue, then the neighbouring ones, each with a dash of its own."""
    names = [f"{shortcut} {dash}" for dash in _DASHES]
    return [_style(Style(look.hue, dash)) for look, dash in zip(theme.looks(names).values(), _DASHES, strict=True)]


def _picks(lab: data.Lab, picks: Picks) -> dict[str, Any]:
    option = next(option for option in lab.options if option.name == picks.setting)
    return {
        "label": picks.label, "kinds": dict(picks.kinds), "kind": picks.kind, "setting": option.name,
        "settingLabel": option.label, "measure": picks.measure, "low": option.low, "high": option.high,
        "step": option.step, "alone": dict(picks.alone),
    }  # fmt: skip


def _style(style: Style) -> dict[str, Any]:
    return {
        "dash": style.dash,
        "colour": {ground: theme.line_colour(style.shortcut, _DEPTH, ground) for ground in theme.GROUND},
        "ink": {ground: theme.word_colour(style.shortcut, _DEPTH, ground) for ground in theme.GROUND},
    }
