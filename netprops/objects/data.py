"""Data sets: rows of inputs with their targets, and two real ones.

All entries are doubles with few binary digits, so that sums and products of a few of them are exact in floats too.
The real data are scikit-learn's bundled copies, scaled exactly; nothing is downloaded.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any, TypeAlias

import numpy as np

Matrix: TypeAlias = "np.ndarray[Any, np.dtype[np.float64]]"


@dataclass(frozen=True, eq=False)
class Data:
    """Inputs X, (n, d), and targets y, (n,) or (n, k)."""

    X: Matrix
    y: Matrix

    def __post_init__(self) -> None:
        if self.X.ndim != 2 or len(self.X) != len(self.y) or not self.X.size:
            raise ValueError(f"inputs of shape {self.X.shape} for targets of shape {self.y.shape}")

    def __repr__(self) -> str:
        X, y = (_exact_lists(array) for array in (self.X, self.y))
        return f"Data(X={X}, y={y})"

    def __iter__(self) -> Any:
        """X, y = data."""
        return iter((self.X, self.y))

    @property
    def rows(self) -> int:
        return len(self.X)

    @property
    def columns(self) -> int:
        return len(self.X[0])


def _exact_lists(array: Matrix) -> str:
    def shown(value: Any) -> str:
        if isinstance(value, list):
            return f"[{', '.join(map(shown, value))}]"
        exact = str(Fraction(value))
        return exact if len(exact) <= 24 else repr(value)  # 1e150 has 150 digits

    return shown(array.tolist())


def one_hot(labels: Any, classes: int) -> Matrix:
    """Rows of a 1 in the place of the label and 0 elsewhere."""
    rows: Matrix = np.eye(classes)[np.asarray(labels)]
    return rows


@cache
def iris() -> Data:
    """Fisher's iris data, 150 rows: four lengths in units of 6.4 cm (so that they are dyadic), one-hot species."""
    from sklearn.datasets import load_iris  # only where asked for: it takes a second

    X, labels = load_iris(return_X_y=True)
    return Data(np.rint(10 * X) / 64, one_hot(labels, 3))


@cache
def digits() -> Data:
    """1,797 hand-written digits: 64 grey values in [0, 1] (sixteenths), one-hot digits."""
    from sklearn.datasets import load_digits  # only where asked for: it takes a second

    X, labels = load_digits(return_X_y=True)
    return Data(X / 16, one_hot(labels, 10))
