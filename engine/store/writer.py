"""Everything that is written to the database: one ``Writer``, with an object for each group of tables of
``engine/store/tables``.

Every method is one short transaction: what belongs together is written together or not at all. One ``Writer`` per
thread. Torch-free. Errors: those of ``engine.store.connection.connect``; CommandRefused for a move that is not legal.
"""

from engine.store.connection import WritingConnection
from engine.store.tables.checkpoints import CheckpointWriter
from engine.store.tables.commands import CommandWriter
from engine.store.tables.interventions import InterventionWriter
from engine.store.tables.jobs import JobWriter
from engine.store.tables.labs import LabWriter
from engine.store.tables.log_entries import LogWriter
from engine.store.tables.points import PointWriter
from engine.store.tables.presence import PresenceWriter
from engine.store.tables.probes import ProbeWriter
from engine.store.tables.races import RaceWriter
from engine.store.tables.tuning import TuningWriter
from engine.store.tables.visitor_notes import VisitorNoteWriter
from engine.store.workspace import Workspace


class Writer(WritingConnection):
    """Everything that can be written to a workspace's database: ``writer.probes.add(...)``."""

    def __init__(self, workspace: Workspace, busy_s: float | None = None):
        super().__init__(workspace, busy_s)
        self.races, self.jobs = RaceWriter(self), JobWriter(self)
        self.points, self.log, self.checkpoints = PointWriter(self), LogWriter(self), CheckpointWriter(self)
        self.probes, self.labs = ProbeWriter(self), LabWriter(self)
        self.interventions, self.tuning = InterventionWriter(self), TuningWriter(self)
        self.notes, self.commands, self.presence = VisitorNoteWriter(self), CommandWriter(self), PresenceWriter(self)
