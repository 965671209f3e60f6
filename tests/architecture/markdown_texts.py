"""What pages draw as Markdown and no name stands behind: numbers, words of tables in the source, what widgets return.

By file, the parts of texts as they are written there. Whoever adds one says that nobody but this project chooses it.
"""

OURS: dict[str, tuple[str, ...]] = {
    "app/views/gradients.py": (
        "lab.anchor(...)", "labs.LABS['shattering'].question", "st.Page(...)",
    ),
    "app/views/guide/guide.py": (
        "guide_words.running(...)", "guide_words.source_list(...)", "labs.time_of_all(...)", "page.lab",
        "page.number", "page.question", "st.Page(...)", "title",
    ),
    "app/views/labs/controls.py": (
        "labs.lab_time(...)", "option.choices", "option.help", "option.label",
    ),
    "app/views/labs/lab.py": (
        "job.id", "lab.question", "newest.id", "source",
    ),
    "app/views/page_frame.py": (
        "title",
    ),
    "app/views/picker.py": (
        "next(...)", "no_race", "st.selectbox(...)", "title",
    ),
    "app/views/race/fork_dialog.py": (
        "number", "run.state.value",
    ),
    "app/views/race/interventions.py": (
        "_WAYS[way][0]", "interventions.lockstep(...)",
    ),
    "app/views/race/race_help.py": (
        "label", "name", "words",
    ),
    "app/views/race/tuning.py": (
        "done", "first.seed", "total",
    ),
    "app/views/recordings.py": (
        "command",
    ),
    "app/views/runs/arms.py": (
        "text",
    ),
    "app/views/runs/compare.py": (
        "race.id",
    ),
    "app/views/runs/dialogs.py": (
        "count", "race", "verb",
    ),
    "app/views/runs/export.py": (
        "label",
    ),
    "app/views/runs/import_dialog.py": (
        "map(...)", "row.race", "st.selectbox(...)",
    ),
    "app/views/runs/runs.py": (
        "disk.largest", "kind", "label", "race",
    ),
    "app/views/setup/advanced.py": (
        "arms", "options.depth_rule(...)", "rates",
    ),
    "app/views/setup/preset_row.py": (
        "chosen.label", "chosen.shows", "preset.label", "preset.shows", "setup_fields.LABELS[key].lower(...)",
    ),
    "app/views/setup/setup.py": (
        "form_state.download(...)", "form_state.runs(...)", "key", "options.depth_chips(...)",
        "options.presets()[st.session_state['preset']].label", "row.formula", "row.help", "row.label",
        "row.name", "runs",
    ),
    "app/views/setup/setup_fields.py": (
        "NUMBERS[key][0]", "help", "label", "names.__getitem__", "options.presets()[preset].label",
        "usual(preset)[key]",
    ),
    "app/views/setup/shortcut_card.py": (
        "known.formula", "known.help", "known.label", "max(...)", "option.help", "option.name",
        "options.figure_in_words(...)", "row.contested", "row.formula", "row.help", "row.label", "row.source",
        "str(...)", "text", "unit",
    ),
    "app/views/setup/shortcuts.py": (
        "form_state.runs(...)", "group[0].upper(...)", "group[1:]", "map(...)", "st.Page(...)",
    ),
    "app/views/setup/zoo.py": (
        "setup_fields.LABELS[_KEY]", "st.Page(...)",
    ),
}  # fmt: skip
