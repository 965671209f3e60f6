"""What the curves of each lab show, in words; every number is one of the curves'."""

import math

import pytest

from engine.events import CurveName, CurveUpdated, Found
from engine.labs.conditioning.arms import AROUND_TWO, FORM, TWIN
from engine.labs.mapping.arms import IDENTITY, ROTATION, TARGETS
from engine.labs.rates.plan import RATES
from engine.labs.registry import LABS


def curve(panel, kind, x, y, value=None, setting="gain", part=""):
    name = CurveName(kind, setting, value, part=part) if value is not None else CurveName(kind, part=part)
    return CurveUpdated(panel, name, x, y)


def norm(kind, y, gain=1.0):
    return curve("norm", kind, range(1, len(y) + 1), y, gain)


def texts(lab, *curves, name=""):
    return [found.text for found in LABS[lab].found(curves) if name in ("", found.name)]


@pytest.mark.parametrize("lab", LABS)
def test_rules_name_panels_of_their_lab_and_find_nothing_before_there_is_a_curve(lab):
    assert set(LABS[lab].found_in) <= {panel.name for panel in LABS[lab].panels}
    names = [rule.name for rule in LABS[lab].findings]
    assert len(set(names)) == len(names)
    assert LABS[lab].found([]) == []


@pytest.mark.parametrize(
    ("y", "sentence"),
    [
        ([1e-4, 1e-3, 1e-2, 1e-1], "Without BN at gain 1 the gradient shrinks by a factor of 0.1 per layer: over 4"
         " layers 0.001 of it is left."),
        ([16, 8, 4], "Without BN at gain 1 the gradient grows by a factor of 2 per layer: over 3 layers it"
         " grows 4-fold."),
        ([1, 1.01, 1], "Without BN at gain 1 the gradient nearly keeps its norm: a factor of 1 per layer, 1 over"
         " 3 layers."),
        ([1e-9, 1e-3, 1], "Without BN at gain 1 the gradient shrinks by a factor of 3.2×10⁻⁵ per layer: over 3 layers"
         " it vanishes, 10⁻⁹ is left."),
        ([1e9, 1], "Without BN at gain 1 the gradient grows by a factor of 10⁹ per layer: over 2 layers it explodes,"
         " 10⁹-fold."),
        ([0, 1], "Without BN at gain 1 nothing of the gradient arrives at the first layer: it is below the smallest"
         " number."),
        ([math.nan, 1], "Without BN at gain 1 the gradient is not finite at the first or the last layer."),
    ],
)  # fmt: skip
def test_gradients_the_norm_shrinks_grows_or_stays(y, sentence):
    assert texts("gradients", norm("without BN", y), name="norm") == [sentence]


def test_gradients_a_factor_that_the_gain_does_not_change_is_said_for_all_gains():
    curves = [norm("residual with BN", [16, 8, 4], gain) for gain in (0.5, 1.0, 2.0)]
    assert texts("gradients", *curves, name="norm") == 3 * [
        "With BN and shortcuts the gradient grows by a factor of 2 per layer on average, whatever the gain (0.5 to 2):"
        " over 3 layers it grows 4-fold."
    ]


def test_gradients_direction_and_collapse_stand_beside_every_norm():
    norms = [norm("without BN", [2, 1], gain) for gain in (1.0, 2.0)]
    others = [
        curve("direction", "without BN", [1, 2], [1, 0.1], 1.0),
        curve("collapse", "without BN", [1, 2], [0, 0.95], 1.0),
    ]
    here, there = (found for found in LABS["gradients"].found([*norms, *others]) if found.name == "direction")
    assert here == Found(
        "direction",
        "Norms do not decide: its direction is noise (correlation of neighbours 0.10), and inputs look alike (mean"
        " cosine 0.95).",
        "without BN", "gain", 1.0,
    )  # fmt: skip
    assert there.text.endswith("(mean cosine 0.95), at gain 1.")
    assert texts("gradients", *norms, name="direction")[0] == (
        "Norms do not decide; direction and collapse are not measured yet."
    )


def test_a_finding_of_a_setting_holds_at_its_value_alone():
    assert Found("norm", "", "with BN", "gain", 0.5).holds_at({"gain": 0.5})
    assert not Found("norm", "", "with BN", "gain", 0.5).holds_at({"gain": 1.0})
    assert Found("deleted", "").holds_at({"gain": 1.0})


def test_lesion_a_net_as_it_is_without_a_block_and_its_paths():
    deleted = curve("deleted", "A-20", [0, 1, 2, 3], [10, 11, 30, 50])
    lines = [
        "Taking out one block raises the test error of A-20 from 10 to 30 % (medians over the blocks).",
        "A-20: 10 % as it is, 30 % without one block (median of 3), 50 % without block 3. Removing 1 of 3 costs less"
        " than 2 points each.",
        "Averaged by gradient, paths in A-20 pass through 1.5 of 4 branches; averaged by count, through 2.",
    ]
    assert texts("lesion", deleted, curve("paths", "A-20", range(5), [0, 0.5, 0.5, 0, 0])) == lines
    again = curve("deleted", "A-20 recalibrated", [0, 1, 2], [10, 90, math.nan])
    assert texts("lesion", again) == [
        "A-20 with re-estimated batch norm: 10 % as it is, 90 % without one block (median of 1), 90 % without block 1."
        " Removing any single block costs at least 2 points."
    ]
    assert texts("lesion", curve("paths", "plain-20", [9], [1])) == [
        "plain-20 has one path, through all of its 9 branches; the whole gradient takes it."
    ]
    assert texts("lesion", curve("deleted", "A-20", [0, 1], [math.nan, 5])) == []


def test_lesion_the_first_sentence_has_the_first_plain_and_the_first_residual_net():
    nets = [curve("deleted", kind, [0, 1], [10, end]) for kind, end in (("plain-20", 90), ("A-20", 12), ("A-56", 13))]
    assert texts("lesion", *nets, name="one_block") == [
        "Taking out one block raises the test error of A-20 from 10 to 12 %, of plain-20 from 10 to 90 % (medians over"
        " the blocks)."
    ]


def test_conditioning_the_deepest_against_the_shallowest_net():
    curves = [
        curve("condition", "plain", [2, 8], [10, 1000]), curve("condition", "residual", [2, 8], [10, 12]),
        curve("condition", "plain with BN", [2, 8], [1, 9]),
        curve("condition", "residual over L", [2, 8], [100, 10]),
        curve("condition", "plain from identity", [2, 8], [100, math.inf]),
    ]  # fmt: skip
    assert texts("conditioning", *curves) == [
        "From 2 to 8 blocks the spread of learning speeds changes by a factor of 100 (plain) and 0.1 (scaled branch).",
        "Spread of speeds, plain: 10 with 2 blocks, 1,000 with 8.",
        "Spread of speeds, residual: 10 with 2 blocks, 12 with 8.",
        "Spread of speeds, residual with scaled branch: 100 with 2 blocks, 10 with 8.",
    ]
    assert texts("conditioning", curve("condition", "plain", [2, 8], [10, 11]), name="condition") == [
        "From 2 to 8 blocks the spread of learning speeds changes by a factor of 1.1 (plain)."
    ]
    for grown, words in ((30, "3-fold: the start does most of it, not the form."), (300, "30-fold.")):
        started = curve("condition", "plain from identity", [2, 8], [10, grown])
        assert texts("conditioning", curves[0], started, name="start") == [
            f"From an identity start, without a shortcut, the spread of speeds grows {words}"
        ]
        factors = texts("conditioning", curves[0], started, name="condition")
        assert factors[0].endswith(f"by a factor of 100 (plain) and {grown / 10:g} (identity start).")


def test_conditioning_updates_of_the_shallowest_and_the_deepest_net():
    curves = [
        curve("expected_updates", "plain", [2, 6, 16], [93, 700, 9897]),
        curve("expected_updates", "residual over L", [6, 16], [77, 90]),
        curve("expected_updates", "plain from identity", [16], [59]),
        curve("expected_updates", "residual", [2, 16], [59, math.nan]),
        curve("expected_updates", "plain with BN", [2, 16], [16, 26934]),
    ]
    assert texts("conditioning", *curves) == [
        "Until a tenth of the error on random targets is left, plain nets of 16 blocks need 9,900 updates; with a"
        " scaled branch 90.",
        "Updates, plain: 93 with 2 blocks, 9,900 with 16.",
        "Updates, residual with scaled branch: 77 with 6 blocks, 90 with 16.",
    ]


def test_conditioning_forms_around_one_and_two_layers():
    one = curve("equivalence_gap", FORM, [0, 1], [1e-17, 4e-16])
    two = [curve("equivalence_two", AROUND_TWO, [0, 8], [2, 1.9]), curve("equivalence_two", TWIN, [0, 8], [2, 0.2])]
    assert texts("conditioning", one, *two) == [
        "A linear net and its plain twin begin as the same function, at a loss of 2. With a shortcut around one layer"
        " their losses differ by at most 4.0×10⁻¹⁶, around two by 1.7."
    ]
    assert texts("conditioning", one, two[0]) == texts("conditioning", *two) == []


def test_constructed_errors_of_the_nets_that_came_to_the_end():
    curves = [
        curve("clean", "grown", [0, 100], [9, 5]), curve("clean", "from scratch", [0, 100], [90, 20]),
        curve("clean", "identity start", [0, 50], [90, 30]), curve("clean", "residual grown", [0, 100], [9, 4]),
    ]  # fmt: skip
    assert texts("constructed", *curves) == [
        "After the same 100 updates the deep plain net ends at 5 % training error when grown from the shallow one, at"
        " 20 % from scratch."
    ]
    controls = [curve("clean", kind, [0, 100], [90, error]) for kind, error in (
        ("residual grown", 4), ("residual from scratch", 3), ("identity start", 6), ("shallow trained on", 7),
    )]  # fmt: skip
    assert texts("constructed", *controls) == [
        "With shortcuts the deep net ends at 3 % from scratch, at 4 % when grown.",
        "The deep plain net that starts as the identity ends at 6 %.",
        "The shallow plain net, simply trained on, ends at 7 %.",
    ]


def test_mapping_the_smallest_error_of_the_deepest_stacks_on_each_target():
    columns = [TARGETS.index(IDENTITY), TARGETS.index(ROTATION)]

    def row(kind, blocks, y):
        return curve("heat", kind, columns, y, blocks, "blocks")

    rows = [row("plain", 20, [1, 0.1]), row("residual/L", 20, [0.01, 0.15]), row("plain", 2, [0, 0])]
    assert texts("mapping", *rows) == [
        "With 20 blocks residual with scaled branch learns 2 of 2 targets, plain 1 (error below 0.5).",
        "Best on x: residual with scaled branch, 0.01; worst: plain, 1.",
        "On a rotation: all alike, 0.1 to 0.15.",
    ]
    several = [
        row(kind, 20, y) for kind, y in (("plain", [1, 0.9]), ("a", [0.1, 0.6]), ("b", [0.1, 0.2]), ("c", [0.1, 0.7]))
    ]
    assert texts("mapping", *several, name="deepest") == [
        "With 20 blocks b learns 2 of 2 targets, a 1, plain 0 (error below 0.5)."
    ]


def test_mapping_the_ends_of_the_sweeps_to_a_constant_and_to_the_reversal():
    ends = [curve(f"to_{end}", kind, [0, 1], [9, y]) for end in ("constant", "negated")
            for kind, y in (("plain", 0.5), ("residual/L", 0.25), ("residual", math.nan))]  # fmt: skip
    assert texts("mapping", *ends) == [
        f"Error left on {target}: 0.5 (plain) and 0.25 (residual with scaled branch)."
        for target in ("a constant", "-x")
    ]


def test_smoothness_rate_loss_and_how_far_the_gradient_turned():
    curves = [
        curve("loss", "plain", [0, 50], [2.5, 1.25]), curve("rates", "plain", [0.1, 0.2, 0.3], [2, 1, math.nan]),
        curve("gradient", "plain", [0, 50], [0.1, 0.5]), curve("gradient", "plain", [0, 50], [9, 9], part="high"),
    ]  # fmt: skip
    assert texts("smoothness", *curves) == [
        "plain at rate 0.2: loss 2.5 at update 0, 1.25 at 50. One step on, the gradient has changed by 50 % of its"
        " length."
    ]


def test_smoothness_the_best_rates_and_the_losses_with_and_without_batch_norm():
    losses = [curve("loss", f"plain with{how} BN", [0, 50], [2.5, end]) for how, end in (("", 1), ("out", 2))]
    rates = [curve("rates", f"plain with{how} BN", [0.1, 1], y) for how, y in (("", [2, 1.1]), ("out", [1.9, 2]))]
    assert texts("smoothness", *losses, *rates, name="steps") == [
        "With BN the plain net trains best at rate 1 instead of 0.1, and reaches a loss of 1.1 instead of 1.9."
    ]
    assert texts("smoothness", *losses, name="steps") == [
        "At one rate for all, the loss of the plain net falls to 1 with BN and to 2 without."
    ]


def test_shattering_agreement_and_collapse_after_the_last_layer():
    depth = [curve("depth", kind, [1, 50], [1, end]) for kind, end in (
        ("plain with BN", -0.001), ("residual with BN", 0.268), ("residual with BN, scaled", 0.6), ("white noise", 0.4),
    )]  # fmt: skip
    assert texts("shattering", *depth, curve("cosine", "plain", [1, 50], [0.5, 0.95])) == [
        "After 50 layers the gradients of neighbouring inputs agree by 0.00 in plain nets with BN, by 0.27 with"
        " shortcuts.",
        "Without BN the inputs look alike after 50 plain layers: their mean cosine is 0.95.",
        "After 50 layers they agree by 0.60 with a scaled branch (1 is full agreement).",
    ]
    assert texts("shattering", curve("cosine", "plain", [1, 9], [0.5, 0.6])) == [
        "Without BN the inputs can be told apart after 9 plain layers: their mean cosine is 0.60."
    ]


def test_landscape_one_step_along_the_sharpest_and_along_a_random_direction():
    x = [-9e-3, -4e-3, -1e-3, 0, 1e-3, 4e-3, 9e-3]
    slices = [curve("slices", f"{net} along {way}", x, [9, side, 2, 2, 2, other, 9]) for net, way, side, other in (
        ("plain-20", "top eigenvector", 3, 8), ("A-20", "top eigenvector", 5, 2), ("A-56", "top eigenvector", 9, 9),
        ("A-20", "random direction", 2, 2.01), ("plain-20", "gradient", 4, 4),
    )]  # fmt: skip
    assert texts("landscape", *slices) == [
        "One step along the sharpest direction (0.4 % of the weights' length) multiplies the loss of plain-20 by 4, of"
        " A-20 by 2.5.",
        "Along a random direction the same step multiplies the loss of A-20 by 1.00.",
    ]
    unfinished = [curve("slices", "A-20 along top eigenvector", x[:size], [2] * size) for size in range(1, 5)]
    assert texts("landscape", *unfinished) == []


def apart(kind, *y, rate=0.1):
    return curve("weights", kind, range(len(y)), y, rate, "rate")


def test_predictability_what_the_nets_forget_and_what_that_does_not_prove():
    curves = [
        apart("plain-8", 1e-12, 1e-12, 1e-12, 1.1e-12, 1e-12), apart("plain-56", 1e-12, 9e-10, 2e-5, 2e-2, 8e-2),
        apart("plain-56", 1e-12, 9e-11, 1e-4, 3e-3, 6e-2, rate=0.01), apart("plain-20", 1e-12, 1e-12),
        apart("residual-56", 1e-12, 1e-12, 2e-12, 3e-11, 2e-7),
    ]  # fmt: skip
    assert texts("predictability", *curves) == [
        "After 3 updates two copies of plain-56 agree in 2 of 12 digits, those of residual-56 in 11; after 4"
        " in 1 and 7.",
        "The copies of residual-56 at rate 0.1 part too: 5 digits after 4 updates. Sensitivity alone is no proof of"
        " bad training: a race shows how they train.",
        "plain-8 at rate 0.1 has lost no digits (distance 1.1×10⁻¹²).",
        "plain-56 at rate 0.1 has lost 10 digits (distance 0.02).",
        "plain-56 at rate 0.01 has lost 9 digits (distance 0.003).",
        "residual-56 at rate 0.1 has lost 1 digit (distance 3.0×10⁻¹¹).",
    ]


def test_predictability_copies_that_stay_together():
    curves = [apart("plain-20", *[1e-6] * 4), apart("residual-20", 1e-6, 1e-6, 1e-6, 9e-6)]
    assert texts("predictability", *curves)[:2] == [
        "After 3 updates two copies of plain-20 agree in 6 of 6 digits, those of residual-20 in 5.",
        "After 3 updates no residual net has forgotten 3 digits. That is no proof that it trains better: a race shows"
        " that.",
    ]
    assert texts("predictability", apart("plain-20", *[1e-6] * 4), name="parted") == [
        "After 3 updates two copies of plain-20 agree in 6 of 6 digits."
    ]
    assert texts("predictability", apart("plain-20", 1e-6, 1e-6, 1e-6, math.nan)) == []


def rates(kind, blocks, *y):
    return [curve(panel, kind, x, y, blocks, "blocks") for panel, x in (("grid", range(len(y))), ("error", RATES))]


def test_rates_how_many_a_net_can_use_and_what_the_gap_is_without_the_rate():
    plain = [*rates("plain", 3.0, 33, 22, 17, 18, 21), *rates("plain", 15.0, 29, 30, 48, 90, 90)]
    pre = [*rates("pre-LN", 3.0, 32, 22, 17.5, 17.2, 17.8), *rates("pre-LN", 15.0, 31, 21, 17, 18, 19)]
    assert texts("rates", *plain, *pre) == [
        "Plain nets learn at 5 of 5 rates with 3 blocks, at 2 with 15 (error below 40 %); with pre-LN shortcuts at 5 "
        "and 5.",
        "One rate for both plain nets decides their gap: −4.0 points at 0.0001, 72.0 at 0.003.",
        "At rate 0.001 the deep nets are above the shallow ones by 31.0 (plain) and −0.5 (pre-LN) points.",
        "With each net at its own best rate these gaps are 12.0 (plain) and −0.2 (pre-LN) points.",
        "The best rate is an end of the grid for plain of 15 blocks: a better one may lie beyond.",
    ]
    diverged = [*rates("plain", 3.0, 33, 22, 17, 18, 21), *rates("plain", 15.0, 40, 40, 48, 80, math.nan)]
    assert texts("rates", *diverged, name="span") == [
        "One rate for both plain nets decides their gap: 7.0 points at 0.0001, 62.0 at 0.003."
    ]
    nowhere = [*rates("plain", 3.0, 33, 22, 17, 18, 21), *rates("plain", 15.0, 90, 90, 90, math.nan, 89)]
    said = texts("rates", *diverged, name="best"), texts("rates", *nowhere, name="best")
    assert [each[2:] for each in said] == [["Nets that learn at no rate tried: plain of 15 blocks."]] * 2
    assert texts("rates", *plain) == texts("rates", *plain, *rates("pre-LN", 3.0, 32, 22, 17)), "not whole yet"
