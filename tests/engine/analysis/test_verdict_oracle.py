"""Random races against an oracle that shares no code with the rule: what is claimed, and every figure quoted."""

import random
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from engine.analysis.evidence import in_sentences
from engine.analysis.statement import conclude
from engine.analysis.verdict import MARGIN, RaceErrors, Verdict
from tests.engine.analysis.test_verdict import CLAIM, CLAUSE, GAP, race

BROKEN = ("diverged", "failed")


def random_race(chance):
    total = chance.choice([100, 300, 600])
    tuned = chance.random() < 0.6
    at_end = chance.random() < 0.7
    step = total if at_end else chance.randint(50, total)
    runs = race(
        chance.randint(1, 5), step, total, chance.sample(["none", "A", "B"], chance.randint(1, 3)),
        "finished" if at_end else "running", tuned, chance.choice([(20, 56), (8, 20, 56)]),
    )  # fmt: skip
    for index, run in enumerate(runs):
        if chance.random() < 0.02:
            runs[index] = replace(run, state=chance.choice(BROKEN))
        elif chance.random() < 0.02:
            runs[index] = replace(run, changed=("lr",))
        elif chance.random() < 0.02:
            runs[index] = replace(run, tuned=False)
    centre = {run.arm: chance.choice([20.0, 20.0, 20.6, 25.0, 60.0]) for run in runs}
    common = chance.random() < 0.7

    def draw(centre):
        wide = chance.choice([0.0, 0.3, 2.0, 10.0])
        return {run.run: centre[run.arm] + round(chance.gauss(0, wide), 2) for run in runs if chance.random() < 0.995}

    other = centre if common else {arm: chance.choice([20.0, 25.0]) for arm in centre}
    return runs, RaceErrors(draw(centre), draw(other) if at_end else {}, draw(other) if at_end else {}, at_end)


def holm(p_values, level):
    """Return which are rejected, by the adjusted values of the definition."""
    order = np.argsort(p_values)
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.maximum.accumulate((len(p_values) - np.arange(len(p_values))) * np.array(p_values)[order])
    return adjusted <= level


def t_test(values):
    """Return mean, ends of the interval and p value; seeds vary by an image of 5,000 at least."""
    values = np.array(values)
    if len(values) < 2:
        return values.mean(), None, None, 1.0
    error = max(values.std(ddof=1), 0.02) / np.sqrt(len(values))
    low, high = stats.t.interval(0.95, len(values) - 1, values.mean(), error)
    return values.mean(), low, high, 2 * stats.t.sf(abs(values.mean()) / error, len(values) - 1)


class Oracle:
    """What may be claimed of a race, by type."""

    def __init__(self, runs, figures):
        counts = figures.clean if figures.at_end else figures.running
        sound = [run for run in runs if run.state not in BROKEN and not run.changed]
        self.pairs = {}
        for kind in sorted({run.shortcut for run in sound}, key=lambda kind: (kind != "none", kind)):
            depths = sorted({run.depth for run in sound if run.shortcut == kind})
            at = {(run.depth, run.seed): run for run in sound if run.shortcut == kind}
            for seed in range(5):
                both = at.get((depths[-1], seed)), at.get((depths[0], seed))
                if depths[0] < depths[-1] and all(both) and all(run.run in counts for run in both):
                    self.pairs.setdefault(kind, {})[seed] = both
        untouched = [run for run in runs if not run.changed]
        self.deepest = {kind: max(run.depth for run in untouched if run.shortcut == kind) for kind in self.pairs}
        self.figures, self.counts = figures, counts

    def gaps(self, kind, error):
        pairs = self.pairs[kind]
        if any(run.run not in error for both in pairs.values() for run in both):
            return None
        return {seed: error[deep.run] - error[shallow.run] for seed, (deep, shallow) in pairs.items()}

    def tests(self, error):
        gaps = {kind: self.gaps(kind, error) for kind in self.pairs}
        depths = {kind: [run.depth for run in next(iter(pairs.values()))] for kind, pairs in self.pairs.items()}
        found = {}
        for kind, gap in gaps.items():
            found["gap", kind] = t_test(list(gap.values())) if gap else (0, None, None, 1.0)
            plain = gaps.get("none")
            if kind != "none" and plain and gap and depths[kind] == depths["none"] and (shared := {*plain} & {*gap}):
                found["cure", kind] = t_test([plain[seed] - gap[seed] for seed in shared])
        shown = holm([test[3] for test in found.values()], 0.05) if found else []
        return found, dict(zip(found, shown, strict=True))

    def says(self, tests, shown, kind):
        mean, _, high, _ = tests["gap", kind]
        if high is None:
            return "not resolved"
        if shown["gap", kind] and mean >= 0.2:
            return "degradation"
        return "no degradation" if high < MARGIN else "not resolved"

    def verdicts(self):
        clean, running = self.tests(self.counts), self.tests(self.figures.running)
        test = {kind: self.gaps(kind, self.figures.test) for kind in self.pairs}
        ps = [t_test(list(gap.values()))[3] if gap else 1.0 for gap in test.values()]
        worse = dict(zip(test, holm(ps, 0.01) if ps else [], strict=True))
        found = {}
        for kind, pairs in self.pairs.items():
            runs = [run for both in pairs.values() for run in both]
            both = self.says(*clean, kind), self.says(*running, kind)
            if not self.figures.at_end:
                found[kind] = "provisional"
            elif runs[0].step < 200:
                found[kind] = "too few steps"
            elif len(pairs) < 2:
                found[kind] = "one seed"
            elif both == ("degradation", "degradation"):
                found[kind] = "degradation" + ("" if all(run.tuned for run in runs) else " at one learning rate")
            elif "degradation" in both:
                found[kind] = "errors disagree"
            elif runs[0].depth < self.deepest[kind]:
                found[kind] = "deepest arm lost"
            elif both == ("no degradation", "no degradation"):
                over = worse[kind] and test[kind] and np.mean(list(test[kind].values())) >= 0.2
                found[kind] = "overfitting" if over else "no degradation"
            else:
                found[kind] = "not resolved"
        return found, clean[0]


def kind_of(arm):
    return "none" if arm.startswith("plain") else arm.partition("-")[0]


def figure(text):
    return float(text.replace("−", "-"))


def sentences(statement):
    """Every sentence of a statement: none ends inside of a number."""
    parts = (statement.headline, statement.certainty.why, *statement.protocol, *in_sentences(statement.rows))
    return [sentence for part in parts for sentence in part.split(". ")]


@pytest.mark.parametrize("races", [200, pytest.param(1500, marks=pytest.mark.long)])
def test_random_races_conclude_what_an_oracle_concludes_and_quote_its_figures(races):
    chance = random.Random(20151210)
    reached, headlines, quoted, cures = set(), 0, 0, 0
    for _ in range(races):
        runs, figures = random_race(chance)
        conclusion = conclude(runs, figures)
        assert "nan" not in conclusion.text
        verdicts, tests = Oracle(runs, figures).verdicts()
        order = [one.shortcut for one in conclusion.comparisons]
        assert {*order} == {*verdicts}
        if verdicts:
            assert conclusion.kind == verdicts[order[0]], conclusion.text
            assert "none" not in verdicts or order[0] == "none"
            reached.add(conclusion.kind)
        assert bool(CLAIM.search(conclusion.text)) == any(one.startswith("degradation") for one in verdicts.values())
        assert max(len(sentence.split()) for sentence in sentences(conclusion.statement)) <= 25
        for deep, points, side, shallow in CLAUSE.findall(conclusion.statement.headline):
            assert shallow.partition("-")[0] == deep.partition("-")[0]
            mean, *_ = tests["gap", kind_of(deep)]
            told = float(points) * (1 if side == "worse" else -1) if points else 0.0
            assert abs(told - mean) < (0.0501 if told else 0.2001)
            headlines += 1
        for deep, shallow, points, low, high in GAP.findall(conclusion.text):
            assert shallow.partition("-")[0] == deep.partition("-")[0]
            mean, expected_low, expected_high, _ = tests["gap", kind_of(deep)]
            assert abs(figure(points) - mean) < 0.0501
            assert bool(low) == (expected_low is not None)
            if low:
                assert abs(figure(low) - expected_low) < 0.0501
                assert abs(figure(high) - expected_high) < 0.0501
            quoted += 1
        for kind in verdicts:
            alone = [run for run in runs if run.shortcut == kind]
            assert conclude(alone, figures).kind == Oracle(alone, figures).verdicts()[0][kind]
        if conclusion.cure:
            mean, low, *_ = next(tests["cure", kind] for kind in order if ("cure", kind) in tests)
            assert (conclusion.cure.gap, conclusion.cure.low) == (pytest.approx(mean), pytest.approx(low))
            cures += 1
    rare = {Verdict.NOTHING_TO_COMPARE, Verdict.TOO_EARLY, Verdict.NO_FIGURES, Verdict.DEEPEST_LOST}
    assert reached >= {*Verdict} - rare - {Verdict.OVERFITTING}, "the random races reach the conclusions"
    assert min(2 * headlines, quoted, 6 * cures) > races
