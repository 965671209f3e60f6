"""The table ``commands``: what clients ask of the engine, each row with the engine's answer.

Torch-free.
"""

import time

from engine.store.connection import ReadingTable, WritingTable
from engine.store.rows import CommandRow


class CommandReader(ReadingTable):
    """Which commands there are and what the engine answered."""

    def pending(self) -> list[CommandRow]:
        """Return the commands that are not done, oldest first."""
        return [CommandRow(**dict(row)) for row in self._rows("SELECT * FROM commands WHERE done IS NULL ORDER BY id")]

    def get(self, command: int) -> CommandRow | None:
        """Return one command with the engine's answer so far."""
        rows = self._rows("SELECT * FROM commands WHERE id = ?", command)
        return CommandRow(**dict(rows[0])) if rows else None


class CommandWriter(WritingTable):
    """How a command is given, withdrawn, claimed and answered."""

    def give(self, verb: str, run: int | None = None, argument: str = "", *, race: int | None = None) -> int:
        """Ask the engine for something; returns the command's id. Its answer appears in the same row."""
        with self._transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO commands (verb, run, race, argument, created) VALUES (?, ?, ?, ?, ?)",
                (verb, run, race, argument, time.time()),
            )
        return int(cursor.lastrowid or 0)

    def claim(self, command: int) -> bool:
        """Mark that the engine is about to serve the command; return False if the command was withdrawn."""
        with self._transaction() as connection:
            cursor = connection.execute(
                "UPDATE commands SET claimed = ? WHERE id = ? AND done IS NULL", (time.time(), command)
            )
        return cursor.rowcount == 1

    def withdraw(self, command: int, words: str) -> bool:
        """Take back a command that no engine has claimed; return False if one has, or it is done."""
        now = time.time()
        with self._transaction() as connection:
            cursor = connection.execute(
                "UPDATE commands SET acknowledged = ?, done = ?, refusal = ?"
                " WHERE id = ? AND claimed IS NULL AND done IS NULL",
                (now, now, words, command),
            )
        return cursor.rowcount == 1

    def acknowledge(self, command: int) -> None:
        """Mark that the engine has seen the command."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE commands SET acknowledged = ? WHERE id = ? AND acknowledged IS NULL", (time.time(), command)
            )

    def finish(self, command: int, refusal: str | None = None) -> None:
        """Mark the command as done, or as refused with one line."""
        now = time.time()
        with self._transaction() as connection:
            connection.execute(
                "UPDATE commands SET acknowledged = coalesce(acknowledged, ?), done = ?, refusal = ? WHERE id = ?",
                (now, now, refusal, command),
            )
