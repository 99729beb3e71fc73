"""Assertions for other projects: what passes, what fails and with which words; a foreign project that uses them."""

import inspect
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netprops import DomainError, box, check_network, reals, testing
from netprops.evidence import Recorder, recording
from netprops.networks.checking import NAMES

PASSING = {
    "assert_convex": [(lambda x: x**2, "R"), (lambda z, y: jnp.maximum(0.0, 1 - y * z), "R", "R")],
    "assert_not_convex": [(lambda v: v[0] * v[1], "R^2"), (jnp.sin, box(0, 4))],
    "assert_concave": [(jnp.log, "(0, inf)")],
    "assert_not_concave": [(jnp.exp, "R")],
    "assert_affine": [(lambda v: v[0] - 2 * v[1], reals(2))],
    "assert_not_affine": [(jnp.abs, "R")],
    "assert_strictly_convex": [(lambda x: x**2, "R")],
    "assert_quasiconvex": [(lambda x: x**3, "R")],
    "assert_not_quasiconvex": [(jnp.sin, "R")],
    "assert_quasiconcave": [(lambda x: x**3, "R")],
    "assert_nondecreasing": [(jnp.tanh, "R")],
    "assert_nonincreasing": [(lambda x: -jnp.exp(x), "R")],
    "assert_positive": [(jnp.exp, "R")],
    "assert_equal_functions": [
        (jax.nn.softplus, lambda x: jnp.log(1 + jnp.exp(x)), "R"),
        (lambda x, y: (x + y) ** 2, lambda x, y: x**2 + 2 * x * y + y**2, ("R", "R")),
    ],
    "assert_not_equal_functions": [(jnp.sin, jnp.cos, "R")],
    "assert_gradient": [(lambda v: 2 * v, lambda v: v @ v, "R^3")],
}
FAILING = {
    "assert_convex": (jnp.sin, "R"),
    "assert_not_convex": (jnp.exp, "R"),
    "assert_concave": (jnp.exp, "R"),
    "assert_not_concave": (jnp.log, "(0, inf)"),
    "assert_affine": (jnp.exp, "R"),
    "assert_not_affine": (lambda x: 3 * x, "R"),
    "assert_strictly_convex": (jnp.abs, "R"),
    "assert_quasiconvex": (jnp.sin, "R"),
    "assert_not_quasiconvex": (jnp.exp, "R"),
    "assert_quasiconcave": (jnp.cosh, "R"),
    "assert_nondecreasing": (jnp.cosh, "R"),
    "assert_nonincreasing": (jnp.exp, "R"),
    "assert_positive": (lambda x: x, "R"),
    "assert_equal_functions": (jnp.sin, lambda x: x, "R"),
    "assert_not_equal_functions": (jax.nn.softplus, lambda x: jnp.log(1 + jnp.exp(x)), "R"),
    "assert_gradient": (lambda v: v, lambda v: v @ v, "R^3"),
}
FUNCTIONS = [
    name for name in testing.__all__ if name.startswith("assert_") and name not in ("assert_network", "assert_holds")
]


def test_every_assertion_is_tried_both_ways():
    assert sorted(FUNCTIONS) == sorted(PASSING) == sorted(FAILING)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_so_passes_and_gives_the_verdict(name):
    for arguments in PASSING[name]:
        verdict = getattr(testing, name)(*arguments)
        assert verdict.kind in ("proved", "certified")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_not_so_fails_and_says_why(name):
    with pytest.raises(AssertionError) as caught:
        getattr(testing, name)(*FAILING[name])
    first, *rest = str(caught.value).splitlines()
    assert "where the test says" in first
    assert any(line.startswith(("On: ", "Because: ")) for line in rest)


def test_the_message_has_the_witness_both_sides_the_gap_and_a_script():
    with pytest.raises(AssertionError) as caught:
        testing.assert_convex(lambda v: v[0] * v[1], "R^2")
    message = str(caught.value)
    assert message.startswith("is_convex: no (certified), where the test says yes\nOn:         R^2\n")
    assert "  f(a)      = " in message
    assert "  gap       = " in message
    script = message.partition("In NumPy alone:\n")[2]
    run = subprocess.run(
        [sys.executable, "-c", inspect.cleandoc("\n" + script)], capture_output=True, text=True, check=True
    )
    assert float(run.stdout.split()[-1]) > 0
    assert "jax" not in script


def test_without_a_script_nothing_is_said_of_ledgers():
    with pytest.raises(AssertionError) as caught:
        testing.assert_convex(lambda x: -jax.lax.lgamma(x), "(0, inf)")
    assert "No short script in NumPy: the primitive lgamma." in str(caught.value)
    assert "ledger" not in str(caught.value)


def test_undecided_fails_with_what_was_tried():
    unsure = lambda p: jnp.hypot(p[0], p[1])  # noqa: E731
    for name in ("assert_convex", "assert_not_convex"):
        with pytest.raises(AssertionError) as caught:
            getattr(testing, name)(unsure, "R^2")
        assert str(caught.value).startswith("is_convex: undecided, where the test says")
        assert "float evaluations" in str(caught.value)
        assert "Undecided is neither" in str(caught.value)


def test_a_wrong_domain_is_no_failed_assertion():
    with pytest.raises(DomainError):
        testing.assert_convex(jnp.log, "R")
    with pytest.raises(DomainError, match="no domain in"):
        testing.assert_convex(jnp.exp, "the line")


def test_a_recorded_claim_sees_that_the_answer_was_looked_at():
    recorder = Recorder("c")
    with recording(recorder), recorder.example():
        testing.assert_convex(lambda x: x**4, "R")
    assert [note.verdict.question for note in recorder.kept] == ["is_convex"]
    assert recorder.kept[0].site.file == __file__


# ---------------------------------------------------------------- networks

PARAMS = {"W": np.ones((2, 2)), "b": np.zeros(2), "V": np.ones((2, 1)), "c": np.zeros(1)}


def network(activation=jnp.tanh):
    def function(p, x):
        return activation(x @ p["W"] + p["b"][None, :]) @ p["V"] + p["c"][None, :]

    return PARAMS, function


def test_a_network_in_order_passes():
    report = testing.assert_network(network(), (2, 2))
    assert report.of("holds")


def test_a_network_out_of_order_fails_with_the_table_and_the_witness():
    lame = lambda z: jnp.tanh(z + 0.01 * np.arange(2.0)[None, :])  # noqa: E731
    with pytest.raises(AssertionError) as caught:
        testing.assert_network(network(lame), (2, 2))
    message = str(caught.value)
    assert "permutation symmetry (W): fails\nOn: " in message
    assert "sign      of" in message


def test_a_claim_that_is_demanded_must_apply():
    testing.assert_network(network(jax.nn.relu), (2, 2), claims=["rescaling symmetry"])
    with pytest.raises(AssertionError, match="rescaling symmetry \\(W\\): does not apply"):
        testing.assert_network(network(jnp.tanh), (2, 2), claims=["rescaling symmetry"])


@testing.network_claims(network, inputs=(2, 2), claims=["permutation symmetry", "sign-flip symmetry"])
def test_the_decorator_asks_claim_by_claim(report):
    assert len({found.claim for found in report.findings}) == 1
    testing.assert_holds(report)


@testing.network_claims(
    network, inputs=lambda: np.ones((2, 2)), targets=lambda: np.zeros((2, 1)), claims=["permutation symmetry"],
    loss=lambda o, y: jnp.abs(o - y),
)  # fmt: skip
@pytest.mark.parametrize("more", [1, 2])
def test_the_decorator_takes_data_and_other_parameters(report, more):
    assert report.holds
    assert more


def test_the_decorator_wants_a_parameter_for_the_report():
    with pytest.raises(TypeError, match="no parameter `report`"):
        testing.network_claims(network, inputs=(2, 2))(lambda finding: finding)


def test_names_of_claims_are_those_of_the_table():
    assert testing._NETWORK_CLAIMS == NAMES
    assert testing.check_network is check_network
    with pytest.raises(AttributeError, match="no attribute 'assert_nothing'"):
        _ = testing.assert_nothing


# ---------------------------------------------------------------- a foreign project

FOREIGN = """
import sys
from netprops.testing import assert_convex, assert_not_convex, network_claims, assert_holds

def test_first_nothing_is_imported(netprops):
    assert not {"jax", "flint", "scipy"} & set(sys.modules)

def test_a_loss():
    import jax.numpy as jnp
    import jax
    assert not jax.config.jax_enable_x64
    assert_convex(lambda z: jnp.maximum(0, 1 - 0.3 * z), "R")
    assert_not_convex(lambda z: z * jnp.exp(-z), "R")
    assert not jax.config.jax_enable_x64

def test_by_the_fixture(netprops):
    netprops.assert_convex(lambda z: z ** 2, netprops.reals())

def test_that_fails(netprops):
    netprops.assert_convex(lambda v: v[0] * v[1], "R^2")

def make():
    import numpy as np, jax
    params = {"W": np.ones((2, 2), np.float32), "V": np.ones((2, 1), np.float32)}
    return params, lambda p, x: jax.nn.relu(x @ p["W"]) @ p["V"]

@network_claims(make, inputs=(2, 2))
def test_network(report):
    assert_holds(report)
"""


def test_a_foreign_project_pays_nothing_before_it_asks(pytester):
    pytester.makepyfile(test_foreign=FOREIGN)
    result = pytester.runpytest_subprocess("-q", "-rsf", "-p", "no:cacheprovider", "-p", "no:hypothesispytest")
    outcomes = result.parseoutcomes()
    assert outcomes["failed"] == 1
    assert outcomes["skipped"] >= 3
    assert outcomes["passed"] >= 8
    text = result.stdout.str()
    assert "AssertionError: is_convex: no (certified), where the test says yes" in text
    assert "In NumPy alone:" in text
    assert "it has a hidden layer" in text
