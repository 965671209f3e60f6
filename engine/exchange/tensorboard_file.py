"""The runs as TensorBoard reads them: a zip of a folder for each run, in it one event file. Torch-free.

Scalars are 32-bit floats, as TensorBoard keeps them: ``loss/train``, ``error/test_subset`` and so on, at their own
steps; a value that is not finite is left out, as in the CSV. Histograms are the distributions of the responses of each
layer, at the steps of the probes. The time of an event is that of the run's clock after its start.
"""

import io
import json
import math
import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np

from engine.analysis.difference import NO_DIFFERENCE
from engine.events import Split
from engine.exchange.privacy import label, portable_run
from engine.exchange.registry import ExportSource, Report
from engine.exchange.tensorboard_package import messages, record_writer
from engine.exchange.tidy_points import arm_of
from engine.probes.online.histogram import LARGEST, edges
from engine.runs.protocol.comparable_runs import differences
from engine.store.reader import Reader
from engine.store.rows import RunRow

#: TensorBoard knows an event file by this word; a name of its own would hold that of a machine.
FILE_NAME = "events.out.tfevents.skipscope"
HISTOGRAM = "response_histogram"
_TRAINING = ("loss", "error", "running_loss", "running_error", "lr")
#: The earliest time that a zip file can hold.
_TIME = (1980, 1, 1, 0, 0, 0)
#: The type of a tensor of text.
_TEXT = 7
#: Probes that are read at once.
_PROBES = 20


def write(source: ExportSource, file: BinaryIO, report: Report) -> None:
    """Write the runs as a zip of TensorBoard's folders. Raises DataError without its package."""
    messages()
    different = differences(source.reader, source.rows)
    with zipfile.ZipFile(file, "w") as archive:
        for done, row in enumerate(source.rows):
            report(done, len(source.rows), f"{row.arm}, run {row.id}")
            folder = _folder(arm_of(row, different.get(row.id, NO_DIFFERENCE)), row)
            info = zipfile.ZipInfo(f"{folder}/{FILE_NAME}", _TIME)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o100644 << 16
            with archive.open(info, "w", force_zip64=True) as member:
                buffered = io.BufferedWriter(member, 2**18)
                writer = record_writer(buffered)
                for event in _events(source.reader, row):
                    writer.write(event.SerializeToString())
                buffered.flush()
                buffered.detach()
    report(len(source.rows), len(source.rows), "done")


def _folder(arm: str, row: RunRow) -> str:
    """Return the name that TensorBoard shows for a run: its number, arm and seed, in letters that every disk takes."""
    kept = "".join(letter if letter.isalnum() or letter in "-.,+ " else "-" for letter in label(arm, 80))
    return f"run {row.id} {kept.strip('. ')} seed {row.seed}"


def _events(reader: Reader, row: RunRow) -> Iterator[Any]:
    """Yield the events of a run: the training, the evaluations, then the histograms, each in order of step."""
    event, _ = messages()
    began = row.started or row.created
    yield event.Event(wall_time=began, file_version="brain.Event:2")
    yield event.Event(wall_time=began, summary=_settings(row))
    columns = reader.points.series(row.id, Split.TRAIN).columns
    lists = {name: columns[name].tolist() for name in (*_TRAINING, "step", "seconds")}
    for place, step in enumerate(lists["step"]):
        values = {_tag(name, Split.TRAIN): lists[name][place] for name in _TRAINING}
        yield _scalars(began + lists["seconds"][place], int(step), values)
    for each in reader.points.evaluations(row.id):
        values = {_tag(name, each.split): getattr(each, name) for name in ("loss", "error")}
        yield _scalars(began + each.seconds, each.step, values)
    yield from _histograms(reader, row, began)


def _settings(row: RunRow) -> Any:
    """Return the settings of a run as TensorBoard's tab Text shows them: JSON in a block."""
    _, summary = messages()
    shown = json.dumps(json.loads(portable_run(row.config).to_json()), indent=1, sort_keys=True)
    value = summary.Summary.Value(tag="settings")
    value.metadata.plugin_data.plugin_name = "text"
    value.tensor.dtype = _TEXT
    value.tensor.string_val.append(f"```\n{shown}\n```".encode())
    return summary.Summary(value=[value])


def _tag(name: str, split: Split) -> str:
    """Return the tag of a column: ``error/train``, ``error/train_running``, ``lr``."""
    if name == "lr":
        return name
    running, _, of = name.rpartition("_")
    return f"{of}/{split.value}{'_running' if running else ''}"


def _scalars(time: float, step: int, values: dict[str, float]) -> Any:
    event, summary = messages()
    parts = [
        summary.Summary.Value(tag=tag, simple_value=value) for tag, value in values.items() if math.isfinite(value)
    ]
    return event.Event(wall_time=time, step=step, summary=summary.Summary(value=parts))


def _histograms(reader: Reader, row: RunRow, began: float) -> Iterator[Any]:
    event, summary = messages()
    names = [layer.name for layer in reader.probes.layers(row.id, "layer")]
    probes, _ = reader.probes.all(row.id)
    for first in range(0, len(probes), _PROBES):
        some = probes[first : first + _PROBES]
        arrays = reader.probes.arrays([probe.id for probe in some], HISTOGRAM)
        for probe in some:
            if (shares := arrays.get(probe.id)) is None or len(shares) != len(names):
                continue
            parts = [
                summary.Summary.Value(tag=f"responses/{name}", histo=_histogram(of_layer))
                for name, of_layer in zip(names, shares, strict=True)
            ]
            time = began + probe.seconds
            yield event.Event(wall_time=time, step=probe.step, summary=summary.Summary(value=parts))


def _histogram(shares: np.ndarray) -> Any:
    """Return the shares of one layer as a histogram, the open bins at both ends as far out as their neighbours.

    Shapes: (BINS + 1,), the last entry the share that is not finite, which is left out.
    """
    _, summary = messages()
    inner = edges()
    limits = [*inner.tolist(), LARGEST * 10.0]
    shares = np.nan_to_num(shares[: len(limits)].astype(float))
    middles = np.r_[2 * inner[0], inner, LARGEST * 10.0]
    middles = (middles[1:] + middles[:-1]) / 2
    used = np.flatnonzero(shares)
    low = limits[used[0] - 1] if len(used) and used[0] else -LARGEST * 10.0
    high = limits[used[-1]] if len(used) else 0.0
    return summary.HistogramProto(
        min=low, max=high, num=math.fsum(shares), sum=float(shares @ middles), sum_squares=float(shares @ middles**2),
        bucket_limit=limits, bucket=shares.tolist(),
    )  # fmt: skip
