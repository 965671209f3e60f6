"""The quantities of the stream against loops over pairs in 64-bit floats, in nets whose every tensor is random."""

from itertools import combinations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from engine.config import RunConfig, replace
from engine.probes.online.measure import Stream
from engine.probes.online.probe import OnlineProbe
from engine.probes.online.stream import ROUNDING, BlockInfluence, TokenRank
from engine.training.optim import build_optimizer
from tests.engine.probes.stirred import net
from tests.engine.training import tiny

NETS = {"mlp": 6, "vit": 10}


def cosine(one, other):
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))


@pytest.mark.parametrize("shortcut", ["none", "A", "A:order=post-ln", "shaped"])
@pytest.mark.parametrize("family", NETS)
def test_what_is_measured_is_what_loops_say(family, shortcut):
    sizes = {"model.family": family, "model.depth": NETS[family], "model.shortcut": shortcut}
    config = replace(RunConfig(), tiny.BASE | sizes)
    model = net(shortcut, NETS[family], 8, family=family)
    probe = OnlineProbe(config, tiny.images(), model, tiny.device())
    found = probe.measure(model, build_optimizer(model, config.optim), 0, None)

    model, batch = model.double(), probe._batch
    streams = [model.stem(batch.inputs.double())]
    for block in model.stage1:
        streams.append(block(streams[-1]))
    F.cross_entropy(model(batch.inputs.double()), batch.labels).backward()
    values = [stream.detach().numpy() for stream in streams]
    np.testing.assert_allclose(found["stream_std"], [after.std() for after in values[1:]], rtol=1e-4)
    vectors = [stream.reshape(-1, 8) for stream in values]
    turned = [
        np.mean([1 - cosine(a, b) for a, b in zip(before, after, strict=True)])
        for before, after in zip(vectors, vectors[1:], strict=False)
    ]
    np.testing.assert_allclose(found["block_influence"], turned, rtol=1e-3)
    if family == "vit":
        ranks = [
            np.mean([1 - cosine(a, b) for image in after for a, b in combinations(image, 2)]) for after in values[1:]
        ]
        np.testing.assert_allclose(found["token_rank"], ranks, rtol=1e-3)
        rows = [block.attention.f.qkv.weight.grad[:16].numpy() for block in model.stage1]
        np.testing.assert_allclose(found["qk_gradient"], [np.linalg.norm(row) for row in rows], rtol=1e-3)
    assert len(found["dead_share"]) == len(model.stage1), "one per fc1, leaky or not"
    assert np.isnan(found["dead_share"]).all() == (shortcut == "shaped")


def measured(measure, before, after):
    one = measure(None)
    one.stream(0, Stream(before, after))
    return one.result().item()


def test_equal_tokens_have_the_least_rank_and_a_single_one_has_none():
    tokens = torch.randn(4, 1, 8).expand(4, 5, 8)
    assert measured(TokenRank, tokens, tokens) == pytest.approx(ROUNDING)
    assert np.isnan(measured(TokenRank, tokens[:, :1], tokens[:, :1]))
    nearly = tokens + 1e-3 * torch.randn(4, 5, 8)
    assert 1e-7 < measured(TokenRank, tokens, nearly) < 1e-5
    assert np.isnan(measured(TokenRank, tokens, tokens * torch.nan))


def test_a_block_that_only_scales_turns_nothing_and_one_that_negates_turns_it_over():
    x = torch.randn(4, 8)
    assert measured(BlockInfluence, x, 3 * x) < 1e-12
    assert measured(BlockInfluence, x, -x) == pytest.approx(2.0)
