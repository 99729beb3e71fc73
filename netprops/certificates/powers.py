"""Rules for powers and products of powers: norms, means, quotients."""

from __future__ import annotations

from collections.abc import Sequence

from flint import fmpq

from netprops.certificates.goals import (
    Goal,
    Parameters,
    convex,
    demand_hyperbolic,
    is_even,
    is_whole,
    logarithm,
    nonnegative_parts,
    power_shape,
    product,
    rule,
)
from netprops.certificates.refusals import demand
from netprops.certificates.views import CONSTANT, ZERO, View, dense, semidefinite
from netprops.readings import ranges
from netprops.readings.polynomials import Expression, Monomial


@rule("power")
def _power(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """Composition with a power on numbers of one sign: convex and monotone, of what bends to suit the slope."""
    index, k, sign = view.factor(e)
    bend, slope = power_shape(k, view.atom(index).range)
    demand(bend * sign > 0, "{} bends the wrong way on {}", e, view.atom(index).range)
    return [convex(view, view.base(index), slope * sign)]


@rule("even power of affine")
def _even_power(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """Even whole powers of affine forms are convex."""
    index, k, sign = view.factor(e)
    demand(sign > 0 and k > 0 and is_even(k), "{} is no even power", k)
    demand(view.is_affine(view.base(index)), "{} is not affine", view.base(index))
    return []


@rule("power of a Euclidean norm")
def _power_of_norm(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """|Ax + b|^(2k) is convex for k >= 1/2: sums of squares are z'Mz, z = (x, 1), with M positive semidefinite, and
    c u^2 with c > 0 and an affine u that is no such row, as a number known only by its name is.
    """
    index, k, sign = view.factor(e)
    base = view.base(index)
    demand(sign > 0 and 2 * k >= 1, "{} is no power of a norm that is convex", 2 * k)
    demand(not view.table.dependencies(base) & ~view.mask, "{} has parameters", base)
    Q = view.quadratic({part: c for part, c in base.terms.items() if not (c > 0 and _is_square(view, part))})
    demand(
        Q is not None and semidefinite(dense(Q, sorted({i for i, _ in Q} | {CONSTANT}))),
        "{} is no sum of squares",
        base,
    )
    return []


def _is_square(view: View, part: Monomial) -> bool:
    """Whether a monomial is the square of an affine value that is no row of variables."""
    if len(part) != 1 or part[0][1] != 2 or view.atom_row(part[0][0]) is not None:
        return False
    return view.is_affine(view.base(part[0][0]))


@rule("power of a hyperbolic form")
def _power_of_hyperbolic(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """q^k is convex for k < 0 and concave for 0 < k <= 1/2, q > 0 of degree two with one positive eigenvalue.

    Where q = z'Qz > 0 with one positive eigenvalue, sqrt q is concave (the reversed inequality of Cauchy and Schwarz).
    """
    index, k, sign = view.factor(e)
    base = view.base(index)
    if ranges.is_negative(view.range(base)):
        demand(is_whole(k), "a power {} of a negative number", k)
        base, sign = view.table.scale(base, -1), sign if is_even(k) else -sign
    demand_hyperbolic(view, base)
    demand(k < 0 if sign > 0 else 0 < 2 * k <= 1, "the power {} bends the other way", k)
    return []


@rule("norm")
def _norm(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """(sum c_i g_i)^k is convex for 0 < k < 1, c_i >= 0, if every g_i^k is convex and nonnegative (a 1/k-norm)."""
    index, k, sign = view.factor(e)
    demand(sign > 0 and 0 < k < 1, "{} is no norm", e)
    goals = [
        Goal("norm operand", product(view, part), view.mask, k) for part in nonnegative_parts(view, view.base(index))
    ]
    demand(len(goals) > 0, "a norm of nothing")
    return goals


@rule("modulus of affine", "norm operand")
def _modulus(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """u^m to the power k is |u|^(m k), convex for affine u, even m and m k >= 1."""
    index, m, sign = view.factor(e)
    demand(sign > 0 and is_even(m) and m * parameters["_power"] >= 1, "{} is no even power", e)
    demand(view.is_affine(view.base(index)), "{} is not affine", view.base(index))
    return []


@rule("convex operand", "norm operand")
def _convex_operand(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """g^m to the power k is g^(m k), convex for convex g >= 0 and m k >= 1."""
    index, m, sign = view.factor(e)
    demand(sign > 0 and m * parameters["_power"] >= 1, "the power {} is less than 1", m * parameters["_power"])
    demand(ranges.is_nonnegative(view.atom(index).range), "{} may be negative", view.base(index))
    return [convex(view, view.base(index))]


@rule("power mean")
def _power_mean(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """(sum c_i u_i^m_i)^k is concave for k < 0 or k > 1, 0 < m_i k <= 1, c_i >= 0, concave u_i > 0 (Minkowski).

    With p = 1/k < 1 it is (sum g_i^p)^(1/p), concave and rising on the orthant, of the concave g_i = c_i^k u_i^(m_i k).
    """
    index, k, sign = view.factor(e)
    demand(sign < 0 and (k < 0 or k > 1), "{} is not minus a mean", e)
    goals = []
    for part in nonnegative_parts(view, view.base(index)):
        demand(len(part) == 1 and 0 < part[0][1] * k <= 1, "{} has no fitting power", product(view, part))
        demand(ranges.is_positive(view.atom(part[0][0]).range), "{} is not known to be positive", product(view, part))
        goals.append(convex(view, view.base(part[0][0]), -1))
    demand(len(goals) > 0, "a mean of nothing")
    return goals


@rule("reversed norm")
def _reversed_norm(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """(c g^p - sum c_i g_i)^k is concave where it is positive, for p > 1, 0 < k p <= 1, c, c_i >= 0, concave g >= 0 and
    convex g_i^(1/p) >= 0 (Bellman): for k = 1/p it is concave in these and rises in g, falls in the others.  So is
    its log.
    """
    index, k, sign = view.factor(e)
    of_logarithm = k == 1 and view.atom(index).kind == "log"
    base = view.atom(index).arguments[0] if of_logarithm else view.base(index)
    demand(sign < 0, "{} is not minus a reversed norm", e)
    demand(ranges.is_positive(view.range(base)), "{} is not known to be positive", base)
    demand(view.sign(view.resting(base)) in (0, -1), "{} may be positive", view.resting(base))
    parts = view.parts(base)
    above = [part for part, c in parts if view.sign(c) == 1]
    demand(all(view.sign(c) in (1, -1) for _, c in parts), "a coefficient of unknown sign in {}", base)
    demand(len(above) == 1 and len(above[0]) == 1, "{} has not one positive part", base)
    g, p = above[0][0]
    demand(p > 1 and (of_logarithm or 0 < k * p <= 1), "no fitting powers {} and {}", p, k)
    demand(ranges.is_nonnegative(view.atom(g).range), "{} may be negative", view.base(g))
    below = [part for part, _ in parts if part not in above]
    operands = [Goal("norm operand", product(view, part), view.mask, 1 / p) for part in below]
    return [convex(view, view.base(g), -1), *operands]


def _concave_positive(view: View, factors: Sequence[tuple[int, fmpq]], *, strict: bool = True) -> list[Goal]:
    goals = []
    for index, _ in factors:
        r = view.atom(index).range
        demand(
            ranges.is_positive(r) if strict else ranges.is_nonnegative(r), "{} may be negative or 0", view.base(index)
        )
        goals.append(convex(view, view.base(index), -1))
    return goals


@rule("product of negative powers")
def _negative_powers(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """prod u_i^k_i is convex for k_i < 0 and concave u_i > 0: its logarithm is."""
    part, sign = view.single(e)
    demand(sign > 0 and all(k < 0 for _, k in part), "{} is no product of negative powers", e)
    return _concave_positive(view, part)


@rule("power over powers")
def _power_over_powers(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """g^p / prod u_i^q_i is convex for p >= 1 + sum q_i, concave u_i > 0, convex g >= 0 (affine g if p is even)."""
    part, sign = view.single(e)
    above, below = [f for f in part if f[1] > 0], [f for f in part if f[1] < 0]
    demand(sign > 0 and len(above) == 1 and len(below) > 0, "{} is no power over powers", e)
    demand(sum((k for _, k in part), ZERO) >= 1, "{} is of a degree below 1", e)
    index, p = above[0]
    if not ranges.is_nonnegative(view.atom(index).range):
        demand(is_even(p) and view.is_affine(view.base(index)), "{} may be negative", view.base(index))
    return [*_concave_positive(view, below), convex(view, view.base(index))]


@rule("geometric mean")
def _geometric_mean(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """prod u_i^k_i is concave for k_i > 0 with sum <= 1 and concave u_i >= 0."""
    part, sign = view.single(e)
    demand(sign < 0 and all(k > 0 for _, k in part), "{} is not minus a product of positive powers", e)
    demand(sum((k for _, k in part), ZERO) <= 1, "{} is of a degree above 1", e)
    return _concave_positive(view, part, strict=False)


@rule("log-convex product")
def _log_convex_product(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """A positive product is convex if its logarithm is."""
    part, sign = view.single(e)
    demand(sign > 0, "{} is minus a product", e)
    return [convex(view, logarithm(view, part))]
