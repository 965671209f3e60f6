"""A process that has the large libraries loaded, and forks for every run of pytest: loading them takes longer than most
runs. Started by ``bench`` with this file's text, in the copy of the tree; it imports nothing of the project.

It reads one JSON object a line, {"arguments": for pytest, "output": a file}, and writes two lines: the process id of
the run, and when that has ended its exit code.
"""

import atexit
import gc
import json
import os
import sys
import traceback
from contextlib import suppress
from importlib import import_module

LARGE = (
    "torch", "torch._dynamo", "torchvision.datasets", "numpy", "pandas", "pyarrow.parquet", "scipy.io", "PIL.Image",
    "pydantic", "playwright.sync_api", "pytest", "psutil",
)  # fmt: skip


def serve() -> None:
    """Answer requests until there are no more."""
    for name in LARGE:
        with suppress(ImportError):
            import_module(name)
    gc.freeze()
    for line in sys.stdin:
        request = json.loads(line)
        if (pid := os.fork()) == 0:
            _run(request["arguments"], request["output"])
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


def _run(arguments: list[str], output: str) -> None:
    """Be pytest; does not return."""
    code = 1
    try:
        with open(output, "wb") as file, open(os.devnull, "rb") as nothing:  # noqa: PTH123
            for stream, number in ((nothing, 0), (file, 1), (file, 2)):
                os.dup2(stream.fileno(), number)
        import pytest

        sys.argv = ["pytest", *arguments]
        sys.path[0] = os.getcwd()  # noqa: PTH109
        code = int(pytest.main(arguments))
        atexit._run_exitfuncs()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    serve()
