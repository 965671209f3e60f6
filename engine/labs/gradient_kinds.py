"""The kinds of stacks and the weight gains of the labs on gradients. Torch-free."""

PLAIN, BN, RESIDUAL = "without BN", "with BN", "residual with BN"

#: Plain nets without and with batch norm, and a residual net with batch norm as a contrast.
KINDS: tuple[str, ...] = (PLAIN, BN, RESIDUAL)

#: The weight gains of the sweep: 0.5 to 2 in equal ratios.
GAINS: tuple[float, ...] = tuple(round(2 ** (k / 4), 3) for k in range(-4, 5))
