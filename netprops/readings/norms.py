"""Norms that touch 0: functions of s = sqrt(sum of c_l x_l^2) that are smooth all the same, such as an angle's excess.

The norm s has no derivative at 0, but a function F(x) = G(s(x), x) of it has one wherever dG/ds vanishes for s = 0: an
even function of s, or |x|^3.  So where a program takes the root of a sum of squares of coordinates that may be 0, the
jets take s for one more coordinate, of range [0, max s].  With u = ds/dx, of which |u_l| <= sqrt(c_l), and all
derivatives of G enclosed for s in that range and x in the box,

    grad F = G_x + G_s u,        Hess F = G_xx + G_xs u^T + u G_sx + (G_s/s) diag(c) + (G_ss - G_s/s) u u^T.

If G_s(0, x) = 0 for all x in the box, which has to come out as exactly 0, then G_s/s lies in the range of G_ss by the
mean value theorem.  So grad F is continuous, also where s = 0, and the enclosure H of Hess F holds wherever s > 0.
Where s = 0 a Hessian need not exist, yet grad F(y) - grad F(x) lies in H (y - x) for all x, y in the box: almost every
segment meets s = 0 in no more than one point, and both sides are continuous.  That is all that Krawczyk's test,
Lipschitz constants and convexity by a definite Hessian ask of H.

Several norms may occur if no second derivative of G mixes two of them: then one may be put to 0 alone or with the rest.
At a single point both conditions are looked at in a small box around it: x|x| is not twice differentiable at 0.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from flint import arb, fmpq

from netprops.readings.atoms import NAN, Ball, hull

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from netprops.readings.jaxpr import Algebra, Array, Scalar

_NEARBY = 2.0**-40

Weights = dict[int, fmpq]  # c_l by coordinate: the sum of c_l x_l^2


@dataclass(eq=False)
class Norms:
    """The sums of squares of one reading, and the norms that became coordinates of their own.

    Attributes:
        size: the number of coordinates x.
        coordinate: makes the jet of a new coordinate from its range and its number.
        vanishing: whether the norms are put to 0.
        found: the weights of each norm; the r-th has the number size + r.
    """

    size: int
    coordinate: Callable[[Ball, int], Scalar]
    vanishing: bool = False
    found: list[Weights] = field(default_factory=list)
    _sums: dict[int, Weights] = field(default_factory=dict)
    _roots: dict[tuple[tuple[int, str], ...], Scalar] = field(default_factory=dict)
    _names: int = 0

    def within(self, algebra: Algebra) -> Algebra:
        """The algebra of jets, with roots of sums of squares taken for coordinates where they may be 0."""
        rules = algebra.rules

        def squared(x: Scalar, result: Scalar) -> Scalar:
            if not isinstance(x, arb) and x.index < self.size:
                self._sums[result.index] = {x.index: fmpq(1)}
            return result

        def add_all(xs: Sequence[Scalar]) -> Scalar:
            return self._note(algebra.add_all(xs), [self._weights(x) for x in xs] if self._sums else [None])

        def multiply(a: Scalar, b: Scalar) -> Scalar:
            result = rules["mul"](a, b)
            return squared(a, result) if a is b else self._note(result, [self._product(a, b)])

        def matmul(a: Array, b: Array) -> Array:
            out = algebra.matmul(a, b)
            for i, row in enumerate(a):
                for j in range(b.shape[1]):
                    self._note(out[i, j], self._products(row, b[:, j]))
            return out

        def root(x: Scalar) -> Scalar:
            norm = self._root(x)
            return rules["sqrt"](x) if norm is None else norm

        changed: dict[str, Callable[..., Scalar]] = {
            "add": lambda a, b: add_all([a, b]),
            "integer_pow": lambda x, y: (
                squared(x, rules["integer_pow"](x, y)) if y == 2 else rules["integer_pow"](x, y)
            ),
            "mul": multiply,
            "sqrt": root,
            "square": lambda x: squared(x, rules["square"](x)),
        }
        return replace(algebra, rules={**rules, **changed}, add_all=add_all, matmul=matmul)

    def _note(self, result: Scalar, terms: Sequence[Weights | None]) -> Scalar:
        if not isinstance(result, arb) and all(term is not None for term in terms):
            total: Weights = {}
            for term in terms:
                for k, c in (term or {}).items():
                    total[k] = total.get(k, fmpq(0)) + c
            self._sums[result.index] = total
        return result

    def _weights(self, x: Scalar) -> Weights | None:
        """What sum of squares the number is, if one is known."""
        if isinstance(x, arb):
            return {} if bool(x == 0) else None
        return self._sums.get(x.index)

    def _product(self, a: Scalar, b: Scalar) -> Weights | None:
        """The product of a sum of squares and a nonnegative constant, or of a coordinate and itself."""
        if not isinstance(a, arb) and a is b and a.index < self.size:
            return {a.index: fmpq(1)}
        constant, x = (a, b) if isinstance(a, arb) else (b, a)
        if not (isinstance(constant, arb) and constant.is_exact() and constant >= 0):
            return None
        if bool(constant == 0):
            return {}
        weights = self._weights(x)
        return None if weights is None else {k: constant.fmpq() * c for k, c in weights.items()}

    def _products(self, row: Array, column: Array) -> list[Weights | None]:
        terms: list[Weights | None] = []
        for a, b in zip(row, column, strict=True):
            terms.append(self._product(a, b))
            if terms[-1] is None:  # most products of matrices are no sums of squares
                break
        return terms

    def _root(self, x: Scalar) -> Scalar | None:
        """The norm as a coordinate, if x is a sum of squares that may be 0."""
        weights = None if isinstance(x, arb) or x.value > 0 else self._weights(x)
        if not weights or not x.value.is_finite():
            return None
        name = tuple(sorted((k, str(c)) for k, c in weights.items()))  # one norm is one coordinate
        if name not in self._roots:
            most = x.value.abs_upper().sqrt()
            value = arb(0) if self.vanishing or bool(x.value == 0) else hull(arb(0), most)
            self._roots[name] = self.coordinate(value, self.size + len(self.found))
            self.found.append(weights)
        return self._roots[name]

    def renamed(self, gradient: dict[int, Ball]) -> dict[int, Ball]:
        """The gradient of a number v where the norms vanish, by a coordinate for the part of dv that is due to them.

        So ``sin a - a cos a`` is exactly flat at a = 0, though da/ds is only enclosed.
        """
        due = [k for k in gradient if not 0 <= k < self.size]
        if all(gradient[k].is_exact() for k in due) or not all(gradient[k].is_finite() for k in due):
            return gradient
        self._names += 1
        return {**{k: d for k, d in gradient.items() if k not in due}, -self._names: arb(1)}

    def is_flat(self, gradient: dict[int, Ball]) -> bool:
        """Whether no derivative by a norm is left where the norms vanish: each is exactly 0, and all are known."""
        known = all(d.is_finite() for d in gradient.values())
        return known and all(bool(d == 0) for k, d in gradient.items() if not 0 <= k < self.size)

    def are_apart(self, hessian: Array) -> bool:
        """Whether no entry of the Hessian of G mixes two norms."""
        return all(
            bool(hessian[r, q] == 0)
            for r in range(self.size, len(hessian))
            for q in range(self.size, len(hessian))
            if r != q
        )

    def composed(self, gradient: Array, hessian: Array) -> tuple[Array, Array]:
        """grad F and the enclosure of Hess F from those of G, if `are_apart` and G_s(0, x) = 0."""
        n = self.size
        slope, curved = gradient[:n].copy(), hessian[:n, :n].copy()
        for r, weights in enumerate(self.found, start=n):
            turn = {k: arb(0, arb(c).sqrt().upper()) for k, c in weights.items()}  # u
            second = hessian[r, r]  # encloses G_ss, and G_s/s as well
            apart = second - second  # so this is a range of G_ss - G_s/s
            for k, u in turn.items():
                slope[k] = slope[k] + gradient[r] * u
                curved[k, k] = curved[k, k] + second * weights[k]
                for j in range(n):
                    mixed = u * hessian[r, j]
                    curved[k, j], curved[j, k] = curved[k, j] + mixed, curved[j, k] + mixed
                for j, v in turn.items():
                    curved[k, j] = curved[k, j] + apart * u * v
        return slope, curved


def widened(at: Sequence[Array]) -> Sequence[Array]:
    """The box of balls, with a radius in each coordinate: itself if it has them."""
    if not any(t.is_exact() for x in at for t in x.reshape(-1)):
        return at
    wide = []
    for x in at:
        out = np.empty(x.shape, dtype=object)
        out.reshape(-1)[:] = [arb(t, _NEARBY) if t.is_exact() else t for t in x.reshape(-1)]
        wide.append(out)
    return wide


def unknown(size: int) -> tuple[Array, Array]:
    """A gradient and a Hessian of which nothing is known."""
    gradient, hessian = np.empty(size, dtype=object), np.empty((size, size), dtype=object)
    gradient.fill(NAN)
    hessian.fill(NAN)
    return gradient, hessian
