"""The convex log loss has a global minimum, the only one: if the labels overlap, and up to what the data cannot tell.

With rows x~ = (x, 1) and margins m = (2y - 1) x~ the cost is sum softplus(-m.theta). Three cases, and no fourth:
some theta separates the labels completely (infimum 0, not attained), some theta separates them but for rows on the
plane itself (cost above log 2, not attained), or the labels overlap (attained, on a translate of the rows' kernel).
"""

import jax.numpy as jnp
import numpy as np
import optax
from hypothesis import given
from hypothesis import strategies as st

from netprops import (
    CONDITIONAL,
    box,
    claim,
    is_constant,
    is_convex,
    is_critical,
    is_nonincreasing,
    is_positive,
    is_separable,
    is_strict_minimum,
    is_strictly_convex,
    reals,
)  # fmt: skip
from netprops.objects.regression import (
    as_doubles,
    extended,
    kernel_basis,
    log_loss_minimum,
    margins,
    row_basis,
    separation,
)  # fmt: skip
from netprops.strategies.networks import data_sets, overlapping_data, quasi_separable_data, separable_data

CLAIM = claim("log-loss-has-one-global-minimum", source=("D2.Q",), verdict=CONDITIONAL)


def log_loss(data):
    """The cost of theta = (w, b), and its domain."""
    rows = extended(data.X)
    return lambda theta: jnp.sum(optax.sigmoid_binary_cross_entropy(rows @ theta, data.y)), reals(rows.shape[1])


def has_no_minimum(cost, on, theta):
    """From every start the cost decreases strictly along theta: it does not increase and is nowhere straight."""
    along = lambda t, start: cost(start + t * theta)  # noqa: E731
    assert is_nonincreasing(along, on=reals(), for_all=on)
    assert is_strictly_convex(along, on=reals(), for_all=on)


@CLAIM
@given(data=separable_data() | separable_data(collinear=True), k=st.integers(0, 40))
def test_complete_separation(data, k):
    assert is_separable(*data, "complete")
    assert not is_separable(*data, "quasi")
    cost, on = log_loss(data)
    theta = as_doubles(separation(data).theta)
    has_no_minimum(cost, on, theta)
    assert is_positive(cost, on=on)
    # ... and yet it falls below 2^-k along theta: the infimum is 0.
    far = (k + data.rows) / float(np.min(margins(data) @ theta))
    assert not is_positive(lambda t: cost(t * theta) - 2.0**-k, on=box(far, 2 * far))
    assert not is_critical(cost, at=np.zeros(on.shape))
    assert not is_strict_minimum(cost, near=np.zeros(on.shape))


@CLAIM
@given(data=quasi_separable_data())
def test_quasi_complete_separation(data):
    assert is_separable(*data, "quasi")
    assert not is_separable(*data, "complete")
    assert not is_separable(*data, "overlap")
    cost, on = log_loss(data)
    found = separation(data)
    has_no_minimum(cost, on, as_doubles(found.theta))
    # With weights l_i / max l, from 0 to 1, the sum is smaller, convex, and critical at 0 because sum l_i m_i = 0:
    # so everywhere the cost is at least (sum l_i / max l) log 2, and that is at least log 2.
    weights = as_doubles(found.multipliers)
    M, largest = margins(data), np.max(weights)

    def weighted(theta):
        return jnp.sum(weights * optax.sigmoid_binary_cross_entropy(M @ theta, jnp.ones(len(M)))) / largest

    assert is_convex(weighted, on=on)
    assert is_critical(weighted, at=np.zeros(on.shape))
    assert np.min(weights) >= 0 < np.max(weights)


def is_attained(data):
    """Across the kernel of the rows there is one strict minimum; along the kernel nothing changes."""
    cost, on = log_loss(data)
    rows = extended(data.X)
    kernel, basis = kernel_basis(rows), row_basis(rows)
    across = lambda c: cost(c @ basis)  # noqa: E731
    assert is_strictly_convex(across, on=reals(len(basis)))
    assert is_strict_minimum(across, near=log_loss_minimum(rows @ basis.T, data.y))
    assert not is_constant(across, on=reals(len(basis)))
    for v in kernel:
        assert is_constant(lambda t, start, v=v: cost(start + t * v), on=reals(), for_all=on)
    assert bool(is_strictly_convex(cost, on=on)) == (len(kernel) == 0)


@CLAIM
@given(data=overlapping_data(full_rank=True) | overlapping_data(full_rank=False))
def test_overlap(data):
    assert is_separable(*data, "overlap")
    assert not is_separable(*data, "complete")
    cost, on = log_loss(data)
    assert not is_nonincreasing(lambda t, start: cost(start + t * extended(data.X)[0]), on=reals(), for_all=on)
    assert not is_convex(lambda theta: jnp.exp(-cost(theta)), on=on)  # the likelihood
    is_attained(data)


@CLAIM
@given(data=data_sets(targets="soft"))
def test_soft_labels(data):
    is_attained(data)
