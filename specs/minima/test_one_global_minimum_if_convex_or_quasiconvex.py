"""A convex or quasi-convex problem has one minimum *value*; minimisers it may have one, many or none.

A quasi-convex one may also have local minima that are not global, on a plateau: a clipped ramp. Exactly one minimiser
there is where the function is strictly convex and grows at infinity.
"""

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netprops import (
    CONDITIONAL,
    are_equal,
    box,
    claim,
    has_critical_point,
    is_constant,
    is_convex,
    is_critical,
    is_higher,
    is_positive,
    is_quasiconvex,
    is_strictly_convex,
    reals,
)  # fmt: skip
from netprops.objects.losses import softplus_log_loss
from netprops.objects.regression import log_loss_minimum
from netprops.strategies.minima import repeated_inputs
from netprops.strategies.networks import arrays, data_sets, dyadics, nonzero_arrays, nonzero_dyadics

CLAIM = claim("one-global-minimum-if-convex-or-quasiconvex", source=("D1.A5",), verdict=CONDITIONAL)


@CLAIM
@given(drawn=repeated_inputs(), data=st.data())
def test_many_minimisers_of_one_value(drawn, data):
    X, kernel = drawn
    b, above = data.draw(arrays(X.shape[1])), data.draw(arrays(len(X)))
    both, y = np.concatenate([X, X]), np.concatenate([X @ b + above, X @ b - above])
    squares = lambda b: jnp.sum((both @ b - y) ** 2)  # noqa: E731
    assert is_convex(squares, on=reals(len(b)))
    # Nowhere is it less than at b, and along the kernel it is the same.
    assert are_equal(squares, lambda c: squares(b) + jnp.sum((both @ (c - b)) ** 2), on=reals(len(b)))
    assert is_constant(lambda t: squares(b + t * kernel), on=reals())
    assert is_critical(squares, at=b)
    assert is_critical(squares, at=b + data.draw(nonzero_dyadics()) * kernel)
    assert not is_strictly_convex(squares, on=reals(len(b)))


@CLAIM
@given(at=dyadics())
def test_no_minimiser(at):
    decay = lambda x: jnp.exp(-x)  # noqa: E731
    assert is_convex(decay, on=reals())
    assert is_positive(lambda x: -jax.grad(decay)(x), on=reals())
    assert not has_critical_point(decay, box(at - 1, at + 1))
    assert not is_critical(decay, at=at)


@CLAIM
@given(n=st.integers(1, 3), data=st.data())
def test_a_local_minimum_on_a_plateau_that_is_not_global(n, data):
    slope, shift = data.draw(nonzero_arrays(n)), data.draw(dyadics())
    ramp = lambda x: jnp.clip(slope @ x + shift, 0, 1)  # noqa: E731
    assert is_quasiconvex(ramp, on=reals(n))
    assert not is_convex(ramp, on=reals(n))
    # The middle of a box on which the ramp is constant is a local minimum, and on the other side it is lower.
    length = np.ceil((2 + abs(shift)) / (slope @ slope) * 4)
    up, down = length * slope, -length * slope
    reach = 1 / 64 / n
    assert is_constant(ramp, on=box(up - reach, up + reach))
    assert is_higher(ramp, at=up, than=down)
    assert not is_higher(ramp, at=down, than=up)
    assert not is_constant(ramp, on=box(np.minimum(up, down), np.maximum(up, down)))
    assert not is_positive(ramp, on=reals(n))


@CLAIM
@given(data=data_sets(rows=(1, 3), columns=(1, 2), targets="real"), decay=dyadics(1 / 4, 2))
def test_strictly_convex_and_coercive(data, decay):
    """The log loss with weight decay, any data, any real labels: above decay |w|^2 / 2 plus an affine function."""
    cost = lambda w: jnp.sum(softplus_log_loss(data.X @ w, data.y)) + decay * (w @ w)  # noqa: E731
    assert is_strictly_convex(cost, on=reals(data.columns))
    assert is_convex(lambda w: cost(w) - decay / 2 * (w @ w), on=reals(data.columns))
    centre = log_loss_minimum(data.X, data.y, decay=decay)
    assert has_critical_point(cost, box(centre - 1 / 1024, centre + 1 / 1024))
    assert not has_critical_point(cost, box(centre + 1 / 16, centre + 1 / 8))


@CLAIM
def test_two_values():
    wells = lambda x: (x**2 - 1) ** 2 + x / 4  # noqa: E731
    assert not is_quasiconvex(wells, on=reals())
    assert not are_equal(wells, lambda x: wells(-x), on=reals())
