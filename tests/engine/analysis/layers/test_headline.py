"""What stands on top of the pages Layers and Gradients: which net, which place, which factor, and when nothing."""

from dataclasses import replace
from math import exp, inf, log, nan

import pytest

from engine.analysis.layers.headline import Place, headline
from engine.analysis.layers.probed_net import GROWTH, RESPONSES, ProbedNet
from engine.probes.registry import get_quantity

EVERY = "In every net all layers respond alike within a factor of {}."
BEGUN = "Training has just begun. The layers are compared from step 100 on."


def net(arm, values, seed=0, **more):
    kind, _, depth = arm.partition("-")
    shortcut = "none" if kind == "plain" else kind
    return ProbedNet(arm, int(depth), shortcut, seed, 300, values, planned=300, layers=int(depth) - 1, **more)


def said(*nets, quantity=RESPONSES, step=300):
    return headline(get_quantity(quantity), step, nets)


LOUD = net("plain-20", [3.2, 2.9, 2.9, *[1.0] * 16])
EVEN = net("A-20", [1.3, *[0.95] * 18])


def test_the_stretch_that_stands_out_is_named_with_its_net_its_factor_and_the_even_twin():
    found = said(LOUD, EVEN, net("A-56", [1.0] * 55))
    assert found.text == (
        "The first layers of plain-20 respond about three times as strongly as the rest. "
        "All layers of A-20 respond alike within a factor of 1.4."
    )
    assert found.place == Place("plain-20", 0, 2, "the first layers: three times the rest")
    uneven_twin = net("A-20", [1.6, *[0.95] * 18])
    assert "A-20" not in said(LOUD, uneven_twin).text


@pytest.mark.parametrize(
    ("values", "where", "size", "place"),
    [
        ([*[1.0] * 17, 0.3, 0.36], "The last layers", "a third", (17, 18)),
        ([*[1.0] * 5, 12, 13, *[1.0] * 12], "Layers 6 to 7", "12 times", (5, 6)),
        ([2.5, 2.5, *[1.0] * 15, 0.3, 0.3], "The last layers", "a third", (17, 18)),
        ([0.01, 0.01, *[1.0] * 17], "The first layers", "1/100", (0, 1)),
    ],
)
def test_which_layers_and_how_much(values, where, size, place):
    found = said(net("plain-20", values))
    assert found.text == f"{where} of plain-20 respond about {size} as strongly as the rest."
    assert (found.place.first, found.place.last) == place


def test_values_that_are_rounding_have_no_ratios():
    plain, other = net("plain-20", [0.4, 1e-3, 2e-7, 1e-7, 1e-7]), net("A-20", [0.7, 0.5, 0.4, 0.3, 0.2])
    found = said(plain, net("plain-20", [0.4, 1e-3, 1e-5, 1e-7, 1e-7], seed=1), other, quantity="token_rank")
    assert found.text == (
        "From block 4 on, the token rank of plain-20 is 0 up to rounding. That of A-20 is larger at the last block."
    )
    assert found.place == Place("plain-20", 3, 4, "blocks 4 to 5: 0 up to rounding")
    assert said(net("plain-20", [1e-9] * 5), quantity="qk_gradient").text == (
        "In all blocks, the gradient of queries and keys of plain-20 is 0 up to rounding."
    )
    assert "rounding" not in said(other, quantity="token_rank").text
    assert "rounding" not in said(net("A-20", [0.0] * 5), quantity="dead_share").text


def test_layers_that_alternate_or_stand_alone_are_no_stretch():
    block = net("A-20", [1.0, *[1.0, 0.3] * 9])
    assert said(block).text == (
        "No stretch of layers stands out in any net. "
        "Those of A-20 differ most, from one to the next, by a factor of 3.3."
    )
    assert said(block).place is None
    assert said(EVEN, net("plain-20", [1.0] * 18 + [1.4])).text == EVERY.format(1.4)
    assert said(net("plain-20", [nan] * 19)) is None
    assert said(net("plain-20", [inf, 0.0, *LOUD.values[2:]])).text.startswith("No stretch"), "no value is no size"


def test_a_zigzag_is_no_equality():
    """Of the blocks of a residual net one layer answers the other, as in A-56 of the quick race."""
    zigzag = net("A-20", [1.11, *[1.01, 0.93] * 9])
    assert said(zigzag).text == (
        "In every net all layers respond alike within a factor of 1.2, alternating from one layer to the next."
    )
    flat = net("plain-20", [1.0, *[1.004, 1.0] * 9])
    assert said(zigzag, flat).text == EVERY.format(1.2) + " Those of A-20 alternate from one to the next."
    assert said(flat).text == EVERY.format(1.1), "a zigzag that nobody sees"
    assert "alternating" in said(LOUD, zigzag).text and "alternating" not in said(LOUD, EVEN).text
    assert said(zigzag, quantity="gamma_abs").text.startswith("The ") and "alike within a factor of 1.2" in (
        said(zigzag, quantity="gamma_abs").text
    )


@pytest.mark.parametrize(("last", "named"), [(3.0, True), (1.6, True), (1.4, False), (0.3, False)])
def test_each_seed_must_show_the_stretch(last, named):
    seeds = [replace(LOUD, seed=0), replace(LOUD, seed=1), net("plain-20", [*[last] * 3, *[1.0] * 16], seed=2)]
    assert (said(*seeds).place is not None) is named


def test_uneven_layers_count_with_the_one_among_them_that_stands_out():
    """As in the recorded quick race: five seeds whose first layers are ever louder towards the input."""
    slope, rest = [2.37, 1.96, 1.86, 1.77, 1.52, 1.51, 1.41, 1.3], [1.0] * 47
    found = said(net("plain-56", [*slope, *rest]))
    assert found.text == "The first layers of plain-56 respond about twice as strongly as the rest."
    assert (found.place.first, found.place.last) == (0, 5)
    weaker = net("plain-56", [1.58, 1.67, 1.51, 1.26, 1.35, 1.38, 1.42, 1.2, *rest], seed=1)
    louder = net("plain-56", [3.4, 2.4, 2.3, 2.4, 1.8, 1.7, 1.5, 1.4, *rest])
    assert said(louder, weaker).place, "1.45 in the weaker one"
    single = replace(weaker, values=[1.1, 1.9, 1.1, 1.2, *[1.1] * 4, *rest])
    assert said(replace(louder, values=[5.0, *louder.values[1:]]), single).place is None, "1.28 in one seed"
    assert said(net("plain-56", [1.9, *slope[1:], *rest])).place is None, "none that stands out by itself"
    assert said(net("plain-56", [2.37, 1.96, 1.4, *[1.0] * 52])).place is None, "two layers of 55"


def test_a_ratio_below_twice_is_not_called_twice():
    slope, rest = [2.01, *[1.51] * 19], [1.0] * 35
    found = said(net("plain-56", [*slope, *rest]))
    assert found.text == "The first layers of plain-56 respond about 1.5 times as strongly as the rest."
    quiet = said(net("plain-56", [1 / value for value in (*slope, *rest)]))
    assert quiet.text == "The first layers of plain-56 respond about two thirds as strongly as the rest."


def test_of_two_nets_the_one_that_stands_out_more_is_named_whatever_their_order():
    louder = net("B-56", [*[1.0] * 45, *[7.0] * 10])
    for nets in ((LOUD, louder), (louder, LOUD)):
        assert said(*nets).text == "The last layers of B-56 respond about seven times as strongly as the rest."


def test_only_comparable_nets_that_are_there_count():
    cut = replace(LOUD, difference="shortcuts cut at 60", run=7)
    assert said(EVEN, cut).text == EVERY.format(1.4)
    assert said(cut) is None
    assert said(EVEN, replace(LOUD, last_step=200)).place is None
    assert said(EVEN, replace(LOUD, last_step=200), step=200).place
    for quantity in (RESPONSES, GROWTH, "dead_share", "token_rank"):
        assert said(EVEN, replace(LOUD, family="vit"), quantity=quantity) is None, "nets of two families"
    alone = said(EVEN, replace(LOUD, last_step=200)).text
    assert alone.startswith(f"All layers of {EVEN.name} "), "other nets are not there yet"


@pytest.mark.parametrize(
    ("planned", "step", "young"), [(300, 99, True), (300, 100, False), (60, 49, True), (60, 50, False)]
)
def test_a_young_net_says_the_same_until_the_comparison_starts(planned, step, young):
    found = said(replace(LOUD, planned=planned), step=step)
    assert found.text.startswith("Training has just begun.") is young
    assert said(LOUD, step=20).text == said(LOUD, step=99).text == BEGUN
    assert "20 steps are too few" in said(replace(LOUD, planned=20), step=20).text
    assert said(replace(LOUD, planned=1), step=1).text.startswith("One step is too few to compare")


def test_other_quantities_have_their_own_words_and_a_higher_bar():
    tall = [5.2, 5.2, *[1.0] * 7]
    assert said(net("A-20", tall), quantity="update_size").text == (
        "In the first blocks of A-20, the update size is about five times that of the rest."
    )
    assert said(net("A-20", [2.5, 2.5, *[1.0] * 7]), quantity="update_size").place is None
    assert said(net("A-20", [0.2, 0.2, *[1.0] * 17]), quantity="gamma_abs").text.endswith(
        "a fifth of that of the rest."
    )
    shares = net("plain-20", [0.25] * 19), net("A-20", [0.1] * 19)
    assert said(*shares, quantity="dead_share").text == (
        "Largest mean over the layers: plain-20, 0.25. Smallest: A-20, 0.1."
    )
    assert said(shares[0], quantity="dead_share").text == "Mean over the layers: plain-20, 0.25."
    assert said(net("A-20", [nan]), quantity="dead_share") is None


def growth(*nets, step=300):
    return said(*nets, quantity=GROWTH, step=step)


def test_the_gradient_reaches_the_first_layer_or_the_net_in_which_it_does_not_is_named():
    calm = net("A-56", [1.02, 1, 1, 1])
    found = growth(net("plain-56", [1.19, 1.2, 1.2, 1.1]), calm)
    assert found.text == (
        "After training, the gradient of plain-56 explodes: at the first layer it is 12,000 times that at the last. "
        "That is a factor of 1.19 per layer. In A-56 it changes by at most a factor of 2.9."
    )
    assert found.place == Place("plain-56", 0, 0, "first layer of plain-56: 12,000 times the last layer")
    assert growth(calm, net("plain-56", [1.01, 1, 1, 1])).text == (
        "After training, the gradient reaches the first layer of every net: "
        "there it is within tenfold of that at the last."
    )
    assert growth(calm).text.startswith("After training, the gradient reaches the first layer of A-56:")
    assert growth(calm, net("plain-56", [1.0, 1, 1, 1])).place.arm == "plain-56", "the net in doubt, always the same"
    assert growth(net("plain-56", [nan, 1, 1, 1])) is None


@pytest.mark.parametrize(
    ("total", "verb", "size"),
    [
        (30, "grows", "30 times"),
        (2000, "explodes", "2,000 times"),
        (1 / 30, "shrinks", "1/30 of"),
        (1 / 2000, "vanishes", "1/2,000 of"),
    ],
)
def test_how_far_the_gradient_gets(total, verb, size):
    text = growth(net("plain-56", [exp(log(total) / 54), 1, 1, 1])).text
    assert text.startswith(
        f"After training, the gradient of plain-56 {verb}: at the first layer it is {size} that at the last"
    )


def test_seeds_are_one_net_and_the_start_is_told_apart():
    seeds = [net("plain-56", [factor, 1, 1, 1], seed) for seed, factor in enumerate((1.1, 1.3))]
    assert f"a factor of {(1.1 * 1.3) ** 0.5:.3g} per layer" in growth(*seeds).text
    assert growth(*seeds, step=0).text.startswith("Before training, the gradient of plain-56 explodes")
    assert growth(*seeds, step=1).text == BEGUN.replace("layers", "gradients")
    assert "10" in growth(net("plain-1202", [10.0, 1, 1, 1])).text, "no overflow"


@pytest.mark.parametrize("found", [said(LOUD, EVEN), growth(net("plain-56", [1.19, 1]), net("A-56", [1.1, 1]), step=0)])
def test_no_sentence_has_more_than_25_words(found):
    assert all(len(sentence.split()) <= 25 for sentence in found.text.split(". "))


def test_a_net_is_named_by_its_blocks_alone_and_its_place_by_its_arm():
    arm = "plain 12 blocks (50 layers)"
    found = said(replace(LOUD, arm=arm))
    assert found.text.startswith("The first layers of plain 12 blocks respond")
    assert found.place.arm == arm
    grown = growth(replace(LOUD, arm=arm, values=[0.6, 0.6], layers=49))
    assert "(50 layers)" not in grown.text + grown.place.word
    assert len(grown.text.split(". ")[0].split()) <= 25
