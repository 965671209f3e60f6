"""The app's only door to the engine: bounded, cached reads and commands. No streamlit here, no torch anywhere.

Everything returns plain values, small frozen dataclasses or rows of the torch-free registries. Whatever goes wrong is a
``SkipscopeError`` whose text is one line for people.

    authorization.py   who may command
    workspace.py       which workspace, its health; connection_pool.py keeps readers of it
    options.py         tables of what can be chosen
    commands.py        the engine: start, races, commands, names and notes
    interventions.py   changes of live runs, forks, extensions, lockstep
    races.py           races and the summaries of their runs
    run_table.py       all runs of the workspace in a table, races in sum
    selection.py       any runs on one chart, and in what they differ
    streaming.py       snapshot and news for the live page
    machine.py         how busy the machine is, and what the workspace takes on its disk
    probes.py          quantities, and what was measured inside the nets
    labs.py            labs: specs, jobs, results
    guide.py           the texts of the guide, what they cite, and the numbers that labs found for them
    run_times.py       how long races take
"""

from app.data.authorization import guard
from app.data.commands import (
    annotate,
    command,
    command_all,
    command_each,
    engine_status,
    new_database,
    planned,
    rename_race,
    shutdown,
    start_engine,
    start_race,
    startup,
)
from app.data.guide import (
    Citation,
    Figure,
    Finding,
    GuidePage,
    LabFinding,
    Measurement,
    Part,
    Source,
    findings,
    finished_labs,
    guide_names,
    guide_page,
    guide_sources,
)
from app.data.interventions import (
    change,
    changeable,
    changes,
    extend,
    extendable,
    fork,
    live_settings,
    next_save,
    pace_steps,
    pace_text,
    saved_steps,
    set_pace,
)
from app.data.labs import (
    LabNews,
    job_settings,
    lab_changed,
    lab_command,
    lab_job,
    lab_news,
    lab_refusal,
    lab_results,
    lab_setting,
    lab_specs,
    lab_time,
    lab_trainings,
    latest_lab,
    start_lab,
)
from app.data.machine import Disk, MachineLoad, disk_use, size_in_words
from app.data.options import (
    DEPTHS,
    count,
    data_present,
    depth_from,
    depth_problem,
    net_shape,
    preset_source,
    presets,
    sources,
    still,
    trial_plan,
)
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
from app.data.races import Race, first_shown, known_runs, race, races, run_summaries, runs, tuning
from app.data.run_table import Filter, RaceSum, TableRow, race_sums, table_rows
from app.data.run_times import RunTime, preset_times, race_time
from app.data.selection import difference, numbers_from
from app.data.streaming import Conclusions, Delta, Head, History, conclusions, delta, head, history
from app.data.workspace import Health, health, prepare, use, workspace_path
from engine.analysis.numbers import in_words
from engine.config import MAX_RUNS, RUNNING_WINDOW, RaceConfig
from engine.config.presets import Preset
from engine.errors import SkipscopeError
from engine.events import (
    ALIVE,
    AT_WORK,
    ENDED,
    ENGINE_GONE,
    PAUSABLE,
    RESUMABLE,
    STATE_GROUPS,
    RunState,
    Split,
)
from engine.labs.registry import LabSpec, Option, Panel
from engine.models.arm_names import (
    Reference,
    arm_label,
    contested,
    figure_in_words,
    is_plain,
    layers_of_a_shortcut,
    orders_of,
    references,
    shortcut_groups,
    shortcuts,
    value_in_words,
    variant_from,
    variant_name,
    variant_text,
)
from engine.models.registry import Shortcut
from engine.runs.client.visitor_notes import MAX_NAME_LENGTH, MAX_NOTE_LENGTH
from engine.runs.protocol.inspected_runs import MAX_INSPECTED_RUNS
from engine.store.rows import LabJobRow, RunRow
from engine.store.tables.tuning import ArmTuning

__all__ = [
    "ALIVE", "AT_WORK", "ArmTuning", "Citation", "Columns", "Conclusions", "DEPTHS", "Delta", "Disk", "ENDED",
    "ENGINE_GONE", "Figure", "Filter", "Finding", "GuidePage", "Head", "Health", "History", "Inside", "LabFinding",
    "LabJobRow", "LabNews", "LabSpec", "LayerMoment", "MAX_INSPECTED_RUNS", "MAX_NAME_LENGTH", "MAX_NOTE_LENGTH",
    "MAX_RUNS", "MachineLoad", "Measurement", "Option", "PAUSABLE", "Panel", "Part", "Preset", "RESUMABLE",
    "RUNNING_WINDOW", "Race", "RaceConfig", "RaceSum", "Reference", "RunRow", "RunState", "RunTime", "STATE_GROUPS",
    "Shortcut", "SkipscopeError", "Source", "Split", "TableRow", "annotate", "arm_label", "change", "changeable",
    "changes", "columns_since", "command", "command_all", "command_each", "conclusions", "contested", "count",
    "data_present", "delta", "depth_from", "depth_problem", "difference", "disk_use", "engine_status", "extend",
    "extendable", "figure_in_words", "findings", "finished_labs", "first_shown", "fork", "guard", "guide_names",
    "guide_page", "guide_sources", "head", "health", "histogram_edges", "history", "in_words", "inside", "inside_news",
    "is_plain", "job_settings", "known_runs", "lab_changed", "lab_command", "lab_job", "lab_news", "lab_refusal",
    "lab_results", "lab_setting", "lab_specs", "lab_time", "lab_trainings", "latest_lab", "layer_moments",
    "layer_over_time", "layers_of_a_shortcut", "live_settings", "net_shape", "new_database", "next_save",
    "numbers_from", "orders_of", "pace_steps", "pace_text", "planned", "prepare", "preset_source", "preset_times",
    "presets", "quantities", "race", "race_sums", "race_time", "races", "references", "rename_race", "run_summaries",
    "runs", "saved_steps", "set_pace", "shortcut_groups", "shortcuts", "shutdown", "size_in_words", "sources",
    "start_engine", "start_lab", "start_race", "startup", "still", "table_rows", "trial_plan", "tuning", "use",
    "value_in_words", "variant_from", "variant_name", "variant_text", "workspace_path",
]  # fmt: skip
