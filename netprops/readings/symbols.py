"""The symbolic reading: a jaxpr as normal forms, one expression an output entry.

Arguments are variables with the ranges of their domain. NaN guards fold away because every number here is real;
infinities occur only as literals in guards (``max(-inf, x)``, masked log-sum-exp, ``where(x > 0, f(x), where(x == 0,
0, inf))`` for x >= 0) and never in a result.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from flint import fmpq

from netprops.domains import WHOLE_LINE, Interval, exact
from netprops.readings import ranges
from netprops.readings.cancelling import simplified
from netprops.readings.jaxpr import Algebra, Array, Program, UnsupportedError, run, run_steps
from netprops.readings.polynomials import KY_FAN, NONE, Condition, Expression, OpenTruth, Table, Truth, tells


@dataclass(frozen=True)
class Extended:
    """A literal that is no real number: 1 is infinity, -1 minus infinity, 0 NaN."""

    sign: int


@dataclass(frozen=True)
class Cases:
    """A combination of open comparisons: `if_true` where the comparison holds, else `if_false`."""

    truth: Truth
    if_false: Outcome
    if_true: Outcome


@dataclass(frozen=True, eq=False)
class Pending:
    """A choice that is open, one of its sides being an infinity or NaN: another choice, or none, will settle it."""

    truth: Truth
    if_false: Value
    if_true: Value


INFINITY, MINUS_INFINITY, NAN = Extended(1), Extended(-1), Extended(0)
Settled = Expression | Extended
Value: TypeAlias = "Settled | Pending"
Outcome: TypeAlias = "bool | Truth | Cases | OpenTruth"
HALF = fmpq(1, 2)
MOST_CASES = 16  # of a combination of comparisons; of larger ones nothing is known
MOST_SUBSETS = 20  # of a list that is sorted without its order being known, of one size


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
    intervals: tuple[Interval, ...]

    def mask(self, arguments: Sequence[int]) -> int:
        """Bit mask of all variables of the given flat arguments."""
        return sum(1 << bit for i in arguments for bit in self.blocks[i])


def read(program: Program, *, level: int = 0, table: Table | None = None, shared: Symbols | None = None) -> Symbols:
    """The symbolic reading of a program; `shared` reads a second program over the first one's variables."""
    if shared is not None:
        table, blocks, variables = shared.table, shared.blocks, shared.variables
    else:
        table = table or Table(level=level)
        blocks, variables = _variables(program, table)
    results = run(program, symbolic_algebra(table), _arguments(program, blocks, variables))
    outputs = [result.copy() for result in results]  # some are views of others
    for output in outputs:
        flat = output.reshape(-1)
        for entry, value in enumerate(flat):
            _refuse_pending([value])
            if not isinstance(value, Expression):
                raise UndefinedError("an output is an infinity or NaN for every argument")
            flat[entry] = simplified(table, value)
    intervals = tuple(leaf.interval(i) for leaf in program.arguments for i in range(leaf.size))
    return Symbols(table, tuple(outputs), blocks, variables, intervals)


def read_steps(program: Program, *, level: int = 0) -> tuple[Table, tuple[range, ...], Iterator[Array]]:
    """The table, the blocks, and the values of the program's steps, each read when it is asked for."""
    table = Table(level=level)
    blocks, variables = _variables(program, table)
    return table, blocks, run_steps(program, symbolic_algebra(table), _arguments(program, blocks, variables))


def _variables(program: Program, table: Table) -> tuple[tuple[range, ...], tuple[Expression, ...]]:
    """A variable for every entry of the arguments, and the variable bits that each argument owns."""
    blocks, made = [], []
    for number, leaf in enumerate(program.arguments):
        start = len(table.names)
        for i, place in enumerate(itertools.product(*map(range, leaf.shape))):
            shown = f"[{','.join(map(str, place))}]" if place else ""
            made.append(table.variable(f"x{number}{shown}", leaf.interval(i)))
        blocks.append(range(start, len(table.names)))
    return tuple(blocks), tuple(made)


def _arguments(program: Program, blocks: Sequence[range], variables: Sequence[Expression]) -> list[Array]:
    arguments = []
    for block, leaf in zip(blocks, program.arguments, strict=True):
        array = np.empty(leaf.size, dtype=object)
        array[:] = [variables[bit] for bit in block]
        arguments.append(array.reshape(leaf.shape))
    return arguments


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
        if isinstance(which, Cases):
            return select(which.truth, select(which.if_false, *cases), select(which.if_true, *cases))
        certain, needs = _certain(which), _needs(which)
        if certain is not None:
            return _under(table, if_true if certain else if_false, needs)
        if isinstance(which, Truth):
            if_false, if_true = settled(which.negated(), if_false), settled(which, if_true)
        if not (isinstance(if_false, Expression) and isinstance(if_true, Expression)):
            if if_false == if_true and not needs:
                return if_false
            if isinstance(which, Truth):
                return Pending(which, if_false, if_true)
            raise UndefinedError(OPEN)
        if isinstance(which, Truth):
            return table.choose(which, if_false, if_true)
        if if_false != if_true:
            raise UnsupportedError("a choice by a combination of many comparisons that stays open on the domain")
        return _under(table, if_false, needs | if_true.needs)

    def settled(truth: Truth, value: Value) -> Value:
        """The value where a comparison holds."""
        if not isinstance(value, Pending):
            return value
        holds = tells(truth, value.truth)
        if holds is not None:
            chosen = value.if_true if holds else value.if_false
            return _under(table, settled(truth, chosen), value.truth.expression.needs)
        cases = settled(truth, value.if_false), settled(truth, value.if_true)
        return value if cases == (value.if_false, value.if_true) else select(value.truth, *cases)

    def extreme(sign: int) -> Callable[[Sequence[Value]], Value]:
        reduce = table.maximum if sign > 0 else table.minimum

        def pick(values: Sequence[Value]) -> Value:
            _refuse_pending(values)
            if any(v == NAN for v in values if isinstance(v, Extended)):
                return NAN
            top, bottom = Extended(sign), Extended(-sign)
            if any(v == top for v in values if isinstance(v, Extended)):
                return top
            real = [v for v in values if isinstance(v, Expression)]
            return reduce(real) if real else bottom

        return pick

    def add_all(values: Sequence[Value]) -> Value:
        _refuse_pending(values)
        special = [v for v in values if isinstance(v, Extended)]
        if not special:
            return _sum(table, list(values))  # type: ignore[arg-type]  # no Extended left
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
        _refuse_pending(values)
        if any(isinstance(v, Extended) for v in values):
            raise UndefinedError("sorting infinities")
        return list(_sorted(table, list(values)))  # type: ignore[arg-type]  # no Extended left

    def eigenvalues(A: Array) -> list[Value]:
        size = len(A)
        entries = [A[i, j] for i in range(size) for j in range(i + 1)]
        trace = add_all([A[i, i] for i in range(size)])
        return _differences(table, f"eigenvalues of {size} x {size}", entries, size - 1, trace)[::-1]

    def singular_values(A: Array) -> list[Value]:
        return _differences(table, "singular values of {} x {}".format(*A.shape), A.reshape(-1).tolist(), min(A.shape))

    def note_system(A: Array) -> None:
        if all(isinstance(a, Expression) for a in A.reshape(-1)):
            made = tuple(tuple(row) for row in A)
            if made not in table.systems:
                table.systems.append(made)

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
        whole=_whole,
        with_parameters=frozenset({"integer_pow", "round", "opaque_activation"}),
        eigenvalues=eigenvalues,
        singular_values=singular_values,
        note_system=note_system,
    )


def _differences(
    table: Table, of: str, entries: Sequence[Value], count: int, whole: Value | None = None
) -> list[Value]:
    """Values in descending order, the k-th being the sum of the k largest less that of the k - 1 largest.

    The sums are opaque functions of the entries of the matrix, convex in them (Ky Fan); `whole` is the sum of all, one
    more than `count`, if it has a formula. That the order is descending, and singular values are >= 0, is noted.
    """
    _refuse_pending(entries)
    if any(isinstance(x, Extended) for x in entries):
        raise UndefinedError("a matrix with infinities")
    bound = Interval(lo=fmpq(0)) if whole is None else WHOLE_LINE
    plain: list[Expression] = list(entries)  # type: ignore[arg-type]  # no Extended left
    sums = [table.opaque(f"{KY_FAN}{k} largest {of}", tuple(plain), bound) for k in range(1, count + 1)]
    sums += [] if whole is None else [whole]  # type: ignore[list-item]  # a sum of entries
    values = [sums[0], *(table.subtract(more, less) for less, more in itertools.pairwise(sums))]
    for larger, smaller in itertools.combinations(values, 2):
        gap = table.subtract(larger, smaller)
        table.note_range(gap, Interval(lo=fmpq(0)))
        table.note_range(table.scale(gap, -1), Interval(hi=fmpq(0)))
    for value in values if whole is None else ():
        table.note_range(value, Interval(lo=fmpq(0)))
    return list(values)


def _whole(value: Value) -> int | None:
    c = value.constant() if isinstance(value, Expression) and not value.needs else None
    return int(c.p) if c is not None and c.q == 1 else None


def _sum(table: Table, parts: list[Expression]) -> Expression:
    """The sum of all parts, with what is known of its range from theirs (their terms may merge and lose it)."""
    if len(parts) < 2:
        return parts[0] if parts else table.number(0)
    total = table.add_all(parts)
    table.note_parts(total, parts)
    return total


def _sorted(table: Table, values: list[Expression]) -> list[Expression]:
    """Ascending: values whose ranges tell their order, or a few, by sums of the k largest.

    Many, in an order that is not known, stay opaque but for the ends.
    """
    known = _in_known_order(table, values)
    if known is not None:
        return known
    if math.comb(len(values), len(values) // 2) <= MOST_SUBSETS:
        return _by_largest_sums(table, values)
    inner = [table.opaque(f"order{k}", tuple(values)) for k in range(1, len(values) - 1)]
    return [table.minimum(values), *inner, table.maximum(values)]


def _by_largest_sums(table: Table, values: list[Expression]) -> list[Expression]:
    """Ascending: the k-th largest is the sum of the k largest less that of the k - 1 largest.

    And the sum of the k largest is the maximum of all sums of k of them.
    """
    sums = [
        table.maximum([table.add_all(chosen) for chosen in itertools.combinations(values, k)])
        for k in range(1, len(values) + 1)
    ]
    descending = [sums[0], *(table.subtract(more, less) for less, more in itertools.pairwise(sums))]
    return descending[::-1]


def _in_known_order(table: Table, values: list[Expression]) -> list[Expression] | None:
    """The values ascending, if the sign of every difference that has to be looked at is known; else None."""
    ascending: list[Expression] = []
    for value in values:
        place = len(ascending)
        while place:
            gap = table.range(table.subtract(value, ascending[place - 1]))
            if ranges.is_nonnegative(gap):
                break
            if not ranges.is_nonpositive(gap):
                return None
            place -= 1
        ascending.insert(place, value)
    return ascending


OPEN = "a choice between a real number and an infinity or NaN stays open on the domain"


def _refuse_pending(values: Sequence[Any]) -> None:
    """An error if a choice that is open between a real number and an infinity takes part in anything but a choice."""
    if any(isinstance(v, Pending) for v in values):
        raise UndefinedError(OPEN)


def _closed(function: Callable[..., Any]) -> Callable[..., Any]:
    """A rule for values none of which is pending."""

    def rule(*values: Any, **parameters: Any) -> Any:
        _refuse_pending(values)
        return function(*values, **parameters)

    return rule


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

    def compare(relation: str, a: Settled | Outcome, b: Settled | Outcome) -> Outcome:
        truths = bool | np.bool_ | Truth | Cases | OpenTruth
        if isinstance(a, truths) or isinstance(b, truths):
            return _same_truth(t, relation, a, b)  # type: ignore[arg-type]  # truth values are compared among themselves
        if isinstance(a, Extended) or isinstance(b, Extended):
            needs = NONE.union(*(v.needs for v in (a, b) if isinstance(v, Expression)))
            return _truth_under(t, _compare_extended(relation, a, b), needs)
        truth = Truth(relation, t.subtract(a, b))
        decided = truth.decided()
        return truth if decided is None else _truth_under(t, decided, truth.expression.needs)

    def add(a: Settled, b: Settled) -> Settled:
        if isinstance(a, Extended) or isinstance(b, Extended):
            special = [v for v in (a, b) if isinstance(v, Extended)]
            return special[0] if len(set(special)) == 1 else NAN
        return t.add(a, b)

    def negate(a: Settled) -> Settled:
        return Extended(-a.sign) if isinstance(a, Extended) else t.scale(a, -1)

    def multiply(a: Settled, b: Settled) -> Settled:
        if isinstance(a, Extended) or isinstance(b, Extended):
            raise UndefinedError("a product with an infinity or NaN")
        return t.multiply(a, b)

    def exponential(a: Settled) -> Settled:
        if isinstance(a, Extended):
            return t.number(0) if a == MINUS_INFINITY else a
        return t.exp(a)

    def sign(u: Expression) -> Expression:
        r = t.range(u)
        decided = 1 if ranges.is_positive(r) else -1 if ranges.is_negative(r) else 0
        if u.terms and not decided:
            return t.apply("sign", u)
        return Expression(t, t.number(decided).terms, u.needs)

    def raised(base: Expression, exponent: Expression) -> Expression:
        n = exponent.constant()
        if n is not None:
            return t.power(base, n)
        return t.exp(t.multiply(exponent, t.log(base)))

    def is_finite(u: Settled) -> Outcome:
        return False if isinstance(u, Extended) else _truth_under(t, True, u.needs)

    def remainder(a: Expression, b: Expression) -> Expression:
        value, quotient = t.opaque("rem", (a, b)), t.divide(a, b)
        return Expression(t, value.terms, quotient.needs)

    def tangent(u: Expression) -> Expression:
        return t.apply("tan", u)

    def unary(name: str) -> Callable[..., Any]:
        return _real(lambda u, **_: t.apply(name, u))

    named = {
        name: unary(name)
        for name in (
            "tanh", "atan", "erf", "asinh", "sinh", "cosh", "atanh", "asin", "acos", "acosh", "erf_inv",
            "cbrt", "lgamma", "digamma", "sin", "cos", "floor", "ceil",
        )
    }  # fmt: skip
    rules: dict[str, Callable[..., Any]] = {
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
        "one_minus_square": _real(lambda u: t.subtract(one, t.power(u, 2))),
        "integer_pow": _real(lambda u, y: t.power(u, y)),
        "pow": _real(raised),
        "sqrt": _real(lambda u: t.power(u, HALF)),
        "rsqrt": _real(lambda u: t.power(u, -HALF)),
        "exp": lambda u, **_: exponential(u),
        "exp2": _real(lambda u, **_: t.exp(t.multiply(u, t.log(t.number(2))))),
        "expm1": _real(lambda u, **_: t.subtract(t.exp(u), one)),
        "log": _real(lambda u, **_: t.log(u)),
        "erfc": _real(lambda u, **_: t.subtract(one, t.apply("erf", u))),
        "bessel_i0e": _real(lambda u, **_: t.multiply(t.exp(t.scale(t.absolute(u), -1)), t.apply("bessel_i0", u))),
        "log1p": _real(lambda u, **_: t.log(t.add(one, u))),
        "log2": _real(lambda u, **_: t.divide(t.log(u), t.log(t.number(2)))),
        "logistic": _real(lambda u, **_: t.logistic(u)),
        "tan": _real(lambda u, **_: tangent(u)),
        "max": lambda a, b: _extreme(t, 1, a, b),
        "min": lambda a, b: _extreme(t, -1, a, b),
        "rem": _real(remainder),
        "atan2": _real(lambda a, b: t.opaque("atan2", (a, b))),
        "round": _real(lambda u, rounding_method: t.opaque(f"round {int(rounding_method)}", (u,))),
        "cut": _real(lambda u, kept: t.opaque(f"cut {kept}", (u,))),
        "is_finite": is_finite,
        "lt": lambda a, b: compare("lt", a, b),
        "le": lambda a, b: compare("le", a, b),
        "gt": lambda a, b: compare("lt", b, a),
        "ge": lambda a, b: compare("le", b, a),
        "eq": lambda a, b: compare("eq", a, b),
        "ne": lambda a, b: _not(compare("eq", a, b)),
        "not": _not,
        "and": lambda a, b: _and(t, a, b),
        "or": lambda a, b: _not(_and(t, _not(a), _not(b))),
        "xor": lambda a, b: _not(_same_truth(t, "eq", a, b)),
        "choose_truth": lambda which, if_false, if_true: _choose_truth(t, which, if_false, if_true),
        "opaque_activation": _real(lambda u, name: t.opaque(f"opaque {name}", (u,))),
    }
    return {name: _closed(rule) for name, rule in rules.items()}


def _extreme(table: Table, sign: int, a: Settled, b: Settled) -> Settled:
    for x, y in ((a, b), (b, a)):
        if isinstance(x, Extended):
            winner = NAN if NAN in (x, y) else x if x.sign == sign else y
            if winner is x and isinstance(y, Expression) and y.needs:
                raise UndefinedError("the larger or smaller of an infinity and what may be no real number")
            return winner
    return table.maximum([a, b]) if sign > 0 else table.minimum([a, b])  # type: ignore[list-item]  # both real here


def _compare_extended(relation: str, a: Settled, b: Settled) -> bool:
    if NAN in (a, b):
        return False
    x = a.sign if isinstance(a, Extended) else 0
    y = b.sign if isinstance(b, Extended) else 0
    return {"lt": x < y, "le": x <= y, "eq": x == y}[relation]


# ------------------------------------------------------------------ truth values
#
# A comparison has a meaning only where its sides are real numbers: a truth value carries the side conditions of what
# was compared, also a decided one (then it is written as a comparison with the number 0).


def _needs(a: Outcome) -> frozenset[Condition]:
    if isinstance(a, Cases):
        return a.truth.expression.needs | _needs(a.if_false) | _needs(a.if_true)
    return a.expression.needs if isinstance(a, Truth) else a.needs if isinstance(a, OpenTruth) else NONE


def _certain(a: Outcome) -> bool | None:
    if isinstance(a, bool | np.bool_):
        return bool(a)
    return a.decided() if isinstance(a, Truth) else None


def _under(table: Table, value: Value, needs: frozenset[Condition]) -> Value:
    """The value, under further side conditions."""
    if not needs:
        return value
    if not isinstance(value, Expression):
        raise UndefinedError("an infinity or NaN chosen by a comparison that may have no meaning")
    return Expression(table, value.terms, value.needs | needs)


def _truth_under(table: Table, a: Outcome, needs: frozenset[Condition]) -> Outcome:
    """The truth value, under further side conditions."""
    if needs <= _needs(a):
        return a
    if isinstance(a, OpenTruth):
        return OpenTruth(a.needs | needs)
    if isinstance(a, Truth):
        return Truth(a.relation, Expression(table, a.expression.terms, a.expression.needs | needs))
    if isinstance(a, Cases):
        under = Expression(table, a.truth.expression.terms, a.truth.expression.needs | needs)
        return Cases(Truth(a.truth.relation, under), a.if_false, a.if_true)
    return Truth("eq" if a else "ne", Expression(table, {}, needs))


def _not(a: Outcome) -> Outcome:
    if isinstance(a, bool | np.bool_):
        return not a
    if isinstance(a, Cases):
        return Cases(a.truth, _not(a.if_false), _not(a.if_true))
    return a.negated() if isinstance(a, Truth) else OpenTruth(a.needs)


def _and(table: Table, a: Outcome, b: Outcome) -> Outcome:
    needs = _needs(a) | _needs(b)
    for x, y in ((a, b), (b, a)):
        certain = _certain(x)
        if certain is not None:
            return _truth_under(table, y if certain else False, needs)
    return _truth_under(table, a if a == b else _choose_truth(table, a, False, b), needs)


def _same_truth(table: Table, relation: str, a: Outcome, b: Outcome) -> Outcome:
    """Whether two truth values are the same."""
    if relation != "eq":
        raise UnsupportedError("an order between truth values that depend on the arguments")
    needs = _needs(a) | _needs(b)
    for x, y in ((a, b), (b, a)):
        certain = _certain(x)
        if certain is not None:
            return _truth_under(table, y if certain else _not(y), needs)
    return _truth_under(table, True if a == b else _choose_truth(table, a, _not(b), b), needs)


def _choose_truth(table: Table, which: Outcome, if_false: Outcome, if_true: Outcome) -> Outcome:
    certain, needs = _certain(which), _needs(which)
    if certain is not None or isinstance(which, bool):
        return _truth_under(table, if_true if certain else if_false, needs)
    if isinstance(if_false, bool | np.bool_) and isinstance(if_true, bool | np.bool_):
        return _truth_under(table, bool(if_true), needs) if if_true == if_false else which if if_true else _not(which)
    unknown = OpenTruth(needs | _needs(if_false) | _needs(if_true))
    if isinstance(which, OpenTruth):
        return unknown
    cases = Cases(which, False, True) if isinstance(which, Truth) else which
    f, t = (_choose_truth(table, end, if_false, if_true) for end in (cases.if_false, cases.if_true))
    made = _truth_under(table, f, needs) if f == t else Cases(cases.truth, f, t)
    return made if _size(made) <= MOST_CASES else unknown


def _size(a: Outcome) -> int:
    """How many cases there are."""
    return _size(a.if_false) + _size(a.if_true) if isinstance(a, Cases) else 2 if isinstance(a, Truth) else 1
