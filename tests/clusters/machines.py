"""Machines in network namespaces of this one: each has an address and folders of its own, and a link that can be cut.

Needs root and ``ip``. Ray has its own times there, unlike in ``nodes``.
"""

import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil

from engine.paths import PROJECT
from tests.clusters.nodes import STORE_BYTES

PORT, READY_S = 6379, 90.0
#: The names of links and namespaces begin so, those of one test's process alone.
_NAME = f"sk{os.getpid() % 10_000}"
#: A folder of a machine's own takes the place of Ray's folder, which all machines know by one name.
_BOUND = 'mount --make-rprivate / && mount --bind "$0" "$RAY_TMPDIR" && exec "$@"'


def can_be():
    """Return whether this system lets this process make namespaces."""
    if not shutil.which("ip") or not shutil.which("unshare"):
        return False
    return subprocess.run(["unshare", "-n", "-m", "true"], capture_output=True, check=False).returncode == 0


class Machines:
    """A context manager; machines are called by a letter."""

    def __init__(self, folder, environment, names="abc"):
        self.folder, self.names = Path(folder) / "machines", names
        # Without the times of ``nodes``.
        self._environment = {key: value for key, value in environment.items() if "health_check" not in key}
        self._processes = []

    def __enter__(self):
        try:
            self._make()
        except subprocess.CalledProcessError:
            self._remove()
            raise
        return self

    def _make(self):
        ip(f"link add {_NAME} type bridge")
        ip(f"link set {_NAME} up")
        for name in self.names:
            ip(f"netns add {_NAME}{name}")
            ip(f"link add {_NAME}{name} type veth peer name eth0 netns {_NAME}{name}")
            ip(f"link set {_NAME}{name} master {_NAME} up")
            for rest in (f"addr add {self.address(name)}/24 dev eth0", "link set eth0 up", "link set lo up"):
                ip(f"-n {_NAME}{name} {rest}")

    def __exit__(self, *_):
        for name in self.names:
            self.kill(name)
        for process in self._processes:
            process.wait()
        self._remove()

    def _remove(self):
        for name in self.names:
            # A link that goes with its namespace goes later, and the next one has its name.
            for what in (f"link del {_NAME}{name}", f"netns del {_NAME}{name}"):
                with suppress(subprocess.CalledProcessError):
                    ip(what)
        ip(f"link del {_NAME}")

    def address(self, name):
        return f"10.77.{os.getpid() % 250}.{self.names.index(name) + 1}"

    def run(self, name, command, log):
        """Start a program on a machine."""
        places = {place: self.folder / name / place for place in ("ray", "home", "node")}
        for place in places.values():
            place.mkdir(parents=True, exist_ok=True)
        inside = ["ip", "netns", "exec", f"{_NAME}{name}", "unshare", "-m", "sh", "-c", _BOUND, str(places["ray"])]
        environment = {"HOME": str(places["home"]), "SKIPSCOPE_NODE_FOLDER": str(places["node"])}
        with Path(log).open("ab") as file:
            process = subprocess.Popen(
                [*inside, *command], cwd=PROJECT, stdout=file, stderr=file, start_new_session=True,
                env=self._environment | environment,
            )  # fmt: skip
        self._processes.append(process)
        return process

    def start_ray(self, name, head, cores):
        """Start Ray on a machine, and wait until it is up."""
        where = ["--head", "--port", str(PORT)] if name == head else ["--address", f"{self.address(head)}:{PORT}"]
        log = self.folder / f"ray-{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("")
        options = ["--num-cpus", str(cores), "--object-store-memory", str(STORE_BYTES), "--disable-usage-stats"]
        if name == head:
            options += ["--include-dashboard", "false"]
        ray = [sys.executable, "-m", "ray.scripts.scripts", "start", *where, "--node-ip-address", self.address(name)]
        self.run(name, [*ray, *options, "--block"], log)
        deadline = time.monotonic() + READY_S
        while "Ray runtime started" not in log.read_text():
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)

    def cut(self, name):
        ip(f"link set {_NAME}{name} down")

    def mend(self, name):
        ip(f"link set {_NAME}{name} up")

    def kill(self, name):
        """Kill all processes of a machine."""
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get("SKIPSCOPE_NODE_FOLDER") == str(self.folder / name / "node"):
                    process.kill()


def ip(arguments):
    subprocess.run(["ip", *arguments.split()], check=True, capture_output=True)
