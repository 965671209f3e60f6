"""How fast images below a path are decoded, and what memory that takes.

    python -m tests.benchmarks.training.decode_speed [folder:PATH | parquet:PATH] [--resize 64]

Without a path: 1,200 made-up JPEG photographs of 500x375 pixels. Memory is that of this process without mapped files,
above what it had before. CPU time per image does not depend on what else the machine does.
"""

import argparse
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

from engine.data.files.cache import load_decoded
from engine.data.files.paths import path_source


def main() -> None:
    """Measure one set and print one line per figure."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("name", nargs="?")
    parser.add_argument("--resize", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        name = arguments.name or f"folder:{photographs(Path(folder) / 'photographs')}"
        measure(name, arguments.resize or (0 if arguments.name else 64), Path(folder) / "workspace")


def measure(name: str, resize: int, workspace: Path) -> None:
    """Look through, decode, load again."""
    began = time.perf_counter()
    row = path_source(name, resize)
    print(f"{row.help} Quick look: {time.perf_counter() - began:.2f} s")
    process, peak, done = psutil.Process(), 0, threading.Event()
    before = private(process)

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.01):
            peak = max(peak, private(process) - before)

    watcher = threading.Thread(target=watch)
    watcher.start()
    began, cpu = time.perf_counter(), time.process_time()
    decoded = load_decoded(name, 1, workspace, lambda text: None, resize)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    done.set()
    watcher.join()
    images = len(decoded.raw.train_labels) + len(decoded.raw.test_labels)
    written = sum(array.nbytes for array in vars(decoded.raw).values())
    print(f"decoded: {images / seconds:,.0f} images/s, {1e6 * cpu / images:,.0f} us of CPU each")
    print(decoded.remark or "none broken")
    print(f"memory: {peak / 1e6:.0f} MB at most, {written / 1e6:.0f} MB written")
    began = time.perf_counter()
    load_decoded(name, 1, workspace, lambda text: None, resize)
    print(f"loaded again: {time.perf_counter() - began:.2f} s")


def private(process: psutil.Process) -> int:
    """Return resident bytes that belong to no file."""
    memory = process.memory_info()
    return memory.rss - memory.shared


def photographs(root: Path) -> Path:
    """Write smooth JPEG files in four classes."""
    generator = np.random.default_rng(0)
    drawn = [
        Image.fromarray(generator.integers(0, 256, (60, 80, 3), dtype=np.uint8)).resize((500, 375)) for _ in range(40)
    ]
    for i in range(1200):
        path = root / f"class{i % 4}" / f"{i:04}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        drawn[i % 40].save(path, quality=90)
    return root


if __name__ == "__main__":
    main()
