"""Readers of digits, against stochastic gradient descent with momentum written out by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from netprops.objects.data import digits
from netprops.objects.digit_readers import reader, reading
from netprops.objects.training import glorot_start, normal_point

ROWS, TESTS, EPOCHS, BATCH = 60, 40, 2, 20


def by_hand(key, width):
    """Training and test loss; one width, so that all is drawn as in the trial."""
    X, y = map(jnp.asarray, digits())
    (p,) = (glorot_start(normals) for normals in normal_point(key, (reader(width).params,)))
    batches = np.asarray(jax.random.randint(jax.random.fold_in(key, 1), (6, BATCH), 0, ROWS))
    mean = lambda p, x, y: jnp.mean(optax.losses.softmax_cross_entropy(reader(width)(p, x), y))  # noqa: E731
    slope, moving = jax.jit(jax.grad(mean)), jax.tree.map(jnp.zeros_like, p)
    for k, rows in enumerate(batches):
        moving = jax.tree.map(lambda m, g: 0.9 * m + g, moving, slope(p, X[rows], y[rows]))
        p = jax.tree.map(lambda a, m, k=k: a - 0.05 * 0.72 ** (k // 3) * m, p, moving)
    return float(mean(p, X[:ROWS], y[:ROWS])), float(mean(p, X[-TESTS:], y[-TESTS:]))


def test_against_descent_by_hand():
    key = jax.random.key(3)
    ends = jax.jit(reading((4,), rows=ROWS, tests=TESTS, epochs=EPOCHS, batch=BATCH))(key)
    train, test = by_hand(key, 4)
    assert ends.train[0] == pytest.approx(train, rel=1e-6)  # the library's schedule is in single precision
    assert ends.test[0] == pytest.approx(test, rel=1e-6)


def test_wide_readers_learn_more():
    ends = jax.jit(reading((2, 25)))(jax.random.key(0))
    assert ends.train.shape == ends.test.shape == (2,)
    assert ends.train[1] < 0.3 < 1 < ends.train[0]
    assert ends.train[1] < ends.test[1] < 0.8 < np.log(10)
