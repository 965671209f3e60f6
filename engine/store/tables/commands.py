"""The table ``commands``: what clients ask of the engine, each row with the engine's answer.

Torch-free.
"""

import time

from engine.store.connection import ReadingTable, WritingTable, insert
from engine.store.rows import CommandRow


class CommandReader(ReadingTable):
    """Which commands there are and what the engine answered."""

    def pending(self) -> list[CommandRow]:
        """Return the commands that are not done, oldest first."""
        return self._all(CommandRow, "SELECT * FROM commands WHERE done IS NULL ORDER BY id")

    def get(self, command: int) -> CommandRow | None:
        """Return one command with the engine's answer so far."""
        return self._first(CommandRow, "SELECT * FROM commands WHERE id = ?", command)


class CommandWriter(WritingTable):
    """How a command is given, withdrawn, claimed and answered."""

    def give(self, verb: str, run: int | None = None, argument: str = "", *, race: int | None = None) -> int:
        """Ask the engine for something; return the command's id. The engine's answer appears in the same row."""
        with self._transaction() as connection:
            return insert(connection, "commands", verb=verb, run=run, race=race, argument=argument, created=time.time())

    def claim(self, command: int) -> bool:
        """Mark that the engine is about to serve the command; return False if the command was withdrawn."""
        sql = "UPDATE commands SET claimed = ? WHERE id = ? AND done IS NULL"
        return self._execute(sql, time.time(), command) == 1

    def withdraw(self, command: int, refusal: str) -> bool:
        """Take back a command that no engine has claimed; return False for a command that is claimed or done."""
        sql = (
            "UPDATE commands SET acknowledged = ?, done = ?, refusal = ?"
            " WHERE id = ? AND claimed IS NULL AND done IS NULL"
        )
        now = time.time()
        return self._execute(sql, now, now, refusal, command) == 1

    def acknowledge(self, command: int) -> None:
        """Mark that the engine has seen the command."""
        sql = "UPDATE commands SET acknowledged = ? WHERE id = ? AND acknowledged IS NULL"
        self._execute(sql, time.time(), command)

    def finish(self, command: int, refusal: str | None = None) -> None:
        """Mark the command as done, or as refused with one line."""
        sql = "UPDATE commands SET acknowledged = coalesce(acknowledged, ?), done = ?, refusal = ? WHERE id = ?"
        now = time.time()
        self._execute(sql, now, now, refusal, command)
