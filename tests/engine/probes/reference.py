"""Every quantity, plainly and slowly: an explicit forward pass in 64-bit floats, autograd on kept tensors, loops.

Shares nothing with ``engine.probes`` but the numbers of the bins.
"""

import math
from itertools import combinations

import numpy as np
import torch
import torch.nn.functional as F

from engine.probes.online.histogram import edges


class Pass:
    """One pass through a net of the CIFAR family: what every layer and block said."""

    def __init__(self, weights, config, inputs, training):
        self.weights = {name: tensor.detach().double().requires_grad_() for name, tensor in weights.items()
                        if tensor.is_floating_point()}  # fmt: skip
        self.training = training
        self.layers, self.z, self.activations, self.blocks = [], [], [], []
        x = F.relu(self._conv_bn(inputs.double(), "stem.conv", "stem.bn", 1))
        self.activations.append(x)
        for stage in (1, 2, 3):
            for number in range(1, config.blocks_per_stage + 1):
                x = self._block(x, f"stage{stage}.block{number}", 2 if stage > 1 and number == 1 else 1, config)
        self.logits = x.mean((2, 3)) @ self.weights["head.linear.weight"].T + self.weights["head.linear.bias"]

    def _block(self, x, path, stride, config):
        y = F.relu(self._conv_bn(x, f"{path}.conv1", f"{path}.bn1", stride))
        self.activations.append(y)
        f = self._conv_bn(y, f"{path}.conv2", f"{path}.bn2", 1)
        s = torch.zeros_like(f)
        s[:, : x.shape[1]] = x[:, :, ::stride, ::stride]
        if config.shortcut == "B" and s.shape != x.shape:
            convolved = F.conv2d(x, self.weights[f"{path}.shortcut.conv.weight"], stride=stride)
            s = self._bn(convolved, f"{path}.shortcut.bn")
        self.blocks.append((f, s))
        self.activations.append(F.relu(f if config.shortcut == "none" else f + s))
        return self.activations[-1]

    def _conv_bn(self, x, conv, bn, stride):
        z = self._bn(F.conv2d(x, self.weights[f"{conv}.weight"], stride=stride, padding=1), bn)
        if z.requires_grad:
            z.retain_grad()
        self.layers.append((conv, bn))
        self.z.append(z)
        return z

    def _bn(self, x, path):
        w = self.weights
        mean, var = (None, None) if self.training else (w[f"{path}.running_mean"], w[f"{path}.running_var"])
        return F.batch_norm(x, mean, var, w[f"{path}.weight"], w[f"{path}.bias"], self.training, eps=1e-5)


def quantities(weights, momentum, config, batch, lr):
    """All quantities of a net with ``weights``, float64 numpy arrays by name."""
    seen = Pass(weights, config, batch.inputs, training=True)
    F.cross_entropy(seen.logits, batch.labels).backward()
    with torch.no_grad():
        later = Pass(weights, config, batch.inputs, training=False)
    z = [tensor.detach().numpy() for tensor in seen.z]
    a = [tensor.detach().numpy() for tensor in seen.activations]
    g = [tensor.grad.numpy() for tensor in seen.z]
    conv = [seen.weights[f"{name}.weight"] for name, _ in seen.layers]
    gamma = [seen.weights[f"{name}.weight"].detach().numpy() for _, name in seen.layers]
    blocks = [(f.detach().numpy(), s.detach().numpy()) for f, s in seen.blocks]
    channel = [np.array([layer[:, c].std() for c in range(layer.shape[1])]) for layer in z]
    norms = [np.linalg.norm(layer) for layer in g]
    labels = batch.labels.tolist()
    return {
        "response_std": [layer.std() for layer in z],
        "response_std_within": [math.sqrt(np.mean(stds**2)) for stds in channel],
        "response_std_channel": np.concatenate(channel),
        "response_std_eval": [layer.numpy().std() for layer in later.z],
        "gamma_abs": [np.abs(scale).mean() for scale in gamma],
        "response_histogram": [histogram(layer) for layer in z],
        "dead_share": [dead(layer) for layer in a],
        "update_size": [np.mean([norm(f) / norm(s) for f, s in zip(*pair, strict=True)]) for pair in blocks],
        "update_cosine": [np.mean([cosine(f, s) for f, s in zip(*pair, strict=True)]) for pair in blocks],
        "gradient_response": norms,
        "gradient_weight": [norm(weight.grad.numpy()) for weight in conv],
        "gradient_growth": growth(norms, config.blocks_per_stage),
        "update_ratio": [
            lr * norm(momentum[f"{name}.weight"].double().numpy()) / norm(weight.detach().numpy())
            for (name, _), weight in zip(seen.layers, conv, strict=True)
        ],
        "activation_cosine": [pairs(layer, lambda i, j: True) for layer in a],
        "gradient_cosine": [pairs(layer, lambda i, j: labels[i] == labels[j]) for layer in g],
    }  # fmt: skip


def norm(values):
    return math.sqrt((values * values).sum())


def cosine(one, other):
    return (one * other).sum() / (norm(one) * norm(other))


def pairs(values, wanted):
    """Mean cosine over the wanted pairs of images."""
    return np.mean([cosine(values[i], values[j]) for i, j in combinations(range(len(values)), 2) if wanted(i, j)])


def dead(activation):
    _, channels, height, width = activation.shape
    count = 0
    for c in range(channels):
        for row in range(height):
            for column in range(width):
                count += all(value == 0 for value in activation[:, c, row, column])
    return count / (channels * height * width)


def growth(norms, blocks):
    factors = [(norms[0] / norms[-1]) ** (1 / (len(norms) - 1))]
    for stage in range(3):
        first, last = 1 + stage * 2 * blocks, (stage + 1) * 2 * blocks
        factors.append((norms[first] / norms[last]) ** (1 / (last - first)))
    return factors


def histogram(values):
    finite = values[np.isfinite(values)]
    counts, _ = np.histogram(finite, [-np.inf, *edges(), np.inf])
    return [*(counts / values.size), 1 - finite.size / values.size]
