"""Families of axes: what counts the same units in a program's arrays, and which steps tell units apart."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netprops import reals
from netprops.readings.jaxpr import trace
from netprops.readings.units import families, uses, wiring

W, V, B = reals((2, 3)), reals((3, 4)), reals(3)
X = reals((5, 2))
ON = {"B": B, "V": V, "W": W}
NAMES = sorted(ON)
INPUTS = len(NAMES)


def wired(f, on=None):
    return wiring(trace(f, ON if on is None else on, X))


def hidden(f):
    """The families that are not at the ends, as names and axes with their roles."""
    return [
        ({f"{NAMES[k]}{axis}": "/".join(sorted(roles)) for (k, axis), roles in family.axes.items()}, family.told_apart)
        for family in families(wired(f), [INPUTS])
        if not family.at_the_ends
    ]


UNITS = {"W1": "in", "B0": "in", "V0": "out"}


def with_hidden(h):
    return lambda p, x: h(x @ p["W"] + p["B"][None, :]) @ p["V"]


KEEPING = {
    "elementwise": with_hidden(jnp.tanh),
    "a function with a rule of its own": with_hidden(jax.nn.relu),
    "a compiled function": with_hidden(jax.jit(lambda z: jnp.sin(z) + 1)),
    "transposed": with_hidden(lambda z: jnp.tanh(z.T).T),
    "reshaped": with_hidden(lambda z: jnp.tanh(z.reshape(1, 5, 1, 3)).reshape(5, 3)),
    "normalised": with_hidden(lambda z: z / (1 + jnp.sum(z**2, axis=1, keepdims=True))),
    "softmax": with_hidden(lambda z: jax.nn.softmax(z, axis=1)),
    "row by row": lambda p, x: jax.vmap(lambda row: jnp.tanh(row @ p["W"] + p["B"]) @ p["V"])(x),
    "with a constant for each unit": with_hidden(lambda z: z + np.arange(3.0)[None, :]),
    "rows sliced": with_hidden(lambda z: jnp.concatenate([z[:2], jnp.tanh(z[2:])])),
    "summed along rows": with_hidden(lambda z: jnp.cumsum(z, axis=0)),
}


@pytest.mark.parametrize("name", KEEPING)
def test_units_are_counted_by_the_axes_they_come_through(name):
    ((axes, apart),) = hidden(KEEPING[name])
    assert axes == UNITS
    assert not apart


APART = {
    "slice": lambda z: jnp.concatenate([z[:, :1], jnp.tanh(z[:, 1:])], axis=1),
    "cumsum": lambda z: jnp.cumsum(z, axis=1),
    "rev": lambda z: z[:, ::-1],
    "sort": lambda z: jnp.sort(z, axis=1),
    "gather": lambda z: z[:, np.array([2, 0, 1])],
    "concatenate": lambda z: jnp.concatenate([z, z], axis=1)[:, :3],
}


@pytest.mark.parametrize("step", APART)
def test_steps_that_tell_units_apart_are_named(step):
    told = [apart for axes, apart in hidden(with_hidden(APART[step])) if "W1" in axes]
    assert told
    assert told[0].startswith(f"`{step}`")


def test_tied_weights_are_incoming_and_outgoing():
    ((axes, _),) = hidden(lambda p, x: jnp.tanh(x @ p["W"]) @ p["W"].T)
    assert axes == {"W1": "in/out"}


def test_a_part_of_a_program_computes_what_the_whole_does():
    f = KEEPING["normalised"]
    whole = wired(f)
    outer = next(use for use in uses(whole) if use.argument == NAMES.index("V"))
    z = whole.gate(outer.data)
    rng = np.random.default_rng(0)
    params = {name: jnp.asarray(rng.normal(size=box.shape)) for name, box in ON.items()}
    x = jnp.asarray(rng.normal(size=X.shape))
    (values,) = whole.part(range(INPUTS + 1), [z])(*(params[name] for name in NAMES), x)
    assert np.allclose(values, x @ params["W"] + params["B"][None, :])
    (units,) = whole.part([z], [outer.data])(values)
    assert np.allclose(units @ params["V"], f(params, x))


def test_nothing_but_the_value_itself_carries_what_a_parameter_enters_later():
    prelu = lambda p, x: jnp.where(x @ p["W"] > 0, x @ p["W"], p["B"][None, :] * (x @ p["W"])) @ p["V"]  # noqa: E731
    whole = wired(prelu)
    outer = next(use for use in uses(whole) if use.argument == NAMES.index("V"))
    assert whole.gate(outer.data) == outer.data


def test_channels_of_a_convolution_are_units_and_places_are_not():
    on = {"K": reals((3, 1, 2)), "V": reals((3, 1))}

    def f(p, x):
        z = jax.lax.conv_general_dilated(x[:, None, :], p["K"], (1,), "SAME")
        return jnp.tanh(z).sum(axis=2) @ p["V"]

    found = [family for family in families(wired(f, on), [2]) if not family.at_the_ends]
    counted = [dict(family.axes) for family in found if family.having("in") and family.having("out")]
    assert counted == [{(0, 0): {"in"}, (1, 0): {"out"}}]
    assert not any(family.told_apart for family in families(wired(f, on), [2]))
