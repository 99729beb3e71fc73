"""Explanations: the sets of blocks against a slow search over all of them, the words, and foreign pytrees."""

import itertools
import json

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from netprops import DomainError, NotAFunctionError, explain, is_convex, reals
from netprops.questions import shape
from netprops.readings import floats
from netprops.readings.jaxpr import trace

X = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
Y = np.array([1.0, 0.0, 1.0])


def network(activation):
    def cost(p):
        h = activation(X @ p["W1"] + p["b1"][None, :])
        return jnp.mean((h @ p["W2"] + p["b2"] - Y) ** 2)

    return cost


NETWORK = {"W1": np.zeros((2, 2)), "b1": np.zeros(2), "W2": np.zeros(2), "b2": np.zeros(())}


def logistic_regression(p):
    return jnp.sum(optax.losses.sigmoid_binary_cross_entropy(X @ p["w"] + p["b"], Y)) + 0.1 * jnp.sum(p["w"] ** 2)


COSTS = {
    "tanh network": (network(jnp.tanh), NETWORK),
    "linear network": (network(lambda z: z), NETWORK),
    "logistic regression": (logistic_regression, {"w": np.zeros(2), "b": np.zeros(())}),
    "a product of three": (
        lambda p: (p["a"] * p["b"] * p["c"] - 1) ** 2 + p["d"] ** 2,
        dict.fromkeys("abcd", np.zeros(())),
    ),
    "two products": (
        lambda p: p["a"] * p["b"] + p["c"] * p["d"] + sum(v**2 for v in p.values()) / 4,
        dict.fromkeys("abcd", np.zeros(())),
    ),
}


def all_sets(cost, params):
    """Of every set of blocks, whether the cost is convex in it: asked one by one."""
    names = sorted(params)
    answers = {}
    for size in range(1, len(names) + 1):
        for chosen in itertools.combinations(names, size):
            ours = {k: reals(np.shape(params[k])) for k in chosen}
            rest = {k: reals(np.shape(params[k])) for k in names if k not in chosen}
            verdict = is_convex(lambda p, q=None: cost({**p, **(q or {})}), ours, rest or None)
            answers[frozenset(chosen)] = verdict.answer
    return answers


@pytest.mark.parametrize("name", COSTS)
def test_the_largest_and_smallest_sets_are_those_of_a_search_over_all(name):
    cost, params = COSTS[name]
    answers = all_sets(cost, params)
    convex = {s for s, answer in answers.items() if answer == "yes"}
    found = explain(cost, params)
    assert found.is_decided
    assert set(map(frozenset, found.convex)) == {s for s in convex if not any(s < t for t in convex)}
    bad = set(answers) - convex
    assert {frozenset(r.blocks) for r in found.refusals} == {s for s in bad if not any(t < s for t in bad)}
    assert all(r.verdict.evidence == "certified" for r in found.refusals)


def reason(cost, params, *blocks):
    (found,) = (r for r in explain(cost, params).refusals if r.blocks == blocks)
    return found.reason


def test_the_words_say_what_destroys_convexity():
    assert "a product of values that depend on a and on b" in reason(*COSTS["two products"], "a", "b")
    assert "`tanh`, neither convex nor concave, of values affine in W1" in reason(*COSTS["tanh network"], "W1")
    relu = network(jax.nn.relu)
    assert "convex in W1, not affine, times W2, which may be negative" in reason(relu, NETWORK, "W1")
    bounded = lambda p: jnp.sum(jax.nn.sigmoid(X @ p["w"]))  # noqa: E731
    assert "bounded above" in reason(bounded, {"w": np.zeros(2)}, "w")
    squared = lambda p: (jax.nn.relu(p["w"]) - 1) ** 2  # noqa: E731
    assert "convex in w, not affine: it does not keep that" in reason(squared, {"w": np.zeros(())}, "w")
    difference = lambda p: jnp.abs(p["w"]) - 2 * jax.nn.relu(p["w"] - 1)  # noqa: E731
    assert "a difference of values, convex in w" in reason(difference, {"w": np.zeros(())}, "w")
    assert "test_explaining.py" in reason(relu, NETWORK, "W1")


def test_the_table_names_blocks_shapes_and_sets():
    text = str(explain(*COSTS["linear network"]))
    assert "W1       2x2  yes" in text
    assert "not jointly convex in W1 and W2" in text
    assert "jointly convex in W2 and b2" in text or "jointly convex in W1, b1 and b2" in text
    assert "lies above its chord" in text


def normalised(p):
    z = X @ p["W"]
    z = z - z.mean(axis=1, keepdims=True)
    return jnp.sum(jax.nn.relu(z / jnp.sqrt((z**2).mean(axis=1, keepdims=True) + 1.0)) @ p["v"])


def test_a_sum_of_squares_is_seen_to_be_convex_where_it_stands_as_a_difference():
    def variance(p):
        z = X @ p["W"]
        return jnp.sum(jax.lax.rsqrt((z**2).mean(axis=1) - z.mean(axis=1) ** 2 + 1.0))

    assert "`1 / sqrt` of values convex in W, not affine" in reason(variance, {"W": np.zeros((2, 2))}, "W")


def test_normalising_destroys_convexity_in_the_weights_before_it():
    found = explain(normalised, {"W": np.zeros((2, 2)), "v": np.zeros(2)})
    assert found.convex == (("v",),)
    assert found.refusals[0].blocks == ("W",)
    assert found.refusals[0].reason


# So many rows that the cost is a large program, which is read at its affine values before any normal form is made.
ROWS = np.random.default_rng(0).normal(size=(40, 6))
CLASSES = np.arange(40) % 3
LARGE = {"W1": np.zeros((6, 4)), "b1": np.zeros(4), "W2": np.zeros((4, 3)), "b2": np.zeros(3)}


def classifier(activation):
    def cost(p):
        logits = activation(ROWS @ p["W1"] + p["b1"][None, :]) @ p["W2"] + p["b2"][None, :]
        return optax.losses.softmax_cross_entropy_with_integer_labels(logits, CLASSES).mean()

    return cost


@pytest.mark.parametrize(
    ("activation", "words"),
    [
        (jnp.tanh, "`tanh`, neither convex nor concave, of values affine in W1"),
        (jax.nn.relu, "values convex in W1, not affine, times W2, which may be negative"),
        (lambda z: z, "a product of values that depend on W1 and on W2"),
    ],
)
def test_a_large_classifier_is_explained_as_a_small_one_is(activation, words):
    program = trace(classifier(activation), {k: reals(v.shape) for k, v in LARGE.items()})
    assert floats.cost(program).operations >= shape.LARGE
    found = explain(classifier(activation), LARGE)
    assert found.is_decided
    linear = activation(-1.0) == -1.0
    assert found.convex == ((("W1", "b1", "b2"), ("W2", "b2")) if linear else (("W2", "b2"),))
    blocks = ("W1", "W2") if linear else ("W1",)
    (refusal,) = (r for r in found.refusals if r.blocks == blocks)
    assert words in refusal.reason
    for refusal in found.refusals:  # what a lecturer would write: a few entries, few digits
        for point in refusal.verdict.witness["points"].values():
            entries = [float.fromhex(x) for x in point["nonzero"].values()]
            assert point["entries"] == 43
            assert len(entries) <= 8
            assert all((8 * x).is_integer() and abs(x) < 100 for x in entries)


def test_a_witness_is_told_by_its_entries_that_are_not_zero():
    text = str(explain(classifier(jax.nn.relu), LARGE))
    line = next(line for line in text.splitlines() if line.startswith("W1: "))
    assert "all else is 0, between a = (W1[" in line
    assert "the function lies above its chord: halfway" in line


def test_variables_that_hold_one_array_lend_it_their_names():
    class Variable:
        def __init__(self, value):
            self.value = value

    jax.tree_util.register_pytree_with_keys(
        Variable, lambda v: ([(jax.tree_util.GetAttrKey("value"), v.value)], None), lambda _, c: Variable(*c)
    )
    params = {"w": Variable(np.zeros(2)), "b": Variable(np.zeros(()))}
    found = explain(lambda p: jnp.sum((X @ p["w"].value + p["b"].value - Y) ** 2), params)
    assert [block.name for block in found.blocks] == ["b", "w"]
    assert "jointly convex in all of them" in str(found)


def test_the_record_is_json():
    record = json.loads(json.dumps(explain(*COSTS["tanh network"]).record()))
    assert record["blocks"][0] == {"name": "W1", "shape": [2, 2]}
    assert record["not convex"][0]["witness"]["kind"] == "chord"


@jax.tree_util.register_pytree_with_keys_class
class Module:
    """A layer as libraries write it: arrays, and an activation among the leaves."""

    def __init__(self, weight, activation):
        self.weight, self.activation = weight, activation

    def tree_flatten_with_keys(self):
        key = jax.tree_util.GetAttrKey
        return [(key("weight"), self.weight), (key("activation"), self.activation)], None

    @classmethod
    def tree_unflatten(cls, _, leaves):
        return cls(*leaves)


def test_what_is_no_array_stays_as_it_is():
    module = [Module(np.zeros((2, 1)), jnp.tanh), 3, np.array([1, 2])]
    found = explain(lambda m: jnp.sum(m[0].activation(X @ m[0].weight)) * m[1], module)
    assert [block.name for block in found.blocks] == ["0.weight"]
    assert found.refusals


def test_single_precision_parameters_are_read_as_real_numbers():
    found = explain(lambda p: jnp.sum((X @ p - Y) ** 2), np.zeros(2, dtype=np.float32))
    assert found.convex == (("it",),)


def test_what_cannot_be_decided_is_said_to_be_so():
    found = explain(lambda p: jnp.hypot(p["x"], p["y"]), {"x": np.zeros(()), "y": np.zeros(())})
    assert not found.is_decided
    assert "undecided" in str(found)


def test_wrong_parameters_are_refused_in_words():
    with pytest.raises(DomainError, match="0"):
        explain(lambda p: 1.0, {"n": 3})
    with pytest.raises(DomainError, match="17"):
        explain(lambda p: sum(p), [np.zeros(())] * 17)
    with pytest.raises(NotAFunctionError, match="scalar"):
        explain(lambda p: p, np.zeros(3))
