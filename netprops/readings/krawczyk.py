"""Critical points that provably exist, and boxes that provably hold none.

For a twice continuously differentiable f on a box X with centre c, and any matrix C, Krawczyk's operator is

    K(X) = c - C grad f(c) + (I - C Hess f(X)) (X - c).

Every critical point in X lies in K(X). If K(X) lies in the interior of X, there is exactly one, and every matrix in the
enclosure Hess f(X) is regular (R. Krawczyk, Computing 4, 1969; R. E. Moore, SIAM J. Numer. Anal. 14, 1977). Derivatives
are those of `jets`: where f is not known to be twice differentiable on X they are NaN, and nothing is concluded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import numpy as np
from flint import arb, fmpq

from netprops.domains import exact, nearest_double
from netprops.readings import balls
from netprops.readings.atoms import Ball, ball
from netprops.readings.balls import evaluate, precision_of
from netprops.readings.jets import full_jet, gradient
from netprops.readings.witnesses import enclosure_text, exact_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from netprops.readings.jaxpr import Array, Program

RADII: Final = (1e-9, 1e-11, 1e-7, 1e-13, 1e-5)
FINE_RADII: Final = (1e-15, 1e-18, 1e-21, 1e-24)  # about a centre known beyond doubles
REFINEMENTS: Final = 4
NEWTON_STEPS: Final = 50
WIDENINGS: Final = 30  # from 1e-9 to 1e9 and beyond
MOST_WIDENED: Final = 64


@dataclass(frozen=True)
class CriticalPoint:
    """A box that contains exactly one critical point, which is not degenerate.

    Attributes:
        centre: exact coordinates of the box's centre, flat.
        radii: of the box, exact.
        enclosures: a tighter box around the critical point, decimal, rounded outwards.
        value: an enclosure of f on the tighter box.
        inertia: certified numbers of positive and of negative eigenvalues of the Hessian, at every point of the box;
            None if they could not be told apart.
        eigenvalues: of the Hessian at the centre, in floating point, for people.
        precision: in bits.
    """

    centre: tuple[fmpq, ...]
    radii: tuple[fmpq, ...]
    enclosures: tuple[str, ...]
    value: str
    inertia: tuple[int, int] | None
    eigenvalues: tuple[float, ...]
    precision: int

    @property
    def kind(self) -> Literal["minimum", "maximum", "saddle", "unknown"]:
        """What the inertia says: a strict local minimum or maximum, or a saddle."""
        if self.inertia is None:
            return "unknown"
        positive, negative = self.inertia
        return "minimum" if negative == 0 else "maximum" if positive == 0 else "saddle"

    def record(self) -> dict[str, object]:
        """The certificate as a JSON object."""
        return {
            "centre": [exact_text(x) for x in self.centre],
            "radii": [exact_text(r) for r in self.radii],
            "enclosures": list(self.enclosures),
            "value": self.value,
            "inertia": None if self.inertia is None else list(self.inertia),
            "precision": self.precision,
        }


@dataclass(frozen=True)
class Rejection:
    """No critical point was enclosed. Only "gradient is not zero" is a statement about f; the rest is not known."""

    reason: Literal["gradient is not zero", "not twice differentiable", "far", "degenerate", "no convergence"]
    detail: str


Boxes: TypeAlias = "list[tuple[fmpq, fmpq]]"


# ------------------------------------------------------------------ flat vectors


def flatten(arrays: Sequence[Any]) -> list[fmpq]:
    """The entries of the flat arguments, one after another, exact."""
    return [exact(x) for array in arrays for x in np.asarray(array, dtype=object).reshape(-1).tolist()]


def shaped(program: Program, flat: Sequence[Any]) -> list[Array]:
    """The flat entries as one object array per flat argument."""
    arrays, start = [], 0
    for leaf in program.arguments:
        out = np.empty(leaf.size, dtype=object)
        out[:] = flat[start : start + leaf.size]
        arrays.append(out.reshape(leaf.shape))
        start += leaf.size
    return arrays


def _midpoints(a: Array) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([float(x.mid()) for x in a.reshape(-1)]).reshape(a.shape)


def _exact_balls(a: np.ndarray[Any, Any]) -> Array:
    out = np.empty(a.shape, dtype=object)
    out.reshape(-1)[:] = [arb(x) for x in a.reshape(-1).tolist()]
    return out


def _column(xs: Sequence[Ball]) -> Array:
    out = np.empty((len(xs), 1), dtype=object)
    out[:, 0] = list(xs)
    return out


def _box(centre: Sequence[fmpq], radii: Sequence[fmpq]) -> list[Ball]:
    """Balls that contain the box."""
    return [arb(ball(c), ball(r)) for c, r in zip(centre, radii, strict=True)]


# ------------------------------------------------------------------ Krawczyk's operator


@dataclass(frozen=True, eq=False)
class _Step:
    """What one evaluation of Krawczyk's operator on a box gave; None where derivatives are not known."""

    box: list[Ball]
    image: list[Ball] | None
    value: Ball
    gradient: Array
    hessian: Array

    @property
    def excludes(self) -> bool:
        """Whether the box certainly holds no critical point."""
        if any(g.is_finite() and not g.contains(0) for g in self.gradient):
            return True
        return self.image is not None and any(not k.overlaps(x) for k, x in zip(self.image, self.box, strict=True))

    @property
    def includes(self) -> bool:
        """Whether the box certainly holds exactly one critical point."""
        return self.image is not None and all(x.contains_interior(k) for k, x in zip(self.image, self.box, strict=True))

    @property
    def is_promising(self) -> bool:
        """Whether the image is not much larger than the box, so that Newton's iteration may well find a point."""
        return self.image is not None and all(
            k.is_finite() and k.rad() <= 2 * x.rad() for k, x in zip(self.image, self.box, strict=True)
        )


def _krawczyk(program: Program, centre: Sequence[fmpq], radii: Sequence[fmpq], precision: int, entry: int) -> _Step:
    """Krawczyk's operator on the box ``centre +- radii``."""
    with precision_of(precision):
        box = _box(centre, radii)
        jet = full_jet(program, shaped(program, box), precision, entry)
        step = _Step(box, None, jet.value, jet.gradient, jet.hessian)
        if not all(x.is_finite() for x in (*jet.gradient, *jet.hessian.reshape(-1))):
            return step
        inverse = _float_inverse(_midpoints(jet.hessian))
        if inverse is None:
            return step
        middle = [ball(c) for c in centre]
        _, slope = gradient(program, shaped(program, middle), precision, entry)
        C, size = _exact_balls(inverse), len(box)
        defect = _exact_balls(np.eye(size)) - balls.matmul(C, jet.hessian)
        spread = _column([x - c for x, c in zip(box, middle, strict=True)])
        shift = balls.matmul(defect, spread) - balls.matmul(C, _column(list(slope)))
        image = [c + s for c, s in zip(middle, shift[:, 0], strict=True)]
        return _Step(box, image, jet.value, jet.gradient, jet.hessian)


def _float_inverse(a: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float64]] | None:
    try:
        inverse = np.linalg.inv(a)
    except np.linalg.LinAlgError:
        return None
    return inverse if np.isfinite(inverse).all() else None


# ------------------------------------------------------------------ definiteness


def inertia_of(hessian: Array) -> tuple[int, int] | None:
    """The numbers of positive and negative eigenvalues of every symmetric matrix in an (n, n) array of balls.

    The matrix is brought near a diagonal one of entries +-1 by a congruence with scaled float eigenvectors (Sylvester);
    then strict diagonal dominance (Gershgorin) is checked in balls. A singular congruence could not pass that check.

    Returns:
        None if the check fails: eigenvalues near 0, or wide balls.
    """
    if not all(x.is_finite() for x in hessian.reshape(-1)):
        return None
    middle = _midpoints(hessian)
    eigenvalues, vectors = np.linalg.eigh((middle + middle.T) / 2)
    if not np.isfinite(vectors).all() or (eigenvalues == 0).any():
        return None
    scaled = _exact_balls(vectors / np.sqrt(np.abs(eigenvalues)))
    near_diagonal = balls.matmul(balls.matmul(scaled.T.copy(), hessian), scaled)
    for i, row in enumerate(near_diagonal):
        off = balls.add_all([x.abs_upper() for j, x in enumerate(row) if j != i])
        if not (row[i].is_finite() and row[i].abs_lower() > off):
            return None
    positive = sum(1 for i in range(len(near_diagonal)) if near_diagonal[i, i] > 0)
    return positive, len(near_diagonal) - positive


# ------------------------------------------------------------------ enclosing a critical point


def enclose_critical_point(
    program: Program, near: Sequence[Any], precision: int = 128, entry: int = 0, reach: float = 1e-3
) -> CriticalPoint | Rejection:
    """A box around the critical point near the given one, with the inertia of the Hessian.

    Args:
        near: one array of numbers per flat argument.
        precision: in bits, of the certificate.
        entry: which entry of the flat outputs f is.
        reach: how far from `near` the centre may be: at most ``reach * max(1, |near_i|)`` in every coordinate.
    """
    start = np.array([nearest_double(x) for x in flatten(near)])
    polished = _newton(program, start, entry, reach)
    if isinstance(polished, Rejection):
        wanders = polished.reason == "no convergence"  # in doubles
        return (_enclosed_beyond_doubles(program, start, precision, entry, reach) if wanders else None) or polished
    centre = [exact(x) for x in polished.tolist()]
    for radius in RADII:
        radii = [exact(radius * max(1.0, abs(x))) for x in polished.tolist()]
        step = _krawczyk(program, centre, radii, precision, entry)
        if step.includes and step.image is not None:
            return _critical_point(program, step, centre, radii, precision, entry)
    failed = Rejection("degenerate", f"Krawczyk's test fails on boxes of radius {min(FINE_RADII)} to {max(RADII)}")
    return _enclosed_beyond_doubles(program, polished, precision, entry, reach) or failed


def _enclosed_beyond_doubles(
    program: Program, near: np.ndarray[Any, np.dtype[np.float64]], precision: int, entry: int, reach: float
) -> CriticalPoint | None:
    """As `enclose_critical_point`, about a centre refined by Newton's method in balls: for ill-conditioned points."""
    centre = _refined(program, [exact(x) for x in near.tolist()], precision, entry)
    sizes = [max(1.0, abs(x)) for x in near.tolist()]
    if centre is None or any(
        abs(c - exact(x)) > exact(reach * size) for c, x, size in zip(centre, near.tolist(), sizes, strict=True)
    ):
        return None
    for radius in FINE_RADII:
        radii = [exact(radius * size) for size in sizes]
        step = _krawczyk(program, centre, radii, precision, entry)
        if step.includes and step.image is not None:
            return _critical_point(program, step, centre, radii, precision, entry)
    return None


def _refined(program: Program, centre: list[fmpq], precision: int, entry: int) -> list[fmpq] | None:
    """The centre after some more Newton steps beyond doubles, for ill-conditioned points; None where it has no jets."""
    for _ in range(REFINEMENTS):
        step = _krawczyk(program, centre, [fmpq(0)] * len(centre), precision, entry)
        if step.image is None or not all(x.is_finite() for x in step.image):
            return None
        # On a single point Krawczyk's operator is Newton's step; its middle is taken as an exact number.
        with precision_of(precision):
            middles = [x.mid().man_exp() for x in step.image]
        centre = [fmpq(int(m)) * fmpq(2) ** int(e) for m, e in middles]
    return centre


def _critical_point(
    program: Program, step: _Step, centre: Sequence[fmpq], radii: Sequence[fmpq], precision: int, entry: int
) -> CriticalPoint:
    with precision_of(precision):
        tight = step.image or step.box
        values = [x for output in evaluate(program, shaped(program, tight), precision) for x in output.reshape(-1)]
        # A root that may be 0 is known to jets alone.
        value = values[entry] if values[entry].is_finite() else step.value
        return CriticalPoint(
            tuple(centre),
            tuple(radii),
            tuple(map(enclosure_text, tight)),
            enclosure_text(value),
            inertia_of(step.hessian),
            tuple(np.linalg.eigvalsh(_midpoints(step.hessian)).tolist()),
            precision,
        )


def _newton(
    program: Program, start: np.ndarray[Any, np.dtype[np.float64]], entry: int, reach: float
) -> np.ndarray[Any, np.dtype[np.float64]] | Rejection:
    """Newton's iteration in floating point, on the midpoints of the jets."""
    x, best = start, math.inf
    for _ in range(NEWTON_STEPS):
        jet = full_jet(program, shaped(program, x.tolist()), 53, entry)
        if not all(b.is_finite() for b in (*jet.gradient, *jet.hessian.reshape(-1))):
            return Rejection("not twice differentiable", f"no derivatives of f are known at {_short(x)}")
        move = _newton_step(jet.gradient, jet.hessian)
        if move is None:
            return Rejection("degenerate", f"the Hessian is singular in floating point at {_short(x)}")
        x = x - move
        if not np.isfinite(x).all() or (np.abs(x - start) > reach * np.maximum(1, np.abs(start))).any():
            return _explain_leaving(program, start, entry, reach)
        size = float(np.max(np.abs(move) / np.maximum(1, np.abs(x))))
        if size < 1e-15 or (size < 1e-9 and size >= best / 2):
            return x
        best = min(best, size)
    return Rejection("no convergence", f"Newton's iteration does not settle in {NEWTON_STEPS} steps")


def _newton_step(slope: Array, hessian: Array) -> np.ndarray[Any, np.dtype[np.float64]] | None:
    matrix = _midpoints(hessian)
    try:
        move = np.linalg.solve(matrix, _midpoints(slope))
    except np.linalg.LinAlgError:
        return None
    return move if np.isfinite(move).all() else None


def _explain_leaving(
    program: Program, start: np.ndarray[Any, np.dtype[np.float64]], entry: int, reach: float
) -> Rejection:
    far = f"Newton's iteration from {_short(start)} leaves its neighbourhood of relative radius {reach}"
    if gradient_is_nonzero_near(program, start.tolist(), reach, entry=entry):
        return Rejection("gradient is not zero", far + ", on which the gradient has no zero")
    return Rejection("far", far)


def _short(x: np.ndarray[Any, np.dtype[np.float64]]) -> str:
    shown = ", ".join(f"{v:.6g}" for v in x[:4].tolist())
    return f"({shown}{', ...' if len(x) > 4 else ''})"


# ------------------------------------------------------------------ boxes without critical points, or with all of them


def gradient_is_nonzero_near(
    program: Program, near: Sequence[Any], radius: float, precision: int = 128, entry: int = 0
) -> bool:
    """Whether the box ``|x_i - near_i| <= radius max(1, |near_i|)`` certainly holds no critical point.

    False means that this is not known.
    """
    centre = flatten(near)
    radii = [exact(radius) * max(fmpq(1), abs(c)) for c in centre]
    return _krawczyk(program, centre, radii, precision, entry).excludes


def has_no_critical_point(
    program: Program,
    lows: Sequence[Any],
    highs: Sequence[Any],
    precision: int = 64,
    entry: int = 0,
    budget: int = 2000,
) -> bool:
    """Whether the closed box certainly holds no critical point; False means that this is not known."""
    found = critical_points(program, lows, highs, precision, entry, budget)
    return found is not None and not found


def sole_critical_point(
    program: Program, lows: Sequence[Any], highs: Sequence[Any], precision: int = 128, entry: int = 0
) -> CriticalPoint | None:
    """The one critical point of the box, if Krawczyk's test on the whole box shows that there is exactly one."""
    centre, radii = _middle(list(zip(flatten(lows), flatten(highs), strict=True)))
    step = _krawczyk(program, centre, radii, precision, entry)
    return _critical_point(program, step, centre, radii, precision, entry) if step.includes else None


def critical_points(
    program: Program,
    lows: Sequence[Any],
    highs: Sequence[Any],
    precision: int = 64,
    entry: int = 0,
    budget: int = 2000,
) -> list[CriticalPoint] | None:
    """All critical points of f in the closed box, each enclosed, by bisection.

    Boxes are excluded, covered by a box on which a found critical point is the only one, or halved.

    Args:
        budget: number of boxes to look at.

    Returns:
        None if the budget did not suffice, or a critical point could not be told to lie inside or outside.
    """
    low, high = flatten(lows), flatten(highs)
    stack: list[Boxes] = [list(zip(low, high, strict=True))]
    found: list[tuple[CriticalPoint, Boxes]] = []
    for _ in range(budget):
        if not stack:
            return _inside([point for point, _ in found], low, high)
        box = stack.pop()
        if any(_covered(box, region) for _, region in found):
            continue
        centre, radii = _middle(box)
        step = _krawczyk(program, centre, radii, precision, entry)
        if step.excludes:
            continue
        if step.is_promising:
            reach = 2 * max(map(nearest_double, radii))
            point = enclose_critical_point(program, shaped(program, centre), precision, entry, reach)
            if isinstance(point, CriticalPoint) and not any(_covered(_region(point), region) for _, region in found):
                found.append((point, _unique_region(program, point, entry)))
        stack.extend(_smaller(box, step, precision))
    return None


def _smaller(box: Boxes, step: _Step, precision: int) -> list[Boxes]:
    """Boxes that hold the critical points of the box: what Krawczyk's operator leaves of it, or its halves."""
    if step.image is None:
        return halves(box)
    with precision_of(precision):
        ends = [(k.lower().fmpq(), k.upper().fmpq()) if k.is_finite() else None for k in step.image]
    left = [(max(a, k[0]), min(b, k[1])) if k else (a, b) for (a, b), k in zip(box, ends, strict=True)]
    shrunk = any(2 * (d - c) < b - a for (a, b), (c, d) in zip(box, left, strict=True))
    return [left] if shrunk else halves(left)


def _middle(box: Boxes) -> tuple[list[fmpq], list[fmpq]]:
    return [(a + b) / 2 for a, b in box], [(b - a) / 2 for a, b in box]


def halves(box: Boxes) -> list[Boxes]:
    """The box cut in two across its longest side."""
    k = max(range(len(box)), key=lambda i: box[i][1] - box[i][0])
    a, b = box[k]
    return [[*box[:k], half, *box[k + 1 :]] for half in ((a, (a + b) / 2), ((a + b) / 2, b))]


def _covered(box: Boxes, region: Boxes) -> bool:
    return all(c <= a and b <= d for (a, b), (c, d) in zip(box, region, strict=True))


def _region(point: CriticalPoint) -> Boxes:
    return [(c - r, c + r) for c, r in zip(point.centre, point.radii, strict=True)]


def _unique_region(program: Program, point: CriticalPoint, entry: int) -> Boxes:
    """A box as large as Krawczyk's test allows, on which the point is the only critical one."""
    radii = list(point.radii)
    for _ in range(MOST_WIDENED):  # on a quadratic function the test allows every box
        wider = [4 * r for r in radii]
        if not _krawczyk(program, point.centre, wider, point.precision, entry).includes:
            break
        radii = wider
    return [(c - r, c + r) for c, r in zip(point.centre, radii, strict=True)]


def coincide(program: Program, a: CriticalPoint, b: CriticalPoint, entry: int = 0) -> bool | None:
    """Whether two enclosed critical points of f are one; None where neither is certain.

    They are two if their boxes are disjoint, and one if one box lies in a box in which the other is the only one.
    """
    regions = _region(a), _region(b)
    if any(y < u or v < x for (x, y), (u, v) in zip(*regions, strict=True)):
        return False
    if _covered(regions[0], _unique_region(program, b, entry)):
        return True
    return True if _covered(regions[1], _unique_region(program, a, entry)) else None


def _inside(points: list[CriticalPoint], low: list[fmpq], high: list[fmpq]) -> list[CriticalPoint] | None:
    """The points that lie in the closed box; None if that is not certain."""
    box = list(zip(low, high, strict=True))
    kept = []
    for point in points:
        region = _region(point)
        if _covered(region, box):
            kept.append(point)
        elif not any(b < c or d < a for (a, b), (c, d) in zip(region, box, strict=True)):
            return None
    return kept
