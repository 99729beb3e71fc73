"""What a run was a run of: one number for the sources of the claims and of the package, wherever they lie."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from netprops.report.recorded import WITNESSES
from netprops.report.shards import DURATIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_PACKAGE = Path(__file__).resolve().parent.parent


def digest(catalogues: Iterable[Path], rootdir: str) -> str:
    """SHA-256 of the package, of everything below these catalogues that is Python, and of what goes with it.

    Names count as they stand below their folder and lines end alike, so that two checkouts of one commit agree.
    """
    total = hashlib.sha256()
    for label, file in _files(catalogues, Path(os.path.abspath(rootdir))):
        text = file.read_bytes().replace(b"\r\n", b"\n")
        total.update(f"{label}\0{hashlib.sha256(text).hexdigest()}\n".encode())
    return total.hexdigest()


def _files(catalogues: Iterable[Path], rootdir: Path) -> Iterator[tuple[str, Path]]:
    yield from _below("netprops", _PACKAGE)
    for number, catalogue in enumerate(catalogues):
        folder = Path(os.path.abspath(catalogue)).parent
        yield from _below(f"specs {number}", folder)
        # The durations decide which shard a claim is in, recorded witnesses what is tried first.
        for name in (catalogue.name, DURATIONS, WITNESSES):
            if (folder / name).is_file():
                yield f"specs {number}/{name}", folder / name
    if (policy := rootdir / "conftest.py").is_file():
        yield "conftest.py", policy


def _below(label: str, folder: Path) -> Iterator[tuple[str, Path]]:
    for file in sorted(folder.rglob("*.py"), key=lambda path: path.relative_to(folder).as_posix()):
        yield f"{label}/{file.relative_to(folder).as_posix()}", file
