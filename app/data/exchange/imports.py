"""Bundles that are imported, and where an imported race comes from."""

from collections.abc import Callable
from datetime import datetime

from app.data.authorization import requires_presenter
from app.data.workspace import current, reading
from engine.exchange.limits import MAX_UPLOAD_BYTES
from engine.exchange.transfer import import_from
from engine.runs.temporary_folder import own_folder
from engine.store.rows import ImportRow, RunRow

#: Bytes of a file that a visitor sends.
MAX_SENT_BYTES = MAX_UPLOAD_BYTES
#: Digits of a bundle's id that people see.
_DIGITS = 12


@requires_presenter
def import_bundle(data: bytes, report: Callable[[int, int, str], None]) -> list[int]:
    """Take over the races of a bundle that a visitor sent; return them. Raises SkipscopeError; then nothing changes."""
    workspace = current().workspace.prepare()
    with own_folder(workspace, "sent") as folder:
        path = folder / "bundle"
        path.write_bytes(data)
        return [*import_from(workspace, path, report).races]


def bundle_of(race: int) -> str:
    """Return the id of the bundle that an imported race came from, '' for one of this workspace."""
    _, source = _imported(race)
    return source.bundle if source else ""


def origin(race: int) -> str:
    """Return where an imported race comes from, in a sentence, '' for one of this workspace. Raises SkipscopeError."""
    imported, source = _imported(race)
    if source is None or imported is None:
        return ""
    exported = datetime.fromisoformat(source.exported)
    by = imported.versions.get("skipscope", source.version)
    day = f"{exported.day} {exported:%B %Y}"
    return f"Imported: recorded elsewhere by version {by}, exported on {day} as bundle {source.bundle[:_DIGITS]}."


def _imported(race: int) -> tuple[RunRow | None, ImportRow | None]:
    """Return an imported run of a race, and its import; None for both where the race is of this workspace."""
    with reading() as reader:
        imported = next((row for row in reader.runs.all(race) if row.imported is not None), None)
        source = reader.imports.get(imported.imported) if imported and imported.imported else None
    return imported, source
