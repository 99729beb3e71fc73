"""Does a map, an optimiser's step say, stay in a ball? By contraction, for any differentiable map."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from flint import fmpq

from netprops.domains import exact, nearest_double
from netprops.evidence import Verdict, no, record, undecided, yes
from netprops.questions.asking import (
    Asked,
    Function,
    Point,
    domain_around,
    point_in,
    remembered,
    show_number,
    show_point,
    traced,
)
from netprops.questions.descent import key, positive
from netprops.readings.atoms import ball as to_ball
from netprops.readings.balls import precision_of
from netprops.readings.contraction import contraction, distance, image
from netprops.readings.jaxpr import NotAFunctionError
from netprops.readings.krawczyk import flatten, shaped
from netprops.readings.witnesses import exact_text

TRIALS = 64  # directions in which a way out is looked for


def stays_in(ball: tuple[Any, Any], map: Function) -> Verdict:
    """Does the map take the closed ball (centre, radius) into itself, bringing any two of its points nearer together?

    Then every run x, map(x), map(map(x)), ... from the ball stays in it, and all converge to one fixed point. "Yes":
    the spectral norm of the map's Jacobian is at most q < 1 on the ball, and the centre moves by at most
    (1 - q) radius. "No": a point of the ball that is mapped out of it.

    Args:
        ball: the centre, an array or a pytree, and the radius, in the Euclidean norm of all coordinates.
        map: from points like the centre to points like the centre, differentiable: a step of an optimiser, say.

    Raises:
        DomainError: a radius that is not positive.
        NotAFunctionError: values of another shape.

    Examples:
        >>> import jax.numpy as jnp
        >>> from netprops import stays_in
        >>> stays_in((0, 1), map=lambda x: jnp.cos(x) / 2).answer
        'yes'
    """
    centre, radius = ball
    on = domain_around(centre)
    asked = traced("stays_in", map, on)
    shapes = tuple(leaf.shape for leaf in asked.program.arguments)
    if asked.program.out_shapes != shapes:
        raise NotAFunctionError(
            f"stays_in is about a map of {shapes} to itself, this one is to {asked.program.out_shapes}"
        )
    c, r = point_in(centre, on, "the centre"), positive("a radius", radius)
    return record(remembered(asked, lambda: _stays(asked, c, r), *key(c), str(r)))


def _stays(asked: Asked, c: Point, r: fmpq) -> Verdict:
    centre = flatten(c)
    squared = contraction(asked.program, centre, r)
    where = f"the ball of radius {show_number(r)} about {show_point(c)}"
    if squared is not None:
        words = (
            f"on {where} the Jacobian is at most {nearest_double(squared) ** 0.5:.9g} in norm, and the centre stays in"
        )
        witness = {"kind": "contraction", "centre": [exact_text(v) for v in centre], "radius": exact_text(r)}
        return yes(asked.name, "certified", words, {**witness, "squared factor": exact_text(squared)})
    for x in _points_near_the_rim(asked, centre, r):
        with precision_of(128):
            middle, inside = [to_ball(v) for v in centre], [to_ball(v) for v in x]
            after = image(asked.program, inside, 128)
            if distance(inside, middle) <= to_ball(r) and distance(after, middle) > to_ball(r):
                words = f"from {show_point(shaped(asked.program, x))} the map leads out of {where}"
                return no(asked.name, "certified", words, {"kind": "way out", "from": [exact_text(v) for v in x]})
    return undecided(asked.name, f"on {where} no contraction was shown, and no way out was found")


def _points_near_the_rim(asked: Asked, centre: Sequence[fmpq], r: fmpq) -> Iterator[list[fmpq]]:
    rng = np.random.default_rng(asked.seed())
    size = len(centre)
    for v in (*np.zeros((1, size)), *np.eye(size), *-np.eye(size), *rng.standard_normal((TRIALS, size))):
        along = [exact(x) for x in (v / max(float(np.linalg.norm(v)), 1e-9)).tolist()]
        yield [c + fmpq(1023, 1024) * r * d for c, d in zip(centre, along, strict=True)]
