"""An opaque activation is read in symbols, where it is one function by name, and nowhere else."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netprops import UnsupportedError, are_equal, is_higher, no_counterexample, opaque, reals
from netprops.objects.networks import Network


def test_equal_names_are_equal_functions():
    f, g, other = opaque("phi"), opaque("phi"), opaque("psi")
    assert are_equal(lambda x, y: f(x + y) + f(x), lambda x, y: g(x) + g(y + x), on=(reals(2), reals(2)))
    with pytest.raises(UnsupportedError, match="'phi' stands for every activation"):
        are_equal(f, other, on=reals(2))


def test_nothing_is_assumed_of_it():
    f = opaque("phi")
    for wrong in (lambda x: -f(-x), lambda x: f(x + 0.5), lambda x: 2 * f(x / 2), lambda x: 0 * x):
        with pytest.raises(UnsupportedError, match="no values"):
            are_equal(f, wrong, on=reals())


def test_it_goes_through_loops_and_batches_of_a_trace():
    f = opaque("phi")

    def looped(xs):
        return jax.lax.scan(lambda total, x: (total + f(x), x), 0.0, xs)[0]

    assert are_equal(lambda xs: jnp.sum(jax.vmap(f)(xs)), looped, on=reals(3))
    assert are_equal(lambda xs: jnp.sum(jax.jit(f)(xs)), looped, on=reals(3))


def test_a_network_of_it():
    net = Network((2, 3, 2), hidden=opaque("phi"))
    assert "phi" in repr(net)

    def swapped(p, x, y):
        ((W, b), (V, c)) = p
        order = np.array([2, 0, 1])
        return net.cost(((W[:, order], b[order]), (V[order], c)), x, y)

    assert are_equal(net.cost, swapped, on=net.domain(rows=2))


@pytest.mark.parametrize(
    "asking",
    [
        lambda f: f(np.ones(2)),
        lambda f: jax.jit(f)(np.ones(2)),
        lambda f: jax.vmap(f)(np.ones((2, 2))),
        lambda f: jax.grad(f)(1.0),
        lambda f: is_higher(f, at=1, than=0),
        lambda f: no_counterexample(f, on=reals()),
    ],
    ids=["eager", "jit", "vmap", "grad", "balls", "floats"],
)
def test_it_has_no_values(asking):
    with pytest.raises(UnsupportedError, match="'phi' stands for every activation and has no values"):
        asking(opaque("phi"))


def test_it_has_a_name():
    with pytest.raises(TypeError, match="by its name"):
        opaque(3)
