"""The tables, as the ordered steps that make them. A step that was ever released is never edited; add another one.

``curve_part`` is a function that the steps may call. A step has no semicolon inside of a text. A step that SQL alone
cannot do is a function of the connection.
"""

import re
import sqlite3
from collections.abc import Callable

from engine.store.audience.steps import TALKS
from engine.store.points_view import pack_points

#: What a migration does: statements with semicolons, or a function.
Step = str | Callable[[sqlite3.Connection], None]

MIGRATIONS: tuple[tuple[str, Step], ...] = (
    (
        "0001-race",
        """
        CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
        INSERT INTO counters VALUES ('changed', 0);

        CREATE TABLE races (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL,
            preset TEXT NOT NULL,
            config TEXT NOT NULL,
            created REAL NOT NULL
        );

        CREATE TABLE runs (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            race INTEGER NOT NULL REFERENCES races(id),
            position INTEGER NOT NULL,
            depth INTEGER NOT NULL,
            shortcut TEXT NOT NULL,
            seed INTEGER NOT NULL,
            config TEXT NOT NULL,
            versions TEXT NOT NULL,
            state TEXT NOT NULL,
            detail TEXT NOT NULL DEFAULT '',
            cause TEXT NOT NULL DEFAULT '',
            step INTEGER NOT NULL DEFAULT 0,
            total_steps INTEGER NOT NULL,
            parameters INTEGER,
            device TEXT NOT NULL DEFAULT '',
            precision TEXT NOT NULL DEFAULT '',
            threads INTEGER NOT NULL DEFAULT 0,
            images_per_s REAL,
            seconds REAL NOT NULL DEFAULT 0,
            evaluation_share REAL,
            pid INTEGER,
            heartbeat REAL,
            created REAL NOT NULL,
            started REAL,
            ended REAL,
            parent_run INTEGER,
            parent_step INTEGER,
            changed INTEGER NOT NULL
        );
        CREATE INDEX runs_by_race ON runs (race, position);
        CREATE INDEX runs_by_change ON runs (changed);
        CREATE INDEX runs_by_state ON runs (state);

        CREATE TABLE points (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            run INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
            split TEXT NOT NULL,
            step INTEGER NOT NULL,
            loss REAL,
            error REAL,
            running_loss REAL,
            running_error REAL,
            lr REAL,
            seconds REAL NOT NULL,
            images INTEGER,
            took_s REAL,
            bn TEXT,
            UNIQUE (run, split, step)
        );

        CREATE TABLE remarks (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            run INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
            step INTEGER NOT NULL,
            kind TEXT NOT NULL,
            text TEXT NOT NULL,
            created REAL NOT NULL
        );
        CREATE INDEX remarks_by_run ON remarks (run, id);

        CREATE TABLE checkpoints (
            run INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
            step INTEGER NOT NULL,
            reason TEXT NOT NULL,
            bytes INTEGER NOT NULL,
            created REAL NOT NULL,
            PRIMARY KEY (run, step)
        );

        CREATE TABLE commands (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            verb TEXT NOT NULL,
            run INTEGER,
            created REAL NOT NULL,
            acknowledged REAL,
            done REAL,
            refusal TEXT
        );
        CREATE INDEX commands_open ON commands (done) WHERE done IS NULL;

        CREATE TABLE deletions (run INTEGER PRIMARY KEY, race INTEGER NOT NULL, changed INTEGER NOT NULL);

        CREATE TABLE clients (
            pid INTEGER NOT NULL,
            pid_started REAL NOT NULL,
            kind TEXT NOT NULL,
            PRIMARY KEY (pid, pid_started)
        );

        CREATE TABLE engine (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            pid INTEGER NOT NULL,
            pid_started REAL NOT NULL,
            version TEXT NOT NULL,
            devices TEXT NOT NULL,
            started REAL NOT NULL,
            heartbeat REAL NOT NULL
        );
        """,
    ),
    (
        "0002-probes-and-labs",
        """
        CREATE TABLE layers (
            run INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
            kind TEXT NOT NULL,
            position INTEGER NOT NULL,
            name TEXT NOT NULL,
            stage INTEGER NOT NULL,
            channels INTEGER NOT NULL,
            PRIMARY KEY (run, kind, position)
        ) WITHOUT ROWID;

        CREATE TABLE probes (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            run INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
            step INTEGER NOT NULL,
            seconds REAL NOT NULL,
            took_s REAL NOT NULL,
            images INTEGER NOT NULL,
            UNIQUE (run, step)
        );

        CREATE TABLE arrays (
            probe INTEGER NOT NULL REFERENCES probes(id) ON DELETE CASCADE,
            quantity TEXT NOT NULL,
            length INTEGER NOT NULL,
            width INTEGER NOT NULL,
            code TEXT NOT NULL,
            low REAL NOT NULL,
            high REAL NOT NULL,
            data BLOB NOT NULL,
            PRIMARY KEY (probe, quantity)
        );

        ALTER TABLE races ADD COLUMN lab TEXT NOT NULL DEFAULT '';
        ALTER TABLE runs ADD COLUMN lab TEXT NOT NULL DEFAULT '';
        ALTER TABLE runs ADD COLUMN probe_share REAL;

        CREATE TABLE traces (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            run INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
            panel TEXT NOT NULL,
            name TEXT NOT NULL,
            points INTEGER NOT NULL,
            x BLOB NOT NULL,
            y BLOB NOT NULL,
            UNIQUE (run, panel, name)
        );

        CREATE TABLE figures (
            run INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
            name TEXT NOT NULL,
            value REAL,
            PRIMARY KEY (run, name)
        ) WITHOUT ROWID;
        """,
    ),
    (
        "0003-what-ifs",
        """
        ALTER TABLE commands ADD COLUMN race INTEGER;
        ALTER TABLE commands ADD COLUMN argument TEXT NOT NULL DEFAULT '';
        ALTER TABLE commands ADD COLUMN claimed REAL;

        ALTER TABLE races ADD COLUMN pace TEXT NOT NULL DEFAULT 'free';
        ALTER TABLE races ADD COLUMN tunes INTEGER;

        ALTER TABLE runs ADD COLUMN train_images INTEGER NOT NULL DEFAULT 0;

        CREATE TABLE changes (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            run INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
            key TEXT NOT NULL,
            value REAL NOT NULL,
            step INTEGER,
            created REAL NOT NULL
        );
        CREATE INDEX changes_by_run ON changes (run, id);
        """,
    ),
    (
        "0004-notes",
        """
        ALTER TABLE runs ADD COLUMN note TEXT NOT NULL DEFAULT '';
        """,
    ),
    (
        # A job of a lab was a run of a race of its own. It keeps its number, which is why log entries and checkpoints,
        # which trainings and jobs share, refer to no table. The columns lab of races and runs stay, empty.
        "0005-lab-jobs",
        """
        CREATE TABLE lab_jobs (
            id INTEGER PRIMARY KEY,
            lab TEXT NOT NULL,
            config TEXT NOT NULL,
            versions TEXT NOT NULL,
            state TEXT NOT NULL,
            detail TEXT NOT NULL DEFAULT '',
            cause TEXT NOT NULL DEFAULT '',
            done INTEGER NOT NULL DEFAULT 0,
            total INTEGER NOT NULL DEFAULT 0,
            device TEXT NOT NULL DEFAULT '',
            precision TEXT NOT NULL DEFAULT '',
            threads INTEGER NOT NULL DEFAULT 0,
            seconds REAL NOT NULL DEFAULT 0,
            pid INTEGER,
            heartbeat REAL,
            created REAL NOT NULL,
            started REAL,
            ended REAL,
            changed INTEGER NOT NULL
        );
        CREATE INDEX lab_jobs_by_lab ON lab_jobs (lab, id);
        INSERT INTO lab_jobs SELECT id, lab, config, versions, state, detail, cause, step, total_steps, device,
            precision, threads, seconds, pid, heartbeat, created, started, ended, changed FROM runs WHERE lab <> '';

        CREATE TABLE lab_curves (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            job INTEGER NOT NULL REFERENCES lab_jobs(id) ON DELETE CASCADE,
            panel TEXT NOT NULL,
            kind TEXT NOT NULL,
            setting TEXT NOT NULL,
            value REAL,
            cell TEXT NOT NULL,
            part TEXT NOT NULL,
            points INTEGER NOT NULL,
            x BLOB NOT NULL,
            y BLOB NOT NULL
        );
        CREATE UNIQUE INDEX lab_curves_by_name
            ON lab_curves (job, panel, kind, setting, ifnull(value, ''), cell, part);
        INSERT OR REPLACE INTO lab_curves SELECT id, run, panel, curve_part(name, 'kind'), curve_part(name, 'setting'),
            curve_part(name, 'value'), curve_part(name, 'cell'), curve_part(name, 'part'), points, x, y
            FROM traces ORDER BY id;
        DELETE FROM sqlite_sequence WHERE name = 'lab_curves';
        INSERT INTO sqlite_sequence SELECT 'lab_curves', seq FROM sqlite_sequence WHERE name = 'traces';
        DROP TABLE traces;

        CREATE TABLE lab_metrics (
            job INTEGER NOT NULL REFERENCES lab_jobs(id) ON DELETE CASCADE,
            name TEXT NOT NULL,
            value REAL,
            PRIMARY KEY (job, name)
        ) WITHOUT ROWID;
        INSERT INTO lab_metrics SELECT run, name, value FROM figures;
        DROP TABLE figures;

        CREATE TABLE log_entries (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            run INTEGER NOT NULL,
            step INTEGER NOT NULL,
            kind TEXT NOT NULL,
            text TEXT NOT NULL,
            created REAL NOT NULL
        );
        CREATE INDEX log_entries_by_run ON log_entries (run, id);
        INSERT INTO log_entries SELECT id, run, step, kind, text, created FROM remarks;
        DROP TABLE remarks;

        CREATE TABLE kept_checkpoints (
            run INTEGER NOT NULL,
            step INTEGER NOT NULL,
            reason TEXT NOT NULL,
            bytes INTEGER NOT NULL,
            created REAL NOT NULL,
            PRIMARY KEY (run, step)
        );
        INSERT INTO kept_checkpoints SELECT run, step, reason, bytes, created FROM checkpoints;
        DROP TABLE checkpoints;
        ALTER TABLE kept_checkpoints RENAME TO checkpoints;

        DELETE FROM runs WHERE lab <> '';
        DELETE FROM races WHERE lab <> '';

        CREATE VIEW traces AS SELECT id, job AS run, panel,
            CASE cell WHEN '' THEN '' ELSE cell || ': ' END || kind ||
            CASE WHEN value IS NULL THEN ''
                WHEN value = CAST(value AS INTEGER) THEN ', ' || setting || ' ' || CAST(value AS INTEGER)
                ELSE ', ' || setting || ' ' || value END ||
            CASE part WHEN '' THEN '' ELSE char(59) || ' ' || part END AS name, points, x, y FROM lab_curves;
        CREATE VIEW figures AS SELECT job AS run, name, value FROM lab_metrics;
        CREATE VIEW remarks AS SELECT id, run, step, kind, text, created FROM log_entries;
        """,
    ),
    (
        "0006-instant",
        """
        ALTER TABLE races ADD COLUMN instant INTEGER NOT NULL DEFAULT 0;
        """,
    ),
    # A row for each step became a block for each flush: a third of the bytes, and the same numbers in a view.
    ("0007-point-blocks", pack_points),
    (
        "0008-imports",
        """
        CREATE TABLE imports (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            bundle TEXT NOT NULL,
            exported TEXT NOT NULL,
            version TEXT NOT NULL,
            created REAL NOT NULL
        );
        ALTER TABLE runs ADD COLUMN imported INTEGER;
        ALTER TABLE lab_jobs ADD COLUMN imported INTEGER;
        """,
    ),
    (
        "0009-unfinished-imports",
        """
        CREATE TABLE unfinished_imports (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            pid INTEGER NOT NULL,
            pid_started REAL NOT NULL,
            first_run INTEGER NOT NULL,
            last_run INTEGER NOT NULL
        );
        """,
    ),
    (
        "0010-placements",
        """
        CREATE TABLE placements (
            run INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
            attempt INTEGER NOT NULL,
            node TEXT NOT NULL,
            processor TEXT NOT NULL,
            created REAL NOT NULL,
            ended REAL,
            lost INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (run, attempt)
        ) WITHOUT ROWID;
        """,
    ),
    (
        "0011-ghost-lines",
        """
        CREATE TABLE ghost_lines (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            race INTEGER NOT NULL REFERENCES races(id) ON DELETE CASCADE,
            name TEXT NOT NULL, source TEXT NOT NULL, quantity TEXT NOT NULL,
            split TEXT NOT NULL, metric TEXT NOT NULL,
            total INTEGER NOT NULL, points INTEGER NOT NULL,
            steps BLOB NOT NULL, numbers BLOB NOT NULL,
            created REAL NOT NULL,
            UNIQUE (race, name)
        );
        ALTER TABLE races ADD COLUMN ghosts_changed INTEGER NOT NULL DEFAULT 0;
        """,
    ),
    ("0012-talks", TALKS),
    ("0013-authors", "ALTER TABLE commands ADD COLUMN author TEXT NOT NULL DEFAULT '';"),
)

#: How a curve's name held its parts: ``[CELL: ]KIND[, SETTING VALUE][; PART]``.
_CURVE_NAME = re.compile(
    r"(?:(?P<cell>[^:;]+): )?(?P<kind>[^;]+?)"
    r"(?:, (?P<setting>[a-z_]+) (?P<value>-?\d[\d.]*(?:e[+-]?\d+)?))?(?:; (?P<part>.+))?"
)


def curve_part(name: str, part: str) -> str | float | None:
    """Return a part of a curve's name; a name of another form is a kind as it stands."""
    match = _CURVE_NAME.fullmatch(name)
    text = match[part] if match else name if part == "kind" else None
    if part == "value":
        return None if text is None else float(text)
    return text or ""
