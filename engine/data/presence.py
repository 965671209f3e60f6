"""Whether a data set could be loaded now without a download. Torch-free: the app and the planner ask it.

The loader of a set that is not embedded has ``is_downloaded(folder) -> bool``: whether its originals lie in ``folder``,
the folder of the workspace for downloads.
"""

from pathlib import Path
from pkgutil import resolve_name

from engine.data.files.array_writer import META
from engine.data.files.cache import data_folder
from engine.data.files.paths import is_path, path_of
from engine.data.registry import get_source


def present(name: str, workspace: Path) -> bool:
    """Return whether ``name`` is embedded, decoded already, has its originals in the workspace, or its path exists.

    Looks at file names alone, reads nothing.

    Raises: ConfigError naming the choices when the name is unknown.
    """
    if is_path(name):
        try:
            return path_of(name).exists()
        except OSError:  # a folder on the way that may not be looked into
            return False
    source, folder = get_source(name), data_folder(workspace)
    if source.embedded or (folder / name / META).is_file():
        return True
    return bool(resolve_name(source.loader).is_downloaded(folder))
