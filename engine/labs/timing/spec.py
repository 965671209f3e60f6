"""The row of the timing lab: question, answer, settings, pictures and numbers. Torch-free."""

from engine.config.presets import PRESETS
from engine.data.registry import SOURCES
from engine.labs.spec import LabSpec, Metric, Option, Panel

#: The setting's word for the preset's own choice.
OWN = "auto"

_OPTIONS = (
    Option("preset", "Preset", "Whose nets are timed.", "quick",
           choices=tuple(name for name, preset in PRESETS.items() if preset.data)),
    Option("data", "Data", "Noise of the shape of this data set is computed with; auto: the preset's first.", OWN,
           choices=(OWN, *SOURCES)),
    Option("precision", "Precision", "That of the runs; auto: the preset's.", OWN, choices=(OWN, "fp32", "bf16")),
    Option("seconds", "Seconds per arm", "Each arm is timed for so long, two steps of warm-up left out.", 0.6,
           low=0.05, high=30.0, step=0.05),
    Option("images", "Images per step", "At most; fewer than a run has make it less like one.", 1024, low=8, high=1024,
           step=8),
)  # fmt: skip

_PANELS = (
    Panel(
        "training", "Training one image", "multiply-adds per image, millions", "milliseconds per image",
        x_scale="log", y_scale="log",
        how_to_read="One point for every arm that was timed. On a line with slope 1 time is proportional to "
        "arithmetic; where it is flatter, small nets wait for calls rather than for arithmetic.",
        caveat="Seconds of one worker that has its core to itself. Several workers share caches and memory, and a "
        "machine that does other things as well takes longer.",
    ),
    Panel(
        "evaluation", "Evaluating one image", "multiply-adds per image, millions", "milliseconds per image",
        x_scale="log", y_scale="log",
        how_to_read="As beside it, for the forward pass alone with batch norm folded into the convolutions.",
        caveat="Measured on few images for deep nets.",
    ),
)  # fmt: skip

_METRICS = (
    Metric("work_seconds", "computing of the preset's race, all runs after each other", "s", "measured steps times the "
           "runs' steps, evaluations and probes; arms too deep to time by multiply-adds from the nearest one",
           "on n cores a race takes a share of n, at least its longest run"),
    Metric("longest_run_seconds", "its longest run", "s", "as above", "a race takes at least so long"),
    Metric("all_cores_speedup", "a run with all cores against one", "", "wall time of a step of the shallowest arm",
           "below the number of cores; 1 on a GPU; none where the machine was busy"),
    Metric("undisturbed_share", "share of the time in which the measuring process computed", "", "CPU seconds by wall "
           "seconds", "near 1; far below it the machine was busy with something else"),
)  # fmt: skip

TIMING = LabSpec(
    name="timing",
    question="How long does a preset take on this machine?",
    answer="As long as a few measured steps of each of its arms say: the figures hold for this machine, and for races "
    "that have it to themselves.",
    takes="a few seconds; up to a minute for the paper's nets on a CPU",
    source="Measured here, by the trainer that runs use, on noise of the data set's shape",
    caveats="Nets whose step takes too long are timed with smaller batches, those beyond not at all: their times are "
    "extrapolated by multiply-adds. Reading images, starting and the first compilation of kernels are left out.",
    options=_OPTIONS,
    panels=_PANELS,
    metrics=_METRICS,
    lab="engine.labs.timing.lab:TimingLab",
    device="auto",
    timed=True,
)
