"""`check_network` on networks of Equinox, Flax Linen and Flax NNX: plain, normalised, tied, with dropout, with a bug.

    pip install -e ".[examples]"
    python examples/networks_of_libraries.py            # all tables; exit status 1 if an outcome is not as expected
    python examples/networks_of_libraries.py "LayerNorm (Flax Linen)"

The tests of netprops have stand-ins of the same shapes (tests/test_networks.py), and do without these libraries.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from flax import linen, nnx

from netprops import NetworkReport, check_network

KEY = jax.random.key(0)


# ---------------------------------------------------------------- the networks


def equinox_mlp(activation: Callable[[Any], Any], depth: int = 1) -> eqx.Module:
    """Two inputs, `depth` hidden layers of three units, one output."""
    return eqx.nn.MLP(2, 1, 3, depth, activation=activation, key=KEY)


class LinenMLP(linen.Module):
    """Two dense layers, with LayerNorm or dropout between them."""

    normalised: bool = False
    dropout: bool = False

    @linen.compact
    def __call__(self, x):
        h = linen.Dense(3)(x)
        h = linen.LayerNorm()(h) if self.normalised else h
        h = linen.tanh(h)
        h = linen.Dropout(0.5, deterministic=not self.dropout)(h)
        return linen.Dense(1)(h)


class NNXMLP(nnx.Module):
    """Two linear layers, with dropout between them."""

    def __init__(self, rngs: nnx.Rngs):
        self.first, self.last = nnx.Linear(2, 3, rngs=rngs), nnx.Linear(3, 1, rngs=rngs)
        self.dropout = nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x):
        return self.last(self.dropout(nnx.relu(self.first(x))))


class Tied(eqx.Module):
    """An autoencoder whose decoder is the transpose of its encoder."""

    encoder: eqx.nn.Linear
    shift: jax.Array

    def __init__(self):
        self.encoder, self.shift = eqx.nn.Linear(2, 3, key=KEY), jnp.zeros(2)

    def __call__(self, x):
        return self.encoder.weight.T @ jnp.tanh(self.encoder(x)) + self.shift


class Biased(eqx.Module):
    """A planted bug: a constant that is another one for each unit."""

    first: eqx.nn.Linear
    last: eqx.nn.Linear

    def __init__(self):
        self.first, self.last = eqx.nn.Linear(2, 3, key=KEY), eqx.nn.Linear(3, 1, key=KEY)

    def __call__(self, x):
        return self.last(jnp.tanh(self.first(x) + 0.01 * jnp.arange(3.0)))


@jax.custom_vjp
def wrong_tanh(z):
    """A planted bug: a derivative by hand that forgets a square."""
    return jnp.tanh(z)


wrong_tanh.defvjp(lambda z: (jnp.tanh(z), jnp.tanh(z)), lambda h, g: (g * (1 - h),))


def mish(z):
    """A custom activation."""
    return z * jnp.tanh(jax.nn.softplus(z))


def in_evaluation_mode(network: nnx.Module) -> nnx.Module:
    """The network with dropout off."""
    network.eval()
    return network


# ---------------------------------------------------------------- what is expected of them

ORDINARY = {
    "one function": "holds",
    "permutation symmetry": "holds",
    "sign-flip symmetry": "does not apply",
    "rescaling symmetry": "does not apply",
    "GL symmetry of a linear layer": "does not apply",
    "last layer convex": "holds",
    "each layer convex": "does not apply",
    "convex with one layer": "does not apply",
    "not convex in all parameters": "holds",
    "no local maxima": "holds",
    "gradient = back-propagation": "holds",
}
ODD, HOMOGENEOUS = {"sign-flip symmetry": "holds"}, {"rescaling symmetry": "holds"}
NO_FUNCTION = {**dict.fromkeys(ORDINARY, "does not apply"), "one function": "fails"}

NETWORKS: Mapping[str, tuple[Callable[[], Any], Mapping[str, str]]] = {
    "tanh (Equinox)": (lambda: equinox_mlp(jnp.tanh), ODD),
    "two layers of relu (Equinox)": (lambda: equinox_mlp(jax.nn.relu, depth=2), HOMOGENEOUS),
    "tanh (Flax Linen)": (LinenMLP, ODD),
    "relu (Flax NNX)": (lambda: in_evaluation_mode(NNXMLP(nnx.Rngs(0))), HOMOGENEOUS),
    "LayerNorm (Flax Linen)": (lambda: LinenMLP(normalised=True), ODD),
    "tied weights (Equinox)": (Tied, {**ODD, "last layer convex": "does not apply"}),
    "dropout left on (Flax Linen)": (lambda: LinenMLP(dropout=True), NO_FUNCTION),
    "dropout left on (Flax NNX)": (lambda: NNXMLP(nnx.Rngs(0)), NO_FUNCTION),
    "a custom activation (Equinox)": (lambda: equinox_mlp(mish), {}),
    "a wrong derivative (Equinox)": (
        lambda: equinox_mlp(wrong_tanh),
        {**ODD, "gradient = back-propagation": "fails"},
    ),
    "a bias for each unit (Equinox)": (Biased, {"permutation symmetry": "fails"}),
}


def unexpected(report: NetworkReport, more: Mapping[str, str]) -> list[str]:
    """The findings that are not as expected, in words."""
    expected = {**ORDINARY, **more}
    return [
        f"{found.claim} ({found.where}): {found.outcome}, expected: {expected[found.claim]}"
        for found in report.findings
        if found.outcome != expected[found.claim]
    ]


def main(names: list[str]) -> int:
    """Print the tables; returns how many outcomes are not as expected."""
    wrong = 0
    for name in names or NETWORKS:
        make, more = NETWORKS[name]
        report = check_network(make(), inputs=(2, 2))
        print(f"{name}\n\n{report}\n")
        for line in unexpected(report, more):
            wrong += 1
            print(f"UNEXPECTED {line}")
    return wrong


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1:]) else 0)
