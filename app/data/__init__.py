"""The app's only door to the engine: bounded, cached reads and commands. No streamlit here, no torch anywhere.

Everything returns plain values, small frozen dataclasses or rows of the torch-free registries. Whatever goes wrong is a
``SkipscopeError`` whose text is one line for people.

    place.py      which workspace, its health, a pool of readers
    choices.py    tables of what can be chosen
    steering.py   the engine: start, races, commands
    stored.py     races, runs, cards (race.py, card.py)
    stream.py     snapshot and news for the live page
    probes.py     quantities, and what was measured inside the nets
    labs.py       labs: rows, jobs, results
    gap.py        the gap sentence, a pure rule
"""

from app.data.choices import (
    DEPTHS,
    count,
    data_present,
    depth_from,
    depth_problem,
    preset_source,
    presets,
    shortcuts,
    sources,
    still,
)
from app.data.labs import (
    LabNews,
    curve_name,
    lab_command,
    lab_job,
    lab_news,
    lab_results,
    labs,
    latest_lab,
    start_lab,
)
from app.data.place import Health, health, prepare, use, workspace
from app.data.probes import (
    Columns,
    Inside,
    LayerMoment,
    columns_since,
    histogram_edges,
    inside,
    inside_news,
    layer_moments,
    layer_over_time,
    quantities,
)
from app.data.race import Race
from app.data.steering import (
    attend,
    command,
    command_all,
    depart,
    engine_status,
    new_database,
    set_pace,
    start_engine,
    start_race,
)
from app.data.stored import cards, known_runs, race, races, runs, tuning
from app.data.stream import Delta, Head, History, delta, gap, head, history
from engine.errors import SkipscopeError
from engine.events import ENGINE_GONE, RunState, Split
from engine.labs.registry import Lab, Option
from engine.store.reader import RunRow

__all__ = [
    "Columns", "DEPTHS", "Delta", "ENGINE_GONE", "Head", "Health", "History", "Inside", "Lab", "LabNews",
    "LayerMoment", "Option", "Race", "RunRow", "RunState", "SkipscopeError", "Split", "attend", "cards",
    "columns_since", "command", "command_all", "count", "curve_name", "data_present", "delta", "depart", "depth_from",
    "depth_problem", "engine_status", "gap", "head", "health", "histogram_edges", "history", "inside", "inside_news",
    "known_runs", "lab_command", "lab_job", "lab_news", "lab_results", "labs", "latest_lab", "layer_moments",
    "layer_over_time", "new_database", "prepare", "preset_source", "presets", "quantities", "race", "races", "runs",
    "set_pace", "shortcuts", "sources", "start_engine", "start_lab", "start_race", "still", "tuning", "use",
    "workspace",
]  # fmt: skip
