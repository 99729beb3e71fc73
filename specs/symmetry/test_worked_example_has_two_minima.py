"""The worked example's loss has at least two minima; how many copies symmetries make depends on the activation.

The example is the target: the loss is 0 at it and at its swap and higher halfway between.  Its symmetries make 2 copies
for softplus and silu, 2^2 2! = 8 for tanh, for the sigmoid 2 without an output bias and 8 with one.  For relu and for
linear units they make a continuum through every point, and no minimum is strict.
"""

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netprops import CONDITIONAL, are_equal, claim, has_orbit, is_higher, positive, reals
from netprops.objects.networks import Network, identity
from netprops.objects.symmetries import LinearChange, Rescaling, permutation, shear, unit_group
from netprops.strategies.networks import dyadics

CLAIM = claim("worked-example-has-two-minima", source=("D2.A1",), verdict=CONDITIONAL)

# Columns are units: W1 x of the example is x W1 here.
EXAMPLE = (np.array([[-1.5, 1.7], [2.0, 0.4]]),), (np.array([[2.3], [0.8]]),)
SWAPPED = permutation((1, 0))(EXAMPLE)
HALFWAY = jax.tree.map(lambda a, b: (a + b) / 2, EXAMPLE, SWAPPED)


def network(activation, bias=False):
    return Network((2, 2, 1), hidden=activation, bias=bias)


def with_biases(params):
    return tuple((*layer, np.zeros(layer[0].shape[1])) for layer in params)


@CLAIM
@given(
    activation=st.sampled_from((jnp.tanh, jax.nn.sigmoid, jax.nn.softplus, jax.nn.silu, jax.nn.relu, identity)),
    more=st.tuples(dyadics(), dyadics()),
)
def test_two_minima_and_a_higher_point_between(activation, more):
    net, X = network(activation), np.array([[1.0, 0.0], [0.0, 1.0], more])

    def loss(p):
        return net.cost(p, X, net(EXAMPLE, jnp.asarray(X)))

    # 0 is the least value that a sum of squares has.
    for minimum in (EXAMPLE, SWAPPED):
        assert is_higher(loss, at=HALFWAY, than=minimum)
        assert not is_higher(loss, at=minimum, than=HALFWAY)
    assert are_equal(lambda x: net(EXAMPLE, x), lambda x: net(SWAPPED, x), on=(reals((1, 2)),))
    assert not are_equal(lambda x: net(EXAMPLE, x), lambda x: net(HALFWAY, x), on=(reals((1, 2)),))


def on_the_way(activation, t):
    """The loss at the share t of the way from the example to its swap."""
    net, X = network(activation), jnp.array([[1.0, 0.0], [0.0, 1.0]])
    return net.cost(jax.tree.map(lambda a, b: (1 - t) * a + t * b, EXAMPLE, SWAPPED), X, net(EXAMPLE, X))


@CLAIM
def test_how_many_copies():
    way = jnp.linspace(-0.25, 1.25, 49)
    for activation in (jnp.tanh, jax.nn.softplus, jax.nn.silu, jax.nn.sigmoid):
        losses = jax.vmap(lambda t, activation=activation: on_the_way(activation, t))(way)
        title, axes = "A network and its permuted copy", ("share of the way from one (0) to the other (1)", "loss")
        CLAIM.curve(title, way, losses, axes=axes, name=activation.__name__)
    for activation, copies in ((jax.nn.softplus, 2), (jax.nn.silu, 2), (jax.nn.sigmoid, 2), (jnp.tanh, 8)):
        assert has_orbit(unit_group(network(activation)), at=EXAMPLE, size=copies)
    for activation, copies in ((jax.nn.softplus, 2), (jax.nn.silu, 2), (jax.nn.sigmoid, 8), (jnp.tanh, 8)):
        assert has_orbit(unit_group(network(activation, bias=True)), at=with_biases(EXAMPLE), size=copies)
    assert not has_orbit(unit_group(network(jnp.tanh)), at=EXAMPLE, size=2)


@CLAIM
@given(activation=st.sampled_from((jax.nn.softplus, jax.nn.silu, jax.nn.sigmoid, jnp.tanh)), bias=st.booleans())
def test_all_these_copies_are_one_function(activation, bias):
    net = network(activation, bias)
    group, on = unit_group(net), (net.params, reals((1, 2)))
    assert are_equal(
        lambda p, x: jnp.stack([net(g(p), x) for g in group]), lambda p, x: jnp.stack([net(p, x)] * group.order), on=on
    )


@CLAIM
def test_relu_units_have_a_continuum_of_copies():
    net, x, t = network(jax.nn.relu), reals((1, 2)), positive(2)
    assert are_equal(lambda p, x, t: net(Rescaling((t,))(p), x), lambda p, x, t: net(p, x), on=(net.params, x, t))
    # Different ones, unless all incoming weights are 0; then the outgoing ones are free.
    assert not are_equal(lambda t: Rescaling((t,))(EXAMPLE), lambda t: EXAMPLE, on=(t,))
    dead = (np.zeros((2, 2)),)
    assert are_equal(lambda V, x: net((dead, (V,)), x), lambda V, x: 0 * net((dead, (V,)), x), on=(reals((2, 1)), x))


@CLAIM
def test_linear_units_have_a_continuum_of_copies():
    net, x, entries = network(identity), reals((1, 2)), (reals(2), positive(2))

    # Shears and rescalings make up all invertible 2 by 2 matrices of positive leading minors: upper, diagonal, lower.
    def changed(p, shears, t):
        upper, lower = (LinearChange((shear(2, i, 1 - i, shears[i]),)) for i in (0, 1))
        return lower(Rescaling((t,))(upper(p)))

    everything = (net.params, x, *entries)
    assert are_equal(lambda p, x, s, t: net(changed(p, s, t), x), lambda p, x, s, t: net(p, x), on=everything)
    assert not are_equal(lambda s, t: changed(EXAMPLE, s, t), lambda s, t: EXAMPLE, on=entries)
