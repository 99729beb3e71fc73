"""Radii of rounding: real values and floats of every machine at hand lie inside, for every rule; the stated errors of
elementary functions are measured here, on the device."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flint import arb
from jax import lax

from netprops import UnsupportedError, reals
from netprops.readings import balls, floats, rounding
from netprops.readings.atoms import ATOMS
from netprops.readings.jaxpr import trace

RNG = np.random.default_rng(0)
DOMAINS = {"log": (1e-6, 1e3), "log1p": (-0.99, 5), "log2": (1e-6, 1e3), "rsqrt": (1e-6, 1e3),
           "exp": (-300, 300), "exp2": (-300, 300), "sinh": (-300, 300), "cosh": (-300, 300), "expm1": (-40, 300),
           "erfc": (-5, 20)}  # fmt: skip
BITS = 160


def allowed(name, xs):
    """How many ulps, 2^-52 relative, a function of the table is stated to be off at each point."""
    stated = rounding.ULPS[name]
    return (stated(xs) if callable(stated) else np.full(xs.shape, stated)).tolist()


def spread_over(name):
    low, high = DOMAINS.get(name, (-20, 20))
    near = RNG.standard_normal(500) * 10.0 ** RNG.uniform(-12, 0, 500)
    xs = np.concatenate([RNG.uniform(low, high, 2000), near])
    return xs[(xs > low) & (xs < high)]


@pytest.mark.parametrize("name", sorted(set(rounding.ULPS) & set(ATOMS)))
def test_stated_errors_of_elementary_functions_are_kept(name):
    xs = spread_over(name)
    function = jnp.log2 if name == "log2" else getattr(lax, name)
    machines = {"device": np.asarray(jax.jit(function)(xs)), "NumPy": floats.ELEMENTWISE[name](xs)}
    with balls.precision_of(BITS):
        truth = [ATOMS[name].value(arb(x)) for x in xs.tolist()]
        for machine, values in machines.items():
            for x, ulps, value, t in zip(xs.tolist(), allowed(name, xs), values.tolist(), truth, strict=True):
                assert abs(arb(value) - t) <= ulps * 2.0**-52 * abs(t) + rounding.TINY, (machine, x, value)


@pytest.mark.parametrize("name", ["div", "pow"])
def test_stated_errors_of_quotients_and_powers_are_kept(name):
    xs, ys = RNG.uniform(0.01, 30, 1000), RNG.uniform(-10, 10, 1000)
    exact = {"div": lambda x, y: x / y, "pow": lambda x, y: x**y}[name]
    device = np.asarray(jax.jit({"div": lax.div, "pow": lax.pow}[name])(xs, ys))
    with balls.precision_of(BITS):
        for x, y, *values in zip(
            xs.tolist(), ys.tolist(), device.tolist(), floats.ELEMENTWISE[name](xs, ys).tolist(), strict=True
        ):
            t = exact(arb(x), arb(y))
            assert all(abs(arb(v) - t) <= rounding.ULPS[name] * 2.0**-52 * abs(t) for v in values)


def test_every_stated_error_is_measured():
    assert set(rounding.ULPS) <= set(ATOMS) | {"div", "pow"}


def shifted(x):
    return jnp.concatenate([x[1:], x[:1]])


def positive(x):
    return x**2 + 0.25


# Each rule occurs in one of these, of x in R^6.
FUNCTIONS = {
    "activations": lambda x: (
        jax.nn.softplus(x) * jax.nn.gelu(x) - jax.nn.silu(x) + jax.nn.elu(x) / (1 + jnp.tanh(x) ** 2)
    ),
    "leaky and hard": lambda x: jax.nn.leaky_relu(x) + jax.nn.relu6(x) * jax.nn.hard_tanh(shifted(x)),
    "log-sum-exp": lambda x: jax.nn.logsumexp(x) + jax.nn.log_softmax(x)[2],
    "matrices": lambda x: jnp.sum((x.reshape(2, 3) @ x.reshape(3, 2)) ** 3),
    "convolution": lambda x: jnp.convolve(x, shifted(x)),
    "cancellation": lambda x: (x + 1e6) - 1e6 - x + jnp.sin(x) ** 2 + jnp.cos(x) ** 2,
    "powers": lambda x: positive(x) ** shifted(x) + positive(x) ** -2 + jnp.sqrt(positive(x)) * lax.rsqrt(positive(x)),
    "special": lambda x: lax.erf(x) + lax.erfc(x) * jnp.arcsinh(x) - jnp.arctan(x) * lax.cbrt(x),
    "hyperbolic": lambda x: jnp.sinh(x) - jnp.cosh(x) * lax.exp2(x) + jnp.expm1(x) * jnp.exp(-x),
    "logarithms": lambda x: jnp.log(positive(x)) - jnp.log1p(positive(x)) * jax.nn.sigmoid(x) + jnp.log2(positive(x)),
    "derivatives": lambda x: jax.grad(lambda v: jnp.sum(jnp.tanh(v)))(x),
    "polynomials": lambda x: jnp.polyval(jnp.stack([x[0], x[1] ** 2, jnp.float64(-3), x[2] / 3]), shifted(x)),
    "the largest": lambda x: lax.top_k(x / 3, 3)[0] + jnp.ravel(lax.top_k(jnp.exp(x).reshape(3, 2), 1)[0]),
    "equal truths": lambda x: jnp.where((x / 3 > 0) == (shifted(x) > 1), x, 2.0 * x),
    "extremes": lambda x: jnp.max(x) - jnp.min(x) + jnp.maximum(x, shifted(x)) - jnp.minimum(x, 0.5),
    "order": lambda x: jnp.sort(x) * jnp.cumsum(x) + lax.clamp(-1.0, x, 1.0) + jnp.prod(x),
    "steps": lambda x: jnp.floor(x) + jnp.ceil(x) + jnp.round(x) + jnp.sign(x) + jnp.abs(-x),
    "choices": lambda x: jnp.where((x > 0) & (x < 1) | ~(x >= -1) ^ (x <= -2), x, x * shifted(x)),
    "guards": lambda x: jnp.where((x == x) & (x != 3) & jnp.isfinite(x), jnp.square(x), 0.0),
    "truth as numbers": lambda x: jnp.sum((x > 0).astype(jnp.float64)) + lax.stop_gradient(x),
    "scattered": lambda x: x.at[np.array([0, 0, 2])].add(x[3:] ** 2),
    "loops": lambda x: lax.scan(lambda t, a: (jnp.tanh(t + a), t * a), 0.5, x)[1],
    "movement": lambda x: jnp.pad(jnp.flip(x).reshape(2, 3).T, 1)[np.array([0, 2])].sum(axis=0),
    "differences of one number": lambda x: (x - x) + jnp.exp(x - x),
}


def points():
    rng = np.random.default_rng(7)
    simple = rng.integers(-3, 4, (8, 6)) / 2
    return np.concatenate([simple, rng.standard_normal((16, 6)), rng.standard_normal((8, 6)) * 4])


@pytest.fixture(scope="module")
def on_the_device():
    """All functions at all points, in one compilation."""
    together = trace(lambda x: tuple(function(x) for function in FUNCTIONS.values()), reals(6))
    xs = points()
    return xs, dict(zip(FUNCTIONS, floats.evaluate_batch(together, [xs], device=True), strict=True))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_real_values_and_floats_lie_inside(name, on_the_device):
    program = trace(FUNCTIONS[name], reals(6))
    xs, device = on_the_device
    (bound,) = rounding.evaluate_batch(program, [xs])
    for values in (floats.evaluate_batch(program, [xs])[0], device[name]):
        assert (np.abs(values - bound.centre) <= bound.radius).all()
    for x, centre, radius in zip(xs, bound.centre, bound.radius, strict=True):
        (truth,) = balls.evaluate(program, [x], BITS)
        for t, c, r in zip(truth.reshape(-1), centre.reshape(-1).tolist(), radius.reshape(-1).tolist(), strict=True):
            assert r == float("inf") or abs(t - arb(c)) <= arb(r)


# At a jump or a tie rounding may do anything, and ill-conditioned functions amplify it; elsewhere radii are small.
@pytest.mark.parametrize("name", [n for n in FUNCTIONS if n not in ("steps", "cancellation")])
def test_radii_are_small(name):
    (bound,) = rounding.evaluate_batch(trace(FUNCTIONS[name], reals(6)), [RNG.uniform(0.3, 1.9, (32, 6))])
    assert (bound.radius <= 1e-12 * (1 + np.abs(bound.centre))).mean() > 0.9


def test_every_rule_occurs():
    seen = set()

    def collect(jaxpr):
        for eqn in jaxpr.eqns:
            seen.add(eqn.primitive.name)
            for inner in floats._inner(eqn):
                collect(inner)

    for function in FUNCTIONS.values():
        collect(trace(function, reals(6)).closed.jaxpr)
    # Other names of add and scatter-add, and what JAX makes from 0.12 on.
    names = set(rounding.RULES) - {"add_any", "log2", "one_minus_square", "polynomial"}
    assert names <= seen


def test_a_jump_is_uncertain_where_rounding_can_cross_it():
    (bound,) = rounding.evaluate_batch(
        trace(lambda x: jnp.where(x / 3 * 3 > 1, 5.0, -5.0), reals(1)), [np.array([[1.0], [1.1]])]
    )
    assert bound.radius[0] >= 10
    assert bound.radius[1] == 0


def test_adversarial_orders_of_summation_stay_inside():
    x = np.concatenate([RNG.standard_normal(200) * 10.0 ** RNG.uniform(-8, 8, 200)])
    program = trace(lambda x: jnp.sum(x), reals(200))
    (bound,) = rounding.evaluate_batch(program, [x[None]])
    orders = [np.argsort(x), np.argsort(-x), np.argsort(np.abs(x)), np.argsort(-np.abs(x)), RNG.permutation(200)]
    for order in orders:
        assert abs(float(np.cumsum(x[order])[-1]) - bound.centre[0]) <= bound.radius[0]


def test_what_may_be_infinite_has_no_bound():
    (bound,) = rounding.evaluate_batch(trace(lambda x: 1 / (x - 1), reals(1)), [np.array([[1.0], [2.0]])])
    assert np.isinf(bound.radius[0])
    assert bound.radius[1] < 1e-14
    (bound,) = rounding.evaluate_batch(trace(lambda x: jnp.exp(x), reals(1)), [np.array([[1000.0]])])
    assert np.isinf(bound.radius[0])


def test_a_rule_without_rounding_of_its_own_would_be_caught(monkeypatch):
    monkeypatch.setitem(rounding.RULES, "exp", lambda eqn, a: rounding._exact(np.exp(rounding._lift(a).centre)))
    xs = RNG.standard_normal((200, 1))
    program = trace(jnp.exp, reals(1))
    (bound,) = rounding.evaluate_batch(program, [xs])
    truth = [balls.evaluate(program, [x], BITS)[0].item() for x in xs]
    pairs = zip(truth, bound.centre[:, 0].tolist(), bound.radius[:, 0].tolist(), strict=True)
    assert any(abs(t - arb(centre)) > arb(radius) for t, centre, radius in pairs)


def test_what_has_no_rule_is_refused():
    for function in (lax.lgamma, lambda x: jnp.argmax(x).astype(jnp.float64) * x, lambda x: x[jnp.argmax(x)] * x):
        with pytest.raises(UnsupportedError):
            rounding.evaluate_batch(trace(function, reals(3)), [np.ones((2, 3))])
