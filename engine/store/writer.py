"""Everything that is written to the database: one ``Writer``, with a part for each group of tables in
``engine/store/tables``.

Every method is one short transaction: what belongs together is written together or not at all. One ``Writer`` per
thread. Torch-free. Errors: those of ``engine.store.connection.connect``; CommandRefused for a move that is not legal.
"""

from engine.store.tables.commands import CommandWriter
from engine.store.tables.interventions import InterventionWriter
from engine.store.tables.labs import LabWriter
from engine.store.tables.points import PointWriter
from engine.store.tables.presence import PresenceWriter
from engine.store.tables.probes import ProbeWriter
from engine.store.tables.tuning import TuningWriter
from engine.store.tables.visitor_notes import VisitorNoteWriter


class Writer(
    TuningWriter, PointWriter, ProbeWriter, LabWriter, InterventionWriter, VisitorNoteWriter, CommandWriter,
    PresenceWriter,
):  # fmt: skip
    """Everything that can be written to a workspace's database, which is made and migrated where needed."""
