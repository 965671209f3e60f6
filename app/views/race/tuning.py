"""The learning-rate curves of a race with ``lr=tuned``: above the live curves during the trials, later folded below."""

from collections import defaultdict
from typing import Any

import streamlit as st

from app import theme
from app.data import races, streaming
from app.live.learning_rates.component import live_rates
from app.live.shared.run import Run, run_colors
from app.views.markdown_escape import literal

#: Seconds between two reads of the store during the trials.
LOOK_S = 2.0


def running(race: races.Race) -> None:
    """Draw the curves during the trials."""
    if race.tuned and _under_way(races.tuning(race.id)):
        st.fragment(_progress, run_every=LOOK_S)(race)


def ended(race: races.Race) -> None:
    """Draw the curves in a folded section after the last trial."""
    if not race.tuned or not (arms := races.tuning(race.id)) or _under_way(arms):
        return
    fold = st.expander("Learning-rate curves", icon=":material/tune:", key="rate_curves", bind="query-params")
    if fold.open:
        with fold:
            _chart(race, arms)


def in_words(race: races.Race) -> str:
    """Return one or two sentences about the best rates, '' before the first one."""
    tuned = [arm for arm in races.tuning(race.id) if arm.lr is not None] if race.tuned else []
    if not tuned:
        return ""
    rates = len(tuned[0].trials)
    words = f"Each arm at its own best of {rates} rates: " + ", ".join(
        f"{races.arm_label(arm.depth, arm.shortcut, arm.family)} {arm.lr:g}" for arm in tuned
    )
    if edges := _edges(tuned):
        return f"{words}. {' '.join(edges)}"
    return f"{words}. What remains of a gap is hardly the rate of one arm."


def _progress(race: races.Race) -> None:
    arms = races.tuning(race.id)
    if not _under_way(arms):
        st.rerun()
    done, total = sum(arm.done for arm in arms), sum(len(arm.trials) for arm in arms)
    st.progress(
        _share(arms), text=f"**Learning rates first.** Trials: {done} of {total}. The curves of the race follow below."
    )
    _chart(race, arms)


def _chart(race: races.Race, arms: list[races.ArmTuning]) -> None:
    looks = theme.looks(race.shortcuts)
    curves = []
    for arm in arms:
        label, look = races.arm_label(arm.depth, arm.shortcut, arm.family), looks[arm.shortcut]
        run = Run(run=0, label=label, plain=races.is_plain(arm.shortcut), look=look, depth=arm.depth)
        trials = [_trial(trial) for trial in arm.trials]
        curves.append({"arm": label, "mark": look.mark, "chosen": arm.lr, "trials": trials, **run_colors(run)})
    words = " ".join(_edges(arms))
    live_rates(race.id, curves, words.replace("**", ""), key=f"rates_{race.id}")
    first = arms[0].trials[0]
    # Trials of versions before 0.5 have the first seed of their race.
    seed = "a seed that no race has" if first.seed == races.TRIAL_SEED else f"seed {first.seed}"
    st.caption(
        f"Training error (mean of up to {streaming.RUNNING_WINDOW} steps) at the end of trials of "
        f"{first.total_steps:,} steps with {seed}. Ring: the rate that the arm's runs take, the one with the smallest "
        "error. Open marks: not yet at its end. Cross: it diverged. " + words
    )


def _trial(trial: Any) -> dict[str, Any]:
    """Return one trial for the chart; ``end`` is ``finished``, ``without`` an error, or '' before the end."""
    finished = trial.state == races.RunState.FINISHED
    without = trial.state in races.ENDED and not finished
    return {
        **{name: getattr(trial, name) for name in ("run", "lr", "step", "seed", "precision", "device", "threads")},
        "state": trial.state.value, "steps": trial.total_steps, "error": None if without else trial.error,
        "end": "finished" if finished else "without" if without else "",
    }  # fmt: skip


def _edges(arms: list[races.ArmTuning]) -> list[str]:
    """Return one sentence for each end of the grid with the best rate of an arm."""
    ends = defaultdict(list)
    for arm in arms:
        if arm.lr is not None and arm.at_edge:
            end = "smallest" if arm.lr == arm.trials[0].lr else "largest"
            ends[arm.lr, end].append(races.arm_label(arm.depth, arm.shortcut, arm.family))
    return [
        f"**{', '.join(map(literal, names))} {'is' if len(names) == 1 else 'are'} best at {rate:g}, the {end} rate "
        "tried: a better one may lie outside.**"
        for (rate, end), names in ends.items()
    ]


def _share(arms: list[races.ArmTuning]) -> float:
    """Return the finished share of the trials, 0 to 1; a trial that ended early counts as done."""
    trials = [trial for arm in arms for trial in arm.trials]
    steps = [t.total_steps if t.state in races.ENDED else min(t.step, t.total_steps) for t in trials]
    return sum(steps) / max(1, sum(trial.total_steps for trial in trials))


def _under_way(arms: list[races.ArmTuning]) -> bool:
    return any(arm.done < len(arm.trials) for arm in arms)
