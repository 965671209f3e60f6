"""What every file and folder of the house keeps to: size, names, documentation, no unfinished or unsafe parts."""

import ast
import subprocess
import sys
from collections import Counter

import pytest

from engine.paths import PROJECT
from tests.architecture.source_tree import files, name_of, text, tree

MAX_FILES, MAX_LINES, MIN_LINES = 16, 400, 30
BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
#: Shorter than 30 lines, and why that is right. Style sheets, markup and ``__init__`` need no reason.
SHORT = {
    "app/__main__.py": "entry point",
    "app/live/labs/presentation.js": "table of keys, and what of a lab goes on the stage",
    "app/live/layers/component.py": "seam: one component of the page",
    "app/live/learning_rates/component.py": "seam: one component of the page",
    "app/live/offline/talk/page.js": "entry of the file of a talk",
    "app/live/race/presentation/keys.js": "table of keys",
    "app/live/shared/export/clipboard.js": "one thing that menus of exports share",
    "app/live/talk/keys.js": "table of keys",
    "app/live/talk/messages.py": "one document, and what each part of it means",
    "app/views/layers.py": "one component on a page; the rest is in page_frame.py",
    "app/views/labs/selectors.py": "table of the labs with selectors",
    "engine/__main__.py": "entry point",
    "engine/data/subset.py": "one function, whose order is a contract with every evaluation on record",
    "engine/labs/gradient_kinds.py": "names that two labs share",
    "engine/hardware/training.py": "one question that engine, command line and page ask",
    "engine/paths.py": "one constant of the ground floor",
    "engine/runs/client/author.py": "one question that commands, starts, names and notes ask",
    "engine/runs/protocol/older_nets.py": "one rule that worker and supervisor share",
    "engine/runs/protocol/verbs.py": "table of the commands",
    "engine/runs/worker/out_of_memory.py": "torch-free beside jobs that are not",
    "engine/store/revision.py": "one counter that all tables share",
}
#: Documents that lie outside of the repository are no source.
OUTSIDE = tuple(f"{name}.md" for name in ("science", "house", "design", "faults"))
UNFINISHED = ("TO" + "DO", "FIX" + "ME", "X" + "XX")


def tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files"], cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    return [name for name in listed.splitlines() if (PROJECT / name).is_file()]


def test_no_folder_holds_more_than_sixteen_files():
    names = [name for name in tracked() if name.startswith(("engine/", "app/", "tests/"))]
    counts = Counter(name.rpartition("/")[0] for name in names if not name.endswith("/__init__.py"))
    assert {folder: count for folder, count in counts.items() if count > MAX_FILES} == {}


def test_no_file_is_longer_than_400_lines_and_only_those_with_a_reason_are_short():
    lengths = {
        name_of(path): len(text(path).splitlines())
        for suffix in (".py", ".js")
        for path in files(suffix)
        if path.name != "__init__.py"
    }
    assert {name: count for name, count in lengths.items() if count > MAX_LINES} == {}
    assert {name for name, count in lengths.items() if count < MIN_LINES} == {*SHORT}


def test_tests_keep_to_the_length_too():
    lengths = {name_of(path): len(text(path).splitlines()) for path in files(".py", ("tests",))}
    assert {name: count for name, count in lengths.items() if count > MAX_LINES} == {}


def test_every_module_says_what_it_is_for():
    assert [name_of(path) for path in files() if text(path).strip() and not ast.get_docstring(tree(path))] == []


def test_no_name_says_nothing_and_none_hides_a_package():
    stems = {path.stem for path in files()}
    assert not stems & BANNED_NAMES
    assert not [path for path in files() if path.parent.name == "pages"]
    packages = {"plotly", "streamlit", "app", "pandas", "numpy", "click", "rich", "starlette"}
    assert not {path.stem for path in (PROJECT / "app").glob("*.py")} & packages


def test_no_function_has_more_than_five_parameters():
    for path in files():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                arguments = node.args
                names = [each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
                own = [name for name in names if name not in ("self", "cls")]
                assert len(own) <= 5, (name_of(path), node.lineno, own)


def test_nothing_unfinished_and_no_pickle():
    for path in files():
        assert not [word for word in UNFINISHED if word in text(path)], name_of(path)
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func)
                assert name not in {"pickle.load", "pickle.loads", "eval", "exec"}, (name_of(path), name)
                if name == "torch.load":
                    safe = {word.arg: ast.unparse(word.value) for word in node.keywords}
                    assert safe.get("weights_only") == "True", name_of(path)
            assert not (isinstance(node, ast.Raise) and "NotImplemented" in ast.unparse(node)), name_of(path)


def test_every_folder_of_tests_is_a_package():
    folders = {path.parent for path in files(".py", ("tests",))}
    assert not [name_of(folder) for folder in folders if not (folder / "__init__.py").exists()]


def test_tests_mirror_the_tree():
    """A test below tests/engine or tests/app lies in the folder of what it tests."""
    folders = {path.parent for path in files(".py", ("tests/engine", "tests/app"))}
    missing = [name_of(folder) for folder in folders if not (PROJECT / folder.relative_to(PROJECT / "tests")).is_dir()]
    assert missing == []


@pytest.mark.parametrize("module", ["app.data", "engine.runs.supervisor.supervisor", "engine.cli.group"])
def test_torch_is_not_loaded_at_run_time(module):
    script = f"import sys, {module}; print([n for n in sys.modules if n.partition('.')[0] in ('torch', 'torchvision')])"
    result = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, timeout=60)
    assert result.stdout.strip() == "[]", result.stderr


def test_no_source_names_a_document_outside_of_the_repository():
    named = [
        (name_of(path), word)
        for suffix in (".py", ".js", ".css", ".html")
        for path in files(suffix, ("engine", "app", "tests"))
        for word in OUTSIDE
        if word in text(path)
    ]
    assert named == []
