"""Texts that somebody chose are data on every page: what is drawn as Markdown is written here, or was escaped.

Streamlit draws Markdown, links, pictures, colours and symbols in labels, tooltips and messages. A name, a note, a path
or the message of an error goes through ``app.views.markdown_escape.literal``, or stands where no Markdown is drawn.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.markdown_texts import OURS
from tests.architecture.source_tree import files, name_of, tree

#: What draws its first text as Markdown.
FIRST = frozenset((
    "badge", "button", "caption", "checkbox", "dialog", "download_button", "error", "expander", "file_uploader",
    "form_submit_button", "header", "html", "info", "latex", "link_button", "markdown", "menu_button", "metric",
    "multiselect", "number_input", "page_link", "pills", "popover", "radio", "segmented_control", "select_slider",
    "selectbox", "slider", "spinner", "status", "subheader", "success", "text_area", "text_input", "title", "toast",
    "toggle", "warning", "write",
))  # fmt: skip
#: What draws all of its texts so, also those in a list or a table.
ALL = frozenset(("write", "table", "tabs"))
#: What draws its second text so, or its options, and the keywords that everything draws so.
SECOND, OPTIONS = frozenset(("progress", "metric")), frozenset(("pills", "segmented_control", "radio"))
COLUMNS = frozenset(("Column", "NumberColumn", "TextColumn", "ImageColumn", "LinkColumn", "DatetimeColumn"))
KEYWORDS = frozenset(("label", "help", "text", "body", "title", "captions", "data", "tabs"))
PURE = frozenset(("len", "sum", "round", "strftime", "takes", "size_in_words", "explained"))


#: What names of one function were set to.
Known = dict[str, list[ast.expr]]


class Room:
    """One file: what its functions return, and what names are set to in one of them."""

    def __init__(self, path: Path):
        self.functions = {node.name: node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef)}
        self.calls = [
            (node, self.set_in(function))
            for function in (tree(path), *self.functions.values())
            for node in own_nodes(function)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        ]

    def set_in(self, function: ast.AST) -> dict[str, list[ast.expr]]:
        found: dict[str, list[ast.expr]] = {}
        for node in own_nodes(function):
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    found.setdefault(name, []).append(value)
                case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.GeneratorExp() | ast.ListComp() as value):
                    for each in names:
                        found.setdefault(ast.unparse(each), []).append(value)
                case ast.NamedExpr(target=ast.Name(id=name), value=value):
                    found.setdefault(name, []).append(value)
                case ast.AugAssign(target=ast.Name(id=name), value=value):
                    found.setdefault(name, []).append(value)
        return found

    def returned_by(self, name: str) -> list[ast.expr]:
        function = self.functions[name]
        return [node.value for node in own_nodes(function) if isinstance(node, ast.Return) and node.value]

    def unknown(self, text: ast.expr, known: Known, seen: frozenset[str] = frozenset()) -> list[str]:
        """Return the parts of a text that are neither written in the source nor escaped nor numbers."""

        def of(*parts: ast.expr) -> list[str]:
            return [name for part in parts for name in self.unknown(part, known, seen)]

        match text:
            case ast.Constant() | ast.Compare() | ast.UnaryOp() | ast.BinOp(op=ast.Sub() | ast.FloorDiv()):
                return []
            case ast.JoinedStr(values=values) | ast.BoolOp(op=ast.Or(), values=values):
                return of(*values)
            case ast.List(elts=values) | ast.Tuple(elts=values):
                return of(*values)
            case ast.Dict(keys=keys, values=values):
                return of(*filter(None, keys), *values)
            case ast.DictComp(key=key, value=value):
                return of(key, value)
            case ast.FormattedValue(value=value, format_spec=spec):
                return [] if is_number(spec) else of(value)
            case ast.IfExp(body=body, orelse=other):
                return of(body, other)
            case ast.BoolOp(values=[*_, last]) | ast.Starred(value=last):
                return of(last)
            case ast.GeneratorExp(elt=last) | ast.ListComp(elt=last):
                return of(last)
            case ast.BinOp(op=ast.Add(), left=left, right=right):
                return of(left, right)
            case ast.BinOp(op=ast.Mult(), left=left):
                return of(left)
            case ast.Call(func=ast.Name(id="literal") | ast.Attribute(attr="literal")):
                return []
            case ast.Call(func=ast.Name(id="map"), args=[ast.Name(id="literal"), *_]):
                return []
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in PURE:
                return []
            case ast.Call(func=ast.Attribute(value=value, attr="join"), args=args):
                return of(value, *args)
            case ast.Call(func=ast.Attribute(value=value, attr="strip" | "capitalize" | "removesuffix")):
                return of(value)
            case ast.Call(func=ast.Name(id=name)) if name in self.functions and name not in seen:
                inside = self.set_in(self.functions[name])
                return [part for value in self.returned_by(name) for part in self.unknown(value, inside, seen | {name})]
            case ast.Name(id=name) if name.lstrip("_").isupper() or name in seen:
                return []
            case ast.Name(id=name) if name in known:
                return [part for value in known[name] for part in self.unknown(value, known, seen | {name})]
            case ast.Subscript(value=ast.Name(id=name)) if name.lstrip("_").isupper():
                return []
            case ast.Attribute(attr=name) if name.isupper():
                return []
        return [f"{ast.unparse(text.func)}(...)" if isinstance(text, ast.Call) else ast.unparse(text)]


def own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """Yield what lies in a function and in none that lies in it."""
    for child in ast.iter_child_nodes(function):
        if not isinstance(child, ast.FunctionDef):
            yield child
            yield from own_nodes(child)


def is_number(spec: ast.expr | None) -> bool:
    values = spec.values if isinstance(spec, ast.JoinedStr) else []
    return bool(values) and isinstance(values[0], ast.Constant) and str(values[0].value)[-1:] in (*",dfg%",)


def texts(call: ast.Call) -> Iterator[ast.expr]:
    """Yield what a call draws as Markdown."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    if name in FIRST | ALL:
        yield from call.args if name in ALL else call.args[:1]
    if name in SECOND:
        yield from call.args[1:2]
    if name in FIRST | ALL | SECOND | COLUMNS:
        yield from (keyword.value for keyword in call.keywords if keyword.arg in KEYWORDS)
    if name in OPTIONS:
        yield from options(call)


def options(call: ast.Call) -> Iterator[ast.expr]:
    """Yield what stands for the options: what their function returns, that function, or they themselves."""
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    shown = given.get("format_func")
    if isinstance(shown, ast.Lambda):
        yield shown.body
    elif shown is not None:
        yield shown
    else:
        yield from [*call.args[1:2], *(value for key, value in given.items() if key == "options")]


def unknown_in(path: Path) -> set[str]:
    room = Room(path)
    return {part for call, known in room.calls for text in texts(call) for part in room.unknown(text, known)}


def test_what_is_drawn_as_markdown_is_written_here_or_escaped():
    drawn = [
        (name_of(path), part) for path in files(".py", ("app",)) if "views" in path.parts for part in unknown_in(path)
    ]
    ours = [(name, part) for name, parts in OURS.items() for part in parts]
    assert sorted({*drawn} - {*ours}) == []
    assert sorted({*ours} - {*drawn}) == [], "nothing draws these any more"


def test_a_name_that_is_drawn_as_markdown_is_found(tmp_path):
    path = tmp_path / "page.py"
    path.write_text(
        "def page(race, st):\n"
        "    title = f'**{race.title}**: {race.steps:,} steps of {literal(race.name)}'\n"
        "    st.markdown(title)\n"
        "    st.text_input('Note', help=words(race))\n"
        "    st.column_config.TextColumn('note', help=race.help)\n"
        "    bar.progress(0.5, race.state)\n"
        "    st.markdown('Plain' if race else LABEL)\n"
        "def words(race):\n"
        "    return ', '.join(race.notes)\n",
        encoding="utf-8",
    )
    assert unknown_in(path) == {"race.title", "race.notes", "race.help", "race.state"}


@pytest.mark.parametrize(
    "call",
    [
        "st.write('A', race.name)", "st.table([{race.name: 1}])", "st.table({'name': [race.name]})",
        "st.table({'a': race.name for a in ONE})", "st.table(data=[race.name])", "st.tabs([race.name])",
        "st.pills('x', [race.name])", "st.segmented_control('x', options=(race.name,))",
        "st.radio('x', ONE, captions=[race.name])", "st.radio('x', ONE, format_func=race.name)",
        "st.pills('x', ONE, format_func=lambda one: race.name)", "bar.progress(0.5, text=race.name)",
    ],
)  # fmt: skip
def test_a_name_is_found_wherever_a_call_draws_it(call, tmp_path):
    for written, found in ((call, {"race.name"}), (call.replace("race.name", "literal(race.name)"), set())):
        path = tmp_path / f"page_{len(found)}.py"
        path.write_text(f"def page(race, st, bar):\n    {written}\n", encoding="utf-8")
        assert unknown_in(path) == found
