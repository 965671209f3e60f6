"""The tables ``talk_showings`` and ``talk_votes``. Torch-free.

A showing is one time that a talk is given. The one that was moved last counts; a question is open while its scene is
shown and until its answer was. A look at another talk in between leaves the showing of the first as it is.
"""

import json
import sqlite3
import time
from dataclasses import dataclass

from engine.errors import ConfigError
from engine.store.connection import ReadingTable, WritingTable, insert
from engine.store.revision import next_revision

#: Voters of one question. Seconds between two votes of one visitor. Showings that stay on record.
MAX_VOTERS, VOTE_S, KEPT = 1_000, 0.5, 20
#: Seconds after which a talk that goes on is another showing.
GOES_ON_S = 6 * 3600.0
#: Seconds for which a presenter looks at another talk at most, where nobody votes there.
LOOK_S = 600.0


@dataclass(frozen=True, slots=True)
class Place:
    """The scene that a presenter shows, from 1; of a question its key and how many choices it has.

    ``reveals`` is the key of the question that the scene answers, '' of others.
    """

    talk: str
    scene: int
    question: str = ""
    choices: int = 0
    reveals: str = ""


@dataclass(frozen=True, slots=True)
class ShowingRow:
    """One showing; ``revealed`` are the keys of answered questions as JSON, ``race`` one that was started live."""

    id: int
    talk: str
    scene: int
    question: str
    choices: int
    revealed: str
    race: int | None
    created: float
    moved: float
    ended: int

    @property
    def open(self) -> str:
        """The key of the question that may be voted on, '' without one."""
        return "" if self.ended or self.question in self.answered else self.question

    @property
    def answered(self) -> list[str]:
        """The keys of the questions whose answers were shown."""
        answered: list[str] = json.loads(self.revealed)
        return answered


_NEWEST = "SELECT * FROM talk_showings ORDER BY moved DESC, id DESC LIMIT 1"
_NEWEST_ID = "(SELECT id FROM talk_showings ORDER BY moved DESC, id DESC LIMIT 1)"
_NEWEST_OF = "SELECT * FROM talk_showings WHERE talk = ? ORDER BY moved DESC, id DESC LIMIT 1"
#: Seconds by which a move is later than the one before at least, also after a clock was set back.
_LATER_S = 1e-5


class ShowingWriter(WritingTable):
    """Moves the presenter's place, and takes votes."""

    def show(self, place: Place) -> int:
        """Record the place; return the showing: that of the talk, a new one at a new begin and after a long rest.

        A begin is the first scene after an end, or after another talk was given: not after a look at one.
        """
        now = time.time()
        with self._transaction() as connection:
            newest = connection.execute(_NEWEST).fetchone()
            row = connection.execute(_NEWEST_OF, (place.talk,)).fetchone()
            goes_on = row is not None and now - row["moved"] < GOES_ON_S
            moved = now if newest is None else max(now, newest["moved"] + _LATER_S)
            if goes_on and not (place.scene == 1 and (row["ended"] or _was_left(connection, row, newest, now))):
                showing = int(row["id"])
                revealed = json.loads(row["revealed"])
            else:
                showing, revealed = self._begin(connection, place.talk, now), []
            if place.reveals and place.reveals not in revealed:
                revealed.append(place.reveals)
            connection.execute(
                "UPDATE talk_showings SET scene = ?, question = ?, choices = ?, revealed = ?, moved = ?, ended = 0 "
                "WHERE id = ?",
                (place.scene, place.question, place.choices, json.dumps(revealed), moved, showing),
            )
            next_revision(connection)
        return showing

    @staticmethod
    def _begin(connection: sqlite3.Connection, talk: str, now: float) -> int:
        showing = insert(
            connection, "talk_showings", talk=talk, scene=1, question="", choices=0, revealed="[]", race=None,
            created=now, moved=now, ended=0,
        )  # fmt: skip
        connection.execute("DELETE FROM talk_votes WHERE showing <= ?", (showing - KEPT,))
        connection.execute("DELETE FROM talk_showings WHERE id <= ?", (showing - KEPT,))
        return showing

    def started(self, race: int) -> None:
        """Record the race that was started live in the newest showing."""
        self._change(f"UPDATE talk_showings SET race = ? WHERE id = {_NEWEST_ID}", race)

    def end(self) -> None:
        """End the newest showing."""
        self._change(f"UPDATE talk_showings SET ended = 1 WHERE id = {_NEWEST_ID}")

    def _change(self, sql: str, *values: object) -> None:
        with self._transaction() as connection:
            connection.execute(sql, values)
            next_revision(connection)

    def vote(self, question: str, visitor: str, choice: int) -> None:
        """Take the vote of a visitor, in place of an earlier one. Raises ConfigError in one line."""
        now = time.time()
        with self._transaction() as connection:
            row = connection.execute(_NEWEST).fetchone()
            showing = None if row is None else ShowingRow(**dict(row))
            if showing is None or not question or showing.open != question:
                raise ConfigError("this question is not open now")
            if not 1 <= choice <= showing.choices:
                raise ConfigError(f"a choice is 1 to {showing.choices}")
            where, values = "showing = ? AND question = ?", (showing.id, question)
            mine = connection.execute(
                f"SELECT voted FROM talk_votes WHERE {where} AND visitor = ?", (*values, visitor)
            ).fetchone()
            if mine is not None and 0 <= now - mine["voted"] < VOTE_S:
                raise ConfigError("one vote at a time; wait a moment")
            voters = connection.execute(f"SELECT count(*) FROM talk_votes WHERE {where}", values).fetchone()[0]
            if mine is None and voters >= MAX_VOTERS:
                raise ConfigError(f"{MAX_VOTERS:,} votes are in, and no more are counted")
            connection.execute(
                "INSERT OR REPLACE INTO talk_votes (showing, question, visitor, choice, voted) VALUES (?, ?, ?, ?, ?)",
                (*values, visitor, choice, now),
            )
            next_revision(connection)


def _was_left(connection: sqlite3.Connection, row: sqlite3.Row, newest: sqlite3.Row, now: float) -> bool:
    """Return whether another talk was given since this showing was moved last."""
    if newest["id"] == row["id"]:
        return False
    voted = "SELECT 1 FROM talk_votes WHERE showing <> ? AND voted > ? LIMIT 1"
    return now - row["moved"] >= LOOK_S or connection.execute(voted, (row["id"], row["moved"])).fetchone() is not None


class ShowingReader(ReadingTable):
    """Reads the newest showing and its votes."""

    def newest(self) -> ShowingRow | None:
        """Return the newest showing, None before the first."""
        return self._first(ShowingRow, _NEWEST)

    def votes(self, showing: int) -> dict[str, dict[int, int]]:
        """Return how many chose each choice, by question."""
        found: dict[str, dict[int, int]] = {}
        sql = "SELECT question, choice, count(*) AS votes FROM talk_votes WHERE showing = ? GROUP BY question, choice"
        for row in self._rows(sql, showing):
            found.setdefault(row["question"], {})[row["choice"]] = row["votes"]
        return found

    def votes_of(self, showing: int, visitor: str) -> dict[str, int]:
        """Return the choices of one visitor, by question."""
        sql = "SELECT question, choice FROM talk_votes WHERE showing = ? AND visitor = ?"
        return {row["question"]: row["choice"] for row in self._rows(sql, showing, visitor)}
