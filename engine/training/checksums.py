"""Whether a checkpoint file is whole, without torch: the CRC-32 that ``torch.save`` stores beside every tensor.

``torch.load`` does not compare it, so a changed bit of a weight would be read as it stands.
"""

import struct
import zipfile
import zlib
from pathlib import Path

from engine.errors import CheckpointError


def check(path: Path, size: int | None = None) -> None:
    """Read the whole file at ``path``; ``size``: its recorded bytes, None for an unknown number.

    Raises CheckpointError in one line for a file that is missing, cannot be read, was cut or changed.
    """
    try:
        written = path.stat().st_size
        if size is not None and written != size:
            raise CheckpointError(f"the checkpoint {path} is damaged: it has {written} of {size} bytes")
        with zipfile.ZipFile(path) as archive:
            changed = archive.testzip()
    except FileNotFoundError:
        raise CheckpointError(f"there is no checkpoint at {path}") from None
    except OSError as error:
        raise CheckpointError(f"the checkpoint {path} cannot be read ({error.strerror or error})") from None
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, NotImplementedError, RuntimeError):
        raise CheckpointError(f"the checkpoint {path} is damaged: it was cut or is no checkpoint") from None
    if changed is not None:
        raise CheckpointError(f"the checkpoint {path} is damaged: the checksum of {changed} is another one")
