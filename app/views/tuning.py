"""The learning-rate curves of a race with ``lr=tuned``: above the live curves while trials run, folded below after."""

import streamlit as st

from app import data, theme
from app.charts.rates import RateCurve, rates_figure

#: Seconds between two looks while trials run.
LOOK_S = 2.0
#: States in which a trial gives no figure any more, or not yet.
_FINISHED = "finished"
_WITHOUT = ("diverged", "failed", "lost", "stopped")


def running(race: data.Race) -> bool:
    """Draw the curves while trials run, and return whether they do."""
    if not race.tuned or not _under_way(data.tuning(race.id)):
        return False
    st.fragment(_progress, run_every=LOOK_S)(race)
    return True


def ended(race: data.Race) -> None:
    """Draw the curves, folded, once every trial has ended."""
    if not race.tuned or not (arms := data.tuning(race.id)) or _under_way(arms):
        return
    with st.expander("Learning-rate curves", icon=":material/tune:", key="rate_curves"):
        _chart(race, arms)


def in_words(race: data.Race) -> str:
    """Return one or two sentences about the rates that were found, '' before that."""
    found = [arm for arm in data.tuning(race.id) if arm.lr is not None] if race.tuned else []
    if not found:
        return ""
    rates = len(found[0].trials)
    words = f"Each arm at its own best of {rates} rates: " + ", ".join(
        f"{data.arm_label(arm.depth, arm.shortcut)} {arm.lr:g}" for arm in found
    )
    if edges := _edges(found):
        return f"{words}. {' '.join(edges)}"
    return f"{words}. What remains of a gap is hardly the rate of one arm."


def _progress(race: data.Race) -> None:
    arms = data.tuning(race.id)
    if not _under_way(arms):
        st.rerun()
    done, total = sum(arm.done for arm in arms), sum(len(arm.trials) for arm in arms)
    st.progress(
        _share(arms),
        text=f"**Learning rates first.** Trials: {done} of {total}. The curves of the race follow below.",
    )
    _chart(race, arms)


def _chart(race: data.Race, arms: list[data.ArmTuning]) -> None:
    ground = st.context.theme.type or "light"
    looks = theme.looks(race.shortcuts)
    curves = [
        RateCurve(
            arm=data.arm_label(arm.depth, arm.shortcut),
            colour=theme.line_colour(looks[arm.shortcut].hue, arm.depth, ground),
            ink=theme.word_colour(looks[arm.shortcut].hue, arm.depth, ground),
            mark=looks[arm.shortcut].mark,
            points=tuple(
                (trial.lr, trial.error if trial.state == _FINISHED else None)
                for trial in arm.trials
                if trial.state == _FINISHED or trial.state in _WITHOUT
            ),
            chosen=arm.lr,
            under_way=tuple(
                (trial.lr, trial.error)
                for trial in arm.trials
                if trial.state not in (_FINISHED, *_WITHOUT) and trial.error is not None
            ),
        )
        for arm in arms
    ]
    figure = rates_figure(
        curves,
        sorted({trial.lr for arm in arms for trial in arm.trials}),
        text=theme.TEXT[ground],
        muted=theme.MUTED[ground],
        grid=theme.GRID[ground],
        page=theme.GROUND[ground],
    )
    words = _edges(arms)
    st.plotly_chart(
        figure,
        theme=None,
        key=f"rates_{race.id}",
        config={"displayModeBar": False},
        alt=f"Training error against learning rate, {len(arms)} arms. {' '.join(words)}",
    )
    steps = arms[0].trials[0].total_steps
    st.caption(
        f"Training error (mean of 50 steps) at the end of trials of {steps:,} steps with the first seed. Ring: the "
        "rate that the arm's runs take, the one with the smallest error. Open marks: not yet at its end. Cross: it "
        "diverged. " + " ".join(words)
    )


def _edges(arms: list[data.ArmTuning]) -> list[str]:
    """Return one sentence for each end of the grid at which arms are best."""
    ends: dict[tuple[float, str], list[str]] = {}
    for arm in arms:
        if arm.at_edge:
            end = "smallest" if arm.lr == arm.trials[0].lr else "largest"
            ends.setdefault((arm.lr, end), []).append(data.arm_label(arm.depth, arm.shortcut))
    return [
        f"**{', '.join(names)} {'is' if len(names) == 1 else 'are'} best at {rate:g}, the {end} rate tried: a better "
        "one may lie outside.**"
        for (rate, end), names in ends.items()
    ]


def _share(arms: list[data.ArmTuning]) -> float:
    """How much of the trials is done, 0 to 1; one that ended early has nothing left to do."""
    trials = [trial for arm in arms for trial in arm.trials]
    steps = [t.total_steps if t.state in (_FINISHED, *_WITHOUT) else min(t.step, t.total_steps) for t in trials]
    return sum(steps) / max(1, sum(trial.total_steps for trial in trials))


def _under_way(arms: list[data.ArmTuning]) -> bool:
    return any(arm.done < len(arm.trials) for arm in arms)
