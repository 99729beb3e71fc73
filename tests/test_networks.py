"""`check_network` on networks as Flax Linen, Flax NNX, Equinox and Haiku make them, in stand-ins of the same shape."""

import itertools
import json
import re
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from netprops import DomainError, NotAFunctionError, check_network, reals
from netprops.networks.checking import NAMES
from netprops.networks.claims import CLAIMS
from netprops.networks.models import model_of

APPLY_EVERYWHERE = {
    "one function": "holds",
    "permutation symmetry": "holds",
    "last layer convex": "holds",
    "each layer convex": "does not apply",
    "convex with one layer": "does not apply",
    "not convex in all parameters": "holds",
    "no local maxima": "holds",
    "gradient = back-propagation": "holds",
}


def outcomes(report):
    """The outcome of each claim; of one about several layers, all of them if they differ."""
    found = {}
    for each in report.findings:
        found.setdefault(each.claim, set()).add(each.outcome)
    return {claim: outcome.pop() if len(outcome) == 1 else outcome for claim, outcome in found.items()}


def finding(report, claim):
    (found,) = (each for each in report.findings if each.claim == claim)
    return found


def row(x, W, b):
    return x @ W + b


def batch(x, W, b):
    return x @ W + b[None, :]


def plain(activation, widths=(2, 3, 1), single=np.float64):
    """A pair (params, function) of dense layers."""
    rng = np.random.default_rng(0)
    params = [
        {"W": rng.normal(size=(m, n)).astype(single), "b": np.zeros(n, single)} for m, n in itertools.pairwise(widths)
    ]

    def function(params, x):
        *hidden, last = params
        for layer in hidden:
            x = activation(batch(x, layer["W"], layer["b"]))
        return batch(x, last["W"], last["b"])

    return params, function


# ---------------------------------------------------------------- stand-ins


@jax.tree_util.register_pytree_with_keys_class
class Module:
    """As in Equinox: arrays and an activation among the leaves, called on one row."""

    def __init__(self, *leaves):
        self.W, self.b, self.V, self.c, self.activation = leaves

    def tree_flatten_with_keys(self):
        key = jax.tree_util.GetAttrKey
        return [(key(name), getattr(self, name)) for name in ("W", "b", "V", "c", "activation")], None

    @classmethod
    def tree_unflatten(cls, _, leaves):
        return cls(*leaves)

    def __call__(self, x):
        return self.c + self.V @ self.activation(self.W @ x + self.b)


def module(activation, kind=Module):
    return kind(np.ones((3, 2)), np.ones(3), np.ones((1, 3)), np.ones(1), activation)


@jax.tree_util.register_pytree_with_keys_class
class WithDropout(Module):
    """As in Equinox, dropout left on: it needs a key."""

    def __call__(self, x, *, key=None):
        if key is None:
            raise RuntimeError("Dropout requires a key when running in non-deterministic mode.")
        h = self.activation(self.W @ x + self.b)
        return self.c + self.V @ jnp.where(jax.random.bernoulli(key, 0.5, h.shape), h / 0.5, 0.0)


class Variable:
    """As in Flax NNX: holds one array."""

    def __init__(self, value):
        self.value = value


jax.tree_util.register_pytree_with_keys(
    Variable, lambda v: ([(jax.tree_util.GetAttrKey("value"), v.value)], None), lambda _, c: Variable(*c)
)


@jax.tree_util.register_pytree_with_keys_class
class Stateful:
    """As in Flax NNX: variables, a random key and a count among them, called on a batch; changes itself when called."""

    names = ("W", "b", "V", "c", "key", "count")

    def __init__(self, *variables):
        for name, variable in zip(self.names, variables, strict=True):
            setattr(self, name, variable)

    def tree_flatten_with_keys(self):
        return [(jax.tree_util.GetAttrKey(name), getattr(self, name)) for name in self.names], None

    @classmethod
    def tree_unflatten(cls, _, leaves):
        return cls(*leaves)

    def __call__(self, x):
        h = jax.nn.relu(batch(x, self.W.value, self.b.value))
        if self.key.value is not None:
            key = jax.random.fold_in(self.key.value, self.count.value)
            self.count.value += np.uint32(1)
            h = jnp.where(jax.random.bernoulli(key, 0.5, h.shape), h / 0.5, 0.0)
        return batch(h, self.V.value, self.c.value)


def stateful(key=None):
    arrays = [np.ones(shape, np.float32) for shape in ((2, 3), (3,), (3, 1), (1,))]
    return Stateful(*map(Variable, (*arrays, key, np.uint32(0))))


class Linen:
    """As in Flax Linen: makes its own parameters; with dropout it wants a key of that name."""

    def __init__(self, activation, dropout=False):
        self.activation, self.dropout = activation, dropout

    def init(self, rngs, x):
        if self.dropout and not isinstance(rngs, dict):
            raise ValueError('needs PRNG for "dropout"')
        shapes = {"Dense_0": (x.shape[-1], 3), "Dense_1": (3, 1)}
        return {
            "params": {
                name: {"kernel": np.ones(shape, np.float32), "bias": np.zeros(shape[-1:], np.float32)}
                for name, shape in shapes.items()
            }
        }

    def apply(self, variables, x, rngs=None):
        first, second = (variables["params"][name] for name in ("Dense_0", "Dense_1"))
        h = self.activation(batch(x, first["kernel"], first["bias"]))
        if self.dropout:
            if rngs is None:
                raise ValueError('needs PRNG for "dropout"')
            h = jnp.where(jax.random.bernoulli(rngs["dropout"], 0.5, h.shape), h / 0.5, 0.0)
        return batch(h, second["kernel"], second["bias"])


class Transformed(NamedTuple):
    """As in Haiku: a pair of functions that take keys."""

    init: object
    apply: object


def haiku(activation):
    params, function = plain(activation)

    def apply(params, rng, x):
        return function(params, x)

    return Transformed(lambda rng, x: params, apply)


# ---------------------------------------------------------------- networks in order


TANH = {"sign-flip symmetry": "holds", "rescaling symmetry": "does not apply"}
RELU = {"sign-flip symmetry": "does not apply", "rescaling symmetry": "holds"}
NOT_LINEAR = {"GL symmetry of a linear layer": "does not apply"}
IN_ORDER = {
    "a pair, tanh": (plain(jnp.tanh), TANH),
    "a pair in single precision, relu": (plain(jax.nn.relu, single=np.float32), RELU),
    "two hidden layers, tanh": (plain(jnp.tanh, (2, 3, 2, 1)), TANH),
    "like Equinox, tanh": (module(jnp.tanh), TANH),
    "like Equinox, relu": (module(jax.nn.relu), RELU),
    "like Flax Linen, tanh": (Linen(jnp.tanh), TANH),
    "like Flax NNX, relu": (stateful(), RELU),
    "like Haiku, tanh": (haiku(jnp.tanh), TANH),
    "a custom activation, odd by its values": (module(lambda z: z**3 / (1 + z**2)), TANH),
    "a custom activation, homogeneous by its values": (module(lambda z: jnp.where(z > 0, z, z / 8)), RELU),
}


@pytest.mark.parametrize("name", IN_ORDER)
def test_networks_in_order(name):
    network, more = IN_ORDER[name]
    report = check_network(network, (2, 2))
    assert outcomes(report) == {**APPLY_EVERYWHERE, **more, **NOT_LINEAR}
    assert report.holds
    assert all(found.evidence for found in report.of("holds"))


def test_a_linear_network_has_more_symmetry_and_is_convex_in_each_layer():
    report = check_network(plain(lambda z: z, (2, 2, 2)), (2, 2))
    symmetries = ["permutation symmetry", "sign-flip symmetry", "rescaling symmetry", "GL symmetry of a linear layer"]
    assert outcomes(report) == {
        **APPLY_EVERYWHERE,
        **dict.fromkeys(symmetries, "holds"),
        "each layer convex": "holds",
    }
    assert [f.where for f in report.findings if f.claim == "each layer convex"] == ["0.W, 0.b", "1.W, 1.b"]


def test_one_layer_is_convex_in_all_its_parameters():
    report = check_network(plain(jnp.tanh, (2, 1)), (2, 2))
    found = outcomes(report)
    assert found["convex with one layer"] == found["last layer convex"] == "holds"
    assert found["not convex in all parameters"] == found["permutation symmetry"] == "does not apply"


# ---------------------------------------------------------------- LayerNorm, tied weights, dropout


def normalised(params, x):
    z = batch(x, params["W"], params["b"])
    z = z - z.mean(axis=-1, keepdims=True)
    z = z * jax.lax.rsqrt((z**2).mean(axis=-1, keepdims=True) + 1e-6)
    return batch(jnp.tanh(z * params["scale"][None, :] + params["shift"][None, :]), params["V"], params["c"])


NORMALISED = {
    "W": np.ones((2, 3)), "b": np.ones(3), "scale": np.ones(3), "shift": np.ones(3), "V": np.ones((3, 1)),
    "c": np.ones(1),
}  # fmt: skip


def test_layer_norm_keeps_permutations_and_flips_its_own_scale_and_shift():
    report = check_network((NORMALISED, normalised), (2, 2))
    assert outcomes(report) == {**APPLY_EVERYWHERE, **TANH, **NOT_LINEAR}
    assert (
        "its pre-activations mix with no incoming parameters"
        in finding(report, "GL symmetry of a linear layer").because
    )
    assert finding(report, "gradient = back-propagation").evidence == "sampled"


def test_tied_weights_are_no_last_layer_and_cannot_be_rescaled():
    params = {"W": np.ones((2, 3)), "b": np.ones(3), "c": np.ones(2)}
    tied = lambda p, x: batch(jnp.tanh(batch(x, p["W"], p["b"])), p["W"].T, p["c"])  # noqa: E731
    report = check_network((params, tied), (2, 2))
    found = outcomes(report)
    assert found["permutation symmetry"] == found["sign-flip symmetry"] == "holds"
    assert "used before it as well (tied" in finding(report, "last layer convex").because
    assert "W: its incoming weights are its outgoing ones" in finding(report, "rescaling symmetry").because
    assert report.holds


@pytest.mark.parametrize(
    "network",
    [module(jax.nn.relu, WithDropout), Linen(jax.nn.relu, dropout=True), stateful(jax.random.key(3))],
    ids=["like Equinox", "like Flax Linen", "like Flax NNX"],
)
def test_dropout_left_on_makes_no_function_of_it(network):
    report = check_network(network, (2, 2))
    first, *others = report.findings
    assert (first.claim, first.outcome, first.evidence) == ("one function", "fails", "certified")
    assert "dropout left on" in first.because
    assert {found.outcome for found in others} == {"does not apply"}
    assert len(others) == len(CLAIMS) - 1
    assert not report.holds


def test_a_key_that_changes_nothing_is_no_harm():
    params, function = plain(jnp.tanh)

    def noisy(params, x, key):
        return function(params, x) + 0 * jax.random.normal(key, (1, 1))

    report = check_network((params, noisy), (2, 2), claims=["one function", "permutation symmetry"])
    assert outcomes(report) == {"one function": "holds", "permutation symmetry": "holds"}


# ---------------------------------------------------------------- planted bugs


@jax.custom_vjp
def wrong_tanh(z):
    return jnp.tanh(z)


wrong_tanh.defvjp(lambda z: (jnp.tanh(z), z), lambda z, g: (g * (1 - jnp.tanh(z)),))


@jax.custom_vjp
def wrong_relu(z):
    return jax.nn.relu(z)


wrong_relu.defvjp(lambda z: (jax.nn.relu(z), z), lambda z, g: (jnp.where(z > -1, g, 0.0),))


@pytest.mark.parametrize("activation", [wrong_tanh, wrong_relu])
def test_a_wrong_derivative_is_found(activation):
    report = check_network(module(activation), (2, 2))
    (bad,) = report.of("fails")
    assert (bad.claim, bad.evidence) == ("gradient = back-propagation", "certified")
    assert "the partial derivative is" in bad.because
    assert not report.holds
    assert report.short == (bad,)


def test_a_bias_of_its_own_for_each_unit_breaks_the_permutations():
    report = check_network(module(lambda z: jnp.tanh(z + 0.01 * np.arange(3.0))), (2, 2))
    (bad,) = report.of("fails")
    assert (bad.claim, bad.where, bad.evidence) == ("permutation symmetry", "W", "certified")
    assert "inputs = " in bad.because
    assert "V = " in bad.because


def test_units_that_are_told_apart_are_said_to_be():
    mixed = lambda z: jnp.concatenate([jnp.tanh(z[:1]), jax.nn.relu(z[1:])])  # noqa: E731
    report = check_network(module(mixed), (2, 2), claims=["permutation symmetry"])
    (found,) = report.findings
    assert found.outcome == "does not apply"
    assert "told apart by their places: `slice`" in found.because
    assert "test_networks.py" in found.because


def test_an_activation_with_parameters_is_not_taken_for_a_linear_one():
    params, _ = plain(jnp.tanh)
    slopes = np.full(3, 0.25)

    def function(p, x):
        (first, last), slopes = p
        z = batch(x, first["W"], first["b"])
        return batch(jnp.where(z > 0, z, slopes[None, :] * z), last["W"], last["b"])

    found = outcomes(check_network(((params, slopes), function), (2, 2)))
    assert found["permutation symmetry"] == "holds"
    assert found["sign-flip symmetry"] == found["GL symmetry of a linear layer"] == "does not apply"
    assert found["each layer convex"] == "does not apply"


def test_residual_units_flip_together_and_those_read_elsewhere_do_not():
    params = {"W": np.ones((2, 3)), "V": np.ones((3, 3)), "U": np.ones((3, 1))}

    def residual(p, x):
        h = jnp.tanh(x @ p["W"])
        return (h + jnp.tanh(h @ p["V"])) @ p["U"]

    report = check_network((params, residual), (2, 2), claims=["permutation symmetry", "sign-flip symmetry"])
    assert "permutation symmetry" in {f.claim for f in report.of("holds")}
    assert outcomes(report)["sign-flip symmetry"] == "holds"  # V is incoming and outgoing at once

    def skipping(p, x):
        h = jnp.tanh(x @ p["W"])
        return h @ p["U"] + h.sum(axis=-1, keepdims=True)

    report = check_network((params, skipping), (2, 2), claims=["sign-flip symmetry"])
    assert "used besides the outgoing weights, by `reduce_sum`" in report.findings[0].because


# ---------------------------------------------------------------- losses and data


CLASSES = np.array([0, 2])
X = np.array([[1.0, 0.5], [-1.0, 2.0]])


def test_the_cost_is_that_of_the_data_and_the_loss_that_are_given():
    network = plain(jnp.tanh, (2, 3, 3))
    loss = optax.losses.softmax_cross_entropy_with_integer_labels
    report = check_network(network, X, CLASSES, loss=loss, claims=["last layer convex", "not convex in all parameters"])
    assert outcomes(report) == {"last layer convex": "holds", "not convex in all parameters": "holds"}
    assert "inputs" not in finding(report, "not convex in all parameters").because


def test_a_loss_that_is_not_convex_is_the_hypothesis_that_is_not_met():
    cauchy = lambda o, y: jnp.log1p((o - y) ** 2)  # noqa: E731
    found = check_network(plain(jnp.tanh), (1, 2), loss=cauchy)
    last = finding(found, "last layer convex")
    assert (last.outcome, last.evidence) == ("does not apply", "certified")
    assert "not so: the loss is convex in the outputs" in last.because
    maxima = finding(found, "no local maxima")
    assert maxima.outcome == "does not apply"
    assert "strictly convex in" in maxima.because


def test_outputs_that_are_not_affine_in_the_last_layer():
    params, function = plain(jnp.tanh)
    report = check_network((params, lambda p, x: jax.nn.sigmoid(function(p, x))), (1, 2), claims=["last layer convex"])
    (found,) = report.findings
    assert found.outcome == "does not apply"
    assert "not so: the outputs are affine in it" in found.because


def test_no_output_bias():
    params = {"W": np.ones((2, 2)), "V": np.ones((2, 1))}
    report = check_network((params, lambda p, x: jnp.tanh(x @ p["W"]) @ p["V"]), (1, 2), claims=["no local maxima"])
    assert "an output bias" in report.findings[0].because
    assert not report.holds  # it was demanded


def test_what_a_network_computes_in_single_precision_is_undecided_and_says_so():
    params, function = plain(jnp.tanh)
    single = lambda p, x: function(p, x.astype(np.float32).astype(np.float64))  # noqa: E731
    report = check_network((params, single), (1, 2), claims=["permutation symmetry"])
    (found,) = report.findings
    assert found.outcome == "undecided"
    assert "float32" in found.because
    assert not report.holds


def test_a_network_with_convolutions():
    params = {"K": np.ones((3, 1, 2)), "V": np.ones((3, 1)), "c": np.ones(1)}

    def convolution(p, x):
        z = jax.lax.conv_general_dilated(x[:, None, :], p["K"], (1,), "VALID")
        return batch(jnp.tanh(z).sum(axis=-1), p["V"], p["c"])

    report = check_network((params, convolution), (1, 3), claims=["permutation symmetry", "last layer convex"])
    assert outcomes(report) == {"permutation symmetry": "holds", "last layer convex": "holds"}
    assert finding(report, "permutation symmetry").where == "K"


# ---------------------------------------------------------------- the report


def test_the_table_and_the_record():
    report = check_network(module(wrong_tanh), (2, 2))
    text = str(report)
    assert (
        text.splitlines()[0]
        == "Module, called as network(row), row by row: 13 parameters in 4 arrays, 2 rows of inputs"
    )
    assert re.search(r"^permutation symmetry +W +holds +proved$", text, re.MULTILINE)
    assert re.search(r"^gradient = back-propagation +fails +certified$", text, re.MULTILINE)
    record = json.loads(json.dumps(report.record()))
    assert len(record["findings"]) == len(report.findings)
    assert any(found["witness"] for found in record["findings"])


def test_every_claim_has_its_row_in_the_catalogue():
    text = (Path(__file__).parent.parent / "specs" / "claims.toml").read_text()
    assert len(set(NAMES)) == len(NAMES)
    assert all(f'id = "{row.claim}"' in text for row in CLAIMS if row.claim)
    assert [row.name for row in CLAIMS if not row.claim] == ["one function"]


def test_wrong_networks_and_data_are_refused_in_words():
    with pytest.raises(NotAFunctionError, match="init and apply"):
        check_network(3, (2, 2))
    with pytest.raises(NotAFunctionError, match="no floating-point arrays"):
        check_network(({"n": 3}, lambda p, x: x), (2, 2))
    with pytest.raises(NotAFunctionError, match=r"network\(row\), row by row: TypeError"):
        check_network(module(jnp.tanh), (2, 5))
    with pytest.raises(DomainError, match="rows"):
        check_network(plain(jnp.tanh), np.zeros((0, 2)))
    with pytest.raises(DomainError, match="with fewer units"):
        check_network(plain(jnp.tanh, (2, 500, 1)), (2, 2))
    with pytest.raises(ValueError, match="permutation symmetry"):
        check_network(plain(jnp.tanh), (2, 2), claims=["symmetry"])


def test_what_a_float_search_takes_for_a_symmetry_is_asked_before_it_is_used():
    """One of these units is off at the first points that are tried, and seems to be flipped."""
    params = {"W": np.ones((2, 3)), "V": np.ones((3, 3)), "U": np.ones((3, 1))}

    def residual(p, x):
        h = x @ p["W"]
        return (h + jax.nn.relu(h @ p["V"] - 1e3)) @ p["U"]

    report = check_network((params, residual), (2, 2), claims=["permutation symmetry", "sign-flip symmetry"])
    assert not report.of("fails")
    flip = finding(report, "sign-flip symmetry")
    assert (flip.outcome, flip.evidence) == ("does not apply", "certified")
    assert "not so: its pre-activations change their signs with" in flip.because


class WithStatistics(Linen):
    """As in Flax Linen: with a collection of running statistics beside the parameters."""

    def init(self, rngs, x):
        return {
            **super().init(rngs, x),
            "batch_stats": {"mean": np.zeros(1, np.float32), "var": np.ones(1, np.float32)},
        }

    def apply(self, variables, x, rngs=None):
        stats = variables["batch_stats"]
        return super().apply(variables, (x - stats["mean"][None, :]) / jnp.sqrt(stats["var"])[None, :], rngs)


def test_statistics_are_no_parameters():
    network = WithStatistics(jnp.tanh)
    report = check_network(network, (2, 2))
    assert outcomes(report) == {**APPLY_EVERYWHERE, **TANH, **NOT_LINEAR}
    variables = network.init(jax.random.key(0), np.ones((2, 2)))
    pair = (variables, lambda v, x: network.apply(v, x))
    report = check_network(pair, (2, 2), parameters=lambda name: name.startswith("params.D"))
    assert report.holds
    with pytest.raises(NotAFunctionError, match=r"that are chosen, of batch_stats\.mean"):
        check_network(pair, (2, 2), parameters=lambda name: False)


def test_weights_in_a_loop_are_in_no_layer_that_is_found():
    params = {"W": np.ones((2, 2)), "V": np.ones((2, 1)), "c": np.ones(1)}

    def recurrent(p, x):
        h, _ = jax.lax.scan(lambda h, row: (jnp.tanh(h @ p["W"] + row), None), x, jnp.stack([x, x]))
        return batch(h, p["V"], p["c"])

    report = check_network((params, recurrent), (1, 2))
    assert not report.of("fails")
    assert "W: in no layer" in finding(report, "each layer convex").because
    assert finding(report, "last layer convex").outcome == "holds"
    assert finding(report, "not convex in all parameters").outcome == "holds"
    assert outcomes(report)["permutation symmetry"] == "does not apply"


def test_names_of_parameters_are_not_those_of_data():
    model = model_of(({"inputs": np.ones((2, 1)), "W": np.ones(1)}, lambda p, x: batch(x, p["inputs"], p["W"])), (2,))
    assert model.names == ("W", "params.inputs")
    assert model.inputs(2) == reals((2, 2))
