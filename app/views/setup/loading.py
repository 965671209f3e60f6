"""Fills the set-up from the configuration of a stored race or run."""

from typing import Any

from app.data import commands, options, races, workspace
from app.views.setup import form_state, setup_fields

#: Fields that are settings by the same name.
_SETTINGS = ("optimizer", "lr", "warmup_steps", "width", "resize", "validation", "precision", "replicas")


def load(race: commands.RaceConfig) -> list[str]:
    """Fill every field from a configuration, from the next drawing of the set-up on.

    Returns:
        What no field can show, one line each: settings of the command line, images that are not offered here.
    """
    fields = fields_of(race)
    form_state.put(fields)
    shown = commands.RaceRequest(
        race.depths,
        race.shortcuts,
        preset=fields["preset"],
        data=fields["data"],
        steps=race.run.optim.steps,
        seeds=race.seeds,
        first_seed=race.first_seed,
        settings={key: fields[key] for key in _SETTINGS} | ({"lr": "tuned"} if fields["rates"] == "tuned" else {}),
        pace=race.pace,
    )
    try:
        differing = races.setting_differences(commands.planned(shown), race)
    except workspace.SkipscopeError as error:
        return [str(error)]
    return [f"{row.setting}: {row.other} (the set-up has {row.one})" for row in differing if row.setting != "preset"]


def load_and_say(race: commands.RaceConfig, of: str) -> str:
    """Fill the set-up with the settings ``of`` a race or run; return what happened in words."""
    missing = load(race)
    form_state.note_filled()
    without = f" No field shows these: {'; '.join(missing)}." if missing else ""
    return f"The set-up holds the settings of {of}.{without}"


def fields_of(race: commands.RaceConfig) -> dict[str, Any]:
    """Return the value of every field for a configuration, ``preset`` included."""
    preset = race.preset if race.preset in options.presets() else form_state.USUAL_PRESET
    usual, run = setup_fields.usual(preset), race.run
    chips = options.DEPTHS[options.family(preset)]
    tuned, kind = isinstance(run.optim.lr, str), race.pace.partition(":")
    data = run.data.name if run.data.name in options.sources() else usual["data"]
    return {
        "preset": preset,
        "depths": [depth for depth in sorted(race.depths) if depth in chips],
        "other_depths": ", ".join(str(depth) for depth in sorted(race.depths) if depth not in chips),
        "shortcuts": [text for text in race.shortcuts if text in setup_fields.PAPER],
        "variants": [text for text in race.shortcuts if text not in setup_fields.PAPER],
        "data": data,
        "steps": f"{run.optim.steps}",
        "seeds": f"{race.seeds}",
        "first_seed": f"{race.first_seed}",
        "rates": "tuned" if tuned else "one",
        "optimizer": run.optim.optimizer,
        "lr": options.usual_rate(preset, run.optim.optimizer) if tuned else f"{run.optim.lr:g}",
        "warmup_steps": f"{run.optim.warmup_steps}",
        "width": f"{run.model.width}",
        "resize": f"{run.data.resize}",
        "validation": f"{run.data.validation}",
        "precision": run.precision,
        "replicas": f"{run.replicas}",
        "pace": kind[0],
        "lead": kind[2] or usual["lead"],
    }
