"""Maps that contract a ball, on trial: linear maps, steps of an optimiser, and maps that do not stay."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

from netprops import DomainError, NotAFunctionError, reals, stays_in
from netprops.readings.contraction import contraction
from netprops.readings.jaxpr import trace


@given(st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_linear_maps_contract_when_their_norm_is_below_one(n, seed):
    A = np.random.default_rng(seed).integers(-8, 9, (n, n)) / 16
    norm = np.linalg.norm(A, 2)
    found = contraction(trace(lambda x: A @ x, reals(n)), [fmpq(0)] * n, fmpq(3))
    if found is None:
        assert norm > 0.999999
    else:
        assert norm**2 <= float(int(found.p)) / float(int(found.q)) + 1e-12
        assert norm < 1


def test_a_shift_needs_room():
    assert stays_in((0, 1), lambda x: x / 2 + 0.5)
    assert not stays_in((0, 1), lambda x: x / 2 + 0.75)
    assert not stays_in(([0, 0], 1), lambda x: x / 2 + 0.5)  # |shift| is the square root of 1/2
    assert stays_in(([0, 0], 2), lambda x: x / 2 + 0.5)


def test_what_contracts_nothing_is_undecided():
    assert stays_in((0, 1), lambda x: -x).answer == "undecided"
    assert stays_in((0, 1), lambda x: jnp.abs(x) / 2).answer == "undecided"  # a kink


def test_newton_for_the_root_of_two():
    """x/2 + 1/x maps [1, 2] into itself; its derivative 1/2 - 1/x^2 lies between -1/2 and 1/4."""
    assert stays_in((1.5, 0.5), lambda x: x / 2 + 1 / x)
    assert not stays_in((1.5, 1.25), lambda x: x / 2 + 1 / x)


def test_steps_of_an_optimiser_on_a_pytree():
    cost = lambda p: jnp.sum(jnp.cosh(p["w"])) + p["b"] ** 2  # noqa: E731

    def step_of(optimiser):
        def step(p):
            updates, _ = optimiser.update(jax.grad(cost)(p), optimiser.init(p), p)
            return optax.apply_updates(p, updates)

        return step

    zero = {"w": np.zeros(2), "b": 0.0}
    assert stays_in((zero, 1), step_of(optax.sgd(0.25)))
    assert not stays_in((zero, 1), step_of(optax.sgd(1.5)))


def test_bad_input():
    with pytest.raises(DomainError, match="radius"):
        stays_in((0, 0), lambda x: x / 2)
    with pytest.raises(NotAFunctionError, match="itself"):
        stays_in(([0, 0], 1), lambda x: jnp.sum(x))
