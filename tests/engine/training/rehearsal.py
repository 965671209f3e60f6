"""A recorder without a GPU: it keeps the work as a CUDA graph keeps its kernels, and its replay does that work."""

from engine.training.recorded_update import Outputs, Work


class Rehearsal:
    """Runs work as it is; recording does nothing but keep it, as on a GPU. ``told`` has each call in order."""

    def __init__(self):
        self.told: list[str] = []

    def run(self, work: Work) -> Outputs:
        self.told.append("run")
        return work()

    def record(self, work: Work) -> Work:
        """Return a replay that writes to the same tensors at every call, as one on a GPU does."""
        self.told.append("record")
        kept: list[Outputs] = []

        def replay() -> Outputs:
            self.told.append("replay")
            new = work()
            if not kept:
                kept.append(tuple(one.clone() for one in new))
            for static, given in zip(kept[0], new, strict=True):
                static.copy_(given)
            return kept[0]

        return replay
