"""What the layers of nets show at one step, in words."""

from dataclasses import replace
from math import inf, nan, sqrt

import pytest

from engine.analysis.layers.findings import layer_finding
from engine.analysis.layers.probed_net import GROWTH, RESPONSES, ProbedNet
from engine.probes.registry import get_quantity

FIGURE_7 = "Fig. 7 of the paper: "
TWINS = "a residual net responds more weakly than the plain net of its depth (here in 1 of 1 pair of nets)"
DEEPER = "a deeper residual net responds more weakly than a shallower one (here in 1 of 1 pair of nets)"


def net(arm, *values, seed=0, last=100):
    kind, _, depth = arm.partition("-")
    return ProbedNet(arm, int(depth), "none" if kind == "plain" else kind, seed, last, values)


def said(*nets, quantity=RESPONSES, step=100):
    found = layer_finding(get_quantity(quantity), step, nets)
    return found and found.text


def test_arms_are_compared_with_their_plain_twins_and_with_the_shallower_net_of_their_kind():
    nets = [net("plain-20", 0.7, 0.9), net("A-20", 0.6), net("A-56", 0.596), net("plain-56", 0.8)]
    assert said(*nets) == (
        "Mean over the layers at step 100: plain-20 0.800, A-20 0.600, A-56 0.596, plain-56 0.800. "
        f"{FIGURE_7}{TWINS.replace('1 of 1 pair', '2 of 2 pairs')}; {DEEPER}."
    )
    assert said(*nets[:2]).endswith(f"{FIGURE_7}{TWINS}.")
    assert said(*nets[1:3]).endswith(f"{FIGURE_7}{DEEPER}.")


def test_the_paper_is_compared_no_sooner_than_the_headline_compares_layers():
    nets = net("plain-20", 0.8, last=400), net("A-20", 0.6, last=400)
    longer = [replace(each, planned=600) for each in nets]
    for early in (said(*nets, step=34), said(*nets, step=49), said(*longer, step=199)):
        assert "Fig. 7" not in early
    assert "Fig. 7" in said(*nets, step=50)
    assert "Fig. 7" in said(*longer, step=200)


@pytest.mark.parametrize(("level", "count"), [(0.7959, 1), (0.7961, 0), (0.8, 0), (0.81, 0)])
def test_means_closer_than_half_a_percent_are_called_equal(level, count):
    assert f"(here in {count} of 1 pair of nets)." in said(net("plain-20", 0.8), net("A-20", level))


def test_a_transformer_has_no_part_in_figure_7_and_has_sublayers():
    nets = [replace(net(arm, 0.5 + len(arm)), family="vit") for arm in ("plain-18", "A-18")]
    assert said(*nets) == "Mean over the layers at step 100: plain-18 8.500, A-18 4.500."
    assert said(*nets, quantity="update_size").startswith("Mean over the sublayers at step 100: plain-18")
    assert said(*nets, quantity="token_rank").startswith("Mean over the blocks at step 100: plain-18")


def test_nets_of_other_families_are_in_no_pair_whatever_the_order():
    pair, shaped = [net("plain-20", 0.8), net("A-20", 0.6)], [replace(net("A-18", 0.5), family="vit")]
    deeper = replace(net("A-50", 0.4), family="vit"), replace(net("A-152", 0.3), family="imagenet")
    for nets in ([*pair, *shaped, *deeper], [*deeper, *shaped, *pair]):
        assert said(*nets).endswith(f"{FIGURE_7}{TWINS}.")
        assert layer_finding(get_quantity(RESPONSES), 100, nets).headline is None
    assert "Fig. 7" not in said(*pair[:1], *shaped, *deeper)
    both = said(*pair, *shaped, quantity="update_size")
    assert both == "Mean over the blocks or sublayers at step 100: plain-20 0.800, A-20 0.600, A-18 0.500."


def test_only_nets_of_one_seed_and_of_one_kind_are_paired():
    alone = [net("plain-20", 0.8), net("A-20", 0.6, seed=1), net("B-56", 0.5, seed=1), net("plain-32", 0.9, seed=1)]
    assert "Fig. 7" not in said(*alone)


def test_nothing_is_found_at_the_start_in_other_quantities_or_of_runs_that_are_not_there_yet():
    nets = net("plain-20", 1.0), net("A-20", 0.9)
    assert said(*nets, step=0) == "Mean over the layers at step 0: plain-20 1.000, A-20 0.900."
    assert said(*nets, quantity="update_size") == ("Mean over the blocks at step 100: plain-20 1.000, A-20 0.900.")
    assert said(*nets, step=101) is None
    assert said(net("A-20", nan, inf)) is None
    assert said(net("A-20", 0.5), net("A-20", 0.7, inf, seed=1)) == "Mean over the layers at step 100: A-20 0.600."
    assert said(net("A-20", 0.5, last=99), net("A-56", 0.7)) == "Mean over the layers at step 100: A-56 0.700."


@pytest.mark.parametrize(
    ("value", "words"), [(0.0123456, "0.0123"), (-12.3456, "−12.346"), (0.0005, "5.0×10⁻⁴"), (12345.0, "12,300")]
)
def test_a_mean_has_as_many_digits_at_every_moment(value, words):
    assert said(net("A-20", value), quantity="dead_share") == f"Mean over the layers at step 100: A-20 {words}."


def test_a_net_with_a_difference_is_an_arm_of_its_own_and_part_of_no_pair():
    nets = [net("plain-20", 0.8), net("A-20", 0.6), net("A-56", 0.59), net("plain-56", 0.8)]
    cut = replace(net("A-56", 0.98), run=20, difference="shortcuts cut at 60")
    found = layer_finding(get_quantity(RESPONSES), 100, [*nets, cut])
    without = layer_finding(get_quantity(RESPONSES), 100, nets)
    assert found.arms == {**without.arms, "run 20": "A-56, shortcuts cut at 60 0.980"}
    assert (found.closing, found.opening) == (without.closing, without.opening)
    grown = growth(net("A-56", 1.03), replace(cut, values=(1.01,)))
    assert grown == {**growth(net("A-56", 1.03)), "run 20": growth(net("A-56", 1.01))["A-56"]}


def growth(*nets):
    return layer_finding(get_quantity(GROWTH), 100, nets).arms


def test_growth_is_the_geometric_mean_over_the_seeds_of_an_arm():
    seeds = net("A-20", 1.2, 1.1, 1, 1), net("A-20", 1.8, 1.1, 1, 1, seed=1)
    assert growth(*seeds, net("plain-20", 0.9, 1, 1, 1, last=3)) == {
        "A-20": f"grows ×{sqrt(1.2 * 1.8):.2f} per layer towards the input "
        "(stages ×1.10, ×1.00, ×1.00; 2 seeds: ×1.20 to ×1.80)",
        "plain-20": "shrinks ×0.90 per layer towards the input (stages ×1.00, ×1.00, ×1.00)",
    }


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((1.004, 1, 1), "stays level, ×1.00 per layer"),
        ((1.006, 1, 1), "grows ×1.01 per layer"),
        ((0.994, 1, 1), "shrinks ×0.99 per layer"),
        ((1, 0.05, 1), "changes by no single factor (stages ×0.05, ×1.00)"),
        ((1, nan, 1), "changes by no single factor (stages not finite, ×1.00)"),
        ((nan, 1, 1), "the growth has no finite value"),
        ((inf, 1, 1), "the growth has no finite value"),
    ],
)
def test_what_is_said_of_a_factor(values, words):
    assert growth(net("A-20", *values))["A-20"].startswith(words)


def test_nothing_is_said_without_nets():
    assert layer_finding(get_quantity(GROWTH), 100, []) is None
    assert layer_finding(get_quantity(RESPONSES), 100, []) is None
