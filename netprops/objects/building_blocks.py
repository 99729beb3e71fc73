"""A grammar of convex functions: a few blocks, and the ways of putting them together that keep convexity.

The composition theorem, h(g_1(x), ..., g_k(x)) is convex when every g_i is, and h is convex and non-decreasing in each
argument, contains the others (maximum, nonnegative sum).  With every function comes one of its subgradients, put
together by the same rules: f(y) >= f(x) + g(x).(y - x) for all x and y.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from netprops.domains import Box, reals
from netprops.objects.activations import squared_relu

Array: TypeAlias = Any  # a JAX array, or a NumPy one of float64
Map: TypeAlias = Callable[[Array], Array]


@dataclass(frozen=True)
class Convex:
    """A convex function of x in R^n and one of its subgradients; how it was put together is in its `text`."""

    text: str
    dimension: int
    value: Map  # (n,) -> ()
    subgradient: Map  # (n,) -> (n,)
    increasing: bool = False  # non-decreasing in every coordinate, as the rules know it

    def __call__(self, x: Array) -> Array:
        return self.value(x)

    def __repr__(self) -> str:
        return self.text

    @property
    def domain(self) -> Box:
        """R^n."""
        return reals(self.dimension)

    def above_tangent(self, y: Array, x: Array) -> Array:
        """f(y) - f(x) - g(x).(y - x), by how much f at y lies above its tangent plane at x."""
        return self.value(y) - self.value(x) - self.subgradient(x) @ (y - x)


# ---------------------------------------------------------------- blocks: functions of affine forms


def affine(a: Array, b: float) -> Convex:
    """a.x + b."""
    return Convex(_form(a, b), len(a), lambda x: a @ x + b, lambda x: a + 0 * x, bool((a >= 0).all()))


def square(a: Array, b: float) -> Convex:
    """(a.x + b)^2."""
    return Convex(f"({_form(a, b)})^2", len(a), lambda x: (a @ x + b) ** 2, lambda x: 2 * (a @ x + b) * a)


def absolute(a: Array, b: float) -> Convex:
    """|a.x + b|."""
    return Convex(f"|{_form(a, b)}|", len(a), lambda x: jnp.abs(a @ x + b), lambda x: jnp.sign(a @ x + b) * a)


def norm(A: Array, b: Array, order: Literal["1", "2", "inf"]) -> Convex:
    """|Ax + b| in the norm of this order."""
    kind = {"1": 1, "2": 2, "inf": jnp.inf}[order]
    dual = {"1": jnp.sign, "2": _direction, "inf": _largest_signs}[order]
    return Convex(
        f"norm{order}({_forms(A, b)})",
        A.shape[1],
        lambda x: jnp.linalg.norm(A @ x + b, kind),
        lambda x: dual(A @ x + b) @ A,
    )


def logsumexp(A: Array, b: Array) -> Convex:
    """log sum_i exp((Ax + b)_i)."""
    return Convex(
        f"logsumexp({_forms(A, b)})",
        A.shape[1],
        lambda x: jax.nn.logsumexp(A @ x + b),
        lambda x: jax.nn.softmax(A @ x + b) @ A,
        bool((A >= 0).all()),
    )


def _direction(r: Array) -> Array:
    """r/|r|, 0 at 0."""
    length = jnp.linalg.norm(r)
    return jnp.where(length > 0, r / jnp.where(length > 0, length, 1.0), 0.0)


def _largest_signs(r: Array) -> Array:
    """The signs of the entries of largest modulus, shared among them: a subgradient of the maximum norm."""
    largest = jnp.where(jnp.abs(r) == jnp.max(jnp.abs(r)), 1.0, 0.0)
    return largest * jnp.sign(r) / jnp.sum(largest)


# ---------------------------------------------------------------- rules


@dataclass(frozen=True)
class Outer:
    """A convex, non-decreasing function of one variable and one of its slopes."""

    name: str
    value: Map
    slope: Map
    differentiable: bool = True


OUTERS: tuple[Outer, ...] = (
    Outer("relu", jax.nn.relu, lambda t: jnp.where(t > 0, 1.0, 0.0), differentiable=False),
    Outer("leaky_relu", jax.nn.leaky_relu, lambda t: jnp.where(t > 0, 1.0, 0.01), differentiable=False),
    Outer("squared_relu", squared_relu, lambda t: 2 * jax.nn.relu(t)),
    Outer("softplus", jax.nn.softplus, jax.nn.sigmoid),
    Outer("exp", jnp.exp, jnp.exp),
)


def after(outer: Outer, f: Convex) -> Convex:
    """outer(f(x)): a convex, non-decreasing function of a convex one."""
    return Convex(
        f"{outer.name}({f.text})",
        f.dimension,
        lambda x: outer.value(f.value(x)),
        lambda x: outer.slope(f.value(x)) * f.subgradient(x),
        f.increasing,
    )


def maximum(f: Convex, g: Convex) -> Convex:
    """max(f, g)."""
    return Convex(
        f"max({f.text}, {g.text})",
        f.dimension,
        lambda x: jnp.maximum(f.value(x), g.value(x)),
        lambda x: jnp.where(f.value(x) >= g.value(x), f.subgradient(x), g.subgradient(x)),
        f.increasing and g.increasing,
    )


def total(weights: Sequence[float], terms: Sequence[Convex]) -> Convex:
    """sum_i w_i f_i, w_i >= 0.  Raises `ValueError` for a negative weight."""
    if min(weights) < 0:
        raise ValueError(f"a convex sum has weights >= 0, got {list(weights)}")
    pairs = list(zip(weights, terms, strict=True))
    return Convex(
        " + ".join(f"{_number(w)} ({f.text})" for w, f in pairs),
        terms[0].dimension,
        lambda x: sum(w * f.value(x) for w, f in pairs),
        lambda x: sum(w * f.subgradient(x) for w, f in pairs),
        all(f.increasing for f in terms),
    )


def compose(h: Convex, inner: Sequence[Convex]) -> Convex:
    """h(g_1(x), ..., g_k(x)), h non-decreasing in each argument.  Raises `ValueError` when it is not known to be."""
    if not h.increasing or h.dimension != len(inner):
        raise ValueError(f"{h} is not a function of {len(inner)} arguments that is known to increase in each")

    def middle(x: Array) -> Array:
        return jnp.stack([g.value(x) for g in inner])

    return Convex(
        f"[u -> {h.text}]({', '.join(g.text for g in inner)})",
        inner[0].dimension,
        lambda x: h.value(middle(x)),
        lambda x: h.subgradient(middle(x)) @ jnp.stack([g.subgradient(x) for g in inner]),
        all(g.increasing for g in inner),
    )


# ---------------------------------------------------------------- text


def _number(x: float) -> str:
    return f"{float(x):g}"


def _form(a: Array, b: float) -> str:
    terms = [f"{_number(c)} x{i}" for i, c in enumerate(np.asarray(a)) if c] + ([_number(b)] if b else [])
    return " + ".join(terms) or "0"


def _forms(A: Array, b: Array) -> str:
    return ", ".join(_form(row, shift) for row, shift in zip(A, b, strict=True))
