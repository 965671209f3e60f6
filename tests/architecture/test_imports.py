"""The import arrows of the house: no arrow upwards, no circle, torch and streamlit where they belong."""

import ast
import re
import sys

from tests.architecture.source_tree import (
    circles,
    contains,
    folder_of,
    imports,
    loaded_with,
    modules,
    tree,
)

#: The folders from the ground up. A folder may import those on lower floors; those of one floor stand side by side and
#: do not import each other. A folder and what it contains are one house: there, modules alone must not form a circle.
FLOORS: tuple[tuple[str, ...], ...] = (
    ("engine",),
    ("engine.config",),
    ("engine.store.space",),
    ("engine.hardware", "engine.store"),
    ("engine.store.audience", "engine.store.tables", "engine.store.tables.imported", "engine.models", "engine.data"),
    ("engine.models.zoo", "engine.data.files"),
    ("engine.models.init", "engine.data.downloads", "engine.data.files.decoders", "engine.data.files.parquet"),
    ("engine.models.shortcuts",),
    ("engine.models.layers", "engine.models.sublayers"),
    ("engine.training", "engine.probes", "engine.probes.online"),
    ("engine.probes.offline", "engine.analysis", "engine.analysis.layers"),
    ("engine.labs",),
    (
        "engine.labs.conditioning", "engine.labs.constructed", "engine.labs.gradients", "engine.labs.landscape",
        "engine.labs.lesion", "engine.labs.mapping", "engine.labs.predictability", "engine.labs.rates",
        "engine.labs.shattering", "engine.labs.smoothness",
    ),
    ("engine.runs", "engine.bench"),
    ("engine.runs.protocol",),
    ("engine.runs.worker",),
    ("engine.runs.launchers",),
    ("engine.runs.launchers.ray_cluster",),
    ("engine.runs.supervisor",),
    ("engine.runs.client",),
    ("engine.exchange.ghosts",),
    ("engine.exchange", "engine.exchange.bundle", "engine.exchange.pytorch_script"),
    ("engine.talks",),
    ("engine.cli.parsing",),
    ("engine.cli",),
    ("app",),
    ("app.data",),
    ("app.data.next_steps", "app.data.instant", "app.data.exchange", "app.data.recording"),
    ("app.data.talks",),
    ("app.web",),
    ("app.web.audience",),
    ("app.live.stream",),
    ("app.live.shared.presentation",),
    ("app.live.shared",),
    ("app.live.offline",),
    (
        "app.live", "app.live.race", "app.live.race.instant", "app.live.race.landing", "app.live.layers",
        "app.live.labs", "app.live.learning_rates",
    ),
    ("app.live.talk", "app.live.offline.race"),
    ("app.live.offline.report", "app.live.offline.talk"),
    ("app.views",),
    ("app.views.setup", "app.views.labs"),
    ("app.views.race",),
    ("app.views.runs", "app.views.guide"),
)  # fmt: skip
FLOOR = {folder: floor for floor, folders in enumerate(FLOORS) for folder in folders}
#: Offline files put features together, and so does a talk: what the house of a page does for the live page.
FILES_OF_FEATURES = {"app.live.offline.race", "app.live.offline.report", "app.live.offline.talk", "app.live.talk"}
#: The rooms that may import torch; all others must not, not even inside a function.
TORCH_ROOMS = (
    "engine.hardware", "engine.data", "engine.models", "engine.training", "engine.probes", "engine.labs",
    "engine.runs.launchers", "engine.bench",
)  # fmt: skip
#: What must come up without torch: the page, the command line, the engine's supervisor, and the tables they read.
TORCH_FREE = (
    "app.server", "app.main", "engine.cli.group", "engine.runs.supervisor.supervisor", "engine.runs.client.control",
    "engine.models.registry", "engine.models.count", "engine.data.registry", "engine.data.presence",
    "engine.probes.registry", "engine.labs.registry", "engine.bench.benchmark", "engine.runs.protocol.planning",
    "engine.exchange.bundle.restoring", "engine.exchange.bundle.writing", "engine.exchange.csv_file",
    "engine.exchange.parquet_file", "engine.exchange.tensorboard_file", "engine.exchange.recordings",
    "engine.exchange.recorded_errors", "engine.exchange.pytorch_script.script", "engine.talks.files",
)  # fmt: skip
#: Configuration and events know nothing but the standard library and pydantic.
GROUND = ("engine.errors", "engine.events", "engine.paths", "engine.config")


def own(module: str) -> set[str]:
    return {name for name in imports(modules()[module]) if name in modules()}


def wrong_arrows(arrows: dict[str, set[str]]) -> list[str]:
    """Return the arrows, folder to folders, that lead upwards or sideways."""
    return [
        f"{folder} -> {other}"
        for folder, others in arrows.items()
        for other in sorted(others)
        if folder != other
        and not contains(folder, other)
        and not contains(other, folder)
        and FLOOR[other] >= FLOOR[folder]
    ]


def between_folders() -> dict[str, set[str]]:
    arrows: dict[str, set[str]] = {}
    for module in modules():
        arrows.setdefault(folder_of(module), set()).update(folder_of(other) for other in own(module))
    return arrows


def test_every_folder_has_its_floor():
    assert {folder_of(module) for module in modules()} == {*FLOOR}


def test_no_arrow_leads_up():
    assert wrong_arrows(between_folders()) == []


def test_no_circle_between_folders_and_none_between_modules():
    folders = {
        folder: {other for other in others if not contains(folder, other) and not contains(other, folder)} - {folder}
        for folder, others in between_folders().items()
    }
    assert circles(folders) == []
    early = {name: {*imports(path, late=False)} & {*modules()} - {name} for name, path in modules().items()}
    # The name of a package stands for its __init__, which a module inside may well be imported by.
    assert circles(early) == []


def test_the_engine_never_imports_the_app_and_only_its_data_folder_imports_the_engine():
    arrows = between_folders()
    assert not [
        folder for folder in arrows if folder.startswith("engine") and any(o.startswith("app") for o in arrows[folder])
    ]
    users = {
        folder for folder in arrows if folder.startswith("app") and any(o.startswith("engine") for o in arrows[folder])
    }
    assert users == {
        "app.data", "app.data.next_steps", "app.data.instant", "app.data.exchange", "app.data.recording",
        "app.data.talks",
    }  # fmt: skip


def test_the_engine_names_the_page_once_as_text():
    """The file of an offline page is the page itself: the table of the formats names its builder, and loads it late."""
    named = {
        (module, node.value)
        for module, path in modules().items()
        if contains("engine", module)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.match(r"app\.[\w.]+:\w+$", node.value)
    }
    assert {module for module, _ in named} == {"engine.exchange.registry"}
    assert {name.partition(":")[0] for _, name in named} <= {*modules()}


def passed_on() -> list[tuple[str, str]]:
    """Return (module, name) for every name of the engine that a module of app/data passes on to the page."""
    return [
        (module, alias.asname)
        for module, path in modules().items()
        if contains("app.data", module)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("engine")
        for alias in node.names
        if alias.asname == alias.name
    ]


def test_a_name_of_the_engine_reaches_the_page_through_one_module_and_is_used_there():
    by_name = sorted(name for _, name in passed_on())
    assert by_name == sorted({*by_name}), "one module passes a name on"
    used = {
        f"app.data.{ast.unparse(node)}"
        for module, path in modules().items()
        if contains("app", module) and not contains("app.data", module)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute)
    }
    own = {(module, name): f"app.data.{module.rpartition('.')[2]}.{name}" for module, name in passed_on()}
    assert [f"{module}.{name}" for (module, name), word in own.items() if word not in used] == []


def test_the_data_folder_has_no_names_of_its_own():
    assert [ast.unparse(node) for node in tree(modules()["app.data"]).body[1:]] == []


def test_a_lab_imports_no_other_lab_and_a_feature_no_other_feature():
    ground = {"app.live.shared", "app.live.stream", "app.live.offline"}
    arrows = between_folders()
    for home in ("engine.labs", "app.live"):
        inner = {folder for folder in FLOOR if contains(home, folder)} - ground
        importers = inner - FILES_OF_FEATURES
        assert not [(folder, other) for folder in importers for other in arrows[folder] & inner - {folder}]


def test_torch_stays_in_the_rooms_that_train():
    wrong = [
        module
        for module, path in modules().items()
        if {name.partition(".")[0] for name in imports(path)} & {"torch", "torchvision"}
        and not any(module == room or contains(room, module) for room in TORCH_ROOMS)
    ]
    assert wrong == []


def test_page_command_line_and_supervisor_load_no_torch():
    heavy = {
        module
        for module, path in modules().items()
        if {name.partition(".")[0] for name in imports(path, late=False)} & {"torch", "torchvision"}
    }
    assert heavy, "somebody trains"
    assert {root: sorted(loaded_with(root) & heavy) for root in TORCH_FREE} == {root: [] for root in TORCH_FREE}


def test_the_server_answers_without_the_large_packages_of_tables_and_plots():
    """Each of them takes a third of a second or more; the server imports what pages need while it answers."""
    large = {"pandas", "plotly", "scipy", "pyarrow"}
    heavy = {
        module
        for module, path in modules().items()
        if {name.partition(".")[0] for name in imports(path, late=False)} & large
    }
    first_page = next(
        ast.literal_eval(node.value)
        for node in tree(modules()["app.server"]).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "FIRST_PAGE"
    )
    assert {*first_page} <= {*modules()}
    roots = ("app.server", "app.main", "app.command_line", *first_page)
    assert {root: sorted(loaded_with(root) & heavy) for root in roots} == dict.fromkeys(roots, [])


def test_streamlit_stays_on_the_page():
    users = {module for module, path in modules().items() if any(n.split(".")[0] == "streamlit" for n in imports(path))}
    assert users
    assert not [module for module in users if module.startswith(("engine", "app.data", "app.live.stream"))]


def test_the_ground_floor_knows_only_the_standard_library_and_pydantic():
    for module, path in modules().items():
        if any(module == ground or contains(ground, module) for ground in GROUND):
            packages = {name.partition(".")[0] for name in imports(path)}
            assert packages <= {"engine", "pydantic", *sys.stdlib_module_names}, module


def test_conclusions_are_drawn_from_plain_rows():
    """No I/O, store or arrays: events, configuration, models' names and counts, distributions, the standard library."""
    known = {"engine.events", "engine.config", "engine.config.probe_steps", "engine.models.arm_names"}
    known |= {"engine.models.registry", "engine.models.count", "scipy.special"}
    files = {module: path for module, path in modules().items() if contains("engine.analysis", module)}
    assert files
    for module, path in files.items():
        named = {name for name in imports(path) if not contains("engine.analysis", name)} - {"engine.analysis"}
        foreign = {name for name in named if name.partition(".")[0] not in sys.stdlib_module_names}
        assert not {name for name in foreign if not any(name == one or contains(one, name) for one in known)}, module
        assert not named & {"io", "os", "pathlib", "sqlite3", "subprocess", "tempfile"}, module


def test_the_rules_can_fail(monkeypatch):
    assert wrong_arrows({"engine.models": {"engine.training"}}) == ["engine.models -> engine.training"]
    assert wrong_arrows({"engine.labs.lesion": {"engine.labs.landscape"}})
    assert wrong_arrows({"engine.training": {"engine.models", "engine.models.layers"}, "engine": {"engine.cli"}}) == []
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]
    late = ast.parse("def late():\n    import torch\nif TYPE_CHECKING:\n    import numpy\nimport pandas\n")
    monkeypatch.setattr("tests.architecture.source_tree.tree", lambda path: late)
    imports.cache_clear()
    try:
        assert imports("some.py", late=False) == {"pandas"}
        assert imports("some.py") == {"pandas", "numpy", "torch"}
    finally:
        imports.cache_clear()
    assert tree is not late
