"""The bundled data, and data sets in general."""

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris

from netprops.objects.data import Data, digits, iris, one_hot


def test_the_real_data_are_scaled_exactly():
    for ours, theirs, unit in ((iris(), load_iris(), 6.4), (digits(), load_digits(), 16)):
        assert np.allclose(ours.X * unit, theirs.data, rtol=1e-15)
        assert np.array_equal(ours.y.argmax(axis=1), theirs.target)
        assert np.array_equal(ours.X * 64, np.rint(ours.X * 64))
    assert (iris().rows, iris().columns) == (150, 4)


def test_data_unpack_and_show_themselves():
    data = Data(np.array([[0.5, 2.0]]), one_hot([1], 2))
    X, y = data
    assert X is data.X
    assert y.tolist() == [[0.0, 1.0]]
    assert repr(data) == "Data(X=[[1/2, 2]], y=[[0, 1]])"
    with pytest.raises(ValueError, match="shape"):
        Data(X, np.zeros(2))
