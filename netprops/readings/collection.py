"""Garbage collection left out while many objects are made that all stay."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def collection_paused() -> Iterator[None]:
    """No cyclic garbage collection inside: normal forms and proofs live until their question is answered.

    The collector would look through all of them again and again, for nothing: a third of the time of a proof about
    thousands of terms.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
