"""The table ``commands``: requests of clients, each with the engine's answer. Torch-free."""

import time

from engine.store.connection import ReadingTable, WritingTable, insert
from engine.store.rows import CommandRow

#: The row of ``counters`` with the highest number that a presenter was given.
_PRESENTERS = "presenters"


class CommandReader(ReadingTable):
    """Reads commands and answers."""

    def of_race(self, race: int, at_most: int) -> list[CommandRow]:
        """Return the newest commands on a race and its runs, also on deleted ones, newest first."""
        sql = """
            SELECT * FROM commands WHERE race = ?1 OR run IN (
                SELECT id FROM runs WHERE race = ?1 UNION ALL SELECT run FROM deletions WHERE race = ?1
            ) ORDER BY id DESC LIMIT ?2
        """
        return self._all(CommandRow, sql, race, at_most)

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

    def give(
        self, verb: str, run: int | None = None, argument: str = "", *, race: int | None = None, author: str = ""
    ) -> int:
        """Write a command; return the command's id. The engine answers in the same row."""
        values = {"verb": verb, "run": run, "race": race, "argument": argument, "author": author}
        with self._transaction() as connection:
            return insert(connection, "commands", **values, created=time.time())

    def note(
        self, verb: str, run: int | None = None, argument: str = "", *, race: int | None = None, author: str = ""
    ) -> None:
        """Write down what somebody did without the engine: a command that is done already."""
        now = time.time()
        values = {"verb": verb, "run": run, "race": race, "argument": argument, "author": author}
        with self._transaction() as connection:
            insert(connection, "commands", **values, created=now, claimed=now, acknowledged=now, done=now)

    def new_presenter(self, above: int) -> int:
        """Return a number above all that this returned before, and above ``above``: that of one more presenter."""
        with self._transaction() as connection:
            row = connection.execute("SELECT value FROM counters WHERE name = ?", (_PRESENTERS,)).fetchone()
            number = max(0 if row is None else int(row["value"]), above) + 1
            connection.execute("INSERT OR REPLACE INTO counters VALUES (?, ?)", (_PRESENTERS, number))
        return number

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
