"""Questions of order: non-decreasing, non-increasing, positive; and the sampled question `no_counterexample`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from netprops.evidence import Verdict, no, record, undecided, yes
from netprops.questions.asking import (
    LEVELS,
    Asked,
    Function,
    by_proof,
    complain_if_undefined,
    proved,
    readings,
    remembered,
    traced,
    traced_on_cones,
    traced_together,
)
from netprops.questions.refuting import (
    Refutation,
    describe_point,
    negative_point,
    nonpositive_point,
    ordered_pair,
)
from netprops.readings import ranges
from netprops.readings.proofs import step
from netprops.readings.subdivision import parts_of_positivity
from netprops.readings.witnesses import sign_of
from netprops.search import falsify

if TYPE_CHECKING:
    from netprops.readings.curvature import Calculus
    from netprops.readings.polynomials import Expression
    from netprops.readings.proofs import Proof

Refute = Callable[[Asked, falsify.Found], Refutation | None]


def is_nondecreasing(f: Function, on: Any, for_all: Any = None) -> Verdict:
    """Is ``f(a) <= f(b)`` whenever a <= b in every coordinate?

    Args:
        f: the function, f(x), or f(x, q) with `for_all`; its outputs are real arrays of float64, of any shape.
        on: the domain of x: a `Box` or a pytree of boxes.
        for_all: the domain of q: a `Box` or a pytree of boxes; nothing if f has one argument.

    Raises:
        DomainError: the domain is none, or the function is certified undefined somewhere in it.
        NotAFunctionError: f does not map the domain to real arrays.
        UnsupportedError: f rounds to another dtype, or does what no reading can follow.

    Examples:
        >>> import jax
        >>> from netprops import is_nondecreasing, reals
        >>> is_nondecreasing(jax.nn.softplus, on=reals()).answer
        'yes'
        >>> is_nondecreasing(jax.nn.silu, on=reals()).answer
        'no'
    """
    asked = traced("is_nondecreasing", f, on, for_all)
    return record(remembered(asked, lambda: _monotone(asked, 1)))


def is_nonincreasing(f: Function, on: Any, for_all: Any = None) -> Verdict:
    """Is ``f(a) >= f(b)`` whenever a <= b in every coordinate?

    Args:
        f: the function, f(x), or f(x, q) with `for_all`; its outputs are real arrays of float64, of any shape.
        on: the domain of x: a `Box` or a pytree of boxes.
        for_all: the domain of q: a `Box` or a pytree of boxes; nothing if f has one argument.

    Raises:
        DomainError: the domain is none, or the function is certified undefined somewhere in it.
        NotAFunctionError: f does not map the domain to real arrays.
        UnsupportedError: f rounds to another dtype, or does what no reading can follow.

    Examples:
        >>> from netprops import is_nonincreasing, positive
        >>> is_nonincreasing(lambda x, s: 1 / (x + s), on=positive(), for_all=positive()).answer
        'yes'
    """
    asked = traced("is_nonincreasing", f, on, for_all)
    return record(remembered(asked, lambda: _monotone(asked, -1)))


def is_positive(f: Function, on: Any, for_all: Any = None) -> Verdict:
    """Is ``f > 0`` everywhere on the domain? "No" is a point with f <= 0.

    "Yes" is proved by the ranges of the normal form, or certified on a bounded domain by enclosures on parts of it.

    Args:
        f: the function, f(x), or f(x, q) with `for_all`; its outputs are real arrays of float64, of any shape.
        on: the domain of x: a `Box` or a pytree of boxes.
        for_all: the domain of q: a `Box` or a pytree of boxes; nothing if f has one argument.

    Raises:
        DomainError: the domain is none, or the function is certified undefined somewhere in it.
        NotAFunctionError: f does not map the domain to real arrays.
        UnsupportedError: f rounds to another dtype, or does what no reading can follow.

    Examples:
        >>> from netprops import box, is_positive
        >>> is_positive(lambda x: x**2 - x + 1, on=box(0, 1)).answer
        'yes'
    """
    asked = traced_on_cones("is_positive", f, on, for_all)
    return record(remembered(asked, lambda: _positive(asked)))


def no_counterexample(gap: Function, on: Any) -> Verdict:
    """Searched hard for a point with ``gap < 0`` and found none: the sampled yes. "No" is a certified such point.

    A tuple `on` stands for several arguments of `gap`. What floats find below 0 is decided in ball arithmetic, so no
    tolerance is needed: rounding is told from a counterexample by its sign.

    Args:
        gap: a scalar function; a statement that it is never negative.
        on: its domain; a tuple stands for several arguments.

    Raises:
        DomainError: the domain is none, or the function is certified undefined somewhere in it.
        NotAFunctionError: gap is not scalar.

    Examples:
        >>> import jax.numpy as jnp
        >>> from netprops import no_counterexample, reals
        >>> no_counterexample(lambda x: x**2 - jnp.sin(x) ** 2, on=reals()).evidence
        'sampled'
        >>> no_counterexample(lambda x: x**2 - 2 * jnp.sin(x) ** 2, on=reals()).evidence
        'certified'
    """
    asked = traced_together("no_counterexample", gap, on)
    return record(remembered(asked, lambda: _sampled(asked)))


def _monotone(asked: Asked, sign: Literal[1, -1]) -> Verdict:
    notes: list[str] = []
    proof = proved(asked, asked.name, lambda c, e: c.nondecreasing(c.table.scale(e, sign)), notes)
    if proof:
        return by_proof(asked, proof)
    if recorded := ordered_pair(asked, None, sign):
        return no(asked.name, "certified", *recorded)
    found = falsify.against_monotonicity(asked.program, asked.decision, sign=sign, seed=asked.seed())
    complain_if_undefined(asked, found.nonfinite)
    refuted = ordered_pair(asked, found, sign)
    if refuted is not None:
        return no(asked.name, "certified", *refuted, evaluations=found.evaluations)
    return _undecided(asked, notes, found)


def _positive(asked: Asked) -> Verdict:
    notes: list[str] = []
    cheap, *dear = LEVELS
    by_range = functools.partial(_positive_range, notes)
    proof = proved(asked, asked.name, by_range, notes, (cheap,))
    if proof:
        return by_proof(asked, proof)
    seen = _nonpositive_at_simple_points(asked)
    if seen is not None:
        return no(asked.name, "certified", *seen)
    proof = proved(asked, asked.name, by_range, notes, dear)
    if proof:
        return by_proof(asked, proof)
    disproof = _nonpositive_range(asked)
    if disproof:
        return no(asked.name, "proved", disproof)
    parts = parts_of_positivity(asked.program)
    if parts is not None:
        words = f"the values enclosed on each of {parts} boxes, which together cover {asked.domain}, are positive"
        return yes(asked.name, "certified", words)
    if recorded := nonpositive_point(asked, None):
        return no(asked.name, "certified", *recorded)
    found = falsify.against_positivity(asked.program, seed=asked.seed())
    return _pointwise(asked, found, nonpositive_point, notes)


def _positive_range(notes: list[str], calculus: Calculus, e: Expression) -> Proof | None:
    """A proof by the range of an entry, if it holds positive numbers only."""
    r = calculus.table.range(e)
    if ranges.is_positive(r):
        return step("positive range", f"the values lie in {r}")
    notes.append(f"the range found is {r}")
    return None


def _nonpositive_range(asked: Asked) -> str | None:
    """The range of an entry in words, if it holds no positive number: zeros that balls cannot tell from others."""
    for reading in readings(asked, []):
        for entry, e in enumerate(reading.expressions):
            r = reading.symbols.table.range(e)
            if ranges.is_nonpositive(r):
                return f"the values{asked.where(entry)} lie in {r}: nowhere positive"
    return None


def _nonpositive_at_simple_points(asked: Asked) -> Refutation | None:
    """A point with f <= 0 among the middle and two corners of the domain, where floats may see only rounding."""
    leaves = asked.program.arguments
    corners = [[leaf.corner(upper=upper) for leaf in leaves] for upper in (False, True)]
    for point in ([leaf.inner_point() for leaf in leaves], *corners):
        told, x = asked.as_asked(point)
        for entry in range(asked.entries):
            certificate = sign_of(told.program, entry, x)
            if certificate is not None and certificate.sign <= 0:
                return describe_point(told, x, certificate, "point where the function is not positive")
    return None


def _pointwise(asked: Asked, found: falsify.Found, refute: Refute, notes: list[str]) -> Verdict:
    complain_if_undefined(asked, found.nonfinite)
    refuted = refute(asked, found)
    if refuted is not None:
        return no(asked.name, "certified", *refuted, evaluations=found.evaluations)
    return _undecided(asked, notes, found)


def _undecided(asked: Asked, notes: list[str], found: falsify.Found) -> Verdict:
    reasons = "; ".join(dict.fromkeys(notes)) or "no rule of the calculus applied"
    because = f"on {asked.domain}: no proof ({reasons}); nothing found in {found.evaluations} float evaluations"
    return undecided(asked.name, because, evaluations=found.evaluations)


def _sampled(asked: Asked) -> Verdict:
    if recorded := negative_point(asked, None):
        return no(asked.name, "certified", *recorded)
    found = falsify.minimise(asked.program, seed=asked.seed())
    complain_if_undefined(asked, found.nonfinite)
    refuted = negative_point(asked, found)
    if refuted is not None:
        return no(asked.name, "certified", *refuted, evaluations=found.evaluations)
    if found.nonfinite_count == found.evaluations:
        return undecided(asked.name, f"no point of {asked.domain} gave a finite value", evaluations=found.evaluations)
    because = f"nothing below 0 among {found.evaluations} points of {asked.domain}"
    if found.candidates:
        because += f", the least value met {-found.candidates[0].violation:.3g}"
    return yes(asked.name, "sampled", because, evaluations=found.evaluations)
