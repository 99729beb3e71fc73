"""Two hidden units with equal weights are highly unlikely after training from a standard start; started equal they stay
equal for ever, and a very small start lets units align on the way.
"""

from netprops import CONDITIONAL, claim, is_share_above, is_share_below, reals, runs
from netprops.objects.networks import Network
from netprops.objects.small_networks import closest_cosine, incoming, least_gap
from netprops.objects.training import glorot_start, gradient_descent, normal_point

CLAIM = claim("equal-units-unlikely", source="D1.A2.c3", verdict=CONDITIONAL)

NET, ROWS = Network((2, 3, 1)), 8
DRAWN = (reals((ROWS, 2)), reals((ROWS, 1)), NET.params)


def trained(name, count, *, steps=500, scale=1.0, start=lambda params: params):
    """So many networks, each trained on data of its own; of each, the weights into its hidden units, one row a unit."""

    def trial(key):
        x, y, normals = normal_point(key, DRAWN)
        begin = start(glorot_start(normals, scale))
        hidden, _ = gradient_descent(lambda p: NET.cost(p, x, y) / ROWS, begin, rate=0.2, steps=steps)
        return incoming(*hidden)

    return runs(name, trial, count)


def twins(params):
    """The second unit made a copy of the first, on both sides."""
    (W, b), (V, c) = params
    return (W.at[:, 1].set(W[:, 0]), b.at[1].set(b[0])), (V.at[1].set(V[0]), c)


def coinciding(networks):
    """The share with two units that differ by at most a thousandth of their size, up to one sign for all weights."""
    return networks.share(lambda rows: least_gap(rows) <= 1e-3, "two units coincide")


def aligned(networks):
    """The share with two units along one line, up to 8 degrees."""
    return networks.share(lambda rows: closest_cosine(rows) > 0.99, "two units are aligned")


STANDARD = trained("standard start", 3000)


@CLAIM
def test_after_a_standard_start():
    assert is_share_below(coinciding(STANDARD), 1 / 100)


@CLAIM
def test_started_equal_they_stay_equal():
    equal = coinciding(trained("two units started equal", 500, start=twins))
    assert not is_share_below(equal, 1 / 100)
    assert is_share_above(equal, 95 / 100)


@CLAIM
def test_a_very_small_start_aligns_units():
    small = trained("a hundred-thousandth of a standard start", 500, scale=1e-5, steps=100)
    assert is_share_above(aligned(small), 1 / 2)
    assert not is_share_above(aligned(STANDARD), 1 / 2)
