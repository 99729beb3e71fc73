"""A linear network h A B is h (A G)(G^-1 B) for every invertible G; so A' J_A = J_B B', J the gradient of its cost.

With biases a layer is h A + b, and (A G, b G) go with G^-1 B: then A' J_A + b' J_b = J_B B', b and J_b being rows.

The inverse is adj(G)/det(G). For integer matrices, one after every hidden layer, it is computed inside the function;
for G of symbols, A G adj(G) B = det(G) A B.
"""

from dataclasses import replace

import jax
import jax.numpy as jnp
from hypothesis import given
from hypothesis import strategies as st

from netprops import HOLDS, are_equal, claim, is_gradient_of, reals
from netprops.objects.symmetries import LinearChange, adjugate, determinant
from netprops.strategies.least_squares import invertible
from netprops.strategies.networks import linear_networks

CLAIM = claim("linear-networks-gl-symmetry", source=("Baldi and Hornik 1989",), verdict=HOLDS)


def through(matrices):
    """Other coordinates after every hidden layer: G in it, adj(G)/det(G) in the next."""
    change = LinearChange(tuple((G, adjugate(G)) for G in matrices))

    def moves(p):
        first, *rest = change(p)
        return (first, *((W / determinant(G), *b) for (W, *b), G in zip(rest, matrices, strict=True)))

    return moves


def balance(net, x, y):
    """A' J_A + b' J_b and J_B B' for every two layers in a row, as functions of the parameters; b is a row, or none."""
    slope = jax.grad(lambda p: net.cost(p, x, y))

    def left(p, biases=True):
        layers = zip(p[:-1], slope(p)[:-1], strict=True)
        return [sum(row(part).T @ row(J) for part, J in list(zip(*both, strict=True))[: 1 + biases]) for both in layers]

    def right(p):
        return [J @ B.T for (B, *_), (J, *_) in zip(p[1:], slope(p)[1:], strict=True)]

    return left, right


def row(part):
    return part.reshape(-1, part.shape[-1])


@CLAIM
@given(net=linear_networks(depth=(2, 4), width=(1, 3), bias=None), data=st.data())
def test_integer_matrices(net, data):
    drawn = [data.draw(invertible(n)) for n in net.widths[1:-1]]
    on = (net.params, reals((1, net.widths[0])))
    assert are_equal(lambda p, x: net(through(drawn)(p), x), net, on=on)
    # Some entry below 0: with relu these are no symmetries.
    turned = replace(net, hidden=jax.nn.relu)
    drawn = [G if G.min() < 0 else -G for G in drawn]
    assert not are_equal(lambda p, x: turned(through(drawn)(p), x), turned, on=on)


@CLAIM
@given(inputs=st.integers(1, 2), units=st.integers(1, 3), outputs=st.integers(1, 2))
def test_matrices_of_symbols(inputs, units, outputs):
    shapes = reals((inputs, units)), reals((units, outputs))
    square = reals((units, units))
    through_both = lambda A, B, G: A @ G @ adjugate(G) @ B  # noqa: E731
    assert are_equal(through_both, lambda A, B, G: determinant(G) * (A @ B), on=(*shapes, square))
    # So a matrix of determinant 0 is no change of coordinates.
    singular = lambda G: G.at[-1].set(0.0)  # noqa: E731
    assert are_equal(lambda A, B, G: through_both(A, B, singular(G)), lambda A, B, G: 0 * (A @ B), on=(*shapes, square))
    assert not are_equal(lambda A, B, G: through_both(A, B, singular(G)), lambda A, B, G: A @ B, on=(*shapes, square))


@CLAIM
@given(net=linear_networks(depth=(2, 3), width=(1, 3)) | linear_networks(depth=(2, 3), width=(1, 2), bias=True))
def test_the_balance_of_two_layers(net):
    """On one row: the cost is a sum over the rows, and the identity is linear in it."""
    on, *data = net.domain(rows=1)
    cost = lambda p, q: net.cost(p, *q)  # noqa: E731
    slope = jax.grad(cost)
    assert is_gradient_of(slope, cost, on=on, for_all=tuple(data))
    assert not is_gradient_of(slope, lambda p, q: 2 * cost(p, q), on=on, for_all=tuple(data))
    left, right = (lambda p, x, y, side=side: balance(net, x, y)[side](p) for side in (0, 1))
    assert are_equal(left, right, on=(on, *data))
    if net.bias:  # which is not so of the weights alone
        weights = lambda p, x, y: balance(net, x, y)[0](p, biases=False)  # noqa: E731
        assert not are_equal(weights, right, on=(on, *data))
    bent = replace(net, hidden=jnp.tanh)
    left, right = (lambda p, x, y, side=side: balance(bent, x, y)[side](p) for side in (0, 1))
    assert not are_equal(left, right, on=(on, *data))
