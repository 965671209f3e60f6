import math

import pytest

from engine.errors import ConfigError
from engine.models.registry import ORDERS, SHORTCUTS, get_shortcut, variant


@pytest.mark.parametrize(("text", "canonical"), [
    ("A", "A"), ("none", "none"), ("plain", "none"), ("plain:norm=none", "none:norm=none"),
    ("gated:bias=-6", "gated"), ("gated:bias=-7.0", "gated:bias=-7"), ("gated:bias=-0", "gated:bias=0"),
    ("A:order=full-pre", "A:order=full-pre"), ("A:order=post:norm=batch:layers=2", "A"),
    ("A:layers=3:norm=none:order=relu-only-pre", "A:order=relu-only-pre:norm=none:layers=3"),
    ("scaled:branch=0.5:shortcut=0.25", "scaled:shortcut=0.25:branch=0.5"),
    ("scaled: branch = 5e-1", "scaled:branch=0.5"), ("skipinit:start=0.12345678", "skipinit:start=0.123457"),
    ("fixup", "fixup"), ("fixup:norm=none", "fixup"),
])  # fmt: skip
def test_canonical_text(text, canonical):
    chosen = variant(text)
    assert chosen.text == canonical
    assert variant(canonical) == chosen


def test_what_a_text_says():
    chosen = variant("gated:bias=-7:order=full-pre:layers=1")
    assert chosen.shortcut is SHORTCUTS["gated"]
    assert chosen.options == {"bias": -7.0}
    assert (chosen.order, chosen.norm, chosen.layers, chosen.plain) == ("full-pre", "batch", 1, False)
    assert variant("fixup").norm == "none"
    assert variant("none:order=full-pre").plain and variant("dirac").plain
    assert math.isclose(variant("skipinit:start=0.12345678").options["start"], 0.123457)
    assert get_shortcut("plain:norm=none") is SHORTCUTS["none"]


@pytest.mark.parametrize(("text", "complaint"), [
    ("D", "unknown shortcut 'D'; choose from none, A, B, C, scaled, "),
    ("", "unknown shortcut ''; choose from none, A"),
    ("A:bias=-6", "unknown option 'bias' of shortcut A; choose from order, norm, layers"),
    ("gated:gate=1", "unknown option 'gate' of shortcut gated; choose from bias, order, norm, layers"),
    ("gated:bias=-11", "bias of shortcut gated is a number from -10 to 5 .got '-11'."),
    ("gated:bias=nan", "bias of shortcut gated is a number from -10 to 5 .got 'nan'."),
    ("gated:bias=low", "is a number from -10 to 5 .got 'low'."),
    ("A:order=pre", "order of shortcut A is post or bn-after-addition or relu-before-addition or relu-only-pre or "
     "full-pre .got 'pre'."),
    ("A:norm=layer", "norm of shortcut A is batch or none"),
    ("A:layers=4", "layers of shortcut A is 1 or 2 or 3"),
    ("A:layers=2.0", "layers of shortcut A is 1 or 2 or 3"),
    ("fixup:norm=batch", "norm of shortcut fixup is none .got 'batch'."),
    ("zero-gamma:order=full-pre", "order of shortcut zero-gamma is post or relu-only-pre"),
    ("A:order", "'order' in shortcut 'A:order' is not of the form key=value with order, norm, layers"),
    ("A:", "'' in shortcut 'A:' is not of the form key=value"),
    ("A:norm=none:norm=none", "option 'norm' is named twice"),
])  # fmt: skip
def test_what_is_not_allowed_is_answered_in_one_line(text, complaint):
    with pytest.raises(ConfigError, match=complaint) as raised:
        variant(text, "cifar")
    assert "\n" not in str(raised.value)


def test_what_a_text_means_depends_on_the_family():
    assert [(variant("A", family).order, variant("A", family).norm) for family in ("cifar", "vit")] == [
        ("post", "batch"), ("pre-ln", "layer"),
    ]  # fmt: skip
    # Without a family it is the first that knows the text.
    assert variant("A").order == "post" and variant("A:order=post-ln").norm == "layer"
    assert variant("deepnorm").order == "post-ln"
    # A wire at one place makes a net that is no plain one.
    assert variant("shaped").plain and not variant("shaped:wire=mlp").plain
    wired = variant("A:wire=attention", "vit")
    assert (wired.wired("attention"), wired.wired("mlp"), wired.text) == (True, False, "A:wire=attention")


@pytest.mark.parametrize(("depth", "nearest"), [
    (8, "20"), (14, "20"), (26, "20 and 38"), (32, "20 and 38"), (44, "38 and 56"), (1202, "1190"),
])  # fmt: skip
def test_three_layers_do_not_divide_every_stage(depth, nearest):
    with pytest.raises(ConfigError, match=f"layers=3 does not divide the .* at depth {depth}; nearest {nearest}$"):
        variant("A:layers=3").blocks_per_stage(depth)
    assert variant("A").blocks_per_stage(depth) == (depth - 2) // 6
    assert variant("A:layers=1").blocks_per_stage(depth) == (depth - 2) // 3


def test_blocks_of_three():
    assert [variant("A:layers=3").blocks_per_stage(depth) for depth in (20, 38, 56, 110)] == [2, 4, 6, 12]


@pytest.mark.parametrize("name", ORDERS)
def test_orders_are_explained(name):
    order = ORDERS[name]
    assert order.name == name
    assert order.help.endswith(".")
    assert "add" in order.formula
    if "cifar" not in order.families:
        assert "et al." in order.source and not order.published
        return
    assert "1603.05027" in order.source or name == "post"
    assert {figure.net for figure in order.published} >= {"ResNet-110", "ResNet-164 (bottleneck)"}


@pytest.mark.parametrize("name", ["gated", "shortcut-gated", "highway"])
def test_gating_is_contested(name):
    assert "6.04 %" in SHORTCUTS[name].contested and "6.25 %" in SHORTCUTS[name].contested
