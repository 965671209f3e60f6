"""A lab that measures nothing: a panel of every kind with invented curves, written by a test in the worker's place.

``python -m tests.e2e.pictures`` is ``python -m app`` with a page of this lab.
"""

import math

import numpy as np

from engine.config import LabConfig
from engine.events import CurveName, CurveUpdated, Progressed, RunState
from engine.labs.registry import LABS
from engine.labs.spec import LabSpec, Option, Panel

TARGETS = ("identity", "near-identity", "near-identity, nonlinear", "positive definite", "rotation", "-x", "zero",
           "constant", "smooth random")  # fmt: skip
ARMS = ("plain", "plain, identity start", "residual/L", "plain + BN", "residual/L + BN")
BLOCKS = (2, 6, 20)
NETS = ("plain", "plain + BN", "residual", "residual + BN")
#: The cell that diverged and one that was not measured, as (target, arm, blocks).
INFINITE, MISSING = ("rotation", "plain", 20), ("constant", "plain", 20)

PICTURES = LabSpec(
    name="pictures",
    question="Is a residual mapping really easier to learn?",
    context="An invented lab.",
    source="none",
    caveats="None of this was measured.",
    refutation="A measurement.",
    options=(Option("blocks", "Blocks", "How many.", 6, low=1, high=30, step=1),),
    panels=(
        Panel("map", "Which mappings are learnt, by which net?", "mapping to learn", "smallest fit error",
              y_scale="log", kind="heat", columns=TARGETS, opens="training",
              how_to_read="Dark is learnt, bright is not.", caveat="Rates are tuned per net."),
        Panel("training", "How the error falls", "step", "fit error", y_scale="log",
              how_to_read="One line for each seed."),
        Panel("rates", "Error against learning rate", "learning rate", "fit error", x_scale="log", y_scale="log"),
        Panel("grown", "A shallow net grown deeper", "step", "training error in %",
              how_to_read="All arms, every seed."),
        Panel("band", "How far the loss moves along a step", "step", "loss", y_scale="log", kind="bands"),
        Panel("parts", "What a deleted block costs", "block", "error in %", kind="bars",
              columns=tuple(f"{stage}.{block}" for stage in (1, 2, 3) for block in (1, 2, 3))),
        Panel("plane", "The loss around the trained net", "a", "loss", y_scale="log", kind="plane", path="path"),
        Panel("path", "The way of the training", "a", "b"),
    ),
    metrics=(),
    lab="tests.e2e.pictures:none",
)  # fmt: skip


def cell_error(target: int, arm: int, blocks: int) -> float:
    """The invented number of a cell."""
    ease = 5 * math.sin(1.3 * target + 0.9 * arm) ** 2
    return 10 ** -(ease * (0.4 + 0.6 * (arm > 0)) * (6 / (4 + blocks)) * (1.0 if arm < 2 else 1.4))


def curves() -> list[CurveUpdated]:
    """Every curve of the finished job."""
    return [*_map(), *_grown(), *_bands(), *_bars(), *_plane(33)]


def _map() -> list[CurveUpdated]:
    found, steps = [], np.arange(0, 201, 10)
    for blocks in BLOCKS:
        for arm, kind in enumerate(ARMS):
            cells = []
            for place, target in enumerate(TARGETS):
                if (target, kind, blocks) == MISSING:
                    continue
                error = math.inf if (target, kind, blocks) == INFINITE else cell_error(place, arm, blocks)
                cells.append((place, error))
                for seed in (0, 1):
                    fall = 1 + steps / 8 * (1 + 0.2 * seed)
                    y = np.maximum(min(error, 1), 1 / fall) if math.isfinite(error) else np.where(steps > 60, np.nan, 1)
                    found.append(_curve("training", steps, y, kind, "blocks", blocks, target, f"seed {seed}"))
                rates = np.array([0.001, 0.003, 0.01, 0.03, 0.1])
                y = min(error, 1) * 10 ** (np.abs(np.log10(rates / 0.01)) * 0.8)
                found.append(_curve("rates", rates, y, kind, "blocks", blocks, target))
            found.append(_curve("map", *zip(*cells, strict=True), kind, "blocks", blocks))
    return found


def _grown() -> list[CurveUpdated]:
    found, steps, draws = [], np.arange(0, 601, 20), np.random.default_rng(7)
    arms = (
        "plain-8",
        "plain-20 from scratch",
        "plain-20 grown from plain-8",
        "plain-20, identity start",
        "residual-20",
        "residual-20 grown",
        "residual-20, zero gamma",
        "plain-8 trained on",
        "noise 0.1 in blocks",
    )
    for place, kind in enumerate(arms):
        seeds = []
        for seed in range(3):
            y = 12 + 2.2 * place + 70 * np.exp(-steps / (60 + 12 * place)) + draws.normal(0, 0.8, len(steps))
            seeds.append(y)
            found.append(_curve("grown", steps, y, kind, part=f"seed {seed}"))
        found.append(_curve("grown", steps, np.mean(seeds, axis=0), kind))
    return found


def _bands() -> list[CurveUpdated]:
    found, steps = [], np.arange(0, 301, 10)
    for place, kind in enumerate(NETS):
        middle = 2.3 * np.exp(-steps / (90 + 30 * place)) + 0.05
        wide = (2.5, 1.5, 1.4, 1.2)[place] + np.sin(steps / 15) * 0.1
        low, high = middle / wide, middle * wide
        if place == 0:
            high[12:14] = np.inf
        found += [_curve("band", steps, low, kind, part="low"), _curve("band", steps, high, kind, part="high"),
                  _curve("band", steps, middle, kind)]  # fmt: skip
    return found


def _bars() -> list[CurveUpdated]:
    blocks, draws = np.arange(9), np.random.default_rng(5)
    found = []
    for kind, scale in (("plain", 60), ("residual", 9)):
        seeds = [scale * np.exp(-blocks / 5) + draws.uniform(0, 6, 9) for _ in range(3)]
        found += [_curve("parts", blocks, y, kind, part=f"seed {seed}") for seed, y in enumerate(seeds)]
        found.append(_curve("parts", blocks, np.mean(seeds, axis=0), kind))
    return found


def heights(kind: str, a: np.ndarray, b: float) -> np.ndarray:
    """The invented loss at (a, b)."""
    sharp = {"plain": 9, "plain + BN": 5, "residual": 3, "residual + BN": 2}[kind]
    rough = 0.5 * sharp * (np.sin(7 * a) * np.cos(5 * b)) ** 2 * (kind == "plain")
    return 0.05 + sharp * (a * a + 0.6 * b * b + 0.3 * a * b) + rough


def _plane(points: int) -> list[CurveUpdated]:
    found, grid = [], np.linspace(-1, 1, points)
    for kind in NETS:
        found += [_curve("plane", grid, heights(kind, grid, b), kind, "b", float(np.float32(b))) for b in grid]
        t = np.linspace(0, 1, 12)
        found.append(_curve("path", 0.9 * (1 - t) ** 2, -0.7 * (1 - t) + 0.3 * np.sin(3 * t) * (1 - t), kind))
    return found


def coarse() -> list[CurveUpdated]:
    """The planes in the middle of their refinement: 9 x 9 points, in the upper rows 17, two nets not begun."""
    found = []
    for kind in NETS[:2]:
        for row, b in enumerate(np.linspace(-1, 1, 9)):
            grid = np.linspace(-1, 1, 17 if row > 5 else 9)
            found.append(_curve("plane", grid, heights(kind, grid, b), kind, "b", float(b)))
    return found


def _curve(panel, x, y, kind, setting="", value=None, cell="", part="") -> CurveUpdated:
    name = CurveName(kind, setting, value, cell, part)
    return CurveUpdated(panel, name, list(map(float, x)), list(map(float, y)))


def write(writer, traces=None, *states: RunState) -> int:
    """Write a job with these curves, all by default, into the store; return its run id."""
    run = writer.labs.submit(LabConfig(lab="pictures", settings=PICTURES.defaults()))
    for state in (RunState.STARTING, RunState.RUNNING):
        writer.jobs.move(run, state)
    writer.labs.progress(run, Progressed(1, 1, ""), 1.0)
    writer.labs.results(run, curves() if traces is None else traces)
    for state in states or (RunState.FINISHED,):
        writer.jobs.move(run, state)
    return run


def main() -> None:
    """Serve the app with a page of this lab."""
    from app.command_line import main as serve
    from app.views.labs import pages

    LABS["pictures"] = PICTURES
    pages.PAGES["pictures"] = ":material/image:"
    serve()


if __name__ == "__main__":
    main()
