"""Bundles taken apart and packed again with right digests: what a stranger could make."""

import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

from engine.exchange.bundle.archive import canonical
from engine.exchange.transfer import ExportRequest, import_from, write
from engine.store.workspace import Workspace
from tests.engine.exchange.recorded_workspace import fill

_TIME = (1980, 1, 1, 0, 0, 0)


def bundle_of(folder: Path) -> bytes:
    """Return the bundle of a workspace that is filled in this folder."""
    workspace, file = Workspace.at(folder / "workspace").prepare(), io.BytesIO()
    write(workspace, ExportRequest(fill(workspace)), file, lambda done, total, what: None)
    return file.getvalue()


def parts(bundle: bytes) -> dict[str, bytes]:
    """Return the decoded members by name."""
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def repacked(members: dict[str, bytes], manifest: dict[str, Any] | bytes | None = None) -> bytes:
    """Return a bundle of these members, with the digests that they have, or with another manifest."""
    described = [
        {"name": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in members.items()
        if name != "manifest.json"
    ]
    if manifest is None:
        found = json.loads(members.get("manifest.json") or "{}")
        manifest = {**found, "members": described, "id": hashlib.sha256(canonical(described)).hexdigest()}
    text = manifest if isinstance(manifest, bytes) else canonical(manifest)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in {**members, "manifest.json": text}.items():
            if name != "manifest.json":
                archive.writestr(zipfile.ZipInfo(name, _TIME), data, zipfile.ZIP_DEFLATED)
        archive.writestr(zipfile.ZipInfo("manifest.json", _TIME), text)
    return file.getvalue()


def taken(file: Path, workspace: Workspace) -> Any:
    """Import a file quietly."""
    return import_from(workspace, file, lambda done, total, what: None)
