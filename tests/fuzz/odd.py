"""What no honest sender writes: odd texts, numbers and nested values, for the places where something else is meant.

A strategy is made once: hypothesis looks through each new one, which takes longer than a case.
"""

from functools import cache, partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

#: Letters that mean something elsewhere: markup, formulas, paths, SQL, formats, terminals, other scripts.
MEANINGFUL = (
    "", " ", "\t", "\n", "\r\n", "\0", "\x1b[2J", "\x7f", "\u202e", "\u2028", "\ufeff", "\uff1d", "\U0001f4a9",
    "\ud800", "a\udcff",
    "e\u0301",
    "<script>alert(1)</script>", "<b>", "&amp;", "[a](javascript:alert(1))", "![](http://evil.example/x)", "$x^2$",
    ":red[x]",
    "=1+1", "+1", "-1", "@x", "' OR 1=1 --", '"; DROP TABLE runs; --', "%s", "%00", "{0}", "{{x}}", "${HOME}",
    "`id`", "$(id)",
    "../../../../etc/passwd", "/etc/passwd", "..\\..\\x", "C:\\", "file:///etc/passwd", "~root", "a/b", ".", "..",
    "CON",
    "None", "null", "true", "NaN", "inf", "-0", "0x10", "1_000", "１", "1e999", "1" * 400, "9" * 19, "x" * 5_000,
)  # fmt: skip
#: Numbers at the edges of what machines hold.
EDGES = (
    0, 1, -1, 2, 127, 128, 255, 256, 2**15, 2**31 - 1, 2**31, 2**32, 2**53, 2**53 + 1, 2**63 - 1, 2**63, -(2**63),
    2**64,
    10**400, -(10**400),
)  # fmt: skip
FLOATS = (
    0.0,
    -0.0,
    0.5,
    -1.5,
    5e-324,
    1e-300,
    1e300,
    1.7976931348623157e308,
    float("inf"),
    -float("inf"),
    float("nan"),
)


def often(*each: SearchStrategy[Any]) -> SearchStrategy[Any]:
    """Any of these; one that is named three times comes three times as often. ``st.one_of`` forgets repetitions."""
    return st.sampled_from(range(len(each))).flatmap(each.__getitem__)


@cache
def texts(max_size: int = 60) -> SearchStrategy[str]:
    """Any text, also one that is no UTF-8."""
    anything = st.text(st.characters(exclude_categories=()), max_size=max_size)
    return st.sampled_from(MEANINGFUL) | anything | st.text(st.sampled_from("0123456789,.:;-_=&?/%"), max_size=max_size)


@cache
def numbers() -> SearchStrategy[int | float]:
    """Any number, with the edges first."""
    return st.sampled_from(EDGES) | st.sampled_from(FLOATS) | st.integers() | st.floats()


@cache
def scalars() -> SearchStrategy[object]:
    """Any single value of JSON, and what Python's reader takes besides."""
    return st.none() | st.booleans() | numbers() | texts()


@cache
def values() -> SearchStrategy[object]:
    """Any value, nested and broad."""
    tables = partial(st.dictionaries, texts(20), max_size=3)
    nested = st.recursive(scalars(), lambda inner: st.lists(inner, max_size=4) | tables(inner), max_leaves=8)
    # Made anew: who changes a value must not change a later case.
    big = st.sampled_from(("long", "deep", "deep inside")).map(_big)
    return often(nested, nested, nested, big)


def _big(kind: str) -> object:
    value: object = 1
    for _ in range(40):
        value = [value]
    return [0] * 5_000 if kind == "long" else {"a": value} if kind == "deep inside" else value


@st.composite
def cut_bytes(draw: st.DrawFn, whole: SearchStrategy[bytes]) -> bytes:
    """Bytes that were right: some flipped, cut off, doubled or put in."""
    data = bytearray(draw(whole))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data)))
        match draw(st.sampled_from(("flip", "cut", "put in", "double"))):
            case "flip" if at < len(data):
                data[at] ^= 1 << draw(st.integers(0, 7))
            case "cut":
                del data[at : at + draw(st.integers(1, 40))]
            case "put in":
                data[at:at] = draw(st.binary(max_size=12))
            case "double":
                data[at:at] = data[max(0, at - 20) : at]
    return bytes(data)
