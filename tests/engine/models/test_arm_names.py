"""Names of arms, what the zoo offers, what was published beside what."""

import pytest

from engine.config import depth_name
from engine.errors import ConfigError
from engine.models import arm_names
from engine.models.registry import ORDERS, SHORTCUTS


@pytest.mark.parametrize(
    ("text", "label", "plain"),
    [
        ("none", "plain-56", True),
        ("A", "A-56", False),
        ("gated:bias=-7", "gated-56 bias −7", False),
        ("none:norm=none", "plain-56 no norm", True),
        ("A:order=full-pre:layers=1", "A-56 full pre 1 layer", False),
        ("scaled:shortcut=0.3:layers=3", "scaled-56 shortcut 0.3 3 layers", False),
        ("dirac", "dirac-56", True),
        ("delta-orthogonal:order=full-pre", "delta-orthogonal-56 full pre", True),
    ],
)
def test_arms_have_short_names_and_a_family(text, label, plain):
    assert arm_names.arm_label(56, text) == label
    assert arm_names.variant_name(text) == label.replace("-56", "")
    assert arm_names.is_plain(text) is plain


@pytest.mark.parametrize(
    ("depth", "text", "label"),
    [
        (50, "none", "plain 12 blocks (50 layers)"),
        (6, "A", "A 1 block (6 layers)"),
        (50, "A:order=post-ln", "A 12 blocks (50 layers) post-LN"),
        (18, "shaped:wire=mlp", "shaped 4 blocks (18 layers) MLP wire"),
        (18, "skipinit:norm=none", "skipinit 4 blocks (18 layers) no norm"),
    ],
)
def test_depths_of_stacks_are_named_by_their_blocks(depth, text, label):
    assert arm_names.arm_label(depth, text, "vit") == label
    assert arm_names.variant_name(text) == label.replace(f" {depth_name(depth, 'vit')}", "")
    assert depth_name(32, "mlp") == "15 blocks (32 layers)" and depth_name(50, "imagenet") == "50"


@pytest.mark.parametrize(("family", "controls"), [("cifar", {"dirac", "delta-orthogonal"}), ("vit", {"shaped"})])
def test_the_groups_hold_every_shortcut_of_a_family_once(family, controls):
    groups = arm_names.shortcut_groups(family)
    assert [row.name for rows in groups.values() for row in rows] == list(arm_names.shortcuts(family))
    assert {row.name for row in groups["controls without a shortcut"]} == controls


@pytest.mark.parametrize("name", arm_names.shortcuts())
def test_every_shortcut_can_be_put_together_from_what_the_page_offers(name):
    row = SHORTCUTS[name]
    defaults = {option.name: option.default for option in row.options}
    for order in arm_names.orders_of(row):
        for norm in arm_names.norms_of(row):
            for layers in arm_names.layers_of_a_shortcut():
                text = arm_names.variant_text(name, defaults, order.name, norm, layers)
                variant, problem = arm_names.variant_from(text)
                assert (variant.text, problem) == (text, "")
    assert (
        arm_names.variant_text(name, defaults, arm_names.orders_of(row)[0].name, arm_names.norms_of(row)[0], 2) == name
    )


def test_a_text_with_layers_is_of_the_family_that_has_them():
    with pytest.raises(ConfigError, match="the family cifar has the shortcuts"):
        arm_names.variant_text("deepnorm", {}, "post-ln", "layer", 2)


def test_orders_are_those_that_the_shortcut_works_with():
    assert [order.name for order in arm_names.orders_of(SHORTCUTS["A"])] == list(ORDERS)[:5]
    assert [order.name for order in arm_names.orders_of(SHORTCUTS["A"], "mlp")] == ["pre-ln", "post-ln"]
    assert [order.name for order in arm_names.orders_of(SHORTCUTS["fixup"])] == ["post"]


def test_words_of_a_variant_are_those_of_its_family():
    assert arm_names.variant_in_words("A") == "residual (A); order original, norm batch, 2 layers"
    words = "residual (A); order post-LN, norm layer"
    assert arm_names.variant_in_words("A:order=post-ln", "mlp") == words
    assert arm_names.variant_in_words("A:wire=mlp", "vit") == "residual (A); order pre-LN, norm layer, MLP wire"
    # What was published is of convolutional nets.
    assert arm_names.references(["A"], "vit") == [] != arm_names.references(["A"])


def test_a_wrong_text_is_said_in_one_line():
    variant, problem = arm_names.variant_from("gated:bais=3")
    assert variant is None
    assert "unknown option 'bais' of shortcut gated; choose from bias" in problem
    assert arm_names.variant_from(" plain ")[0].text == "none"


def test_references_put_the_arms_own_figures_first_and_leave_other_nets_out():
    gated = arm_names.references(["gated:bias=-7"])
    assert [found.exact for found in gated] == [True, False, False]
    assert gated[0].figure.error == 9.81
    assert arm_names.figure_in_words(gated[0].figure) == (
        "9.81 %, ResNet-110, CIFAR-10, median of 5 runs (He et al. 2016 (1603.05027), Table 1)"
    )
    failed = arm_names.references(["gated:bias=0"])[0].figure
    assert "fail (above 20 %), ResNet-110" in arm_names.figure_in_words(failed)
    full = arm_names.references(["A:order=full-pre"])
    assert full[0].figure.error == 6.37
    assert all("full-pre" in found.figure.variant and "layers" not in found.figure.variant for found in full)
    projected = arm_names.references(["B:order=full-pre"])
    assert {found.figure.net for found in projected} == {"ResNet-164 (bottleneck)", "ResNet-1001 (bottleneck)"}
    assert arm_names.references(["C:order=full-pre"]) == []
    assert [arm_names.value_in_words(found.figure) for found in arm_names.references(["none"])][:2] == [
        "above 60 %", "fail (above 20 %)",
    ]  # fmt: skip
    assert arm_names.references(["gated:order=full-pre", "none:norm=none"]) == []


def test_what_is_contested_is_said_once_per_shortcut():
    found = arm_names.contested(["gated", "gated:bias=-7", "A", "highway"])
    assert set(found) == {"exclusive gating", "Highway"}
