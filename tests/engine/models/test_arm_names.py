"""Names of arms, what the zoo offers, what was published beside what."""

import pytest

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


def test_the_groups_hold_every_shortcut_once():
    grouped = [row.name for rows in arm_names.shortcut_groups().values() for row in rows]
    assert grouped == list(SHORTCUTS)
    controls = arm_names.shortcut_groups()["controls without a shortcut"]
    assert {row.name for row in controls} == {"dirac", "delta-orthogonal"}


@pytest.mark.parametrize("name", SHORTCUTS)
def test_every_shortcut_can_be_put_together_from_what_the_page_offers(name):
    row = SHORTCUTS[name]
    defaults = {option.name: option.default for option in row.options}
    for order in arm_names.orders_of(row):
        for norm in row.norms:
            for layers in arm_names.layers_of_a_shortcut():
                text = arm_names.variant_text(name, defaults, order.name, norm, layers)
                variant, problem = arm_names.variant_from(text)
                assert (variant.text, problem) == (text, "")
    assert arm_names.variant_text(name, defaults, arm_names.orders_of(row)[0].name, row.norms[0], 2) == name


def test_orders_are_those_that_the_shortcut_works_with():
    assert [order.name for order in arm_names.orders_of(SHORTCUTS["A"])] == list(ORDERS)
    assert [order.name for order in arm_names.orders_of(SHORTCUTS["fixup"])] == ["post"]


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
