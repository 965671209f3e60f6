"""The probes' measurements inside the nets: quantities, columns over time, and one layer at one moment."""

from bisect import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np

from app.data.races import run_summaries_of, stored_runs
from app.data.workspace import reading
from engine.analysis.difference import Difference
from engine.analysis.layers.findings import LayerFinding, layer_finding
from engine.analysis.layers.probed_net import ProbedNet
from engine.config.probe_steps import probe_steps
from engine.models.arm_names import run_label
from engine.probes.online.histogram import edges
from engine.probes.quantity import Quantity
from engine.probes.registry import QUANTITIES, absences, get_quantity
from engine.runs.protocol.comparable_runs import differences
from engine.store.reader import Reader
from engine.store.rows import RunRow
from engine.store.tables.probes import LayerRow, ProbeRow


@dataclass(frozen=True, slots=True)
class Columns:
    """Probes of one run in order of step and, by quantity, their values: float32 (probes, entries), NaN for none.

    ``total`` counts the stored probes behind these, ``took_s`` is the cumulative cost in seconds.
    """

    probes: list[ProbeRow]
    total: int
    took_s: list[float]
    arrays: dict[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class Inside:
    """Snapshot or news of the insides of some runs; the cursor is (newest probe, newest change) of the store.

    ``planned`` holds the probed steps by run; empty in news. ``findings`` compare the nets by one quantity, by step: at
    all columns, in news at the steps with a new finding.
    """

    cursor: tuple[int, int]
    columns: dict[int, Columns]
    layers: dict[int, list[LayerRow]]
    run_summaries: list[dict[str, Any]]
    deleted: list[int]
    planned: dict[int, list[int]]
    findings: dict[int, LayerFinding]


class _Probed(NamedTuple):
    """One quantity of one run over its probes; ``layers`` counts the layers of its net."""

    row: RunRow
    layers: int
    steps: list[int]
    values: np.ndarray


@dataclass(frozen=True, slots=True)
class LayerMoment:
    """One layer of one run at one probe. ``histogram`` holds shares per bin and last the share that is not finite."""

    step: int
    layer: str
    index: int
    of: int
    std: float
    histogram: np.ndarray
    channels: np.ndarray


def quantities() -> tuple[Quantity, ...]:
    """Return all quantities in the order of the registry."""
    return tuple(QUANTITIES.values())


def absence(family: str) -> str:
    """Return what is to be said of the batch-norm quantities that nets of a family lack, else ''."""
    lacking = [QUANTITIES[name] for name in absences(family) if "cifar" in QUANTITIES[name].families]
    if not lacking:
        return ""
    why = lacking[0].absent
    return f"Not here: {' and '.join(row.label for row in lacking)}. {why[0].upper()}{why[1:]}."


def histogram_edges() -> list[float]:
    """Return the inner edges of the histograms' bins, ascending; the end bins are open."""
    return [float(edge) for edge in edges()]


def inside(runs: Sequence[int], names: Sequence[str], at_most: int, about: str = "") -> Inside:
    """Return the columns of some runs, at most ``at_most`` of each, without unknown runs. Raises SkipscopeError.

    Args:
        about: The quantity of the findings, one of ``names`` or none.
    """
    wanted = [get_quantity(name) for name in names]
    with reading() as reader, reader.snapshot():
        cursor = (reader.probes.head(), reader.points.head()[1])
        rows = stored_runs(reader, runs)
        columns = {row.id: _columns(reader, row.id, wanted, 0, at_most) for row in rows}
        layers = {row.id: reader.probes.layers(row.id) for row in rows}
        planned = {row.id: list(probe_steps(row.config, reader.interventions.further_ends(row.id))) for row in rows}
        missing = [run for run in runs if run not in columns]
        probed = [
            _Probed(row, _count(layers[row.id]), [probe.step for probe in columns[row.id].probes], arrays[about])
            for row in rows
            if about in (arrays := columns[row.id].arrays)
        ]
        findings = _findings(about, probed, differences(reader, rows), -1)
        return Inside(cursor, columns, layers, run_summaries_of(reader, rows), missing, planned, findings)


def inside_news(runs: Sequence[int], names: Sequence[str], since: tuple[int, int], about: str = "") -> Inside:
    """Return the news after a cursor; ``layers`` come with a run's first column. Raises SkipscopeError."""
    wanted = [get_quantity(name) for name in names]
    with reading() as reader, reader.snapshot():
        cursor = (reader.probes.head(), reader.points.head()[1])
        columns, layers = {}, {}
        if since[0] < cursor[0]:
            for run in runs:
                news = _columns(reader, run, wanted, since[0], None)
                if not news.probes:
                    continue
                columns[run] = news
                if reader.probes.all(run, upto=since[0])[1] == 0:
                    layers[run] = reader.probes.layers(run)
        changed, gone = reader.runs.changed(since[1]) if since[1] < cursor[1] else ([], [])
        run_summaries = run_summaries_of(reader, [row for row in changed if row.id in runs])
        findings = _new_findings(reader, runs, about, since[0]) if about and columns else {}
        return Inside(cursor, columns, layers, run_summaries, [run for run in gone if run in runs], {}, findings)


def _new_findings(reader: Reader, runs: Sequence[int], about: str, since: int) -> dict[int, LayerFinding]:
    """Return the findings at the steps that probes newer than ``since`` change."""
    probes = {run: reader.probes.all(run)[0] for run in runs}
    before = [
        max((probe.step for probe in recorded if probe.id <= since), default=-1)
        for recorded in probes.values()
        if any(probe.id > since for probe in recorded)
    ]
    after = min(before)
    probed = []
    for run, recorded in probes.items():
        first = max(0, bisect(recorded, after, key=lambda probe: probe.step) - 1)
        arrays = reader.probes.arrays([probe.id for probe in recorded[first:]], about)
        kept = [probe for probe in recorded[first:] if probe.id in arrays]
        if kept and (row := reader.runs.get(run)) is not None:
            values = np.stack([arrays[probe.id] for probe in kept])
            layers = _count(reader.probes.layers(run))
            probed.append(_Probed(row, layers, [probe.step for probe in kept], values))
    return _findings(about, probed, differences(reader, [net.row for net in probed]), after)


def _count(places: Sequence[LayerRow]) -> int:
    return sum(place.kind == "layer" for place in places)


def _findings(
    about: str,
    probed: Sequence[_Probed],
    different: Mapping[int, Difference],
    after: int,
) -> dict[int, LayerFinding]:
    """Return the finding at each step of the runs after ``after``."""
    findings = {}
    for step in sorted({step for net in probed for step in net.steps if step > after}):
        nets = [
            ProbedNet(
                arm=run_label(row.config), depth=row.depth, shortcut=row.shortcut,
                seed=row.seed,                last_step=steps[-1], values=values[at - 1].tolist(), run=row.id,
                difference=different[row.id].name if row.id in different else "", planned=row.total_steps,
                layers=layers, family=row.family,
            )
            for row, layers, steps, values in probed
            if (at := bisect(steps, step))
        ]  # fmt: skip
        if finding := layer_finding(get_quantity(about), step, nets):
            findings[step] = finding
    return findings


def columns_since(runs: Sequence[int], since: int) -> int:
    """Return the number of columns of these runs after probe ``since``. Raises SkipscopeError."""
    with reading() as reader:
        return sum(reader.probes.all(run, since=since)[1] for run in runs)


def _columns(reader: Reader, run: int, wanted: Sequence[Quantity], since: int, at_most: int | None) -> Columns:
    probes, total = reader.probes.all(run, since=since, at_most=at_most)
    if not probes:
        return Columns([], total, [], {})
    every, _ = reader.probes.all(run)
    spent = dict(zip((probe.id for probe in every), accumulate(probe.took_s for probe in every), strict=True))
    arrays = {}
    for quantity in wanted:
        measured = reader.probes.arrays([probe.id for probe in probes], quantity.name)
        if measured:
            length = max(len(array) for array in measured.values())
            nothing = np.full(length, np.nan, dtype=np.float32)
            arrays[quantity.name] = np.stack([measured.get(probe.id, nothing) for probe in probes])
    return Columns(probes, total, [spent[probe.id] for probe in probes], arrays)


def layer_moments(runs: Sequence[int], layer: str, step: int) -> dict[int, LayerMoment]:
    """Return one layer in several runs at the newest probe at or before ``step``. Raises SkipscopeError.

    In a net without that layer, the layer at the same relative depth and place in its block stands in. Empty where no
    run has the layer; runs without probes are left out.
    """
    with reading() as reader, reader.snapshot():
        nets = {run: reader.probes.layers(run, "layer") for run in runs}
        place = _relative_depth(nets, layer)
        moments = {}
        for run, net in nets.items():
            probe = next((probe for probe in reversed(reader.probes.all(run)[0]) if probe.step <= step), None)
            if probe is not None and net and place is not None:
                moments[run] = _moment(reader, probe, net, _index(net, layer, place))
    return moments


def layer_over_time(run: int, layer: str, at_most: int) -> tuple[str, list[int], np.ndarray] | None:
    """Return (name, steps, histograms (probes, bins + 1)) of a layer, None without any. Raises SkipscopeError."""
    with reading() as reader, reader.snapshot():
        net = reader.probes.layers(run, "layer")
        names = [row.name for row in net]
        probes, _ = reader.probes.all(run, at_most=at_most)
        if layer not in names or not probes:
            return None
        histograms = reader.probes.arrays([probe.id for probe in probes], "response_histogram")
        kept = [probe for probe in probes if probe.id in histograms]
        index = names.index(layer)
        return layer, [probe.step for probe in kept], np.array([histograms[probe.id][index] for probe in kept])


def _relative_depth(nets: dict[int, list[LayerRow]], layer: str) -> float | None:
    names = ([row.name for row in net] for net in nets.values())
    return next((net.index(layer) / max(1, len(net) - 1) for net in names if layer in net), None)


def _index(net: list[LayerRow], layer: str, place: float) -> int:
    names = [row.name for row in net]
    if layer in names:
        return names.index(layer)
    # First and second layers of a block differ too much for a stand-in.
    alike = [index for index, name in enumerate(names) if name.rpartition("/")[2] == layer.rpartition("/")[2]]
    wanted = place * (len(names) - 1)
    return min(alike or range(len(names)), key=lambda index: abs(index - wanted))


def _moment(reader: Reader, probe: ProbeRow, net: list[LayerRow], index: int) -> LayerMoment:
    names = ("response_histogram", "response_std_channel", "response_std")
    histogram, channels, std = (reader.probes.array(probe.id, name) for name in names)
    first = sum(row.channels for row in net[:index])
    nothing = np.zeros(0, dtype=np.float32)
    return LayerMoment(
        step=probe.step,
        layer=net[index].name,
        index=index,
        of=len(net),
        std=float("nan") if std is None else float(std[index]),
        histogram=nothing if histogram is None else histogram[index],
        channels=nothing if channels is None else channels[first : first + net[index].channels],
    )
