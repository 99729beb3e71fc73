"""The curvature calculus: sound but incomplete proofs that a normal form is convex, monotone or affine.

`Calculus(table, mask)` asks about the variables in `mask` (the decision variables); every other variable is a parameter
that ranges over its whole domain. A proof is a tree of rules (`proofs`), which an independent checker can go through
again; None means only that no rule applied.

Rules, each with its hypothesis:

* a sum is convex if every term is, a term being a nonnegative coefficient times a convex product, or a nonpositive one
  times a concave product; affine products do not matter; products of two variables are taken together as one
  quadratic form, convex exactly when positive semidefinite (exact inertia);
* composition: convex non-decreasing of convex, convex non-increasing of concave, convex of affine;
* powers of affine, of convex nonnegative and of concave positive bases; the Euclidean norm of affine forms;
* products of powers of positive affine forms; products of log-convex factors;
* log of a sum of log-convex terms; maximum of convex operands, both also after a common shift; choices between two
  convex functions by a comparison of parameters;
* norms and means, as powers of sums of powers (`power_sums`); degree two (`degree_two`): roots of hyperbolic forms,
  quotients with an affine form; perspectives (`perspectives`); sums over disjoint sets of variables;
* a quadratic form that outweighs bounded second derivatives, products of sines and cosines being sums of them; one that
  is outweighed by what functions of one form bend to spare (`lent_curvature`);
* convex functions taken out of a sum whole (`divergences`, `matrix_fractions`, Gumbel tails); sums of the largest
  eigenvalues or singular values; principal minors of rational Hessians (`minors`);
* functions of one affine form: `netprops.readings.one_dimension`; of one other expression: `compositions`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from flint import fmpq, fmpq_mat

from netprops.domains import Interval
from netprops.exact.inertia import inertia, is_positive_semidefinite
from netprops.readings import (
    compositions,
    degree_two,
    divergences,
    entropies,
    lent_curvature,
    matrix_fractions,
    minors,
    power_sums,
    ranges,
    shapes,
)
from netprops.readings.derivatives import NotSmoothError, derivative
from netprops.readings.expressions import places, to_json
from netprops.readings.one_dimension import convex_in_one_form, innermost_kink, nonnegative_polynomial
from netprops.readings.perspectives import deperspectived
from netprops.readings.polynomials import KY_FAN, UNIT, Atom, Expression, Monomial, Table, alone
from netprops.readings.proofs import Proof, step
from netprops.readings.sum_of_squares import gram_of_hessian
from netprops.readings.trigonometry import linearised

ZERO, ONE, HALF = fmpq(0), fmpq(1), fmpq(1, 2)
AFFINE = step("affine", "affine")
SQUARES = step("squares", "squares with nonnegative coefficients")
QUADRATIC = step("quadratic form", "quadratic form, positive semidefinite by exact inertia")
MOST_SHIFTS = 150  # of one calculus


def by_monomial(groups: dict[Monomial, Expression]) -> list[tuple[Monomial, Expression]]:
    """The terms in the order in which proofs list them."""
    return sorted(groups.items(), key=itemgetter(0))


@dataclass
class Calculus:
    """Questions about expressions of one table as functions of the variables in `mask`.

    The first look is term by term; a `thorough` one also tries the dearer rules (shifts, outweighing, lines).
    """

    table: Table
    mask: int
    thorough: bool = True
    _shifts_tried: int = 0
    _memo: dict[tuple[str, Expression], Proof | None] = field(default_factory=dict)

    # -------------------------------------------------------------- splitting

    def depends(self, e: Expression) -> bool:
        """Whether any decision variable occurs in the expression."""
        return bool(self.table.dependencies(e) & self.mask)

    def groups(self, e: Expression) -> dict[Monomial, Expression]:
        """e as a sum of coefficient times decision part; coefficients are free of decision variables."""
        grouped: dict[Monomial, dict[Monomial, fmpq]] = defaultdict(dict)
        for monomial, c in e.terms.items():
            moving = self._moving(monomial)
            resting = UNIT if moving is monomial else Monomial((i, k) for i, k in monomial if not self._moves(i))
            coefficients = grouped[moving]
            coefficients[resting] = coefficients.get(resting, ZERO) + c
        return {part: Expression(self.table, coefficients) for part, coefficients in grouped.items() if part != UNIT}

    def _moves(self, index: int) -> bool:
        """Whether an atom depends on the decision variables."""
        return bool(self.table.atoms[index].dependencies & self.mask)

    def _moving(self, monomial: Monomial) -> Monomial:
        """The decision part of a monomial."""
        moving = [(i, k) for i, k in monomial if self._moves(i)]
        return monomial if len(moving) == len(monomial) else Monomial(moving)

    def _product(self, part: Monomial) -> Expression:
        return Expression(self.table, {part: ONE})

    def is_affine_product(self, part: Monomial) -> bool:
        """Whether a product of powers of dependent atoms is affine in the decision variables."""
        if len(part) != 1 or part[0][1] != 1:
            return False
        atom = self.table.atoms[part[0][0]]
        if atom.kind == "variable":
            return True
        return atom.kind == "sum" and self.is_affine(atom.arguments[0])

    def is_affine(self, e: Expression) -> bool:
        """Whether every term of the normal form is affine in the decision variables."""
        return all(self.is_affine_product(part) for part in self.groups(e))

    def _sign(self, e: Expression) -> int | None:
        """1 nonnegative, -1 nonpositive, 0 zero, None unknown."""
        if not e.terms:
            return 0
        r = self.table.range(e)
        return 1 if ranges.is_nonnegative(r) else -1 if ranges.is_nonpositive(r) else None

    # -------------------------------------------------------------- convexity

    def convex(self, e: Expression) -> Proof | None:
        """A proof that e is convex in the decision variables for every value of the others, or None."""
        return self._remember("convex", e, self._convex)

    def concave(self, e: Expression) -> Proof | None:
        """A proof that e is concave, or None."""
        return self.convex(self.table.scale(e, -1))

    def _remember(self, question: str, e: Expression, answer: Callable[[Expression], Proof | None]) -> Proof | None:
        key = (question, e)
        if key not in self._memo:
            self._memo[key] = None  # asked again while being answered: no proof by itself
            self._memo[key] = answer(e)
        return self._memo[key]

    def _convex(self, e: Expression) -> Proof | None:
        e = Expression(self.table, e.terms)
        if self.is_affine(e):
            return AFFINE
        proof = self._convex_termwise(e)
        if proof or not self.thorough:
            return proof
        return (
            self._convex_outweighed(e)
            or self._convex_by_lines(e)
            or self._convex_quotients(e)
            or self._convex_entropies(e)
            or self._convex_separable(e)
            or self._convex_perspective(e)
            or self._convex_linearised(e)
            or self._convex_gumbel(e)
            or divergences.convex_beside_entropies(self, e)
            or divergences.convex_beside_normalisers(self, e)
            or self._convex_shifted(e)
            or self._convex_by_squares(e)
            or matrix_fractions.convex_beside_fraction(self, e)
            or compositions.convex_composition(self, e)
            or self._convex_by_minors(e)
            or lent_curvature.convex_with_lent_curvature(self, e)
        )

    def _convex_termwise(self, e: Expression) -> Proof | None:
        premises: list[Proof] = []
        quadratic: dict[Monomial, Expression] = {}
        for part, coefficient in by_monomial(self.groups(e)):
            if self.is_affine_product(part):
                continue
            if self.is_quadratic(part):
                quadratic[part] = coefficient
                continue
            proof = self._convex_part(coefficient, part)
            if proof is None:
                return None
            premises.append(proof)
        if quadratic:
            proof = self._convex_quadratic(quadratic)
            if proof is None:
                return None
            premises.append(proof)
        return step("terms", "", *premises)

    def is_quadratic(self, part: Monomial) -> bool:
        degree = sum((k for _, k in part), ZERO)
        return degree == 2 and all(k > 0 and k.q == 1 and self.table.atoms[i].kind == "variable" for i, k in part)

    def _convex_part(self, coefficient: Expression, part: Monomial) -> Proof | None:
        """A proof that the product, or minus it where the coefficient is negative, is convex."""
        sign = self._sign(coefficient)
        if not sign:
            return None
        return self.product_convex(part) if sign > 0 else self.product_concave(part)

    def _convex_term(self, coefficient: Expression, part: Monomial) -> Proof | None:
        proof = self._convex_part(coefficient, part)
        return step("terms", "", proof) if proof else None

    def _convex_quadratic(self, quadratic: dict[Monomial, Expression]) -> Proof | None:
        numbers = {part: c.constant() for part, c in quadratic.items()}
        if all(c is not None for c in numbers.values()):
            return self.quadratic_form({part: c for part, c in numbers.items() if c is not None})
        if all(len(part) == 1 for part in quadratic):
            signs = [self._sign(c) for c in quadratic.values()]
            return SQUARES if all(s is not None and s >= 0 for s in signs) else None
        return None

    def matrix(self, quadratic: dict[Monomial, fmpq]) -> tuple[list[int], list[list[fmpq]]]:
        """The variables and the symmetric matrix Q with the quadratic form equal to x'Qx."""
        indices = sorted({i for part in quadratic for i, _ in part})
        place = {index: n for n, index in enumerate(indices)}
        Q = [[ZERO] * len(indices) for _ in indices]
        for part, c in quadratic.items():
            if len(part) == 1:
                Q[place[part[0][0]]][place[part[0][0]]] += c
            else:
                i, j = place[part[0][0]], place[part[1][0]]
                Q[i][j] += c / 2
                Q[j][i] += c / 2
        return indices, Q

    def quadratic_form(self, quadratic: dict[Monomial, fmpq]) -> Proof | None:
        if all(len(part) == 1 for part in quadratic):
            return SQUARES if all(c >= 0 for c in quadratic.values()) else None
        _, Q = self.matrix(quadratic)
        return QUADRATIC if is_positive_semidefinite(Q) else None

    # -------------------------------------------------------------- products of powers of atoms

    def product_convex(self, part: Monomial) -> Proof | None:
        """A proof that a product of powers of dependent atoms is convex."""
        if len(part) == 1 and part[0][1] == 1:
            return self.atom_convex(part[0][0])
        if len(part) == 1:
            return self._power_convex(*part[0]) or self._log_convex_product(part)
        return self._positive_product_convex(part) or self._log_convex_product(part)

    def product_concave(self, part: Monomial) -> Proof | None:
        """A proof that a product of powers of dependent atoms is concave."""
        if len(part) == 1 and part[0][1] == 1:
            return self.atom_concave(part[0][0])
        if len(part) == 1:
            return self._power_concave(*part[0])
        return self._geometric_mean(part)

    def _base(self, index: int) -> Expression:
        atom = self.table.atoms[index]
        return atom.arguments[0] if atom.kind == "sum" else Expression(self.table, {alone(index): ONE})

    def _power_convex(self, index: int, k: fmpq) -> Proof | None:
        base, r = self._base(index), self.table.atoms[index].range
        even = k.q == 1 and int(k.p) % 2 == 0
        if k > 0 and even and self.is_affine(base):
            return step("even power of affine", f"even power {k} of an affine form")
        if k >= 1 and ranges.is_nonnegative(r) and (inner := self.convex(base)):
            return step("power", f"power {k} of a convex nonnegative function", inner)
        if k >= 1 and even and ranges.is_nonpositive(r) and (inner := self.concave(base)):
            return step("power", f"even power {k} of a concave nonpositive function", inner)
        if k < 0 and ranges.is_positive(r) and (inner := self.concave(base)):
            return step("power", f"negative power {k} of a concave positive function", inner)
        if k < 0 and even and ranges.is_negative(r) and (inner := self.convex(base)):
            return step("power", f"negative even power {k} of a convex negative function", inner)
        if k >= HALF and self._is_squared_norm(base):
            return step("power of a Euclidean norm", f"power {2 * k} of the Euclidean norm of affine forms")
        hyperbolic = degree_two.is_hyperbolic(self.table, base, self.mask) or (even and self._is_minus_hyperbolic(base))
        if k < 0 and hyperbolic:
            words = f"negative power {k} of a positive hyperbolic form of degree two, whose root is concave"
            return step("power of a hyperbolic form", words)
        return power_sums.norm(self, base, k)

    def _power_concave(self, index: int, k: fmpq) -> Proof | None:
        base, r = self._base(index), self.table.atoms[index].range
        odd = k.q == 1 and int(k.p) % 2 == 1
        if 0 < k <= 1 and ranges.is_nonnegative(r) and (inner := self.concave(base)):
            return step("power", f"power {k} of a concave nonnegative function", inner)
        if k >= 1 and odd and ranges.is_nonpositive(r) and (inner := self.concave(base)):
            return step("power", f"odd power {k} of a concave nonpositive function", inner)
        if k < 0 and odd and ranges.is_negative(r) and (inner := self.convex(base)):
            return step("power", f"odd negative power {k} of a convex negative function", inner)
        if k < 0 and odd and self._is_minus_hyperbolic(base):
            words = f"odd negative power {k} of a negative form of degree two, hyperbolic but for the sign"
            return step("power of a hyperbolic form", words)
        if 0 < k <= HALF and degree_two.is_hyperbolic(self.table, base, self.mask):
            return step("power of a hyperbolic form", f"power {k} of a positive hyperbolic form of degree two")
        return power_sums.mean(self, base, k) or power_sums.reversed_norm(self, base, k)

    def _is_minus_hyperbolic(self, base: Expression) -> bool:
        return ranges.is_negative(self.table.range(base)) and degree_two.is_hyperbolic(
            self.table, self.table.scale(base, -1), self.mask
        )

    def _is_squared_norm(self, e: Expression) -> bool:
        """Whether e is a sum of squares of affine forms (nonnegative weights), homogenised constants included."""
        quadratic: dict[Monomial, fmpq] = {}
        linear: dict[int, fmpq] = {}
        if self.table.dependencies(e) & ~self.mask:
            return False
        constant = ZERO
        for part, c in e.terms.items():
            if part == UNIT:
                constant = c
            elif self.is_quadratic(part):
                quadratic[part] = c
            elif len(part) == 1 and part[0][1] == 1 and self.table.atoms[part[0][0]].kind == "variable":
                linear[part[0][0]] = c
            elif len(part) == 1 and part[0][1] == 2 and c > 0 and self.is_affine(self._base(part[0][0])):
                continue
            else:
                return False
        if not quadratic:
            return not linear and constant >= 0
        indices, Q = self.matrix(quadratic)
        if set(linear) - set(indices):
            return False
        b = [linear.get(i, ZERO) / 2 for i in indices]
        return is_positive_semidefinite([[*row, bi] for row, bi in zip(Q, b, strict=True)] + [[*b, constant]])

    def _positive_product_convex(self, part: Monomial) -> Proof | None:
        """prod u_i^k_i over positive affine u_i: all k_i < 0; or one k > 0 with total >= 1.

        The one with k > 0 may be any affine form when k is even, or convex and nonnegative when its power is >= 1.
        """
        below = [(i, k) for i, k in part if k < 0]
        above = [(i, k) for i, k in part if k > 0]
        premises: list[Proof] = []
        for i, _ in below:
            inner = self.concave(self._base(i)) if ranges.is_positive(self.table.atoms[i].range) else None
            if inner is None:
                return None
            premises.append(inner)
        if not above:
            words = "product of negative powers of concave positive functions"
            return step("product of negative powers", words, *premises)
        if len(above) != 1 or sum((k for _, k in part), ZERO) < 1:
            return None
        ((index, k),) = above
        base, r = self._base(index), self.table.atoms[index].range
        even = k.q == 1 and int(k.p) % 2 == 0
        words = "a power over a product of powers of concave positive functions, of total degree at least 1"
        if even and self.is_affine(base):
            return step("power over powers", words, *premises, AFFINE)
        inner = self.convex(base) if ranges.is_nonnegative(r) else None
        return step("power over powers", words, *premises, inner) if inner else None

    def _geometric_mean(self, part: Monomial) -> Proof | None:
        """prod u_i^k_i, u_i concave and nonnegative, k_i > 0 with sum at most 1, is concave."""
        if sum((k for _, k in part), ZERO) > 1 or any(k <= 0 for _, k in part):
            return None
        premises: list[Proof] = []
        for i, _ in part:
            inner = self.concave(self._base(i)) if ranges.is_nonnegative(self.table.atoms[i].range) else None
            if inner is None:
                return None
            premises.append(inner)
        return step("geometric mean", "weighted geometric mean of concave nonnegative functions", *premises)

    def _log_convex_product(self, part: Monomial) -> Proof | None:
        logarithm = self._log_of_product(part)
        inner = self.convex(logarithm) if logarithm is not None else None
        words = "exponential of a convex function (log-convex product)"
        return step("log-convex product", words, inner) if inner else None

    def _log_of_product(self, part: Monomial) -> Expression | None:
        if not all(ranges.is_positive(self.table.atoms[i].range) for i, _ in part):
            return None
        return Expression(self.table, self.table.log(self._product(part)).terms)

    # -------------------------------------------------------------- single atoms

    def atom_convex(self, index: int) -> Proof | None:
        """A proof that an atom is convex."""
        atom = self.table.atoms[index]
        if atom.kind == "variable":
            return AFFINE
        if atom.kind == "sum":
            return self._unfolded(self.convex(atom.arguments[0]))
        if atom.kind == "exp":
            inner = self.convex(atom.arguments[0])
            return step("exp", "exp of a convex function", inner) if inner else None
        if atom.kind == "max":
            premises = self._all_convex(atom.arguments)
            return step("maximum", "maximum of convex functions", *premises) if premises else None
        if atom.kind == "log":
            return self._log_convex_sum(atom.arguments[0])
        if atom.kind.startswith(KY_FAN):
            affine = all(self.is_affine(entry) for entry in atom.arguments)
            return step("Ky Fan", f"{atom.kind} of a matrix of affine entries") if affine else None
        chosen = self._chosen_by_data(atom, self.convex)
        if chosen is not None:
            return chosen
        if atom.kind == "where" and self.thorough:
            return compositions.convex_composition(self, self._product(alone(index)))
        return self._composition(atom.kind, atom.arguments, 1)

    def atom_concave(self, index: int) -> Proof | None:
        """A proof that an atom is concave."""
        atom = self.table.atoms[index]
        if atom.kind == "variable":
            return AFFINE
        if atom.kind == "sum":
            return self._unfolded(self.concave(atom.arguments[0]))
        if atom.kind == "log":
            inner = self.concave(atom.arguments[0])
            return step("log", "log of a concave function", inner) if inner else self._log_concave(atom.arguments[0])
        if atom.kind in ("exp", "max"):
            return None
        return self._chosen_by_data(atom, self.concave) or self._composition(atom.kind, atom.arguments, -1)

    def _chosen_by_data(self, atom: Atom, bent: Callable[[Expression], Proof | None]) -> Proof | None:
        """A choice by a comparison without decision variables, both sides of which are bent alike."""
        if atom.kind != "where" or self.depends(atom.arguments[1]):
            return None
        premises = [bent(side) for side in atom.arguments[2:]]
        known = [premise for premise in premises if premise]
        return step("choice by data", "a choice that the data make", *known) if len(known) == len(premises) else None

    def _unfolded(self, inner: Proof | None) -> Proof | None:
        return step("unfolded", "", inner) if inner else None

    def _composition(self, kind: str, arguments: tuple[Expression, ...], sign: int) -> Proof | None:
        """sign * h(u) convex: h bent the right way on the range of u, and u affine or bent to suit h's slope."""
        if kind not in shapes.SHAPES or len(arguments) != 1:
            return None
        (u,) = arguments
        r = self.table.range(u)
        if shapes.bend_on(kind, r) != sign:
            return None
        how = f"{kind}, {'convex' if sign > 0 else 'concave'} on {r},"
        if self.is_affine(u):
            return step("function of affine", f"{how} of an affine form")
        slope = shapes.slope_on(kind, r) * sign
        inner = self.convex(u) if slope > 0 else self.concave(u) if slope < 0 else None
        return step("composition", f"{how} composed by monotonicity", inner) if inner else None

    def _all_convex(self, operands: Sequence[Expression]) -> tuple[Proof, ...] | None:
        premises: list[Proof] = []
        for operand in operands:
            inner = self.convex(operand)
            if inner is None:
                return None
            premises.append(inner)
        return tuple(premises)

    def _log_convex_sum(self, p: Expression) -> Proof | None:
        """log of a sum of log-convex terms with nonnegative coefficients (log-sum-exp) is convex."""
        premises: list[Proof] = []
        for part, coefficient in [*by_monomial(self.groups(p)), (UNIT, self._resting(p))]:
            sign = self._sign(coefficient)
            if sign is None or sign < 0:
                return None
            if part == UNIT:
                continue
            inner = self._log_convex(part)
            if inner is None:
                return None
            premises.append(inner)
        return step("log-sum-exp", "log of a sum of log-convex terms", *premises)

    def _log_convex(self, part: Monomial) -> Proof | None:
        """A proof that the logarithm of a product of powers is convex."""
        if len(part) == 1 and part[0][1] > 0 and self._is_log_convex(part[0][0]):
            return step("log-convex function", "log-convex function of an affine form")
        logarithm = self._log_of_product(part)
        inner = self.convex(logarithm) if logarithm is not None else None
        return step("logarithm", "", inner) if inner else None

    def _is_log_convex(self, index: int) -> bool:
        """Whether the atom is a function that is listed as log-convex, of an affine form."""
        atom = self.table.atoms[index]
        known = atom.kind in shapes.SHAPES and len(atom.arguments) == 1 and self.is_affine(atom.arguments[0])
        return known and shapes.SHAPES[atom.kind].log_convex

    def _log_concave(self, p: Expression) -> Proof | None:
        """A proof that log p is concave although p is not."""
        if degree_two.is_hyperbolic(self.table, p, self.mask):
            return step("log of a hyperbolic form", "log of a positive hyperbolic form of degree two")
        if self._is_normal_tail(p):
            return step("log of a normal tail", "log of a normal distribution function of an affine form")
        return power_sums.reversed_norm(self, p, None)

    def _is_normal_tail(self, p: Expression) -> bool:
        """Whether p = c (1 + erf u) or c (1 - erf u) for an affine u and c > 0: integrals of a log-concave density."""
        others = [(m, c) for m, c in p.terms.items() if m != UNIT]
        if len(others) != 1 or abs(others[0][1]) != p.terms.get(UNIT):
            return False
        part = others[0][0]
        atom = self.table.atoms[part[0][0]]
        return len(part) == 1 and part[0][1] == 1 and atom.kind == "erf" and self.is_affine(atom.arguments[0])

    def _resting(self, e: Expression) -> Expression:
        terms = {m: c for m, c in e.terms.items() if not self.table.monomial_dependencies(m) & self.mask}
        return Expression(self.table, terms)

    # -------------------------------------------------------------- quotients, separable sums, perspectives

    def _convex_quotients(self, e: Expression) -> Proof | None:
        found = degree_two.convex_quotients(self.table, e, self.mask)
        if found is None:
            return None
        inner = self.convex(found.rest)
        return step("quotient of degree two", found.words, inner, denominator=found.place) if inner else None

    def _convex_entropies(self, e: Expression) -> Proof | None:
        found = entropies.without_relative_entropies(self, e)
        inner = self.convex(found.rest) if found is not None else None
        if found is None or inner is None:
            return None
        words = "relative entropies of affine and concave functions"
        return step("relative entropies", words, *found.premises, inner, entropies=found.places)

    def _convex_separable(self, e: Expression) -> Proof | None:
        """e as a sum of functions of disjoint sets of decision variables, each convex."""
        parts: list[tuple[int, dict[Monomial, fmpq]]] = []
        for monomial, c in e.terms.items():
            touched, terms = self.table.monomial_dependencies(monomial) & self.mask, {monomial: c}
            for other in [part for part in parts if part[0] & touched]:
                parts.remove(other)
                touched, terms = touched | other[0], {**other[1], **terms}
            parts.append((touched, terms))
        if sum(touched != 0 for touched, _ in parts) < 2:
            return None
        return self._convex_summands(e, [terms for touched, terms in parts if touched], "separable sum")

    def _convex_summands(self, e: Expression, summands: list[dict[Monomial, fmpq]], words: str) -> Proof | None:
        """A proof that each of these sums of terms of e is convex, the rest being affine."""
        premises = self._all_convex([Expression(self.table, terms) for terms in summands])
        return step("sum", words, *premises, summands=places(e, summands)) if premises else None

    def _convex_perspective(self, e: Expression) -> Proof | None:
        found = deperspectived(self.table, e, self.mask)
        if found is None:
            return None
        inner = Calculus(found.expression.table, self.mask).convex(found.expression)
        return step("perspective", "perspective", inner, divisor=found.divisor) if inner else None

    def _convex_linearised(self, e: Expression) -> Proof | None:
        straight = linearised(self.table, e)
        inner = None if straight == e else self._convex_outweighed(straight) or self._convex_by_lines(straight)
        return step("products of waves as sums", "products of sines and cosines as sums", inner) if inner else None

    def _convex_by_squares(self, e: Expression) -> Proof | None:
        found = gram_of_hessian(self.table, e, self.mask)
        if found is None:
            return None
        words = "polynomial whose Hessian is a sum of squares, by an exact Gram matrix"
        return step("sum of squares", words, basis=found.basis, gram=found.matrix)

    def _convex_gumbel(self, e: Expression) -> Proof | None:
        """-c log(a exp(v) - a) = -c log(1 - exp(-v)) - c v - c log a, where v = k exp(u), u affine, a, c, k > 0.

        1 - exp(-k exp(u)) is the integral of the log-concave density k exp(u - k exp(u)), hence log-concave in u
        (Prekopa): the first term is convex.
        """
        for monomial, c in sorted(e.terms.items(), key=itemgetter(0)):
            v = self._gumbel_argument(monomial) if c < 0 else None
            if v is None:
                continue
            rest = self.table.subtract(e, Expression(self.table, {monomial: c}))
            inner = self.convex(self.table.add(rest, self.table.scale(v, c)))
            if inner:
                words = "-log of 1 - exp(-exp(u)), a Gumbel distribution function of an affine form"
                return step("log of a Gumbel tail", words, inner, term=places(e, [{monomial: c}])[0][0])
        return None

    def _gumbel_argument(self, monomial: Monomial) -> Expression | None:
        """v = k exp(u), u affine and k > 0, if the monomial is log(a exp(v) - a) with a > 0."""
        atom = self.table.atoms[monomial[0][0]] if len(monomial) == 1 and monomial[0][1] == 1 else None
        if atom is None or atom.kind != "log":
            return None
        p = atom.arguments[0].terms
        others = [(m, c) for m, c in p.items() if m != UNIT]
        if len(others) != 1 or others[0][1] <= 0 or p.get(UNIT) != -others[0][1]:
            return None
        v = self._exponents_of(others[0][0])
        if v is None or len(v.terms) != 1:
            return None
        ((inner, k),) = v.terms.items()
        u = self._exponents_of(inner)
        return v if k > 0 and u is not None and self.is_affine(u) else None

    def _exponents_of(self, monomial: Monomial) -> Expression | None:
        """u, if the monomial is exp(u)."""
        atom = self.table.atoms[monomial[0][0]] if len(monomial) == 1 and monomial[0][1] == 1 else None
        u: Expression | None = atom.arguments[0] if atom is not None and atom.kind == "exp" else None
        return u

    def _convex_by_minors(self, e: Expression) -> Proof | None:
        found = minors.hessian_minors(self.table, e, self.mask)
        if found is None:
            return None
        shown, tree = minors.subdivision(*found)
        words = "principal minors of the Hessian, polynomials that are nonnegative by Bernstein coefficients"
        return step("minors", words, halves=tree) if shown else None

    # -------------------------------------------------------------- shifts

    def _convex_shifted(self, e: Expression) -> Proof | None:
        """c A(v_1, ...) = c A(v_1 + s, ...) - c s for A = max or log-sum-exp: back to what the normal form took out."""
        for part, coefficient in self.groups(e).items():
            if len(part) != 1 or part[0][1] != 1:
                continue
            index, c = part[0][0], coefficient.constant()
            operands = self._operands(index)
            if operands is None or c is None or c <= 0:
                continue
            if not self._may_shift():
                return None
            rest = self.table.subtract(e, Expression(self.table, {part: c}))
            for shift in self._shifts(operands, self.table.scale(rest, 1 / c)):
                moved = tuple(self.table.add(v, shift) for v in operands)
                remaining = self.table.subtract(rest, self.table.scale(shift, c))
                if remaining != e and (inner := self._all_convex(moved)):
                    others = self.convex(remaining)
                    if others:
                        kind = "maximum" if self.table.atoms[index].kind == "max" else "log-sum-exp"
                        words = f"{kind} of convex functions after a common shift"
                        place = places(e, [{part: c}])[0][0]
                        return step("common shift", words, *inner, others, term=place, shift=to_json(shift))
        return None

    def _may_shift(self) -> bool:
        """Count a shift: sums of many maxima have exponentially many, and a proof needs few."""
        self._shifts_tried += 1
        return self._shifts_tried <= MOST_SHIFTS

    def _operands(self, index: int) -> tuple[Expression, ...] | None:
        """The operands of a maximum, or the exponents of a log-sum-exp with positive number coefficients."""
        atom = self.table.atoms[index]
        if atom.kind == "max":
            return atom.arguments
        if atom.kind != "log" or len(atom.arguments[0].terms) < 2:
            return None
        exponents = []
        for monomial, c in atom.arguments[0].terms.items():
            if c <= 0:
                return None
            exponents.append(self.table.log(Expression(self.table, {monomial: c})))
        return None if any(x.needs for x in exponents) else tuple(exponents)

    def _shifts(self, operands: tuple[Expression, ...], rest: Expression) -> list[Expression]:
        """Candidates: all of the rest that is not affine; minus the terms of an operand that are not convex."""
        bent = {
            m: c
            for part, coefficient in self.groups(rest).items()
            if not self.is_affine_product(part)
            for m, c in self.table.multiply(coefficient, self._product(part)).terms.items()
        }
        candidates = [Expression(self.table, bent)] if bent else []
        for operand in operands:
            wrong: dict[Monomial, fmpq] = {}
            for part, coefficient in self.groups(operand).items():
                if not self.is_affine_product(part) and self._convex_term(coefficient, part) is None:
                    wrong.update(self.table.multiply(coefficient, self._product(part)).terms)
            if wrong:
                candidates.append(self.table.scale(Expression(self.table, wrong), -1))
        return list(dict.fromkeys(c for c in candidates if c.terms))

    # -------------------------------------------------------------- quadratic forms against bounded curvature

    def _convex_outweighed(self, e: Expression) -> Proof | None:
        """Hessian >= Q + sum (least second derivative of h_i) a_i a_i' >= 0, for terms c h_i(a_i.x + b_i)."""
        quadratic: dict[Monomial, fmpq] = defaultdict(fmpq)
        premises: list[Proof] = []
        bounded: list[int] = []
        for place, (part, coefficient) in enumerate(by_monomial(self.groups(e))):
            if self.is_affine_product(part):
                continue
            c = coefficient.constant()
            if c is not None and self.is_quadratic(part):
                quadratic[part] += c
                continue
            added = self._square_of(part, c)
            if not added and (proof := self._convex_part(coefficient, part)) is not None:
                premises.append(proof)
                continue
            if not added:
                bound = self._curvature_bound(part, c)
                if bound is None:
                    return None
                bounded.append(place)
                added = bound
            for m, k in added.items():
                quadratic[m] += k
        if not bounded or not quadratic:
            return None
        proof = self.quadratic_form({m: k for m, k in quadratic.items() if k != 0})
        words = "a quadratic form outweighs bounded second derivatives"
        return step("outweighed", words, *premises, bounded=bounded) if proof else None

    def _square_of(self, part: Monomial, c: fmpq | None) -> dict[Monomial, fmpq]:
        """The quadratic terms of c u^2 for affine u with numbers as coefficients; nothing for any other convex term."""
        if c is None or len(part) != 1 or part[0][1] != 2:
            return {}
        return self.quadratic_of_affine(self._base(part[0][0]), c) or {}

    def quadratic_of_affine(self, u: Expression, weight: fmpq) -> dict[Monomial, fmpq] | None:
        """weight (a.x)^2 for u = a.x + b."""
        slopes = {part: c.constant() for part, c in self.groups(u).items()}
        if not self.is_affine(u) or any(c is None for c in slopes.values()):
            return None
        if any(self.table.atoms[part[0][0]].kind != "variable" for part in slopes):
            return None
        linear = Expression(self.table, {part: c for part, c in slopes.items() if c is not None})
        squared = self.table._multiplied_out(linear, linear, linear.needs)
        return {m: weight * c for m, c in squared.terms.items()}

    def _curvature_bound(self, part: Monomial, c: fmpq | None) -> dict[Monomial, fmpq] | None:
        if c is None or len(part) != 1 or part[0][1] != 1:
            return None
        atom = self.table.atoms[part[0][0]]
        if atom.kind in shapes.SHAPES and self.table.atoms[part[0][0]].kind not in ("exp", "log"):
            second, u = shapes.SHAPES[atom.kind].second, atom.arguments[0]
        elif (v := self._softplus_argument(part[0][0])) is not None:
            second, u = Interval(ZERO, fmpq(1, 4)), v
        else:
            return None
        least = ranges.scale(second, c).lo
        return None if least is None else self.quadratic_of_affine(u, least / 2)

    def _softplus_argument(self, index: int) -> Expression | None:
        """v for the atom log(a + b exp(v)), a, b > 0: its second derivative in v lies in [0, 1/4]."""
        atom = self.table.atoms[index]
        if atom.kind != "log" or len(atom.arguments[0].terms) != 2 or UNIT not in atom.arguments[0].terms:
            return None
        ((m, b),) = ((m, b) for m, b in atom.arguments[0].terms.items() if m != UNIT)
        is_exp = len(m) == 1 and m[0][1] == 1 and self.table.atoms[m[0][0]].kind == "exp"
        if not is_exp or b <= 0 or atom.arguments[0].terms[UNIT] <= 0:
            return None
        v: Expression = self.table.atoms[m[0][0]].arguments[0]
        return v

    # -------------------------------------------------------------- functions of one affine form

    def _convex_by_lines(self, e: Expression) -> Proof | None:
        """e as a sum of affine terms, convex terms, and functions of one affine form each, convex on the line."""
        summands: list[dict[Monomial, fmpq]] = []
        premises: list[Proof] = []
        on_lines: dict[Expression, dict[Monomial, fmpq]] = defaultdict(dict)
        for part, coefficient in self.groups(e).items():
            if self.is_affine_product(part):
                continue
            c, form = coefficient.constant(), self.form_of(part)
            if c is not None and form is not None:
                on_lines[form][part] = c
            elif (proof := self._convex_term(coefficient, part)) is not None:
                premises.append(proof)
                summands.append({m: k for m, k in e.terms.items() if self._moving(m) == part})
            else:
                return None
        if not on_lines:
            return None
        for form, terms in on_lines.items():
            proof = self._convex_on_line(form, terms)
            if proof is None:
                return None
            premises.append(proof)
            summands.append(terms)
        return step("sum", "", *premises, summands=places(e, summands))

    def _convex_on_line(self, form: Expression, terms: dict[Monomial, fmpq]) -> Proof | None:
        """A sum of functions of one form: without its transcendental terms that are smooth and convex, or with them.

        What is left of kinked terms is piecewise polynomial more often than not, and so decided exactly.
        """
        summands: list[dict[Monomial, fmpq]] = []
        premises: list[Proof] = []
        rest: dict[Monomial, fmpq] = {}
        for part, c in terms.items():
            proof = self._convex_term(self.table.number(c), part) if self._is_smooth_function(part) else None
            if proof is None:
                rest[part] = c
            else:
                premises.append(proof)
                summands.append({part: c})
        whole = Expression(self.table, terms)
        if premises and rest:
            proof = convex_in_one_form(self.table, Expression(self.table, rest), form)
            if proof is not None:
                return step("sum", "", *premises, proof, summands=places(whole, [*summands, rest]))
        return convex_in_one_form(self.table, whole, form)

    def _is_smooth_function(self, part: Monomial) -> bool:
        """Whether a product has transcendental factors and no kinks in sight."""
        kinds = [self.table.atoms[i].kind for i, _ in part]
        kinked = innermost_kink(self.table, self._product(part)) is not None
        return not kinked and any(kind not in ("variable", "sum", "number") for kind in kinds)

    def form_of(self, part: Monomial) -> Expression | None:
        """The affine form u (leading coefficient 1, no constant) such that the product is a function of u alone."""
        forms: set[Expression] = set()
        if not all(self._collect_forms(i, forms) for i, _ in part):
            return None
        if len(forms) != 1:  # multiples by irrational numbers, as long as there is one variable, are functions of it
            bits = self.table.monomial_dependencies(part)
            return self.table.variable_of(bits) if forms and bits & (bits - 1) == 0 else None
        return forms.pop()

    def _collect_forms(self, index: int, forms: set[Expression]) -> bool:
        atom = self.table.atoms[index]
        if atom.kind == "variable":
            forms.add(Expression(self.table, {alone(index): ONE}))
            return True
        arguments = [a for a in atom.arguments if isinstance(a, Expression)]
        if not arguments:
            return False
        return all(self._forms_in(a, forms) for a in arguments)

    def _forms_in(self, e: Expression, forms: set[Expression]) -> bool:
        """Add the affine forms of e; a sum of affine terms is one form, with the parameters in it."""
        if not e.terms or e.constant() is not None:
            return True
        if self.is_affine(e) and self.depends(e):
            free = {m: c for m, c in e.terms.items() if m != UNIT}
            forms.add(self.table.scale(Expression(self.table, free), 1 / free[max(free)]))
            return True
        if not self.depends(e):
            return False
        affine = {m: c for m, c in e.terms.items() if m != UNIT and self._is_affine_or_free(m)}
        if affine:
            forms.add(self.table.scale(Expression(self.table, affine), 1 / affine[max(affine)]))
        return all(self._collect_forms(i, forms) for m in e.terms if m != UNIT and m not in affine for i, _ in m)

    def _is_affine_or_free(self, monomial: Monomial) -> bool:
        moving = self._moving(monomial)
        return not moving or self.is_affine_product(moving)

    # -------------------------------------------------------------- strictness

    def strictly_convex(self, e: Expression) -> Proof | None:
        """Every term convex, and some strictly so along affine forms whose coefficients span the decision space.

        Terms that are convex only together (outweighed, shifted) do not count: taking the strict term away must leave
        a convex function.
        """
        e = Expression(self.table, e.terms)
        proof = self._convex_termwise(e)
        if proof is None:
            return None
        bits = [b for b in range(len(self.table.names)) if self.mask >> b & 1]
        rows = self._strict_directions(e)
        if not rows:
            return None
        gram = [[sum((row.get(i, ZERO) * row.get(j, ZERO) for row in rows), ZERO) for j in bits] for i in bits]
        p, _, _ = inertia(gram)
        if p < len(bits):
            return None
        return step("strict along forms", "strictly convex functions of affine forms that span the space", proof)

    def _strict_directions(self, e: Expression) -> list[dict[int, fmpq]]:
        rows: list[dict[int, fmpq]] = []
        quadratic: dict[Monomial, fmpq] = {}
        for part, coefficient in self.groups(e).items():
            if self.is_quadratic(part) and (c := coefficient.constant()) is not None:
                quadratic[part] = c
                continue
            r = self.table.range(coefficient)
            if not ranges.is_positive(r) and not ranges.is_negative(r):
                continue
            u = self._strict_argument(part, 1 if ranges.is_positive(r) else -1)
            row = self._coefficients(u) if u is not None else None
            if row is not None:
                rows.append(row)
        if quadratic:
            rows += self._definite_directions(quadratic)
        return rows

    def flat_directions(self, e: Expression) -> list[dict[int, fmpq]]:
        """Directions along which every bent term of e keeps its argument, so that e is affine along them.

        Every term must be affine or a function of affine forms with numbers as coefficients; a basis of the common
        kernel of the forms' slopes.
        """
        bits = [b for b in range(len(self.table.names)) if self.mask >> b & 1]
        rows: list[dict[int, fmpq]] = []
        for part in self.groups(e):
            if self.is_affine_product(part):
                if self.table.atoms[part[0][0]].kind != "variable":
                    return []
                continue
            if not all(self._slopes(index, rows) for index, _ in part):
                return []
        matrix = fmpq_mat([[row.get(b, ZERO) for b in bits] for row in rows]) if rows else fmpq_mat(1, len(bits))
        return [dict(zip(bits, v, strict=True)) for v in _kernel(matrix)]

    def _slopes(self, index: int, rows: list[dict[int, fmpq]]) -> bool:
        """Add the slopes of all affine forms that the atom is a function of; False if it is no such function."""
        atom = self.table.atoms[index]
        if atom.kind == "variable":
            rows.append({atom.dependencies.bit_length() - 1: ONE})
            return True
        if not atom.dependencies & self.mask:
            return True
        arguments = [a for a in atom.arguments if isinstance(a, Expression)]
        for argument in arguments:
            row = self._coefficients(argument)
            if row is not None:
                rows.append(row)
            elif not all(self._slopes(i, rows) for m in argument.terms for i, _ in m):
                return False
        return bool(arguments)

    def _definite_directions(self, quadratic: dict[Monomial, fmpq]) -> list[dict[int, fmpq]]:
        """Rows of a PSD Q: x'Qx is strictly convex along each of them (Qd = 0 exactly when d'Qd = 0)."""
        indices, Q = self.matrix(quadratic)
        if not is_positive_semidefinite(Q):
            return []
        bits = [self.table.atoms[i].dependencies.bit_length() - 1 for i in indices]
        return [dict(zip(bits, row, strict=True)) for row in Q]

    def _strict_argument(self, part: Monomial, sign: int) -> Expression | None:
        """u, if sign times the product is a strictly convex function of the affine form u."""
        if len(part) != 1:
            return None
        index, k = part[0]
        atom = self.table.atoms[index]
        base = self._base(index)
        if sign > 0 and k > 0 and k.q == 1 and int(k.p) % 2 == 0 and self.is_affine(base):
            return base
        positive = ranges.is_positive(atom.range) and self.is_affine(base)
        if positive and ((sign > 0 and (k < 0 or k > 1)) or (sign < 0 and 0 < k < 1)):
            return base
        if k != 1:
            return None
        if sign > 0 and (v := self._softplus_argument(index)) is not None and self.is_affine(v):
            return v
        if atom.kind in shapes.SHAPES and len(atom.arguments) == 1 and self.is_affine(atom.arguments[0]):
            u: Expression = atom.arguments[0]
            return u if shapes.bend_on(atom.kind, self.table.range(u)) == sign and atom.kind != "sign" else None
        return None

    def _coefficients(self, u: Expression) -> dict[int, fmpq] | None:
        row: dict[int, fmpq] = {}
        for part, c in self.groups(u).items():
            number = c.constant()
            if number is None or not self.is_affine_product(part) or self.table.atoms[part[0][0]].kind != "variable":
                return None
            row[self.table.atoms[part[0][0]].dependencies.bit_length() - 1] = number
        return row

    # -------------------------------------------------------------- monotonicity

    def nondecreasing(self, e: Expression) -> Proof | None:
        """A proof that e is non-decreasing in each decision variable, the others fixed."""
        premises: list[Proof] = []
        for bit in range(len(self.table.names)):
            if self.mask >> bit & 1 and self.table.dependencies(e) >> bit & 1:
                one = Calculus(self.table, 1 << bit)
                proof = one.rising(e)
                if proof is None:
                    return None
                premises.append(proof)
        return step("rising in each variable", "" if premises else "constant", *premises)

    def rising(self, e: Expression) -> Proof | None:
        """A proof that e is non-decreasing in the one variable of the mask."""
        return self._remember("rising", e, self._rising)

    def falling(self, e: Expression) -> Proof | None:
        """A proof that e is non-increasing in the one variable of the mask."""
        return self.rising(self.table.scale(e, -1))

    def _rising(self, e: Expression) -> Proof | None:
        e = Expression(self.table, e.terms)
        return self._rising_termwise(e) or self._rising_by_derivative(e) or self._rising_shifted(e)

    def _rising_termwise(self, e: Expression) -> Proof | None:
        premises: list[Proof] = []
        for part, coefficient in by_monomial(self.groups(e)):
            sign = self._sign(coefficient)
            moved = self._product_moves(part, sign) if sign else None
            if moved is None:
                return None
            premises += moved
        return step("rising terms", "sum of non-decreasing terms", *premises)

    def _product_moves(self, part: Monomial, sign: int) -> list[Proof] | None:
        """Proofs that sign times the product is non-decreasing: nonnegative factors all moving one way, or one factor.

        One for each argument of each factor; None if some of them is missing.
        """
        if len(part) == 1:
            return self._power_moves(*part[0], sign)
        proofs: list[Proof] = []
        for i, k in part:
            nonnegative = ranges.is_nonnegative(ranges.power(self.table.atoms[i].range, k))
            moved = self._power_moves(i, k, sign) if nonnegative else None
            if moved is None:
                return None
            proofs += moved
        return proofs

    def _power_moves(self, index: int, k: fmpq, sign: int) -> list[Proof] | None:
        r = self.table.atoms[index].range
        odd = k.q == 1 and int(k.p) % 2 == 1
        if k > 0 and (odd or ranges.is_nonnegative(r)):
            return self._atom_moves(index, sign)
        if k < 0 and ranges.is_positive(r):
            return self._atom_moves(index, -sign)
        if k < 0 and ranges.is_negative(r):
            return self._atom_moves(index, -sign if odd else sign)
        if k > 0 and ranges.is_nonpositive(r):
            return self._atom_moves(index, -sign)
        return None

    def _atom_moves(self, index: int, sign: int) -> list[Proof] | None:
        atom = self.table.atoms[index]
        if atom.kind == "variable":
            return [] if sign > 0 else None
        if atom.kind in ("sum", "exp", "log", "max"):
            return self._all_moving(atom.arguments, sign)
        if atom.kind in shapes.SHAPES and len(atom.arguments) == 1:
            slope = shapes.slope_on(atom.kind, self.table.range(atom.arguments[0]))
            return self._all_moving(atom.arguments, sign * slope) if slope else None
        return None

    def _all_moving(self, arguments: Sequence[Expression], sign: int) -> list[Proof] | None:
        proofs: list[Proof] = []
        for u in arguments:
            proof = self.rising(u) if sign > 0 else self.falling(u)
            if proof is None:
                return None
            proofs.append(proof)
        return proofs

    def _rising_shifted(self, e: Expression) -> Proof | None:
        """c A(v_i) + rest = c A(v_i + rest / c): each operand non-decreasing."""
        for part, coefficient in self.groups(e).items():
            c = coefficient.constant()
            operands = self._operands(part[0][0]) if len(part) == 1 and part[0][1] == 1 else None
            if operands is None or c is None or c == 0:
                continue
            if not self._may_shift():
                return None
            rest = self.table.scale(self.table.subtract(e, Expression(self.table, {part: c})), 1 / c)
            moved = self._all_moving([self.table.add(v, rest) for v in operands], 1 if c > 0 else -1)
            if moved is not None:
                words = "operands of a maximum or log-sum-exp all move the right way"
                return step("rising operands", words, *moved, term=places(e, [{part: c}])[0][0])
        return None

    def _rising_by_derivative(self, e: Expression) -> Proof | None:
        bit = self.mask.bit_length() - 1
        try:
            slope = derivative(self.table, e, bit)
        except NotSmoothError:
            return None
        if slope.needs:
            return None
        if ranges.is_nonnegative(self.table.range(slope)):
            return step("derivative", "the derivative is nonnegative by ranges", by="range")
        if nonnegative_polynomial(self.table, slope):
            return step("derivative", "the derivative is a nonnegative polynomial", by="polynomial")
        return None


def _kernel(matrix: fmpq_mat) -> list[list[fmpq]]:
    """A basis of {v : matrix v = 0}, by the reduced row echelon form."""
    reduced, rank = matrix.rref()
    pivots, columns = [], matrix.ncols()
    for row in range(rank):
        pivots.append(next(j for j in range(columns) if reduced[row, j] != 0))
    basis = []
    for free in (j for j in range(columns) if j not in pivots):
        v = [ZERO] * columns
        v[free] = ONE
        for row, pivot in enumerate(pivots):
            v[pivot] = -reduced[row, free]
        basis.append(v)
    return basis
