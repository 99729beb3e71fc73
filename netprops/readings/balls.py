"""The reading in balls: a true enclosure of what a program's outputs are, at exact points or on boxes.

A scalar is a `flint.arb`, midpoint and radius at a chosen precision, rounded outwards. NaN is the ball of which nothing
is known: an operation outside its domain gives it, and so does one on a ball that merely touches what lies outside.
A comparison is True or False only when it is certain for all numbers of both balls; else it is `UNDECIDED`, which has
no truth value, and a choice made by it is the hull of the cases.  A comparison with NaN is `MEANINGLESS`, for it may be
with no real number, and a choice made by it is NaN.

An infinity, which a program has from a literal only (masks, guards, ``kl_div(p, 0)``), is no real number, and a
certificate must not rest on what a function would be there. It may be moved, compared, chosen or not, be the larger or
the smaller, and stay infinite in sums and products; ``exp(-inf)`` is 0, as in a masked softmax. Every other function
of it, such as ``tanh(inf)`` or ``1/inf``, is NaN.

One object stands for one real number: the same `arb` object twice is equal to itself however wide it is.
"""

from __future__ import annotations

import itertools
import math
import operator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias

import flint
import numpy as np
from flint import acb_mat, arb, arb_mat, fmpq

from netprops.domains import exact, nonzero
from netprops.readings.atoms import ATOMS, NAN, Ball, ball, hull, is_infinite, power
from netprops.readings.jaxpr import Algebra, Array, Program, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


@dataclass(frozen=True)
class Undecided:
    """The truth value of a comparison that the balls do not settle. It is neither true nor false.

    Attributes:
        of_numbers: whether both sides are known to be real numbers, so that it is one of the two.
    """

    of_numbers: bool = True

    def __bool__(self) -> NoReturn:
        raise ValueError("an undecided comparison has no truth value")

    def __repr__(self) -> str:
        return "UNDECIDED" if self.of_numbers else "MEANINGLESS"


UNDECIDED: Final = Undecided()
MEANINGLESS: Final = Undecided(of_numbers=False)
Truth: TypeAlias = bool | Undecided


@contextmanager
def precision_of(bits: int) -> Iterator[None]:
    """Balls are rounded to `bits` bits inside the ``with`` block, and as before after it."""
    before = flint.ctx.prec
    flint.ctx.prec = bits
    try:
        yield
    finally:
        flint.ctx.prec = before


# ------------------------------------------------------------------ truth values


def equal(a: Any, b: Any) -> Truth:
    """a == b, if certain, of two numbers or two truth values."""
    if isinstance(a, bool | Undecided):
        return negate(differ(a, b))
    if a.is_nan() or b.is_nan():
        return MEANINGLESS
    if a is b or bool(a == b):  # for balls of radius 0 alone, arb's == holds
        return True
    return False if a < b or a > b else UNDECIDED


def open_comparison(a: Ball, b: Ball) -> Undecided:
    """The truth value of a comparison that these balls do not settle."""
    return MEANINGLESS if a.is_nan() or b.is_nan() else UNDECIDED


def less(a: Ball, b: Ball) -> Truth:
    """a < b, if certain."""
    if a < b:
        return True
    return False if a >= b or (a is b and not a.is_nan()) else open_comparison(a, b)


def at_most(a: Ball, b: Ball) -> Truth:
    """a <= b, if certain."""
    if a <= b or (a is b and not a.is_nan()):
        return True
    return False if a > b else open_comparison(a, b)


def negate(a: Truth) -> Truth:
    """not a."""
    return a if isinstance(a, Undecided) else not a


def both(a: Truth, b: Truth) -> Truth:
    """a and b."""
    if a is False or b is False:
        return False
    found = _open(a, b)
    return True if found is None else found


def _open(*truths: Truth) -> Undecided | None:
    """The undecided one among truth values, the one without a meaning first; None if all are decided."""
    undecided = [t for t in truths if isinstance(t, Undecided)]
    return min(undecided, key=lambda t: t.of_numbers) if undecided else None


def either(a: Truth, b: Truth) -> Truth:
    """a or b."""
    return negate(both(negate(a), negate(b)))


def differ(a: Truth, b: Truth) -> Truth:
    """a xor b."""
    found = _open(a, b)
    return a is not b if found is None else found


def is_finite(x: Ball) -> Truth:
    """Whether x is a real number: every finite ball is one; NaN is not known to be none."""
    if x.is_finite():
        return True
    return False if bool(x == arb("inf")) or bool(x == arb("-inf")) else open_comparison(x, x)


def choose_truth(which: Any, *cases: Truth) -> Truth:
    """The case of the given index, or what all cases agree on."""
    if not isinstance(which, Undecided):
        return cases[int(which)]
    first = cases[0]
    if which.of_numbers and all(isinstance(c, bool) and c == first for c in cases):
        return first
    found = _open(which, *cases)
    assert found is not None
    return found


# ------------------------------------------------------------------ functions


def multiply(a: Ball, b: Ball) -> Ball:
    """a b; a square is one, so that it does not become negative."""
    return power(a, 2) if a is b else a * b


def subtract(a: Ball, b: Ball) -> Ball:
    """a - b; exactly 0 for a number and itself."""
    return arb(0) if a is b and a.is_finite() else a - b


def divide(a: Ball, b: Ball) -> Ball:
    """a / b, NaN if the ball b touches 0 or is infinite."""
    return NAN if is_infinite(b) else a / b


def absolute(x: Ball) -> Ball:
    """|x|."""
    if x >= 0:
        return x
    return -x if x <= 0 else abs(x)


def sign(x: Ball) -> Ball:
    """-1, 0 or 1; the hull of the possible ones where the ball does not tell."""
    if is_infinite(x):
        return NAN
    if x > 0 or x < 0:
        return arb(1 if x > 0 else -1)
    return arb(0) if bool(x == 0) else hull(arb(0 if x >= 0 else -1), arb(0 if x <= 0 else 1))


def larger(a: Ball, b: Ball) -> Ball:
    """max(a, b), as the same object if certain."""
    if at_most(b, a) is True:
        return a
    return b if a <= b else a.max(b)


def smaller(a: Ball, b: Ball) -> Ball:
    """min(a, b), as the same object if certain."""
    if at_most(a, b) is True:
        return a
    return b if b <= a else a.min(b)


def floor(x: Ball) -> Ball:
    """The largest integer that is at most x."""
    return x.floor() if x.is_finite() else NAN


def ceil(x: Ball) -> Ball:
    """The smallest integer that is at least x."""
    return x.ceil() if x.is_finite() else NAN


def round_to_integer(x: Ball, rounding_method: Any) -> Ball:
    """The nearest integer, halves away from zero (method 0) or to even (method 1)."""
    if not x.is_finite():
        return NAN
    low, high = (x - fmpq(1, 2)).ceil(), (x + fmpq(1, 2)).floor()
    if bool(low == high):
        return low
    tie = x + fmpq(1, 2)
    if x.is_exact() and tie.is_exact() and tie.is_integer():
        if int(rounding_method) == 0:
            return high if x > 0 else low
        return high if (high / 2).is_integer() else low
    return hull(low, high)


def cut(x: Ball, kept: int) -> Ball:
    """x with its binary digits cut off after the first one and `kept` more, towards 0 (a double's bits, masked)."""
    if not x.is_finite():
        return NAN
    low, high = (_cut_exactly(end, kept) for end in (x.lower(), x.upper()))
    return low if bool(low == high) else hull(low, high)


def _cut_exactly(x: Ball, kept: int) -> Ball:
    mantissa, exponent = map(int, x.man_exp())
    dropped = max(abs(mantissa).bit_length() - 1 - kept, 0)
    left = abs(mantissa) >> dropped << dropped
    return arb((left if mantissa > 0 else -left, exponent))


def may_be_at_a_cut(x: Ball, kept: int) -> bool:
    """Whether `cut` may jump somewhere in the ball."""
    left = cut(x, kept)
    return not (left.is_exact() and abs(x) > abs(left))


def remainder(x: Ball, y: Ball) -> Ball:
    """x - y trunc(x/y), which has the sign of x (C's fmod, JAX's ``rem``)."""
    quotient = x / y
    if not quotient.is_finite():
        return NAN
    whole = quotient.floor() if quotient >= 0 else quotient.ceil() if quotient <= 0 else NAN
    if whole.is_exact():
        return x - y * whole
    if abs(quotient) < 1:
        return x
    bound = abs(y).upper()
    return hull(arb(0) if x >= 0 else -bound, arb(0) if x <= 0 else bound)


def raise_to(x: Ball, y: Ball) -> Ball:
    """``x**y``: for x > 0, or y a constant integer, or ``0**y`` with y > 0; NaN if one of them is infinite."""
    if is_infinite(x) or is_infinite(y):
        return NAN
    if y.is_integer() and abs(y) < 2**31:
        return power(x, integer(y))
    if x > 0:
        return x**y if y.is_exact() else (y * x.log()).exp()
    return arb(0) if bool(x == 0) and y > 0 else NAN


def integer(x: Ball) -> int:
    """The integer that the exact ball x is."""
    return int(x.fmpq().p)


def angle(y: Ball, x: Ball) -> Ball:
    """``atan2(y, x)``, in (-pi, pi]; NaN if one of them is infinite."""
    return NAN if is_infinite(x) or is_infinite(y) else arb.atan2(y, x)


def polygamma(m: Ball, x: Ball) -> Ball:
    """The m-th derivative of digamma, m = 0, 1, 2, ..., x > 0: ``(-1)^(m+1) m! zeta(m+1, x)`` (DLMF 5.15)."""
    if not (m.is_integer() and m >= 0 and x > 0):
        return NAN
    if m == 0:
        return x.digamma()
    flip = 1 if integer(m) % 2 else -1
    return flip * (m + 1).gamma() * (m + 1).zeta(x)


def select(which: Any, *cases: Ball) -> Ball:
    """The case of the given index; the hull of all if the index is undecided, NaN if it may have no meaning."""
    if not isinstance(which, Undecided):
        return cases[int(which)]
    if not which.of_numbers:
        return NAN
    first = cases[0]
    if all(case is first or bool(case == first) for case in cases):
        return first
    return hull(*cases)


def add_all(xs: Sequence[Ball]) -> Ball:
    """The sum of a list; 0 for none."""
    return sum(xs, arb(0))


def multiply_all(xs: Sequence[Ball]) -> Ball:
    """The product of a list; 1 for none."""
    total = arb(1)
    for x in xs:
        total = total * x
    return total


def largest(xs: Sequence[Ball]) -> Ball:
    """The maximum of a list; -inf for none."""
    result = xs[0] if len(xs) else arb("-inf")
    for x in xs[1:]:
        result = larger(result, x)
    return result


def smallest(xs: Sequence[Ball]) -> Ball:
    """The minimum of a list; inf for none."""
    result = xs[0] if len(xs) else arb("inf")
    for x in xs[1:]:
        result = smaller(result, x)
    return result


def matmul(a: Array, b: Array) -> Array:
    """The product of an (m, k) and a (k, n) object array of balls, by `arb_mat`."""
    if a.size + b.size >= _MANY:
        return _sparse_matmul(a, b)
    return _dense_matmul(a, b)


def _dense_matmul(a: Array, b: Array) -> Array:
    (m, k), n = a.shape, b.shape[1]
    product = arb_mat(m, k, a.reshape(-1).tolist()) * arb_mat(k, n, b.reshape(-1).tolist())
    return np.fromiter(product.entries(), dtype=object, count=m * n).reshape(m, n)


_MANY: Final = 4096  # entries from which it is worth looking for zeros
_BLOCK: Final = 1 << 18  # entries of a block of columns that is put into one `arb_mat`


def _where(holds: Callable[[Ball], bool], matrix: Array) -> Array:
    return np.fromiter(map(holds, matrix.reshape(-1).tolist()), bool, matrix.size).reshape(matrix.shape)


def _sparse_matmul(a: Array, b: Array) -> Array:
    """The product without the rows and columns of zeros, by blocks of columns.

    0 times a real number is 0: a factor may be left out where what it meets is finite, and must not where that is NaN.
    """
    zero_a, zero_b = _where(arb.is_zero, a), _where(arb.is_zero, b)
    needless = zero_a.all(axis=0) | zero_b.all(axis=1)
    if not (_where(arb.is_finite, a[:, needless]).all() and _where(arb.is_finite, b[needless]).all()):
        return _dense_matmul(a, b)
    a, b, zero_a, zero_b = a[:, ~needless], b[~needless], zero_a[:, ~needless], zero_b[~needless]
    finite = bool(_where(arb.is_finite, a).all() and _where(arb.is_finite, b).all())
    rows, columns = (np.flatnonzero(~zero.all(axis=axis) | (not finite)) for zero, axis in ((zero_a, 1), (zero_b, 0)))
    out = np.array([arb(0) for _ in range(a.shape[0] * b.shape[1])], dtype=object).reshape(a.shape[0], b.shape[1])
    step = max(1, _BLOCK // max(1, len(b)))
    for start in range(0, len(columns), step):
        block = columns[start : start + step]
        out[np.ix_(rows, block)] = _dense_matmul(a[rows], b[:, block])
    return out


def order(xs: Sequence[Ball]) -> list[Ball]:
    """The list, ascending: the same objects where the order is certain, else enclosures of the order statistics.

    The k-th smallest number lies between the k-th smallest lower end and the k-th smallest upper end.
    """
    if not all(x.is_finite() for x in xs):
        return [NAN for _ in xs]
    ascending = sorted(xs, key=lambda x: x.mid())
    if all(a <= b for a, b in itertools.pairwise(ascending)):
        return ascending
    lows, highs = sorted(x.lower() for x in xs), sorted(x.upper() for x in xs)
    return [hull(low, high) for low, high in zip(lows, highs, strict=True)]


RULES: dict[str, Callable[..., Any]] = {
    **{name: atom.value if atom.everywhere else atom for name, atom in ATOMS.items()},
    "abs": absolute,
    "add": operator.add,
    "add_any": operator.add,
    "and": both,
    "atan2": angle,
    "ceil": ceil,
    "choose_truth": choose_truth,
    "cut": cut,
    "div": divide,
    "eq": equal,
    "floor": floor,
    "ge": lambda a, b: at_most(b, a),
    "gt": lambda a, b: less(b, a),
    "integer_pow": lambda x, y: power(x, y),
    "is_finite": is_finite,
    "le": at_most,
    "lt": less,
    "max": larger,
    "min": smaller,
    "mul": multiply,
    "ne": lambda a, b: negate(equal(a, b)),
    "not": negate,
    "or": either,
    "polygamma": polygamma,
    "pow": raise_to,
    "rem": remainder,
    "round": round_to_integer,
    "sign": sign,
    "sub": subtract,
    "xor": differ,
}


def whole(x: Any) -> int | None:
    """The integer that a ball is, exactly, or None."""
    return int(x.fmpz()) if isinstance(x, arb) and x.is_exact() and x.is_integer() else None


def eigenvalues(A: Array) -> list[Ball]:
    """Enclosures of the eigenvalues of a symmetric matrix, ascending."""
    if not all(x.is_finite() for x in A.reshape(-1)):
        return [NAN] * len(A)
    try:
        found = [z.real for z in acb_mat(A.tolist()).eig(multiple=True)]
    except ValueError:  # not enclosed at this precision
        return [NAN] * len(A)
    return order(found)  # one enclosure for each eigenvalue, in no order


def singular_values(A: Array) -> list[Ball]:
    """Enclosures of the singular values, descending: roots of the eigenvalues of the smaller Gram matrix."""
    B = A if A.shape[0] <= A.shape[1] else A.T
    gram = matmul(B, B.T)
    return [_root_of_nonnegative(x) for x in reversed(eigenvalues(gram))]


def _root_of_nonnegative(x: Ball) -> Ball:
    """The root of a number of the ball that is known to be nonnegative."""
    return x.max(arb(0)).sqrt() if x.is_finite() else NAN


BALLS = Algebra(
    name="ball",
    literal=arb,
    rules=RULES,
    select=select,
    add_all=add_all,
    multiply_all=multiply_all,
    largest=largest,
    smallest=smallest,
    matmul=matmul,
    order=order,
    whole=whole,
    with_parameters=frozenset({"integer_pow", "round"}),
    eigenvalues=eigenvalues,
    singular_values=singular_values,
)


def ball_algebra() -> Algebra:
    """The algebra of balls, at the precision in force."""
    return BALLS


# ------------------------------------------------------------------ reading a program


def enter(points: Sequence[Array]) -> list[Array]:
    """Points as object arrays of balls: dyadic numbers exactly, each entry an object of its own."""
    return [_entries(np.asarray(point), _ball_of) for point in points]


def _entries(array: Array, function: Callable[[Any], Any]) -> Array:
    entries = map(function, array.reshape(-1).tolist())
    return np.fromiter(entries, dtype=object, count=array.size).reshape(array.shape)


def _ball_of(x: Any) -> Ball:
    return _copy(x) if isinstance(x, arb) else ball(exact(x))


def _copy(x: Ball) -> Ball:
    """The same ball as another object: two coordinates that range over one ball are two numbers."""
    return arb(x)


def evaluate(program: Program, points: Sequence[Array], precision: int) -> list[Array]:
    """The outputs of the program, enclosed.

    Args:
        points: one array per flat argument, shaped like it, of exact numbers (`fmpq`, int, `Fraction`, finite double)
            or of balls (`arb`, read as boxes).
        precision: in bits.

    Returns:
        One object array of `arb` per flat output; NaN where nothing is known.

    Raises:
        UnsupportedError: a primitive without a rule, a rounded dtype, an index that depends on the arguments.
        DomainError: points that do not fit the program.
    """
    with precision_of(precision):
        return run(program, BALLS, [_shared(np.asarray(point)) for point in points])


def _shared(point: Array) -> Array:
    """A point as balls, for a reading of values alone: all its zeros are one number, so one ball.

    Derivatives tell coordinates apart that are equal: see `enter`.
    """
    if point.dtype == np.float64:
        numbers = point.reshape(-1).tolist()
        if all(map(math.isfinite, numbers)):  # doubles are balls as they are
            return np.fromiter(map(arb, numbers), dtype=object, count=point.size).reshape(point.shape)
    if point.dtype != object:
        return _entries(point, _ball_of)
    out = np.full(point.shape, arb(0), dtype=object)
    from_flat, flat = point.reshape(-1), out.reshape(-1)
    for i in nonzero(point).tolist():
        flat[i] = _ball_of(from_flat[i])
    return out


def enclose(program: Program, lows: Sequence[Array], highs: Sequence[Array], precision: int) -> list[Array]:
    """The outputs of the program on the box ``lows <= x <= highs``, as `evaluate`."""
    with precision_of(precision):
        boxes = []
        for low, high in zip(lows, highs, strict=True):
            ends = zip(np.asarray(low).reshape(-1).tolist(), np.asarray(high).reshape(-1).tolist(), strict=True)
            box = np.empty(np.shape(low), dtype=object)
            box.reshape(-1)[:] = [_ball_of(a).union(_ball_of(b)) for a, b in ends]
            boxes.append(box)
        return run(program, BALLS, boxes)


def is_undefined(x: Ball) -> bool:
    """Whether nothing is known of x: NaN."""
    return bool(x.is_nan())
