"""The machinery of the fuzz tests: it finds, names the seed, and bounds time and memory."""

import ast
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import strategies as st

from tests.fuzz.odd import often
from tests.fuzz.tiers import CASES, SEED, Tier, tiers


@pytest.fixture(autouse=True)
def _no_override(monkeypatch):
    monkeypatch.delenv(CASES, raising=False)
    monkeypatch.delenv(SEED, raising=False)


def seen(tier):
    cases = []
    tier.run(cases.append, st.integers())
    return cases


def test_a_tier_tries_its_number_of_cases_and_the_same_ones_for_a_seed(monkeypatch):
    assert len(seen(Tier(40, seed=0))) == 40
    assert seen(Tier(40, seed=0)) == seen(Tier(40, seed=0))
    assert seen(Tier(40)) != seen(Tier(40))
    monkeypatch.setenv(SEED, "7")
    monkeypatch.setenv(CASES, "25")
    assert seen(Tier(40)) == seen(Tier(40, seed=7))
    assert len(seen(Tier(40))) == 25


def test_what_is_found_is_small_and_says_how_to_find_it_again():
    def check(number):
        assert number < 1000

    with pytest.raises(AssertionError) as found:
        Tier(300, seed=3).run(check, st.integers())
    assert "assert 1000 < 1000" in str(found.value)
    assert f"{SEED}=3 {CASES}=300" in "".join(found.value.__notes__)


def test_a_case_that_works_too_long_fails():
    def works(_):
        ends = time.process_time() + 0.05
        while time.process_time() < ends:
            pass

    with pytest.raises(AssertionError, match="of processor time"):
        Tier(2, seed=0).run(works, st.none(), case_s=0.02)


def test_cases_that_take_too_much_memory_fail():
    with pytest.raises(AssertionError, match="peak of memory"):
        Tier(2, seed=0).run(lambda size: bytearray(size), st.just(300 * 2**20), growth_mb=100)


@tiers
def test_both_tiers_come_with_their_number_of_cases(tier):
    assert tier.cases in (300, 10_000)


def test_what_is_named_more_often_comes_more_often():
    right, odd = st.just("right"), st.just("odd")
    drawn: Counter[str] = Counter()
    pair = st.tuples(often(*[right] * 5, odd), st.integers())
    Tier(300, seed=0).run(lambda pair: drawn.update(pair[:1]), pair)
    assert 20 < drawn["odd"] < 100, drawn


@pytest.mark.parametrize("path", sorted(Path(__file__).parent.rglob("*.py")), ids=lambda path: path.stem)
def test_nothing_is_named_twice_where_repetitions_are_forgotten(path):
    assert repeated(path.read_text(encoding="utf-8")) == []


def test_a_repetition_that_is_forgotten_is_found():
    for text in ("st.one_of(a, a, b)", "st.one_of(*[a] * 3, b)", "a | b | a"):
        assert repeated(text)
    assert not repeated("st.one_of(a, b)\nst.one_of(*map(f, x))\na | b\nx = [1] * 3")


def repeated(source: str) -> list[str]:
    """Return the alternatives of strategies that name one twice: hypothesis drops the second."""
    found = []
    for node in ast.walk(ast.parse(source)):
        parts: list[ast.expr] = []
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("one_of"):
            parts = node.args
        elif isinstance(node, ast.BinOp):
            parts = alternatives(node)
        names = [part.id for part in parts if isinstance(part, ast.Name)]
        if len({*names}) < len(names) or any("] * " in ast.unparse(part) for part in parts if len(parts) > 1):
            found.append(ast.unparse(node))
    return found


def alternatives(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return alternatives(node.left) + alternatives(node.right)
    return [node]
