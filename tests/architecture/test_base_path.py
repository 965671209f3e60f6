"""One place knows below which path the pages lie: nothing else reads a whole path or names an absolute one."""

import ast
import re

import pytest

from engine.paths import PROJECT
from tests.architecture.source_tree import files, name_of, text, tree

#: Who may read the whole path of a request.
READER = "app/web/base_path.py"
#: In a browser an address that begins with a slash leaves the base path, whatever takes it there.
_ABSOLUTE = re.compile(r"""["'`(=]/(?:live|present|_stcore|static|race|talk|runs)\b""")
#: The path of a request as it came, from a scope or from what holds one.
_WHOLE = re.compile(
    r"""[\w.]*scope(\[['"](raw_)?path['"]\]|\.(get|pop)\(['"](raw_)?path['"].*\))|[\w.]*request\.path|[\w.]+\.url\.path"""
)
_PAGE = re.compile(r"/(live|present|_stcore|static|race|talk|runs)\b")
#: Functions that compare or declare paths below the base; whatever else gets one sends a browser there.
_COMPARES = {"Route", "startswith", "endswith"}


def readers(node: ast.AST) -> list[str]:
    """Return the expressions that read the path of a request past ``inside``."""
    whole = [found for found in ast.walk(node) if isinstance(found, ast.Subscript | ast.Attribute | ast.Call)]
    return [ast.unparse(found) for found in whole if _WHOLE.fullmatch(ast.unparse(found))]


def absolute(node: ast.AST) -> list[str]:
    """Return strings that are absolute paths of this server, and stand neither in a route nor in a constant."""
    allowed = {
        id(part) for found in ast.walk(node) for place in compared_in(found) for part in literals(place)
    }  # fmt: skip
    return [
        found.value
        for found in ast.walk(node)
        if isinstance(found, ast.Constant) and isinstance(found.value, str) and id(found) not in allowed
        if _PAGE.match(found.value)
    ]


def compared_in(node: ast.AST) -> list[ast.expr]:
    """Return what a node compares or declares: no browser gets it."""
    match node:
        case ast.Call(func=func, args=args) if ast.unparse(func).rpartition(".")[2] in _COMPARES:
            return args
        case ast.Compare(left=left, comparators=others):
            return [left, *others]
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if name.lstrip("_").isupper():
            return [value]
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value) if name.lstrip("_").isupper():
            return [value]
    return []


def literals(node: ast.expr) -> list[ast.expr]:
    """Return the texts of an expression that it holds itself, not those that a call in it gets."""
    if isinstance(node, ast.Call):
        return []
    return [node, *(part for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)
                    for part in literals(child))]  # fmt: skip


def redirects(node: ast.AST) -> list[str]:
    """Return redirects to anything but an address that is relative to the one that was asked for."""
    return [
        ast.unparse(found)
        for found in ast.walk(node)
        if isinstance(found, ast.Call) and ast.unparse(found.func).endswith("RedirectResponse")
        if not (isinstance(found.args[0], ast.Constant) and str(found.args[0].value).startswith("./"))
    ]


def test_the_server_finds_and_names_paths_below_its_base():
    for path in files(".py", ("app",)):
        assert name_of(path) == READER or readers(tree(path)) == [], name_of(path)
        assert redirects(tree(path)) == [], name_of(path)
        # In app/web they are compared with what was asked for.
        assert path.parent.name == "web" or absolute(tree(path)) == [], name_of(path)


def test_what_a_browser_gets_names_no_absolute_address():
    sent = [path for suffix in (".js", ".html", ".css") for path in files(suffix, ("app",))]
    sent += sorted((PROJECT / "assets" / "guide").rglob("*.md"))
    assert len(sent) > 100
    assert {name_of(path): found for path in sent if (found := _ABSOLUTE.findall(text(path)))} == {}


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        (readers, "def f(scope):\n    return scope['path'].startswith('/live/')"),
        (readers, "def f(request):\n    return request.url.path"),
        (readers, "self.scope['path']"),
        (readers, "scope.get('path', '')"),
        (readers, "connection.url.path"),
        (absolute, "url = link('/present')"),
        (absolute, "[link('/live/stream') for run in runs]"),
        (absolute, "url = '/live/stream'"),
        (absolute, "if link('/present') == known:\n    pass"),
        (absolute, "go('/race')"),
        (absolute, "surroundings(stream='/live/stream')"),
        (absolute, "link('/present')"),
        (redirects, "RedirectResponse('/', 303)"),
        (redirects, "RedirectResponse(f'{base}/x')"),
    ],
)
def test_the_rules_can_fail(rule, source):
    assert rule(ast.parse(source))
    assert _ABSOLUTE.search('fetch("/live/history")')
