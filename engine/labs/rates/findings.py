"""The findings of the lab ``rates``. Torch-free."""

import math
from collections.abc import Iterator, Mapping

from engine.analysis.numbers import listed
from engine.events import Found
from engine.labs.job_curves import JobCurves
from engine.labs.rates.plan import KINDS, PLAIN, PRE, RATES, USABLE, USUAL_RATE
from engine.labs.spec import FindingRule

#: Training errors in percent by rate.
Errors = Mapping[float, float]


def usable(errors: Errors) -> list[float]:
    """Return the rates at which a net learns."""
    return [rate for rate, error in errors.items() if error < USABLE]


def gap_at_usual(shallow: Errors, deep: Errors) -> float:
    """Return by how many points the deep net is above the shallow one at the usual rate; NaN without both."""
    return deep.get(USUAL_RATE, math.nan) - shallow.get(USUAL_RATE, math.nan)


def gap_at_best(shallow: Errors, deep: Errors) -> float:
    """Return the same with each net at its own best rate."""
    return _least(deep) - _least(shallow)


def window(curves: JobCurves) -> Iterator[Found]:
    """Yield at how many rates plain and pre-LN nets of both depths learn."""
    kinds = _measured(curves)
    if PLAIN in kinds and PRE in kinds:
        (few, shallow), (many, deep) = kinds[PLAIN]
        pre = [len(usable(errors)) for _, errors in kinds[PRE]]
        yield Found(
            "window",
            f"Plain nets learn at {len(usable(shallow))} of {len(RATES)} rates with {few} blocks, at "
            f"{len(usable(deep))} with {many} (error below {USABLE:g} %); "
            f"with pre-LN shortcuts at {pre[0]} and {pre[1]}.",
        )


def best(curves: JobCurves) -> Iterator[Found]:
    """Yield the gap of each kind at one rate and at each net's own best rate."""
    kinds = _measured(curves)
    if not kinds:
        return
    usual = listed([f"{_points(gap_at_usual(few, many))} ({kind})" for kind, ((_, few), (_, many)) in kinds.items()])
    own = listed([f"{_points(gap_at_best(few, many))} ({kind})" for kind, ((_, few), (_, many)) in kinds.items()])
    yield Found("best", f"At rate {USUAL_RATE:g} the deep nets are above the shallow ones by {usual} points.")
    yield Found("best", f"With each net at its own best rate these gaps are {own} points.")
    nets = {f"{kind} of {blocks} blocks": errors for kind, pair in kinds.items() for blocks, errors in pair}
    if idle := [net for net, errors in nets.items() if not usable(errors)]:
        yield Found("best", f"Nets that learn at no rate tried: {listed(idle)}.")
    edges = [
        net
        for net, errors in nets.items()
        if net not in idle and min(errors, key=lambda rate: _or_inf(errors[rate])) in (RATES[0], RATES[-1])
    ]
    if edges:
        yield Found("best", f"The best rate is an end of the grid for {listed(edges)}: a better one may lie beyond.")


def span(curves: JobCurves) -> Iterator[Found]:
    """Yield the smallest and the largest plain gap at one rate for both nets: a race can show any of them."""
    if PLAIN not in (kinds := _measured(curves)):
        return
    (_, shallow), (_, deep) = kinds[PLAIN]
    gaps = {rate: deep[rate] - shallow[rate] for rate in RATES if math.isfinite(deep[rate] - shallow[rate])}
    if gaps:
        low, high = min(gaps, key=gaps.__getitem__), max(gaps, key=gaps.__getitem__)
        yield Found(
            "span",
            f"One rate for both plain nets decides their gap: {_points(gaps[low])} points at {low:g}, "
            f"{_points(gaps[high])} at {high:g}.",
        )


RULES = (
    FindingRule("window", ("grid",), window),
    FindingRule("span", ("error",), span),
    FindingRule("best", ("error",), best),
)


def _measured(curves: JobCurves) -> dict[str, list[tuple[int, Errors]]]:
    """Return (blocks, errors) of the shallow and the deep net, by kind, of kinds with an error at every rate."""
    found: dict[str, list[tuple[int, Errors]]] = {}
    for kind in KINDS:
        panel = "error" if curves.of("error", kind) else "grid"
        rows = sorted(curves.of(panel, kind), key=lambda curve: curve.name.value or 0)
        whole = [(int(row.name.value or 0), dict(zip(RATES, row.y, strict=True))) for row in rows if _is_whole(row.y)]
        if len(whole) > 1:
            found[kind] = [whole[0], whole[-1]]
    return found


def _is_whole(errors: list[float]) -> bool:
    return len(errors) == len(RATES)


def _least(errors: Errors) -> float:
    least = min(map(_or_inf, errors.values()))
    return least if math.isfinite(least) else math.nan


def _or_inf(error: float) -> float:
    return error if math.isfinite(error) else math.inf


def _points(gap: float) -> str:
    return f"{round(gap, 1) + 0.0:.1f}".replace("-", "−") if math.isfinite(gap) else "no number"
