"""The nets that the shattering lab compares, and the noises beside them. Torch-free."""

PLAIN, BN, RESIDUAL, SCALED = "plain", "plain with BN", "residual with BN", "residual with BN, scaled"
#: The control: mirrored weights make ReLU layers linear at the start, without a shortcut (Balduzzi et al. 2017).
LOOKS_LINEAR = "looks-linear"
KINDS: tuple[str, ...] = (BN, RESIDUAL, SCALED, PLAIN, LOOKS_LINEAR)

#: What a gradient without, and one with, a memory of its neighbours looks like.
WHITE, WALK = "white noise", "brown noise"
NOISES: tuple[str, ...] = (WHITE, WALK)

#: Branch scales of the full grid.
BRANCHES: tuple[float, ...] = (0.03, 0.1, 0.3)


def metric_key(kind: str) -> str:
    """Return how the names of a kind's figures begin."""
    return kind.lower().replace(" with bn", "_bn").replace(", ", "_").replace("-", "_")
