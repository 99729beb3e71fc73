"""Rules for single functions: composition, maxima, logarithms of sums."""

from __future__ import annotations

from netprops.certificates.goals import (
    Goal,
    Parameters,
    convex,
    demand_hyperbolic,
    logarithm,
    nonnegative_parts,
    product,
    rule,
)
from netprops.certificates.refusals import demand
from netprops.certificates.views import ZERO, View
from netprops.domains import Interval
from netprops.readings import shapes
from netprops.readings.polynomials import KY_FAN, UNIT, Expression


@rule("unfolded")
def _unfolded(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """A sum that stands as one factor is that sum."""
    atom, sign = view.function(e, "sum")
    return [convex(view, atom.arguments[0], sign)]


@rule("exp")
def _exp(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """exp of a convex function is convex."""
    atom, sign = view.function(e, "exp")
    demand(sign > 0, "{} is minus an exponential", e)
    return [convex(view, atom.arguments[0])]


@rule("maximum")
def _maximum(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """The maximum of convex functions is convex."""
    atom, sign = view.function(e, "max")
    demand(sign > 0, "{} is minus a maximum", e)
    return [convex(view, a) for a in atom.arguments]


@rule("choice by data")
def _choice_by_data(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """A choice between two convex functions is convex if the comparison that makes it has no decision variables."""
    atom, sign = view.function(e, "where")
    _, compared, *sides = atom.arguments
    demand(view.rests(compared), "{} decides, which moves", compared)
    return [convex(view, side, sign) for side in sides]


@rule("log")
def _log(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """log of a concave function is concave, where it is real."""
    atom, sign = view.function(e, "log")
    demand(sign < 0, "{} is a logarithm, not minus one", e)
    return [convex(view, atom.arguments[0], -1)]


@rule("log-sum-exp")
def _log_sum_exp(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """The logarithm of a sum of log-convex functions with coefficients >= 0 is convex."""
    atom, sign = view.function(e, "log")
    demand(sign > 0, "{} is minus a logarithm", e)
    return [Goal("log-convex", product(view, part), view.mask) for part in nonnegative_parts(view, atom.arguments[0])]


@rule("log-convex function", "log-convex", "norm operand")
def _log_convex_function(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """Positive powers of a log-convex function (`shapes`) of an affine form are log-convex."""
    index, k, sign = view.factor(e)
    demand(sign > 0 and k > 0, "{} is no positive power", e)
    atom = view.atom(index)
    known = atom.kind in shapes.SHAPES and shapes.SHAPES[atom.kind].log_convex and len(atom.arguments) == 1
    demand(known, "{} is not listed as log-convex", atom.kind)
    demand(view.is_affine(atom.arguments[0]), "{} is not affine", atom.arguments[0])
    return []


@rule("logarithm", "log-convex", "norm operand")
def _log_convex(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """A positive product is log-convex if its logarithm is convex; so are its positive powers."""
    part, sign = view.single(e)
    demand(sign > 0, "{} is negative", e)
    return [convex(view, logarithm(view, part))]


@rule("log of a hyperbolic form")
def _log_of_hyperbolic(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """log q is concave, q > 0 of degree two with one positive eigenvalue: twice the logarithm of its concave root."""
    atom, sign = view.function(e, "log")
    demand(sign < 0, "{} is a logarithm, not minus one", e)
    demand_hyperbolic(view, atom.arguments[0])
    return []


@rule("log of a normal tail")
def _log_of_normal_tail(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """log(c (1 + erf u)) and log(c (1 - erf u)) are concave for c > 0, affine u: integrals of a log-concave density."""
    atom, sign = view.function(e, "log")
    p = atom.arguments[0]
    rest = {m: c for m, c in p.terms.items() if m != UNIT}
    demand(sign < 0 and len(rest) == 1 and p.terms.get(UNIT, ZERO) > 0, "{} is no tail of a normal distribution", p)
    ((m, c),) = rest.items()
    demand(abs(c) == p.terms[UNIT] and len(m) == 1 and m[0][1] == 1, "{} is no tail of a normal distribution", p)
    erf = view.atom(m[0][0])
    demand(erf.kind == "erf" and view.is_affine(erf.arguments[0]), "{} is no tail of a normal distribution", p)
    return []


def _shape_of(view: View, e: Expression) -> tuple[str, Expression, int, Interval]:
    index, k, sign = view.factor(e)
    atom = view.atom(index)
    demand(k == 1 and atom.kind in shapes.SHAPES and len(atom.arguments) == 1, "{} is no function of `shapes`", e)
    u: Expression = atom.arguments[0]
    r = view.range(u)
    demand(shapes.bend_on(atom.kind, r) == sign, "{} is not known to bend so on {}", e, r)
    return atom.kind, u, sign, r


@rule("function of affine")
def _function_of_affine(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """A function that is convex on the range of an affine form is convex in it (`shapes`)."""
    _, u, _, _ = _shape_of(view, e)
    demand(view.is_affine(u), "{} is not affine", u)
    return []


@rule("composition")
def _composition(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """h(u) is convex for convex h that rises, u convex, or falls, u concave, on the range of u."""
    kind, u, sign, r = _shape_of(view, e)
    slope = shapes.slope_on(kind, r) * sign
    demand(slope != 0, "{} is not known to be monotone on {}", kind, r)
    return [convex(view, u, slope)]


@rule("Ky Fan")
def _ky_fan(view: View, e: Expression, parameters: Parameters) -> list[Goal]:
    """The sum of the k largest eigenvalues of a symmetric matrix, and that of its k largest singular values, are convex
    in its entries (Ky Fan: maxima of linear functions), hence of a matrix of affine entries."""
    index, k, sign = view.factor(e)
    atom = view.atom(index)
    demand(sign > 0 and k == 1 and atom.kind.startswith(KY_FAN), "{} is no sum of largest eigenvalues", e)
    for entry in atom.arguments:
        demand(view.is_affine(entry), "{} is not affine", entry)
    return []
