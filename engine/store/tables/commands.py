"""The table ``commands``: requests of clients, each with the engine's answer. Torch-free."""

import time

from engine.store.connection import ReadingTable, WritingTable, insert
from engine.store.rows import CommandRow


class CommandReader(ReadingTable):
    """Reads commands and answers."""

    def pending(self) -> list[CommandRow]:
        """Return the commands that are not done, oldest first."""
        return self._all(CommandRow, "SELECT * FROM commands WHERE done IS NULL ORDER BY id")

    def get(self, command: int) -> CommandRow | None:
        """Return one command with the engine's answer so far."""
        return self._first(CommandRow, "SELECT * FROM commands WHERE id = ?", command)

    def last_given(self, verb: str) -> float:
        """Return when a verb was given last, in seconds since the epoch; 0 for never."""
        last = self._first(CommandRow, "SELECT * FROM commands WHERE verb = ? ORDER BY created DESC LIMIT 1", verb)
        return 0.0 if last is None else last.created


class CommandWriter(WritingTable):
    """Gives, withdraws, claims and answers commands."""

    def give(self, verb: str, run: int | None = None, argument: str = "", *, race: int | None = None) -> int:
        """Write a command; return the command's id. The engine answers in the same row."""
        with self._transaction() as connection:
            return insert(connection, "commands", verb=verb, run=run, race=race, argument=argument, created=time.time())

    def claim(self, command: int) -> bool:
        """Mark that the engine is about to serve the command; return False if the command was withdrawn."""
        sql = "UPDATE commands SET claimed = ? WHERE id = ? AND done IS NULL"
        return self._execute(sql, time.time(), command) == 1

    def withdraw(self, command: int, refusal: str) -> bool:
        """Withdraw a command; return False for a command that is claimed or done."""
        now, sql = time.time(), "UPDATE commands SET acknowledged = ?, done = ?, refusal = ?"
        where = " WHERE id = ? AND claimed IS NULL AND done IS NULL"
        return self._execute(sql + where, now, now, refusal, command) == 1

    def acknowledge(self, command: int) -> None:
        """Mark that the engine has seen the command."""
        sql = "UPDATE commands SET acknowledged = ? WHERE id = ? AND acknowledged IS NULL"
        self._execute(sql, time.time(), command)

    def finish(self, command: int, refusal: str | None = None) -> None:
        """Mark the command as done, or as refused with one line."""
        sql = "UPDATE commands SET acknowledged = coalesce(acknowledged, ?), done = ?, refusal = ? WHERE id = ?"
        now = time.time()
        self._execute(sql, now, now, refusal, command)
