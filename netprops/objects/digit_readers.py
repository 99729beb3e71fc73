"""Networks that read the bundled digits, trained by stochastic gradient descent; several widths in one trial."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from netprops.objects.data import digits
from netprops.objects.losses import loss
from netprops.objects.networks import Network
from netprops.objects.teachers import mean_cost
from netprops.objects.training import Key, glorot_start, normal_point


class Read(NamedTuple):
    """Mean cross-entropies at the end, on the training and on the test images, an array (widths,) each."""

    train: Any
    test: Any


def reader(width: int) -> Network:
    """64 grey values, so many hidden ReLU units, ten classes; softmax cross-entropy."""
    return Network((64, width, 10), hidden=jax.nn.relu, loss=loss("softmax cross-entropy"))


def reading(
    widths: Sequence[int], *, rows: int = 600, tests: int = 597, epochs: int = 10, batch: int = 25
) -> Callable[[Key], Read]:
    """One trial: key -> `Read`, a network of each width trained from Glorot's start.

    Stochastic gradient descent with momentum 0.9 on batches drawn with replacement, the same for all widths; the rate
    falls from 0.05 by the factor 0.72 an epoch.  The first rows are for training, the last ones for the test.
    """
    images, labels = digits()
    steps = rows // batch
    rate = optax.exponential_decay(0.05, steps, 0.72, staircase=True)
    optimiser = optax.sgd(rate, momentum=0.9)
    networks = [reader(width) for width in widths]

    def trial(key: Key) -> Read:
        x, y, x_test, y_test = map(jnp.asarray, (images[:rows], labels[:rows], images[-tests:], labels[-tests:]))
        start = tuple(map(glorot_start, normal_point(key, tuple(network.params for network in networks))))
        batches = jax.random.randint(jax.random.fold_in(key, 1), (steps * epochs, batch), 0, rows)

        def cost(all_params: Any, rows_of: Any) -> Any:
            parts = zip(networks, all_params, strict=True)
            return sum(mean_cost(network, params, x[rows_of], y[rows_of]) for network, params in parts)

        def step(k: Any, state: Any) -> Any:
            params, memory = state
            with jax.numpy_dtype_promotion("standard"):  # the library multiplies doubles by its count of steps
                updates, memory = optimiser.update(jax.grad(cost)(params, batches[k]), memory, params)
            return jax.tree.map(jnp.add, params, updates), memory

        ends, _ = jax.lax.fori_loop(0, steps * epochs, step, (start, optimiser.init(start)))
        return Read(
            *(
                jnp.stack([mean_cost(network, params, *data) for network, params in zip(networks, ends, strict=True)])
                for data in ((x, y), (x_test, y_test))
            )
        )

    return trial
