"""Is a difference of normal forms 0?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from netprops.readings.polynomials import TooLargeError

if TYPE_CHECKING:
    from netprops.readings.polynomials import Expression


def vanishes(gap: Expression, notes: list[str]) -> bool:
    """Whether the difference is 0, multiplying out its sums from the outside in, as far as it takes."""
    try:
        while gap.terms:
            further = gap.table.multiplied_out_once(gap)
            if further == gap:
                notes.append(f"the difference reads {gap}")
                return False
            gap = further
    except TooLargeError as error:
        notes.append(str(error))
        return False
    return True
