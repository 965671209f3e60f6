"""The migration that makes the tables of a talk that is given. A step that was ever released is never edited.

``talk_showings`` has a row for each time that a talk is given: where its presenter stands. ``question`` is the key of
the question that this scene asks, '' for none, ``choices`` how many it has, and ``revealed`` a JSON list of the keys
whose answers were shown. ``race`` is one that was started live. ``talk_votes`` has one row for each visitor and
question; ``visitor`` is nothing but a number that a cookie stands for.
"""

TALKS = """
    CREATE TABLE talk_showings (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        talk TEXT NOT NULL,
        scene INTEGER NOT NULL,
        question TEXT NOT NULL,
        choices INTEGER NOT NULL,
        revealed TEXT NOT NULL,
        race INTEGER,
        created REAL NOT NULL,
        moved REAL NOT NULL,
        ended INTEGER NOT NULL
    );
    CREATE TABLE talk_votes (
        showing INTEGER NOT NULL,
        question TEXT NOT NULL,
        visitor TEXT NOT NULL,
        choice INTEGER NOT NULL,
        voted REAL NOT NULL,
        PRIMARY KEY (showing, question, visitor)
    ) WITHOUT ROWID;
"""
