"""Functions of one real variable: activations and the elementary functions they are made of.

`FUNCTIONS` has one row a function, with what every textbook says of it on its domain.  Where jax.nn has the function,
it is jax.nn's own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import jax
import jax.numpy as jnp

from netprops.domains import Box, box, positive, reals
from netprops.readings.jaxpr import opaque_activation

if TYPE_CHECKING:
    from collections.abc import Callable

Array: TypeAlias = Any  # a JAX array, or a NumPy one of float64
Bend: TypeAlias = Literal["affine", "convex", "concave", "neither"]


@dataclass(frozen=True)
class Scalar:
    """One function of one real variable."""

    name: str
    of: Callable[[Array], Array]
    bend: Bend  # on all of the domain
    increasing: bool = False  # non-decreasing on all of the domain
    domain: Box = field(default_factory=reals)

    def __call__(self, x: Array) -> Array:
        return self.of(x)

    def __repr__(self) -> str:
        return f"<{self.name} on {self.domain}>"


def x_log_x(x: Array) -> Array:
    """x log x, for x > 0: the negative entropy of one probability."""
    return x * jnp.log(x)


def squared_relu(x: Array) -> Array:
    """max(0, x)^2."""
    return jax.nn.relu(x) ** 2


def reciprocal(x: Array) -> Array:
    """1/x."""
    return 1 / x


FUNCTIONS: tuple[Scalar, ...] = (
    Scalar("identity", jax.nn.identity, "affine", increasing=True),
    Scalar("negation", jnp.negative, "affine"),
    Scalar("relu", jax.nn.relu, "convex", increasing=True),
    Scalar("leaky relu", jax.nn.leaky_relu, "convex", increasing=True),
    Scalar("squared relu", squared_relu, "convex", increasing=True),
    Scalar("elu", jax.nn.elu, "convex", increasing=True),
    Scalar("celu", jax.nn.celu, "convex", increasing=True),
    Scalar("softplus", jax.nn.softplus, "convex", increasing=True),
    Scalar("squareplus", jax.nn.squareplus, "convex", increasing=True),
    Scalar("exp", jnp.exp, "convex", increasing=True),
    Scalar("exp2", jnp.exp2, "convex", increasing=True),
    Scalar("expm1", jnp.expm1, "convex", increasing=True),
    Scalar("square", jnp.square, "convex"),
    Scalar("absolute value", jnp.abs, "convex"),
    Scalar("cosh", jnp.cosh, "convex"),
    Scalar("x log x", x_log_x, "convex", domain=positive()),
    Scalar("reciprocal", reciprocal, "convex", domain=positive()),
    Scalar("reciprocal square root", jax.lax.rsqrt, "convex", domain=positive()),
    Scalar("log-gamma", jax.lax.lgamma, "convex", domain=positive()),
    Scalar("sine on [-3, -1/8]", jnp.sin, "convex", domain=box(-3, Fraction(-1, 8))),
    Scalar("log", jnp.log, "concave", increasing=True, domain=positive()),
    Scalar("log1p", jnp.log1p, "concave", increasing=True, domain=box(-1, float("inf"), open=True)),
    Scalar("area cosine", jnp.arccosh, "concave", increasing=True, domain=box(1, float("inf"), open=True)),
    Scalar("digamma", jax.lax.digamma, "concave", increasing=True, domain=positive()),
    Scalar("square root", jnp.sqrt, "concave", increasing=True, domain=positive()),
    Scalar("log-sigmoid", jax.nn.log_sigmoid, "concave", increasing=True),
    Scalar("sine", jnp.sin, "neither"),
    Scalar("cosine", jnp.cos, "neither"),
    Scalar("arcus tangent", jnp.arctan, "neither", increasing=True),
    Scalar("tanh", jnp.tanh, "neither", increasing=True),
    Scalar("sigmoid", jax.nn.sigmoid, "neither", increasing=True),
    Scalar("soft sign", jax.nn.soft_sign, "neither", increasing=True),
    Scalar("relu6", jax.nn.relu6, "neither", increasing=True),
    Scalar("hard tanh", jax.nn.hard_tanh, "neither", increasing=True),
    Scalar("selu", jax.nn.selu, "neither", increasing=True),
    Scalar("silu", jax.nn.silu, "neither"),
    Scalar("gelu", jax.nn.gelu, "neither"),
)

_BY_NAME = {row.name: row for row in FUNCTIONS}


def scalar(name: str) -> Scalar:
    """The row of `FUNCTIONS` with this name.  Raises `KeyError` with the names that there are."""
    if name not in _BY_NAME:
        raise KeyError(f"no function is called {name!r}; there are {', '.join(_BY_NAME)}")
    return _BY_NAME[name]


def opaque(name: str = "sigma") -> Callable[[Array], Array]:
    """An activation of which nothing is known but its name: what is proved with it holds for any shared activation.

    Opaque activations are one function where they have one name.  They have a symbolic reading only: floats, balls and
    derivatives of them are an `UnsupportedError`.

    Args:
        name: its name.

    Examples:
        >>> from netprops import are_equal, opaque, reals
        >>> s = opaque("s")
        >>> are_equal(lambda w: s(w[0]) + s(w[1]), lambda w: s(w[1]) + s(w[0]), on=reals(2)).answer
        'yes'
    """
    if not isinstance(name, str) or not name:
        raise TypeError(f"an opaque activation is known by its name, a string; got {name!r}")

    def activation(z: Array) -> Array:
        return opaque_activation.bind(jnp.asarray(z), name=name)  # type: ignore[no-untyped-call]

    activation.__name__ = activation.__qualname__ = name
    return activation


def convex_functions_of_one_variable() -> list[tuple[str, Callable[[Array], Array], Box]]:
    """The convex rows of `FUNCTIONS`, the affine ones and the negatives of the concave ones: name, function, domain."""
    upright = [(row.name, row.of, row.domain) for row in FUNCTIONS if row.bend in ("affine", "convex")]
    return upright + [(f"minus {row.name}", _minus(row.of), row.domain) for row in FUNCTIONS if row.bend == "concave"]


def _minus(f: Callable[[Array], Array]) -> Callable[[Array], Array]:
    return lambda x: -f(x)
