"""In a convex problem, a convex objective on a convex region, no local minimum is worse than another.

If the region is not convex there may be a worse one, even for a convex quadratic: on a ring. That the region is closed
is another matter: on an open convex one local is global too. Being closed keeps the infimum from being missed at the
edge, not at infinity.
"""

import jax
import jax.numpy as jnp
import numpy as np
import optax
from hypothesis import given
from hypothesis import strategies as st
from optax.projections import projection_box, projection_l2_ball

from netprops import (
    CONDITIONAL,
    box,
    claim,
    is_convex,
    is_critical,
    is_higher,
    is_nonincreasing,
    is_positive,
    is_strict_minimum,
    no_counterexample,
    positive,
    reals,
)  # fmt: skip
from netprops.objects.regions import bowl, polar, surplus
from netprops.strategies.networks import arrays, data_sets, dyadics

CLAIM = claim("convex-problem-has-no-bad-minima", source=("D1.A4.c4",), verdict=CONDITIONAL)

# A loss of the score w.x and the target, and a bound on its second derivative by the score.
LOSSES = ((lambda z, y: (z - y) ** 2, 2.0), (optax.huber_loss, 1.0), (optax.sigmoid_binary_cross_entropy, 0.25))


@CLAIM
@given(
    data=data_sets(rows=(1, 4), columns=(1, 2)), loss=st.sampled_from(LOSSES), steps=st.integers(1, 4), draw=st.data()
)
def test_projected_descent_on_a_box(data, loss, steps, draw):
    """It ends, from every start x, no higher than any point z of the box by more than L (|x - z|^2 + 2^-20) / (2 T).

    Here T is 1 to 4; the bound is a theorem for every T (see `surplus`), and falls to 0."""
    of_score, bound = loss
    cost = lambda w: jnp.sum(of_score(data.X @ w, data.y))  # noqa: E731
    low = draw.draw(arrays(data.columns))
    high = low + draw.draw(arrays(data.columns, dyadics(0, 4)))
    assert is_convex(cost, on=reals(data.columns))
    L = bound * max(1.0, np.sum(data.X**2))
    gap = surplus(cost, lambda w: projection_box(w, low, high), L, steps)
    assert no_counterexample(gap, on=(box(low, high), box(low, high)))


@CLAIM
@given(a=st.sampled_from((-4.0, -0.5, 1.0, 2.0)))
def test_an_objective_that_is_not_convex(a):
    """The longer side of a box about 0 has the lower corner; from the shorter side descent ends in the other one."""
    hill = lambda x: -(x**2) / 2  # noqa: E731
    low, high = sorted((-a, 2 * a))
    assert not is_convex(hill, on=box(low, high))
    gap = surplus(hill, lambda x: projection_box(x, low, high), 1.0, steps=4)
    assert not no_counterexample(gap, on=(box(low, high), box(low, high)))


TENTH = 0.1  # the double nearest to 1/10, not the fraction
BOWLS = st.tuples(dyadics(1 / 16, 15 / 16, 16), dyadics(2, 8)) | st.just((TENTH, 4.0))  # (a, k), k > 1 + a


@CLAIM
@given(drawn=BOWLS)
def test_a_convex_bowl_on_a_ring(drawn):
    f = lambda p: bowl(p, *drawn)  # noqa: E731
    assert is_convex(f, on=reals(2))
    for side in (1, -1):  # (1, 0) and (-1, 0) are strict minima on 1 <= |p| <= 2: least at r = 1 on each ray nearby,
        assert is_positive(jax.grad(polar(f, side)), on=box(1, 2), for_all=box(-1 / 4, 1 / 4))
        assert is_strict_minimum(lambda t, s=side: polar(f, s)(1.0, t), near=0.0)  # and there least at the angle 0
    assert is_higher(f, at=(-1.0, 0.0), than=(1.0, 0.0))
    assert not is_higher(f, at=(1.0, 0.0), than=(-1.0, 0.0))
    # On the disc |p| <= 2, which is convex, (-1, 0) is none: inwards it is lower.
    assert is_higher(f, at=(-1.0, 0.0), than=(-1 + 2.0**-20, 0.0))


@CLAIM
def test_projected_descent_on_the_disc():
    gap = surplus(lambda p: bowl(p, TENTH, 4.0), lambda p: projection_l2_ball(p, 2.0), 8.0, steps=16)
    assert no_counterexample(gap, on=(box(-2, 2, shape=2), box(-2, 2, shape=2)))


@CLAIM
@given(a=dyadics(1 / 16, 15 / 16, 16))
def test_a_round_bowl_on_a_ring(a):
    """It falls along every circle towards the right half-axis: by the cosine c of the angle, 2 a r per unit."""
    on_circle = lambda c, r, a, k: bowl(r * jnp.stack([c, jnp.sqrt(1 - c**2)]), a, k)  # noqa: E731
    falling = lambda c, q: on_circle(c, *q, 1.0) + q[0] * q[1] * c  # noqa: E731
    assert is_nonincreasing(falling, on=box(-1, 1), for_all=(positive(), positive()))
    assert not is_nonincreasing(lambda c: on_circle(c, 1.0, a, 4.0), on=box(-1, 1))
    assert not is_strict_minimum(lambda t: polar(lambda p: bowl(p, a, 1.0), -1)(1.0, t), near=0.0)


@CLAIM
@given(data=data_sets(rows=(1, 3), columns=(1, 2)), draw=st.data())
def test_an_open_region(data, draw):
    centre = draw.draw(arrays(data.columns, dyadics(-1, 1)))
    cost = lambda w: jnp.sum((data.X @ (w - centre)) ** 2)  # noqa: E731
    inside = box(-2, 2, shape=data.columns, open=True)
    # A critical point of a convex function is least, whether the region has its edge or not.
    assert is_convex(cost, on=inside)
    assert is_critical(cost, at=centre)
    # Without a critical point inside, nothing is attained: x^2 on (1, 2) rises everywhere.
    assert is_positive(jax.grad(lambda x: x**2), on=box(1, 2, open=True))


@CLAIM
def test_a_closed_region_on_which_nothing_is_attained():
    decay = lambda x: jnp.exp(-x)  # noqa: E731
    assert is_convex(decay, on=reals())
    assert is_positive(lambda x: -jax.grad(decay)(x), on=reals())
    assert not is_positive(jax.grad(lambda x: x**2), on=box(-1, 2, open=True))
    assert not is_critical(decay, at=0)
