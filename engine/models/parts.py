"""The parts of a net as arithmetic: what tensors they hold, under which names, and their multiply-adds. Torch-free.

``engine.models.tensors`` lists the parts of a whole net; tests hold every list against built nets. ``layer_path`` makes
the readable path of a module, which also keys its initial weights.
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Part:
    """One module that holds tensors.

    ``path`` is its module name, ``tensors`` (name, shape) in the order of its state_dict, ``untrained`` the names of
    those that are no parameters. ``layer`` says whether it counts as a weighted layer.
    """

    path: str
    tensors: tuple[tuple[str, tuple[int, ...]], ...]
    multiply_adds: int = 0
    layer: bool = False
    untrained: frozenset[str] = frozenset()

    def inside(self, path: str) -> "Part":
        """Return the same part inside the module ``path``."""
        return replace(self, path=f"{path}.{self.path}" if self.path else path)


_STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


def convolution(path: str, filters: tuple[int, int, int], size: int, bias: bool = False, layer: bool = False) -> Part:
    """Return a convolution with ``filters`` (inputs, outputs, side of the kernel); its output is ``size`` x ``size``.

    ``layer``: it counts as a weighted layer.
    """
    inputs, outputs, kernel = filters
    shape = (outputs, inputs, kernel, kernel)
    tensors = (("weight", shape), *((("bias", (outputs,)),) if bias else ()))
    return Part(path, tensors, outputs * inputs * kernel * kernel * size * size, layer)


def batch_norm(path: str, channels: int) -> Part:
    """Return an affine batch norm with running statistics."""
    each = ("weight", "bias", "running_mean", "running_var")
    tensors = (*((name, (channels,)) for name in each), ("num_batches_tracked", ()))
    return Part(path, tensors, untrained=frozenset(_STATISTICS))


def linear(path: str, inputs: int, outputs: int, tokens: int = 1) -> Part:
    """Return a fully connected layer with biases that sees each of ``tokens`` once."""
    return Part(path, (("weight", (outputs, inputs)), ("bias", (outputs,))), tokens * inputs * outputs, layer=True)


def layer_norm(path: str, width: int) -> Part:
    """Return an affine layer norm."""
    return Part(path, (("weight", (width,)), ("bias", (width,))))


def scalars(path: str, *names: str) -> Part:
    """Return a module that holds single numbers."""
    return Part(path, tuple((name, ()) for name in names))


def layer_path(module_name: str) -> str:
    """Return the readable path of a module: ``stage2.block3.conv1`` -> ``stage2/block3/conv1``."""
    return module_name.replace(".", "/")
