"""Losses: what a prediction costs, given its target.

A loss takes arrays of predictions and of targets of one shape.  Most work entry by entry; a *joint* one takes each
last axis as one prediction (the scores of the classes).  optax's own functions stand here wherever optax has them.

`LOSSES` has one row a loss; `convex` says whether it is convex in the prediction for every target of its domain.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import optax.losses

from netprops.domains import Box, box, nonnegative, positive, reals

Array: TypeAlias = Any  # a JAX array, or a NumPy one of float64
LossFunction: TypeAlias = Callable[[Array, Array], Array]


@dataclass(frozen=True)
class Loss:
    """One loss: ``of(predictions, targets)``."""

    name: str
    of: LossFunction
    predictions: Box  # where each entry of a prediction lies
    targets: Box  # where each entry of a target lies
    convex: bool  # in the prediction, for every target
    joint: bool = False  # one loss a row instead of one an entry
    source: str = ""

    def __repr__(self) -> str:
        return f"<loss: {self.name}>"


# ---------------------------------------------------------------- what optax does not have


def absolute_error(predictions: Array, targets: Array) -> Array:
    """|p - y|."""
    return jnp.abs(predictions - targets)


def quantile_loss(predictions: Array, targets: Array, level: Array | float = 0.25) -> Array:
    """max(q (y - p), (q - 1)(y - p)) for the level q: least at the q-quantile (Koenker and Bassett 1978)."""
    short = targets - predictions
    return jnp.maximum(level * short, (level - 1) * short)


def squared_hinge_loss(predictions: Array, targets: Array) -> Array:
    """max(0, 1 - y p)^2, the square of optax's hinge loss."""
    return optax.losses.hinge_loss(predictions, targets) ** 2


def log_loss(probabilities: Array, labels: Array) -> Array:
    """-y log p - (1 - y) log(1 - p), of a probability p: the textbook's form."""
    labels = jnp.asarray(labels)  # NumPy would round 1 - y before it is traced
    return -labels * jnp.log(probabilities) - (1 - labels) * jnp.log(1 - probabilities)


def softplus_log_loss(logits: Array, labels: Array) -> Array:
    """softplus(z) - y z, of a logit z: what every form of the log loss comes to."""
    return jax.nn.softplus(logits) - labels * logits


def cross_entropy(probabilities: Array, labels: Array) -> Array:
    """-sum_k y_k log p_k over the last axis, of probabilities: the textbook's form."""
    return -jnp.sum(labels * jnp.log(probabilities), axis=-1)


def logsumexp_cross_entropy(logits: Array, labels: Array) -> Array:
    """(sum_k y_k) logsumexp(z) - y.z over the last axis: what softmax cross-entropy comes to."""
    return jnp.sum(labels, axis=-1) * jax.nn.logsumexp(logits, axis=-1) - jnp.sum(labels * logits, axis=-1)


def poisson_loss(rates: Array, counts: Array) -> Array:
    """p - y log p, of a rate p: the Poisson likelihood's negative logarithm but for a constant."""
    return rates - counts * jnp.log(rates)


def cauchy_loss(predictions: Array, targets: Array) -> Array:
    """log(1 + (p - y)^2)."""
    return jnp.log1p((predictions - targets) ** 2)


TUKEY_CUTOFF = 4.685


def tukey_loss(predictions: Array, targets: Array) -> Array:
    """Tukey's biweight 1 - (1 - r^2)^3, r = (p - y)/4.685, up to |r| = 1; from there on 1."""
    share = jnp.minimum(((predictions - targets) / TUKEY_CUTOFF) ** 2, 1.0)
    return 1 - (1 - share) ** 3


# ---------------------------------------------------------------- the table

_R, _UNIT, _OPEN_UNIT = reals(), box(0, 1), box(0, 1, open=True)
_SIGNS = box(-1, 1)

LOSSES: tuple[Loss, ...] = (
    Loss("squared", optax.losses.squared_error, _R, _R, True, source="optax"),
    Loss("half squared", optax.losses.l2_loss, _R, _R, True, source="optax"),
    Loss("absolute", absolute_error, _R, _R, True, source="Laplace"),
    Loss("Huber", optax.losses.huber_loss, _R, _R, True, source="optax"),
    Loss("log-cosh", optax.losses.log_cosh, _R, _R, True, source="optax"),
    Loss("quantile", quantile_loss, _R, _R, True, source="Koenker and Bassett 1978"),
    Loss("hinge", optax.losses.hinge_loss, _R, _SIGNS, True, source="optax"),
    Loss("squared hinge", squared_hinge_loss, _R, _SIGNS, True, source="sklearn.svm.LinearSVC"),
    Loss("perceptron", optax.losses.perceptron_loss, _R, _SIGNS, True, source="optax"),
    Loss("log loss", log_loss, _OPEN_UNIT, _UNIT, True, source="the textbook's"),
    Loss("log loss of a logit", optax.losses.sigmoid_binary_cross_entropy, _R, _R, True, source="optax"),
    Loss("softplus log loss", softplus_log_loss, _R, _R, True, source="the log loss simplified"),
    Loss("cross-entropy", cross_entropy, positive(), nonnegative(), True, True, "the textbook's"),
    Loss(
        "softmax cross-entropy", optax.losses.softmax_cross_entropy, _R, nonnegative(), True, joint=True, source="optax"
    ),
    Loss("safe softmax cross-entropy", optax.losses.safe_softmax_cross_entropy, _R, nonnegative(), True, True, "optax"),
    Loss("Poisson", poisson_loss, positive(), nonnegative(), True, source="sklearn.linear_model.PoissonRegressor"),
    Loss("focal of a logit", optax.losses.sigmoid_focal_loss, _R, _UNIT, False, source="optax"),
    Loss("Cauchy", cauchy_loss, _R, _R, False, source="Black and Anandan 1996"),
    Loss("Tukey", tukey_loss, _R, _R, False, source="Beaton and Tukey 1974"),
)

_BY_NAME = {row.name: row for row in LOSSES}


def loss(name: str) -> Loss:
    """The row of `LOSSES` with this name.  Raises `KeyError` with the names that there are."""
    if name not in _BY_NAME:
        raise KeyError(f"no loss is called {name!r}; there are {', '.join(_BY_NAME)}")
    return _BY_NAME[name]


def nonpositive(shape: int | tuple[int, ...] = ()) -> Box:
    """Arrays whose entries are all <= 0."""
    return box(-math.inf, 0, shape)
