"""A head that does not answer: told first, then the end of the engine, with its reason."""

import time
from types import SimpleNamespace

import pytest

from engine.errors import ClusterLost

pytest.importorskip("ray", reason="needs Ray (240 MB): pip install ray==2.60.0")


@pytest.fixture
def launcher():
    from engine.runs.launchers.ray_cluster.launcher import RayLauncher

    made = RayLauncher.__new__(RayLauncher)
    made._local = SimpleNamespace(trouble=str)
    made._address, made._trouble, made._is_lost, made._busy_since = "10.0.0.1:6379", "no room", False, None
    return made


@pytest.mark.parametrize(
    ("busy_s", "told"), [(None, "no room"), (1, "no room"), (8.2, "the head of the cluster has not answered for 8 s")]
)
def test_a_silent_head_is_told(launcher, busy_s, told):
    launcher._busy_since = None if busy_s is None else time.monotonic() - busy_s
    assert launcher.trouble() == told
    assert not launcher._is_lost


def test_a_head_that_stays_silent_ends_the_engine(launcher):
    launcher._busy_since = time.monotonic() - 41
    with pytest.raises(ClusterLost, match="the head of the cluster at 10.0.0.1:6379 has not answered for 40 s"):
        launcher.trouble()
    assert launcher._is_lost
