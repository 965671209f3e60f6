"""Recognises out-of-memory errors of torch, CUDA and the C library by their text. Torch-free."""

from engine.runs.protocol.job import Job

#: Parts of the messages of torch, CUDA's libraries and the C library.
_WORDS = ("out of memory", "can't allocate memory", "alloc_failed", "cannot allocate memory")


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether the device or the machine had no memory left."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    words = str(error).lower()
    return isinstance(error, RuntimeError | OSError) and any(part in words for part in _WORDS)


def advice(job: Job, batch_size: int | None, rank: int = 0) -> str:
    """Return the cause with a remedy; ``batch_size`` None for a job of a lab, or not known; ``rank``: of a replica."""
    now = "" if batch_size is None else f"now {batch_size}: "
    smaller = "fewer units" if job.lab else f"a smaller batch ({now}--set batch_size=...)"
    device = job.device_of(rank)
    if device != "cpu":
        return f"out of memory on {device}: take {smaller} or fewer runs per GPU (SKIPSCOPE_RUNS_PER_GPU)"
    return f"out of memory: take {smaller} or let fewer runs train at once"
