"""Whether a checkpoint file is whole, without torch: the CRC-32 that ``torch.save`` stores beside every tensor.

``torch.load`` does not compare it, so a changed bit of a weight would be read as it stands.
"""

import errno
import struct
import zipfile
import zlib
from pathlib import Path

from engine.errors import CheckpointDamaged, CheckpointError

#: The member of every archive of ``torch.save`` that names its tensors.
_STATE = "/data.pkl"


def check(path: Path, size: int | None = None) -> None:
    """Read the whole file at ``path``; ``size``: its recorded bytes, None for an unknown number.

    Raises in one line CheckpointDamaged for a file that is missing, was cut or changed; CheckpointError for one that
    cannot be read now, which says nothing about the file; MemoryError.
    """
    try:
        written = path.stat().st_size
        if size is not None and written != size:
            raise CheckpointDamaged(f"the checkpoint {path} is damaged: it has {written} of {size} bytes")
        with zipfile.ZipFile(path) as archive:
            if not any(name.endswith(_STATE) for name in archive.namelist()):
                raise CheckpointDamaged(f"the checkpoint {path} is damaged: it holds no state")
            changed = archive.testzip()
    except FileNotFoundError:
        raise CheckpointDamaged(f"there is no checkpoint at {path}") from None
    except (OSError, zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, RuntimeError) as error:
        if (refusal := _refusal(error)) is not None:
            raise CheckpointError(f"the checkpoint {path} cannot be read ({refusal.strerror or refusal})") from None
        raise CheckpointDamaged(f"the checkpoint {path} is damaged: it was cut or is no checkpoint") from None
    if changed is not None:
        raise CheckpointDamaged(f"the checkpoint {path} is damaged: the checksum of {changed} is another one")


def _refusal(error: BaseException | None) -> OSError | None:
    """Return the system's refusal to read behind ``error``, None for contents that are wrong.

    ``zipfile`` turns a refusal at the end of the file into BadZipFile. A damaged place in a file is EINVAL.
    """
    while error is not None and not isinstance(error, OSError):
        error = error.__context__
    return None if error is None or error.errno == errno.EINVAL else error
