"""The curves as Parquet: a row group for each run and imported line, settings in the file's metadata. Torch-free.

pandas reads the file, and Hugging Face ``datasets`` as the data set of the builder ``parquet``.
"""

import json
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from engine.exchange.privacy import portable_run
from engine.exchange.registry import ExportSource, Report
from engine.exchange.tidy_points import COLUMNS, tidy_lines, tidy_points
from engine.provenance import versions

#: The key of the metadata: a JSON document.
KEY = b"skipscope"
_TYPES = {int: pa.int64(), float: pa.float64(), str: pa.string()}
_SCHEMA = pa.schema([(name, _TYPES[kind]) for name, kind in COLUMNS.items()])


def write(source: ExportSource, file: BinaryIO, report: Report) -> None:
    """Write the points of these runs as Parquet."""
    schema = _SCHEMA.with_metadata({KEY: json.dumps(_card(source), sort_keys=True).encode()})
    with pq.ParquetWriter(file, schema, compression="zstd") as table:
        for done, (row, columns) in enumerate(tidy_points(source.reader, source.rows)):
            report(done, len(source.rows), f"{row.arm}, run {row.id}")
            table.write_table(pa.Table.from_pydict(columns, schema=schema))
        for _, columns in tidy_lines(source.reader, source.rows):
            table.write_table(pa.Table.from_pydict(columns, schema=schema))
        report(len(source.rows), len(source.rows), "done")


def _card(source: ExportSource) -> dict[str, Any]:
    """Return what the numbers are, and how they came."""
    return {
        "written_by": versions(),
        "units": {"loss": "nats", "error": "percent", "seconds": "seconds of the run's clock"},
        "runs": [
            {
                "run": row.id, "race": row.race, "arm": row.arm, "state": row.state.value, "device": row.device,
                "precision": row.precision, "config": json.loads(portable_run(row.config).to_json()),
                "versions": row.versions,
            }
            for row in source.rows
        ],
    }  # fmt: skip
