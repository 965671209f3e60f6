"""``Writer``: all writes of the project, with an object for each group of tables. One per thread. Torch-free.

Every method is one short transaction; ``with writer.together()`` makes one of several.
"""

from engine.store.audience.showings import ShowingWriter
from engine.store.connection import WritingConnection
from engine.store.placements import PlacementWriter
from engine.store.tables.checkpoints import CheckpointWriter
from engine.store.tables.commands import CommandWriter
from engine.store.tables.imported.ghost_lines import GhostLineWriter
from engine.store.tables.imported.imports import ImportWriter
from engine.store.tables.interventions import InterventionWriter
from engine.store.tables.jobs import JobWriter
from engine.store.tables.labs import LabWriter
from engine.store.tables.log_entries import LogWriter
from engine.store.tables.points import PointWriter
from engine.store.tables.presence import PresenceWriter
from engine.store.tables.probes import ProbeWriter
from engine.store.tables.quota import QuotaWriter
from engine.store.tables.races import RaceWriter
from engine.store.tables.tuning import TuningWriter
from engine.store.tables.visitor_notes import VisitorNoteWriter
from engine.store.workspace import Workspace


class Writer(WritingConnection):
    """Fills a workspace's database: ``writer.probes.add(...)``. Raises the errors of ``engine.store.connection``."""

    def __init__(self, workspace: Workspace, busy_s: float | None = None):
        super().__init__(workspace, busy_s)
        self.races, self.jobs = RaceWriter(self), JobWriter(self)
        self.points, self.log, self.checkpoints = PointWriter(self), LogWriter(self), CheckpointWriter(self)
        self.probes, self.labs = ProbeWriter(self), LabWriter(self)
        self.interventions, self.tuning = InterventionWriter(self), TuningWriter(self)
        self.notes, self.commands, self.presence = VisitorNoteWriter(self), CommandWriter(self), PresenceWriter(self)
        self.placements, self.ghosts = PlacementWriter(self), GhostLineWriter(self)
        self.quota, self.imports, self.showings = QuotaWriter(self), ImportWriter(self), ShowingWriter(self)
