"""What tensors the zoo's shortcuts and coefficients hold: one function per kind, as shortcuts name them. Torch-free."""

from engine.models.parts import Part, batch_norm, convolution, scalars
from engine.models.zoo.spec import Site


def projection(site: Site, size: int) -> tuple[Part, ...]:
    """1x1 convolution, then batch norm; without norm the convolution has biases."""
    normed = site.norm == "batch"
    conv = convolution("shortcut.conv", (site.inputs, site.outputs, 1), size, bias=not normed)
    return (conv, batch_norm("shortcut.bn", site.outputs)) if normed else (conv,)


def projection_where_shape_changes(site: Site, size: int) -> tuple[Part, ...]:
    """As ``projection`` where the block changes the shape, else nothing."""
    return projection(site, size) if site.changes_shape else ()


def bare_convolution(site: Site, size: int) -> tuple[Part, ...]:
    """1x1 convolution alone."""
    return (convolution("shortcut", (site.inputs, site.outputs, 1), size),)


def gate_in_shortcut(site: Site, size: int) -> tuple[Part, ...]:
    """A 1x1 gate that only the shortcut has."""
    return (convolution("shortcut.gate", (site.inputs, site.outputs, 1), size, bias=True),)


def gate(site: Site, size: int) -> tuple[Part, ...]:
    """A 1x1 gate for shortcut and branch."""
    return (convolution("coefficient", (site.inputs, site.outputs, 1), size, bias=True),)


def wide_gate(site: Site, size: int) -> tuple[Part, ...]:
    """A 3x3 gate for shortcut and branch."""
    return (convolution("coefficient", (site.inputs, site.outputs, 3), size, bias=True),)


def multiplier(site: Site, size: int) -> tuple[Part, ...]:
    """One number per block."""
    return (scalars("coefficient", "alpha"),)
