"""What the layers say: size of their responses (He et al. 2015, Fig. 7), the BN scales behind it, dead units."""

import torch
from torch import Tensor, nn

from engine.probes.online.measure import Activation, ProbeContext, Response, mean_of_each


class ResponseStd:
    """std(z) over images, pixels and channels: (L,)."""

    def __init__(self, context: ProbeContext):
        self._means: list[Tensor] = []
        self._variances: list[Tensor] = []

    def response(self, layer: int, response: Response) -> None:
        """Take one layer."""
        mean, variance = response.channel_moments
        self._means.append(mean)
        self._variances.append(variance)

    def result(self) -> Tensor:
        """Return one value per layer: variance within the channels and variance of their means, together."""
        means = mean_of_each(self._means)
        spread = mean_of_each([(mean - whole).square() for mean, whole in zip(self._means, means, strict=True)])
        return (mean_of_each(self._variances) + spread).sqrt()


class ResponseStdWithin:
    """Root of the mean over channels of the variance within a channel: (L,)."""

    def __init__(self, context: ProbeContext):
        self._variances: list[Tensor] = []

    def response(self, layer: int, response: Response) -> None:
        """Take one layer."""
        _, variance = response.channel_moments
        self._variances.append(variance)

    def result(self) -> Tensor:
        """Return one value per layer."""
        return mean_of_each(self._variances).sqrt()


class ResponseStdChannel:
    """std(z_c) over images and pixels: (sum of all layers' channels,)."""

    def __init__(self, context: ProbeContext):
        self._variances: list[Tensor] = []

    def response(self, layer: int, response: Response) -> None:
        """Take one layer."""
        _, variance = response.channel_moments
        self._variances.append(variance)

    def result(self) -> Tensor:
        """Return one value per channel, layer after layer."""
        return torch.cat(self._variances).sqrt()


class ResponseStdEval:
    """std(z) in a pass in eval mode: (L,); NaN as long as running statistics remember their start."""

    def __init__(self, context: ProbeContext):
        self._stds = ResponseStd(context)
        self._missing = context.nan(len(context.layers))
        self._seen = False

    def response_eval(self, layer: int, response: Response) -> None:
        """Take one layer."""
        self._stds.response(layer, response)
        self._seen = True

    def result(self) -> Tensor:
        """Return one value per layer."""
        return self._stds.result() if self._seen else self._missing


class GammaAbs:
    """mean |gamma| of the layer's BN: (L,); NaN for a layer without one."""

    def __init__(self, context: ProbeContext):
        missing = context.nan(1)
        self._gammas = [
            layer.norm.weight.detach().abs() if isinstance(layer.norm, nn.BatchNorm2d) else missing
            for layer in context.layers
        ]

    def result(self) -> Tensor:
        """Return one value per layer."""
        return mean_of_each(self._gammas)


class DeadShare:
    """Share of units whose ReLU is zero for every image of the batch: (L,)."""

    def __init__(self, context: ProbeContext):
        self._shares: list[Tensor] = []

    def activation(self, layer: int, activation: Activation) -> None:
        """Take one layer."""
        largest = activation.rows.amax(0)
        # x - x is zero, or NaN where x is not finite: a unit that is not finite is neither dead nor alive.
        self._shares.append(((largest - largest) + (largest <= 0)).mean())

    def result(self) -> Tensor:
        """Return one value per layer."""
        return torch.stack(self._shares)
