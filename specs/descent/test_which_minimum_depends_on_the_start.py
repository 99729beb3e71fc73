"""Nobody knows beforehand in which lower state gradient descent will end: another start, another minimum.

The runs are exact ones, of one network on one data set with one step. Where the cost is strictly convex and grows in
all directions, the start does not matter.
"""

import jax.numpy as jnp
import numpy as np
from hypothesis import given

from netprops import HOLDS, are_distinct_minima, claim, descends_to, is_higher, is_strictly_convex, reals
from netprops.objects.landscapes import tanh_unit, tanh_unit_cost
from netprops.strategies.networks import arrays, data_sets, dyadics, whole_numbers

CLAIM = claim("which-minimum-depends-on-the-start", source=("D2.A2", "D2.Q.c1"), verdict=HOLDS)

ONE, OTHER = tanh_unit(0.766486185267, 1.958008630919), tanh_unit(3.024128273020, 1.515073437200)


@CLAIM
@given(v=dyadics(5 / 4, 7 / 4), w=dyadics(1 / 2, 3 / 2, 2), further=dyadics(2, 3, 2))
def test_two_starts_two_ends(v, w, further):
    assert are_distinct_minima(tanh_unit_cost, ONE, OTHER)
    assert descends_to(tanh_unit_cost, tanh_unit(w, v), near=ONE, step=3 / 16)
    assert descends_to(tanh_unit_cost, tanh_unit(further, v), near=OTHER, step=3 / 16)
    # Both ends are lower than the starts.
    assert is_higher(tanh_unit_cost, at=tanh_unit(w, v), than=ONE)
    assert is_higher(tanh_unit_cost, at=tanh_unit(further, v), than=OTHER)


@CLAIM
def test_close_by_and_yet_apart():
    assert descends_to(tanh_unit_cost, tanh_unit(1.5, 1.5), near=ONE, step=3 / 16)
    assert not descends_to(tanh_unit_cost, tanh_unit(1.5, 1.5), near=OTHER, step=3 / 16)
    assert descends_to(tanh_unit_cost, tanh_unit(1.625, 1.5), near=OTHER, step=3 / 16)
    # The lower start has the higher end.
    assert not is_higher(tanh_unit_cost, at=tanh_unit(1.625, 1.5), than=tanh_unit(1.5, 1.5))
    assert is_higher(tanh_unit_cost, at=OTHER, than=ONE)
    assert not are_distinct_minima(tanh_unit_cost, ONE, ONE)


@CLAIM
@given(data=data_sets(columns=(1, 2)), start=arrays(2, whole_numbers(4)))
def test_ridge_regression_has_one_end(data, start):
    """Any data: zero, repeated, of deficient rank too."""
    size = data.columns
    H = data.X.T @ data.X + np.eye(size)

    def ridge(w):
        return jnp.sum((data.X @ w - data.y) ** 2) + jnp.sum(w**2)

    end = np.linalg.solve(H, data.X.T @ data.y)
    step = 1 / (4 * np.linalg.norm(H, 2))
    assert is_strictly_convex(ridge, on=reals(size))
    assert not is_strictly_convex(lambda w: -ridge(w), on=reals(size))
    assert descends_to(ridge, start[:size], near=end, step=step)
    assert not are_distinct_minima(ridge, end, end)
