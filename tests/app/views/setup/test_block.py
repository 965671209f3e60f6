"""The drawing of a block: true to the nets that are built, valid, nothing over anything else, readable."""

import re
from itertools import combinations, product
from xml.etree import ElementTree

import pytest

from app import theme
from app.views.setup import block
from engine.models.blocks import build_block
from engine.models.layers.preact import PreActBlock
from engine.models.registry import SHORTCUTS, Site, norms_of, orders_of, variant
from tests.contracts.variants import ROWS

#: Words that the drawing of each row has to hold.
OPERATIONS = {
    "none": "no shortcut", "A": "identity; zero-pad", "B": "1x1 conv, BN where the shape changes", "C": "1x1 conv",
    "scaled": "x 0.5", "gated": "gate: x (1 - g)", "shortcut-gated": "gate: x (1 - g)", "conv1x1": "1x1 conv",
    "dropout": "dropout 0.5", "highway": "3x3 conv of the input", "stochastic-depth": "dropped at random",
    "skipinit": "x alpha, 0 at first", "zero-gamma": "BN, scale 0 at first", "fixup": "+ bias",
    "dirac": "identity at first", "delta-orthogonal": "rotation at first",
}  # fmt: skip


def every_variant():
    """All rows in all their orders, norms and lengths."""
    texts = []
    for row in map(SHORTCUTS.__getitem__, ROWS):
        for order, norm, layers in product(orders_of(row), norms_of(row), (1, 2, 3)):
            texts.append(f"{row.name}:order={order}:norm={norm}:layers={layers}")
    return texts


#: The paper's block, each order that changes what is drawn, a factor on the branch, scalars, one layer and three.
TYPICAL = (
    "none", "A", "A:order=full-pre:layers=3", "B:order=bn-after-addition", "A:order=relu-before-addition:layers=1",
    "gated:norm=none", "fixup",
)  # fmt: skip


def words(drawing):
    """All texts of a drawing, lines of a box joined."""
    return " ".join(
        "".join(node.itertext()) for node in ElementTree.fromstring(drawing).iter() if node.tag.endswith("text")
    )


def test_every_row_and_norm_is_known():
    assert set(OPERATIONS) == set(ROWS)
    assert {norm for name in ROWS for norm in norms_of(SHORTCUTS[name])} == {"batch", "none"}


@pytest.mark.parametrize("name", ROWS)
def test_every_row_says_what_it_does(name):
    found = variant(name)
    said = words(block.svg(found, "light", "#0072b2"))
    signs = OPERATIONS[name].replace("3x3", "3×3").replace("1x1", "1×1").replace(" - ", " − ").replace(": x", ": ×")
    signs = f"×{signs[1:]}" if signs.startswith("x ") else signs
    assert signs in said
    assert ("no shortcut" in said) == found.plain
    assert found.shortcut.formula not in said, "a row that the drawing does not know is told by its formula"


def orders_differ(text):
    """Return in what the drawing and the built block differ, '' where they agree."""
    found = variant(text)
    built = build_block(found, Site(16, 16, 1, found.norm), first=False)
    if not isinstance(built, PreActBlock):  # the paper's own block
        steps, finish, scaled = ["conv1", "bn1", "", "conv2", "bn2"], [""], False
    else:
        steps, finish, scaled = built._front, built._finish, built.coefficient is not None
    kinds = {"conv": "3x3 conv", "bn": "BN", "relu": "ReLU", "": "ReLU", "shift": "+ bias", "after": "+ bias"}
    expected = [kinds[re.sub(r"\d", "", step)] for step in steps]
    if found.shortcut.scalars:
        expected[-1] = "x scale"
    drawn, after = block.branch_words(found)
    factor = len(block.coefficient_words(found))
    layers = [word.split(",")[0] for word in drawn[: len(drawn) - factor]]
    if layers != expected:
        return f"{text} is drawn as {layers} and built as {expected}"
    if [word.split(",")[0] for word in after] != [kinds[re.sub(r"\d", "", step)] for step in finish]:
        return f"{text}: after the sum {after} is drawn and {finish} is built"
    if len(block.shared_words(found)) != getattr(built, "_shared", 0):
        return f"{text}: the shortcut is drawn and built from different places"
    if bool(factor) != scaled or found.plain != (built.shortcut is None):
        return f"{text}: the factor of the branch or the shortcut is drawn and not built, or built and not drawn"
    return ""


def overlaps(text):
    """Return what lies over something else or off the sheet in the drawing of a variant, '' where nothing does."""
    drawn = block.plan(variant(text))
    rectangles = [box.rectangle for box in drawn.boxes]
    for (left, top, right, bottom), (left2, top2, right2, bottom2) in combinations(rectangles, 2):
        if not (right <= left2 or right2 <= left or bottom <= top2 or bottom2 <= top):
            return f"{text}: two boxes overlap"
    for left, top, right, bottom in rectangles:
        if min(left, top) < 0 or right > block.WIDTH or bottom >= drawn.height:
            return f"{text}: a box is off the sheet"
    if not drawn.plain:
        ends = [box.rectangle[3] + 9 for box in drawn.branch] + [box.rectangle[3] for box in drawn.path]
        if any(box.rectangle[1] < drawn.fork_y for box in drawn.path):
            return f"{text}: the shortcut leaves below its boxes"
        if max(ends) > drawn.sum_y or any(box.rectangle[1] < drawn.sum_y + 9 for box in drawn.finish):
            return f"{text}: the sum is not between what is added and what follows"
    if any(max(map(len, box.lines)) * 6.6 > box.width for box in drawn.boxes):
        return f"{text}: words do not fit into their box"
    return ""


@pytest.mark.parametrize("text", TYPICAL)
def test_a_typical_block_is_drawn_as_it_is_built(text):
    assert orders_differ(text) == ""
    assert overlaps(text) == ""


def test_every_variant_is_drawn_as_it_is_built_and_nothing_lies_over_anything_else():
    every = every_variant()
    assert len(every) > 300
    assert [problem for text in every for problem in (orders_differ(text), overlaps(text)) if problem] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_row_is_a_picture_that_can_be_read_in_either_scheme(scheme):
    sidebar = {"light": "#f4f6f8", "dark": "#151a20"}[scheme]
    for name in ROWS:
        drawing = block.svg(variant(name), scheme, theme.text_color(name, 56, scheme))
        root = ElementTree.fromstring(drawing)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert not re.search(r"(?:href|src|url)\s*[=(]", drawing), "nothing is fetched"
        texts = list(root.iter("{http://www.w3.org/2000/svg}text"))
        assert texts, name
        for node in texts:
            assert theme.contrast(node.get("fill"), theme.BACKGROUND[scheme]) >= 4.5, name
            assert theme.contrast(node.get("fill"), sidebar) >= 4.5, name


def test_options_are_told_and_words_say_all_of_it():
    assert "× 0.3" in words(block.svg(variant("scaled:shortcut=0.3"), "light", "#0072b2"))
    assert block.in_words(variant("A")) == (
        "Branch: 3x3 conv; BN; ReLU; 3x3 conv; BN. Shortcut: identity; zero-pad where the shape changes, then the sum. "
        "After it: ReLU."
    )
    assert "No shortcut." in block.in_words(variant("none"))
    assert "Shortcut: from behind BN, ReLU; 1x1 conv; BN," in block.in_words(variant("C:order=full-pre"))
    assert "Shortcut: from behind ReLU; 1x1 conv; BN," in block.in_words(variant("C:order=relu-only-pre"))
    assert "Shortcut: 1x1 conv; BN," in block.in_words(variant("C:order=relu-before-addition"))
    assert "1x1 conv of the activated x" in block.in_words(variant("B:order=full-pre"))
    assert "activated" not in block.in_words(variant("B"))
    assert "After it" not in block.in_words(variant("A:order=full-pre"))
