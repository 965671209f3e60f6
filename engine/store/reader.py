"""``Reader``: all SELECTs of the project, with an object for each group of tables. One thread at a time. Torch-free.

Connections are read-only (``mode=ro``). Methods return plain values and the dataclasses of ``engine.store.rows``.
"""

from engine.store.audience.showings import ShowingReader
from engine.store.connection import ReadingConnection
from engine.store.placements import PlacementReader
from engine.store.tables.checkpoints import CheckpointReader
from engine.store.tables.commands import CommandReader
from engine.store.tables.imported.ghost_lines import GhostLineReader
from engine.store.tables.imported.imports import ImportReader
from engine.store.tables.interventions import InterventionReader
from engine.store.tables.jobs import JobReader
from engine.store.tables.labs import LabReader
from engine.store.tables.log_entries import LogReader
from engine.store.tables.points import PointReader
from engine.store.tables.presence import PresenceReader
from engine.store.tables.probes import ProbeReader
from engine.store.tables.quota import QuotaReader
from engine.store.tables.races import RaceReader
from engine.store.tables.run_list import RunListReader
from engine.store.tables.runs import RunReader
from engine.store.tables.tuning import TuningReader
from engine.store.workspace import Workspace


class Reader(ReadingConnection):
    """Reads a workspace's database: ``reader.runs.get(7)``. Raises the errors of ``engine.store.connection``."""

    def __init__(self, workspace: Workspace, *, outdated: bool = False):
        super().__init__(workspace, outdated=outdated)
        self.races, self.runs, self.run_list = RaceReader(self), RunReader(self), RunListReader(self)
        self.points, self.log, self.checkpoints = PointReader(self), LogReader(self), CheckpointReader(self)
        self.probes, self.labs, self.jobs = ProbeReader(self), LabReader(self), JobReader(self)
        self.interventions, self.tuning = InterventionReader(self), TuningReader(self)
        self.commands, self.presence, self.quota = CommandReader(self), PresenceReader(self), QuotaReader(self)
        self.imports, self.placements, self.showings = ImportReader(self), PlacementReader(self), ShowingReader(self)
        self.ghosts = GhostLineReader(self)
