"""Exact linear algebra of regression, against NumPy."""

import numpy as np
import pytest
from flint import fmpq

from netprops.domains import nearest_double
from netprops.objects import regression
from netprops.objects.data import Data


@pytest.mark.parametrize("seed", range(6))
def test_bases_of_rows_and_kernel(seed):
    rng = np.random.default_rng(seed)
    rows = rng.integers(-2, 3, (4, 2)).astype(float) @ rng.integers(-2, 3, (2, 4)).astype(float)
    rows[0] = 1.0
    basis, kernel = regression.row_basis(rows), regression.kernel_basis(rows)
    rank = np.linalg.matrix_rank(rows)
    assert np.linalg.matrix_rank(basis) == len(basis) == rank
    assert len(kernel) == rows.shape[1] - rank
    assert not (rows @ kernel.T).any()


@pytest.mark.parametrize("seed", range(6))
def test_the_value_of_reduced_rank_regression(seed):
    rng = np.random.default_rng(seed)
    X, Y = rng.integers(-3, 4, (5, 3)).astype(float), rng.integers(-3, 4, (5, 2)).astype(float)
    X[:, 2] = X[:, 0] if seed % 2 else X[:, 2]
    singular = np.linalg.svd(X @ np.linalg.pinv(X) @ Y)[1]
    for rank in (1, 2, 3):
        low, high = regression.reduced_rank_value(X, Y, rank)
        assert low <= high < low + fmpq(1, 10**30)
        assert nearest_double(low) == pytest.approx((Y**2).sum() - (singular[:rank] ** 2).sum(), abs=1e-10)
    assert regression.reduced_rank_value(0 * X, Y, 1) == (fmpq(int((Y**2).sum())),) * 2


def test_newton_finds_the_minimum_of_the_log_loss():
    rows, labels = np.array([[1.0, 1.0], [2.0, 1.0], [-1.0, 1.0]]), np.array([0.25, 0.5, 0.75])
    theta = regression.log_loss_minimum(rows, labels)
    assert np.allclose(rows.T @ (1 / (1 + np.exp(-rows @ theta)) - labels), 0, atol=1e-12)


def test_with_decay_the_rows_need_not_span():
    rows, labels = np.array([[1.0, 1.0], [2.0, 2.0]]), np.array([1.0, 1.0])
    theta = regression.log_loss_minimum(rows, labels, decay=0.25)
    assert np.allclose(rows.T @ (1 / (1 + np.exp(-rows @ theta)) - labels) + 0.5 * theta, 0, atol=1e-12)


def test_descent_on_the_log_loss_stops_at_its_tolerance():
    rows, labels = np.array([[1.0, 1.0], [-2.0, 1.0]]), np.array([1.0, 0.0])

    def slope(theta):
        return rows.T @ (1 / (1 + np.exp(-rows @ theta)) - labels)

    ends = [regression.log_loss_descent(rows, labels, tolerance) for tolerance in (2.0, 0.125, 0.03125)]
    assert not ends[0].any()  # short enough at the start
    assert np.linalg.norm(slope(ends[1])) < 0.125 <= np.linalg.norm(slope(ends[0]))
    assert np.linalg.norm(slope(ends[2])) < 0.03125 <= np.linalg.norm(slope(ends[1]))
    with pytest.raises(ValueError, match="after 3 steps"):
        regression.log_loss_descent(rows, labels, 1e-6, most=3)


def test_the_smoothness_is_a_power_of_two_above_a_quarter_of_the_squares():
    assert [regression.smoothness(np.array([[x, 0.0]])) for x in (0, 2, 4, 5)] == [1, 1, 4, 8]


def test_margins_are_of_labels_0_and_1():
    data = Data(np.array([[2.0], [3.0]]), np.array([0.0, 1.0]))
    assert regression.margins(data).tolist() == [[-2.0, -1.0], [3.0, 1.0]]
    with pytest.raises(ValueError, match="labels 0 and 1"):
        regression.margins(Data(data.X, data.y / 2))


def test_as_doubles_refuses_what_is_no_double():
    assert regression.as_doubles([fmpq(1, 4), 3]).tolist() == [0.25, 3.0]
    with pytest.raises(ValueError, match="1/3"):
        regression.as_doubles([fmpq(1, 3)])
