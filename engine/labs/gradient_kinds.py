"""The kinds of stacks of the labs on gradients, and the gains of their sweep. Torch-free."""

PLAIN, BN, RESIDUAL = "without BN", "with BN", "residual with BN"

#: What is stacked: plain nets without and with batch norm, and a residual net with batch norm as a contrast.
KINDS: tuple[str, ...] = (PLAIN, BN, RESIDUAL)

#: The weight gains of the sweep: 0.5 to 2 in equal ratios, 1 among them.
GAINS: tuple[float, ...] = tuple(round(2 ** (k / 4), 3) for k in range(-4, 5))
