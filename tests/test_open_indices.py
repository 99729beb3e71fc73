"""Functions in pieces as people write them, with `jnp.select` and `jnp.piecewise`: proved, refuted, rechecked."""

import jax.numpy as jnp
import pytest

from netprops import are_equal, box, curvature, is_convex, reals, recheck


def selected(x, low, middle, high):
    return jnp.select([x < -1, x < 1], [low(x), middle(x)], high(x))


def in_pieces(x, low, middle, high):
    return jnp.piecewise(x, [x < -1, (x >= -1) & (x < 1), x >= 1], [low, middle, high])


HUBER = (lambda x: -2 * x - 1, lambda x: x**2, lambda x: 2 * x - 1)
CAPPED = (lambda x: 1 + 0 * x, lambda x: x**2, lambda x: 1 + 0 * x)
JUMPING = (lambda x: -2 * x - 1, lambda x: x**2, lambda x: 2 * x - 0.75)
AFFINE = (lambda x: 2 * x, lambda x: x + x, lambda x: 4 * x - 2 * x)


@pytest.mark.parametrize("write", [selected, in_pieces])
@pytest.mark.parametrize(
    ("pieces", "name"), [(HUBER, "convex"), (CAPPED, "neither"), (JUMPING, "neither"), (AFFINE, "affine")]
)
def test_curvature(write, pieces, name):
    def f(x):
        return write(x[0], *pieces)

    found = curvature(f, reals(1))
    assert found.name == name
    assert recheck(found.certificate, f)


def test_where_nothing_holds_piecewise_is_zero_and_select_its_default():
    assert are_equal(lambda x: jnp.piecewise(x, [x < 0], [lambda v: -v]), lambda x: jnp.maximum(-x, 0), on=reals())
    assert are_equal(lambda x: jnp.select([x < 0], [-x]), lambda x: jnp.maximum(-x, 0), on=reals())


def test_of_several_that_hold_the_first_counts():
    assert is_convex(lambda x: jnp.select([x < 2, x < 1], [x, -5 * x], 2 * x - 2), on=reals())
    assert not is_convex(lambda x: jnp.select([x < 1, x < 2], [x, -5 * x], 2 * x - 2), on=reals())


def test_of_several_that_hold_the_last_counts():
    pieces = [lambda x: jnp.minimum(x, 1), lambda x: 2 - x, lambda x: 2 * x - 3]
    assert is_convex(lambda x: jnp.piecewise(x, [x < 2, x < 1], pieces), on=reals())
    assert not is_convex(lambda x: jnp.piecewise(x, [x < 1, x < 2], pieces), on=reals())


def test_what_the_domain_settles_is_no_choice():
    assert is_convex(lambda x: selected(x, *CAPPED), on=box(-1, 1, open=True))
    assert not is_convex(lambda x: selected(x, *CAPPED), on=box(-1, 2))
