"""Faults happen to a living workspace, one trial at a time: which break a promise?

    python -m tests.faults [--fault NAME]... [--count N] [--seed S] [--json FILE]
    python -m tests.faults --list

Each trial has a workspace, an engine and, where it matters, an app of its own in a throw-away folder. What must hold
after a fault: no row on record is lost or changed, states are true within 5 s, no orphan lives after 12 s, no part of a
file is left, nothing is left outside of the workspace, and the runs end as undisturbed ones do.

The long form, by hand: about half an hour, 200 kills in it. Exit status: 0 all held; 1 a check failed; 2 a wrong call;
130 interrupted. Seeded faults of the code, which the tests should catch, are `python -m tests.mutation`.
"""

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from tests.faults.fault import FAULTS, chosen
from tests.faults.trial import AGE_S, MAX_AGE_S, Outcome, References, run_trial

_MUTATION = "Seeded faults of the code are python -m tests.mutation."


def main() -> int:
    """Run what the command line asks for; return the exit status."""
    options = _options()
    try:
        faults = chosen(options.fault)
    except KeyError as error:
        print(error.args[0], file=sys.stderr)
        return 2
    if options.list:
        for fault in faults:
            print(f"{fault.name:<18} {fault.trials:>3}  {fault.help}")
        return 0
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    outcomes: list[Outcome] = []
    references = References(_status)
    try:
        for fault in faults:
            for trial in range(options.count or fault.trials):
                seed = options.seed + trial
                say = partial(_step, f"{fault.name} {seed}")
                outcomes.append(run_trial(fault, seed, references, say))
                _show(outcomes[-1])
                if options.json:
                    document = [outcome.document() for outcome in outcomes]
                    options.json.write_text(json.dumps(document, indent=1), encoding="utf-8")
    except KeyboardInterrupt:
        _summary(outcomes)
        return 130
    _summary(outcomes)
    return int(any(outcome.failures for outcome in outcomes))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults", description=(__doc__ or "").partition("\n")[0], epilog=_MUTATION
    )
    parser.add_argument("--fault", action="append", default=[], metavar="NAME", help=f"one of {', '.join(FAULTS)}")
    parser.add_argument("--count", type=_positive, metavar="N", help="trials of each fault instead of the usual number")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="of the first trial; decides all moments")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the outcomes there, after every trial")
    parser.add_argument("--list", action="store_true", help="show the faults and run nothing")
    return parser.parse_args()


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"a count is at least 1 (got {text})")
    return number


def _status(text: str) -> None:
    """Show what is being done now, on a terminal."""
    if sys.stdout.isatty():
        print(f"\r\033[K{text}", end="", flush=True)


def _step(trial: str, text: str) -> None:
    _status(f"{trial}: {text}")


def _show(outcome: Outcome) -> None:
    _status("")
    word = "skipped" if outcome.skipped else "FAILED" if outcome.failures else "held"
    oldest = max((age.seconds for age in outcome.ages), default=0.0)
    figures = f"{len(outcome.kills)} kills, {outcome.rows} rows, oldest {oldest:.2f} s" if outcome.rows else ""
    print(f"{outcome.fault:<18} {outcome.seed:>4} {word:<8} {outcome.seconds:6.1f} s  {outcome.skipped or figures}")
    if outcome.figures:
        print("    " + "; ".join(f"{name} {value:g}" for name, value in outcome.figures.items()))
    for finding in outcome.failures:
        print(f"    {finding.check}: {finding.text}")
    sys.stdout.flush()


def _summary(outcomes: Sequence[Outcome]) -> None:
    """Print the figures of all trials together."""
    ran = [outcome for outcome in outcomes if not outcome.skipped]
    ages = sorted(age.seconds for outcome in ran for age in outcome.ages)
    states = [seconds for outcome in ran for seconds in outcome.states_true_s]
    ended = [seconds for outcome in ran for seconds in outcome.ended_s]
    failed = [outcome for outcome in ran if outcome.failures]
    print()
    print(f"trials     {len(ran)}, {len(failed)} failed, {len(outcomes) - len(ran)} skipped")
    print(f"kills      {sum(len(outcome.kills) for outcome in ran)}")
    print(
        f"rows       {sum(outcome.rows for outcome in ran)} compared, {sum(outcome.lost for outcome in ran)} lost, "
        f"{sum(outcome.changed for outcome in ran)} changed"
    )
    if ages:
        share = sum(age <= AGE_S for age in ages) / len(ages)
        parts = ", ".join(f"{name} {_part(ages, part):.2f}" for name, part in (("median", 0.5), ("99 %", 0.99)))
        print(
            f"ages       {len(ages)} of the newest row at a kill, in s: {parts}, oldest {ages[-1]:.2f}; "
            f"{100 * share:.1f} % within {AGE_S:g} s, {sum(age > MAX_AGE_S for age in ages)} above {MAX_AGE_S:g} s"
        )
        for age in (age for outcome in ran for age in outcome.ages if age.seconds > AGE_S):
            print(f"           {age.seconds:.2f} s: {age.context}")
    if states:
        print(f"states     true after {max(states):.1f} s at most ({len(states)} times)")
    if ended:
        print(f"processes  ended after {max(ended):.1f} s at most ({len(ended)} of them)")
    equal, unequal = sum(outcome.equal_ends for outcome in ran), sum(outcome.unequal_ends for outcome in ran)
    print(f"ends       {equal} races equal to undisturbed ones, {unequal} different")


def _part(ascending: Sequence[float], part: float) -> float:
    return ascending[min(len(ascending) - 1, int(part * len(ascending)))]


if __name__ == "__main__":
    sys.exit(main())
