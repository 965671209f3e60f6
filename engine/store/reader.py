"""Every SELECT of the project: one ``Reader``, with a part for each group of tables in ``engine/store/tables``.

Connections are read-only (``mode=ro``). Methods return plain values and the small dataclasses of ``engine.store.rows``.
One ``Reader`` per thread at a time. Torch-free. Errors: those of ``engine.store.connection.connect``.
"""

from engine.store.tables.commands import CommandReader
from engine.store.tables.interventions import InterventionReader
from engine.store.tables.labs import LabReader
from engine.store.tables.presence import PresenceReader
from engine.store.tables.probes import ProbeReader
from engine.store.tables.run_list import RunListReader
from engine.store.tables.tuning import TuningReader


class Reader(ProbeReader, LabReader, InterventionReader, TuningReader, RunListReader, CommandReader, PresenceReader):
    """Everything that can be asked of a workspace's database.

    An older database is brought up to date first. ``outdated``: take it as it is, for what every version has.
    Everything that is read inside ``snapshot`` belongs to the same moment.
    """
