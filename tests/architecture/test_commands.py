"""Whatever commands or writes is guarded: read from the syntax trees of app/ (nothing is imported here)."""

import ast

import pytest

from engine.paths import PROJECT

DATA = sorted((PROJECT / "app" / "data").rglob("*.py"))
OTHERS = sorted(path for path in (PROJECT / "app").rglob("*.py") if path not in DATA)
#: What may be asked of the engine without permission: it changes nothing.
READS = {"engine.status"}
#: The server's own: it readies its workspace before anybody has come, and leaves it after. It numbers presenters.
OF_THE_SERVER = {"startup", "use_cluster", "shutdown", "new_presenter"}
#: What the audience of a talk may write: a vote, bounded and counted once for each visitor.
OF_THE_AUDIENCE = {("room.py", "vote")}
#: Where the thing that commands is made.
MAKER = ("workspace.py", "__init__")
#: Ways into the store and the engine that would pass the guard by.
WRITERS = {"Writer", "EngineProcess", "CommandClient", "InterventionClient", "NoteClient", "TalkClient", "connect"}


def functions(tree: ast.AST):
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def commands(node: ast.AST) -> set[str]:
    """What a piece of code asks of a ``control``, by name; '' where the whole of it is handed on."""
    outer = {id(found.value): found for found in ast.walk(node) if isinstance(found, ast.Attribute)}

    def asked(control: ast.Attribute) -> str:
        names, at = [], control
        while (at := outer.get(id(at))) is not None:
            names.append(at.attr)
        return ".".join(names)

    return {
        asked(found) for found in ast.walk(node) if isinstance(found, ast.Attribute) and found.attr == "control"
    } - READS


def _calls_a_name(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name)


def called(node: ast.AST) -> set[str]:
    return {found.func.id for found in ast.walk(node) if _calls_a_name(found)}


def is_guarded(node) -> bool:
    return bool(node.decorator_list) and ast.unparse(node.decorator_list[0]) == "requires_presenter"


def unguarded(tree: ast.AST, file: str) -> list[str]:
    found = [
        node.name
        for node in functions(tree)
        if commands(node)
        and not is_guarded(node)
        and node.name not in OF_THE_SERVER
        and (file, node.name) not in {MAKER, *OF_THE_AUDIENCE}
    ]
    inside = {id(part) for node in functions(tree) for part in ast.walk(node)}
    return found + [
        "outside of a function"
        for part in ast.walk(tree)
        if isinstance(part, ast.Attribute) and part.attr == "control" and id(part) not in inside
    ]


@pytest.mark.parametrize("path", DATA, ids=lambda path: path.name)
def test_every_function_that_commands_asks_first(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert unguarded(tree, path.name) == []
    imports = {"import_from"} & {node.func.id for node in ast.walk(tree) if _calls_a_name(node)}
    assert not imports or all(is_guarded(node) for node in functions(tree) if imports & called(node))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert not names & WRITERS, "write through the control, which is guarded"
    assert "Control" not in names or path.name == "workspace.py"


def test_only_the_server_uses_its_own_part():
    users = {
        path.name
        for path in OTHERS
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Attribute) and node.attr in OF_THE_SERVER and ast.unparse(node.value) == "commands")
        or (isinstance(node, ast.alias) and node.name in OF_THE_SERVER)
    }
    assert users == {"server.py", "command_line.py"}


def test_only_the_access_sets_the_guard():
    users = {
        path.name
        for path in [*OTHERS, *DATA]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "guard"
    }
    assert users == {"presenter_link.py"}


@pytest.mark.parametrize(
    ("source", "wrong"),
    [
        ("def f():\n    current().control.interventions.extend(1, 2)", ["f"]),
        ("def f():\n    at = current()\n    at.control.commands.give('stop', 1)", ["f"]),
        ("def f():\n    control = current().control\n    control.engine.shutdown()", ["f"]),
        ("@cache\ndef f():\n    current().control.interventions.extend(1, 2)", ["f"]),
        ("@requires_presenter\ndef f():\n    current().control.interventions.extend(1, 2)", []),
        ("@cache\n@requires_presenter\ndef f():\n    current().control.interventions.extend(1, 2)", ["f"]),
        ("def f():\n    return current().control.engine.status()", []),
        ("shut = lambda: current().control.engine.shutdown()", ["outside of a function"]),
    ],
)
def test_the_rule_can_fail(source, wrong):
    assert unguarded(ast.parse(source), "some.py") == wrong
