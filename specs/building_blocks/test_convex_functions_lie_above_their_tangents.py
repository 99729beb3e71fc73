"""A convex function lies above its tangents: f(y) >= f(x) + f'(x)(y - x) for all x and y.

So its derivative at one point bounds it everywhere, which is what convex optimisation rests on.  Where f has a kink, a
subgradient does the same, and the composition rules give one; jax.grad gives some number there, subgradient or not.
"""

import jax
import jax.numpy as jnp
from hypothesis import given
from hypothesis import strategies as st

from netprops import HOLDS, box, claim, no_counterexample, reals
from netprops.objects.activations import convex_functions_of_one_variable
from netprops.objects.networks import Network
from netprops.strategies import arrays, compositions, convex_functions, integers, is_finite_at_zero, sizes

CLAIM = claim("convex-functions-lie-above-their-tangents", source="D1.A5", verdict=HOLDS)


def above_tangent(f):
    """y, x -> f(y) - f(x) - f'(x)(y - x), with JAX's f'."""

    def gap(y, x):
        value, slope = jax.jvp(f, (x,), (jax.tree.map(jnp.subtract, y, x),))
        return f(y) - value - slope

    return gap


@CLAIM
def test_functions_of_one_variable():
    for name, f, domain in convex_functions_of_one_variable():
        assert no_counterexample(above_tangent(f), on=(domain, domain)), name


@CLAIM
@given(n=sizes(1, 3), data=st.data())
def test_what_the_grammar_puts_together(n, data):
    f = data.draw(st.one_of(convex_functions(n, rules=2), compositions(n)).filter(is_finite_at_zero))
    assert no_counterexample(f.above_tangent, on=(f.domain, f.domain))


@CLAIM
@given(n=sizes(1, 3), data=st.data())
def test_what_it_puts_together_without_kinks(n, data):
    smooth = st.one_of(convex_functions(n, differentiable=True, rules=2), compositions(n, differentiable=True))
    f = data.draw(smooth.filter(is_finite_at_zero))
    assert no_counterexample(above_tangent(f), on=(f.domain, f.domain))


@CLAIM
@given(widths=st.tuples(sizes(1, 3), sizes(1, 3), sizes(1, 2)), data=st.data())
def test_networks_do_not(widths, data):
    net, rows = Network(widths), data.draw(sizes(1, 3))
    x = data.draw(arrays((rows, widths[0]), nonzero=True))
    y = data.draw(arrays((rows, widths[-1]), integers(-2, 2)))
    assert not no_counterexample(above_tangent(lambda p: net.cost(p, x, y)), on=(net.params, net.params))


@CLAIM
def test_what_jax_gives_at_a_kink_is_no_subgradient():
    identity_in_disguise = lambda x: jax.nn.relu(x) - jax.nn.relu(-x)  # noqa: E731
    assert not no_counterexample(above_tangent(identity_in_disguise), on=(reals(), box(0, 0)))
