"""A shared server and its engine, one for the fuzz tests of a process: its race was written, not trained."""

from collections.abc import Iterator

import pytest

from engine.events import RunState
from tests.app.live.conftest import Bench
from tests.e2e.test_share import FINISHED
from tests.fuzz.open_site import OpenSite


@pytest.fixture(scope="package")
def open_site(tmp_path_factory) -> Iterator[OpenSite]:
    """A shared site with a race of three paused runs and a finished one, of which one can be forked."""
    bench = Bench(tmp_path_factory.mktemp("open") / "workspace")
    site = OpenSite(bench.workspace)
    site.race_id, site.runs = bench.race, bench.runs
    for run in bench.runs:
        bench.run_states(run, *((RunState.PAUSED,) if run != bench.runs[3] else FINISHED))
        bench.steps(run, 1, 30)
    bench.writer.checkpoints.add(bench.runs[0], 20, "pause", 1)
    bench.writer.close()
    site.begin()
    yield site
    site.close()
