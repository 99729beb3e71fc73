"""Networks at parameters that fit the data exactly, and directions in which the squared error is flat there.

With targets net(p, x) the squared error has at p the Hessian 2 J'J, J the derivatives of the outputs by the parameters:
the second derivatives of the outputs are multiplied by the errors, which are 0. So it is flat in every direction d with
J d = 0, and there are such as soon as there are more parameters than data times outputs.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from flint import fmpq, fmpq_mat
from jax.flatten_util import ravel_pytree

from netprops.exact.inertia import integer_multiple
from netprops.objects.networks import Network, Params

Array: TypeAlias = Any


def hessian_product(network: Network, params: Params, direction: Params, x: Array, offset: Any = 0.0) -> Params:
    """H d, H the Hessian at p of the cost for the targets net(p, x) + offset."""
    targets = network(params, x) + offset
    slope = jax.grad(lambda p: network.cost(p, x, targets))
    product: Params = jax.jvp(slope, (params,), (direction,))[1]
    return product


def gauss_newton_product(network: Network, params: Params, direction: Params, x: Array) -> Params:
    """2 J'(J d)."""
    _, change = jax.jvp(lambda p: network(p, x), (params,), (direction,))
    _, pull_back = jax.vjp(lambda p: network(p, x), params)
    (product,) = pull_back(2 * change)
    return product  # type: ignore[no-any-return]


def crossing(network: Network, params: Params, x: Array, chosen: tuple[int, ...]) -> Params:
    """A direction d with J d = 0, for one or two rows of one output: it moves two or three chosen parameters alone.

    Its entries are the signed minors of the columns of J that belong to them: (J_2, -J_1), or a vector product.
    """
    flat, shape = ravel_pytree(params)
    J = jax.jacrev(lambda v: network(shape(v), x)[:, 0])(flat)[:, jnp.array(chosen)]
    if J.shape == (1, 2):
        d = jnp.stack([J[0, 1], -J[0, 0]])
    elif J.shape == (2, 3):
        a, b = J
        d = jnp.stack([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]])
    else:
        raise ValueError(f"one row and two parameters, or two and three; got {J.shape}")
    direction: Params = shape(jnp.zeros_like(flat).at[jnp.array(chosen)].set(d))
    return direction


def kernel(J: Any) -> list[Any]:
    """A basis of the vectors d with J d = 0, in whole numbers, for a matrix of whole quarters; empty if d = 0 alone.

    Raises:
        ValueError: other entries, of which doubles might be roundings.
    """
    quarters = 4 * np.asarray(J)
    if not (quarters == np.round(quarters)).all():
        raise ValueError("entries that are no multiples of 1/4: doubles need not hold them exactly")
    size = quarters.shape[1]
    reduced, rank = fmpq_mat([[fmpq(int(entry)) for entry in row] for row in quarters.tolist()]).rref()
    pivots = [next(k for k in range(size) if reduced[i, k]) for i in range(rank)]
    basis = []
    for free in sorted(set(range(size)) - set(pivots)):
        d = [fmpq(0)] * size
        d[free] = fmpq(1)
        for i, pivot in enumerate(pivots):
            d[pivot] = -reduced[i, free]
        basis.append(np.array([float(entry.p) for entry in integer_multiple(d)]))
    return basis
