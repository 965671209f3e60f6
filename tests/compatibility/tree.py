"""A tree of the project, driven as people drive it: by ``python -m engine`` and ``python -m app``.

Nothing of the tree is imported, so that modules may move: the command line and the files of a workspace are all that is
used. Every command runs on one core with one thread, which makes what it computes the same on equal machines.
"""

import hashlib
import json
import os
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

HERE = Path(__file__).resolve().parents[2]
#: A net that makes hundreds of steps per second.
TINY = (
    "--set", "width=4", "--set", "pool=4", "--set", "batch_size=16", "--set", "precision=fp32",
    "--set", "eval_images=40",
)  # fmt: skip
#: Seconds after which something that takes a few is given up; a busy machine takes long.
PATIENCE_S = 300.0
#: Runs ``python -m engine`` for each line of arguments, and answers with a line: exit code, stdout, stderr.
_SHELL = """
import contextlib, io, json, runpy, sys
to, asked = sys.stdout, sys.stdin
for line in asked:
    sys.argv = ["engine", *json.loads(line)]
    out, err, code = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            runpy.run_module("engine", run_name="__main__", alter_sys=True)
        except SystemExit as end:
            code = end.code or 0
    print(json.dumps([code, out.getvalue(), err.getvalue()]), file=to, flush=True)
"""
_OWN = ("SKIPSCOPE_WORKSPACE", "SKIPSCOPE_DATA", "SKIPSCOPE_RUNS_PER_GPU", "SKIPSCOPE_TIMING")


@dataclass(frozen=True)
class Answer:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The JSON document on stdout."""
        return json.loads(self.out)


class Tree:
    """The files of one version; ``root`` is the folder that holds ``engine`` and ``app``.

    Commands that end at once share a process, which saves a second each: see ``_SHELL``. Close the tree when done.
    """

    def __init__(self, root: Path = HERE):
        self.root = root
        self._shell: subprocess.Popen | None = None

    def __enter__(self) -> "Tree":
        return self

    def __exit__(self, *_: object) -> None:
        if self._shell is not None:
            self._shell.communicate(timeout=PATIENCE_S)

    def call(self, workspace: Path, *arguments: str, expected: int | None = 0) -> Answer:
        """Run one command to its end. ``expected``: the exit code that it must have, None for any."""
        self._shell = self._shell or self._begin("-c", _SHELL, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._shell.stdin and self._shell.stdout
        self._shell.stdin.write(json.dumps(["--workspace", str(workspace), *arguments]) + "\n")
        self._shell.stdin.flush()
        line = self._shell.stdout.readline()
        assert line, f"{' '.join(arguments)} ends Python"
        answer = Answer(*json.loads(line))
        if expected is not None and answer.code != expected:
            raise AssertionError(f"{' '.join(arguments)} exits {answer.code}: {answer.err or answer.out}")
        return answer

    def document(self, workspace: Path, *arguments: str, expected: int | None = 0) -> Any:
        """Return the JSON document that a command prints."""
        return self.call(workspace, *arguments, "--json", expected=expected).document

    def start(self, workspace: Path, *arguments: str) -> subprocess.Popen:
        """Begin ``python -m engine`` in a process of its own."""
        command = ("-m", "engine", "--workspace", str(workspace), *arguments)
        return self._begin(*command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def run(self, workspace: Path, number: int) -> dict[str, Any]:
        """Return the row of one run of ``runs --json``."""
        return next(row for row in self.document(workspace, "runs")["runs"] if row["run"] == number)

    def await_state(self, workspace: Path, number: int, *states: str) -> dict[str, Any]:
        """Wait until a run is in one of the states; return its row."""
        return until(lambda: _in(self.run(workspace, number), states))

    @contextmanager
    def engine_ended(self, workspace: Path) -> Iterator[None]:
        """End the workspace's engine afterwards, whatever happens."""
        try:
            yield
        finally:
            self.call(workspace, "shutdown", expected=None)

    def _begin(self, *arguments: str, **pipes: Any) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, *arguments], cwd=self.root, env=environment(), preexec_fn=_on_one_core, text=True, **pipes
        )


def environment() -> dict[str, str]:
    """Return the environment of a command: one thread, no GPU, nothing that moves a workspace or adds data."""
    kept = {key: value for key, value in os.environ.items() if key not in _OWN}
    one = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    return {**kept, **one, "CUDA_VISIBLE_DEVICES": "", "DISPLAY": "", "WAYLAND_DISPLAY": "", "COLUMNS": "160"}


def until(found: Callable[[], Any], seconds: float = PATIENCE_S) -> Any:
    """Wait until ``found()`` is true; return what it returned."""
    deadline = time.monotonic() + seconds
    while not (answer := found()):
        assert time.monotonic() < deadline, f"not within {seconds:g} s"
        time.sleep(0.1)
    return answer


@contextmanager
def tree_of(reference: str) -> Iterator[Tree]:
    """Unpack a commit of this repository into a temporary folder."""
    packed = subprocess.run(["git", "archive", reference], cwd=HERE, capture_output=True, check=True).stdout  # noqa: S607
    with TemporaryDirectory(prefix="skipscope-tree-") as folder:
        with tarfile.open(fileobj=BytesIO(packed)) as archive:
            archive.extractall(folder, filter="data")
        with Tree(Path(folder)) as tree:
            yield tree


def platform() -> dict[str, str]:
    """Return what the bits of a training depend on beside its settings."""
    import torch

    return {"torch": torch.__version__, "cpu": torch.backends.cpu.get_cpu_capability(), "machine": os.uname().machine}


def weights_hash(checkpoint: Path) -> str:
    """Return the SHA-256 over a checkpoint's weights and momentum: names in order, types, shapes and raw bytes."""
    import torch

    digest = hashlib.sha256()
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    for part in ("model", "momentum"):
        for name, tensor in sorted(state[part].items()):
            digest.update(f"{part} {name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
            digest.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def newest_checkpoint(workspace: Path, number: int) -> Path:
    """Return the checkpoint of a run with the highest step."""
    return max((workspace / f"run-{number:05d}" / "checkpoints").glob("step-*.pt"))


def _in(row: dict[str, Any], states: tuple[str, ...]) -> dict[str, Any] | None:
    return row if row["state"] in states else None


def _on_one_core() -> None:
    if hasattr(os, "sched_setaffinity"):
        allowed = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {allowed[os.getpid() % len(allowed)]})
