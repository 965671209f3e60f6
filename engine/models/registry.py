"""The shortcuts people can choose, as a torch-free table. Adding one: a class in ``shortcuts.py`` and a row here.

``builder`` names a callable as ``module:attribute``, imported where nets are built: ``builder(inputs, outputs,
stride) -> torch.nn.Module`` maps x to s(x) of the shape of F(x); an empty builder means that nothing is added.
"""

from dataclasses import dataclass

from engine.errors import ConfigError


@dataclass(frozen=True)
class Shortcut:
    """One way around a block: y = s(x) + F(x)."""

    name: str
    #: What the page and its legends call the family: ``plain``, ``residual (A)``.
    label: str
    help: str
    formula: str
    source: str
    builder: str


SHORTCUTS: dict[str, Shortcut] = {
    shortcut.name: shortcut
    for shortcut in (
        Shortcut(
            name="none",
            label="plain",
            help="Nothing is added: a plain net, the control. Same parameters as option A.",
            formula="y = F(x)",
            source="He et al. 2015, section 3.3, plain network",
            builder="",
        ),
        Shortcut(
            name="A",
            label="residual (A)",
            help="The input is added; where channels grow it is subsampled and zero-padded. No parameters.",
            formula="y = x + F(x)",
            source="He et al. 2015, section 3.3, option A",
            builder="engine.models.shortcuts:ZeroPadded",
        ),
        Shortcut(
            name="B",
            label="residual (B)",
            help="As A, but where the shape changes a 1x1 convolution with batch norm projects the input.",
            formula="y = x + F(x), y = Wx + F(x) where the shape changes",
            source="He et al. 2015, section 3.3, option B",
            builder="engine.models.shortcuts:projection_where_shape_changes",
        ),
        Shortcut(
            name="C",
            label="residual (C)",
            help="Every shortcut is a 1x1 convolution with batch norm. A few more parameters in every block.",
            formula="y = Wx + F(x)",
            source="He et al. 2015, section 4.1, option C",
            builder="engine.models.shortcuts:Projection",
        ),
    )
}


#: Other words that people use for a row's name.
_ALIASES = {"plain": "none"}


def get_shortcut(name: str) -> Shortcut:
    """Return a shortcut's row by its name; ``plain`` means ``none``. Raises ConfigError naming the choices."""
    name = _ALIASES.get(name, name)
    if name not in SHORTCUTS:
        raise ConfigError(f"unknown shortcut {name!r}; choose from {', '.join(SHORTCUTS)}")
    return SHORTCUTS[name]
