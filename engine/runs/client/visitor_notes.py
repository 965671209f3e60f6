"""Writes names of races and notes of runs, without the engine. Torch-free."""

import unicodedata
from collections.abc import Sequence

from engine.errors import ConfigError, missing
from engine.runs.client.author import author
from engine.runs.protocol.instant import unkept
from engine.store.reader import Reader
from engine.store.workspace import Workspace
from engine.store.writer import Writer

MAX_NAME_LENGTH = 120
MAX_NOTE_LENGTH = 500
#: Spreadsheets read a cell of an exported table that begins so as a formula, also in the wide and small forms of Asia.
FORMULA = ("=", "+", "-", "@")
#: What some skip before they look.
_SKIPPED = ("\t", "\r")


class NoteClient:
    """Writes names and notes; raises ConfigError for wrong ones."""

    def __init__(self, workspace: Workspace):
        self.workspace = workspace

    def rename_race(self, race: int, name: str) -> str:
        """Rename a race ('' for no name); return the stored name."""
        kept = checked(name, "a name", MAX_NAME_LENGTH)
        with self._writer() as writer:
            self._check_kept("race", [race])
            if not writer.notes.rename_race(race, kept):
                raise ConfigError(missing(f"race {race}"))
            writer.commands.note("rename", author=author(), race=race)
        return kept

    def keep(self, race: int) -> None:
        """Make an instant race a race like any other, which stays. Raises ConfigError for any other race."""
        with self._writer() as writer:
            if not writer.races.keep(race):
                raise ConfigError(f"there is no instant race {race}: it was kept, or a newer one has taken its place")
            writer.commands.note("keep", author=author(), race=race)

    def annotate(self, runs: Sequence[int], note: str) -> list[int]:
        """Write a note on these runs ('' removes notes); return the ids of existing runs, at least one."""
        kept = checked(note, "a note", MAX_NOTE_LENGTH)
        by = author()
        with self._writer() as writer:
            self._check_kept("id", runs)
            with writer.together():
                written = writer.notes.annotate(runs, kept)
                for run in written:
                    writer.commands.note("note", run, author=by)
        if not written:
            raise ConfigError(missing(f"run {', '.join(map(str, runs[:5]))}"))
        return written

    def _check_kept(self, column: str, ids: Sequence[int]) -> None:
        """Raise ConfigError for a race or run that leaves the record with its ring."""
        with Reader(self.workspace) as reader:
            leaving = {getattr(row, column) for row in reader.run_list.rows(instant=True)}
        for each in ids:
            if each in leaving:
                raise ConfigError(unkept(f"{'race' if column == 'race' else 'run'} {each}"))

    def _writer(self) -> Writer:
        if not self.workspace.database.exists():
            raise ConfigError(f"workspace {self.workspace.path} holds nothing yet; start a race first")
        return Writer(self.workspace)


def checked(text: str, what: str, longest: int) -> str:
    """Return a stripped text. Raises ConfigError unless it is a short printable line and no formula."""
    kept = text.strip()
    if len(kept) > longest:
        raise ConfigError(f"{what} has at most {longest} characters (got {len(kept)})")
    odd = next((letter for letter in kept if not letter.isprintable()), None)
    if odd is not None:
        raise ConfigError(f"{what} is one line of text without control characters (got {ascii(odd)})")
    if is_formula(kept):
        raise ConfigError(f"{what} begins with none of = + - @ (got {kept[0]!r}): a spreadsheet would compute it")
    return kept


def is_formula(text: str) -> bool:
    """Whether a spreadsheet could compute a cell with this text."""
    return text.startswith(_SKIPPED) or unicodedata.normalize("NFKC", text[:1]).startswith(FORMULA)
