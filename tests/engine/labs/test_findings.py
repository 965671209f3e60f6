"""What the curves of each lab show, in words; every number is one of the curves'."""

import math

import pytest

from engine.events import CurveName, CurveUpdated, Found
from engine.labs.conditioning.arms import AROUND_TWO, FORM, TWIN
from engine.labs.mapping.arms import IDENTITY, ROTATION, TARGETS
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
        ([1e-4, 1e-3, 1e-2, 1e-1], "Without BN at gain 1 the gradient shrinks by a factor of 0.1 per layer: from layer"
         " 4 to layer 1 it is multiplied by 0.001."),
        ([16, 8, 4], "Without BN at gain 1 the gradient grows by a factor of 2 per layer: from layer 3 to layer 1 it is"
         " multiplied by 4."),
        ([1, 1.01, 1], "Without BN at gain 1 the gradient nearly keeps its norm: 1 per layer; from layer 3 to layer 1"
         " it is multiplied by 1."),
        ([1e-9, 1e-3, 1], "Without BN at gain 1 the gradient shrinks by a factor of 3.2×10⁻⁵ per layer: from layer"
         " 3 to layer 1 it is multiplied by 10⁻⁹ (it vanishes)."),
        ([1e9, 1], "Without BN at gain 1 the gradient grows by a factor of 10⁹ per layer: from layer 2 to layer 1 it is"
         " multiplied by 10⁹ (it explodes)."),
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
        " from layer 3 to layer 1 it is multiplied by 4."
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
        "Norms do not decide: at the same time its direction is noise (correlation of neighbours 0.10), and all inputs"
        " have come to look alike (mean cosine 0.95).",
        "without BN", "gain", 1.0,
    )  # fmt: skip
    assert there.text.endswith("(mean cosine 0.95), both measured at gain 1.")
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
        "A-20: 10 % as it is, 30 % without one block (the median of 3; 11 to 50 %, most without block 3). Removing 1 of"
        " 3 costs less than 2 points each.",
        "Averaged by gradient, paths in A-20 pass through 1.5 of 4 blocks; averaged by count, through 2.",
    ]
    assert texts("lesion", deleted, curve("paths", "A-20", range(5), [0, 0.5, 0.5, 0, 0])) == lines
    again = curve("deleted", "A-20 recalibrated", [0, 1, 2], [10, 90, math.nan])
    assert texts("lesion", again) == [
        "A-20 with re-estimated statistics of batch norm: 10 % as it is, 90 % without one block (the median of 1; 90"
        " to 90 %, most without block 1). Removing any single block costs at least 2 points."
    ]
    assert texts("lesion", curve("paths", "plain-20", [9], [1])) == [
        "plain-20 has one path, through all of its 9 blocks; the whole gradient takes it."
    ]
    assert texts("lesion", curve("deleted", "A-20", [0, 1], [math.nan, 5])) == []


def test_conditioning_the_deepest_against_the_shallowest_net():
    curves = [
        curve("condition", "plain", [2, 8], [10, 1000]), curve("condition", "residual", [2, 8], [10, 12]),
        curve("condition", "plain with BN", [2, 8], [1, 9]),
        curve("condition", "residual over L", [2, 8], [10, math.inf]),
        curve("condition", "plain from identity", [2, 8], [100, 10]),
    ]  # fmt: skip
    assert texts("conditioning", *curves) == [
        "Condition number of the kernel at the start, deepest against shallowest net: plain 100 times as large (10 with"
        " 2 blocks, 1,000 with 8); residual about the same (10 with 2 blocks, 12 with 8); plain from identity 10 times"
        " smaller (100 with 2 blocks, 10 with 8)."
    ]


def test_conditioning_updates_of_the_shallowest_and_the_deepest_net():
    curves = [
        curve("expected_updates", "plain", [2, 6, 16], [93, 700, 9897]),
        curve("expected_updates", "residual", [6, 16], [77, 90]),
        curve("expected_updates", "plain from identity", [16], [59]),
        curve("expected_updates", "residual over L", [2, 16], [59, math.nan]),
        curve("expected_updates", "plain with BN", [2, 16], [16, 26934]),
    ]
    assert texts("conditioning", *curves) == [
        "Updates until a tenth of the expected error over random targets is left: plain 93 with 2 blocks, 9,900 with"
        " 16; residual 77 with 6 blocks, 90 with 16."
    ]


def test_conditioning_forms_around_one_and_two_layers():
    one = curve("equivalence_gap", FORM, [0, 1], [1e-17, 4e-16])
    two = [curve("equivalence_two", AROUND_TWO, [0, 8], [2, 1.9]), curve("equivalence_two", TWIN, [0, 8], [2, 0.2])]
    assert texts("conditioning", one, *two) == [
        "A linear net and its plain twin begin as the same function. With a shortcut around one layer their losses"
        " differ by at most 4.0×10⁻¹⁶, around two by 1.7, from a loss of 2 at the start."
    ]
    assert texts("conditioning", one, two[0]) == texts("conditioning", *two) == []


def test_constructed_errors_of_the_nets_that_came_to_the_end():
    curves = [
        curve("clean", "grown", [0, 100], [9, 5]), curve("clean", "from scratch", [0, 100], [90, 20]),
        curve("clean", "identity start", [0, 50], [90, 30]), curve("clean", "residual grown", [0, 100], [9, 4]),
    ]  # fmt: skip
    assert texts("constructed", *curves) == [
        "Plain nets after 100 updates, clean training error: 5 % grown by identity blocks, 20 % from scratch."
    ]


def test_mapping_the_smallest_error_of_the_deepest_stacks_on_each_target():
    columns = [TARGETS.index(IDENTITY), TARGETS.index(ROTATION)]

    def row(kind, blocks, y):
        return curve("heat", kind, columns, y, blocks, "blocks")

    rows = [row("plain", 20, [1, 0.1]), row("residual", 20, [0.01, 0.15]), row("plain", 2, [0, 0])]
    assert texts("mapping", *rows) == ["Smallest error with 20 blocks: residual on x; all alike on a rotation."]


def test_smoothness_rate_loss_and_how_far_the_gradient_turned():
    curves = [
        curve("loss", "plain", [0, 50], [2.5, 1.25]), curve("rates", "plain", [0.1, 0.2, 0.3], [2, 1, math.nan]),
        curve("gradient", "plain", [0, 50], [0.1, 0.5]), curve("gradient", "plain", [0, 50], [9, 9], part="high"),
    ]  # fmt: skip
    assert texts("smoothness", *curves) == [
        "plain at rate 0.2: loss 2.5 at update 0, 1.25 at 50; one step on, the gradient has changed by 50 % of its"
        " length."
    ]


def apart(kind, *y, rate=0.1):
    return curve("weights", kind, range(len(y)), y, rate, "rate")


def test_predictability_what_the_nets_forget_and_what_that_does_not_prove():
    curves = [
        apart("plain-8", 1e-12, 1e-12, 1e-12, 1.1e-12, 1e-12), apart("plain-56", 1e-12, 9e-10, 2e-5, 2e-2, 8e-2),
        apart("plain-56", 1e-12, 9e-11, 1e-4, 3e-3, 6e-2, rate=0.01), apart("plain-20", 1e-12, 1e-12),
        apart("residual-56", 1e-12, 1e-12, 2e-12, 3e-11, 2e-7),
    ]  # fmt: skip
    assert texts("predictability", *curves) == [
        "Of 12 equal digits, forgotten after 3 updates: 10 by plain-56 at rate 0.1 (distance 0.02), 9 by plain-56 at"
        " rate 0.01 (distance 0.003) and 1 by residual-56 at rate 0.1 (distance 3.0×10⁻¹¹); none by the other 1.",
        "The copies of residual-56 at rate 0.1 part too: 5 digits after 4 updates. Sensitivity alone is no proof of"
        " bad training: a race shows how they train.",
    ]


def test_predictability_copies_that_stay_together():
    curves = [apart("plain-20", *[1e-6] * 4), apart("residual-20", 1e-6, 1e-6, 1e-6, 9e-6)]
    assert texts("predictability", *curves) == [
        "Of 6 equal digits, forgotten after 3 updates: 1 by residual-20 at rate 0.1 (distance 9.0×10⁻⁶); none by"
        " the other 1.",
        "After 3 updates no residual net has forgotten 3 digits. That is no proof that it trains better: a race shows"
        " that.",
    ]
    assert texts("predictability", apart("plain-20", *[1e-6] * 4)) == [
        "Of 6 equal digits, forgotten after 3 updates: none by any net."
    ]
    assert texts("predictability", apart("plain-20", 1e-6, 1e-6, 1e-6, math.nan)) == []
