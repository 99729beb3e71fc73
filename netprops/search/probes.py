"""Directions of negative curvature without a Hessian: Lanczos' method on Hessian-vector products, in one executable.

A product Hv is the derivative along v of the gradient, two to three gradients' worth, whatever the number of
coordinates; a few steps from a random start see the negative end of the spectrum where it stands out. Each shape of
program is compiled once: its constants are arguments. Floats propose a direction; they decide nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from netprops.readings.floats import shape_key
from netprops.readings.jaxpr import lifted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from netprops.readings.jaxpr import Program

Array = np.ndarray[Any, Any]

STEPS = 6  # of Lanczos' method, each a Hessian-vector product
_KEPT = 16
_compiled: OrderedDict[Any, Any] = OrderedDict()


@dataclass(frozen=True, eq=False)
class Ritz:
    """A unit vector v of all decision coordinates and v'Hv, the smallest Ritz value; both may be not finite."""

    direction: Array
    curvature: float


def most_negative(
    program: Program, decision: int, point: Sequence[Array], start: Array, *, entry: int = 0, side: int = 1
) -> Ritz | None:
    """The Ritz vector of the smallest eigenvalue of ``side * H``, H the Hessian of an output in the decision arguments.

    Args:
        decision: the first so many arguments vary.
        point: one array an argument.
        start: a vector of all decision coordinates.

    Returns:
        None for a program that JAX cannot differentiate (a loop of unknown length, an opaque activation).
    """
    consts = [np.asarray(c) for c in program.closed.consts]
    given = [np.asarray(x, np.float64) for x in point]
    key = (shape_key(program), decision, entry, jax.default_backend())
    if key not in _compiled:
        if not is_differentiable(program, decision):
            return None
        probe = jax.jit(_probe(program, decision, entry), donate_argnums=3 if _donates() else ())
        with own_settings():
            _compiled[key] = probe.lower(consts, given, float(side), start).compile()
        if len(_compiled) > _KEPT:
            _compiled.popitem(last=False)
    _compiled.move_to_end(key)
    direction, curvature = _compiled[key](consts, given, float(side), start)
    return Ritz(np.asarray(direction), float(curvature))


def _donates() -> bool:
    """Whether the device can use an argument's memory for a result; a CPU cannot, and warns."""
    return jax.default_backend() != "cpu"


@contextmanager
def own_settings() -> Iterator[None]:
    """What this package's own JAX functions are traced with, whatever was chosen for those that are asked about."""
    with (
        jax.numpy_rank_promotion("allow"),
        jax.numpy_dtype_promotion("standard"),
        jax.default_matmul_precision("highest"),
    ):
        yield


def is_differentiable(program: Program, decision: int) -> bool:
    """Whether JAX has Hessian-vector products of the program."""
    _, product = gradient_and_product(program, decision)
    x = np.zeros(sum(leaf.size for leaf in program.arguments[:decision]))
    consts, point = [np.asarray(c) for c in program.closed.consts], [np.zeros(b.shape) for b in program.arguments]
    try:
        with own_settings():
            jax.eval_shape(product, consts, point, x, x)
    except (NotImplementedError, ValueError, TypeError):
        return False
    return True


def gradient_and_product(
    program: Program, decision: int, entry: int = 0
) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The functions ``(consts, point, x) -> gradient`` and ``(consts, point, x, v) -> Hv`` of flat vectors x and v."""
    function, shapes = lifted(program), [leaf.shape for leaf in program.arguments[:decision]]
    sizes = np.cumsum([0, *(leaf.size for leaf in program.arguments[:decision])]).tolist()

    def value(consts: Any, point: Any, x: Any) -> Any:
        parts = [x[sizes[k] : sizes[k + 1]].reshape(shape) for k, shape in enumerate(shapes)]
        outputs = function(*consts, *parts, *point[decision:])
        return jnp.concatenate([y.reshape(-1) for y in outputs])[entry]

    gradient = jax.grad(value, argnums=2)

    def product(consts: Any, point: Any, x: Any, v: Any) -> Any:
        return jax.jvp(lambda x: gradient(consts, point, x), (x,), (v,))[1]

    return gradient, product


def lanczos(times: Callable[[Any], Any], start: Any) -> tuple[Any, Any]:
    """The smallest Ritz vector and value of a symmetric map, every new vector made orthogonal to all before it."""
    steps = min(STEPS, len(start))
    basis = jnp.zeros((steps, len(start))).at[0].set(start / jnp.linalg.norm(start))

    def step(k: Any, state: Any) -> Any:
        basis, reduced = state
        image = times(basis[k])
        along = basis @ image
        rest = image - along @ basis
        rest = rest - (basis @ rest) @ basis
        size = jnp.linalg.norm(rest)
        # Where the space is exhausted the rest is rounding: zeros then, which add eigenvalues 0 only.
        new = jnp.where(size > 1e-8 * jnp.linalg.norm(image), rest / jnp.where(size > 0, size, 1.0), 0.0)
        row = jnp.minimum(k + 1, steps - 1)
        return basis.at[row].set(jnp.where(k + 1 < steps, new, basis[row])), reduced.at[k].set(along)

    basis, reduced = jax.lax.fori_loop(0, steps, step, (basis, jnp.zeros((steps, steps))))
    eigenvalues, vectors = jnp.linalg.eigh(jnp.tril(reduced) + jnp.tril(reduced, -1).T)
    return vectors[:, 0] @ basis, eigenvalues[0]


def _probe(program: Program, decision: int, entry: int) -> Callable[..., Any]:
    """``(consts, point, side, start) -> (direction, curvature)``."""
    _, product = gradient_and_product(program, decision, entry)

    def probe(consts: Any, point: Any, side: Any, start: Any) -> Any:
        x = jnp.concatenate([part.reshape(-1) for part in point[:decision]])
        return lanczos(lambda v: side * product(consts, point, x, v), start)

    return probe
