"""Strict statements about a program at exact points, certified in balls.

Every function returns a `Certificate` or None. Precision is doubled until the sign of the quantity is certain:
positive, negative, or exactly zero (a ball of radius 0). None means that it was not, up to the last precision.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from flint import arb, fmpq

from netprops.domains import exact, nearest_double, nonzero
from netprops.readings import balls
from netprops.readings.atoms import ATOMS, NAN, Ball, ball, outside, power
from netprops.readings.balls import Undecided, evaluate, precision_of
from netprops.readings.jaxpr import Algebra, Array, Program, run
from netprops.readings.jets import line_jet

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from netprops.readings.atoms import Atom

LONG: Final = 24  # entries of a point from which on a record leaves zeros out
ZERO_TEXT: Final = (0.0).hex()
_ZERO: Final = fmpq(0)
PRECISIONS: Final = (53, 106, 212, 424, 848, 1696, 3392, 6784)
PATIENCE: Final = 1696  # bits (data of 1e150 need about 1,000) up to which a ball may fail to shrink


@dataclass(frozen=True)
class Certificate:
    """The certain sign of a real quantity.

    Attributes:
        quantity: what it is, as a formula.
        sign: -1, 0 or 1; 0 means exactly zero.
        precision: in bits, at which the balls were computed.
        entry: of the flat outputs.
        points: name -> the flat coordinates, exact (hexadecimal doubles, or fractions).
        enclosures: name -> a ball ``[m +/- r]`` that contains the number, decimal, rounded outwards.
    """

    quantity: str
    sign: int
    precision: int
    entry: int
    points: Mapping[str, tuple[str, ...]]
    enclosures: Mapping[str, str]

    def record(self) -> dict[str, object]:
        """The certificate as a JSON object; of a long point that is 0 nearly everywhere the other entries alone."""
        return {
            "quantity": self.quantity,
            "sign": self.sign,
            "precision": self.precision,
            "entry": self.entry,
            "points": {name: _recorded(point) for name, point in self.points.items()},
            "enclosures": dict(self.enclosures),
        }


def _recorded(point: tuple[str, ...]) -> list[str] | dict[str, object]:
    nonzero = {str(i): x for i, x in enumerate(point) if x != ZERO_TEXT}
    if len(point) <= LONG or len(nonzero) > len(point) / 4:
        return list(point)
    return {"entries": len(point), "nonzero": nonzero}


def exact_text(x: fmpq) -> str:
    """An exact number in words: a hexadecimal double if it is one, else a fraction."""
    near = nearest_double(x)
    return near.hex() if abs(near) != float("inf") and exact(near) == x else f"{x.p}/{x.q}"


def exact_texts(point: Sequence[Array]) -> tuple[str, ...]:
    """The flat coordinates of a point in words."""
    texts: list[str] = []
    for array in map(_as_exact, point):
        part = [ZERO_TEXT] * array.size
        for i in nonzero(array).tolist():
            part[i] = exact_text(array.reshape(-1)[i])
        texts += part
    return tuple(texts)


def _as_exact(value: Any) -> Array:
    """An array of ints, Fractions, doubles or exact numbers as an object array of exact ones."""
    array = np.asarray(value)
    flat = array.reshape(-1).tolist()
    if set(map(type, flat)) <= {fmpq}:
        return array
    out = np.empty(array.shape, dtype=object)
    out.reshape(-1)[:] = list(map(exact, flat))
    return out


def enclosure_text(x: Ball) -> str:
    """A ball in decimal, 20 digits, rounded outwards."""
    return str(x.str(20, more=True))


def certain_sign(x: Ball) -> int | None:
    """-1, 0, 1, or None; an infinite or undefined ball has no sign."""
    if not x.is_finite():
        return None
    if x > 0 or x < 0:
        return 1 if x > 0 else -1
    return 0 if bool(x == 0) else None


def decide(
    quantity: str, entry: int, points: Mapping[str, Sequence[Array]], compute: Callable[[int], dict[str, Ball]]
) -> Certificate | None:
    """The sign of the last number that `compute` gives, at the first precision that tells.

    Gives up before the last where more bits do not shrink the ball: a tie that no precision decides.
    """
    before: Ball | None = None
    for precision in PRECISIONS:
        with precision_of(precision):
            numbers = compute(precision)
            goal = list(numbers.values())[-1]
            sign = certain_sign(goal) if all(x.is_finite() for x in numbers.values()) else None
            if sign is not None:
                shown = {name: exact_texts(point) for name, point in points.items()}
                enclosures = {name: enclosure_text(x) for name, x in numbers.items()}
                return Certificate(quantity, sign, precision, entry, shown, enclosures)
            radius = goal.rad() if goal.is_finite() else None
            if precision > PATIENCE and before is not None and radius is not None and radius > before / 2:
                return None
            before = radius
    return None


def _entry(outputs: Sequence[Array], entry: int) -> Ball:
    for array in outputs:
        if entry < array.size:
            result: Ball = array.reshape(-1)[entry]
            return result
        entry -= array.size
    raise IndexError("the program has fewer outputs")


def _value(program: Program, entry: int, at: Sequence[Array], precision: int) -> Ball:
    return _entry(evaluate(program, at, precision), entry)


def between(a: Sequence[Array], b: Sequence[Array], weight: fmpq) -> list[Array]:
    """The exact point ``(1 - weight) a + weight b``."""
    points = []
    for x, y in zip(map(_as_exact, a), map(_as_exact, b), strict=True):
        out = np.full(x.shape, _ZERO, dtype=object)
        start, end, flat = x.reshape(-1), y.reshape(-1), out.reshape(-1)
        for i in np.union1d(nonzero(x), nonzero(y)).tolist():  # a long point is 0 nearly everywhere
            flat[i] = (1 - weight) * start[i] + weight * end[i]
        points.append(out)
    return points


# ------------------------------------------------------------------ statements


def sign_of(program: Program, entry: int, at: Sequence[Array]) -> Certificate | None:
    """The sign of an output at a point."""
    return decide("f(x)", entry, {"x": at}, lambda p: {"f(x)": _value(program, entry, at, p)})


def order(program: Program, entry: int, a: Sequence[Array], b: Sequence[Array]) -> Certificate | None:
    """The sign of ``f(a) - f(b)``."""

    def compute(precision: int) -> dict[str, Ball]:
        x, y = _value(program, entry, a, precision), _value(program, entry, b, precision)
        return {"f(a)": x, "f(b)": y, "f(a) - f(b)": x - y}

    return decide("f(a) - f(b)", entry, {"a": a, "b": b}, compute)


def difference(f: Program, g: Program, entry: int, at: Sequence[Array]) -> Certificate | None:
    """The sign of ``f(x) - g(x)``."""

    def compute(precision: int) -> dict[str, Ball]:
        x, y = _value(f, entry, at, precision), _value(g, entry, at, precision)
        return {"f(x)": x, "g(x)": y, "f(x) - g(x)": x - y}

    return decide("f(x) - g(x)", entry, {"x": at}, compute)


def jensen_gap(
    program: Program, entry: int, a: Sequence[Array], b: Sequence[Array], weight: fmpq | None = None
) -> Certificate | None:
    """The sign of ``f((1-w) a + w b) - (1-w) f(a) - w f(b)``, w = 1/2 by default.

    Points list all flat arguments; what is quantified, not varied, is equal in a and b.
    """
    w = fmpq(1, 2) if weight is None else exact(weight)
    if not 0 < w < 1:
        raise ValueError(f"a weight lies strictly between 0 and 1, got {w}")
    middle = between(a, b, w)

    def compute(precision: int) -> dict[str, Ball]:
        x, y, m = (_value(program, entry, at, precision) for at in (a, b, middle))
        return {"f(a)": x, "f(b)": y, "f(m)": m, "gap": m - (ball(1 - w) * x + ball(w) * y)}

    points = {"a": a, "b": b, "m": middle}
    return decide(f"f(m) - {1 - w} f(a) - {w} f(b), m = {1 - w} a + {w} b", entry, points, compute)


def jensen_violation(
    program: Program,
    entry: int,
    a: Sequence[Array],
    b: Sequence[Array],
    weight: fmpq | None = None,
    side: Literal[1, -1] = 1,
) -> Certificate | None:
    """A certificate that f is not convex (side 1) or not concave (side -1) between a and b, or None."""
    gap = jensen_gap(program, entry, a, b, weight)
    return gap if gap is not None and gap.sign == side else None


def curvature_along(program: Program, entry: int, at: Sequence[Array], along: Sequence[Array]) -> Certificate | None:
    """The sign of phi''(0), ``phi(t) = f(x + t v)``: that of v'Hv where f is twice differentiable."""
    return _along(program, entry, at, along, second=True)


def slope_along(program: Program, entry: int, at: Sequence[Array], along: Sequence[Array]) -> Certificate | None:
    """The sign of phi'(0), ``phi(t) = f(x + t v)``, where phi is twice differentiable at 0."""
    return _along(program, entry, at, along, second=False)


def _along(
    program: Program, entry: int, at: Sequence[Array], along: Sequence[Array], *, second: bool
) -> Certificate | None:
    def compute(precision: int) -> dict[str, Ball]:
        jet = line_jet(program, at, along, precision)
        names = ("f(x)", "phi'(0)", "phi''(0)")
        parts = zip(names, (jet.values, jet.firsts, jet.seconds), strict=True)
        numbers = {name: _entry(part, entry) for name, part in parts}
        return numbers if second else {name: numbers[name] for name in ("phi''(0)", "f(x)", "phi'(0)")}

    quantity = f"{'phi' + chr(39) * (2 if second else 1)}(0), phi(t) = f(x + t v)"
    return decide(quantity, entry, {"x": at, "v": along}, compute)


# ------------------------------------------------------------------ where a program is real


@dataclass(frozen=True)
class _Undefined:
    """What is certainly no real number: log(-1), 1/0, a NaN literal, and all that is computed from them."""


_UNDEFINED: Final = _Undefined()


def is_real_at(
    program: Program, at: Sequence[Array], entry: int | None = None
) -> Literal["finite", "undefined", "undecided"]:
    """Whether the outputs (or one of them) are real numbers at the point.

    Returns:
        "finite": all are; "undefined": one certainly is not (log(-1), 1/0, an infinity or NaN chosen by a guard);
        "undecided" else.
    """
    for precision in PRECISIONS:
        with precision_of(precision):
            outputs = run(program, _DEFINEDNESS, balls.enter(at))
            entries = list(np.concatenate([output.reshape(-1) for output in outputs]))
            chosen = entries if entry is None else [entries[entry]]
            if any(x is _UNDEFINED or balls.is_finite(x) is False for x in chosen):
                return "undefined"
            if all(x.is_finite() for x in chosen):
                return "finite"
    return "undecided"


def _strict(rule: Callable[..., Any]) -> Callable[..., Any]:
    """The rule, undefined where an operand is: so is a comparison of what is undefined."""

    def strict(*xs: Any, **parameters: Any) -> Any:
        return _UNDEFINED if any(x is _UNDEFINED for x in xs) else rule(*xs, **parameters)

    return strict


def _strict_and(a: Any, b: Any) -> Any:
    return False if a is False or b is False else _strict(balls.both)(a, b)


def _strict_or(a: Any, b: Any) -> Any:
    return True if a is True or b is True else _strict(balls.either)(a, b)


def _strict_choose_truth(which: Any, *cases: Any) -> Any:
    if which is _UNDEFINED:
        return _UNDEFINED
    return balls.choose_truth(which, *cases)


def _strict_atom(atom: Atom) -> Callable[[Ball], Any]:
    return lambda x: _UNDEFINED if atom.complete and outside(x, atom.domain) else atom(x)


def _strict_divide(a: Ball, b: Ball) -> Any:
    return _UNDEFINED if bool(b == 0) else balls.divide(a, b)


def _strict_integer_power(x: Ball, y: int) -> Any:
    return _UNDEFINED if y < 0 and bool(x == 0) else power(x, y)


def _strict_power(x: Ball, y: Ball) -> Any:
    negative = x < 0 and y.is_exact() and y.is_finite() and not y.is_integer()
    return _UNDEFINED if negative or (bool(x == 0) and y < 0) else balls.raise_to(x, y)


def _strict_literal(x: float) -> Any:
    return _UNDEFINED if x != x else arb(x)


def _strict_select(which: Any, *cases: Any) -> Any:
    if which is _UNDEFINED:
        return _UNDEFINED
    if not isinstance(which, Undecided):
        return cases[int(which)]
    if all(case is _UNDEFINED for case in cases):
        return _UNDEFINED
    return NAN if any(case is _UNDEFINED for case in cases) else balls.select(which, *cases)


def _strict_list(rule: Callable[[Sequence[Ball]], Any], several: bool = False) -> Callable[[Sequence[Any]], Any]:
    def strict(xs: Sequence[Any]) -> Any:
        if any(x is _UNDEFINED for x in xs):
            return [_UNDEFINED] * len(xs) if several else _UNDEFINED
        return rule(xs)

    return strict


def _strict_matmul(a: Array, b: Array) -> Array:
    bad_a, bad_b = (np.array([x is _UNDEFINED for x in m.reshape(-1)], dtype=bool).reshape(m.shape) for m in (a, b))
    a, b = a.copy(), b.copy()
    a[bad_a], b[bad_b] = NAN, NAN
    out = balls.matmul(a, b)
    out[bad_a.any(axis=1), :] = _UNDEFINED
    out[:, bad_b.any(axis=0)] = _UNDEFINED
    return out


def _strict_spectrum(
    rule: Callable[[Array], list[Ball]], count: Callable[[Array], int]
) -> Callable[[Array], list[Any]]:
    def strict(A: Array) -> list[Any]:
        return [_UNDEFINED] * count(A) if any(x is _UNDEFINED for x in A.reshape(-1)) else rule(A)

    return strict


_DEFINEDNESS: Final[Algebra] = replace(
    balls.BALLS,
    name="definedness",
    literal=_strict_literal,
    rules={name: _strict(rule) for name, rule in balls.RULES.items()}
    | {name: _strict(_strict_atom(atom)) for name, atom in ATOMS.items()}
    | {
        "and": _strict_and,
        "choose_truth": _strict_choose_truth,
        "div": _strict(_strict_divide),
        "integer_pow": _strict(_strict_integer_power),
        "or": _strict_or,
        "pow": _strict(_strict_power),
    },
    select=_strict_select,
    add_all=_strict_list(balls.add_all),
    multiply_all=_strict_list(balls.multiply_all),
    largest=_strict_list(balls.largest),
    smallest=_strict_list(balls.smallest),
    matmul=_strict_matmul,
    order=_strict_list(balls.order, several=True),
    eigenvalues=_strict_spectrum(balls.eigenvalues, len),
    singular_values=_strict_spectrum(balls.singular_values, lambda A: min(A.shape)),
)
