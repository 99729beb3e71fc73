"""Questions of shape: convex, concave, affine, strictly convex, quasi-convex, and `curvature`, which asks them all.

`f` maps a point x of `on` (an array or a pytree) to a real array; with `for_all` it is f(x, q), and the answer is about
every q of that domain. Every entry of the output is meant: "no" names the entry. "Yes" is proved, "no" is certified by
a witness in real arithmetic; there is no third way, and "undecided" says what was tried.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

from flint import fmpq

from netprops.evidence import Verdict, no, record, undecided
from netprops.exact.inertia import negative_direction
from netprops.questions.asking import (
    Asked,
    Function,
    Point,
    Reading,
    by_proof,
    complain_if_undefined,
    contains,
    exact_point,
    proved,
    reading_at,
    remembered,
    scalar,
    show_point,
    traced_on_cones,
)
from netprops.questions.composition import bent_by_composition
from netprops.questions.corners import chord_beside_edges
from netprops.questions.definiteness import definite_hessian
from netprops.questions.destroying import missing_rule
from netprops.questions.refuting import chord, describe_chord, ordered_pair, quasi_chord
from netprops.readings import quasiconvexity
from netprops.readings.affine import multiplies
from netprops.readings.curvature import Calculus
from netprops.readings.floats import cost
from netprops.readings.intermediate import with_settled_values
from netprops.readings.jaxpr import UnsupportedError
from netprops.readings.polynomials import Expression
from netprops.readings.proofs import Proof, step
from netprops.readings.pulling_back import pulled_back
from netprops.readings.witnesses import exact_texts, jensen_gap, jensen_violation
from netprops.search import falsify

ONE, HALF = fmpq(1), fmpq(1, 2)
MOST_AXES = 8
LARGE = 2_000  # operations of a program from which on a search is quicker than a normal form
LONGEST_COMPILED = 400  # equations of a program that is compiled for a last search
Prove = Callable[[Calculus, Expression], Proof | None]


def is_convex(f: Function, on: Any, for_all: Any = None) -> Verdict:
    """Is ``f((1-t)a + t b) <= (1-t) f(a) + t f(b)`` for all a, b in `on`, t in [0, 1] (and all q in `for_all`)?

    Args:
        f: the function, f(x), or f(x, q) with `for_all`; its outputs are real arrays of float64, of any shape.
        on: the domain of x: a `Box`, an ordered cone, or a pytree of these.
        for_all: the domain of q: a `Box` or a pytree of boxes; nothing if f has one argument.

    Raises:
        DomainError: the domain is none, or the function is certified undefined somewhere in it.
        NotAFunctionError: f does not map the domain to real arrays.
        UnsupportedError: f rounds to another dtype, or does what no reading can follow.

    Examples:
        >>> from netprops import is_convex, nonnegative, reals
        >>> is_convex(lambda x, c: c * x**2, on=reals(), for_all=nonnegative())
        <is_convex: yes (proved) because squares with nonnegative coefficients>
        >>> is_convex(lambda v: v[0] * v[1], on=reals(2)).answer
        'no'
    """
    asked = traced_on_cones("is_convex", f, on, for_all)
    return record(remembered(asked, lambda: _bent(asked, 1)))


def is_concave(f: Function, on: Any, for_all: Any = None) -> Verdict:
    """Is ``-f`` convex?

    Args:
        f: the function, f(x), or f(x, q) with `for_all`; its outputs are real arrays of float64, of any shape.
        on: the domain of x: a `Box`, an ordered cone, or a pytree of these.
        for_all: the domain of q: a `Box` or a pytree of boxes; nothing if f has one argument.

    Raises:
        DomainError: the domain is none, or the function is certified undefined somewhere in it.
        NotAFunctionError: f does not map the domain to real arrays.
        UnsupportedError: f rounds to another dtype, or does what no reading can follow.

    Examples:
        >>> import jax.numpy as jnp
        >>> from netprops import is_concave, positive
        >>> is_concave(jnp.log, on=positive())
        <is_concave: yes (proved) because log of a concave function; affine>
    """
    asked = traced_on_cones("is_concave", f, on, for_all)
    return record(remembered(asked, lambda: _bent(asked, -1)))


def is_affine(f: Function, on: Any, for_all: Any = None) -> Verdict:
    """Is f both convex and concave, that is, linear plus a constant?

    Args:
        f: the function, f(x), or f(x, q) with `for_all`; its outputs are real arrays of float64, of any shape.
        on: the domain of x: a `Box`, an ordered cone, or a pytree of these.
        for_all: the domain of q: a `Box` or a pytree of boxes; nothing if f has one argument.

    Raises:
        DomainError: the domain is none, or the function is certified undefined somewhere in it.
        NotAFunctionError: f does not map the domain to real arrays.
        UnsupportedError: f rounds to another dtype, or does what no reading can follow.

    Examples:
        >>> from netprops import is_affine, reals
        >>> is_affine(lambda x, a: a @ x + 1, on=reals(3), for_all=reals(3))
        <is_affine: yes (proved) because the normal form is affine>
        >>> is_affine(lambda x: abs(x), on=reals()).answer
        'no'
    """
    asked = traced_on_cones("is_affine", f, on, for_all)
    return record(remembered(asked, lambda: _affine(asked)))


def is_constant(f: Function, on: Any, for_all: Any = None) -> Verdict:
    """Does f take one value on all of `on` (for each q its own)?

    Args:
        f: the function, f(x), or f(x, q) with `for_all`; its outputs are real arrays of float64, of any shape.
        on: the domain of x: a `Box`, an ordered cone, or a pytree of these.
        for_all: the domain of q: a `Box` or a pytree of boxes; nothing if f has one argument.

    Raises:
        DomainError: the domain is none, or the function is certified undefined somewhere in it.
        NotAFunctionError: f does not map the domain to real arrays.
        UnsupportedError: f rounds to another dtype, or does what no reading can follow.

    Examples:
        >>> import jax
        >>> from netprops import is_constant, reals
        >>> is_constant(lambda x: jax.nn.sigmoid(x) + jax.nn.sigmoid(-x), on=reals())
        <is_constant: yes (proved) because the normal form does not contain the variables>
    """
    asked = traced_on_cones("is_constant", f, on, for_all)
    return record(remembered(asked, lambda: _constant(asked)))


def is_strictly_convex(f: Function, on: Any, for_all: Any = None) -> Verdict:
    """Is ``f((1-t)a + t b) < (1-t) f(a) + t f(b)`` for all a != b and 0 < t < 1?

    Args:
        f: the function, f(x), or f(x, q) with `for_all`; its outputs are real arrays of float64, of any shape.
        on: the domain of x: a `Box`, an ordered cone, or a pytree of these.
        for_all: the domain of q: a `Box` or a pytree of boxes; nothing if f has one argument.

    Raises:
        DomainError: the domain is none, or the function is certified undefined somewhere in it.
        NotAFunctionError: f does not map the domain to real arrays.
        UnsupportedError: f rounds to another dtype, or does what no reading can follow.

    Examples:
        >>> import jax.numpy as jnp
        >>> from netprops import is_strictly_convex, reals
        >>> is_strictly_convex(jnp.exp, on=reals()).answer
        'yes'
        >>> is_strictly_convex(abs, on=reals()).answer
        'no'
    """
    asked = traced_on_cones("is_strictly_convex", f, on, for_all)
    return record(remembered(asked, lambda: _strictly(asked)))


def is_quasiconvex(f: Function, on: Any, for_all: Any = None) -> Verdict:
    """Is ``f((1-t)a + t b) <= max(f(a), f(b))``: is every sublevel set convex?

    Args:
        f: the function, f(x), or f(x, q) with `for_all`; its outputs are real arrays of float64, of any shape.
        on: the domain of x: a `Box`, an ordered cone, or a pytree of these.
        for_all: the domain of q: a `Box` or a pytree of boxes; nothing if f has one argument.

    Raises:
        DomainError: the domain is none, or the function is certified undefined somewhere in it.
        NotAFunctionError: f does not map the domain to real arrays.
        UnsupportedError: f rounds to another dtype, or does what no reading can follow.

    Examples:
        >>> import jax.numpy as jnp
        >>> from netprops import is_quasiconvex, reals
        >>> is_quasiconvex(lambda x: jnp.log(1 + x**2), on=reals()).answer
        'yes'
        >>> is_quasiconvex(jnp.sin, on=reals()).answer
        'no'
    """
    asked = traced_on_cones("is_quasiconvex", f, on, for_all)
    return record(remembered(asked, lambda: _quasi(asked, 1)))


def is_quasiconcave(f: Function, on: Any, for_all: Any = None) -> Verdict:
    """Is ``-f`` quasi-convex?

    Args:
        f: the function, f(x), or f(x, q) with `for_all`; its outputs are real arrays of float64, of any shape.
        on: the domain of x: a `Box`, an ordered cone, or a pytree of these.
        for_all: the domain of q: a `Box` or a pytree of boxes; nothing if f has one argument.

    Raises:
        DomainError: the domain is none, or the function is certified undefined somewhere in it.
        NotAFunctionError: f does not map the domain to real arrays.
        UnsupportedError: f rounds to another dtype, or does what no reading can follow.

    Examples:
        >>> import jax.numpy as jnp
        >>> from netprops import is_quasiconcave, reals
        >>> is_quasiconcave(lambda x: jnp.exp(-(x**2)), on=reals()).answer
        'yes'
    """
    asked = traced_on_cones("is_quasiconcave", f, on, for_all)
    return record(remembered(asked, lambda: _quasi(asked, -1)))


# ------------------------------------------------------------------ convex and concave


def _bent(asked: Asked, side: int, *, by_hessian: bool = True) -> Verdict:
    notes: list[str] = []
    aim = "is_convex" if side > 0 else "is_concave"
    prove: Prove = (lambda c, e: c.convex(e)) if side > 0 else (lambda c, e: c.concave(e))
    early: falsify.Found | None = None
    size = sum(leaf.size for leaf in asked.program.arguments[: asked.decision])
    if cost(asked.program).operations >= LARGE or size > falsify.MANY:
        if early_proof := _proved_after_affine_values(asked, aim, prove):
            return early_proof
        if recorded := chord(asked, None, _side(side)):
            return no(asked.name, "certified", *recorded)
        early = _searched(asked, side)
        refuted = chord(asked, early, _side(side)) if early is not None else None
        if early is not None and refuted is not None:
            return no(asked.name, "certified", *refuted, evaluations=early.evaluations)
    proof = proved(asked, aim, prove, notes, (0,), thorough=False)
    if proof:
        return by_proof(asked, proof)
    program = with_settled_values(asked.program, asked.decision)
    general = None if program is None else replace(asked, program=program)
    proof = (
        proved(general, aim, prove, [], (0, 1), thorough=False, settled=True)
        if general is not None
        else proved(asked, aim, prove, notes, (1,), thorough=False)
    )
    if proof:
        return by_proof(asked, proof)

    def proved_dearly() -> Proof | None:
        return (
            (None if general is None else proved(general, aim, prove, [], settled=True))
            or proved(asked, aim, prove, notes)
            or bent_by_composition(asked, side)
            or (definite_hessian(asked, side) if by_hessian else None)
        )

    if early is None and (recorded := chord(asked, None, _side(side))):
        return no(asked.name, "certified", *recorded)
    try:
        found = early or falsify.against_convexity(asked.program, asked.decision, side=_side(side), seed=asked.seed())
    except UnsupportedError:  # what has no values in floats may still be proved
        if proof := proved_dearly():
            return by_proof(asked, proof)
        raise
    complain_if_undefined(asked, found.nonfinite)
    refuted = (None if early else chord(asked, found, _side(side))) or _indefinite_quadratic(asked, side)
    if refuted is not None:
        return no(asked.name, "certified", *refuted, evaluations=found.evaluations)
    if proof := proved_dearly():
        return by_proof(asked, proof, evaluations=found.evaluations)
    refuted = chord_beside_edges(asked, _side(side))
    if refuted is not None:
        return no(asked.name, "certified", *refuted, evaluations=found.evaluations)
    swept = _swept(asked, side)
    if swept is not None:
        found = replace(found, evaluations=found.evaluations + swept.evaluations)
        refuted = chord(asked, swept, _side(side))
        if refuted is not None:
            return no(asked.name, "certified", *refuted, evaluations=found.evaluations)
    return undecided(asked.name, _tried(asked, found, notes), evaluations=found.evaluations)


def _proved_after_affine_values(asked: Asked, aim: str, prove: Prove) -> Verdict | None:
    """A proof of the rest of a large program, as a function of what is affine, where such a one is to be expected.

    It is remembered: in several blocks of a cost, the rest is one and the same.
    """
    pulled = pulled_back(asked.program, asked.decision)
    if pulled is None or multiplies(pulled.program):
        return None
    general = replace(asked, program=pulled.program, decision=pulled.decision, original=None, names=())

    def answer() -> Verdict:
        proof = proved(general, aim, prove, [], (0,), thorough=False)
        if proof is None:
            return undecided(asked.name, "no proof")
        return by_proof(general, step("pulled back", "pulled back through affine values", proof))

    verdict = remembered(general, answer, "after affine values")
    return verdict if verdict.answer == "yes" else None


def _searched(asked: Asked, side: int) -> falsify.Found | None:
    """What a search in floats finds, before any normal form of a large program is made; None where it cannot be had."""
    try:
        found = falsify.against_convexity(asked.program, asked.decision, side=_side(side), seed=asked.seed())
    except UnsupportedError:
        return None
    complain_if_undefined(asked, found.nonfinite)
    return found


def _swept(asked: Asked, side: int, *, quasi: bool = False) -> falsify.Found | None:
    """What a search on the device finds, the last resort; None where a compilation would take too long."""
    if not falsify.SWEPT or len(asked.program.closed.jaxpr.eqns) > LONGEST_COMPILED:
        return None
    return falsify.on_device(asked.program, asked.decision, side=_side(side), quasi=quasi, seed=asked.seed())


def _side(side: int) -> Literal[1, -1]:
    return 1 if side > 0 else -1


def _tried(asked: Asked, found: falsify.Found, notes: list[str]) -> str:
    missing = missing_rule(asked)
    unruled = f"no rule shows how this bends: {missing}" if missing else "no rule of the calculus applied"
    reasons = "; ".join(dict.fromkeys([*notes, *([unruled] if missing or not notes else [])]))
    return (
        f"on {asked.domain}: no proof ({reasons}); no counterexample among {found.evaluations} float evaluations"
        f"{_nearest(asked, found)}"
    )


def _nearest(asked: Asked, found: falsify.Found) -> str:
    """The smallest gap that the search found, in words."""
    if found.nearest is None:
        return ""
    _, a, b = asked.as_asked(exact_point(found.nearest.a), exact_point(found.nearest.b))
    return (
        f", the smallest gap {found.nearest.slack:.3g} of the change of the function, "
        f"between {show_point(a)} and {show_point(b)}"
    )


def _indefinite_quadratic(asked: Asked, side: int) -> tuple[str, dict[str, Any]] | None:
    """An exact quadratic form of the wrong inertia, refuted along a rational direction that floats may not see."""
    first = reading_at(asked, 0, [])
    if first is None or not any(first.symbols.table.degree(e) == 2 for e in first.expressions):
        return None
    reading = reading_at(asked, 2, [])
    if reading is None:
        return None
    for entry, e in enumerate(reading.expressions):
        direction = _wrong_direction(reading, e, side)
        if direction is None:
            continue
        for gaps in _segments(asked, reading, direction):
            told, a, b = asked.as_asked(*gaps)
            certificate = jensen_violation(told.program, entry, a, b, HALF, _side(side))
            if certificate is not None:
                return describe_chord(told, a, b, HALF, side, certificate)
    return None


def _wrong_direction(reading: Reading, e: Expression, side: int) -> dict[int, fmpq] | None:
    """Coordinates d with side * d'Qd < 0 for a polynomial of degree two in the decision variables; None otherwise."""
    calculus = reading.calculus
    quadratic = {}
    for part, coefficient in calculus.groups(e).items():
        c = coefficient.constant()
        if calculus.is_affine_product(part):
            continue
        if c is None or not calculus.is_quadratic(part):
            return None
        quadratic[part] = c * side
    if not quadratic:
        return None
    indices, Q = calculus.matrix(quadratic)
    v = negative_direction(Q)
    if v is None:
        return None
    bits = [calculus.table.atoms[i].dependencies.bit_length() - 1 for i in indices]
    return dict(zip(bits, v, strict=True))


def _segments(asked: Asked, reading: Reading, direction: dict[int, fmpq]) -> list[tuple[Point, Point]]:
    """Segments along the direction around a point of the domain, long ones first, as far as they fit in."""
    segments = []
    center = inner_point(asked)
    for size in (ONE, HALF, fmpq(1, 16), fmpq(1, 4096), fmpq(1, 2**40)):
        ends = [_moved(asked, reading, center, direction, s * size) for s in (1, -1)]
        if all(contains(asked.program, p) for p in ends):
            segments.append((ends[0], ends[1]))
    return segments


def inner_point(asked: Asked) -> Point:
    """A simple exact point inside the domain: 0 where it fits, else the middle, or one away from a finite end."""
    return [leaf.inner_point() for leaf in asked.program.arguments]


def _moved(asked: Asked, reading: Reading, center: Point, direction: dict[int, fmpq], size: fmpq) -> Point:
    moved = []
    for array, block in zip(center, reading.symbols.blocks, strict=True):
        flat = [x + size * direction.get(bit, fmpq(0)) for x, bit in zip(array.reshape(-1), block, strict=True)]
        new = array.copy()
        new.reshape(-1)[:] = flat
        moved.append(new)
    return moved


# ------------------------------------------------------------------ affine, constant, strictly convex


def _affine(asked: Asked) -> Verdict:
    notes: list[str] = []

    def affine(calculus: Calculus, e: Expression) -> Proof | None:
        return step("affine", "the normal form is affine") if calculus.is_affine(e) else None

    proof = proved(asked, "is_affine", affine, notes)
    if proof:
        return by_proof(asked, proof)
    for side in (1, -1):
        if recorded := chord(asked, None, _side(side)):
            return no(asked.name, "certified", *recorded)
    evaluations = 0
    for side in (1, -1):
        exact = _indefinite_quadratic(asked, side)
        if exact is not None:
            return no(asked.name, "certified", *exact, evaluations=evaluations)
        found = falsify.against_convexity(asked.program, asked.decision, side=_side(side), seed=asked.seed())
        evaluations += found.evaluations
        complain_if_undefined(asked, found.nonfinite)
        refuted = chord(asked, found, _side(side))
        if refuted is not None:
            return no(asked.name, "certified", *refuted, evaluations=evaluations)
    both = proved(asked, "is_affine", _both_ways, notes)
    if both:
        return by_proof(asked, both, evaluations=evaluations)
    return undecided(asked.name, _tried(asked, found, notes), evaluations=evaluations)


def _both_ways(calculus: Calculus, e: Expression) -> Proof | None:
    convex, concave = calculus.convex(e), calculus.concave(e)
    return step("both ways", "both convex and concave", convex, concave) if convex and concave else None


def _constant(asked: Asked) -> Verdict:
    notes: list[str] = []

    def constant(calculus: Calculus, e: Expression) -> Proof | None:
        return None if calculus.depends(e) else step("constant", "the normal form does not contain the variables")

    proof = proved(asked, "is_constant", constant, notes)
    if proof:
        return by_proof(asked, proof)
    for sign in (1, -1):
        if recorded := ordered_pair(asked, None, _side(sign)):
            return no(asked.name, "certified", *recorded)
    evaluations = 0
    for sign in (1, -1):
        found = falsify.against_monotonicity(asked.program, asked.decision, sign=_side(sign), seed=asked.seed())
        evaluations += found.evaluations
        complain_if_undefined(asked, found.nonfinite)
        refuted = ordered_pair(asked, found, _side(sign))
        if refuted is not None:
            return no(asked.name, "certified", *refuted, evaluations=evaluations)
    return undecided(asked.name, f"on {asked.domain}: {'; '.join(notes) or 'no proof'}", evaluations=evaluations)


def _strictly(asked: Asked) -> Verdict:
    notes: list[str] = []
    proof = proved(asked, "is_strictly_convex", lambda c, e: c.strictly_convex(e), notes)
    if proof:
        return by_proof(asked, proof)
    straight = _straight_segment(asked)
    if straight is not None:
        return no(asked.name, "certified", *straight)
    convex = _bent(asked, 1, by_hessian=False)
    if convex.answer == "no":
        return convex
    flat = _flat_chord(asked)
    if flat is not None:
        return no(asked.name, "certified", *flat, evaluations=convex.evaluations)
    proof = definite_hessian(asked, 1)
    if proof:
        return by_proof(asked, proof, evaluations=convex.evaluations)
    return undecided(asked.name, f"convexity is {convex.answer}: {convex.because}", evaluations=convex.evaluations)


def _straight_segment(asked: Asked) -> tuple[str, dict[str, Any]] | None:
    """A segment on which the function is certified affine: an axis or a kernel direction of its affine arguments."""
    for level in (0, 1):
        reading = reading_at(asked, level, [])
        if reading is None:
            continue
        for entry, e in enumerate(reading.expressions):
            if e.needs:
                continue
            for direction in reading.calculus.flat_directions(e):
                for gaps in _segments(asked, reading, direction):
                    _, a, b = asked.as_asked(*gaps)
                    words = (
                        f"from a = {show_point(a)} to b = {show_point(b)} the function{asked.where(entry)} is affine, "
                        "exactly: none of its bent terms changes along that direction"
                    )
                    points = {"a": exact_texts(a), "b": exact_texts(b)}
                    return words, {"kind": "straight segment", "points": points, "entry": entry, "level": level}
    return None


def _flat_chord(asked: Asked) -> tuple[str, dict[str, Any]] | None:
    """A simple chord along an axis that the graph does not stay below: above it, or exactly on it halfway."""
    center = inner_point(asked)
    for number in range(asked.decision):
        for i in range(min(center[number].size, MOST_AXES)):
            for start, end in ((1, 2), (-1, -2), (fmpq(1, 4), fmpq(3, 4)), (8, 16), (-8, -16)):
                a, b = ([x.copy() for x in center] for _ in range(2))
                a[number].reshape(-1)[i] += start
                b[number].reshape(-1)[i] += end
                if not (contains(asked.program, a) and contains(asked.program, b)):
                    continue
                told, start_point, end_point = asked.as_asked(a, b)
                for entry in range(asked.entries):
                    gap = jensen_gap(told.program, entry, start_point, end_point)
                    if gap is not None and gap.sign >= 0:
                        return describe_chord(told, start_point, end_point, HALF, gap.sign, gap)
    return None


# ------------------------------------------------------------------ quasi-convex


def _quasi(asked: Asked, side: int) -> Verdict:
    notes: list[str] = []

    def prove(calculus: Calculus, e: Expression) -> Proof | None:
        return quasiconvexity.quasiconvex(calculus, calculus.table.scale(e, side))

    proof = proved(asked, "is_quasiconvex" if side > 0 else "is_quasiconcave", prove, notes)
    if proof:
        return by_proof(asked, proof)
    if recorded := quasi_chord(asked, None, _side(side)):
        return no(asked.name, "certified", *recorded)
    found = falsify.against_quasiconvexity(asked.program, asked.decision, side=_side(side), seed=asked.seed())
    complain_if_undefined(asked, found.nonfinite)
    refuted = quasi_chord(asked, found, _side(side))
    if refuted is not None:
        return no(asked.name, "certified", *refuted, evaluations=found.evaluations)
    swept = _swept(asked, side, quasi=True)
    if swept is not None:
        found = replace(found, evaluations=found.evaluations + swept.evaluations)
        refuted = quasi_chord(asked, swept, _side(side))
        if refuted is not None:
            return no(asked.name, "certified", *refuted, evaluations=found.evaluations)
    return undecided(asked.name, _tried(asked, found, notes), evaluations=found.evaluations)


# ------------------------------------------------------------------ curvature


@dataclass(frozen=True)
class Curvature:
    """What `curvature` found.

    Attributes:
        name: "affine", "convex", "concave", "neither" or "undecided".  "convex" is proved convex and certified not
            concave; "neither" is certified both ways.
        convex: the verdict of `is_convex` behind it.
        concave: that of `is_concave`.
    """

    name: str
    convex: Verdict
    concave: Verdict

    @property
    def certificate(self) -> dict[str, object] | None:
        """The name with the certificates of both verdicts, for `netprops.recheck`; None for "undecided"."""
        parts = [self.convex.certificate, self.concave.certificate]
        if self.name == "undecided":
            return None
        return {"question": "curvature", "name": self.name, "parts": parts}

    def __str__(self) -> str:
        return f"{self.name}\n  convex? {self.convex!r}\n  concave? {self.concave!r}"


def curvature(f: Function, on: Any) -> Curvature:
    """The curvature of a scalar function on a domain; every name but "undecided" is rigorous.

    Args:
        f: a scalar function of one argument, an array or a pytree of arrays.
        on: its domain: a `Box`, an ordered cone, or a pytree of these.

    Raises:
        NotAFunctionError: the function returns no real scalar.
        DomainError: the domain is none, or the function is certified undefined somewhere in it.
        UnsupportedError: the function uses a primitive without a rule, or rounds to another dtype.

    Examples:
        >>> import jax.numpy as jnp
        >>> from netprops import curvature, positive, reals
        >>> curvature(lambda v: jnp.sqrt(v[0] * v[1]), positive(2)).name
        'concave'
        >>> curvature(lambda v: v[0] ** 2 - 1e-10 * v[1] ** 2, reals(2)).name
        'neither'
    """
    asked = traced_on_cones("curvature", f, on)
    scalar(asked)
    convex = remembered(replace(asked, name="is_convex"), lambda: _bent(replace(asked, name="is_convex"), 1))
    concave = remembered(replace(asked, name="is_concave"), lambda: _bent(replace(asked, name="is_concave"), -1))
    names = {("yes", "yes"): "affine", ("yes", "no"): "convex", ("no", "yes"): "concave", ("no", "no"): "neither"}
    return Curvature(names.get((convex.answer, concave.answer), "undecided"), convex, concave)
