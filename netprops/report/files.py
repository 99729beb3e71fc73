"""Files that are there whole or not at all: written beside their place, then renamed into it."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def write(path: Path, content: str | bytes, *, lasting: bool = True) -> None:
    """Write a file, text as UTF-8.  Raises `OSError`, which leaves what was there before as it was.

    `lasting` waits until the content has reached the disk, so that it outlives the machine and not only the process.
    """
    beside = ""
    try:
        handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with open(handle, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            if lasting:
                file.flush()
                os.fsync(file.fileno())
        os.chmod(beside, 0o666 & ~_umask())
        os.replace(beside, path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    finally:
        with suppress(OSError):
            os.unlink(beside)


def _umask() -> int:
    """What the process takes away from the permissions of new files; it can only be read by setting it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
