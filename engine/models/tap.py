"""How a module says where its 3x3 layers can be looked at (``engine.probes``), so that nobody has to guess names.

A module with 3x3 layers has ``taps``, one ``Tap`` per layer, front to back. A block has two names more: ``branch``, the
child whose output is F(x), and ``shortcut``, the child whose output is s(x), None where nothing is added. Where other
channels come out of a block than of its last 3x3 layer, ``outputs`` says how many.
"""

from typing import NamedTuple


class Tap(NamedTuple):
    """One 3x3 layer of a module; every name is that of one of the module's children.

    ``conv`` is its convolution; the output of ``response`` is what the layer says, before ReLU and addition; ``norm``
    is the BN whose gamma scales it, "" where there is none. The activation that follows the layer goes into
    ``activation_into``; "" where it is the module's own output.
    """

    conv: str
    response: str
    norm: str
    activation_into: str = ""
