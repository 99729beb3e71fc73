"""Second-order jets in balls: value, first and second derivatives, propagated through a program itself.

No derivative of JAX's is used: a `custom_jvp` is not trusted, and ``stop_gradient`` is the identity that it is. A
scalar is a plain ball (a constant) or a jet. Where a program is not certainly twice differentiable near the point (a
tie of `max`, an undecided or merely tied comparison, ``sqrt`` at 0), the derivatives are NaN and nothing is known of
them, unless kinks cancel (`kinks`) or vanish (`norms`). Comparisons are decided only by strict inequality, which holds
near the point too.

Two kinds of jets share the rules: along one direction (`line_jet`), and in all coordinates (`full_jet`), there by the
second-order chain rule: with w_i the derivative of the output by the i-th intermediate number v_i = g_i(v_j, ...),

    Hessian = sum over i of  w_i  sum over j, k of  (d2 g_i / dv_j dv_k)  grad v_j  grad v_k^T .
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from flint import arb, fmpq

from netprops.readings import balls
from netprops.readings.atoms import ATOMS, NAN, Ball, hull, is_infinite, power, within
from netprops.readings.balls import Truth, Undecided, enter, precision_of
from netprops.readings.jaxpr import Algebra, Array, Program, run
from netprops.readings.kinks import with_formal_kinks
from netprops.readings.norms import Norms, unknown, widened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from netprops.readings.atoms import Atom

Jet = Any  # Line | Node: the rules need .value alone
Parts = list[tuple[Jet, Ball]]
Seconds = list[tuple[Jet, Jet, Ball]]


@dataclass(frozen=True)
class Calculus:
    """What one kind of jet does.

    Attributes:
        make: the jet of g(a, b, ...) from its value, the parts (a, dg/da), and the seconds: (a, a, d2g/da2), and for
            a pair a, b once (a, b, d2g/da db).
        unknown: the jet of which only the value is known.
        matmul: the matrix product of object arrays of jets and balls.
    """

    make: Callable[[Ball, Parts, Seconds], Jet]
    unknown: Callable[[Ball], Jet]
    matmul: Callable[[Array, Array], Array] | None = None

    def kink(self, value: Ball, xs: Sequence[Jet]) -> Jet:
        """A continuous function of the given numbers that may have no derivative here."""
        jets = [x for x in xs if not isinstance(x, arb)]
        return self.make(value, [(x, NAN) for x in jets], [(x, x, NAN) for x in jets]) if jets else value


def value_of(x: Jet) -> Ball:
    """The value of a jet or of a constant."""
    return x if isinstance(x, arb) else x.value


def _constant(*xs: Jet) -> bool:
    return all(isinstance(x, arb) for x in xs)


# ------------------------------------------------------------------ comparisons: certain near the point, or undecided


def _equal(a: Jet, b: Jet) -> Truth:
    if _constant(a, b) or isinstance(a, bool | Undecided):
        return balls.equal(a, b)
    x, y = value_of(a), value_of(b)
    if a is b and x.is_finite():
        return True
    return False if x < y or x > y else balls.open_comparison(x, y)


def _less(a: Jet, b: Jet) -> Truth:
    if _constant(a, b):
        return balls.less(a, b)
    x, y = value_of(a), value_of(b)
    if x < y:
        return True
    return False if x > y or (a is b and x.is_finite()) else balls.open_comparison(x, y)


def _at_most(a: Jet, b: Jet) -> Truth:
    return balls.negate(_less(b, a))


# ------------------------------------------------------------------ the rules, for either kind of jet


def jet_algebra(calculus: Calculus) -> Algebra:
    """The algebra of one kind of jet, ties of maxima not yet carried along (see `kinks`)."""
    make, unknown = calculus.make, calculus.unknown

    def unary(atom: Atom) -> Callable[[Jet], Jet]:
        def rule(x: Jet) -> Jet:
            if isinstance(x, arb):
                return atom(x)
            y = atom(x.value)
            first, second = atom.derivatives(x.value, y)
            return make(y if within(x.value, atom.domain, interior=True) else NAN, [(x, first)], [(x, x, second)])

        return rule

    def add(a: Jet, b: Jet) -> Jet:
        return add_all([a, b])

    def add_all(xs: Sequence[Jet]) -> Jet:
        total = balls.add_all([value_of(x) for x in xs])
        parts = [(x, arb(1)) for x in xs if not isinstance(x, arb)]
        return make(total, parts, []) if parts else total

    def subtract(a: Jet, b: Jet) -> Jet:
        if _constant(a, b):
            return balls.subtract(a, b)
        parts = [(x, arb(s)) for x, s in ((a, 1), (b, -1)) if not isinstance(x, arb)]
        return make(value_of(a) - value_of(b), parts, [])

    def multiply(a: Jet, b: Jet) -> Jet:
        if _constant(a, b):
            return balls.multiply(a, b)
        if a is b:
            return integer_power(a, 2)
        return dot([a], [b], value_of(a) * value_of(b))

    def dot(xs: Sequence[Jet], ys: Sequence[Jet], value: Ball) -> Jet:
        parts: Parts = []
        seconds: Seconds = []
        for a, b in zip(xs, ys, strict=True):
            if not isinstance(a, arb):
                parts.append((a, value_of(b)))
            if not isinstance(b, arb):
                parts.append((b, value_of(a)))
                if not isinstance(a, arb):
                    seconds.append((a, b, arb(2 if a is b else 1)))
        return make(value, parts, seconds) if parts else value

    def matmul(a: Array, b: Array) -> Array:
        values = balls.matmul(_values(a), _values(b))
        out = np.empty(values.shape, dtype=object)
        columns = [list(b[:, j]) for j in range(b.shape[1])]
        for i, row in enumerate(a):
            for j, column in enumerate(columns):
                out[i, j] = dot(row, column, values[i, j])
        return out

    def multiply_all(xs: Sequence[Jet]) -> Jet:
        product: Jet = arb(1)
        for x in xs:
            product = multiply(product, x)
        return product

    def divide(a: Jet, b: Jet) -> Jet:
        if _constant(a, b):
            return balls.divide(a, b)
        x, y = value_of(a), value_of(b)
        ratio = balls.divide(x, y)
        parts = [(j, p) for j, p in ((a, 1 / y), (b, -ratio / y)) if not isinstance(j, arb)]
        seconds = [] if isinstance(b, arb) else [(b, b, 2 * ratio / power(y, 2))]
        if len(parts) == 2:
            seconds.append((a, b, (-2 if a is b else -1) / power(y, 2)))
        return make(ratio, parts, seconds)

    def integer_power(x: Jet, y: int) -> Jet:
        if isinstance(x, arb) or y == 0:
            return power(value_of(x), y)
        first = y * power(x.value, y - 1)
        second = y * (y - 1) * power(x.value, y - 2) if y != 1 else arb(0)
        return make(power(x.value, y), [(x, first)], [(x, x, second)])

    def raise_to(x: Jet, y: Jet) -> Jet:
        if _constant(x, y):
            return balls.raise_to(x, y)
        if isinstance(y, arb) and y.is_integer() and abs(y) < 2**31:
            return integer_power(x, balls.integer(y))
        if is_infinite(value_of(x)) or is_infinite(value_of(y)):
            return unknown(NAN)
        if not isinstance(y, arb):
            return rules["exp"](multiply(y, rules["log"](x)))
        if not x.value > 0:
            return unknown(NAN)
        first, second = y * balls.raise_to(x.value, y - 1), y * (y - 1) * balls.raise_to(x.value, y - 2)
        return make(balls.raise_to(x.value, y), [(x, first)], [(x, x, second)])

    def angle(y: Jet, x: Jet) -> Jet:
        if _constant(x, y):
            return balls.angle(y, x)
        b, a = value_of(y), value_of(x)
        if not (a > 0 or b > 0 or b < 0):
            return unknown(hull(-arb.pi(), arb.pi()))
        r = power(a, 2) + power(b, 2)
        twist = 2 * a * b / power(r, 2)
        parts = [(j, p) for j, p in ((y, a / r), (x, -b / r)) if not isinstance(j, arb)]
        seconds = [(j, j, w) for j, w in ((y, -twist), (x, twist)) if not isinstance(j, arb)]
        if len(parts) == 2:
            seconds.append((y, x, (2 if x is y else 1) * (b * b - a * a) / power(r, 2)))
        return make(balls.angle(b, a), parts, seconds)

    def polygamma(m: Jet, x: Jet) -> Jet:
        if isinstance(x, arb) or not isinstance(m, arb):
            return balls.polygamma(m, x) if _constant(m, x) else unknown(NAN)
        value, first, second = (balls.polygamma(m + k, x.value) for k in range(3))
        return make(value, [(x, first)], [(x, x, second)])

    def absolute(x: Jet) -> Jet:
        if isinstance(x, arb):
            return balls.absolute(x)
        if x.value > 0 or x.value < 0:
            return x if x.value > 0 else rules["neg"](x)
        return calculus.kink(balls.absolute(x.value), [x])

    def step(function: Callable[..., Ball], jumps: Callable[[Ball], bool]) -> Callable[..., Jet]:
        """A locally constant function; on a ball that may touch a jump, the hull of the values on both sides."""

        def rule(x: Jet, **parameters: Any) -> Jet:
            if isinstance(x, arb):
                return function(x, **parameters)
            if x.value.is_finite() and not jumps(x.value):
                return function(x.value, **parameters)
            around = x.value + arb(0, 0.25) if x.value.is_finite() else NAN
            return unknown(function(around, **parameters))

        return rule

    def cut(x: Jet, kept: int) -> Jet:
        if isinstance(x, arb):
            return balls.cut(x, kept)
        if x.value.is_finite() and not balls.may_be_at_a_cut(x.value, kept):
            return balls.cut(x.value, kept)
        return unknown(balls.cut(x.value * (1 + arb(0, arb((1, -kept)))), kept))

    def remainder(x: Jet, y: Jet) -> Jet:
        if _constant(x, y):
            return balls.remainder(x, y)
        quotient = value_of(x) / value_of(y)
        if abs(quotient) < 1:
            return x
        if not quotient.is_finite() or quotient.contains_integer():
            bound = abs(value_of(y)).upper()
            return unknown(hull(-bound, bound) if bound.is_finite() else NAN)
        whole = quotient.floor() if quotient > 0 else quotient.ceil()
        return subtract(x, multiply(y, whole))

    def larger(a: Jet, b: Jet) -> Jet:
        if _constant(a, b):
            return balls.larger(a, b)
        x, y = value_of(a), value_of(b)
        if x > y or (a is b and x.is_finite()):
            return a
        return b if y > x else calculus.kink(balls.larger(x, y), [a, b])

    def smaller(a: Jet, b: Jet) -> Jet:
        if _constant(a, b):
            return balls.smaller(a, b)
        x, y = value_of(a), value_of(b)
        if x < y or (a is b and x.is_finite()):
            return a
        return b if y < x else calculus.kink(balls.smaller(x, y), [a, b])

    def select(which: Any, *cases: Jet) -> Jet:
        if not isinstance(which, Undecided):
            return cases[int(which)]
        if not which.of_numbers:
            return unknown(NAN)
        first = cases[0]
        if all(case is first for case in cases) or (_constant(*cases) and all(bool(case == first) for case in cases)):
            return first
        return unknown(hull(*map(value_of, cases)))

    def fold(pick: Callable[[Jet, Jet], Jet], none: str) -> Callable[[Sequence[Jet]], Jet]:
        def rule(xs: Sequence[Jet]) -> Jet:
            result = xs[0] if len(xs) else arb(none)
            for x in xs[1:]:
                result = pick(result, x)
            return result

        return rule

    def order(xs: Sequence[Jet]) -> list[Jet]:
        if _constant(*xs):
            return balls.order(xs)
        if not all(value_of(x).is_finite() for x in xs):
            return [unknown(NAN) for _ in xs]
        ascending = sorted(xs, key=lambda x: value_of(x).mid())
        if all(value_of(a) < value_of(b) for a, b in itertools.pairwise(ascending)):
            return ascending
        return [unknown(x) for x in balls.order([value_of(x) for x in xs])]

    rules: dict[str, Callable[..., Any]] = {
        **{name: unary(atom) for name, atom in ATOMS.items()},
        "abs": absolute,
        "add": add,
        "add_any": add,
        "and": balls.both,
        "atan2": angle,
        "ceil": step(balls.ceil, lambda x: bool(x.contains_integer())),
        "choose_truth": balls.choose_truth,
        "cut": cut,
        "div": divide,
        "eq": _equal,
        "floor": step(balls.floor, lambda x: bool(x.contains_integer())),
        "ge": lambda a, b: _at_most(b, a),
        "gt": lambda a, b: _less(b, a),
        "integer_pow": integer_power,
        "is_finite": lambda x: balls.is_finite(value_of(x)),
        "le": _at_most,
        "lt": _less,
        "max": larger,
        "min": smaller,
        "mul": multiply,
        "ne": lambda a, b: balls.negate(_equal(a, b)),
        "not": balls.negate,
        "or": balls.either,
        "polygamma": polygamma,
        "pow": raise_to,
        "rem": remainder,
        "round": step(balls.round_to_integer, lambda x: bool((x + fmpq(1, 2)).contains_integer())),
        "sign": step(balls.sign, lambda x: bool(x.contains(0))),
        "sub": subtract,
        "xor": balls.differ,
    }
    return Algebra(
        name="jet",
        literal=arb,
        rules=rules,
        select=select,
        add_all=add_all,
        multiply_all=multiply_all,
        largest=fold(larger, "-inf"),
        smallest=fold(smaller, "inf"),
        matmul=calculus.matmul or matmul,
        order=order,
        whole=balls.whole,  # a jet that depends on the arguments is no ball
        with_parameters=frozenset({"integer_pow", "round"}),
    )


def run_jets(program: Program, calculus: Calculus, starts: Sequence[Array], norms: Norms | None = None) -> list[Array]:
    """The outputs of the program as jets and constants; roots that may be 0 as coordinates, where `norms` are given."""
    plain = jet_algebra(calculus)
    algebra, settle = with_formal_kinks(norms.within(plain) if norms else plain, value_of, calculus.kink)
    return [_each(settle, result) for result in run(program, algebra, starts)]


def _each(function: Callable[[Jet], Jet], a: Array) -> Array:
    out = np.empty(a.shape, dtype=object)
    out.reshape(-1)[:] = [function(x) for x in a.reshape(-1)]
    return out


def _values(a: Array) -> Array:
    return _each(value_of, a)


# ------------------------------------------------------------------ along a line


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """phi(t) = f(x + t v) at t = 0: phi, phi', phi''."""

    value: Ball
    first: Ball
    second: Ball


def _make_line(value: Ball, parts: Parts, seconds: Seconds) -> Line:
    first, second = arb(0), arb(0)
    for x, p in parts:
        first += p * x.first
        second += p * x.second
    for a, b, w in seconds:
        second += w * power(a.first, 2) if a is b else 2 * w * a.first * b.first
    return Line(value, first, second)


def _line_matmul(a: Array, b: Array) -> Array:
    (av, a1, a2), (bv, b1, b2) = _split(a), _split(b)
    value, first = balls.matmul(av, bv), balls.matmul(a1, bv) + balls.matmul(av, b1)
    second = balls.matmul(a2, bv) + 2 * balls.matmul(a1, b1) + balls.matmul(av, b2)
    jets = zip(value.reshape(-1), first.reshape(-1), second.reshape(-1), strict=True)
    out = np.empty(value.shape, dtype=object)
    out.reshape(-1)[:] = [Line(*jet) for jet in jets]
    return out


def _split(a: Array) -> tuple[Array, Array, Array]:
    zero = arb(0)
    rows = [(x, zero, zero) if isinstance(x, arb) else (x.value, x.first, x.second) for x in a.reshape(-1)]
    out = np.empty((3, a.size), dtype=object)
    for i, column in enumerate(zip(*rows, strict=True)):
        out[i, :] = column
    value, first, second = out.reshape(3, *a.shape)
    return value, first, second


LINES = Calculus(make=_make_line, unknown=lambda value: Line(value, NAN, NAN), matmul=_line_matmul)


@dataclass(frozen=True, eq=False)
class LineJets:
    """phi(t) = f(x + t v) at t = 0, for every output entry: object arrays of balls, one per flat output."""

    values: list[Array]
    firsts: list[Array]
    seconds: list[Array]


def line_jet(program: Program, at: Sequence[Array], along: Sequence[Array], precision: int) -> LineJets:
    """Enclosures of phi(0), phi'(0), phi''(0) of ``phi(t) = f(at + t along)``, for every output entry.

    Args:
        at: a point (exact numbers) or box (`arb`), one array per flat argument.
        along: a direction, likewise; an exact 0 keeps that coordinate constant.
        precision: in bits.

    Returns:
        NaN where phi is not known to be twice differentiable at 0.

    Raises:
        UnsupportedError, DomainError: as `balls.evaluate`.
    """
    with precision_of(precision):
        starts = [_lines(x, v) for x, v in zip(enter(at), enter(along), strict=True)]
        results = run_jets(program, LINES, starts)
        columns = [_split(np.reshape(result, (1, -1))) for result in results]
        shaped = [[part.reshape(r.shape) for part in parts] for parts, r in zip(columns, results, strict=True)]
    return LineJets(*([parts[k] for parts in shaped] for k in range(3)))


def _lines(x: Array, v: Array) -> Array:
    out = np.empty(x.shape, dtype=object)
    jets = zip(x.reshape(-1), v.reshape(-1), strict=True)
    out.reshape(-1)[:] = [value if bool(slope == 0) else Line(value, slope, arb(0)) for value, slope in jets]
    return out


# ------------------------------------------------------------------ in all coordinates


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """An intermediate number: its value, its gradient (entries left out are 0), and how it was made."""

    index: int
    value: Ball
    gradient: dict[int, Ball]
    parts: Parts
    seconds: Seconds


def _nodes(counter: Iterator[int], norms: Norms) -> Calculus:
    def make(value: Ball, parts: Parts, seconds: Seconds) -> Node:
        gradient: dict[int, Ball] = {}
        for x, p in parts:
            for k, d in x.gradient.items():
                gradient[k] = gradient[k] + p * d if k in gradient else p * d
        if norms.vanishing:
            gradient = norms.renamed(gradient)
        return Node(next(counter), value, gradient, parts, seconds)

    return Calculus(make, lambda value: Node(next(counter), value, dict.fromkeys(range(norms.size), NAN), [], []))


@dataclass(frozen=True, eq=False)
class FullJet:
    """Value, gradient (n,) and Hessian (n, n) in balls; the coordinates are the flat arguments, one after another."""

    value: Ball
    gradient: Array
    hessian: Array


def full_jet(program: Program, at: Sequence[Array], precision: int, entry: int = 0) -> FullJet:
    """Enclosures of f, grad f and the Hessian of f at a point or on a box.

    Args:
        at: a point (exact numbers) or box (`arb`), one array per flat argument.
        precision: in bits.
        entry: which entry of the flat outputs f is.

    Returns:
        NaN where f is not known to be twice differentiable on the box.

    Raises:
        UnsupportedError, DomainError: as `balls.evaluate`.
    """
    with precision_of(precision):
        output, norms = _output(program, at, entry)
        if norms.found:
            return FullJet(value_of(output), *_through_norms(program, at, entry, output, norms))
        size = norms.size
        if isinstance(output, arb):
            return FullJet(output, _full((size,), {}), _full((size, size), {}))
        return FullJet(output.value, _dense(output, size), _hessian(output, size))


def gradient(program: Program, at: Sequence[Array], precision: int, entry: int = 0) -> tuple[Ball, Array]:
    """Enclosures of f and grad f alone, as `full_jet`."""
    with precision_of(precision):
        output, norms = _output(program, at, entry)
        if norms.found:
            return value_of(output), _through_norms(program, at, entry, output, norms)[0]
        constant = isinstance(output, arb)
        return value_of(output), _full((norms.size,), {}) if constant else _dense(output, norms.size)


def hessian_and_floor(program: Program, at: Sequence[Array], precision: int, entry: int = 0) -> tuple[Array, Array]:
    """Enclosures (n, n) of the Hessian H of f, and of an F with H - F positive semidefinite; arguments as there.

    F leaves out of the sum of second-order terms those that are ``w grad v grad v^T`` with w >= 0, certainly, and
    grad v not known exactly.  On wide boxes their entries may have any sign, which would hide that H is definite,
    though they never lower u'Hu.
    """
    with precision_of(precision):
        output, norms = _output(program, at, entry)
        size = norms.size
        if norms.found:
            hessian = _through_norms(program, at, entry, output, norms)[1]
            return hessian, hessian
        if isinstance(output, arb):
            return _full((size, size), {}), _full((size, size), {})
        return _hessian(output, size), _hessian(output, size, skip=_never_lowers)


def _never_lowers(weight: Ball, a: Node, b: Node) -> bool:
    if a is not b or not weight >= 0:
        return False
    entries = a.gradient.values()
    return all(d.is_finite() for d in entries) and not all(d.is_exact() for d in entries)


def _output(program: Program, at: Sequence[Array], entry: int, *, vanishing: bool = False) -> tuple[Jet, Norms]:
    """The output's jet, whose coordinates are the flat arguments and after them the norms; these put to 0 if wished."""
    starts, size = [], 0
    for x in enter(at):
        out = np.empty(x.shape, dtype=object)
        nodes = (Node(size + i, value, {size + i: arb(1)}, [], []) for i, value in enumerate(x.reshape(-1)))
        out.reshape(-1)[:] = list(nodes)
        starts.append(out)
        size += x.size
    counter = itertools.count(size)
    norms = Norms(size, lambda value, k: Node(next(counter), value, {k: arb(1)}, [], []), vanishing)
    results = run_jets(program, _nodes(counter, norms), starts, norms)
    return np.concatenate([result.reshape(-1) for result in results])[entry], norms


def _through_norms(program: Program, at: Sequence[Array], entry: int, output: Jet, norms: Norms) -> tuple[Array, Array]:
    """Gradient and Hessian of a function of norms that may be 0, as `norms` says; NaN if it may not be smooth there."""
    size = norms.size + len(norms.found)
    if isinstance(output, arb):
        return _full((norms.size,), {}), _full((norms.size, norms.size), {})
    gradient, hessian = _dense(output, size), _hessian(output, size)
    given = enter(at)
    box = widened(given)
    around, same = (output, norms) if box is given else _output(program, box, entry)
    at_zero, again = _output(program, box, entry, vanishing=True)
    if not same.found == again.found == norms.found or isinstance(around, arb) or isinstance(at_zero, arb):
        return unknown(norms.size)
    curved = _hessian(around, size)
    known = all(x.is_finite() for x in (*gradient, *hessian.reshape(-1), *curved.reshape(-1)))
    if not (known and norms.are_apart(curved) and again.is_flat(at_zero.gradient)):
        return unknown(norms.size)
    return norms.composed(gradient, hessian)


def _full(shape: tuple[int, ...], entries: dict[Any, Ball]) -> Array:
    out = np.empty(shape, dtype=object)
    out.fill(arb(0))
    for where, x in entries.items():
        out[where] = x
    return out


def _dense(node: Node, size: int) -> Array:
    return _full((size,), node.gradient)


def _hessian(output: Node, size: int, skip: Callable[[Ball, Node, Node], bool] | None = None) -> Array:
    """The sum over the second-order terms of the tape, each weighted by the output's derivative by its node."""
    if any(d.is_nan() for d in output.gradient.values()):
        return _full((size, size), {(i, j): NAN for i in range(size) for j in range(size)})
    small: dict[tuple[int, int], Ball] = {}
    squares: list[tuple[Ball, Node, Node]] = []
    pairs: list[tuple[Ball, Node, Node]] = []
    for adjoint, node in _backwards(output):
        for a, b, w in node.seconds:
            weight = adjoint * w
            if skip is not None and skip(weight, a, b):
                continue
            if len(a.gradient) * len(b.gradient) <= 2 * size:
                _add_outer(small, weight, a, b)
            else:
                (squares if a is b else pairs).append((weight, a, b))
    hessian = _full((size, size), small)
    if squares:
        hessian = hessian + _outer_sum(squares, size)
    if pairs:
        mixed = _outer_sum(pairs, size)
        hessian = hessian + mixed + mixed.T
    return hessian


def _backwards(output: Node) -> Iterator[tuple[Ball, Node]]:
    """The nodes that the output depends on, last first, each with the output's derivative by it."""
    reached: dict[int, Node] = {output.index: output}
    stack = [output]
    while stack:
        for x, _ in stack.pop().parts:
            if x.index not in reached:
                reached[x.index] = x
                stack.append(x)
    adjoints: dict[int, Ball] = {output.index: arb(1)}
    for index in sorted(reached, reverse=True):
        node, adjoint = reached[index], adjoints[index]
        yield adjoint, node
        for x, p in node.parts:
            step = adjoint * p
            adjoints[x.index] = adjoints[x.index] + step if x.index in adjoints else step


def _add_outer(total: dict[tuple[int, int], Ball], weight: Ball, a: Node, b: Node) -> None:
    for i, x in a.gradient.items():
        scaled = weight * x
        for j, y in b.gradient.items():
            term = scaled * y
            for where in ((i, j),) if a is b else ((i, j), (j, i)):
                total[where] = total[where] + term if where in total else term


def _outer_sum(terms: list[tuple[Ball, Node, Node]], size: int) -> Array:
    """The sum of ``w grad a grad b^T``, as one product of matrices."""
    left, right = (np.empty((len(terms), size), dtype=object) for _ in range(2))
    for k, (weight, a, b) in enumerate(terms):
        left[k, :], right[k, :] = weight * _dense(a, size), _dense(b, size)
    return balls.matmul(left.T, right)
