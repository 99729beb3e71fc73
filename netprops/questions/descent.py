"""Questions about gradient descent x -> x - s grad f(x): its single steps, where it stays, where it ends.

All of them are about the exact map: gradients are enclosed in balls, steps and points are the numbers that they are.
"""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
from flint import arb, fmpq

from netprops.domains import DomainError, exact, nearest_double
from netprops.evidence import Verdict, no, record, undecided, yes
from netprops.questions.asking import (
    Asked,
    Function,
    Point,
    complain_at,
    domain_around,
    point_in,
    remembered,
    scalar,
    show_number,
    show_point,
    traced,
)
from netprops.questions.at_points import gradient_vanishes
from netprops.questions.critical import RADIUS
from netprops.questions.refuting import values
from netprops.readings.atoms import ball
from netprops.readings.balls import precision_of
from netprops.readings.gradient_descent import (
    Basin,
    Descent,
    basin,
    descend,
    distance_squared,
    largest_basin,
    stepped,
    sufficient_decrease,
)
from netprops.readings.hessians import bounds_along, bounds_on_box, curvature_beyond
from netprops.readings.jets import full_jet, gradient
from netprops.readings.krawczyk import (
    CriticalPoint,
    coincide,
    enclose_critical_point,
    flatten,
    gradient_is_nonzero_near,
    shaped,
)
from netprops.readings.witnesses import exact_text

LEAST_STEP = fmpq(1, 2**60)
TRIALS = 64  # points of a sphere from which a step might lead out of its ball


# ------------------------------------------------------------------ single steps


def is_short_step(f: Function, at: Any, step: Any) -> Verdict:
    """Is ``step <= 1/L``, L the largest absolute eigenvalue of f's Hessian on the segment from x to x - step grad f(x)?

    L is the Lipschitz constant of the gradient on that segment, if f is twice differentiable there. "Yes": L is
    enclosed, in balls around pieces of the segment. "No": a direction of greater curvature at one of its points.

    Args:
        f: a scalar function of JAX arrays, float64.
        at: the point x: an array or pytree of ints, `Fraction`s or doubles, exact as they are.
        step: s > 0: an int, a `Fraction` or a double.

    Raises:
        DomainError: a step that is not positive.

    Examples:
        >>> from netprops import is_short_step
        >>> is_short_step(lambda x: x**2, at=1, step=0.5).answer
        'yes'
        >>> is_short_step(lambda x: x**2, at=1, step=1).answer
        'no'
    """
    asked, x, s = _asked("is_short_step", f, at, step)
    return record(remembered(asked, lambda: _short(asked, x, s), *key(x), str(s)))


def short_step(f: Function, at: Any, most: Any = 1) -> float:
    """A step for which `is_short_step` is certified: a power of two times `most`, at most 1 times.

    Args:
        f: a scalar function of JAX arrays, float64.
        at: the point: an array or pytree of ints, `Fraction`s or doubles, exact as they are.
        most: the longest step to try, positive.

    Raises:
        DomainError: none was found (where f has a kink, say).

    Examples:
        >>> from netprops import short_step
        >>> short_step(lambda x: 3 * x**2, at=1.0)
        0.125
    """
    asked, x, s = _asked("short_step", f, at, most)
    steepest = bounds_on_box(asked.program, [ball(v) for v in flatten(x)])
    while steepest is not None and s > LEAST_STEP:
        if s * steepest.size <= 1 and _short(asked, x, s).answer == "yes":
            return nearest_double(s)
        s /= 2
    raise DomainError(f"no step from {show_point(x)} was shown to be short: is f twice differentiable there?")


def next_point(f: Function, at: Any, step: Any) -> Any:
    """x - step grad f(x), rounded to doubles; of the shape and pytree of `at`.

    Args:
        f: a scalar function of JAX arrays, float64.
        at: the point x: an array or pytree of ints, `Fraction`s or doubles, exact as they are.
        step: s > 0: an int, a `Fraction` or a double.

    Raises:
        DomainError: a step that is not positive.

    Examples:
        >>> from netprops import next_point
        >>> next_point(lambda x: x**2, at=1.0, step=0.25)
        array(0.5)
    """
    asked, x, s = _asked("next_point", f, at, step)
    after = [float(v.mid()) for v in stepped(asked.program, flatten(x), s, 64)]
    arrays = [np.asarray(array, dtype=np.float64) for array in shaped(asked.program, after)]
    return jax.tree.unflatten(jax.tree.structure(domain_around(at)), arrays)


def _short(asked: Asked, x: Point, s: fmpq) -> Verdict:
    start = flatten(x)
    with precision_of(64):
        _, slope = gradient(asked.program, x, 64)
        move = [-ball(s) * g for g in slope]
    if not all(g.is_finite() for g in slope):
        return undecided(asked.name, f"f is not known to be twice differentiable at {show_point(x)}")
    where = f"from {show_point(x)} a step of {show_number(s)}"
    bounds = bounds_along(asked.program, start, move, 1 / s)
    if bounds is not None:
        words = f"{where}: on its segment the Hessian's eigenvalues lie between {bounds.least} and {bounds.largest}"
        return yes(asked.name, "certified", words, {"kind": "short step", "step": exact_text(s), **bounds.record()})
    for share in (fmpq(0), fmpq(1), fmpq(1, 2)):
        with precision_of(64):
            point = [ball(v) + ball(share) * d for v, d in zip(start, move, strict=True)]
        if curvature_beyond(asked.program, point, 1 / s):
            words = f"{where}: {show_number(share)} of the way a direction has more curvature than {show_number(1 / s)}"
            return no(asked.name, "certified", words, {"kind": "long step", "step": exact_text(s), "share": str(share)})
    return undecided(asked.name, f"{where}: the Hessian on its segment could not be bounded well enough")


def has_sufficient_decrease(f: Function, at: Any, step: Any) -> Verdict:
    """Is ``f(x - s g) <= f(x) - s/2 |g|^2``, g the gradient of the scalar f at the point x and s the step?

    Both sides are enclosed at growing precision. At a point where g is proved to be 0 the answer is yes: nothing moves.

    Args:
        f: a scalar function of JAX arrays, float64.
        at: the point x: an array or pytree of ints, `Fraction`s or doubles, exact as they are.
        step: s > 0: an int, a `Fraction` or a double.

    Raises:
        DomainError: a step that is not positive.

    Examples:
        >>> import jax.numpy as jnp
        >>> from netprops import has_sufficient_decrease
        >>> has_sufficient_decrease(jnp.cosh, at=1, step=0.5).answer
        'yes'
    """
    asked, x, s = _asked("has_sufficient_decrease", f, at, step)
    return record(remembered(asked, lambda: _decreases(asked, x, s), *key(x), str(s)))


def _decreases(asked: Asked, x: Point, s: fmpq) -> Verdict:
    where = f"from {show_point(x)} a step of {show_number(s)}"
    certificate = sufficient_decrease(asked.program, x, s)
    if certificate is not None:
        answer = yes if certificate.sign >= 0 else no
        return answer(asked.name, "certified", f"{where}: {values(certificate)}", certificate.record())
    complain_at(asked, x)
    notes: list[str] = []
    for level in (0, 2):
        if gradient_vanishes(asked, x, level, notes):
            return yes(asked.name, "proved", f"{where} goes nowhere: the gradient is exactly 0")
    return undecided(asked.name, f"{where}: the sign of the decrease is not decided; {'; '.join(notes)}")


# ------------------------------------------------------------------ basins and ends


def is_basin(f: Function, near: Any, radius: Any, step: Any, noise: Any = 0) -> Verdict:
    """Does the ball of this radius about the strict local minimum near `near` hold gradient descent with this step?

    With `noise`: even if after every step the point is displaced by anything of at most this Euclidean length?

    "Yes": there is exactly one critical point in the closed ball, and all eigenvalues of the Hessian on it lie in
    [m, L] with 0 < m and step <= 1/L, so that each step started in the ball stays in it and shortens the distance to
    the minimum by the factor 1 - step m or less; and noise <= step m radius, so that even from the sphere no
    displacement leads out: (1 - step m) radius + noise <= radius. "No": there is no strict minimum near `near`, or a
    step, and where there is noise a displacement, leads from a point of the ball out of it.

    Args:
        f: a scalar function of JAX arrays, float64.
        near: a point near the minimum.
        radius: of the ball, in the Euclidean norm of all coordinates; positive.
        step: s > 0: an int, a `Fraction` or a double.
        noise: the length of a displacement after every step, at least 0.

    Raises:
        DomainError: a radius or step that is not positive, noise that is negative.

    Examples:
        >>> import jax.numpy as jnp
        >>> from netprops import is_basin
        >>> is_basin(lambda x: x**2 + jnp.sin(x), near=-0.4502, radius=0.5, step=0.25).answer
        'yes'
    """
    asked, start, s = _asked("is_basin", f, near, step)
    r, n = positive("a radius", radius), exact(noise)
    if n < 0:
        raise DomainError(f"noise has a length of at least 0, got {noise!r}")
    return record(remembered(asked, lambda: _is_basin(asked, start, r, s, n), *key(start), str(r), str(s), str(n)))


def _is_basin(asked: Asked, start: Point, r: fmpq, s: fmpq, n: fmpq) -> Verdict:
    found = _minimum(asked, start)
    if isinstance(found, Verdict):
        return found
    around = basin(asked.program, found, r, 1 / s)
    displaced = f" and a displacement of {show_number(n)}" if n else ""
    if around is not None and n <= s * around.bounds.least * r:
        m, large = around.bounds.least, around.bounds.largest
        words = (
            f"within {show_number(r)} of the minimum near {show_point(start)} the Hessian's eigenvalues lie between "
            f"{nearest_double(m):.6g} and {nearest_double(large):.6g}: each step of {show_number(s)} shortens the "
            f"distance by {nearest_double(1 - s * m):.9g} or less"
            + (f", which makes up for a displacement of {show_number(n)}" if n else "")
        )
        witness = {"kind": "basin", "step": exact_text(s), "noise": exact_text(n), **around.record()}
        return yes(asked.name, "certified", words, witness)
    out = _way_out(asked, found, r, s, n)
    if out is not None:
        words = (
            f"from {show_point(shaped(asked.program, out))}, inside, a step of {show_number(s)}{displaced} leads out"
        )
        return no(asked.name, "certified", words, {"kind": "way out", "from": [exact_text(v) for v in out]})
    if around is not None:
        return undecided(asked.name, f"the steps are not shown to make up for{displaced[4:]}; no way out was found")
    return undecided(asked.name, "the Hessian is not shown to be positive and at most 1/step; no way out was found")


def _minimum(asked: Asked, near: Point) -> CriticalPoint | Verdict:
    """The strict minimum near the point, or the verdict if there is none."""
    found = enclose_critical_point(asked.program, near)
    if isinstance(found, CriticalPoint):
        if found.kind == "minimum":
            return found
        if found.kind == "unknown":
            return undecided(asked.name, f"the kind of the critical point near {show_point(near)} is not decided")
        return no(asked.name, "certified", f"near {show_point(near)} is a {found.kind}", found.record())
    if gradient_is_nonzero_near(asked.program, near, RADIUS):
        return no(asked.name, "certified", f"the gradient has no zero within {RADIUS:g} of {show_point(near)}")
    return undecided(asked.name, f"no minimum was enclosed near {show_point(near)} ({found.reason}: {found.detail})")


def _way_out(asked: Asked, minimum: CriticalPoint, r: fmpq, s: fmpq, n: fmpq) -> list[fmpq] | None:
    """A point certainly in the ball from which a step, and a displacement of length n, certainly leads out of it."""
    rng = np.random.default_rng(asked.seed())
    size = len(minimum.centre)
    # Across the valley first: that is where a step that is too long overshoots.
    hessian = full_jet(asked.program, shaped(asked.program, minimum.centre), 53).hessian
    _, axes = np.linalg.eigh(np.array([[float(x.mid()) for x in row] for row in hessian]))
    directions = [*axes.T[::-1], *-axes.T[::-1], *rng.standard_normal((TRIALS, size))]
    for share in _shares(minimum, r, n):
        for v in directions:
            along = [exact(x) for x in (v / np.linalg.norm(v)).tolist()]
            x = [c + share * r * d for c, d in zip(minimum.centre, along, strict=True)]
            if _leads_out(asked, minimum, x, r, s, n):
                return x
    return None


def _shares(minimum: CriticalPoint, r: fmpq, n: fmpq) -> list[fmpq]:
    """Where between the minimum and the rim to look for a way out: with little noise there is one only at the rim."""
    shares = [fmpq(1023, 1024), fmpq(1, 2)]
    doubt = max(minimum.radii) * len(minimum.radii)  # at least the distance of the minimum from its box's centre
    rim = 1 - 2 * doubt / r - fmpq(1, 2**40)
    return [rim, *shares] if n and rim > shares[0] else shares


def _leads_out(asked: Asked, minimum: CriticalPoint, x: list[fmpq], r: fmpq, s: fmpq, n: fmpq) -> bool:
    with precision_of(128):
        doubt = sum((ball(q * q) for q in minimum.radii), arb(0)).sqrt()
        before, after = [ball(v) for v in x], stepped(asked.program, x, s, 128)
        inside = distance_squared(before, minimum).sqrt() + doubt <= ball(r)
        # Straight away from the minimum the displacement adds its whole length.
        return bool(inside and distance_squared(after, minimum).sqrt() - doubt + ball(n) > ball(r))


def descends_to(f: Function, start: Any, near: Any, step: Any) -> Verdict:
    """Does gradient descent from `start` with this step converge to the strict local minimum near `near`?

    The exact iterates are enclosed in balls until one certainly lies in a ball that holds descent (as in `is_basin`)
    about that minimum: yes; or about another one: no. A start at which the gradient is proved to be 0 is never left.

    Args:
        f: a scalar function of JAX arrays, float64.
        start: where it starts: an array or pytree of ints, `Fraction`s or doubles, exact as they are.
        near: a point near the minimum.
        step: s > 0: an int, a `Fraction` or a double.

    Raises:
        DomainError: a step that is not positive, points of different shapes.

    Examples:
        >>> from netprops import descends_to
        >>> descends_to(lambda x: (x**2 - 1) ** 2, start=0.5, near=1.0, step=0.125).answer
        'yes'
    """
    asked, x, s = _asked("descends_to", f, start, step)
    there = point_in(near, domain_around(start), "the point near the minimum")
    return record(remembered(asked, lambda: _descends(asked, x, there, s), *key(x), *key(there), str(s)))


def _descends(asked: Asked, x: Point, there: Point, s: fmpq) -> Verdict:
    complain_at(asked, x)
    minimum, expected = _expected(asked, there, s)
    if isinstance(minimum, Verdict):
        return minimum
    words = f"from {show_point(x)} with steps of {show_number(s)}"
    found = descend(asked.program, flatten(x), s, expected)
    if isinstance(found, Descent):
        end = found.basin.minimum
        words += f", after {found.steps} steps, the run is in the basin of the minimum of value {end.value}"
        witness = {"kind": "descent", "start": [exact_text(v) for v in flatten(x)], "step": exact_text(s)}
        same = found.basin is expected or coincide(asked.program, end, minimum)
        if same is None:
            return undecided(asked.name, f"{words}; it is not clear whether that is the one meant")
        return (yes if same else no)(asked.name, "certified", words, {**witness, **found.record()})
    if gradient_vanishes(asked, x, 0, []) or gradient_vanishes(asked, x, 2, []):
        # The start is a critical point itself, and the minimum is the only one of its box.
        there_already = all(abs(v - c) <= r for v, c, r in zip(flatten(x), minimum.centre, minimum.radii, strict=True))
        answer = yes if there_already else no
        return answer(asked.name, "proved", f"{words} nothing moves: the gradient is exactly 0")
    return undecided(asked.name, f"{words}: {found}")


_basins: dict[tuple[Any, ...], tuple[CriticalPoint | Verdict, Basin | None]] = {}
MOST_BASINS = 256


def _expected(asked: Asked, there: Point, s: fmpq) -> tuple[CriticalPoint | Verdict, Basin | None]:
    """The minimum meant and a ball about it that holds descent; remembered, since many starts are asked about."""
    place = (asked.name, asked.program.key, asked.program.arguments, *key(there), str(s))
    if place not in _basins:
        if len(_basins) >= MOST_BASINS:
            _basins.clear()
        minimum = _minimum(asked, there)
        around = None if isinstance(minimum, Verdict) else largest_basin(asked.program, minimum, s)
        _basins[place] = minimum, around
    return _basins[place]


# ------------------------------------------------------------------ asking


def _asked(name: str, f: Function, at: Any, step: Any) -> tuple[Asked, Point, fmpq]:
    on = domain_around(at)
    asked = traced(name, f, on)
    scalar(asked)
    return asked, point_in(at, on, "the point"), positive("a step", step)


def positive(what: str, value: Any) -> fmpq:
    """The exact number that is given.  Raises `DomainError` unless it is positive; `what` names it."""
    number = exact(value)
    if number <= 0:
        raise DomainError(f"{what} is positive, got {value!r}")
    return number


def key(point: Point) -> tuple[str, ...]:
    """A point for the memory of answers."""
    return tuple(str(entry) for array in point for entry in array.reshape(-1))
