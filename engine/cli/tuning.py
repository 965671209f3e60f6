"""The ``lr=tuned`` part of ``race``: progress of the trials, then their errors."""

from collections.abc import Sequence

from rich.console import Group
from rich.text import Text

from engine.cli.output import table
from engine.runs.protocol.trials import why_not
from engine.store.tables.tuning import ArmTuning, TrialRow


def under_way(arms: Sequence[ArmTuning]) -> Text:
    """Return each arm's learning rate, or the progress of its trials."""
    progress = [
        f"{arm.arm} {arm.lr:g}{' (edge)' if arm.at_edge else ''}"
        if arm.lr is not None
        else f"{arm.arm} {arm.done} of {len(arm.trials)} trials"
        for arm in arms
    ]
    return Text(f"learning rates: {', '.join(progress)}", overflow="ellipsis")


def curves(arms: Sequence[ArmTuning]) -> Group:
    """Return the running training error (percent) of every trial with the chosen rates, and the rates at an edge."""
    trials = [trial for arm in arms for trial in arm.trials]
    steps = ", ".join(map(str, sorted({trial.total_steps for trial in trials})))
    rates = sorted({trial.lr for trial in trials})
    errors = table("arm", *(f"{rate:g}" for rate in rates), wide="taken")
    for arm in arms:
        of_rate = {trial.lr: trial for trial in arm.trials}
        chosen = "none" if arm.lr is None else f"{arm.lr:g}"
        errors.add_row(arm.arm, *(_cell(of_rate.get(rate), arm.lr) for rate in rates), chosen)
    edges = [
        f"{arm.arm}: {arm.lr:g} is at the edge of the grid, a better one may lie outside" for arm in arms if arm.at_edge
    ]
    return Group(f"training error by learning rate, after {steps} steps", errors, *edges)


def _cell(trial: TrialRow | None, chosen: float | None) -> str:
    if trial is None:
        return ""
    if (reason := why_not(trial)) is not None:
        return reason
    return f"{trial.error:.1f} %{'*' if trial.lr == chosen else ''}"
