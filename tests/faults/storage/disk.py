"""Disks: full for a while, read-only at rest, read-only under a live run. Mounts need root."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.faults.fault import Skipped
from tests.faults.trial import Trial, works_on

#: Room for the decoded images (20 MB), a database and checkpoints.
SIZE_MB = 48
FULL_S, LONG_FULL_S = 10.0, 90.0
_BUSY_S = 10.0
_ENDED = {"lost", "failed", "stopped", "diverged"}


def full(trial: Trial) -> None:
    """Fill the disk for some seconds: no run ends, all go on."""
    filled(trial, FULL_S)


def long_full(trial: Trial) -> None:
    """Fill the disk for longer than a minute."""
    filled(trial, LONG_FULL_S)


def filled(trial: Trial, seconds: float) -> None:
    """Fill the disk for so many seconds under a live race."""
    target = trial.target
    _mount(trial, ["-t", "tmpfs", "-o", f"size={SIZE_MB}m", "tmpfs"])
    runs = trial.begin()
    trial.rest(0.0, 1.0)
    trial.note_rows()
    ballast = target.workspace.path / "ballast"
    trial.say("fills the disk")
    _fill(ballast)
    began = time.monotonic()
    trial.states_true(lambda told: _all_say(told, runs, "disk"), "the disk is full, and readers are told")
    trial.outlast(seconds - (time.monotonic() - began))
    ended = [
        (row["run"], row["state"], row["detail"] or row["cause"]) for row in target.rows() if row["state"] in _ENDED
    ]
    trial.check("no run ends because of a full disk", not ended, str(ended))
    ballast.unlink()
    trial.say("there is room again")
    trial.goes_on()
    trial.finish()


def at_rest(trial: Trial) -> None:
    """Make the disk of a dead workspace read-only: it is viewed, page and command line agree, and it goes on later."""
    target = trial.target
    _mount(trial, ["-t", "tmpfs", "-o", f"size={2 * SIZE_MB}m", "tmpfs"])
    runs = trial.begin()
    trial.rest(0.0, 1.0)
    # Killed processes leave the files of SQLite's log, an end in good order leaves none; both must be readable.
    if trial.outcome.seed % 2 == 0:
        trial.strike("everything", lambda: target.kill(target.family()))
    else:
        trial.note_rows()
        target.shut_down()
    target.until(lambda: not target.family(), 20, "all processes end")
    trial.monitor.close()  # its look would make the files that SQLite readers share, or keep them
    if trial.outcome.seed % 2:
        with closing(sqlite3.connect(target.workspace.database)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    has_log = target.workspace.database.with_name("skipscope.db-wal").exists()
    trial.check(
        "the log of changes is there after a kill alone", has_log == (trial.outcome.seed % 2 == 0), str(has_log)
    )
    _call("mount", "-o", "remount,ro", str(target.workspace.path))
    trial.say("is read-only")
    listed, examined = target.call("runs", "--json"), target.call("doctor", "--json")
    trial.check("a read-only workspace is listed", listed.returncode == 0 and f'"run": {runs[0]}' in listed.stdout,
                f"exit {listed.returncode}: {listed.stderr or listed.stdout}"[:400])  # fmt: skip
    if listed.returncode == 0:
        told = target.told()
        trial.check("nobody works on a read-only disk", not any(map(works_on, told["runs"])), str(told["runs"])[:300])
    trial.check("doctor and runs agree", f'"runs": {len(runs)}' in examined.stdout, examined.stdout[-400:])
    trial.one_line("doctor exits with 1 on a read-only disk", examined, codes=(1,))
    target.start_app()
    trial.check("the page shows a read-only workspace",
                target.app_answers(f"/live/history?runs={runs[0]}"), "no answer of the history")  # fmt: skip
    refused = target.call("serve", "--idle-seconds", "1")
    trial.one_line("an engine refuses a read-only disk", refused)
    assert target.app is not None
    target.app.terminate()
    target.app.wait(60)
    _call("mount", "-o", "remount,rw", str(target.workspace.path))
    trial.watch_again()
    trial.finish()


def under_way(trial: Trial) -> None:
    """Let the kernel make the disk read-only under a live race, as it does after an error of the file system."""
    target = trial.target
    image = target.folder / "disk.img"
    with image.open("wb") as file:
        file.truncate(2 * SIZE_MB * 2**20)
    _call("mkfs.ext4", "-q", str(image))
    _mount(trial, ["-o", "loop,errors=remount-ro", str(image)])
    trigger = _trigger(target.workspace.path)
    runs = trial.begin()
    trial.rest(0.0, 1.0)
    trial.note_rows()
    _call("sync", "-f", str(target.workspace.database))
    trial.say("becomes read-only")
    trigger.write_text("1\n")
    trial.states_true(lambda told: _all_say(told, runs, "read-only"), "the disk is read-only, and readers are told")
    answer = target.call("shutdown")
    trial.one_line("a shutdown is answered on a read-only disk", answer, codes=(0, 2))
    engine = target.engine()
    trial.check("a shutdown tells the truth", answer.returncode == 2 or engine is None, answer.stderr.strip())
    trial.monitor.expect_end(target.family(), "process on a read-only disk, after a SIGTERM to the engine")
    if engine is not None:
        target.send([engine], signal.SIGTERM)
    trial.no_orphans()
    trial.monitor.close()
    target.kill(target.family())
    _call("umount", str(target.workspace.path))
    # The file system was told that it has an error; repaired, it has what was synced.
    subprocess.run(["e2fsck", "-p", "-f", str(image)], capture_output=True, timeout=60)
    _call("mount", "-o", "loop", str(image), str(target.workspace.path))
    trial.watch_again()
    trial.finish()


def _all_say(told: dict[str, Any], runs: list[int], word: str) -> bool:
    """Return whether every run that is at work for the reader is said to wait for the ``word``."""
    rows = [row for row in told.get("runs", ()) if row["run"] in runs]
    return bool(rows) and all(
        row["state"] in ("finished", "paused") or word in f"{row['detail']} {row['cause']}".lower() for row in rows
    )


def _fill(ballast: Path) -> None:
    """Write until nothing fits any more, again for a second: what is freed meanwhile is filled too."""
    end = time.monotonic() + 1.0
    with ballast.open("ab", buffering=0) as file:
        while time.monotonic() < end:
            for size in (2**20, 4096, 1):
                try:
                    while True:
                        file.write(b"\0" * size)
                except OSError:
                    continue
            time.sleep(0.05)


def _mount(trial: Trial, arguments: list[str]) -> None:
    path = str(trial.target.workspace.path)
    if os.geteuid() != 0:
        raise Skipped("a disk is mounted as root only")
    done = subprocess.run(["mount", *arguments, path], capture_output=True, text=True, timeout=30)
    if done.returncode:
        raise Skipped(f"this machine mounts no such disk ({done.stderr.strip()})")

    def unmount() -> None:
        while subprocess.run(["umount", path], capture_output=True, timeout=30).returncode == 0:
            pass
        if os.path.ismount(path):
            subprocess.run(["umount", "-l", path], capture_output=True, timeout=30)

    trial.target.on_exit(unmount)


def _trigger(path: Path) -> Path:
    """Return the kernel's file that makes an ext4 on a loop device have an error."""
    with Path("/proc/mounts").open() as mounts:
        device = next(line.split()[0] for line in mounts if line.split()[1] == str(path))
    trigger = Path("/sys/fs/ext4", Path(device).name, "trigger_fs_error")
    if not trigger.exists():
        raise Skipped("this kernel cannot be told that an ext4 has an error")
    return trigger


def _call(*words: str) -> None:
    """Run a command as root, again while a process that has just ended still holds the disk."""
    deadline = time.monotonic() + _BUSY_S
    while True:
        try:
            done = subprocess.run(words, capture_output=True, text=True, timeout=60)
        except FileNotFoundError:
            raise Skipped(f"{words[0]} is not installed") from None
        if not done.returncode:
            return
        if "busy" not in done.stderr or time.monotonic() > deadline:
            raise Skipped(f"{' '.join(words[:3])} failed: {done.stderr.strip()}; open are {_open_below(words[-1])}")
        time.sleep(0.2)


def _open_below(folder: str) -> list[str]:
    """Return the open files below a folder, with their processes."""
    found = []
    for descriptor in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if str(path := descriptor.readlink()).startswith(f"{folder}/"):
                found.append(f"{descriptor.parts[2]} {path.name}")
    return found
