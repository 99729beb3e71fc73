"""Normal form: every real expression as a polynomial with exact rational coefficients over interned atoms.

An expression is a sum of monomials; a monomial is a product of powers of atoms; an atom is a variable, an opaque sum
(a factor that was not multiplied out), or a function of expressions: exp, log, max, a smooth elementary function, a
piecewise choice. Two expressions with one normal form are equal as real functions wherever both are defined, and that
is a proof: interning compares by equality, a hash only finds the place to compare.

Rewriting uses identities of real numbers alone:

* exp(a) exp(b) = exp(a + b), exp(log a) = a, log of products and powers of positive factors;
* log(sum c_i exp(u_i)) and max(u_i) are equivariant under a common shift, so the exponent that comes last in a
  shift-invariant order is taken out: softplus(-v) = softplus(v) - v, max(u, v) = v + max(0, u - v), log-sum-exp minus
  its own maximum, and the logistic function's two logarithms all get one form;
* log(1 + exp(-|u|)) = log(1 + exp(u)) - max(0, u);
* max and |.| are decided where the sign is known.

How far products of sums are multiplied out is the table's `level`: 0 keeps products of more than four terms as
factors, 1 multiplies products out but keeps powers of sums, 2 multiplies everything out.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from flint import fmpq

from netprops.domains import WHOLE_LINE, Interval
from netprops.exact.bernstein import enclosure
from netprops.exact.quadratics import least_value
from netprops.readings import ranges, shapes

ZERO, ONE = fmpq(0), fmpq(1)
BELOW_ZERO, UP_TO_ZERO = Interval(None, ZERO, hi_open=True), Interval(None, ZERO)
_LONGEST_SHOWN = 400


class Monomial(tuple[tuple[int, fmpq], ...]):
    """A product of powers: (atom id, exponent), by id; exponents are never 0.

    It is hashed once, by its atoms alone: a rational's hash takes longer than all else in a sum.  A bare tuple hashes
    otherwise, and does not stand for a monomial.
    """

    def __hash__(self) -> int:
        known: int | None = self.__dict__.get("known")
        if known is None:
            known = self.__dict__["known"] = hash(tuple([index for index, _ in self]))
        return known


UNIT = Monomial()


def alone(index: int) -> Monomial:
    """The monomial of one atom, to the first power."""
    return Monomial(((index, ONE),))


MOST_BITS = 1 << 17  # of a power of a number
MOST_DEFERRED = 20  # sums inside one another whose ranges are not looked at yet
MOST_TERMS_BOUNDED = 16  # longer sums keep the range that their terms give
# Of which a difference has the sign of that of the arguments (where they are defined).
STRICTLY_INCREASING = frozenset(
    {"exp", "log", "logistic", "tanh", "atan", "erf", "asinh", "sinh", "atanh", "asin", "erf_inv"}
)
KY_FAN = "sum of the "  # how the names of opaque functions begin that are convex in the entries of a matrix
MOST_SIDES, MOST_DEGREE_ON_BOX, MOST_COEFFICIENTS = 4, 12, 400  # of polynomials bounded on a box
MOST_UNIONS = 4  # maxima of a sum, replaced by their operands
MOST_TERMS_OF_OPERAND = 4  # of v, to see max(0, v) v as a square


class TooLargeError(Exception):
    """A normal form grew past the table's budget of terms."""


@dataclass(frozen=True)
class Condition:
    """A side condition not yet proved: the expression must be "positive", "nonnegative" or "nonzero"."""

    kind: str
    expression: Expression

    def __str__(self) -> str:
        sign = {"positive": "> 0", "nonnegative": ">= 0", "nonzero": "!= 0"}[self.kind]
        return f"{self.expression} {sign}"


NONE: frozenset[Condition] = frozenset()


class Expression:
    """An immutable sum of monomials; `needs` are the side conditions under which it is a real number."""

    __slots__ = ("_hash", "needs", "table", "terms")

    def __init__(self, table: Table, terms: dict[Monomial, fmpq], needs: frozenset[Condition] = NONE) -> None:
        self.table, self.terms, self.needs = table, terms, needs
        self._hash: int | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and self.terms == other.terms

    def __hash__(self) -> int:
        # Of the monomials and of the numerators: forms of one set of variables, such as the rows of a data set, would
        # all meet in one place.  Whole rationals hash slowly, and equality compares them anyway.
        if self._hash is None:
            self._hash = hash((frozenset(self.terms), sum([hash(c.p) for c in self.terms.values()])))
        return self._hash

    def constant(self) -> fmpq | None:
        """The number that this is, or None."""
        if not self.terms:
            return ZERO
        if len(self.terms) == 1 and UNIT in self.terms:
            return self.terms[UNIT]
        return None

    def __str__(self) -> str:
        return self.table.show(self)

    def __bool__(self) -> bool:
        raise TypeError("an expression has no truth value")


@dataclass(frozen=True)
class Truth:
    """A comparison that the ranges left open: ``expression < 0`` ("lt"), ``<= 0`` ("le") or ``== 0`` ("eq")."""

    relation: str
    expression: Expression

    def decided(self) -> bool | None:
        """Its truth, where the range of the expression tells (and the expression is a real number); else None."""
        r = self.expression.table.range(self.expression)
        holds = {
            "lt": ranges.is_negative(r),
            "le": ranges.is_nonpositive(r),
            "eq": r.lo == r.hi == 0,
            "ne": ranges.is_nonzero(r),
        }
        fails = {"lt": ranges.is_nonnegative(r), "le": ranges.is_positive(r), "eq": holds["ne"], "ne": holds["eq"]}
        return True if holds[self.relation] else False if fails[self.relation] else None

    def negated(self) -> Truth:
        """Its negation, where that is again a comparison of this form."""
        flipped = self.expression.table.scale(self.expression, fmpq(-1))
        opposite = {"lt": "le", "le": "lt", "eq": "ne", "ne": "eq"}[self.relation]
        return Truth(opposite, flipped if self.relation in ("lt", "le") else self.expression)


@dataclass(frozen=True, eq=False)
class OpenTruth:
    """A truth value of which nothing is known (a logical combination of open comparisons) but when it has a meaning."""

    needs: frozenset[Condition] = NONE


@dataclass
class Atom:
    """An interned factor. `kind` is "variable", "sum", "exp", "log", "max", "number", "where" or a function's name."""

    index: int
    kind: str
    arguments: tuple[Any, ...]
    dependencies: int  # bit mask of the variables in it
    known_range: Interval | None = None  # None until somebody asks for it, where it takes time to find
    find_range: Callable[[], Interval] = field(default=lambda: WHOLE_LINE, repr=False)

    @property
    def range(self) -> Interval:
        """An enclosure of its values."""
        if self.known_range is None:
            self.known_range = WHOLE_LINE  # of what asks for itself while it is being found
            self.known_range = self.find_range()
        return self.known_range


@dataclass
class Table:
    """The atoms of one question, interned; made anew for each, so that nothing outlives its proof.

    `differing` are those higher levels at which something of all that was asked so far would have come out otherwise.
    """

    level: int = 0
    budget: int = 20_000
    differing: set[int] = field(default_factory=set)
    # max(0, t u) = t max(0, u) for t >= 0, log(t u + t v) = log t + log(u + v) for t > 0: more equal forms, but
    # convexity is harder to see
    homogeneous: bool = False
    atoms: list[Atom] = field(default_factory=list)
    _interned: dict[tuple[Any, ...], int] = field(default_factory=dict)
    _ranges: dict[Expression, Interval] = field(default_factory=dict)
    _parts: dict[Expression, list[tuple[Expression, ...]]] = field(default_factory=dict)  # of sums, not yet looked at
    _parts_deep: dict[Expression, int] = field(default_factory=dict)
    _monomial_ranges: dict[Monomial, Interval] = field(default_factory=dict)
    _of_logarithms: dict[int, bool] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    systems: list[tuple[tuple[Expression, ...], ...]] = field(default_factory=list)  # matrices of equations solved
    lines_known: dict[tuple[Interval, Expression], list[dict[str, Any]] | None] = field(default_factory=dict)
    _products: int = 0
    _lines: dict[Interval, tuple[Table, Expression]] = field(default_factory=dict)

    # -------------------------------------------------------------- building blocks

    def number(self, c: fmpq | int) -> Expression:
        """A rational number."""
        c = fmpq(c)
        return Expression(self, {UNIT: c} if c != 0 else {})

    def variable(self, name: str, interval: Interval) -> Expression:
        """A new variable; its bit is the number of variables before it. In one point it is that number."""
        bit = 1 << len(self.names)
        self.names.append(name)
        if interval.lo is not None and interval.lo == interval.hi:
            return self.number(interval.lo)
        return self._from_atom(self.intern("variable", (name,), bit, interval))

    def variable_of(self, bit: int) -> Expression:
        """The variable with that bit mask."""
        (index,) = (a.index for a in self.atoms if a.kind == "variable" and a.dependencies == bit)
        return self._from_atom(index)

    def intern(
        self, kind: str, arguments: tuple[Any, ...], dependencies: int, range_: Interval | Callable[[], Interval]
    ) -> int:
        """The one atom of this kind of these arguments, made with that range if it is new."""
        key = (kind, *arguments)
        found = self._interned.get(key)
        if found is None:
            found = len(self.atoms)
            self._interned[key] = found
            lazy = () if isinstance(range_, Interval) else (None, range_)
            self.atoms.append(Atom(found, kind, arguments, dependencies, *(lazy or (range_,))))
        return found

    def known(self, kind: str, arguments: tuple[Any, ...]) -> int | None:
        """The atom of this kind of these arguments, if there is one already."""
        return self._interned.get((kind, *arguments))

    def _from_atom(self, index: int, exponent: fmpq | int = 1, needs: frozenset[Condition] = NONE) -> Expression:
        return Expression(self, {Monomial([(index, fmpq(exponent))]): ONE}, needs)

    def _make(self, terms: dict[Monomial, fmpq], needs: frozenset[Condition] = NONE) -> Expression:
        if len(terms) > self.budget:
            raise TooLargeError(f"the normal form has more than {self.budget} terms")
        return Expression(self, terms, needs)

    def line(self, where: Interval) -> tuple[Table, Expression]:
        """A table of one variable t in the interval, the same whenever asked, to tell equal functions of t by."""
        if where not in self._lines:
            table = Table(level=self.level, budget=self.budget, differing=self.differing)
            self._lines[where] = (table, table.variable("t", where))
        return self._lines[where]

    # -------------------------------------------------------------- dependence and range

    def dependencies(self, e: Expression) -> int:
        """Bit mask of the variables in the expression."""
        mask = 0
        for monomial in e.terms:
            for index, _ in monomial:
                mask |= self.atoms[index].dependencies
        return mask

    def monomial_dependencies(self, monomial: Monomial) -> int:
        """Bit mask of the variables in the monomial."""
        mask = 0
        for index, _ in monomial:
            mask |= self.atoms[index].dependencies
        return mask

    def monomial_range(self, monomial: Monomial) -> Interval:
        """An enclosure of the values of a monomial."""
        if len(monomial) == 1 and monomial[0][1] == 1:
            return self.atoms[monomial[0][0]].range
        known = self._monomial_ranges.get(monomial)
        if known is None:
            known = ranges.point(ONE)
            for index, exponent in monomial:
                known = ranges.multiply(known, ranges.power(self.atoms[index].range, exponent))
            if known.lo is None or known.hi is None:
                decaying = self._bound_of_decay(monomial)
                known = known if decaying is None else ranges.intersect(known, decaying)
            self._monomial_ranges[monomial] = known
        return known

    def _bound_of_decay(self, monomial: Monomial) -> Interval | None:
        """The bounds of x^k exp(c - a x^m) on an unbounded range of x, a > 0: with m = 2, or m = 1 and x >= 0."""
        if len(monomial) != 2 or {self.atoms[i].kind for i, _ in monomial} != {"variable", "exp"}:
            return None
        ((x, k), (exp, power)) = sorted(monomial, key=lambda factor: self.atoms[factor[0]].kind == "exp")
        argument: Expression = self.atoms[exp].arguments[0]
        r, moving = self.atoms[x].range, [(m, c) for m, c in argument.terms.items() if m]
        if power != 1 or k.q != 1 or k < 1 or len(moving) != 1 or len(moving[0][0]) != 1 or moving[0][0][0][0] != x:
            return None
        m, a = moving[0][0][0][1], -moving[0][1]
        if a <= 0 or not (m == 2 or (m == 1 and ranges.is_nonnegative(r))):
            return None
        most = ranges.largest_decaying(r, int(k.p), a, int(m.p), argument.terms.get(UNIT, ZERO))
        one_sign = int(k.p) % 2 == 0 or ranges.is_nonnegative(r)
        return None if most is None else Interval(ZERO if one_sign else -most, most)

    def degree(self, e: Expression) -> int | None:
        """The degree of a polynomial in all variables, read off its factors without multiplying out; None if none."""
        degrees = [self._degree_of_product(monomial) for monomial in e.terms]
        return None if any(d is None for d in degrees) else max((d for d in degrees if d is not None), default=0)

    def _degree_of_product(self, monomial: Monomial) -> int | None:
        total = 0
        for index, k in monomial:
            atom = self.atoms[index]
            inner = self.degree(atom.arguments[0]) if atom.kind == "sum" else 1 if atom.kind == "variable" else None
            if inner is None or k < 0 or k.q != 1:
                return None
            total += inner * int(k.p)
        return total

    def range(self, e: Expression) -> Interval:
        """An enclosure of the values of the expression over the domain of the variables."""
        known = self._ranges.get(e)
        if known is not None:
            return known
        total = ranges.point(ZERO)
        for monomial, c in e.terms.items():
            total = ranges.add(total, ranges.scale(self.monomial_range(monomial), c))
            if total.lo is None and total.hi is None:
                break
        if total.lo is None or total.hi is None or total.contains(0):
            for sharper in (
                self._square_completed(e),
                self._bound_by_operands(e),
                self._bound_of_quadratic(e),
                self._sign_of_difference(e),
                self._bound_on_box(e),
                self._bound_of_common_factor(e),
            ):
                if sharper is not None:
                    total = ranges.intersect(total, sharper)
        if e in self._parts:
            total = ranges.intersect(total, self._range_of_parts(e))
        self._ranges[e] = total
        return total

    def note_range(self, e: Expression, known: Interval) -> None:
        """Remember a range that is known by the way e was made, such as that of a gap between values in order."""
        plain = Expression(self, e.terms)
        self._ranges[plain] = ranges.intersect(self.range(plain), known)

    def note_parts(self, e: Expression, parts: Sequence[Expression]) -> None:
        """Remember that e was made as the sum of these: their ranges may tell more of its range than its terms do.

        They are added up when the range is asked for.
        """
        depth = 1 + max(self._parts_deep.get(part, 0) for part in parts)
        self._parts.setdefault(e, []).append(tuple(parts))
        self._parts_deep[e] = 0 if depth >= MOST_DEFERRED else depth
        if e in self._ranges or depth >= MOST_DEFERRED:
            self._ranges[e] = ranges.intersect(self.range(e), self._range_of_parts(e))

    def _range_of_parts(self, e: Expression) -> Interval:
        """What the sums that e was made as tell of its range, each looked at once."""
        total = WHOLE_LINE
        for parts in self._parts.pop(e, ()):
            known = ranges.point(ZERO)
            for part in parts:
                known = ranges.add(known, self.range(part))
                if known.lo is None and known.hi is None:
                    break
            total = ranges.intersect(total, known)
        return total

    def _bound_by_operands(self, e: Expression) -> Interval | None:
        """c A + rest >= c v + rest for A = max(v, ...) or A = log(exp(v) + positive), strictly for the logarithm.

        So softplus(z) - z > 0 and max(0, z) - z >= 0, which independent ranges do not see. One such atom is replaced
        by each of its operands in turn, and by mixtures of two; what remains is bounded term by term. So the modulus,
        2 max(0, z) - z, is seen to be nonnegative.
        """
        bent = [(m, c) for m, c in e.terms.items() if self._kind_alone(m) in ("max", "log")]
        if len(e.terms) > MOST_TERMS_BOUNDED or not bent:
            return None
        total = WHOLE_LINE
        for monomial, _ in bent[:MOST_UNIONS]:
            if self._kind_alone(monomial) == "max":
                total = ranges.intersect(total, self._one_of_operands(e, monomial))
        for monomial, c in bent:
            strict = self._kind_alone(monomial) == "log"
            rest = Expression(self, {m: k for m, k in e.terms.items() if m != monomial})
            operands = self._lower_operands(monomial[0][0])
            loose = self._unbounded_terms(rest, c)
            pairs = [(a, b) for a, b in itertools.combinations(operands[:4], 2) if loose <= a.terms.keys() | b.terms]
            for operand in (*operands, *self._cancelling_mixtures(pairs, rest, c)):
                if loose <= operand.terms.keys():
                    bound = self.add(rest, self.scale(operand, c))
                    total = ranges.intersect(total, self._beyond(bound, 1 if c > 0 else -1, strict=strict))
        for sign in (1, -1):
            mixed = self._with_mixtures(e, sign)
            if mixed is not None:
                total = ranges.intersect(total, self._beyond(mixed, sign, strict=False))
        return None if total.lo is None and total.hi is None else total

    def _one_of_operands(self, e: Expression, monomial: Monomial) -> Interval:
        """A maximum is one of its operands, wherever one looks: the union of what e may be with each in its place."""
        c = e.terms[monomial]
        rest = Expression(self, {m: k for m, k in e.terms.items() if m != monomial})
        total: Interval | None = None
        for operand in self.atoms[monomial[0][0]].arguments:
            r = self._termwise_range(self.add(rest, self.scale(operand, c)))
            total = r if total is None else ranges.union(total, r)
            if total.lo is None and total.hi is None:
                break
        return WHOLE_LINE if total is None else total

    def _kind_alone(self, monomial: Monomial) -> str | None:
        """The kind of the atom, for an atom to the first power."""
        return self.atoms[monomial[0][0]].kind if len(monomial) == 1 and monomial[0][1] == 1 else None

    def _unbounded_terms(self, rest: Expression, c: fmpq) -> set[Monomial]:
        """The monomials of the terms that are unbounded below, or above for c < 0."""
        loose = set()
        for m, k in rest.terms.items():
            r = self.monomial_range(m)
            if (r.lo if (k > 0) == (c > 0) else r.hi) is None:
                loose.add(m)
        return loose

    def _beyond(self, bound: Expression, sign: int, *, strict: bool) -> Interval:
        """All that is no less than the bound may be (for sign -1, no greater), taking it term by term."""
        r = self._termwise_range(bound)
        if sign > 0:
            return WHOLE_LINE if r.lo is None else Interval(r.lo, None, r.lo_open or strict)
        return WHOLE_LINE if r.hi is None else Interval(None, r.hi, False, r.hi_open or strict)

    def _with_mixtures(self, e: Expression, sign: int) -> Expression | None:
        """A lower bound of e (upper for sign -1): maxima of that sign by cancelling mixtures; None if none is."""
        bound = None
        for monomial, c in e.terms.items():
            if self._kind_alone(monomial) != "max" or c * sign <= 0:
                continue
            rest = self.subtract(e if bound is None else bound, Expression(self, {monomial: c}))
            pairs = itertools.combinations(self._lower_operands(monomial[0][0])[:4], 2)
            mixture = next(self._cancelling_mixtures(pairs, rest, c), None)
            if mixture is not None:
                bound = self.add(rest, self.scale(mixture, c))
        return bound

    def _cancelling_mixtures(
        self, pairs: Iterable[tuple[Expression, Expression]], rest: Expression, c: fmpq
    ) -> Iterator[Expression]:
        """Mixtures m = a + s (b - a), 0 < s < 1, of two operands: the leading term of b - a is not in c m + rest."""
        for a, b in pairs:
            step = self.subtract(b, a)
            if step.terms:
                lead = max(step.terms)
                share = -(rest.terms.get(lead, ZERO) + c * a.terms.get(lead, ZERO)) / (c * step.terms[lead])
                if 0 < share < 1:
                    yield self.add(a, self.scale(step, share))

    def _lower_operands(self, index: int) -> tuple[Expression, ...]:
        """Expressions that a maximum is never below, or that the log of a sum of positive terms is always above."""
        atom = self.atoms[index]
        if atom.kind == "max":
            return atom.arguments
        terms = atom.arguments[0].terms
        if len(terms) < 2 or len(terms) > 64 or not all(
            c > 0 and ranges.is_positive(self.monomial_range(m)) for m, c in terms.items()
        ):  # fmt: skip
            return ()
        return tuple(self._exponent_of(m) for m, c in terms.items() if c == 1 and self._is_exponential(m))

    def _is_exponential(self, monomial: Monomial) -> bool:
        """1 or one exp atom."""
        return monomial == UNIT or (len(monomial) == 1 and self.atoms[monomial[0][0]].kind == "exp")

    def _termwise_range(self, e: Expression) -> Interval:
        total = ranges.point(ZERO)
        for monomial, c in e.terms.items():
            total = ranges.add(total, ranges.scale(self.monomial_range(monomial), c))
            if total.lo is None and total.hi is None:
                break
        return total

    def _square_completed(self, e: Expression) -> Interval | None:
        """c + b a + q a^2 for one atom a: the exact bound at the vertex."""
        atoms = {index for monomial in e.terms for index, _ in monomial} if len(e.terms) <= 3 else ()
        if len(atoms) != 1:
            return None
        (index,) = atoms
        by_degree = [ZERO, ZERO, ZERO]
        for m, coefficient in e.terms.items():
            degree = m[0][1] if m else ZERO
            if not 0 <= degree <= 2 or degree.q != 1:
                return None
            by_degree[int(degree.p)] = coefficient
        c, b, q = by_degree
        if q == 0:
            return None
        shifted = ranges.add(self.atoms[index].range, ranges.point(b / (2 * q)))
        return ranges.add(ranges.scale(ranges.power(shifted, fmpq(2)), q), ranges.point(c - b * b / (4 * q)))

    def _bound_of_common_factor(self, e: Expression) -> Interval | None:
        """a^k (b + c + ...), where the terms share the power of an atom."""
        if not 2 <= len(e.terms) <= MOST_TERMS_BOUNDED:
            return None
        first, *rest = e.terms
        common = Monomial(f for f in first if all(f in m for m in rest))
        if not common:
            return None
        other = self.range(Expression(self, {Monomial(f for f in m if f not in common): c for m, c in e.terms.items()}))
        return ranges.multiply(self.monomial_range(common), other)

    def _bound_on_box(self, e: Expression) -> Interval | None:
        """The bounds of a polynomial in a few variables on their bounded box, by its Bernstein coefficients."""
        if not 2 <= len(e.terms) <= MOST_TERMS_BOUNDED:
            return None
        used = sorted({i for monomial in e.terms for i, _ in monomial})
        sides = [self.atoms[i].range for i in used]
        if len(used) > MOST_SIDES or any(self.atoms[i].kind != "variable" for i in used):
            return None
        polynomial: dict[tuple[int, ...], fmpq] = {}
        for monomial, c in e.terms.items():
            powers = dict(monomial)
            if any(k.q != 1 or not 0 < k <= MOST_DEGREE_ON_BOX for k in powers.values()):
                return None
            polynomial[tuple(int(powers.get(i, ZERO)) for i in used)] = c
        box = [(r.lo, r.hi) for r in sides if r.lo is not None and r.hi is not None]
        size = math.prod(1 + max(key[axis] for key in polynomial) for axis in range(len(used)))
        if len(box) < len(sides) or size > MOST_COEFFICIENTS:
            return None
        return Interval(*enclosure(polynomial, box))

    def _sign_of_difference(self, e: Expression) -> Interval | None:
        """c h(u) - c h(v), c > 0, h strictly monotone: its sign is that of u - v, or the other one."""
        if len(e.terms) != 2:
            return None
        (m, c), (n, d) = e.terms.items()
        kind = self._kind_alone(m) if c == -d and len(m) == len(n) == 1 else None
        if kind is None or kind not in STRICTLY_INCREASING or self._kind_alone(n) != kind:
            return None
        u, v = self.atoms[m[0][0]].arguments[0], self.atoms[n[0][0]].arguments[0]
        gap = self.range(self.scale(self.subtract(u, v), 1 if c > 0 else -1))
        if ranges.is_positive(gap):
            return Interval(ZERO, None, lo_open=True)
        return Interval(None, ZERO, hi_open=True) if ranges.is_negative(gap) else None

    def _bound_of_quadratic(self, e: Expression) -> Interval | None:
        """The exact bound, on the whole space, of a quadratic polynomial that is bounded on one side."""
        if not 3 <= len(e.terms) <= MOST_TERMS_BOUNDED:
            return None
        quadratic: dict[tuple[int, int], fmpq] = {}
        linear: dict[int, fmpq] = {}
        for monomial, c in e.terms.items():
            factors = [i for i, k in monomial for _ in range(int(k.p) if k.q == 1 and 0 < k <= 2 else 3)]
            if len(factors) > 2 or any(self.atoms[i].kind != "variable" for i in factors):
                return None
            if len(factors) == 2:
                quadratic[factors[0], factors[1]] = c
            elif factors:
                linear[factors[0]] = c
        least = least_value(quadratic, linear, e.terms.get(UNIT, ZERO))
        if least is not None:
            return Interval(lo=least)
        negated = {pair: -c for pair, c in quadratic.items()}, {i: -c for i, c in linear.items()}
        greatest = least_value(*negated, -e.terms.get(UNIT, ZERO))
        return None if greatest is None else Interval(hi=-greatest)

    # -------------------------------------------------------------- sums and products

    def add(self, a: Expression, b: Expression) -> Expression:
        """a + b."""
        return self._sum_of_two(a, b, 1)

    def subtract(self, a: Expression, b: Expression) -> Expression:
        """a - b."""
        return self._sum_of_two(a, b, -1)

    def _sum_of_two(self, a: Expression, b: Expression, sign: int) -> Expression:
        """a + sign b, the terms of the longer one first."""
        needs = a.needs | b.needs if b.needs else a.needs
        if len(a.terms) >= len(b.terms):
            terms = dict(a.terms)
            _add_into(terms, b.terms, sign)
        else:
            terms = dict(b.terms) if sign > 0 else {m: -c for m, c in b.terms.items()}
            _add_into(terms, a.terms, 1)
        return self._make(terms, needs)

    def add_all(self, parts: Sequence[Expression]) -> Expression:
        """The sum of all parts."""
        first, *rest = sorted(parts, key=lambda e: -len(e.terms)) if len(parts) > 1 else list(parts)
        terms = dict(first.terms)
        needs = first.needs
        for part in rest:
            _add_into(terms, part.terms, 1)
            if part.needs:
                needs |= part.needs
        return self._make(terms, needs)

    def scale(self, e: Expression, c: fmpq | int) -> Expression:
        """c e for a number c."""
        if c == 1:
            return e
        if c == 0:
            return Expression(self, {}, e.needs)
        if c == -1:
            return Expression(self, {m: -k for m, k in e.terms.items()}, e.needs)
        return Expression(self, {m: c * k for m, k in e.terms.items()}, e.needs)

    def multiply(self, a: Expression, b: Expression) -> Expression:
        """a b, multiplied out or kept as factors as the level says."""
        needs = a.needs | b.needs if a.needs or b.needs else NONE
        for x, y in ((a, b), (b, a)):
            c = x.constant()
            if c is not None:
                scaled = self.scale(y, c)
                return Expression(self, scaled.terms, needs)
        if len(a.terms) == 1 and len(b.terms) == 1:
            ((m, c),), ((n, d),) = a.terms.items(), b.terms.items()
            return self._product_of_monomials(m, c, n, d, needs)
        within = self._within_modulus(a) if a.terms == b.terms else None
        if within is not None:
            return Expression(self, self.multiply(within, within).terms, needs)
        if not self._cancels(a, b) and self._multiplies_out(a, b):
            return self._multiplied_out(a, b, needs)
        (m, c), (n, d) = self._as_factor(a), self._as_factor(b)
        return self._product_of_monomials(m, c, n, d, needs)

    def _multiplies_out(self, a: Expression, b: Expression) -> bool:
        if self.level == 2:
            return True
        if len(a.terms) > 1 and len(b.terms) > 1:
            self.differing.add(2)  # where no factors are made
            if self._as_factor(a)[0] == self._as_factor(b)[0]:
                return False  # a square: kept, since its convexity is seen at once
        # One term times a short sum is multiplied out; not 1 - s(u), which is s(-u): a logarithm splits its products.
        one, several = sorted((a, b), key=lambda e: len(e.terms))
        splits = any(self.atoms[i].kind == "logistic" for m in several.terms for i, _ in m)
        short = len(one.terms) == 1 and len(several.terms) <= 4 and not splits
        if self.level == 0 and not short:
            self.differing.update((1, 2))
        return self.level == 1 or short

    def _cancels(self, a: Expression, b: Expression) -> bool:
        """Whether one is a sum that stands as a (negative) power in the other: (1 + x) times (1 + x)^-1."""
        one, several = (a, b) if len(a.terms) == 1 else (b, a)
        if len(one.terms) > 1:
            return False
        (monomial,) = one.terms
        powers = {i for i, k in monomial if k < 0}
        return bool(powers) and self._as_factor(several)[0][0][0] in powers

    def _multiplied_out(self, a: Expression, b: Expression, needs: frozenset[Condition]) -> Expression:
        self._products += len(a.terms) * len(b.terms)
        if len(a.terms) * len(b.terms) > self.budget or self._products > 10 * self.budget:
            raise TooLargeError(f"multiplying out takes more than {self.budget} terms, or {10 * self.budget} products")
        products = [
            self._product_of_monomials(m, c, n, d, NONE) for m, c in a.terms.items() for n, d in b.terms.items()
        ]
        total = self.add_all(products)
        return Expression(self, total.terms, needs)

    def _as_factor(self, e: Expression) -> tuple[Monomial, fmpq]:
        """e as c times one monomial: itself, or an opaque sum with leading coefficient 1."""
        if len(e.terms) == 1:
            ((m, c),) = e.terms.items()
            return m, c
        common = self._common_powers(e)
        lead = e.terms[max(e.terms)]
        inner = {self._without(m, common): c / lead for m, c in e.terms.items()} if common else None
        normal = Expression(self, inner) if inner else self.scale(Expression(self, e.terms), 1 / lead)
        index = self.intern("sum", (normal,), self.dependencies(normal), WHOLE_LINE)
        if self.atoms[index].range == WHOLE_LINE:
            known = WHOLE_LINE if common else ranges.scale(self.range(e), 1 / lead)  # a range may have been noted for e
            self.atoms[index].known_range = ranges.intersect(self.range(normal), known)
        return Monomial(sorted([*common, (index, ONE)])), lead

    def _common_powers(self, e: Expression) -> Monomial:
        """The positive whole powers of variables that all terms share: t w + t v = t (w + v)."""
        first, *rest = e.terms
        common = {i: k for i, k in first if k > 0 and k.q == 1 and self.atoms[i].kind == "variable"}
        for monomial in rest:
            if not common:
                return UNIT
            powers = dict(monomial)
            common = {i: min(k, powers[i]) for i, k in common.items() if powers.get(i, ZERO) > 0 and powers[i].q == 1}
        return Monomial(sorted(common.items()))

    @staticmethod
    def _without(monomial: Monomial, common: Monomial) -> Monomial:
        taken = dict(common)
        return Monomial((i, k - taken.get(i, ZERO)) for i, k in monomial if k != taken.get(i, ZERO))

    def _product_of_monomials(
        self, m: Monomial, c: fmpq, n: Monomial, d: fmpq, needs: frozenset[Condition]
    ) -> Expression:
        exponents = dict(m)
        for index, k in n:
            exponents[index] = exponents.get(index, ZERO) + k
        exps = [i for i in exponents if self.atoms[i].kind == "exp"]
        if len(exps) > 1 or any(exponents[i] != 1 for i in exps):
            total = self.add_all([self.scale(self.atoms[i].arguments[0], exponents.pop(i)) for i in exps])
            if any(len(m) == 1 and m[0][1] == 1 and self.atoms[m[0][0]].kind == "log" for m in total.terms):
                rest = self._from_exponents(exponents, c * d, NONE)  # a logarithm is left alone: it comes out
                return Expression(self, self.multiply(rest, self.exp(total)).terms, needs)
            if total.terms:
                exponents[self._exp_atom(total)] = ONE
        flipped = self._exponential_met_logistic(exponents) if exps else False
        c = -c * d if flipped else c * d
        met = self._maximum_met_operand(exponents)
        if met is not None:
            rest = self._from_exponents(exponents, c, needs)
            return Expression(self, self.multiply(rest, met).terms, needs)
        return self._from_exponents(exponents, c, needs)

    def _maximum_met_operand(self, exponents: dict[int, fmpq]) -> Expression | None:
        """max(0, v) v = max(0, v)^2, which takes the leading term of v out of products with the maximum.

        Takes one such pair out of the exponents and returns its product; None where there is none.  For v of several
        terms at level 2 only, where products are multiplied out anyway.
        """
        for index in [i for i, k in exponents.items() if k >= 1 and k.q == 1 and self.atoms[i].kind == "max"]:
            arguments = self.atoms[index].arguments
            if len(arguments) != 2:
                continue
            (v,) = (o for o in arguments if o.terms)
            lead = max(v.terms)
            if len(v.terms) > (MOST_TERMS_OF_OPERAND if self.level == 2 else 1) or not lead:
                continue
            if any(k < 1 or k.q != 1 or exponents.get(i, ZERO) < k for i, k in lead):
                continue
            if any(_divides(lead, m) for m in v.terms if m != lead):  # it would come back for ever
                continue
            for i, k in (*lead, (index, ONE)):
                exponents[i] -= k
            rest = Expression(self, {m: -k for m, k in v.terms.items() if m != lead})
            others = [self._product_of_monomials(alone(index), ONE, m, k, NONE) for m, k in rest.terms.items()]
            return self.scale(self.add_all([self._from_atom(index, 2), *others]), 1 / v.terms[lead])
        return None

    def _exponential_met_logistic(self, exponents: dict[int, fmpq]) -> bool:
        """exp(w) (1 - s(v)) = exp(w - v) s(v) and exp(w) s(v) = exp(w + v) (1 - s(v)), towards exponents near 0.

        Changes the exponents in place; 1 - s(v) stands as the sum s(v) - 1, so the sign of the product may flip, which
        is what is returned.
        """
        flipped = False
        for index in list(exponents):
            v = self._logistic_argument(index)
            exp_index = next((i for i in exponents if self.atoms[i].kind == "exp"), None)
            if v is None or exp_index is None or exponents[index] < 1 or exponents[index].q != 1:
                continue
            w: Expression = self.atoms[exp_index].arguments[0]
            bare = self.atoms[index].kind == "logistic"
            times = w.terms.get(max(v.terms), ZERO) / v.terms[max(v.terms)] * (-1 if bare else 1)
            steps = min(int(exponents[index].p), int(times.p // times.q)) if times >= 1 else 0
            if steps == 0:
                continue
            del exponents[exp_index]
            rest = self.add(w, self.scale(v, steps if bare else -steps))
            if rest.terms:
                exponents[self._exp_atom(rest)] = ONE
            other = self._one_less_logistic(v) if bare else self._logistic_atom(v)
            exponents[index] -= steps
            exponents[other] = exponents.get(other, ZERO) + steps
            flipped ^= steps % 2 == 1
        return flipped

    def _logistic_argument(self, index: int) -> Expression | None:
        """v, if the atom is s(v) or the sum s(v) - 1."""
        atom = self.atoms[index]
        if atom.kind == "sum" and len(atom.arguments[0].terms) == 2 and atom.arguments[0].terms.get(UNIT) == -1:
            ((monomial, c),) = ((m, c) for m, c in atom.arguments[0].terms.items() if m != UNIT)
            if c != 1 or len(monomial) != 1 or monomial[0][1] != 1:
                return None
            atom = self.atoms[monomial[0][0]]
        v: Expression | None = atom.arguments[0] if atom.kind == "logistic" else None
        return v if v is not None and v.terms else None

    def _logistic_atom(self, v: Expression) -> int:
        ((monomial, _),) = self.logistic(v).terms.items()
        return monomial[0][0]

    def _one_less_logistic(self, v: Expression) -> int:
        ((index, _),), _ = self._as_factor(self.subtract(self.logistic(v), self.number(1)))
        return index

    def _from_exponents(self, exponents: dict[int, fmpq], c: fmpq, needs: frozenset[Condition]) -> Expression:
        monomial = Monomial(sorted((i, k) for i, k in exponents.items() if k != 0))
        if any(self.atoms[i].kind == "number" and k.q == 1 for i, k in monomial):
            for i, k in monomial:
                if self.atoms[i].kind == "number" and k.q == 1:
                    c *= self.atoms[i].arguments[0] ** int(k.p)
            monomial = Monomial((i, k) for i, k in monomial if not (self.atoms[i].kind == "number" and k.q == 1))
        if len(monomial) == 1 and monomial[0][1] == 1 and self.atoms[monomial[0][0]].kind == "sum":
            return self.scale(Expression(self, self.atoms[monomial[0][0]].arguments[0].terms, needs), c)
        return Expression(self, {monomial: c} if c != 0 else {}, needs)

    def multiply_all(self, parts: Sequence[Expression]) -> Expression:
        """The product of all parts."""
        total = self.number(1)
        for part in parts:
            total = self.multiply(total, part)
        return total

    def multiplied_out_once(self, e: Expression) -> Expression:
        """e with its outermost sums multiplied out; sums inside those stay factors."""
        parts = [self.number(0)]
        for monomial, c in e.terms.items():
            product = self.number(c)
            for index, k in monomial:
                whole = self.atoms[index].kind == "sum" and k > 0 and k.q == 1
                factor = self.atoms[index].arguments[0] if whole else self._from_atom(index, k)
                for _ in range(int(k.p) if whole else 1):
                    product = self._multiplied_out(product, factor, NONE)
            parts.append(product)
        return Expression(self, self.add_all(parts).terms, e.needs)

    # -------------------------------------------------------------- powers

    def power(self, e: Expression, n: fmpq | int) -> Expression:
        """e^n for a rational n, with the side condition that makes it real."""
        n = fmpq(n)
        if n == 0:
            return Expression(self, self.number(1).terms, e.needs)
        if n == 1:
            return e
        c = e.constant()
        if c == 0 and n < 0:  # no real number: the condition can never be shown
            return Expression(self, {}, e.needs | {Condition("nonzero", Expression(self, {}))})
        if c == 0 and n > 0:
            return Expression(self, {}, e.needs)
        if c is not None and n.q == 1 and c != 0:
            return Expression(self, self.number(_whole_power(c, int(n.p))).terms, e.needs)
        if n.q == 1 and n > 0:
            return self._whole_power(e, int(n.p))
        needs = e.needs | self.required("nonzero" if n.q == 1 else ("positive" if n < 0 else "nonnegative"), e)
        logistic = self._logistic_reciprocal(e, n) if n.q == 1 else None
        if logistic is not None:
            return Expression(self, logistic.terms, needs)
        return self._factored_power(e, n, needs)

    def _whole_power(self, e: Expression, n: int) -> Expression:
        within = self._within_modulus(e) if n % 2 == 0 else None
        if within is not None:
            return self._whole_power(Expression(self, within.terms, e.needs), n)
        if len(e.terms) > 1:
            if self.level == 2:
                total = e
                for _ in range(n - 1):
                    total = self._multiplied_out(total, e, e.needs)
                return total
            self.differing.add(2)
        return self._factored_power(e, fmpq(n), e.needs)

    def _within_modulus(self, e: Expression) -> Expression | None:
        """w, if e reads 2 c max(0, v) - c v, which is |w| or -|w| with w = c v."""
        for monomial, c in e.terms.items():
            atom = self.atoms[monomial[0][0]] if len(monomial) == 1 and monomial[0][1] == 1 else None
            if atom is None or atom.kind != "max" or len(atom.arguments) != 2:
                continue
            (v,) = (o for o in atom.arguments if o.terms)
            w = self.scale(v, c / 2)
            rest = {m: k for m, k in e.terms.items() if m != monomial}
            if rest == self.scale(w, -1).terms:
                return w
        return None

    def _factored_power(self, e: Expression, n: fmpq, needs: frozenset[Condition]) -> Expression:
        """(c prod a^k)^n = c^n prod a^(k n), with |a| where an even power meets a root."""
        if len(e.terms) > 1:
            e = self._with_exponential_pulled_out(e)
        monomial, c = self._as_factor(e)
        if n.q != 1 and c < 0:
            return self._from_exponents({self.as_factor_keeping_sign(e): n}, ONE, needs)
        exponents: dict[int, fmpq] = {}
        total = self.number(1)
        for index, k in monomial:
            if self.atoms[index].kind == "exp":
                total = self.multiply(total, self.exp(self.scale(self.atoms[index].arguments[0], k * n)))
            elif n.q == 1 or ranges.is_nonnegative(self.atoms[index].range):
                exponents[index] = k * n
            elif k.q == 1 and int(k.p) % 2 == 0:
                base = self._from_exponents({index: ONE}, ONE, NONE)
                total = self.multiply(total, self.power(self.absolute(base), k * n))
            else:
                return self._from_exponents({self.as_factor_keeping_sign(e): n}, ONE, needs)
        number, radical = _rational_power(c, n)
        if radical is not None:
            root = self.intern("number", (radical,), 0, ranges.point(radical))
            exponents[root] = exponents.get(root, ZERO) + n
        rest = self._from_exponents(exponents, number, NONE)
        product = self.multiply(total, rest)
        return Expression(self, product.terms, needs)

    def as_factor_keeping_sign(self, e: Expression) -> int:
        """An opaque sum that is e itself, whatever its leading coefficient: for roots of what is not known positive."""
        plain = Expression(self, e.terms)
        index = self.intern("sum", (plain,), self.dependencies(plain), WHOLE_LINE)
        self.atoms[index].known_range = self.range(plain)
        return index

    def required(self, kind: str, e: Expression) -> frozenset[Condition]:
        """The side condition, unless the range of the expression shows it."""
        if self._is_sum_of_exponentials(e):
            return NONE
        r = self.range(e)
        holds = {"positive": ranges.is_positive, "nonnegative": ranges.is_nonnegative, "nonzero": ranges.is_nonzero}
        return NONE if holds[kind](r) else frozenset({Condition(kind, Expression(self, e.terms))})

    def _is_sum_of_exponentials(self, e: Expression) -> bool:
        """Whether e is seen to be positive without any ranges: a sum of positive numbers times exponentials."""
        kinds = self.atoms
        return bool(e.terms) and all(c > 0 and all(kinds[i].kind == "exp" for i, _ in m) for m, c in e.terms.items())

    def divide(self, a: Expression, b: Expression) -> Expression:
        """a / b."""
        return self.multiply(a, self.power(b, -1))

    # -------------------------------------------------------------- exp, log, max

    def _exp_atom(self, e: Expression) -> int:
        found = self.known("exp", (e,))
        if found is not None:
            return found
        plain = Expression(self, e.terms)
        return self.intern("exp", (plain,), self.dependencies(plain), lambda: shapes.range_of("exp", self.range(plain)))

    def exp(self, e: Expression) -> Expression:
        """exp(e); logarithms inside come out as powers."""
        total: Expression | None = None
        kept: dict[Monomial, fmpq] = {}
        for monomial, c in e.terms.items():
            atom = self.atoms[monomial[0][0]] if len(monomial) == 1 and monomial[0][1] == 1 else None
            if atom is not None and atom.kind == "log":
                factor = self.power(Expression(self, atom.arguments[0].terms), c)
                total = factor if total is None else self.multiply(total, factor)
            else:
                kept[monomial] = c
        rest = Expression(self, kept)
        if kept:
            exponential = self._from_atom(self._exp_atom(rest))
            total = exponential if total is None else self.multiply(total, exponential)
        return Expression(self, (self.number(1) if total is None else total).terms, e.needs)

    def log(self, e: Expression) -> Expression:
        """log(e), with the side condition e > 0."""
        alone_in_it = self._log_of_exponential(e)
        if alone_in_it is not None:
            return alone_in_it
        missing = self.required("positive", e)
        needs = e.needs | missing
        if not missing:
            apart = self._log_of_logistic_difference(e)
            if apart is not None:
                return Expression(self, apart.terms, needs | apart.needs)
            e = self._without_denominators(e)
        folded = self._with_modulus_folded(e)
        if folded is not None:
            return Expression(self, folded.terms, needs)
        common = self._common_nonnegative([e]) if self.homogeneous and len(e.terms) > 1 else UNIT
        if common and ranges.is_positive(self.monomial_range(common)):
            bare = Expression(self, {self._without(m, common): c for m, c in e.terms.items()})
            parts = [self.log(Expression(self, {common: ONE})), self.log(bare)]
            return Expression(self, self.add_all(parts).terms, needs)
        shift, core = self._split_exponential(e)
        lead = core.terms[max(core.terms)] if core.terms else ONE
        if len(core.terms) == 1:
            split = self._logs_of_factors(core)
            if split is not None:
                return Expression(self, self.add_all([shift, *split]).terms, needs)
        c = ONE
        if lead > 0 and len(core.terms) > 1 and core.terms.get(UNIT) != 1:
            c = core.terms.get(UNIT, lead)
            c = c if c > 0 else lead
            core = self.scale(core, 1 / c)
        total = self.add_all([shift, self._log_of_number(c), self._log_atom(core)])
        return Expression(self, total.terms, needs)

    def _log_of_logistic_difference(self, e: Expression) -> Expression | None:
        """log(c s(u) - c s(v)) = log c + log s(u) + log s(-v) + log(1 - exp(v - u)), for a positive difference."""
        if len(e.terms) != 2 or sum(e.terms.values(), ZERO) != 0:
            return None
        if any(self._kind_alone(m) != "logistic" for m in e.terms):
            return None
        (upper, c), (lower, _) = sorted(e.terms.items(), key=lambda term: term[1] < 0)
        u, v = self.atoms[upper[0][0]].arguments[0], self.atoms[lower[0][0]].arguments[0]
        rest = self.log(self.subtract(self.number(1), self.exp(self.subtract(v, u))))
        sides = [self.scale(self.softplus(w), -1) for w in (self.scale(u, -1), v)]
        return self.add_all([self._log_of_number(c), *sides, rest])

    def _log_of_exponential(self, e: Expression) -> Expression | None:
        """log(c exp u) = log c + u for c > 0."""
        if len(e.terms) != 1:
            return None
        ((monomial, c),) = e.terms.items()
        if c <= 0 or len(monomial) != 1 or monomial[0][1] != 1 or self.atoms[monomial[0][0]].kind != "exp":
            return None
        u: Expression = self.atoms[monomial[0][0]].arguments[0]
        return Expression(self, self.add(u, self._log_of_number(c)).terms, e.needs)

    def _logs_of_factors(self, e: Expression) -> list[Expression] | None:
        """log(c prod a^k) = log|c| + sum k log|a| for a positive product of factors of known signs."""
        ((monomial, c),) = e.terms.items()
        parts = []
        for index, k in monomial:
            r = self.atoms[index].range
            if ranges.is_positive(r):
                parts.append(self.scale(self._log_of_atom(index), k))
            elif ranges.is_negative(r) and k.q == 1:
                c = -c if int(k.p) % 2 else c
                parts.append(self.scale(self._log_of_negated_atom(index), k))
            else:
                return None
        return [self._log_of_number(c), *parts] if c > 0 else None

    def _log_of_negated_atom(self, index: int) -> Expression:
        """log(-a) for a negative atom a."""
        atom = self.atoms[index]
        if atom.kind == "sum" and len(atom.arguments[0].terms) > 1:
            return self.log(self.scale(atom.arguments[0], -1))
        return self._log_atom(self.scale(self._from_atom(index), -1))

    def _log_of_number(self, c: fmpq) -> Expression:
        if c == 1:
            return self.number(0)
        if c <= 0:
            return self._log_atom(self.number(c))
        if c < 1:
            return self.scale(self._log_of_number(1 / c), fmpq(-1))
        return self._log_atom(self.number(c))

    def _log_of_atom(self, index: int) -> Expression:
        atom = self.atoms[index]
        if atom.kind == "logistic":
            (u,) = atom.arguments
            return self.scale(self.softplus(self.scale(u, fmpq(-1))), fmpq(-1))
        if atom.kind == "sum":
            return self.log(Expression(self, atom.arguments[0].terms))
        return self._log_atom(self._from_atom(index))

    def _log_atom(self, e: Expression) -> Expression:
        plain = Expression(self, e.terms)
        found = self.known("log", (plain,))
        if found is None:
            r = shapes.range_of("log", self.range(plain))
            found = self.intern("log", (plain,), self.dependencies(plain), r)
        return self._from_atom(found)

    def softplus(self, v: Expression) -> Expression:
        """log(1 + exp(v))."""
        return self.log(self.add(self.number(1), self.exp(v)))

    def _with_modulus_folded(self, e: Expression) -> Expression | None:
        """log(1 + exp(-|u|)) = softplus(u) - max(0, u), and log(1 + exp(|u|)) the same plus |u|.

        exp(-|u|) reads exp(u) exp(-2 max(0, u)), and exp(u) may have been rewritten: compared with what exp gives.
        """
        if e.terms.get(UNIT) != 1:
            return None
        for index, c in self._maxima_in_exponents(e):
            (w,) = (o for o in self.atoms[index].arguments if o.terms)
            relu, size = self._from_atom(index), abs(c) / 2
            u = self.scale(w, size)
            rest = self.subtract(e, self.number(1))
            removed = self.multiply(rest, self.exp(self.scale(relu, -c)))
            if removed == self.exp(u if c < 0 else self.scale(u, -1)):
                base = self.subtract(self.softplus(u), self.scale(relu, size))
                return base if c < 0 else self.add_all([base, self.scale(relu, c), self.scale(u, -1)])
        return None

    def _maxima_in_exponents(self, e: Expression) -> list[tuple[int, fmpq]]:
        """Atoms max(0, w) with their coefficients in the exponentials of e."""
        found: list[tuple[int, fmpq]] = []
        for monomial in e.terms:
            for m, c in self._exponent_of(monomial).terms.items():
                atom = self.atoms[m[0][0]] if len(m) == 1 and m[0][1] == 1 else None
                if atom is not None and atom.kind == "max" and len(atom.arguments) == 2:
                    found += [] if (atom.index, c) in found else [(atom.index, c)]
        return found

    def _split_exponential(self, e: Expression) -> tuple[Expression, Expression]:
        """(p, e') with e = exp(p) e', where the last exponent in the shift-invariant order was taken out."""
        exponents = {m: self._exponent_of(m) for m in e.terms}
        if all(not p.terms for p in exponents.values()):
            return self.number(0), e
        pivot = self._last(exponents.values())
        if not pivot.terms:
            return pivot, e
        factor = Expression(self, {alone(self._exp_atom(self.scale(pivot, fmpq(-1)))): ONE})
        moved = [self._shifted_exponential(m, c, exponents[m], pivot, factor) for m, c in e.terms.items()]
        return pivot, self.add_all(moved)

    def _shifted_exponential(
        self, monomial: Monomial, c: fmpq, exponent: Expression, pivot: Expression, factor: Expression
    ) -> Expression:
        """c times the monomial times factor = exp(-pivot); at once where the monomial is exp(exponent) alone."""
        if len(monomial) == 1 and monomial[0][1] == 1 and exponent.terms:
            rest = self.subtract(exponent, pivot)
            if not any(self._kind_alone(m) == "log" for m in rest.terms):  # those come out as powers
                return Expression(self, {alone(self._exp_atom(rest)): c} if rest.terms else {UNIT: c})
        return self.multiply(Expression(self, {monomial: c}), factor)

    def _with_exponential_pulled_out(self, e: Expression) -> Expression:
        pivot, core = self._split_exponential(e)
        if not pivot.terms:
            return e
        monomial, c = self._as_factor(core)
        return self._product_of_monomials(monomial, c, alone(self._exp_atom(pivot)), ONE, e.needs)

    def _exponent_of(self, monomial: Monomial) -> Expression:
        for index, _ in monomial:
            if self.atoms[index].kind == "exp":
                argument: Expression = self.atoms[index].arguments[0]
                return argument
        return Expression(self, {})

    def _last(self, expressions: Iterable[Expression]) -> Expression:
        """The least expression in the order "the leading coefficient of the difference is positive".

        The order compares differences only, so adding one expression to all leaves the choice the same.
        """
        pivot: Expression | None = None
        for e in expressions:
            if pivot is None:
                pivot = e
                continue
            difference = self.subtract(Expression(self, e.terms), Expression(self, pivot.terms))
            if difference.terms and difference.terms[max(difference.terms)] < 0:
                pivot = e
        assert pivot is not None
        return pivot

    def _without_logistic_factors(self, e: Expression) -> Expression | None:
        """Inside a logarithm: a s(v)^k + b = (a + b (1 + exp(-v))^k) s(v)^k, and with 1 - s(v) = 1 / (1 + exp(v))."""
        for index in dict.fromkeys(i for m in e.terms for i, k in m if k > 0):
            v = self._logistic_argument(index)
            if v is None:
                continue
            k, *others = [k for m in e.terms for i, k in m if i == index]
            if any(other != k for other in others) or k.q != 1 or k < 1:
                continue
            bare = self.atoms[index].kind == "logistic"
            denominator = self.add(self.number(1), self.exp(self.scale(v, -1 if bare else 1)))
            sign = 1 if bare or int(k.p) % 2 == 0 else -1  # the atom is s(v) - 1, the factor 1 - s(v)
            parts = []
            for m, c in e.terms.items():
                part = Expression(self, {Monomial((i, n) for i, n in m if i != index): c})
                has = any(i == index for i, _ in m)
                for _ in range(0 if has else int(k.p)):
                    part = self._multiplied_out(part, denominator, NONE)
                parts.append(self.scale(part, sign) if has else part)
            numerator = self.add_all(parts)
            if not numerator.terms:
                return None
            monomial, c = self._as_factor(numerator)
            exponents = dict(monomial)
            exponents[index] = exponents.get(index, ZERO) + k
            # Put together as it is: a product would be rewritten to what came in.
            return self._from_exponents(exponents, c * sign, e.needs)
        return None

    def _without_denominators(self, e: Expression) -> Expression:
        """Inside a logarithm: a + b s(u) = ((a + b) + a exp(-u)) s(u), and sums over a positive common denominator."""
        logistics = {i for m in e.terms for i, _ in m if self.atoms[i].kind == "logistic"}
        if len(logistics) == 1 and all(m in (UNIT, alone(next(iter(logistics)))) for m in e.terms):
            (index,) = logistics
            a, b = e.terms.get(UNIT, ZERO), e.terms[alone(index)]
            if a != 0:
                u: Expression = self.atoms[index].arguments[0]
                inner = self.add(self.number(a + b), self.scale(self.exp(self.scale(u, fmpq(-1))), a))
                monomial, c = self._as_factor(inner)
                # Put together as it is: a product would be rewritten to what came in.
                return self._from_exponents({**dict(monomial), index: ONE}, c, e.needs)
        cleared = self._without_logistic_factors(e) if len(e.terms) > 1 else None
        if cleared is not None:
            return cleared
        if len(e.terms) < 2:
            return e
        positive = [
            (i, k)
            for m in e.terms
            for i, k in m
            if self.atoms[i].kind == "sum" and ranges.is_positive(self.atoms[i].range)
        ]
        denominators = {i: k for i, k in positive if k < 0}
        if len(denominators) != 1:
            return e
        ((index, k),) = denominators.items()
        if any(i == index and j != k for i, j in positive):
            return e
        inner = self.atoms[index].arguments[0]
        raised = self.number(1)
        for _ in range(int(-k.p) if k.q == 1 else 0):
            raised = self._multiplied_out(raised, inner, NONE) if raised.constant() is None else inner
        if k.q != 1:
            return e
        parts = []
        for m, c in e.terms.items():
            own = Expression(self, {Monomial((i, j) for i, j in m if i != index): c})
            has = any(i == index for i, _ in m)
            parts.append(own if has else self._multiplied_out(own, raised, NONE))
        numerator = self.add_all(parts)
        if not numerator.terms:
            return e
        monomial, c = self._as_factor(numerator)
        return self._product_of_monomials(monomial, c, Monomial(((index, k),)), ONE, e.needs)

    def _logistic_reciprocal(self, e: Expression, n: fmpq) -> Expression | None:
        """(1 + c exp(v))^n = s(-v - log c)^(-n), for c = 1 only (log c has no shorter form)."""
        if len(e.terms) != 2 or UNIT not in e.terms:
            return None
        ((monomial, c),) = ((m, c) for m, c in e.terms.items() if m != UNIT)
        unit = e.terms[UNIT]
        is_exp = len(monomial) == 1 and self.atoms[monomial[0][0]].kind == "exp" and monomial[0][1] == 1
        if not is_exp or c != unit:
            return None
        v = self.atoms[monomial[0][0]].arguments[0]
        s = self.logistic(self.scale(v, fmpq(-1)))
        return self.scale(self.power(s, -n), unit ** int(n.p))

    def maximum(self, parts: Sequence[Expression]) -> Expression:
        """max of all parts, each less the last in the shift-invariant order."""
        needs = frozenset().union(*(p.needs for p in parts)) if any(p.needs for p in parts) else NONE
        return Expression(self, self._largest(self._flattened([Expression(self, p.terms) for p in parts])).terms, needs)

    def _largest(self, operands: Sequence[Expression]) -> Expression:
        pivot = self._last(operands)
        shifted = [self.subtract(o, pivot) for o in operands]
        shifted = list(dict.fromkeys(shifted))  # distinct, the pivot among them as 0
        rest = [o for o in shifted if o.terms and not ranges.is_nonpositive(self.range(o))]
        above = [o for o in rest if ranges.is_nonnegative(self.range(o))]
        if not rest:
            return pivot
        if above:  # 0 is not needed: some operand is never below it
            return self.add(pivot, rest[0] if len(rest) == 1 else self._largest(rest))
        return self.add(pivot, self._max_atom([Expression(self, {}), *rest]))

    def _max_atom(self, operands: list[Expression]) -> Expression:
        """max(0, v_1, ...), scaled so that the first leading coefficient is 1 (each v leads with a positive one)."""
        others = sorted((o for o in operands if o.terms), key=_sort_key)
        common = self._common_nonnegative(others) if self.homogeneous else ()
        if common:
            bare = [Expression(self, {self._without(m, common): c for m, c in o.terms.items()}) for o in others]
            return self.multiply(
                Expression(self, {common: ONE}), self._largest(self._flattened([Expression(self, {}), *bare]))
            )
        lead = others[0].terms[max(others[0].terms)]
        size = abs(lead)
        normal = (Expression(self, {}), *(self.scale(o, 1 / size) for o in others))
        found = self.known("max", normal)
        if found is None:
            r = ranges.largest([self.range(o) for o in normal])
            mask = 0
            for o in normal:
                mask |= self.dependencies(o)
            found = self.intern("max", normal, mask, r)
        return self.scale(self._from_atom(found), size)

    def _common_nonnegative(self, operands: Sequence[Expression]) -> Monomial:
        """The powers of variables of no negative values that all terms of all operands share."""
        terms = Expression(self, {m: ONE for o in operands for m in o.terms})
        powers = self._common_powers(terms)
        return Monomial([(i, k) for i, k in powers if ranges.is_nonnegative(self.atoms[i].range)])

    def _flattened(self, parts: list[Expression]) -> list[Expression]:
        """max(p, q + max(r, s)) = max(p, q + r, q + s), where the inner maximum has the coefficient 1."""
        out: list[Expression] = []
        for part in parts:
            inner = next(
                (
                    (m, self.atoms[m[0][0]])
                    for m, c in part.terms.items()
                    if c == 1 and len(m) == 1 and m[0][1] == 1 and self.atoms[m[0][0]].kind == "max"
                ),
                None,
            )
            if inner is None or len(out) > 64:
                out.append(part)
                continue
            monomial, atom = inner
            rest = Expression(self, {m: c for m, c in part.terms.items() if m != monomial})
            out.extend(self.add(rest, operand) for operand in atom.arguments)
        return out

    def minimum(self, parts: Sequence[Expression]) -> Expression:
        """min of all parts."""
        return self.scale(self.maximum([self.scale(p, fmpq(-1)) for p in parts]), fmpq(-1))

    def absolute(self, e: Expression) -> Expression:
        """|e|."""
        if self._is_sum_of_exponentials(e):
            return e
        return self.maximum([e, self.scale(e, fmpq(-1))])

    # -------------------------------------------------------------- other functions

    def logistic(self, u: Expression) -> Expression:
        """s(u) = 1 / (1 + exp(-u)); s(-u) = 1 - s(u) makes the leading coefficient of u positive."""
        if u.terms and u.terms[max(u.terms)] < 0:
            return self.subtract(self.number(1), self.logistic(self.scale(u, fmpq(-1))))
        return self.apply("logistic", u)

    def apply(self, name: str, u: Expression) -> Expression:
        """An elementary function of the shapes table, odd and even ones with the sign taken out."""
        shape = shapes.SHAPES[name]
        needs = u.needs
        turned = self._quarter_turned(name, u) if name in ("sin", "cos") else None
        if turned is not None:
            return turned
        if not shapes.lies_within(self.range(u), shape.domain):
            needs = needs | _domain_conditions(self, u, shape.domain)
        c = u.constant()
        if c is not None and c in shape.exact:
            return Expression(self, self.number(shape.exact[c]).terms, needs)
        if c is not None and not needs:
            r = shapes.range_of(name, ranges.point(c))
            if r.lo is not None and r.lo == r.hi:  # the value is known exactly, as a step's is
                return self.number(r.lo)
        if shape.parity and u.terms and u.terms[max(u.terms)] < 0:
            mirrored = self.apply(name, self.scale(Expression(self, u.terms), fmpq(-1)))
            return Expression(self, self.scale(mirrored, shape.parity).terms, needs)
        plain = Expression(self, u.terms)
        found = self.known(name, (plain,))
        if found is None:
            r = shapes.range_of(name, self.range(plain))
            found = self.intern(name, (plain,), self.dependencies(plain), r)
        return self._from_atom(found, 1, needs)

    def _quarter_turned(self, name: str, u: Expression) -> Expression | None:
        """sin(v + k pi/2) and cos(v + k pi/2) for integers k, pi/2 being the exact constant asin(1)."""
        quarter = self.known("asin", (self.number(1),))
        if quarter is None:
            return None
        k = u.terms.get(alone(quarter), ZERO)
        if k == 0 or k.q != 1:
            return None
        v = Expression(self, {m: c for m, c in u.terms.items() if m != alone(quarter)}, u.needs)
        turns = (int(k.p) + (1 if name == "cos" else 0)) % 4  # cos(v) = sin(v + pi/2)
        return self.scale(self.apply(("sin", "cos")[turns % 2], v), 1 if turns < 2 else -1)

    def opaque(self, name: str, arguments: tuple[Expression, ...], range_: Interval = WHOLE_LINE) -> Expression:
        """An uninterpreted function of expressions: equal arguments give equal values, nothing else is known."""
        needs = frozenset().union(*(a.needs for a in arguments)) if arguments else NONE
        plain = tuple(Expression(self, a.terms) for a in arguments)
        mask = 0
        for a in plain:
            mask |= self.dependencies(a)
        return self._from_atom(self.intern(name, plain, mask, range_), 1, needs)

    def choose(self, truth: Truth, if_false: Expression, if_true: Expression) -> Expression:
        """if_true where the comparison holds, else if_false; the comparison itself needs a real number."""
        asked, decided = truth.expression.needs, truth.decided()
        if decided is not None:
            chosen = if_true if decided else if_false
            return Expression(self, chosen.terms, chosen.needs | asked)
        t, f = self.assuming(truth, if_true), self.assuming(truth.negated(), if_false)
        if t != f and (self._has_logarithms(t) or self._has_logarithms(f)):
            # In logarithms only to see whether both cases are one: elsewhere log v of a guarded v would lose its guard.
            inside = self.assuming(truth, t, logs=True), self.assuming(truth.negated(), f, logs=True)
            t, f = inside if inside[0] == inside[1] else (t, f)
        if t == f:
            return Expression(self, t.terms, t.needs | f.needs | asked)
        needs = asked.union(
            (c for c in t.needs if not _implies(truth, c)),
            (c for c in f.needs if not _implies(truth.negated(), c)),
        )
        whole = self._choice_but_for_zero(truth, f, t)
        if whole is not None:
            return Expression(self, whole.terms, t.needs | f.needs | asked)
        as_relu = self._choice_as_maximum(truth, Expression(self, f.terms), Expression(self, t.terms))
        if as_relu is not None:
            return Expression(self, as_relu.terms, needs)
        key = _scaled_truth(truth)
        plain = (key.relation, key.expression, Expression(self, f.terms), Expression(self, t.terms))
        mask = self.dependencies(key.expression) | self.dependencies(f) | self.dependencies(t)
        either = ranges.union(self._range_where(truth.negated(), f), self._range_where(truth, t))
        index = self.intern("where", plain, mask, either)
        return self._from_atom(index, 1, needs)

    def _range_where(self, truth: Truth, e: Expression) -> Interval:
        """The range of e where the comparison holds: narrower than elsewhere if e is affine in what is compared."""
        known = self.range(e)
        half = {"lt": BELOW_ZERO, "le": UP_TO_ZERO, "eq": ranges.point(ZERO)}.get(truth.relation)
        if half is None or not e.terms:
            return known
        if len(e.terms) == 1:
            ((monomial, c),) = e.terms.items()
            if self._kind_alone(monomial) == "where":
                cases = [self._range_where(truth, case) for case in self.atoms[monomial[0][0]].arguments[2:]]
                return _common(known, ranges.scale(ranges.union(*cases), c))
        u = Expression(self, truth.expression.terms)
        lead = max(u.terms)
        k = e.terms.get(lead, ZERO) / u.terms[lead]
        rest = self.subtract(e, self.scale(u, k)).constant() if k != 0 else None
        if rest is None:
            return known
        compared = _common(self.range(u), half)
        return _common(known, ranges.add(ranges.scale(compared, k), ranges.point(rest)))

    def _choice_but_for_zero(self, truth: Truth, f: Expression, t: Expression) -> Expression | None:
        """One of two branches b, if the other one o stands only where u = 0, and both are equal there."""
        u, r = truth.expression, self.range(truth.expression)
        if truth.relation == "eq" or (truth.relation == "le" and ranges.is_nonnegative(r)):
            b, o = f, t
        elif truth.relation == "ne" or (truth.relation == "lt" and ranges.is_nonpositive(r)):
            b, o = t, f
        else:
            return None
        solved = next((m for m in u.terms if len(m) == 1 and m[0][1] == 1 and self._kind_alone(m) == "variable"), None)
        if solved is None:
            return None
        bit = self.atoms[solved[0][0]].dependencies
        rest = Expression(self, {m: -c / u.terms[solved] for m, c in u.terms.items() if m != solved})
        if self.dependencies(rest) & bit:
            return None
        at_zero = [self._with_variable(Expression(self, e.terms), bit, rest) for e in (b, o)]
        if at_zero[0] is None or at_zero[1] is None or at_zero[0].needs or at_zero[1].needs:
            return None
        return b if at_zero[0] == at_zero[1] else None

    def _with_variable(self, e: Expression, bit: int, value: Expression) -> Expression | None:
        """e with the variable of that bit mask replaced; None if something in it is opaque."""
        from netprops.readings.substitution import CannotRebuildError, Rebuilder  # which builds on this module

        def variable(number: int) -> Expression:
            if 1 << number == bit:
                return value
            return self.variable_of(1 << number)

        try:
            return Rebuilder(self, self, variable).expression(e)
        except CannotRebuildError:
            return None

    def _choice_as_maximum(self, truth: Truth, f: Expression, t: Expression) -> Expression | None:
        """where(u < 0, f, t) with t - f = k u, k a number, is f + k min(u, 0)."""
        if truth.relation not in ("lt", "le"):
            return None
        u, difference = truth.expression, self.subtract(t, f)
        lead = max(u.terms)
        k = difference.terms.get(lead, ZERO) / u.terms[lead]
        if k == 0 or self.scale(u, k) != difference:
            return None
        return self.add(f, self.scale(self.minimum([u, self.number(0)]), k))

    def assuming(self, truth: Truth, e: Expression, logs: bool = False) -> Expression:
        """e with max(0, v) and choices decided wherever the comparison decides v's sign, v a multiple of its own."""
        total, changed = [], False
        for monomial, c in e.terms.items():
            part = self.number(c)
            for index, k in monomial:
                new = self._atom_assuming(truth, index, logs)
                changed = changed or new is not None
                part = self.multiply(part, self.power(new, k) if new is not None else self._from_atom(index, k))
            total.append(part)
        if not changed:
            return e
        # Nothing more is needed: where the comparison holds, each part is the number that it was before.
        return Expression(self, self.add_all(total).terms, e.needs)

    def _atom_assuming(self, truth: Truth, index: int, logs: bool) -> Expression | None:
        atom = self.atoms[index]
        if atom.kind == "where":
            return self._choice_assuming(truth, atom, logs)
        if atom.kind == "max" and len(atom.arguments) == 2:
            if truth.relation not in ("lt", "le"):
                return None
            (v,) = (o for o in atom.arguments if o.terms)
            lead, u = max(v.terms), truth.expression
            k = u.terms.get(lead, ZERO) / v.terms[lead]
            if k != 0 and self.scale(v, k) == u:
                return self.number(0) if k > 0 else v  # u <= 0: v <= 0 exactly when k > 0
            return None
        if atom.kind == "exp":
            inner = self.assuming(truth, atom.arguments[0], logs)
            return None if inner == atom.arguments[0] else self.exp(inner)
        if atom.kind == "log" and logs:
            inner = self.assuming(truth, atom.arguments[0], logs)
            return None if inner == atom.arguments[0] else self.log(inner)
        if atom.kind == "sum":
            inner = self.assuming(truth, atom.arguments[0], logs)
            return None if inner == atom.arguments[0] else inner
        if atom.kind in shapes.SHAPES and atom.kind not in ("exp", "log"):
            inner = self.assuming(truth, atom.arguments[0], logs)
            return None if inner == atom.arguments[0] else self.apply(atom.kind, inner)
        return None

    def _choice_assuming(self, truth: Truth, atom: Atom, logs: bool) -> Expression | None:
        relation, u, if_false, if_true = atom.arguments
        holds = tells(truth, Truth(relation, u))
        if holds is not None:
            return self.assuming(truth, if_true if holds else if_false, logs)
        f, t = (self.assuming(truth, case, logs) for case in (if_false, if_true))
        return None if f == if_false and t == if_true else self.choose(Truth(relation, u), f, t)

    def _has_logarithms(self, e: Expression) -> bool:
        return any(self._is_of_logarithms(index) for monomial in e.terms for index, _ in monomial)

    def _is_of_logarithms(self, index: int) -> bool:
        known = self._of_logarithms.get(index)
        if known is None:
            atom = self.atoms[index]
            inner = (a for a in atom.arguments if isinstance(a, Expression))
            known = self._of_logarithms[index] = atom.kind == "log" or any(map(self._has_logarithms, inner))
        return known

    # -------------------------------------------------------------- printing

    def show(self, e: Expression, most: int = 6) -> str:
        """The expression for people, cut after a few terms and `_LONGEST_SHOWN` characters."""
        if not e.terms:
            return "0"
        shown = [self._show_term(m, c) for m, c in list(e.terms.items())[:most]]
        tail = f" + ... ({len(e.terms) - most} more terms)" if len(e.terms) > most else ""
        text = " + ".join(shown).replace("+ -", "- ") + tail
        return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]} ..."

    def _show_term(self, monomial: Monomial, c: fmpq) -> str:
        factors = [self._show_power(i, k) for i, k in monomial]
        if not factors:
            return str(c)
        return ("" if c == 1 else "-" if c == -1 else f"{c} ") + " ".join(factors)

    def _show_power(self, index: int, k: fmpq) -> str:
        atom = self.atoms[index]
        if atom.kind == "variable":
            base = str(atom.arguments[0])
        elif atom.kind in ("sum", "number"):
            base = f"({atom.arguments[0]})"
        else:
            base = f"{atom.kind}({', '.join(map(str, atom.arguments))})"
        return base if k == 1 else f"{base}^{k}" if k > 0 and k.q == 1 else f"{base}^({k})"


def _add_into(terms: dict[Monomial, fmpq], others: dict[Monomial, fmpq], sign: int) -> None:
    """Add the other terms, times 1 or -1, in place."""
    for monomial, c in others.items():
        before = terms.get(monomial)
        after = (c if sign > 0 else -c) if before is None else before + c if sign > 0 else before - c
        if after == 0:
            del terms[monomial]
        else:
            terms[monomial] = after


def _sort_key(e: Expression) -> list[Any]:
    return sorted((m, c) for m, c in e.terms.items())


def _rational_power(c: fmpq, n: fmpq) -> tuple[fmpq, fmpq | None]:
    """c^n as (rational, None), or (1, c) when the power is irrational."""
    if n.q == 1:
        return c ** int(n.p), None
    root = _exact_root(c, int(n.q))
    return (root ** int(n.p), None) if root is not None else (ONE, c)


def _exact_root(c: fmpq, q: int) -> fmpq | None:
    if c < 0 or (q > 64 and c not in (0, 1)):
        return None
    if c in (0, 1):
        return c
    p_root, q_root = _integer_root(int(c.p), q), _integer_root(int(c.q), q)
    return None if p_root is None or q_root is None else fmpq(p_root, q_root)


def _integer_root(n: int, q: int) -> int | None:
    low, high = 0, 1 << (n.bit_length() // q + 1)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**q <= n else (low, middle - 1)
    return low if low**q == n else None


def _domain_conditions(table: Table, u: Expression, domain: Interval) -> frozenset[Condition]:
    conditions: set[Condition] = set()
    plain = Expression(table, u.terms)
    if domain.lo is not None:
        above = table.subtract(plain, table.number(domain.lo))
        conditions |= table.required("positive" if domain.lo_open else "nonnegative", above)
    if domain.hi is not None:
        below = table.subtract(table.number(domain.hi), plain)
        conditions |= table.required("positive" if domain.hi_open else "nonnegative", below)
    return frozenset(conditions)


def _whole_power(c: fmpq, n: int) -> fmpq:
    """c^n.  Raises `TooLargeError` where it has too many digits: 100^x is asked for at x = 2^60 as well."""
    if abs(c) != 1 and abs(n) * max(int(c.p).bit_length(), int(c.q).bit_length()) > MOST_BITS:
        raise TooLargeError(f"a power with more than {MOST_BITS} binary digits")
    return c**n


def _divides(m: Monomial, n: Monomial) -> bool:
    """Whether each power of m is at most that of n."""
    powers = dict(n)
    return all(powers.get(i, ZERO) >= k for i, k in m)


def _implies(truth: Truth, condition: Condition) -> bool:
    """Whether ``u < 0`` (or ``u <= 0``, ``u == 0``, ``u != 0``) gives the condition on a positive multiple of -u."""
    u, e = truth.expression, condition.expression
    if not e.terms or not u.terms:
        return False
    lead = max(e.terms)
    k = u.terms.get(lead, ZERO) / e.terms[lead]
    if k == 0 or u.table.scale(e, k) != Expression(u.table, u.terms):
        return False
    if truth.relation == "ne":
        return condition.kind == "nonzero"
    if truth.relation == "lt":
        return condition.kind == "nonzero" or k < 0
    return truth.relation == "le" and k < 0 and condition.kind == "nonnegative"


def tells(truth: Truth, other: Truth) -> bool | None:
    """Whether one comparison with 0 decides another, of a multiple of the same expression; None if it does not."""
    u, v = truth.expression, other.expression
    if not u.terms or not v.terms:
        return None
    lead = max(v.terms)
    k = u.terms.get(lead, ZERO) / v.terms[lead]
    if k == 0 or u.table.scale(v, k) != Expression(u.table, u.terms):
        return None
    r = u.table.range(u)
    if truth.relation == "le" and ranges.is_nonnegative(r):
        return tells(Truth("eq", u), other)
    if truth.relation == "ne" and (ranges.is_nonnegative(r) or ranges.is_nonpositive(r)):
        return tells(Truth("lt", u if ranges.is_nonpositive(r) else u.table.scale(u, -1)), other)
    if truth.relation in ("eq", "ne"):
        zero = truth.relation == "eq"
        known = {"eq": zero, "ne": not zero, **({"lt": False, "le": True} if zero else {})}
    elif truth.relation == "lt":
        known = {"lt": k > 0, "le": k > 0, "eq": False, "ne": True}
    else:
        known = {"le": True} if k > 0 else {"lt": False}
    return known.get(other.relation)


def _common(a: Interval, b: Interval) -> Interval:
    """The common part of two enclosures, or the first if they have none: of an empty set anything is true."""
    for low, high in ((ranges.lower(a), ranges.upper(b)), (ranges.lower(b), ranges.upper(a))):
        if high < low or (high.same_place(low) and (low.is_open or high.is_open)):
            return a
    return ranges.intersect(a, b)


def _scaled_truth(truth: Truth) -> Truth:
    u = truth.expression
    lead = u.terms[max(u.terms)]
    size = abs(lead) if truth.relation in ("lt", "le") else lead
    return Truth(truth.relation, u.table.scale(Expression(u.table, u.terms), 1 / size))
