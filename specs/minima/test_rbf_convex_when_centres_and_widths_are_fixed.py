"""A network of radial basis functions is a convex problem if its centres are fixed beside its variances, not otherwise.

With both fixed it is linear least squares in the output weights. A centre that is trained too has a bounded effect on
the cost, and some effect: and a bounded convex function of a whole space is constant.
"""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netprops import CONDITIONAL, claim, is_convex, positive, reals, violates_jensen
from netprops.objects.data import Data
from netprops.objects.radial_basis import chord_of_centres, cost
from netprops.strategies.landscapes import radial_networks

CLAIM = claim("rbf-convex-when-centres-and-widths-are-fixed", source=("D1.Q.c2",), verdict=CONDITIONAL)


@CLAIM
@given(units=st.integers(1, 4), rows=st.integers(1, 4), inputs=st.integers(1, 3))
def test_output_weights(units, rows, inputs):
    """Whatever the centres, the widths and the data."""
    everything_else = reals((units, inputs)), positive(units), reals((rows, inputs)), reals(rows)
    assert is_convex(lambda v, q: cost(v, *q), on=reals(units), for_all=everything_else)


@CLAIM
@given(drawn=radial_networks())
def test_centres_with_frozen_output_weights(drawn):
    weights, centres, widths, (X, y) = drawn
    a, b = chord_of_centres(*drawn)
    assert violates_jensen(lambda c: cost(weights, c, widths, X, y), a, b)
    assert is_convex(lambda c: cost(0 * weights, c, widths, X, y), on=reals(centres.shape))  # all weights 0: constant


@CLAIM
@given(drawn=radial_networks())
def test_centres_and_output_weights(drawn):
    weights, centres, widths, (X, y) = drawn
    a, b = chord_of_centres(*drawn)
    assert violates_jensen(lambda p: cost(*p, widths, X, y), (weights, a), (weights, b))
    # Along one output weight alone it bends upwards.
    more = weights + np.eye(len(weights))[0]
    assert not violates_jensen(lambda p: cost(*p, widths, X, y), (weights, centres), (more, centres))


@CLAIM
def test_one_unit_and_one_row():
    one, (X, y) = np.ones(1), Data(np.zeros((1, 1)), np.ones(1))
    assert not is_convex(lambda c: cost(one, c, one, X, y), on=reals((1, 1)))
    assert not is_convex(lambda p: cost(*p, one, X, y), on=(reals(1), reals((1, 1))))
    assert is_convex(lambda v: cost(v, np.zeros((1, 1)), one, X, y), on=reals(1))
