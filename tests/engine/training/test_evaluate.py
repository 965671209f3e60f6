from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from engine.data.images import hold_out
from engine.events import Split
from engine.models.build import build_model
from engine.training.evaluate import Batch, Evaluator, FoldedNet, Score, subset
from tests.contracts.variants import ROWS
from tests.engine.training import tiny


def trained_net(shortcut: str, depth: int = 14):
    """Return a net whose BN has statistics and factors of its own."""
    config = tiny.config(model__depth=depth, model__shortcut=shortcut)
    net = build_model(config.model, 0).to(memory_format=torch.channels_last)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for module in net.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.weight.uniform_(0.5, 1.5, generator=generator)
                module.bias.normal_(0, 0.2, generator=generator)
        net.head.linear.weight.mul_(30)
        for _ in range(30):
            net(torch.randn(32, 1, 8, 8, generator=generator))
    return config, net


@pytest.mark.parametrize("shortcut", ROWS)
def test_folded_and_unfolded_agree(shortcut):
    _, net = trained_net(shortcut)
    folded = FoldedNet(net, tiny.device())
    folded.take(net)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in folded.net.modules())
    x = torch.randn(20, 1, 8, 8)
    with torch.no_grad():
        assert torch.allclose(folded.logits(x), net.eval()(x), rtol=1e-4, atol=1e-5)


def test_folded_in_bf16_stays_close():
    _, net = trained_net("A")
    folded = FoldedNet(net, tiny.device("bf16"))
    folded.take(net)
    x = torch.randn(50, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        exact, rounded = net.eval()(x), folded.logits(x)
    assert (exact - rounded).abs().max() < 0.05 * exact.std()


def test_folded_follows_the_net():
    _, net = trained_net("B")
    folded = FoldedNet(net, tiny.device())
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.mul_(0.9)
    folded.take(net)
    x = torch.randn(5, 1, 8, 8)
    with torch.no_grad():
        assert torch.allclose(folded.logits(x), net.eval()(x), rtol=1e-4, atol=1e-5)


def run(config, net, splits, images=None):
    return list(Evaluator(net, config, images or tiny.images(), tiny.device()).run(net, splits))


def test_scores_are_those_of_the_net_in_eval_mode():
    config, net = trained_net("A")
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    parts = run(config, net, [Split.TRAIN_CLEAN, Split.TEST_SUBSET, Split.TEST])
    assert net.training
    assert all(torch.equal(before[name], tensor) for name, tensor in net.state_dict().items())
    scores = {part.split: part for part in parts if isinstance(part, Score)}
    images = tiny.images()
    net.eval()
    for split, data, chosen in (
        (Split.TRAIN_CLEAN, images.train, torch.arange(200)),
        (Split.TEST_SUBSET, images.test, subset(images.test, 60)),
        (Split.TEST, images.test, torch.arange(120)),
    ):
        with torch.no_grad():
            logits = net(images.normalise(data.pixels[chosen]))
        assert scores[split].images == len(chosen)
        assert scores[split].loss == pytest.approx(F.cross_entropy(logits, data.labels[chosen]).item(), rel=1e-4)
        wrong = (logits.argmax(1) != data.labels[chosen]).float().mean().item()
        assert scores[split].error == pytest.approx(100 * wrong, abs=1e-4)


def test_subset_figures_come_out_of_the_full_pass(monkeypatch):
    monkeypatch.setattr("engine.hardware.work.MAX_BATCH", 25)
    monkeypatch.setattr("engine.hardware.work.MIN_BATCH", 1)
    config, net = trained_net("A", depth=8)
    apart = run(config, net, [Split.TEST_SUBSET])
    together = run(config, net, [Split.TEST_SUBSET, Split.TEST])
    assert [part for part in together if isinstance(part, Batch)] == [Batch(i, 5) for i in range(1, 6)]
    assert apart[-1].split == together[-2].split == Split.TEST_SUBSET
    assert apart[-1].loss == pytest.approx(together[-2].loss, rel=1e-5)
    assert apart[-1].error == together[-2].error


def test_large_nets_are_evaluated_in_small_batches():
    def sizes(**changes):
        config = tiny.config(**changes)
        evaluator = Evaluator(build_model(config.model, 0), config, tiny.images(), tiny.device())
        return [len(batch) for batch in torch.split(torch.arange(500), evaluator._batch)]

    assert sizes(model__depth=8) == [500]
    # 40,147,456 multiply-adds per image, 10e9 per batch.
    assert sizes(model__depth=20, model__width=64) == [249, 249, 2]


def test_subsets_are_fixed_and_have_classes_in_equal_numbers():
    images = tiny.images()
    assert torch.equal(subset(images.train, 60), subset(images.train, 60))
    assert len(subset(images.train, 60).unique()) == 60
    assert images.train.labels[subset(images.train, 60)].bincount().tolist() == [6] * 10
    assert torch.equal(subset(images.train, 10_000), torch.arange(200))


@pytest.mark.parametrize(("images", "live", "closing"), [(300, 60, 90), (80, 60, 80), (300, 120, 120)])
def test_at_an_end_more_training_images_are_measured_the_live_ones_among_them(monkeypatch, images, live, closing):
    monkeypatch.setattr("engine.config.data.CLOSING_IMAGES", 90)
    config, net = trained_net("A", depth=8)
    config = config.model_copy(update={"data": config.data.model_copy(update={"eval_images": live})})
    whole = tiny.images()
    part = replace(whole.train, pixels=whole.train.pixels.repeat(2, 1, 1, 1)[:images])
    part = replace(part, labels=whole.train.labels.repeat(2)[:images])
    evaluator = Evaluator(net, config, replace(whole, train=part), tiny.device())

    def measured(splits):
        return next(score for score in evaluator.run(net, splits) if getattr(score, "split", "") == Split.TRAIN_CLEAN)

    during, end = measured([Split.TRAIN_CLEAN, Split.TEST_SUBSET]), measured([Split.TRAIN_CLEAN, Split.TEST])
    assert (during.images, end.images) == (live, closing)
    chosen = subset(part, closing)
    assert set(subset(part, live).tolist()) <= set(chosen.tolist())
    net.eval()
    with torch.no_grad():
        logits = net(whole.normalise(part.pixels[chosen]))
    assert end.error == pytest.approx(100 * (logits.argmax(1) != part.labels[chosen]).float().mean().item(), abs=1e-4)


def test_recalibration_works_on_a_copy_and_is_labelled():
    config, net = trained_net("none", depth=8)
    config = config.model_copy(update={"recalibrate_bn": True})
    evaluator = Evaluator(net, config, tiny.images(), tiny.device())
    assert evaluator.bn == "recalibrated"
    parts = list(evaluator.run(net, [Split.TEST]))
    assert parts[0].total == parts[-2].done > 10
    with torch.no_grad():
        for module in net.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.fill_(5.0)  # statistics that lag far behind
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    assert list(evaluator.run(net, [Split.TEST]))[-1] == parts[-1]
    assert all(torch.equal(before[name], tensor) for name, tensor in net.state_dict().items())
    lagging = run(config.model_copy(update={"recalibrate_bn": False}), net, [Split.TEST])[-1]
    assert lagging.loss != pytest.approx(parts[-1].loss, rel=0.01)


def test_held_out_images_are_a_split_of_their_own():
    config, net = trained_net("A")
    images = hold_out(tiny.images(), 90)
    during = run(config, net, [Split.TRAIN_CLEAN, Split.TEST_SUBSET, Split.VALIDATION], images)
    end = run(config, net, [Split.TRAIN_CLEAN, Split.TEST_SUBSET, Split.VALIDATION, Split.TEST], images)
    net.eval()
    for parts, chosen in ((during, subset(images.validation, 60)), (end, torch.arange(90))):
        score = next(part for part in parts if isinstance(part, Score) and part.split == Split.VALIDATION)
        with torch.no_grad():
            logits = net(images.normalise(images.validation.batch(chosen)[0]))
        labels = images.validation.labels[chosen]
        assert score.images == len(chosen)
        assert score.loss == pytest.approx(F.cross_entropy(logits, labels).item(), rel=1e-4)
        assert score.error == pytest.approx(100 * (logits.argmax(1) != labels).float().mean().item(), abs=1e-4)
        assert parts[-1].split == (Split.TEST if parts is end else Split.VALIDATION)
        assert [part for part in parts if isinstance(part, Batch)][-1].total == sum(
            isinstance(part, Batch) for part in parts
        )
