"""Is one function the gradient of another? The normal form, differentiated by table, proves it."""

from __future__ import annotations

from typing import Any

import numpy as np
from flint import arb

from netprops.domains import leaves
from netprops.evidence import Verdict, no, record, undecided, yes
from netprops.questions.asking import Asked, Function, Point, contains, record_point, remembered, traced
from netprops.readings import balls
from netprops.readings.derivatives import NotSmoothError, derivative
from netprops.readings.jaxpr import NotAFunctionError, UnsupportedError
from netprops.readings.jets import gradient
from netprops.readings.polynomials import Expression, TooLargeError
from netprops.readings.symbols import read
from netprops.readings.vanishing import vanishes
from netprops.readings.witnesses import enclosure_text
from netprops.search.points import generator

_FIRST, _TRIED = 2, 8  # points, before and after the attempt to prove
_BITS = (64, 256)
_SHARP = 64
POINTS = 24


def is_gradient_of(g: Function, f: Function, on: Any, for_all: Any = None) -> Verdict:
    """Is g(x) the gradient of the scalar f(x) at every x of `on`, or g(x, q) that of f(x, q) in x, q in `for_all`?

    g returns a pytree like x. "Yes" is proved: the derivatives of f's normal form, by table, are the normal forms of
    g's entries; of JAX's derivatives none is used. "No" is certified: a point, an entry, and enclosures of both that
    are apart.

    Args:
        g: the presumed gradient, g(x) or g(x, q); of the shape of x.
        f: a scalar function, f(x) or f(x, q).
        on: the domain of x.
        for_all: the domain of q.

    Raises:
        NotAFunctionError: f is not scalar, or g's outputs have not the shapes of `on`.

    Examples:
        >>> import jax
        >>> from netprops import is_gradient_of, reals
        >>> is_gradient_of(jax.nn.sigmoid, jax.nn.softplus, on=reals())
        <is_gradient_of: yes (proved) because 1 partial derivatives by table, each of one normal form with its
        entry>
    """
    first, second = _both("is_gradient_of", g, f, on, for_all)
    return record(remembered(first, lambda: _answer(first, second), second.program.key))


def gradients_agree(g: Function, f: Function, on: Any, for_all: Any = None, *, points: int = POINTS) -> Verdict:
    """Is g(x) at no sampled point another vector than the gradient of f(x)?

    For functions that `is_gradient_of` cannot decide, such as ones with kinks.  At points with small dyadic coordinates
    f's derivatives are enclosed by jets of its own program, at some 256 bits, and g's values by balls; points at which
    one of these is not known to 64 bits (kinks) are left out.  yes (sampled): everywhere the enclosures overlap.  no
    (certified): some are apart.  Undecided: fewer than half of the points can be used.

    Args:
        g: of x, or of x and q: a pytree like x, the supposed gradient.
        f: of the same arguments, a scalar.
        on: the domain of x.
        for_all: the domain of q.
        points: how many points are drawn.

    Raises:
        NotAFunctionError, UnsupportedError: as `is_gradient_of`; a primitive without an enclosure.

    Examples:
        >>> import jax.numpy as jnp
        >>> from netprops import gradients_agree, reals
        >>> gradients_agree(lambda x: jnp.sign(x), lambda x: jnp.abs(x), on=reals()).answer
        'yes'
        >>> gradients_agree(lambda x: 2 * jnp.sign(x), lambda x: jnp.abs(x), on=reals()).answer
        'no'
    """
    first, second = _both("gradients_agree", g, f, on, for_all)
    if points < 1:
        raise ValueError(f"gradients_agree compares at one point or more, got {points}")
    return record(remembered(first, lambda: _sampled(first, second, points), second.program.key, points))


def _sampled(f: Asked, g: Asked, points: int) -> Verdict:
    used = 0
    for stage in range(points):
        rng = generator(f.seed(), stage)
        at = [_near(leaf, rng) for leaf in f.program.arguments]
        if not contains(f.program, at):
            continue
        pairs = _enclosures(f, g, at, _BITS[-1])
        for i, (mine, given) in enumerate(pairs):
            if mine.is_finite() and given.is_finite() and not mine.overlaps(given):
                return _difference(f, g, at, i, mine, given)
        used += all(_is_sharp(ball) for pair in pairs for ball in pair)
    if 2 * used < points:
        return undecided(f.name, f"on {f.domain}: the derivatives are enclosed at only {used} of {points} points")
    because = f"at {used} points each enclosed partial derivative overlaps with the value given, to {_SHARP} bits"
    return yes(f.name, "sampled", because, evaluations=used)


def _is_sharp(ball: arb) -> bool:
    """Whether a ball is finite and no wider than its place allows."""
    return bool(ball.is_finite() and ball.rad() <= arb(2) ** -_SHARP * (1 + abs(ball.mid())))


def _both(name: str, g: Function, f: Function, on: Any, for_all: Any) -> tuple[Asked, Asked]:
    """f and g, traced."""
    first, second = traced(name, f, on, for_all), traced(name, g, on, for_all)
    if first.program.out_shapes != ((),):
        raise NotAFunctionError(f"{name} differentiates a scalar function; got {first.program.out_shapes}")
    shapes = tuple(leaf.shape for leaf in leaves(on))
    if second.program.out_shapes != shapes:
        raise NotAFunctionError(f"a gradient on this domain has the shapes {shapes}, got {second.program.out_shapes}")
    return first, second


def _answer(f: Asked, g: Asked) -> Verdict:
    notes: list[str] = []
    gaps = _gaps(f, g, 0, notes)
    if gaps is not None and not any(gap.terms for gap in gaps):
        return yes(
            f.name, "proved", f"{len(gaps)} partial derivatives by table, each of one normal form with its entry"
        )
    seen = _apart(f, g, range(_FIRST))
    if seen is not None:
        return seen
    for level in (0, 2):
        gaps = gaps if level == 0 else _gaps(f, g, level, notes)
        if gaps is not None and all(vanishes(gap, notes) for gap in gaps):
            return yes(f.name, "proved", f"{len(gaps)} partial derivatives by table, the differences multiplied out")
    seen = _apart(f, g, range(_FIRST, _TRIED))
    if seen is not None:
        return seen
    return undecided(
        f.name, f"on {f.domain}: {'; '.join(dict.fromkeys(notes))}; no certified difference at {_TRIED} points"
    )


def _gaps(f: Asked, g: Asked, level: int, notes: list[str]) -> list[Expression] | None:
    """df/dx_i - g_i for every coordinate, over one table; None, with the reason in `notes`, if there is none."""
    try:
        a = read(f.program, level=level)
        b = read(g.program, level=level, shared=a)
        (value,) = (e for output in a.outputs for e in output.reshape(-1))
        entries = [e for output in b.outputs for e in output.reshape(-1)]
        bits = [bit for i in range(f.decision) for bit in a.blocks[i]]
        table = a.table
        gaps = [table.subtract(derivative(table, value, bit), entry) for bit, entry in zip(bits, entries, strict=True)]
    except (UnsupportedError, TooLargeError, NotSmoothError) as error:
        notes.append(str(error))
        return None
    missing = sorted({str(c) for e in (value, *entries, *gaps) for c in e.needs})
    if missing:
        notes.append(f"not shown that {'; '.join(missing[:3])}")
        return None
    return gaps


def _apart(f: Asked, g: Asked, stages: range) -> Verdict | None:
    """A certified difference at one of a few points with small dyadic coordinates."""
    for stage in stages:
        rng = generator(f.seed(), stage)
        at = [_near(leaf, rng) for leaf in f.program.arguments]
        if not contains(f.program, at):
            continue
        for bits in _BITS:
            for i, (mine, given) in enumerate(_enclosures(f, g, at, bits)):
                if mine.is_finite() and given.is_finite() and not mine.overlaps(given):
                    return _difference(f, g, at, i, mine, given)
    return None


def _enclosures(f: Asked, g: Asked, at: Point, bits: int) -> list[tuple[arb, arb]]:
    """Each partial derivative in the decision variables, with g's value beside it."""
    slope = gradient(f.program, at, bits)[1]
    values = [v for output in balls.evaluate(g.program, at, bits) for v in output.reshape(-1)]
    return list(zip(slope, values, strict=False))


def _near(leaf: Any, rng: np.random.Generator) -> Any:
    """Simple numbers of the box, moved by eighths where that stays inside."""
    array = leaf.inner_point()
    flat = array.reshape(-1)
    for i in range(leaf.size):
        moved = flat[i] + int(rng.integers(-12, 13)) * type(flat[i])(1, 8)
        flat[i] = moved if leaf.interval(i).contains(moved) else flat[i]
    return array


def _difference(f: Asked, g: Asked, at: Point, entry: int, mine: arb, given: arb) -> Verdict:
    where = f"at {f.show(at)}{g.where(entry)}"
    words = f"{where} the partial derivative is {mine.str(12)}, the function has {given.str(12)}"
    witness = {
        "kind": "another gradient",
        "at": record_point(at),
        "entry": entry,
        "partial derivative": enclosure_text(mine),
        "given": enclosure_text(given),
    }
    return no(f.name, "certified", words, witness)
