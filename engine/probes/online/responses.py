"""The responses of the layers: their size (He et al. 2015, Fig. 7), the BN scales behind it, dead units."""

import torch
from torch import Tensor, nn

from engine.probes.online.measure import Activation, ProbeContext, Response, StackedMeasure, mean_of_each


class _ChannelMoments:
    """Base of measures of the channels: keeps the mean and the variance of each channel, layer after layer."""

    def __init__(self, context: ProbeContext):
        self.means: list[Tensor] = []
        self.variances: list[Tensor] = []

    def response(self, layer: int, response: Response) -> None:
        """Take one layer."""
        mean, variance = response.channel_moments
        self.means.append(mean)
        self.variances.append(variance)


class ResponseStd(_ChannelMoments):
    """std(z) over images, pixels and channels: (L,)."""

    def result(self) -> Tensor:
        """Return one value per layer: variance within the channels and variance of their means, together."""
        means = mean_of_each(self.means)
        spread = mean_of_each([(mean - whole).square() for mean, whole in zip(self.means, means, strict=True)])
        return (mean_of_each(self.variances) + spread).sqrt()


class ResponseStdWithin(_ChannelMoments):
    """Root of the mean over channels of the variance within a channel: (L,)."""

    def result(self) -> Tensor:
        """Return one value per layer."""
        return mean_of_each(self.variances).sqrt()


class ResponseStdChannel(_ChannelMoments):
    """std(z_c) over images and pixels: (sum of all layers' channels,)."""

    def result(self) -> Tensor:
        """Return one value per channel, layer after layer."""
        return torch.cat(self.variances).sqrt()


class ResponseStdEval:
    """std(z) in a pass in eval mode: (L,); NaN as long as running statistics remember their start."""

    def __init__(self, context: ProbeContext):
        self._stds = ResponseStd(context)
        self._missing = context.nan(len(context.layers))
        self.response_eval = self._stds.response

    def result(self) -> Tensor:
        """Return one value per layer."""
        return self._stds.result() if self._stds.means else self._missing


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


class DeadShare(StackedMeasure):
    """Share of units whose ReLU is zero for every image of the batch: one value per layer with a ReLU.

    NaN for a leaky ReLU, which cuts nothing off.
    """

    def __init__(self, context: ProbeContext):
        super().__init__(context)
        self._layers, self._missing = context.layers, context.nan(1)[0]

    def activation(self, layer: int, activation: Activation) -> None:
        """Take one layer."""
        if self._layers[layer].leaky:
            self.kept[layer] = self._missing
        elif self._layers[layer].relu:
            largest = activation.rows.amax(0)
            # x - x is zero, or NaN where x is not finite: a unit that is not finite is neither dead nor alive.
            self.kept[layer] = ((largest - largest) + (largest <= 0)).mean()
