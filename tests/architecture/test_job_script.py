"""The job script for SLURM in assets/docs/cluster.md, with stubs in the place of SLURM, Ray and Python."""

import importlib.util
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from engine.paths import PROJECT

SCRIPT = re.search(
    r"^```\n(#!/bin/bash\n.*?)^```", (PROJECT / "assets/docs/cluster.md").read_text(), re.DOTALL | re.MULTILINE
)[1]
#: Each command notes how it was called. Ray's head answers at the second question; the engine lives until its shutdown.
STUBS = {
    "scontrol": "printf 'n1\\nn2\\nn3\\nn4\\n'",
    "srun": 'echo "srun $*" >> calls; while [[ $1 == -* ]]; do [[ $1 == -w ]] && shift; shift; done; "$@"',
    "ray": 'echo "ray $*" >> calls; [[ $1 == health-check ]] || exit 0; [[ -e asked ]] && exit 0; touch asked; exit 1',
    "python": 'echo "python $*" >> calls; if [[ $* == *shutdown ]]; then touch ended; else while [[ ! -e ended ]]; do '
    "/bin/sleep 0.02; done; echo ends >> calls; fi",
    "sleep": "exit 0",
}


def calls(folder: Path) -> list[str]:
    try:
        return (folder / "calls").read_text().splitlines()
    except FileNotFoundError:
        return []


def test_the_script_starts_the_nodes_and_the_engine_and_ends_it_in_good_order(tmp_path):
    for name, text in STUBS.items():
        (tmp_path / name).write_text(f"#!/bin/bash\n{text}\n")
        (tmp_path / name).chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "SLURM_JOB_NODELIST": "n[1-4]"}
    (tmp_path / "job").write_text(SCRIPT)
    job = subprocess.Popen(["bash", "job"], cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 30
        while not any("serve" in call for call in calls(tmp_path)):
            assert time.monotonic() < deadline, calls(tmp_path)
            time.sleep(0.02)
        time.sleep(0.2)  # bash sets its trap after it has started the engine
        job.send_signal(signal.SIGUSR1)
        assert job.wait(60) > 128, "the signal ended its waiting"
    finally:
        (tmp_path / "ended").touch()
        job.kill()
        assert job.communicate()[1] == ""
    seen = calls(tmp_path)
    (head,) = [call for call in seen if call.startswith("srun") and "--head" in call]
    (others,) = [call for call in seen if call.startswith("srun") and "--address" in call]
    (engine,) = [call for call in seen if "serve" in call]
    assert "-w n1" in head
    assert "--exclude=n1" in others
    assert "--nodes=3 --ntasks=3" in others
    assert seen.count("ray health-check --address n1:6379") == 2
    assert seen.index(others) > seen.index("ray health-check --address n1:6379")
    assert "--launcher ray --address n1:6379" in engine
    assert [call for call in seen if call.endswith("shutdown")] == ["python -m engine --workspace runs shutdown"]


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs Ray (240 MB): pip install ray==2.60.0")
def test_ray_knows_every_option_of_the_script():
    from ray.scripts.scripts import cli

    for command, text in re.findall(r"ray (start|health-check) (.*)", SCRIPT):
        known = {option for parameter in cli.commands[command].params for option in parameter.opts}
        assert set(re.findall(r"--[a-z-]+", text)) <= known
