"""The archive of a bundle: a zip file whose members are stored or deflated, the manifest last. Torch-free.

Equal content gives equal bytes: fixed times and rights, members in the order of their writing. A reader takes nothing
else than what the writer writes: no comment, no extra field, no gap, no overlap, no other method, every member named
in the manifest with its digest. What is declared is held against ``engine.exchange.limits`` before it is decoded.
"""

import hashlib
import json
import struct
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, TypeVar

from pydantic import BaseModel, ValidationError

from engine.errors import DataError
from engine.exchange import limits
from engine.exchange.bundle.documents import FORMAT, VERSIONS, Manifest, version_of

MANIFEST = "manifest.json"
#: The earliest time that a zip file can hold.
_TIME = (1980, 1, 1, 0, 0, 0)
_LEVEL = 6
_UNIX, _RIGHTS = 3, 0o100644 << 16
_END = struct.Struct("<4sHHHHIIH")
_HEADER_BYTES = 30
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_BROKEN = (
    zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, struct.error, ValueError,
    OverflowError, IndexError,
)  # fmt: skip

_Model = TypeVar("_Model", bound=BaseModel)


def canonical(document: Any) -> bytes:
    """Return a document as JSON that depends on nothing but its values."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


class ArchiveWriter:
    """Writes members, then the manifest. Raises DataError for what no reader would take.

    A context manager: the end of a refused export must not be left to the garbage collector, when the file is closed.
    """

    def __init__(self, file: BinaryIO):
        self._zip = zipfile.ZipFile(file, "w", allowZip64=False)
        self._members: list[dict[str, Any]] = []
        self._total = 0

    def add_document(self, name: str, document: BaseModel) -> None:
        """Write a document."""
        self._add(name, canonical(document.model_dump(mode="json")), zipfile.ZIP_DEFLATED)

    def add_arrays(self, name: str, data: bytes, *, dense: bool = False) -> None:
        """Write arrays; ``dense`` ones are stored, as weights do not compress."""
        self._add(name, data, zipfile.ZIP_STORED if dense else zipfile.ZIP_DEFLATED)

    def close(self, date: str, written_by: Mapping[str, str]) -> str:
        """Write the manifest; return the bundle's id."""
        digest = hashlib.sha256(canonical(self._members)).hexdigest()
        manifest = {
            "format": FORMAT, "version": version_of(member["name"] for member in self._members), "date": date,
            "id": digest, "written_by": dict(written_by), "members": self._members,
        }  # fmt: skip
        # Stored: another date changes no length.
        self._write(MANIFEST, canonical(manifest), zipfile.ZIP_STORED)
        self._zip.close()
        return digest

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._zip.close()

    def _add(self, name: str, data: bytes, method: int) -> None:
        if len(data) > (limit := limits.member_bytes(name)):
            raise DataError(f"{name} would have {len(data):,} bytes, and a bundle holds {limit:,}; leave its run out")
        self._members.append({"name": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()})
        self._total += len(data)
        if self._total > limits.MAX_FILE_BYTES:
            raise DataError(
                f"the bundle would have more than {limits.MAX_FILE_BYTES // 10**6:,} MB; export fewer runs or fewer "
                "checkpoints"
            )
        self._write(name, data, method)

    def _write(self, name: str, data: bytes, method: int) -> None:
        info = zipfile.ZipInfo(name, _TIME)
        info.create_system, info.external_attr = _UNIX, _RIGHTS
        info.compress_type = method
        self._zip.writestr(info, data, compresslevel=_LEVEL)


class ArchiveReader:
    """Reads the members of a bundle; ``manifest`` is checked. Raises DataError in one line."""

    def __init__(self, path: Path):
        self.name = path.name
        try:
            size = path.stat().st_size
            self._file = path.open("rb")
        except OSError as error:
            raise DataError(f"{path} cannot be read ({error.strerror or error})") from None
        try:
            with self._guarded():
                self._open(size)
        except BaseException:
            self._file.close()
            raise

    def _open(self, size: int) -> None:
        if size > limits.MAX_FILE_BYTES:
            raise self.refused(f"it has {size:,} bytes, and {limits.MAX_FILE_BYTES:,} is the most")
        directory = self._directory(size)
        self._zip = zipfile.ZipFile(self._file)
        infos = self._zip.infolist()
        self._check_layout(infos, directory)
        declared = sum(info.file_size for info in infos)
        if declared > limits.expanded(size):
            raise self.refused(f"{size:,} bytes would become {declared:,}, {limits.expanded(size):,} at the most")
        if infos[-1].filename != MANIFEST or infos[-1].file_size > limits.MAX_DIRECTORY_BYTES:
            raise self.refused(f"its last member is no {MANIFEST}; `export --format bundle` writes one")
        text = self._decoded(infos[-1])
        self._refuse_other_formats(text)
        self.manifest = self.parsed(MANIFEST, text, Manifest)
        self._check_members(infos[:-1])

    def _directory(self, size: int) -> int:
        """Return where the table of contents begins. Its length is checked before it is read."""
        self._file.seek(max(0, size - _END.size))
        end = self._file.read(_END.size)
        if len(end) < _END.size or end[:4] != b"PK\x05\x06":
            raise self.refused("it is no bundle, or its end is missing")
        _, disk, first_disk, here, count, length, start, comment = _END.unpack(end)
        if disk or first_disk or comment or here != count or start + length + _END.size != size:
            raise self.refused("its table of contents is damaged")
        if count > limits.MAX_MEMBERS or length > limits.MAX_DIRECTORY_BYTES:
            raise self.refused(f"it has {count:,} members, and {limits.MAX_MEMBERS:,} is the most")
        return int(start)

    def _check_layout(self, infos: list[zipfile.ZipInfo], directory: int) -> None:
        at = 0
        for info in infos:
            plain = info.flag_bits & ~0x800 == 0 and not info.extra and not info.comment
            if not plain or info.compress_type not in _METHODS or info.header_offset != at:
                raise self.refused("its members are not laid out as a bundle's")
            if info.compress_type == zipfile.ZIP_STORED and info.compress_size != info.file_size:
                raise self.refused("its table of contents is damaged")
            at += _HEADER_BYTES + len(info.orig_filename.encode()) + info.compress_size
        if not infos or at != directory:
            raise self.refused("its members are not laid out as a bundle's")

    def _check_members(self, infos: list[zipfile.ZipInfo]) -> None:
        members = self.manifest.members
        if [(info.filename, info.file_size) for info in infos] != [(each.name, each.bytes) for each in members]:
            raise self.refused("its members are not those of its manifest")
        if len({each.name for each in members}) != len(members):
            raise self.refused("it has a member twice")
        if hashlib.sha256(canonical([each.model_dump() for each in members])).hexdigest() != self.manifest.id:
            raise self.refused("its id is not that of its members")
        self._infos = {info.filename: info for info in infos}
        self._digests = {each.name: each.sha256 for each in members}

    def _refuse_other_formats(self, text: bytes) -> None:
        document = json.loads(text)
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise self.refused("it is no bundle")
        if (version := document.get("version")) not in VERSIONS:
            shown, known = json.dumps(version)[:20], " and ".join(map(str, VERSIONS))
            raise self.refused(
                f"it has version {shown} of the format, and versions {known} are known; update Skipscope"
            )

    def names(self) -> list[str]:
        """Return the names of the members in their order."""
        return list(self._infos)

    def read(self, name: str) -> bytes:
        """Return the decoded bytes of a member."""
        with self._guarded():
            if name not in self._infos:
                raise self.refused(f"{name} is missing")
            data = self._decoded(self._infos[name])
            if hashlib.sha256(data).hexdigest() != self._digests[name]:
                raise self.refused(f"{name} is damaged")
        return data

    def document(self, name: str, kind: type[_Model]) -> _Model:
        """Return a member as a checked document."""
        return self.parsed(name, self.read(name), kind)

    def parsed(self, name: str, text: bytes, kind: type[_Model]) -> _Model:
        """Return the checked document that a text is."""
        # Before it is parsed: whatever is wrong in it is collected with its place, which takes a kilobyte each.
        marks, commas = max(text.count(b":"), text.count(b"[") + text.count(b"{")), text.count(b",")
        if marks > limits.MAX_MARKS or commas > limits.MAX_COMMAS:
            raise self.refused(f"{name} has more than {limits.MAX_MARKS:,} entries, or {limits.MAX_COMMAS:,} values")
        try:
            return kind.model_validate_json(text)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False, include_context=False)[0]
            where = ".".join(map(str, first["loc"]))
            raise self.refused(f"{name}: {where} {first['msg'].removeprefix('Value error, ')}") from None

    def refused(self, reason: str) -> DataError:
        """Return the error of a file that is not taken, in one line."""
        shown = " ".join("".join(letter if letter.isprintable() else " " for letter in reason).split())
        return DataError(f"{self.name} is not imported: {shown[: limits.MAX_NAME * 2]}")

    def _decoded(self, info: zipfile.ZipInfo) -> bytes:
        with self._zip.open(info) as member:
            # No more than declared: without a bound zipfile decodes all that the bytes stand for.
            data = member.read(info.file_size)
        if len(data) != info.file_size:
            raise self.refused(f"{info.filename} is damaged")
        return data

    def _guarded(self) -> "_Guard":
        return _Guard(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()
        self._file.close()


class _Guard:
    """Turns what a damaged archive raises into one line."""

    def __init__(self, archive: ArchiveReader):
        self._archive = archive

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if isinstance(error, RecursionError):
            raise self._archive.refused("its documents are nested too deeply") from None
        if isinstance(error, _BROKEN):
            raise self._archive.refused(f"it is damaged ({error})") from None
