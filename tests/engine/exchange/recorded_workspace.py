"""A workspace with everything that a bundle can hold, and much that no format may: written as workers write it."""

import math
from pathlib import Path

import numpy as np

from engine.config import LabConfig, RaceConfig, RunConfig, replace
from engine.events import CurveName, CurveUpdated, Evaluated, MetricReported, Probed, RunState, Split, StepRow
from engine.labs.registry import LABS
from engine.probes.registry import QUANTITIES
from engine.store.reader import Reader
from engine.store.rows import ForkPlan
from engine.store.tables.probes import Coding, LayerRow
from engine.store.workspace import Workspace
from engine.store.writer import Writer

STEPS = 60
LAYERS = 7
#: Texts that must leave in no format, by what they are.
SECRETS = {
    "folder": "/home/ada lovelace/pictures/secret-holiday",
    "log": "/home/ada lovelace/run.log",
    "cause": "/mnt/machine-of-ada/disk",
    "note": "/home/ada/notes/2026",
    "presenter": "presenter 417799",
}
S = RunState


def small_race(**changes) -> RaceConfig:
    run = replace(
        RunConfig(), {"optim.steps": STEPS, "model.width": 4, "data.pool": 4, "model.image_size": 8, **changes}
    )
    return RaceConfig(
        depths=(8, 14), shortcuts=("none", "A"), preset="quick", run=run, name="before /home/ada/notes/2026"
    )


def fill(workspace: Workspace) -> tuple[int, ...]:
    """Write two races; return the runs of the second one, which a bundle is made of. Run numbers differ from 1 on."""
    with Writer(workspace.prepare()) as writer, Reader(workspace) as reader:
        # Its runs wait, and what they will train in is known.
        writer.races.submit(small_race(precision="fp32", device="cpu", threads=1))
        config = small_race(**{"data.name": f"folder:{SECRETS['folder']}"})
        race, runs = writer.races.submit(config)
        for run in runs:
            train(writer, run, STEPS if run != runs[1] else 40)
        for run in (runs[0], runs[2]):
            end(writer, run, S.FINISHED)
        end(writer, runs[3], S.FAILED, cause=f"no room on {SECRETS['cause']}")
        writer.jobs.move(runs[1], S.STARTING)
        writer.jobs.move(runs[1], S.RUNNING, pid=4321, detail=f"waits for {SECRETS['cause']}")
        writer.interventions.add_change(runs[1], "lr", 0.01, 1_700_000_000.5)
        (change,) = reader.interventions.changes(runs[1])
        writer.interventions.take_over(runs[1], change.id, 20, "learning rate 0.1 to 0.01")
        writer.interventions.add_change(runs[1], "strength", 0.5, 1_700_000_001.5)
        writer.notes.annotate([runs[0]], f"see {SECRETS['note']}")
        writer.commands.note("pause", author=SECRETS["presenter"], run=runs[0])
        fork(reader, writer, runs[2], runs[2])
        _lab(writer, runs)
        rows = [row.id for row in reader.runs.all(race)]
    return tuple(rows)


def train(writer: Writer, run: int, steps: int) -> None:
    """Record what a training records: points, evaluations, layers, probes, log entries."""
    writer.points.record(run, [_row(run, step) for step in range(1, steps + 1)], images_per_s=1234.5)
    for split in (Split.TEST_SUBSET, Split.TRAIN_CLEAN):
        found = [
            Evaluated(at, split, 1.5, 60.0 + run, 100, at / 10, 0.01, "running") for at in range(20, steps + 1, 20)
        ]
        writer.points.record(run, evaluations=found)
    layers = [LayerRow("layer", place, f"stage1/block{place}", 1, 4) for place in range(LAYERS)]
    blocks = [LayerRow("block", place, f"stage1/block{place}", 1, 4) for place in range(3)]
    writer.probes.add_layers(run, [*layers, *blocks])
    for step in (0, 10, 30):
        arrays = probed_arrays(run + step)
        codings = {name: Coding(QUANTITIES[name].code, QUANTITIES[name].low, QUANTITIES[name].high) for name in arrays}
        writer.probes.add(run, Probed(step, step / 10, 0.02, 32, arrays), codings)
    writer.log.add(run, 0, "taken", f"images below {SECRETS['folder']}")
    writer.log.add(run, 5, "lr", "learning rate 0.1 to 0.01")
    writer.log.add(run, 9, "checkpoint", f"the checkpoint {SECRETS['log']} is damaged")


def probed_arrays(seed: int) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(seed)
    arrays = {
        "response_std": draw.random(LAYERS),
        "update_size": draw.random(3),
        "response_std_channel": draw.random(4 * LAYERS) * 10,
        "response_histogram": draw.random((LAYERS, 100)),
    }
    arrays["response_std"][2], arrays["response_std_channel"][3] = np.nan, np.inf
    return {name: values.astype(np.float32) for name, values in arrays.items()}


def end(writer: Writer, run: int, state: RunState, **columns) -> None:
    for via in (S.STARTING, S.RUNNING, state):
        writer.jobs.move(run, via, **(columns if via == state else {}))


def fork(reader: Reader, writer: Writer, parent: int, source: int) -> int:
    """Fork a run at step 20 with its shortcuts cut; no checkpoint is placed."""
    row = reader.runs.known(parent)
    plan = ForkPlan(row.config, 20, ())
    child = writer.interventions.fork(row, plan, 1_700_000_002.5, lambda run: 0)
    writer.checkpoints.remove(child, 20)
    writer.points.record(child, [_row(child, step) for step in range(21, STEPS + 1)])
    end(writer, child, S.DIVERGED, cause="loss is not finite at step 60")
    return child


def _row(run: int, step: int) -> StepRow:
    loss = float(np.float32(2 + math.sin(step) + run / 10)) if step != 7 else math.nan
    return StepRow(step, loss, 100 * (step % 13) / 128, 2 / 3 + run, 80 - step / 7, 0.1, step * 0.1 + 1e-9)


def _lab(writer: Writer, runs: list[int]) -> None:
    """Record a job that looked at two runs of one arm, so that its curves name them."""
    settings = {**LABS["lesion"].defaults(), "runs": f"{runs[2]},{runs[0]}"}
    job = writer.labs.submit(LabConfig(lab="lesion", settings=settings))
    names = [CurveName(f"A-8, run {runs[2]}", "blocks", 1.0), CurveName(f"A-8, run {runs[0]}", part="seed 2")]
    writer.labs.results(
        job,
        [CurveUpdated("deleted", name, [1.0, 2.0, 3.0], [0.1, math.nan, 7.25]) for name in names],
        [MetricReported("images", 100.0), MetricReported("residual_blocks", math.inf)],
    )
    end(writer, job, S.FINISHED)
    end(writer, writer.labs.submit(LabConfig(lab="lesion", settings={**settings, "runs": "1"})), S.FINISHED)


def members(path: Path) -> dict[str, bytes]:
    """Return the decoded members of a bundle by name."""
    import zipfile

    with zipfile.ZipFile(path) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}
