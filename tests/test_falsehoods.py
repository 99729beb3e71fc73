"""A file of falsehoods, wrong on purpose, each refused: certified wrong, or at the least never called true."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netprops import (
    DomainError,
    are_equal,
    box,
    is_affine,
    is_concave,
    is_constant,
    is_convex,
    is_critical,
    is_nondecreasing,
    is_positive,
    is_quasiconvex,
    is_separable,
    is_strict_minimum,
    is_strictly_convex,
    nonnegative,
    positive,
    reals,
)
from netprops.evidence import MOST_UNDECIDED
from netprops.questions import asking
from netprops.report import run

# ---------------------------------------------------------------- functions


def huber(slope):
    return lambda x: jnp.where(jnp.abs(x) <= 1, 0.5 * x * x, slope * (jnp.abs(x) - 0.5))


def dented(width):
    """x^2 with a dent of this width and half its depth at 0.3."""
    return lambda x: x**2 - jnp.maximum(0.0, width / 2 - jnp.abs(x - 0.3))


def bent_by_an_ulp(x):
    return jnp.where(x < 0, x, (1 - 2.0**-53) * x)


def network(w, x):
    return w["V"] @ jnp.tanh(w["W"] @ x)


NETWORK = {"V": reals((1, 3)), "W": reals((3, 2))}


def permuted(order, off=0.0):
    def moved(w, x):
        V = w["V"][:, order]
        return network({"V": V.at[0, 0].multiply(1 + off), "W": w["W"][order]}, x)

    return moved


ROW = np.array([1e16, 1.0, 1.0, 1.0, 1.0])

# Each is false, and is certified so.
REFUTED = {
    "1e-11 xy is convex": lambda: is_convex(lambda v: 1e-11 * v[0] * v[1], reals(2)),
    "1e-11 xy is concave": lambda: is_concave(lambda v: 1e-11 * v[0] * v[1], reals(2)),
    "1e-11 xy is affine": lambda: is_affine(lambda v: 1e-11 * v[0] * v[1], reals(2)),
    "x^2 - 1e-10 y^2 is convex": lambda: is_convex(lambda v: v[0] ** 2 - 1e-10 * v[1] ** 2, reals(2)),
    "x^2 + y^2 - (2 + 1e-11) xy is convex": lambda: is_convex(
        lambda v: v[0] ** 2 + v[1] ** 2 - (2 + 1e-11) * v[0] * v[1], reals(2)
    ),
    "a product with factors 1e-150 is convex": lambda: is_convex(lambda w: (1e-150 * w[0]) * (1e-150 * w[1]), reals(2)),
    "a product fitted to data of 1e150 is convex": lambda: is_convex(
        lambda w: (1e150 * w[0] * w[1] - 1e150) ** 2, reals(2)
    ),
    "x - 1e-7 x^2 is convex": lambda: is_convex(lambda x: x - 1e-7 * x**2, box(0, 1)),
    "x^4 - 1e-9 x^2 is convex": lambda: is_convex(lambda x: x**4 - 1e-9 * x**2, reals()),
    "x^3 is convex on the line": lambda: is_convex(lambda x: x**3, reals()),
    "relu6 is convex": lambda: is_convex(jax.nn.relu6, reals()),
    "hard tanh is convex": lambda: is_convex(jax.nn.hard_tanh, reals()),
    "selu is convex": lambda: is_convex(jax.nn.selu, reals()),
    "elu with alpha 2 is convex": lambda: is_convex(lambda x: jax.nn.elu(x, 2.0), reals()),
    "gelu is convex": lambda: is_convex(jax.nn.gelu, reals()),
    "exact gelu is convex": lambda: is_convex(lambda x: jax.nn.gelu(x, approximate=False), reals()),
    "mish is convex": lambda: is_convex(jax.nn.mish, reals()),
    "silu is convex": lambda: is_convex(jax.nn.silu, reals()),
    "the logistic function is convex": lambda: is_convex(jax.nn.sigmoid, reals()),
    "tanh^2 is convex": lambda: is_convex(lambda x: jnp.tanh(x) ** 2, reals()),
    "a step is convex": lambda: is_convex(lambda x: jnp.where(x < 0, 1.0, 0.0), box(-1, 1)),
    "a step is quasi-convex and its mirror too": lambda: is_quasiconvex(lambda x: jnp.sign(x) ** 2 * -1.0, reals()),
    "Huber's loss with slope 0.9 is convex": lambda: is_convex(huber(0.9), reals()),
    "the lower of two parabolas is convex": lambda: is_convex(lambda x: jnp.minimum(x**2, (x - 1) ** 2), reals()),
    "log-sum-exp minus the maximum is convex": lambda: is_convex(lambda v: jax.nn.logsumexp(v) - jnp.max(v), reals(3)),
    "cross-entropy with a wrong sign is convex": lambda: is_convex(lambda v: v[0] - jax.nn.logsumexp(v), reals(3)),
    "sin is concave a little below 0": lambda: is_concave(jnp.sin, box(-1e-3, 3.14)),
    "sin is quasi-convex": lambda: is_quasiconvex(jnp.sin, reals()),
    "xy is quasi-convex everywhere": lambda: is_quasiconvex(lambda v: v[0] * v[1], reals(2)),
    "x^2/(1 + x^2) + 0.9/(1 + x^2)^2 is quasi-convex": lambda: is_quasiconvex(
        lambda x: x**2 / (1 + x**2) + 0.9 / (1 + x**2) ** 2, reals()
    ),
    "max(x, 0) - max(x, 1) is affine": lambda: is_affine(lambda x: jnp.maximum(x, 0.0) - jnp.maximum(x, 1.0), reals()),
    "a step is constant": lambda: is_constant(lambda x: jnp.where(x < 0, 1.0, 0.0), box(-1, 1)),
    "1e-200 x is constant": lambda: is_constant(lambda x: 1e-200 * x, reals()),
    "exp(-x) is non-decreasing": lambda: is_nondecreasing(lambda x: jnp.exp(-x), reals()),
    "x - 1e-12 y is non-decreasing": lambda: is_nondecreasing(lambda v: v[0] - 1e-12 * v[1], reals(2)),
    "x - floor(x) is non-decreasing": lambda: is_nondecreasing(lambda x: x - jnp.floor(x), reals()),
    "x^2 is positive": lambda: is_positive(lambda x: x**2, reals()),
    "sqrt(x) is positive where x >= 0": lambda: is_positive(jnp.sqrt, nonnegative()),
    "|x| is strictly convex": lambda: is_strictly_convex(jnp.abs, reals()),
    "x^2 + 1e-300 y^2 + 0 z is strictly convex": lambda: is_strictly_convex(
        lambda v: v[0] ** 2 + 1e-300 * v[1] ** 2 + 0 * v[2], reals(3)
    ),
    "(x + y)^2 is strictly convex": lambda: is_strictly_convex(lambda v: (v[0] + v[1]) ** 2, reals(2)),
    "log-sum-exp is strictly convex": lambda: is_strictly_convex(lambda v: jax.nn.logsumexp(v), reals(2)),
    "a function is its own by an addition of 1e-17": lambda: are_equal(lambda x: x + 1e-17, lambda x: x, reals()),
    "sqrt(x^2) is x": lambda: are_equal(lambda x: jnp.sqrt(x**2), lambda x: x, reals()),
    "softplus(-x) is softplus(x) + x": lambda: are_equal(
        lambda x: jax.nn.softplus(-x), lambda x: jax.nn.softplus(x) + x, reals()
    ),
    "sin(pi x) vanishes, for pi in doubles": lambda: are_equal(
        lambda x: jnp.sin(np.pi * x), lambda x: 0 * x, box(1, 2)
    ),
    "half a permutation is a symmetry": lambda: are_equal(
        network, lambda w, x: network({"V": w["V"][:, np.array([1, 0, 2])], "W": w["W"]}, x), on=(NETWORK, reals(2))
    ),
    "a permutation but for one ulp of one weight is a symmetry": lambda: are_equal(
        network, permuted(np.array([2, 0, 1]), off=2.0**-52), on=(NETWORK, reals(2))
    ),
    "0.1 + 0.2 is 0.3": lambda: are_equal(lambda x: 0.1 * x + 0.2 * x, lambda x: 0.3 * x, reals()),
    "a maximum is a strict minimum": lambda: is_strict_minimum(lambda x: x**4 - x**2, near=0.0),
    "a saddle is a strict minimum": lambda: is_strict_minimum(lambda v: v[0] ** 2 - 1e-6 * v[1] ** 2, near=[0.0, 0.0]),
    "a slope is a strict minimum": lambda: is_strict_minimum(lambda x: jnp.exp(x) + x, near=0.0),
    "a gradient of 1e-10 is none": lambda: is_critical(lambda x: x**2 + 1e-10 * x, at=0),
    "a point 1e-10 from a minimum is critical": lambda: is_critical(lambda x: (x - 1) ** 2, at=1 + 1e-10),
    "rows that touch are completely separable": lambda: is_separable([[0], [0], [1]], [0, 1, 1], "complete"),
    "rows that touch overlap": lambda: is_separable([[0], [0], [1]], [0, 1, 1], "overlap"),
}

# Each is false, by so little that no search in floats need see it: never yes.
NEVER_TRUE = {
    "a line bent down by an ulp is convex": lambda: is_convex(bent_by_an_ulp, reals()),
    "Huber's loss with an ulp less slope is convex": lambda: is_convex(huber(1 - 2.0**-52), reals()),
    "x^2 with a dent of width 1e-6 is convex": lambda: is_convex(dented(1e-6), box(0, 1)),
    "x^2 with a smooth dent of width 1e-6 is convex": lambda: is_convex(
        lambda x: x**2 - 1e-6 * jnp.exp(-((1e6 * (x - 0.3)) ** 2)), box(0, 1)
    ),
    "(x - 0.1)^2 is positive": lambda: is_positive(lambda x: (x - 0.1) ** 2, reals()),
    "exp(x) - 1e-300 is positive": lambda: is_positive(lambda x: jnp.exp(x) - 1e-300, reals()),
    "a valley of minima is a strict minimum": lambda: is_strict_minimum(
        lambda v: (v[0] * v[1] - 1) ** 2, near=[1.0, 1.0]
    ),
    "a degenerate minimum is a non-degenerate one": lambda: is_strict_minimum(lambda x: x**4, near=0.0),
    "a kink is critical": lambda: is_critical(jnp.abs, at=0),
    "x^1.5 is critical at 0, the end of its domain": lambda: is_critical(lambda x: x**1.5, at=0),
    "two ways to round a half are one": lambda: are_equal(
        lambda x: jax.lax.round(x, jax.lax.RoundingMethod.AWAY_FROM_ZERO),
        lambda x: jax.lax.round(x, jax.lax.RoundingMethod.TO_NEAREST_EVEN),
        reals(),
    ),
    "log(1/s + s^2) is log(2/s)": lambda: are_equal(
        lambda x: jnp.log(1 / (1 + x**2) + (1 + x**2) ** 2), lambda x: jnp.log(2.0) - jnp.log(1 + x**2), reals()
    ),
}


@pytest.mark.parametrize("falsehood", REFUTED)
def test_a_falsehood_is_certified_to_be_one(falsehood):
    verdict = REFUTED[falsehood]()
    assert (verdict.answer, verdict.evidence) == ("no", "certified")


@pytest.mark.parametrize("falsehood", NEVER_TRUE)
def test_a_falsehood_is_never_called_true(falsehood):
    assert NEVER_TRUE[falsehood]().answer != "yes"


def test_a_point_where_the_function_is_no_number_is_not_critical():
    with pytest.raises(DomainError, match="not a real number at 0"):
        is_critical(lambda x: x * x * x / x, at=0)


# ---------------------------------------------------------------- their neighbours are true

TRUE = {
    "1e-11 xy is convex in x": lambda: is_convex(lambda x, y: 1e-11 * x * y, reals(), for_all=reals()),
    "x^2 + y^2 - 2 xy is convex": lambda: is_convex(lambda v: v[0] ** 2 + v[1] ** 2 - 2 * v[0] * v[1], reals(2)),
    "a line bent up by an ulp is convex": lambda: is_convex(
        lambda x: jnp.where(x < 0, x, (1 + 2.0**-52) * x), reals()
    ),
    "Huber's loss is convex": lambda: is_convex(huber(1.0), reals()),
    "x^3 is convex where x >= 0": lambda: is_convex(lambda x: x**3, nonnegative()),
    "sin is concave between 0 and 3": lambda: is_concave(jnp.sin, box(0, 3)),
    "max(x, 0) - max(-x, 0) is affine": lambda: is_affine(
        lambda x: jnp.maximum(x, 0.0) - jnp.maximum(-x, 0.0), reals()
    ),
    "elu with alpha 1 is convex": lambda: is_convex(lambda x: jax.nn.elu(x, 1.0), reals()),
    "x^2 + 1e-300 y^2 is strictly convex": lambda: is_strictly_convex(
        lambda v: v[0] ** 2 + 1e-300 * v[1] ** 2, reals(2)
    ),
    "sqrt(x^2) is x where x > 0": lambda: are_equal(lambda x: jnp.sqrt(x**2), lambda x: x, positive()),
    "xy is quasi-concave where both are positive": lambda: is_quasiconvex(lambda v: -v[0] * v[1], positive(2)),
    "a permutation is a symmetry": lambda: are_equal(
        network, permuted(np.array([2, 0, 1])), on=(NETWORK, reals(2))
    ),
    "a sum is its reverse, though in floats it differs": lambda: are_equal(
        lambda w: w * jnp.sum(jnp.asarray(ROW)), lambda w: w * jnp.sum(jnp.asarray(ROW[::-1])), reals()
    ),
    "rows that touch are quasi-separable": lambda: is_separable([[0], [0], [1]], [0, 1, 1], "quasi"),
    "the bottom of x^2 is critical": lambda: is_critical(lambda x: x**2, at=0),
}  # fmt: skip


@pytest.mark.parametrize("truth", TRUE)
def test_the_truth_beside_a_falsehood_is_told(truth):
    assert TRUE[truth]()


def test_the_sums_of_that_row_do_differ_in_floats():
    assert np.cumsum(ROW)[-1] != np.cumsum(ROW[::-1])[-1]  # one by one: Python's own sum compensates since 3.12


# ---------------------------------------------------------------- a suite that lies

SUITE = """
import jax.numpy as jnp
import pytest
from hypothesis import given, strategies as st
from netprops import is_convex, reals
from netprops.claims import HOLDS, claim

CLAIM = claim("lie", source=("D1.A6",), verdict=HOLDS)

def parabola():
    return is_convex(lambda x: x**2, reals())

def cubic():
    return is_convex(lambda x: x**3, reals())

def unclear():
    return is_convex(lambda x: jnp.where(x < 0, x, (1 - 2.0**-53) * x), reals())

@CLAIM
def test_the_truth():
    assert parabola()
    assert not cubic()
"""

ROW_OF_THE_CATALOGUE = """
[[claim]]
id = "lie"
topic = "lies"
says = "A parabola is convex."
source = ["D1.A6"]
verdict = "holds"
evidence = ["proved", "certified"]
control = "The other answer."
"""


@dataclass(frozen=True)
class Lies:
    """A project of one claim, to which tests are added."""

    pytester: pytest.Pytester

    def told(self, test, *arguments, truth=True):
        """The run of the claim with one more test, and whether its claim was shown."""
        suite = SUITE if truth else SUITE.split("@CLAIM")[0]
        path = self.pytester.path / "specs" / "lies" / "test_lie.py"
        path.parent.mkdir(parents=True)
        path.write_text(f"{suite}\n{test}")
        (self.pytester.path / "specs" / "claims.toml").write_text(ROW_OF_THE_CATALOGUE)
        result = self.pytester.runpytest_inprocess(*(arguments or ("specs",)))
        return result, "1 of 1 claim shown" in result.stdout.str()


@pytest.fixture
def lies(pytester):
    run.import_all()
    pytester.makeini("[pytest]\nfilterwarnings = error\n")
    pytester.makeconftest("import jax\njax.config.update('jax_enable_x64', True)\n")
    return Lies(pytester)


def test_the_truth_alone_is_shown(lies):
    result, shown = lies.told("")
    assert shown
    assert result.ret == 0


@pytest.mark.parametrize(
    "lie",
    [
        "@CLAIM\ndef test_a_claim_that_asks_nothing():\n    assert 1 + 1 == 2\n",
        "@CLAIM\ndef test_a_verdict_nobody_asserts():\n    assert parabola()\n    cubic()\n",
        "@CLAIM\n@given(st.nothing())\ndef test_an_empty_domain(n):\n    assert parabola()\n    assert not cubic()\n",
        "@CLAIM\ndef test_an_undecided_answer_taken_for_true():\n    assert unclear()\n",
        "@CLAIM\ndef test_an_undecided_answer_compared():\n    assert unclear() == True\n",
    ],
)
def test_a_lie_beside_the_truth_fails_the_claim(lies, lie):
    result, shown = lies.told(lie)
    assert not shown
    assert result.ret == 1


def test_a_control_that_agrees_shows_nothing(lies):
    result, shown = lies.told(
        "@CLAIM\ndef test_one_way():\n    assert parabola()\n    assert parabola()\n", truth=False
    )
    assert not shown
    assert result.ret == 1


def test_a_claim_with_a_deselected_test_is_not_shown(lies):
    more = "@CLAIM\ndef test_more():\n    assert parabola()\n"
    _, shown = lies.told(more, "specs", "-k", "test_the_truth")
    assert not shown


def test_an_undecided_draw_is_made_smaller_by_a_few_searches_only(lies):
    before = set(asking._answers)
    result, shown = lies.told(
        "@CLAIM\n@given(st.integers(0, 10**9))\ndef test_unclear(n):\n"
        "    assert is_convex(lambda v: jnp.sum(jnp.abs(v) ** 3) ** (1 / 3.0) + n * v[0], reals(3))\n"
    )
    assert not shown
    searched = [verdict for key, verdict in asking._answers.items() if key not in before]
    assert 1 <= sum(verdict.answer == "undecided" for verdict in searched) <= MOST_UNDECIDED
    result.stdout.fnmatch_lines(["*UndecidedError: is_convex is undecided*"])
    result.stdout.no_fnmatch_line("*Flaky*")
