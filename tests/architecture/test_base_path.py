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
#: Functions that compare or declare paths below the base; whatever else gets one sends a browser there.
_COMPARES = {"Route", "startswith", "endswith"}


def readers(node: ast.AST) -> list[str]:
    """Return the expressions that read the path of a request past ``inside``."""
    whole = [found for found in ast.walk(node) if isinstance(found, ast.Subscript | ast.Attribute)]
    return [
        ast.unparse(found)
        for found in whole
        if re.fullmatch(r"\w*scope\[['\"](raw_)?path['\"]\]|request(\.url)?\.path", ast.unparse(found))
    ]


def absolute(node: ast.AST) -> list[str]:
    """Return strings that are absolute paths of this server, and stand neither in a route nor in a constant."""
    allowed = {
        id(part)
        for found in ast.walk(node)
        if (isinstance(found, ast.Call) and ast.unparse(found.func).rpartition(".")[2] in _COMPARES)
        or isinstance(found, ast.Assign | ast.AnnAssign | ast.Compare | ast.ListComp)
        for part in ast.walk(found)
    }
    return [
        found.value
        for found in ast.walk(node)
        if isinstance(found, ast.Constant) and isinstance(found.value, str) and id(found) not in allowed
        if re.match(r"/(live|present|_stcore)\b", found.value)
    ]


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
        (absolute, "surroundings(stream='/live/stream')"),
        (absolute, "link('/present')"),
        (redirects, "RedirectResponse('/', 303)"),
        (redirects, "RedirectResponse(f'{base}/x')"),
    ],
)
def test_the_rules_can_fail(rule, source):
    assert rule(ast.parse(source))
    assert _ABSOLUTE.search('fetch("/live/history")')
