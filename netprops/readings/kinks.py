"""Kinks that cancel: log-sum-exp, softmax and softplus at ties of the maximum that they are shifted by.

``jax.nn.logsumexp`` computes ``log sum exp(x - m) + m`` with m = max x, ``jax.nn.softplus`` computes
``max(x, 0) + log1p(exp(-|x|))``: smooth functions, written with a kink wherever entries tie. Here a tied maximum is
carried along as a formal number t, in the two forms

    u + c t    (additive)        and        v exp(c t)    (exponential),

u, v scalars of the algebra, c rational, by identities that hold for all real numbers:

    exp(u + c t) = exp(u) exp(c t),    log(v exp(c t)) = log(v) + c t,
    max(a, b) = (a + b)/2 + |a - b|/2,    log1p(exp(-|d|)) = log(exp(d/2) + exp(-d/2)) - |d|/2.

Where c becomes 0, t is gone; any other use of such a number falls back to its value without derivatives.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from flint import arb, fmpq

from netprops.readings.atoms import Ball, ball
from netprops.readings.balls import Undecided, larger, smaller

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from netprops.readings.jaxpr import Algebra, Array, Scalar


@dataclass(frozen=True, eq=False)
class Kink:
    """A continuous function t of the parents with no known derivative: ``|a - b|`` of two, ``max`` of more."""

    value: Ball
    parents: tuple[Scalar, ...]

    @property
    def is_distance(self) -> bool:
        """Whether t is |a - b|."""
        return len(self.parents) == 2


@dataclass(frozen=True, eq=False)
class Shifted:
    """The number ``u + c t``, or ``v exp(c t)`` if exponential; `base` is u or v."""

    base: Scalar
    kink: Kink
    times: fmpq
    exponential: bool = False
    value: Ball | None = None  # a tighter enclosure, where known


HALF = fmpq(1, 2)


def with_formal_kinks(
    algebra: Algebra, value_of: Callable[[Scalar], Ball], kinked: Callable[[Ball, Sequence[Scalar]], Scalar]
) -> tuple[Algebra, Callable[[Scalar], Scalar]]:
    """The algebra, with ties of maxima and absolute values carried formally.

    Args:
        algebra: of scalars that are balls (constants) or something with a value.
        value_of: the value of a scalar.
        kinked: the scalar of the given value that depends, without known derivatives, on the given scalars.

    Returns:
        The algebra, for one run, and the function that turns its results into scalars of the given algebra.
    """
    book = _Book(algebra, value_of, kinked)
    rules = {name: book.guarded(rule) for name, rule in algebra.rules.items()}
    rules |= {
        "abs": book.absolute,
        "add": lambda a, b: book.add_all([a, b]),
        "add_any": lambda a, b: book.add_all([a, b]),
        "div": book.divide,
        "exp": book.exponential,
        "log": book.logarithm,
        "log1p": book.log1p,
        "max": lambda a, b: book.extreme([a, b], 1),
        "min": lambda a, b: book.extreme([a, b], -1),
        "mul": book.multiply,
        "neg": lambda a: book.scale(a, fmpq(-1)),
        "sub": book.subtract,
    }
    formal = replace(
        algebra,
        rules=rules,
        select=book.select,
        add_all=book.add_all,
        multiply_all=book.guarded_list(algebra.multiply_all),
        largest=lambda xs: book.extreme(xs, 1),
        smallest=lambda xs: book.extreme(xs, -1),
        matmul=book.matmul,
        order=book.guarded_list(algebra.order),
    )
    return formal, book.settle


class _Book:
    """The kinks of one reading, each written down once, and the rules for numbers that contain them."""

    def __init__(
        self, algebra: Algebra, value_of: Callable[[Scalar], Ball], kinked: Callable[[Ball, Sequence[Scalar]], Scalar]
    ) -> None:
        self.algebra, self.value_of, self.kinked = algebra, value_of, kinked
        self.distances: dict[frozenset[Any], Kink] = {}
        self.differences: dict[int, tuple[Scalar, Scalar, Scalar]] = {}  # by id of a - b; holds it, so that ids last
        self.settled: dict[int, tuple[Shifted, Scalar]] = {}

    # -------------------------------------------------------------- falling back

    def settle(self, x: Scalar) -> Scalar:
        """The number without its form: a scalar of the algebra, the same one each time."""
        if not isinstance(x, Shifted):
            return x
        if id(x) not in self.settled:
            u, shift = self.value_of(x.base), ball(x.times) * x.kink.value
            value = (u * shift.exp() if x.exponential else u + shift) if x.value is None else x.value
            self.settled[id(x)] = (x, self.kinked(value, [x.base, *x.kink.parents]))
        return self.settled[id(x)][1]

    def guarded(self, rule: Callable[..., Scalar]) -> Callable[..., Scalar]:
        """The rule of the algebra, on settled numbers."""

        def settled(*xs: Scalar, **parameters: Any) -> Scalar:
            return rule(*map(self.settle, xs), **parameters)

        return settled

    def guarded_list(self, rule: Callable[[Sequence[Scalar]], Any]) -> Callable[[Sequence[Scalar]], Any]:
        """The reduction of the algebra, on settled numbers."""
        return lambda xs: rule([self.settle(x) for x in xs])

    def rule(self, name: str, *xs: Scalar) -> Scalar:
        """The algebra's own rule."""
        return self.algebra.rules[name](*map(self.settle, xs))

    def select(self, which: Any, *cases: Scalar) -> Scalar:
        if not isinstance(which, Undecided):
            return cases[int(which)]
        return self.algebra.select(which, *map(self.settle, cases))

    def matmul(self, a: Array, b: Array) -> Array:
        return self.algebra.matmul(self._settle_array(a), self._settle_array(b))

    def _settle_array(self, a: Array) -> Array:
        flat = a.reshape(-1)
        if not any(isinstance(x, Shifted) for x in flat):
            return a
        out = np.empty(a.shape, dtype=object)
        out.reshape(-1)[:] = [self.settle(x) for x in flat]
        return out

    # -------------------------------------------------------------- making kinks

    def absolute(self, x: Scalar) -> Scalar:
        if isinstance(x, Shifted):
            sign = self.value_of(x.base if x.exponential else self.settle(x))
            if sign > 0 or sign < 0:
                return x if sign > 0 else self.scale(x, fmpq(-1))
        x = self.settle(x)
        value = self.value_of(x)
        if isinstance(x, arb) or not value.is_finite() or not value.contains(0):
            return self.rule("abs", x)
        _, a, b = self.differences.get(id(x), (x, x, arb(0)))
        return Shifted(arb(0), self.distance(a, b), fmpq(1))

    def distance(self, a: Scalar, b: Scalar) -> Kink:
        """The kink |a - b|, one for each pair."""
        key = frozenset((_token(a), _token(b)))
        if key not in self.distances:
            self.distances[key] = Kink(abs(self.value_of(a) - self.value_of(b)), (a, b))
        return self.distances[key]

    def extreme(self, xs: Sequence[Scalar], sign: int) -> Scalar:
        """The maximum (sign 1) or minimum (sign -1): certain, or formal."""
        given = [self.settle(x) if isinstance(x, Shifted) and x.exponential else x for x in xs]
        reduce = self.algebra.largest if sign > 0 else self.algebra.smallest
        values = [self.value_of(self.settle(x)) for x in given]
        if not all(v.is_finite() for v in values) or all(isinstance(x, arb) for x in given):
            kept = [x for x, v in zip(given, values, strict=True) if not bool(v == arb("-inf" if sign > 0 else "inf"))]
            if len(kept) == len(given) or not kept:
                return reduce([self.settle(x) for x in given])
            return self.extreme(kept, sign)
        rest = _undominated(given, values, sign)
        if len(rest) == 1:
            return rest[0]
        plain = [self.settle(x) for x in rest]
        if len(plain) == 2:
            return self.extreme_of_two(plain[0], plain[1], sign)
        if all(isinstance(x, arb) for x in plain) or sign < 0:
            return reduce(plain)
        return Shifted(arb(0), Kink(self.value_of(reduce(plain)), tuple(plain)), fmpq(1))

    def extreme_of_two(self, a: Scalar, b: Scalar, sign: int) -> Scalar:
        """``(a + b)/2 + |a - b|/2``, or minus for the minimum."""
        if isinstance(a, arb) and isinstance(b, arb):
            return self.rule("max" if sign > 0 else "min", a, b)
        middle = self.rule("mul", self.rule("add", a, b), ball(HALF))
        value = (larger if sign > 0 else smaller)(self.value_of(a), self.value_of(b))
        return Shifted(middle, self.distance(a, b), sign * HALF, value=value)

    # -------------------------------------------------------------- calculating with them

    def shift(self, base: Scalar, like: Shifted, times: fmpq) -> Scalar:
        """The number of the given form, the bare base if the kink has gone."""
        return base if times == 0 else Shifted(base, like.kink, times, like.exponential)

    def scale(self, x: Scalar, factor: fmpq) -> Scalar:
        """``factor x``."""
        if not isinstance(x, Shifted):
            return self.rule("neg", x) if factor == -1 else self.rule("mul", x, ball(factor))
        if x.exponential:
            return Shifted(self.scale(x.base, factor), x.kink, x.times, exponential=True)
        return self.shift(self.scale(x.base, factor), x, factor * x.times)

    def add_all(self, xs: Sequence[Scalar]) -> Scalar:
        shifted = [x for x in xs if isinstance(x, Shifted)]
        if not shifted:
            return self.algebra.add_all(xs)
        like = shifted[0]
        if any(x.kink is not like.kink or x.exponential != like.exponential for x in shifted):
            return self.algebra.add_all([self.settle(x) for x in xs])
        if not like.exponential:
            bases = [x.base if isinstance(x, Shifted) else x for x in xs]
            return self.shift(self.algebra.add_all(bases), like, sum((x.times for x in shifted), fmpq(0)))
        others = [x for x in xs if not isinstance(x, Shifted) and not _is_zero(x)]
        if others or any(x.times != like.times for x in shifted):
            return self.algebra.add_all([self.settle(x) for x in xs])
        return self.shift(self.algebra.add_all([x.base for x in shifted]), like, like.times)

    def subtract(self, a: Scalar, b: Scalar) -> Scalar:
        if isinstance(a, Shifted) or isinstance(b, Shifted):
            return self.settle(self.rule("sub", a, b)) if a is b else self.add_all([a, self.scale(b, fmpq(-1))])
        result = self.rule("sub", a, b)
        if not isinstance(result, arb) and self.value_of(result).contains(0):
            self.differences[id(result)] = (result, a, b)
        return result

    def multiply(self, a: Scalar, b: Scalar) -> Scalar:
        if not isinstance(a, Shifted):
            a, b = b, a
        if not isinstance(a, Shifted):
            return self.rule("mul", a, b)
        if isinstance(b, Shifted):
            if a.exponential and b.exponential and a.kink is b.kink:
                return self.shift(self.rule("mul", a.base, b.base), a, a.times + b.times)
            return self.rule("mul", a, b)
        if a.exponential:
            return self.shift(self.rule("mul", a.base, b), a, a.times)
        known = isinstance(b, arb) and b.is_exact() and b.is_finite()
        return self.scale(a, b.fmpq()) if known else self.rule("mul", a, b)

    def divide(self, a: Scalar, b: Scalar) -> Scalar:
        if isinstance(b, Shifted):
            if b.exponential:
                return self.multiply(a, Shifted(self.rule("div", arb(1), b.base), b.kink, -b.times, exponential=True))
            return self.rule("div", a, b)
        return self.multiply(a, self.rule("div", arb(1), b)) if isinstance(a, Shifted) else self.rule("div", a, b)

    def exponential(self, x: Scalar) -> Scalar:
        if isinstance(x, Shifted) and not x.exponential:
            return Shifted(self.rule("exp", x.base), x.kink, x.times, exponential=True)
        return self.rule("exp", x)

    def logarithm(self, x: Scalar) -> Scalar:
        if isinstance(x, Shifted) and x.exponential:
            return Shifted(self.rule("log", x.base), x.kink, x.times)
        return self.rule("log", x)

    def log1p(self, x: Scalar) -> Scalar:
        """``log1p(exp(-|a - b|)) = log(exp((a - b)/2) + exp((b - a)/2)) - |a - b|/2``."""
        if not (isinstance(x, Shifted) and x.exponential and x.kink.is_distance and x.times == -1 and _is_one(x.base)):
            return self.rule("log1p", x)
        a, b = x.kink.parents
        half = self.rule("mul", self.rule("sub", a, b), ball(HALF))
        both = self.rule("add", self.rule("exp", half), self.rule("exp", self.rule("neg", half)))
        return Shifted(self.rule("log", both), x.kink, -HALF)


def _token(x: Scalar) -> Any:
    """Equal for two scalars only if they are the same number: exact constants by value, else the object."""
    known = isinstance(x, arb) and x.is_exact() and x.is_finite()
    return ("constant", str(x.fmpq())) if known else ("object", id(x))


def _undominated(xs: Sequence[Scalar], values: Sequence[Ball], sign: int) -> list[Scalar]:
    """The entries that may be the maximum (sign 1) or minimum, each once."""
    best = values[0]
    for v in values[1:]:
        best = v if (v > best if sign > 0 else v < best) else best
    kept: list[Scalar] = []
    for x, v in zip(xs, values, strict=True):
        if not (v < best if sign > 0 else v > best) and not any(x is y for y in kept):
            kept.append(x)
    return kept


def _is_zero(x: Scalar) -> bool:
    return isinstance(x, arb) and bool(x == 0)


def _is_one(x: Scalar) -> bool:
    return isinstance(x, arb) and bool(x == 1)
