"""Tests in the browser wait for what they assert: one look may meet the instant in which a page is drawn anew."""

import ast
import textwrap
from collections.abc import Iterator
from pathlib import Path

from engine.paths import PROJECT
from tests.architecture.source_tree import files, name_of, text, tree

FOLDER = "tests/e2e"
#: Methods of Playwright that look once, and those of them whose name others have too, who take arguments.
READINGS = {
    "evaluate", "evaluate_all", "evaluate_handle", "eval_on_selector", "eval_on_selector_all", "is_hidden",
    "is_visible", "is_enabled", "is_disabled", "is_editable", "is_checked", "inner_text", "inner_html", "text_content",
    "all_inner_texts", "all_text_contents", "get_attribute", "bounding_box", "input_value", "query_selector",
    "query_selector_all", "screenshot",
}  # fmt: skip
BARE = {"count", "title", "content"}
#: What looks again until it is met, so that whatever is read inside it, or in a function that is handed to it, waits.
WAITING = {"until", "becomes", "comes_true", "again_until", "enter", "settle", "settled_box", "expect"}
#: Those of them that call a function again which has assertions of its own.
CHECKING = {"comes_true", "again_until"}
#: Says of an assertion why one look is right, or of a function that what it returns is no look: ``# at once: why``.
MARK = "# at once: "
ADVICE = "wait for it (tests/e2e/pace/waiting.py), or say why it must hold in this very moment (# at once: ...)"

Function = ast.FunctionDef | ast.AsyncFunctionDef


def called(call: ast.Call) -> str:
    """Return the last name of what is called."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def inside(node: ast.AST) -> Iterator[ast.AST]:
    """Walk through a node, not into calls that wait, nor into functions that stand in it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call) and called(child) in WAITING:
            continue
        if not isinstance(child, Function):
            yield child
            yield from inside(child)


class Module:
    """What a module of tests reads, and where: ``readers`` are names of functions that return what they read."""

    def __init__(self, source: str, readers: set[str]):
        self.lines, self.tree, self.readers = source.splitlines(), ast.parse(source), set(readers)
        self.functions = [node for node in ast.walk(self.tree) if isinstance(node, Function)]
        while new := {f.name for f in self.functions if self._returns_reading(f)} - self.readers:
            self.readers |= new

    def reads(self, node: ast.AST, names: frozenset[str] = frozenset()) -> bool:
        """Return whether a node looks once at a page, or has one of the names of what was read before."""
        return any(
            (isinstance(one, ast.Call) and self._looks(one)) or (isinstance(one, ast.Name) and one.id in names)
            for one in inside(ast.Expression(node))
        )

    def _looks(self, call: ast.Call) -> bool:
        name = called(call)
        if isinstance(call.func, ast.Attribute):
            return name in READINGS or (name in BARE and not call.args and not call.keywords)
        return name in self.readers

    def _is_marked(self, first: int, last: int) -> bool:
        """Return whether one of these lines says the reason, or a comment that stands above them by itself."""
        above = first - 1
        while above and self.lines[above - 1].lstrip().startswith("#"):
            above -= 1
        return any(MARK in line for line in self.lines[above:last])

    def _returns_reading(self, function: Function) -> bool:
        if function.name in WAITING or self._is_marked(function.lineno, function.body[0].lineno - 1):
            return False
        names = frozenset(self._read_before(function, function.end_lineno or 0))
        returned = [node for node in inside(function) if isinstance(node, ast.Return) and node.value]
        return any(self.reads(node.value, names) for node in returned)

    def _read_before(self, function: Function, line: int) -> set[str]:
        """Return the names that hold at this line what was read in one look."""
        names: set[str] = set()
        given = [node for node in inside(function) if isinstance(node, ast.Assign | ast.For | ast.NamedExpr | ast.Call)]
        for node in sorted(given, key=lambda node: node.lineno):
            if node.lineno >= line:
                break
            if isinstance(node, ast.Call):
                # What is read joins a list.
                if called(node) in ("append", "extend") and self.reads(node, frozenset(names)):
                    names |= {one.id for one in ast.walk(node.func) if isinstance(one, ast.Name)}
                continue
            value = node.iter if isinstance(node, ast.For) else node.value
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            assigned = {one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)}
            names = names | assigned if self.reads(value, frozenset(names)) else names - assigned
        return names

    def _handed(self) -> set[str]:
        """Return the functions that are handed to what calls them again until their assertions hold."""
        calls = [node for node in ast.walk(self.tree) if isinstance(node, ast.Call) and called(node) in CHECKING]
        given = [one for call in calls for one in call.args]
        given += [
            one for call in given if isinstance(call, ast.Call) and called(call) == "partial" for one in call.args
        ]
        return {one.id for one in given if isinstance(one, ast.Name)}

    def one_looks(self) -> list[int]:
        """Return the lines of the assertions that rest on one look at a page, and say no reason."""
        handed, found = self._handed(), []
        for function in self.functions:
            if function.name in handed:
                continue
            for node in inside(function):
                if not isinstance(node, ast.Assert):
                    continue
                if self._is_marked(node.lineno, node.end_lineno or node.lineno):
                    continue
                if self.reads(node.test, frozenset(self._read_before(function, node.lineno))):
                    found.append(node.lineno)
        return sorted(found)


def readers_of(path: Path, known: dict[Path, Module]) -> set[str]:
    """Return the functions that a file takes from another one of the folder and that read."""
    taken: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tests."):
            other = PROJECT / f"{node.module.replace('.', '/')}.py"
            if other in files(tops=(FOLDER,)):
                taken |= {alias.name for alias in node.names} & module_of(other, known).readers
    return taken


def module_of(path: Path, known: dict[Path, Module]) -> Module:
    if path not in known:
        known[path] = Module(text(path), readers_of(path, known))
    return known[path]


def test_what_is_asserted_of_a_page_is_waited_for():
    known: dict[Path, Module] = {}
    found = {name_of(path): module_of(path, known).one_looks() for path in files(tops=(FOLDER,))}
    assert len(found) > 20
    assert {name: lines for name, lines in found.items() if lines} == {}, ADVICE


def looks(source: str) -> list[int]:
    return Module(textwrap.dedent(source), set()).one_looks()


def test_one_look_is_found_wherever_it_stands():
    assert looks("def test(page):\n    assert page.locator('p').count() == 1") == [2]
    assert looks("def test(page):\n    assert 3 in [len(one.inner_text()) for one in page]") == [2]
    assert looks("def test(page):\n    box = page.bounding_box()\n    wide = box['width']\n    assert wide > 3") == [4]
    assert looks("def test(page):\n    for one in page.evaluate('1'):\n        assert one") == [3]
    gathered = "    all = []\n    all.append(page.inner_text())\n    assert all"
    assert looks(f"def test(page):\n{gathered}") == [4]
    own = "def view(page):\n    return page.evaluate('1')\ndef twice(page):\n    two = view(page)\n    return two * 2\n"
    assert looks(f"{own}def test(page):\n    assert twice(page) == 2") == [7]
    assert looks(f"{own}def test(page):\n    assert view(page) == 2  # at once: it is told to nobody") == []
    assert looks(f"{own}def test(page):\n    # at once: it is told to nobody\n    assert view(page) == 2") == []
    twice = "    assert view(page)  # at once: told to nobody\n    assert view(page)"
    assert looks(f"{own}def test(page):\n{twice}") == [8], "a reason is of one assertion"
    drawing = "def drawn(page):  # at once: it waits in the page\n    return page.evaluate('1')\n"
    assert looks(f"{drawing}def test(page):\n    assert drawn(page) == 2") == []


def test_what_waits_is_not_one_look():
    waits = "def test(page):\n    seen = becomes(lambda: page.evaluate('1'), 3)\n    assert seen"
    assert looks(waits) == []
    assert looks("def test(page):\n    assert until(lambda: page.locator('p').count() == 1)") == []
    assert looks("def check(page):\n    assert page.evaluate('1')\ncomes_true(partial(check, page))") == []
    assert looks("def test(text):\n    assert text.count('LIVE') == 0 and str.title('a')") == []
    assert looks("def test(page):\n    box = page.bounding_box()\n    box = 3\n    assert box") == []
