"""The stream of nets of one width: its size, how alike an image's tokens are, how far a block turns it."""

from math import nan

from torch import Tensor
from torch.nn.functional import normalize

from engine.probes.online.measure import StackedMeasure, Stream

#: 32-bit floats cannot tell a cosine from 1 below this difference.
ROUNDING = 1e-7


class TokenRank(StackedMeasure):
    """1 - mean cosine of two tokens of one image, at least ``ROUNDING``: (B,).

    Source: Dong et al. 2021 (2103.03404), who measure the same collapse as a distance from rank one.
    """

    def stream(self, block: int, stream: Stream) -> None:
        """Take one block."""
        tokens, count = stream.directions, stream.directions.shape[1]
        # For unit vectors, the mean squared distance from their mean: unlike 1 - cosine, no difference of near-equals.
        apart = (tokens - tokens.mean(1, keepdim=True)).square().sum(-1).mean()
        self.kept[block] = (apart * (count / (count - 1) if count > 1 else nan)).clamp(min=ROUNDING)


class StreamStd(StackedMeasure):
    """Standard deviation of all values of the stream after a block: (B,)."""

    def stream(self, block: int, stream: Stream) -> None:
        """Take one block."""
        self.kept[block] = stream.after.std(correction=0)


class BlockInfluence(StackedMeasure):
    """1 - cosine between the stream before and after a block, mean over images and tokens: (B,).

    Source: Men et al. 2024 (2403.03853), block influence.
    """

    def stream(self, block: int, stream: Stream) -> None:
        """Take one block."""
        turned: Tensor = stream.directions - normalize(stream.before, dim=-1)
        self.kept[block] = turned.square().sum(-1).mean() / 2
