"""The symbolic reading: a jaxpr as normal forms, one expression an output entry.

Arguments are variables with the ranges of their domain. NaN guards fold away because every number here is real;
infinities occur only as literals in guards (``max(-inf, x)``, masked log-sum-exp) and never in a result.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import fmpq

from netprops.domains import exact
from netprops.readings import ranges
from netprops.readings.jaxpr import Algebra, Array, Program, UnsupportedError, run
from netprops.readings.polynomials import Expression, OpenTruth, Table, Truth


@dataclass(frozen=True)
class Extended:
    """A literal that is no real number: 1 is infinity, -1 minus infinity, 0 NaN."""

    sign: int


INFINITY, MINUS_INFINITY, NAN = Extended(1), Extended(-1), Extended(0)
Value = Expression | Extended
Outcome = bool | Truth | OpenTruth
HALF, LOG2E_NAMES = fmpq(1, 2), ("exp2",)


class UndefinedError(UnsupportedError):
    """The reading met an infinity or NaN where a real number is needed."""


@dataclass(frozen=True)
class Symbols:
    """The normal forms of a program: `outputs` shaped like its outputs, over the variables of `table`.

    `blocks[i]` is the range of variable bits that flat argument i owns.
    """

    table: Table
    outputs: tuple[Array, ...]
    blocks: tuple[range, ...]
    variables: tuple[Expression, ...]

    def mask(self, arguments: Sequence[int]) -> int:
        """Bit mask of all variables of the given flat arguments."""
        return sum(1 << bit for i in arguments for bit in self.blocks[i])


def read(program: Program, *, level: int = 0, table: Table | None = None, shared: Symbols | None = None) -> Symbols:
    """The symbolic reading of a program; `shared` reads a second program over the first one's variables."""
    if shared is not None:
        table, blocks, variables = shared.table, shared.blocks, shared.variables
    else:
        table = table or Table(level=level)
        blocks_list, made = [], []
        for number, leaf in enumerate(program.arguments):
            start = len(table.names)
            for i in range(leaf.size):
                place = ",".join(str(int(k)) for k in np.unravel_index(i, leaf.shape))
                place = f"[{place}]" if place else ""
                made.append(table.variable(f"x{number}{place}", leaf.interval(i)))
            blocks_list.append(range(start, len(table.names)))
        blocks, variables = tuple(blocks_list), tuple(made)
    arguments = []
    for block, leaf in zip(blocks, program.arguments, strict=True):
        array = np.empty(leaf.size, dtype=object)
        array[:] = [variables[bit] for bit in block]
        arguments.append(array.reshape(leaf.shape))
    outputs = run(program, symbolic_algebra(table), arguments)
    for output in outputs:
        for value in output.reshape(-1):
            if not isinstance(value, Expression):
                raise UndefinedError("an output is an infinity or NaN for every argument")
    return Symbols(table, tuple(outputs), blocks, variables)


def symbolic_algebra(table: Table) -> Algebra:
    """Expressions of one table as the scalars of the interpreter."""
    rules = _rules(table)

    def literal(x: float) -> Value:
        if math.isfinite(x):
            return table.number(exact(x))
        return NAN if math.isnan(x) else INFINITY if x > 0 else MINUS_INFINITY

    def select(which: Any, *cases: Value) -> Value:
        if isinstance(which, bool | np.bool_ | int | np.integer):
            return cases[int(which)]
        if_false, if_true = cases
        if isinstance(if_false, Extended) or isinstance(if_true, Extended):
            if if_false == if_true:
                return if_false
            raise UndefinedError("a choice between a real number and an infinity or NaN stays open on the domain")
        if isinstance(which, Truth):
            return table.choose(which, if_false, if_true)
        return if_false if if_false == if_true else _unknown_choice(table, if_false, if_true)

    def extreme(sign: int) -> Callable[[Sequence[Value]], Value]:
        reduce = table.maximum if sign > 0 else table.minimum

        def pick(values: Sequence[Value]) -> Value:
            if any(v == NAN for v in values if isinstance(v, Extended)):
                return NAN
            top, bottom = Extended(sign), Extended(-sign)
            if any(v == top for v in values if isinstance(v, Extended)):
                return top
            real = [v for v in values if isinstance(v, Expression)]
            return reduce(real) if real else bottom

        return pick

    def add_all(values: Sequence[Value]) -> Value:
        special = [v for v in values if isinstance(v, Extended)]
        if not special:
            return table.add_all(values) if values else table.number(0)  # type: ignore[arg-type]  # no Extended left
        return special[0] if len(set(special)) == 1 else NAN

    def multiply_all(values: Sequence[Value]) -> Value:
        total: Value = table.number(1)
        for value in values:
            total = rules["mul"](total, value)
        return total

    def matmul(a: Array, b: Array) -> Array:
        out = np.empty((a.shape[0], b.shape[1]), dtype=object)
        for i in range(a.shape[0]):
            for j in range(b.shape[1]):
                out[i, j] = add_all([rules["mul"](x, y) for x, y in zip(a[i], b[:, j], strict=True)])
        return out

    def order(values: Sequence[Value]) -> list[Value]:
        if any(isinstance(v, Extended) for v in values):
            raise UndefinedError("sorting infinities")
        return _sorted(table, list(values))  # type: ignore[arg-type]  # no Extended left

    return Algebra(
        name="symbolic",
        literal=literal,
        rules=rules,
        select=select,
        add_all=add_all,
        multiply_all=multiply_all,
        largest=extreme(1),
        smallest=extreme(-1),
        matmul=matmul,
        order=order,
        with_parameters=frozenset({"integer_pow", "round", "opaque_activation"}),
    )


def _unknown_choice(table: Table, a: Expression, b: Expression) -> Expression:
    raise UnsupportedError("a choice by a combination of comparisons that stays open on the domain")


def _sorted(table: Table, values: list[Expression]) -> list[Expression]:
    """Ascending: one value sorts itself, two are their minimum and maximum; more stay opaque but for the ends."""
    if len(values) == 1:
        return values
    if len(values) == 2:
        return [table.minimum(values), table.maximum(values)]
    inner = [table.opaque(f"order{k}", tuple(values)) for k in range(1, len(values) - 1)]
    return [table.minimum(values), *inner, table.maximum(values)]


def _real(function: Callable[..., Any]) -> Callable[..., Any]:
    """A rule for real arguments; an infinity or NaN among them is an error that says so."""

    def rule(*values: Value, **parameters: Any) -> Any:
        if any(isinstance(v, Extended) for v in values):
            raise UndefinedError("an infinity or NaN literal takes part in arithmetic")
        return function(*values, **parameters)

    return rule


def _rules(table: Table) -> dict[str, Callable[..., Any]]:
    t = table
    one = t.number(1)

    def compare(relation: str, a: Value, b: Value) -> Outcome:
        if isinstance(a, Extended) or isinstance(b, Extended):
            return _compare_extended(relation, a, b)
        u = t.subtract(a, b)
        r = t.range(u)
        if relation == "eq":
            if not u.terms:
                return True
            return False if ranges.is_nonzero(r) else Truth("eq", u)
        strict = relation == "lt"
        if (ranges.is_negative(r)) or (not strict and ranges.is_nonpositive(r)):
            return True
        if ranges.is_nonnegative(r) if strict else ranges.is_positive(r):
            return False
        return Truth(relation, u)

    def add(a: Value, b: Value) -> Value:
        if isinstance(a, Extended) or isinstance(b, Extended):
            special = [v for v in (a, b) if isinstance(v, Extended)]
            return special[0] if len(set(special)) == 1 else NAN
        return t.add(a, b)

    def negate(a: Value) -> Value:
        return Extended(-a.sign) if isinstance(a, Extended) else t.scale(a, -1)

    def multiply(a: Value, b: Value) -> Value:
        if isinstance(a, Extended) or isinstance(b, Extended):
            raise UndefinedError("a product with an infinity or NaN")
        return t.multiply(a, b)

    def exponential(a: Value) -> Value:
        if isinstance(a, Extended):
            return t.number(0) if a == MINUS_INFINITY else a
        return t.exp(a)

    def sign(u: Expression) -> Expression:
        r = t.range(u)
        if not u.terms:
            return t.number(0)
        decided = 1 if ranges.is_positive(r) else -1 if ranges.is_negative(r) else 0
        return t.number(decided) if decided else t.apply("sign", u)

    def raised(base: Expression, exponent: Expression) -> Expression:
        n = exponent.constant()
        if n is not None:
            return t.power(base, n)
        return t.exp(t.multiply(exponent, t.log(base)))

    def tangent(u: Expression) -> Expression:
        return t.apply("tan", u)

    def unary(name: str) -> Callable[..., Any]:
        return _real(lambda u, **_: t.apply(name, u))

    named = {
        name: unary(name)
        for name in (
            "tanh", "atan", "erf", "erfc", "asinh", "sinh", "cosh", "atanh", "asin", "acos", "acosh", "erf_inv",
            "cbrt", "lgamma", "digamma", "sin", "cos", "floor", "ceil",
        )
    }  # fmt: skip
    return {
        **named,
        "add": add,
        "add_any": add,
        "sub": lambda a, b: add(a, negate(b)),
        "neg": negate,
        "mul": multiply,
        "div": _real(t.divide),
        "abs": _real(t.absolute),
        "sign": _real(sign),
        "square": _real(lambda u: t.power(u, 2)),
        "integer_pow": _real(lambda u, y: t.power(u, y)),
        "pow": _real(raised),
        "sqrt": _real(lambda u: t.power(u, HALF)),
        "rsqrt": _real(lambda u: t.power(u, -HALF)),
        "exp": lambda u, **_: exponential(u),
        "exp2": _real(lambda u, **_: t.exp(t.multiply(u, t.log(t.number(2))))),
        "expm1": _real(lambda u, **_: t.subtract(t.exp(u), one)),
        "log": _real(lambda u, **_: t.log(u)),
        "log1p": _real(lambda u, **_: t.log(t.add(one, u))),
        "logistic": _real(lambda u, **_: t.logistic(u)),
        "tan": _real(lambda u, **_: tangent(u)),
        "max": lambda a, b: _extreme(t, 1, a, b),
        "min": lambda a, b: _extreme(t, -1, a, b),
        "rem": _real(lambda a, b: t.opaque("rem", (a, b))),
        "atan2": _real(lambda a, b: t.opaque("atan2", (a, b))),
        "round": _real(lambda u, **_: t.opaque("round", (u,))),
        "is_finite": lambda u: isinstance(u, Expression),
        "lt": lambda a, b: compare("lt", a, b),
        "le": lambda a, b: compare("le", a, b),
        "gt": lambda a, b: compare("lt", b, a),
        "ge": lambda a, b: compare("le", b, a),
        "eq": lambda a, b: compare("eq", a, b),
        "ne": lambda a, b: _not(compare("eq", a, b)),
        "not": _not,
        "and": lambda a, b: _and(a, b),
        "or": lambda a, b: _not(_and(_not(a), _not(b))),
        "choose_truth": _choose_truth,
        "opaque_activation": _real(lambda u, name: t.opaque(f"opaque {name}", (u,))),
    }


def _extreme(table: Table, sign: int, a: Value, b: Value) -> Value:
    for x, y in ((a, b), (b, a)):
        if isinstance(x, Extended):
            return NAN if NAN in (x, y) else x if x.sign == sign else y
    return table.maximum([a, b]) if sign > 0 else table.minimum([a, b])  # type: ignore[list-item]  # both real here


def _compare_extended(relation: str, a: Value, b: Value) -> bool:
    if NAN in (a, b):
        return False
    x = a.sign if isinstance(a, Extended) else 0
    y = b.sign if isinstance(b, Extended) else 0
    return {"lt": x < y, "le": x <= y, "eq": x == y}[relation]


def _not(a: Outcome) -> Outcome:
    if isinstance(a, bool | np.bool_):
        return not a
    return a.negated() if isinstance(a, Truth) else a


def _and(a: Outcome, b: Outcome) -> Outcome:
    for x, y in ((a, b), (b, a)):
        if isinstance(x, bool | np.bool_):
            return y if x else False
    return a if a == b else OpenTruth()


def _choose_truth(which: Outcome, if_false: Outcome, if_true: Outcome) -> Outcome:
    if isinstance(which, bool | np.bool_):
        return if_true if which else if_false
    if isinstance(if_false, bool | np.bool_) and isinstance(if_true, bool | np.bool_):
        return bool(if_true) if if_true == if_false else which if if_true else _not(which)
    return OpenTruth()
