"""Names of races and notes of runs, written directly: no engine is needed. Torch-free."""

from collections.abc import Sequence

from engine.errors import ConfigError, missing
from engine.store.workspace import Workspace
from engine.store.writer import Writer

MAX_NAME_LENGTH = 120
MAX_NOTE_LENGTH = 500
#: Spreadsheets take a cell that begins so for a formula, and tables are downloaded.
_FORMULA = ("=", "+", "-", "@")


class NoteClient:
    """Writes names and notes; mistakes are ConfigErrors in one line."""

    def __init__(self, workspace: Workspace):
        self.workspace = workspace

    def rename_race(self, race: int, name: str) -> str:
        """Give a race another name, '' for none; return it as it is kept."""
        kept = checked(name, "a name", MAX_NAME_LENGTH)
        with self._writer() as writer:
            if not writer.notes.rename_race(race, kept):
                raise ConfigError(missing(f"race {race}"))
        return kept

    def annotate(self, runs: Sequence[int], note: str) -> list[int]:
        """Write a note on these runs, '' to take it away; return those that exist, at least one."""
        kept = checked(note, "a note", MAX_NOTE_LENGTH)
        with self._writer() as writer:
            written = writer.notes.annotate(runs, kept)
        if not written:
            raise ConfigError(missing(f"run {', '.join(map(str, runs[:5]))}"))
        return written

    def _writer(self) -> Writer:
        if not self.workspace.database.exists():
            raise ConfigError(f"workspace {self.workspace.path} holds nothing yet; start a race first")
        return Writer(self.workspace)


def checked(text: str, what: str, longest: int) -> str:
    """Return a text without blanks at its ends.

    Raises ConfigError unless it is one printable line of that length that no spreadsheet takes for a formula.
    """
    kept = text.strip()
    if len(kept) > longest:
        raise ConfigError(f"{what} has at most {longest} characters (got {len(kept)})")
    odd = next((letter for letter in kept if not letter.isprintable()), None)
    if odd is not None:
        raise ConfigError(f"{what} is one line of text without control characters (got {ascii(odd)})")
    if kept.startswith(_FORMULA):
        raise ConfigError(f"{what} begins with none of = + - @ (got {kept[0]!r}): a spreadsheet would compute it")
    return kept
