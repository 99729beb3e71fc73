"""Questions at given points, answered exactly: curvature along a line, which value is higher, criticality, inertia.

Points are arrays or pytrees of ints, Fractions or doubles, taken as the numbers they are.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from flint import fmpq

from netprops.domains import DomainError, exact, reals
from netprops.evidence import Verdict, no, record, undecided, yes
from netprops.exact.inertia import inertia
from netprops.questions.asking import (
    Asked,
    Function,
    Point,
    certified,
    complain_at,
    domain_around,
    point_in,
    reading_at,
    readings,
    remembered,
    scalar,
    show_point,
    traced,
)
from netprops.questions.refuting import values
from netprops.readings import ranges
from netprops.readings.derivatives import NotSmoothError, derivative
from netprops.readings.polynomials import Condition, Table
from netprops.readings.substitution import at_point
from netprops.readings.witnesses import Certificate, curvature_along, jensen_gap, order, slope_along

ZERO, HALF = fmpq(0), fmpq(1, 2)


def has_curvature(f: Function, at: Any, along: Any, sign: Literal[1, -1, 0]) -> Verdict:
    """Is the sign of ``v'Hv``, H the Hessian of the scalar f at the point `at` and v = `along`, the given one?

    Args:
        f: a scalar function of JAX arrays, float64.
        at: the point x: an array or pytree of ints, `Fraction`s or doubles, exact as they are.
        along: the direction v, of the shape of x.
        sign: 1, -1 or 0.

    Raises:
        DomainError: shapes that do not fit, or v = 0.

    Examples:
        >>> from netprops import has_curvature
        >>> has_curvature(lambda v: v[0] * v[1], at=[0, 0], along=[1, -1], sign=-1)
        <has_curvature: yes (certified) because at [0, 0] along [1, -1]: f(x) = 0, phi'(0) = 0, phi''(0) =
        -2.0000000000000000000; witness ...>
    """
    on = domain_around(at)
    asked = traced("has_curvature", f, on)
    scalar(asked)
    if sign not in (1, -1, 0):
        raise DomainError(f"a sign is 1, -1 or 0, got {sign!r}")
    x, v = point_in(at, on, "the point"), point_in(along, on, "the direction")
    if all(entry == 0 for array in v for entry in array.reshape(-1)):
        raise DomainError("the direction is 0: no curvature along it")
    certificate = curvature_along(asked.program, 0, x, v)
    if certificate is None:
        complain_at(asked, x)
    return record(_sign_verdict(asked, certificate, sign, f"at {show_point(x)} along {show_point(v)}"))


def is_higher(f: Function, at: Any, than: Any) -> Verdict:
    """Is ``f(at) > f(than)``, strictly? "No" is certified too: lower, or exactly equal.

    Args:
        f: a scalar function of JAX arrays, float64.
        at: a point: an array or pytree of ints, `Fraction`s or doubles, exact as they are.
        than: another.

    Raises:
        DomainError: points of different shapes.

    Examples:
        >>> import jax.numpy as jnp
        >>> from netprops import is_higher
        >>> is_higher(jnp.exp, at=1, than=0)
        <is_higher: yes (certified) because a = 1, b = 0: f(a) = [2.7182818284590450908 +/- 4.51e-16], f(b) =
        1.0000000000000000000, f(a) - f(b) = [1.7182818284590450908 +/- 4.51e-16]; witness ...>
        >>> is_higher(abs, at=1, than=-1).answer
        'no'
    """
    on = domain_around(at)
    asked = traced("is_higher", f, on)
    scalar(asked)
    a, b = point_in(at, on, "the point"), point_in(than, on, "the other point")
    certificate = order(asked.program, 0, a, b)
    if certificate is None:
        complain_at(asked, a)
        complain_at(asked, b)
    return record(_sign_verdict(asked, certificate, 1, f"a = {show_point(a)}, b = {show_point(b)}"))


def violates_jensen(f: Function, a: Any, b: Any, weight: Any = HALF) -> Verdict:
    """Is ``f((1-w) a + w b) > (1-w) f(a) + w f(b)`` for the scalar f? "No": below the chord, or exactly on it.

    Args:
        f: a scalar function of JAX arrays, float64.
        a: an end: an array or pytree of ints, `Fraction`s or doubles, exact as they are.
        b: the other end.
        weight: w, strictly between 0 and 1, exact.

    Raises:
        DomainError: points of different shapes, or a weight that is none.

    Examples:
        >>> import jax.numpy as jnp
        >>> from netprops import violates_jensen
        >>> violates_jensen(jnp.sin, a=0, b=3).answer
        'yes'
        >>> violates_jensen(jnp.exp, a=0, b=3).answer
        'no'
    """
    on = domain_around(a)
    asked = traced("violates_jensen", f, on)
    scalar(asked)
    x, y = point_in(a, on, "the first end"), point_in(b, on, "the second end")
    certificate = jensen_gap(asked.program, 0, x, y, weight)
    if certificate is None:
        complain_at(asked, x)
        complain_at(asked, y)
    where = f"a = {show_point(x)}, b = {show_point(y)}"
    return record(_sign_verdict(asked, certificate, 1, where, weight=str(exact(weight))))


def _sign_verdict(asked: Asked, certificate: Certificate | None, sign: int, where: str, **details: str) -> Verdict:
    if certificate is None:
        return undecided(asked.name, f"{where}: the sign is not decided by balls of up to 4096 bits")
    answer = yes if certificate.sign == sign else no
    witness = {**certificate.record(), "expected": sign, **details}
    return certified(asked, answer(asked.name, "certified", f"{where}: {values(certificate)}", witness))


def is_critical(f: Function, at: Any) -> Verdict:
    """Is the gradient of the scalar f exactly 0 at the point?

    "Yes" is proved: each partial derivative of the normal form is the number 0 there. "No" is a certified slope.

    Args:
        f: a scalar function of JAX arrays, float64.
        at: the point: an array or pytree of ints, `Fraction`s or doubles, exact as they are.

    Raises:
        DomainError: a point that is none.

    Examples:
        >>> import jax.numpy as jnp
        >>> from netprops import is_critical
        >>> is_critical(lambda v: jnp.sin(v[0]) * v[1], at=[0, 0]).answer
        'yes'
        >>> is_critical(lambda v: jnp.sin(v[0]) * v[1], at=[0, 1]).answer
        'no'
    """
    on = domain_around(at)
    asked = traced("is_critical", f, on)
    scalar(asked)
    x = point_in(at, on, "the point")
    key = tuple(str(entry) for array in x for entry in array.reshape(-1))
    return record(remembered(asked, lambda: _critical(asked, x), key))


def _critical(asked: Asked, x: Point) -> Verdict:
    complain_at(asked, x)
    notes: list[str] = []
    zero = f"every partial derivative at {show_point(x)} is exactly 0"
    if gradient_vanishes(asked, x, 0, notes):
        return yes(asked.name, "proved", zero)
    for number, array in enumerate(x):
        for i in range(array.size):
            certificate = slope_along(asked.program, 0, x, _unit(x, number, i))
            if certificate is not None and certificate.sign != 0:
                words = f"at {show_point(x)} the slope along coordinate {i} of argument {number}: {values(certificate)}"
                return no(asked.name, "certified", words, certificate.record())
    if gradient_vanishes(asked, x, 2, notes):
        return yes(asked.name, "proved", zero)
    return undecided(asked.name, f"at {show_point(x)}: {'; '.join(notes) or 'no slope is certified non-zero'}")


def _unit(x: Point, number: int, i: int) -> Point:
    """The direction of coordinate i of flat argument `number`."""
    direction = []
    for array in x:
        zeros = np.empty(array.shape, dtype=object)
        zeros[...] = ZERO
        direction.append(zeros)
    direction[number].reshape(-1)[i] = fmpq(1)
    return direction


def gradient_vanishes(asked: Asked, x: Point, level: int, notes: list[str]) -> bool:
    reading = reading_at(asked, level, notes)
    if reading is None:
        return False
    table, (e,) = reading.symbols.table, reading.expressions
    flat = [entry for array in x for entry in array.reshape(-1)]
    unmet = [condition for condition in e.needs if not _holds_around(table, condition, flat)]
    if unmet:
        notes.append(f"it may be undefined around the point: not shown that {unmet[0]}")
        return False
    for bit in range(len(table.names)):
        try:
            slope = at_point(table, derivative(table, e, bit), flat)
        except NotSmoothError as error:
            notes.append(str(error))
            return False
        if slope is None or slope.terms:
            return False
    return True


def _holds_around(table: Table, condition: Condition, flat: list[fmpq]) -> bool:
    """Whether a side condition holds at the point and, being strict there, on a neighbourhood of it."""
    value = at_point(table, condition.expression, flat)
    r = None if value is None else value.table.range(value)
    return r is not None and (ranges.is_nonzero(r) if condition.kind == "nonzero" else ranges.is_positive(r))


def has_inertia(f: Function, expected: tuple[int, int, int], on: Any = None) -> Verdict:
    """Is the scalar f a polynomial of degree two whose Hessian has the inertia (positive, negative, zero)?

    Both answers are exact: the Hessian is read off the normal form.

    Args:
        f: a scalar function, a polynomial of degree two.
        expected: how many eigenvalues are positive, negative and zero.
        on: its domain, for the shapes; by default the vectors that `expected` counts the coordinates of.

    Raises:
        DomainError: numbers that do not add up to the dimension.

    Examples:
        >>> from netprops import has_inertia, reals
        >>> has_inertia(lambda v: v[0] * v[1], (1, 1, 0), on=reals(2))
        <has_inertia: yes (proved) because the Hessian is constant, of inertia (1, 1, 0) (positive, negative,
        zero), by exact elimination>
    """
    counts = tuple(expected)
    if len(counts) != 3 or any(isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 0 for n in counts):
        raise DomainError(f"an inertia is three counts (positive, negative, zero), got {expected!r}")
    on = reals(sum(counts)) if on is None else on
    asked = traced("has_inertia", f, on)
    scalar(asked)
    size = sum(leaf.size for leaf in asked.program.arguments)
    if sum(counts) != size:
        raise DomainError(f"an inertia of a function of {size} coordinates adds up to {size}, got {expected}")
    return record(remembered(asked, lambda: _inertia(asked, counts), counts))


def _inertia(asked: Asked, expected: tuple[int, ...]) -> Verdict:
    notes: list[str] = []
    reading = next(readings(asked, notes, (2,)), None)
    if reading is None:
        return undecided(asked.name, "; ".join(notes))
    calculus, (e,) = reading.calculus, reading.expressions
    quadratic = {}
    for part, coefficient in calculus.groups(e).items():
        c = coefficient.constant()
        if calculus.is_affine_product(part):
            continue
        if c is None or not calculus.is_quadratic(part):
            return undecided(asked.name, f"the normal form is not a polynomial of degree two: {e}")
        quadratic[part] = c
    size = len(reading.symbols.table.names)
    if not quadratic:
        found: tuple[int, ...] = (0, 0, size)
    else:
        indices, Q = calculus.matrix(quadratic)
        positive, negative, zero = inertia(Q)
        found = (positive, negative, zero + size - len(indices))
    words = f"the Hessian is constant, of inertia {found} (positive, negative, zero), by exact elimination"
    return yes(asked.name, "proved", words) if found == expected else no(asked.name, "certified", words)
