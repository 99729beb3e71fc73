"""Every question answered both ways, by the right kind of evidence, with a witness that can be kept; twice the same."""

from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netprops import (
    are_distinct_minima,
    are_equal,
    box,
    curvature,
    has_critical_point,
    has_curvature,
    has_inertia,
    is_affine,
    is_concave,
    is_constant,
    is_convex,
    is_critical,
    is_higher,
    is_nondecreasing,
    is_nonincreasing,
    is_positive,
    is_quasiconcave,
    is_quasiconvex,
    is_saddle,
    is_separable,
    is_strict_maximum,
    is_strict_minimum,
    is_strictly_convex,
    is_worse_minimum,
    no_counterexample,
    nonnegative,
    positive,
    reals,
    violates_jensen,
)
from netprops.evidence import Recorder, canonical, recording

R, R2 = reals(), reals(2)


def bowl(v):
    return jnp.sum(jnp.square(v))


def pass_height(v):
    return v[0] * v[1]


def barely_bent(x):
    return x - 2.0**-60 * jnp.abs(jnp.tanh(x) - 0.5)


def hidden_constant(x):
    return jnp.exp(jnp.sin(x) ** 2 + jnp.cos(x) ** 2)


# question -> (asked so that it is yes, its evidence), (no, its evidence), undecided or None where it cannot be reached
ANSWERS = {
    is_convex: (
        (lambda: is_convex(bowl, R2), "proved"),
        (lambda: is_convex(pass_height, R2), "certified"),
        lambda: is_convex(barely_bent, R),
    ),
    is_concave: (
        (lambda: is_concave(jnp.log, positive()), "proved"),
        (lambda: is_concave(bowl, R2), "certified"),
        lambda: is_concave(lambda x: -barely_bent(x), R),
    ),
    is_affine: (
        (lambda: is_affine(lambda x: jnp.maximum(x, 0.0) - jnp.maximum(-x, 0.0), R), "proved"),
        (lambda: is_affine(bowl, R2), "certified"),
        lambda: is_affine(barely_bent, R),
    ),
    is_constant: (
        (lambda: is_constant(lambda x: jnp.square(x) - x * x + 3, R), "proved"),
        (lambda: is_constant(bowl, R2), "certified"),
        lambda: is_constant(hidden_constant, R),
    ),
    is_strictly_convex: (
        (lambda: is_strictly_convex(bowl, R2), "proved"),
        (lambda: is_strictly_convex(lambda v: (v[0] + v[1]) ** 2, R2), "certified"),
        lambda: is_strictly_convex(barely_bent, box(-Fraction(1, 3), Fraction(1, 3))),
    ),
    is_quasiconvex: (
        (lambda: is_quasiconvex(lambda x: jnp.tanh(x**2), R), "proved"),
        (lambda: is_quasiconvex(pass_height, R2), "certified"),
        lambda: is_quasiconvex(lambda x: jnp.abs(x) + 1e-30 * jnp.sin(1e9 * x), R),
    ),
    is_quasiconcave: (
        (lambda: is_quasiconcave(pass_height, positive(2)), "proved"),
        (lambda: is_quasiconcave(bowl, R2), "certified"),
        None,
    ),
    is_nondecreasing: (
        (lambda: is_nondecreasing(jax.nn.logsumexp, R2), "proved"),
        (lambda: is_nondecreasing(jax.nn.silu, R), "certified"),
        lambda: is_nondecreasing(lambda x: jnp.where(x < 0.1, x, x - 1e-25), R),
    ),
    is_nonincreasing: (
        (lambda: is_nonincreasing(lambda x: 1 / x, positive()), "proved"),
        (lambda: is_nonincreasing(jnp.exp, R), "certified"),
        None,
    ),
    is_positive: (
        (lambda: is_positive(jax.nn.softplus, R), "proved"),
        (lambda: is_positive(jnp.sqrt, nonnegative()), "certified"),
        lambda: is_positive(lambda x: (x - 0.1) ** 2, R),
    ),
    are_equal: (
        (lambda: are_equal(jax.nn.softplus, lambda x: x + jax.nn.softplus(-x), R), "proved"),
        (lambda: are_equal(jnp.tanh, jax.nn.sigmoid, R), "certified"),
        lambda: are_equal(hidden_constant, lambda x: jnp.exp(1.0 + 0 * x), R),
    ),
    no_counterexample: (
        (lambda: no_counterexample(bowl, R2), "sampled"),
        (lambda: no_counterexample(pass_height, R2), "certified"),
        None,
    ),
    has_curvature: (
        (lambda: has_curvature(pass_height, at=[0, 0], along=[1, 1], sign=1), "certified"),
        (lambda: has_curvature(pass_height, at=[0, 0], along=[1, -1], sign=1), "certified"),
        lambda: has_curvature(jnp.abs, at=0, along=1, sign=1),
    ),
    is_higher: (
        (lambda: is_higher(bowl, at=[1, 1], than=[0, 1]), "certified"),
        (lambda: is_higher(bowl, at=[1, 0], than=[0, 1]), "certified"),
        lambda: is_higher(lambda x: jnp.sin(x) ** 2 + jnp.cos(x) ** 2, at=1, than=2),
    ),
    violates_jensen: (
        (lambda: violates_jensen(pass_height, [1, -1], [-1, 1]), "certified"),
        (lambda: violates_jensen(bowl, [1, -1], [-1, 1]), "certified"),
        lambda: violates_jensen(lambda x: jnp.sin(x) ** 2 + jnp.cos(x) ** 2, 1, 2),
    ),
    is_critical: (
        (lambda: is_critical(bowl, at=[0, 0]), "proved"),
        (lambda: is_critical(bowl, at=[0, 1e-10]), "certified"),
        lambda: is_critical(jnp.abs, at=0),
    ),
    has_inertia: (
        (lambda: has_inertia(pass_height, (1, 1, 0)), "proved"),
        (lambda: has_inertia(pass_height, (2, 0, 0)), "certified"),
        lambda: has_inertia(lambda v: v[0] ** 3, (1, 0, 0)),
    ),
    has_critical_point: (
        (lambda: has_critical_point(lambda x: (x - 0.3) ** 2, box(0, 1)), "certified"),
        (lambda: has_critical_point(jnp.exp, box(0, 1)), "certified"),
        lambda: has_critical_point(lambda x: x**4, box(-1, 1)),
    ),
    is_strict_minimum: (
        (lambda: is_strict_minimum(jnp.cosh, near=0.0), "certified"),
        (lambda: is_strict_minimum(jnp.cosh, near=1.0), "certified"),
        lambda: is_strict_minimum(lambda x: x**4, near=0.0),
    ),
    is_strict_maximum: (
        (lambda: is_strict_maximum(jnp.cos, near=0.0), "certified"),
        (lambda: is_strict_maximum(jnp.cosh, near=0.0), "certified"),
        lambda: is_strict_maximum(lambda x: -(x**4), near=0.0),
    ),
    is_saddle: (
        (lambda: is_saddle(pass_height, near=[0.0, 0.0]), "certified"),
        (lambda: is_saddle(bowl, near=[0.0, 0.0]), "certified"),
        lambda: is_saddle(lambda v: v[0] ** 3 - v[1] ** 2, near=[0.0, 0.0]),
    ),
    are_distinct_minima: (
        (lambda: are_distinct_minima(lambda x: (x**2 - 1) ** 2, near=1.0, other=-1.0), "certified"),
        (lambda: are_distinct_minima(lambda x: (x**2 - 1) ** 2, near=1.0, other=0.0), "certified"),
        lambda: are_distinct_minima(lambda x: x**4, near=0.0, other=1.0),
    ),
    is_worse_minimum: (
        (lambda: is_worse_minimum(lambda x: (x**2 - 1) ** 2 + x / 4, near=0.967, than=-1.03), "certified"),
        (lambda: is_worse_minimum(lambda x: (x**2 - 1) ** 2 + x / 4, near=-1.03, than=0.967), "certified"),
        lambda: is_worse_minimum(lambda x: (x**2 - 1) ** 2, near=1.0, than=-1.0),
    ),
    is_separable: (
        (lambda: is_separable([[0], [1]], [0, 1], "complete"), "certified"),
        (lambda: is_separable([[0], [0]], [0, 1], "complete"), "certified"),
        None,
    ),
}
IDS = [question.__name__ for question in ANSWERS]


@pytest.mark.parametrize("question", ANSWERS, ids=IDS)
def test_a_question_is_answered_yes(question):
    ask, evidence = ANSWERS[question][0]
    verdict = ask()
    assert verdict
    assert (verdict.question, verdict.evidence) == (question.__name__, evidence)


@pytest.mark.parametrize("question", ANSWERS, ids=IDS)
def test_a_question_is_answered_no(question):
    ask, evidence = ANSWERS[question][1]
    verdict = ask()
    assert not verdict
    assert (verdict.question, verdict.evidence) == (question.__name__, evidence)


@pytest.mark.parametrize("question", [q for q in ANSWERS if ANSWERS[q][2]], ids=lambda q: q.__name__)
def test_a_question_that_nothing_decides_says_what_was_tried(question):
    verdict = ANSWERS[question][2]()
    assert (verdict.answer, verdict.evidence) == ("undecided", None)
    assert verdict.because


@pytest.mark.parametrize("question", ANSWERS, ids=IDS)
def test_witnesses_can_be_written_down(question):
    for ask, _ in ANSWERS[question][:2]:
        verdict = ask()
        if verdict.witness is not None:
            assert canonical(verdict.witness)


@pytest.mark.parametrize("question", ANSWERS, ids=IDS)
def test_asked_again_under_another_claim_the_answer_is_the_same(question):
    def told(claim):
        with recording(Recorder(claim, seed=3)):
            return [ask().answer for ask, _ in ANSWERS[question][:2]]

    assert told("one") == told("other") == ["yes", "no"]


@pytest.mark.parametrize("question", ANSWERS, ids=IDS)
def test_asked_again_under_the_same_claim_everything_is_the_same(question):
    def told():
        with recording(Recorder("one", seed=3)):
            verdict = ANSWERS[question][1][0]()
            return verdict.because, verdict.evaluations, verdict.witness

    assert told() == told()


def test_the_search_is_the_same_in_a_process_that_remembers_nothing():
    from netprops.questions import asking

    def told():
        with recording(Recorder("one", seed=3)):
            verdict = is_convex(lambda v: jnp.sin(v[0]) * v[1], R2)
            return verdict.because, verdict.evaluations

    first = told()
    asking._answers.clear()
    assert told() == first


def test_every_answer_of_a_running_claim_is_an_object_of_its_own():
    with recording(Recorder("one")) as recorder:
        assert is_convex(bowl, R2) is not is_convex(bowl, R2)
        assert len(recorder.pending) == 2


# ---------------------------------------------------------------- curvature


@pytest.mark.parametrize(
    ("function", "on", "name"),
    [
        (lambda x: 2 * x + 1, R, "affine"),
        (jnp.exp, R, "convex"),
        (jnp.log, positive(), "concave"),
        (jnp.tanh, R, "neither"),
        (jnp.tanh, nonnegative(), "concave"),
        (barely_bent, R, "undecided"),
    ],
)
def test_curvature_has_a_name(function, on, name):
    found = curvature(function, on)
    assert found.name == name
    assert name in str(found)


# ---------------------------------------------------------------- domains and outputs of every form


def test_every_entry_of_an_output_is_meant_and_a_no_names_the_one():
    assert is_convex(lambda v: jnp.square(v), R2)
    verdict = is_convex(lambda v: jnp.stack([v[0] ** 2, v[0] * v[1], v[1]]), R2)
    assert not verdict
    assert "in entry [1]" in verdict.because
    assert verdict.witness["entry"] == 1


def test_an_entry_of_a_matrix_or_of_a_pytree_is_named_as_well():
    assert "entry [1, 0]" in is_convex(lambda x: jnp.array([[x, x], [-(x**2), x]]), R).because
    assert "output 1, entry []" in is_convex(lambda x: {"a": jnp.stack([x, x]), "b": -(x**2)}, R).because


def test_domains_are_pytrees():
    on = {"W": reals((2, 2)), "b": box([0, 0], [1, 1])}
    assert is_convex(lambda p: jnp.sum(jnp.square(p["W"] @ jnp.ones(2) + p["b"])), on)
    verdict = is_convex(lambda p: jnp.sum(p["W"] @ p["b"]), on)
    assert not verdict
    assert all(0 <= Fraction(float.fromhex(x)) <= 1 for x in verdict.witness["points"]["a"][4:])


def test_what_holds_for_all_values_is_symbolic():
    assert is_convex(lambda w, d: jnp.sum((d["X"] @ w - d["y"]) ** 2), R2, for_all={"X": reals((5, 2)), "y": reals(5)})
    verdict = is_convex(lambda x, q: q * x**2, R, for_all=box(-1, 1))
    assert not verdict
    points = verdict.witness["points"]
    assert points["a"][1] == points["b"][1] == points["m"][1]
    assert float.fromhex(points["a"][1]) < 0


def test_a_tuple_is_several_arguments_of_an_equality():
    assert are_equal(lambda x, y: x * y, lambda x, y: y * x, (R, R))
    assert not are_equal(lambda x, y: x - y, lambda x, y: y - x, (R, R))
    assert no_counterexample(lambda x, y: (x - y) ** 2, (R, R))


def test_points_are_integers_fractions_doubles_and_pytrees_of_them():
    assert is_higher(
        lambda p: p["w"] * p["b"], at={"w": Fraction(1, 3), "b": 3}, than={"w": 0.5, "b": Fraction(199, 100)}
    )
    assert not is_higher(lambda p: p["w"] * p["b"], at={"w": Fraction(1, 4), "b": 4}, than={"w": 1, "b": 1})
    assert not is_higher(lambda x: 10 * x, at=Fraction(1, 10), than=0.1)  # the double is a little more than a tenth


@pytest.mark.parametrize("sign", [1, -1, 0])
def test_a_curvature_has_exactly_one_sign(sign):
    signs = [has_curvature(pass_height, [0, 0], [1, -1], s).answer for s in (1, -1, 0)]
    assert signs == ["no", "yes", "no"]
    assert has_curvature(pass_height, [0, 0], [1, 0], sign).answer == ("yes" if sign == 0 else "no")


def test_inertia_counts_the_coordinates_that_do_not_occur():
    assert has_inertia(lambda v: v[0] * v[1], (1, 1, 3))
    assert has_inertia(lambda v: 2 * v[0] + 1, (0, 0, 4))


def test_far_from_any_critical_point_there_is_no_minimum_but_no_haste_to_say_so():
    def steep(x):
        return jnp.log(jnp.cosh(1e6 * (x - 1)))

    assert is_strict_minimum(steep, near=1.0)
    assert is_strict_minimum(steep, near=1.0005).answer != "no"  # there is one within a thousandth


def test_a_box_whose_end_is_critical_comes_to_an_end():
    assert has_critical_point(lambda x: x**2, box(0, 1)).answer != "no"


def test_one_minimum_and_several_are_told_apart():
    assert has_critical_point(jnp.cos, box(3, 4))
    assert not has_critical_point(jnp.cos, box(1, 9))


# ---------------------------------------------------------------- witnesses are for the blackboard

DATA_X, DATA_Y = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), np.array([1.0, 0.0, 1.0])


def linear_chain(p):
    return jnp.mean((p["W2"] @ p["W1"] @ jnp.asarray([[1.0, 2.0]]) - jnp.asarray([[1.0, 2.0]])) ** 2)


def linear_network(p, X, y):
    return jnp.mean((p["W2"] @ (p["W1"] @ X.T) - y) ** 2)


FEW_DIGITS = {
    "xy": lambda: is_convex(pass_height, R2),
    "(w1 w2 - 1)^2": lambda: is_convex(lambda w: (w[0] * w[1] - 1) ** 2, R2),
    "a linear network of one hidden unit": lambda: is_convex(linear_chain, {"W1": reals((1, 1)), "W2": reals((1, 1))}),
    "a linear network 2-2-1 on data": lambda: is_convex(
        lambda p: linear_network(p, jnp.asarray(DATA_X), jnp.asarray(DATA_Y)[None]),
        {"W1": reals((2, 2)), "W2": reals((1, 2))},
    ),
    "a linear network 2-2-1 on any data": lambda: is_convex(
        lambda p, d: linear_network(p, *d),
        {"W1": reals((2, 2)), "W2": reals((1, 2))},
        for_all=(reals((3, 2)), reals((1, 3))),
    ),
    "squared error of a logistic unit": lambda: is_convex(lambda w: (jax.nn.sigmoid(w) - 1) ** 2, R),
    "squared error of a logistic unit on any row": lambda: is_convex(
        lambda w, d: (jax.nn.sigmoid(w @ d[0]) - d[1]) ** 2, R2, for_all=(R2, box(0, 1))
    ),
}


def significant_digits(text):
    x = Fraction(text) if "/" in text else Fraction(float.fromhex(text))
    return len(f"{float(x):.15g}".replace("-", "").replace(".", "").strip("0").split("e")[0])


@pytest.mark.parametrize("function", FEW_DIGITS)
def test_a_witness_has_few_digits_and_mostly_small_integers(function):
    verdict = FEW_DIGITS[function]()
    assert not verdict
    points = verdict.witness["points"]
    coordinates = [x for end in ("a", "b") for x in points[end]]
    assert all(significant_digits(x) <= 2 for x in coordinates)
    small = [x for x in coordinates if "/" not in x and float.fromhex(x) in range(-4, 5)]
    assert len(small) >= 0.8 * len(coordinates)


def test_one_against_minus_one_is_the_witness_of_a_linear_network():
    verdict = FEW_DIGITS["a linear network of one hidden unit"]()
    ends = {tuple(map(float.fromhex, verdict.witness["points"][end])) for end in ("a", "b")}
    assert ends == {(1.0, 1.0), (-1.0, -1.0)}


def test_a_function_that_is_nowhere_positive_where_balls_cannot_tell():
    third = Fraction(1, 3)
    verdict = is_positive(lambda x: 3 * x - 1, box(third, third))
    assert (verdict.answer, verdict.evidence) == ("no", "proved")
    assert is_positive(lambda x: 3 * x - 1, box(third, 1)).answer != "yes"
