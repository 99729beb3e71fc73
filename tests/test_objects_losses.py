"""Every row of the table of losses, against midpoints on a grid and against independent implementations."""

import numpy as np
import pytest
import scipy.special
from flint import fmpq
from sklearn.metrics import log_loss as sklearn_log_loss
from sklearn.metrics import mean_pinball_loss

from netprops.domains import Box
from netprops.objects.losses import LOSSES, loss
from netprops.readings.floats import evaluate_batch
from netprops.readings.jaxpr import trace


def grid(interval, count=41):
    lo = -6.0 if interval.lo is None else float(interval.lo.p) / float(interval.lo.q)
    hi = 6.0 if interval.hi is None else float(interval.hi.p) / float(interval.hi.q)
    points = np.linspace(lo, hi, count)
    return points[1 if interval.lo_open else 0 : -1 if interval.hi_open else None]


def values(row, predictions, targets):
    """Losses of B pairs of vectors of two classes, or of B pairs of numbers."""
    shape = (2,) if row.joint else ()
    on = Box(shape, row.predictions.intervals), Box(shape, row.targets.intervals)
    return evaluate_batch(trace(row.of, *on), [predictions, targets])[0]


@pytest.mark.parametrize("row", LOSSES, ids=lambda row: row.name)
def test_the_convexity_column_against_midpoints(row):
    p, y = grid(row.predictions.intervals[0]), grid(row.targets.intervals[0], 7)
    if row.joint:
        p, y = (np.stack(np.meshgrid(a, a), -1).reshape(-1, 2) for a in (p[::4], y[::2]))
    i, j, k = (index.ravel() for index in np.meshgrid(range(len(p)), range(len(p)), range(len(y)), indexing="ij"))
    ends = values(row, p[i], y[k]) + values(row, p[j], y[k])
    gap = 2 * values(row, (p[i] + p[j]) / 2, y[k]) - ends
    assert np.isfinite(gap).all()
    assert bool(gap.max() <= 1e-12 * (1 + np.abs(ends).max())) == row.convex


def test_against_scikit_learn_and_scipy():
    p, y = np.array([0.1, 0.5, 0.875]), np.array([1.0, 0.0, 1.0])
    expected = sklearn_log_loss(y, p, normalize=False)
    z = scipy.special.logit(p)
    for name, at in (("log loss", p), ("log loss of a logit", z), ("softplus log loss", z)):
        assert values(loss(name), at, y).sum() == pytest.approx(expected, rel=1e-12)
    assert values(loss("quantile"), p, y).mean() == pytest.approx(mean_pinball_loss(y, p, alpha=0.25))
    assert values(loss("Huber"), 3 * p, y).sum() == pytest.approx(scipy.special.huber(1.0, 3 * p - y).sum())


def test_an_unknown_name_lists_the_names():
    with pytest.raises(KeyError, match="Huber"):
        loss("hubert")


def test_tukey_is_flat_beyond_its_cutoff():
    far = values(loss("Tukey"), np.array([4.685, 5.0, -9.0]), np.zeros(3))
    assert far.tolist() == [1.0, 1.0, 1.0]
    assert loss("Tukey").targets.intervals[0].contains(fmpq(7))
