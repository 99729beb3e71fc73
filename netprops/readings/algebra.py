"""What a reading is: an algebra of scalars, and what is raised where it cannot follow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Scalar = Any
Array = np.ndarray[Any, Any]


class UnsupportedError(Exception):
    """A function that a reading cannot follow: an unknown primitive, a rounded dtype, an unbounded loop."""


class Unknown:
    """A real number of which nothing is known: it may be moved about, and not be used."""

    def __init__(self, what: str) -> None:
        self.__dict__["what"] = what

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # asked for by NumPy, which looks at what it moves
            raise AttributeError(name)
        raise UnsupportedError(f"a value depends on {self.__dict__['what']}")

    def _refuse(self, *_: Any) -> Any:
        raise UnsupportedError(f"a value depends on {self.__dict__['what']}")

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _refuse
    __pow__ = __rpow__ = __neg__ = __abs__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __eq__ = __ne__ = _refuse
    __hash__ = None  # type: ignore[assignment]  # it is equal to nothing


@dataclass(frozen=True)
class Algebra:
    """The scalars of one reading, and what the primitives do to them.

    `literal` maps a double (infinities and NaN included) to the scalar that it denotes exactly. `rules` maps the name
    of an elementwise primitive to a function of scalars; it gets the equation's parameters when `with_parameters`
    names it. Comparisons give True, False or a truth value of the algebra's own; `select` takes such a truth value (or
    the index of the case) and the cases. `add_all`, `largest` and `smallest` reduce a list; `matmul` multiplies an
    (m, k) by a (k, n) object array. `order` sorts a list. `whole` is the integer that a scalar certainly is, whatever
    the arguments, or None. `eigenvalues` of a symmetric matrix, ascending, and `singular_values`, descending, are for
    sizes without a formula; an algebra may lack them. `note_system` hears of the matrices of equations that are solved.
    """

    name: str
    literal: Callable[[float], Scalar]
    rules: Mapping[str, Callable[..., Scalar]]
    select: Callable[..., Scalar]
    add_all: Callable[[Sequence[Scalar]], Scalar]
    multiply_all: Callable[[Sequence[Scalar]], Scalar]
    largest: Callable[[Sequence[Scalar]], Scalar]
    smallest: Callable[[Sequence[Scalar]], Scalar]
    matmul: Callable[[Array, Array], Array]
    order: Callable[[Sequence[Scalar]], list[Scalar]]
    whole: Callable[[Scalar], int | None]
    with_parameters: frozenset[str] = frozenset()
    eigenvalues: Callable[[Array], list[Scalar]] | None = None
    singular_values: Callable[[Array], list[Scalar]] | None = None
    note_system: Callable[[Array], None] | None = None
