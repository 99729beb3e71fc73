"""Every rule of the checker: an accepted certificate that uses it, and a forged one that it refuses by name.

The forged certificate keeps all steps and says them of a function that just misses the rule's hypothesis, with
fingerprints and checksum that fit.  A rule without a hypothesis of its own hands the miss on to a step below.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from forgeries import about, proved, put, refusal, sealed, through_json
from test_composition_rule import HOLD, bowl, lse, of, tent
from test_curvature import CONCAVE, CONVEX, NEARLY_FLAT, NEARLY_SADDLE, RISING, STRICT, quadratic
from test_quasiconvexity import RULES as QUASI
from test_rule_families import RULES as FAMILIES

from netprops import (
    are_equal,
    box,
    is_affine,
    is_concave,
    is_constant,
    is_convex,
    is_nondecreasing,
    is_positive,
    is_quasiconvex,
    is_strictly_convex,
    nonnegative,
    positive,
    reals,
    recheck,
)
from netprops.certificates.derivation import PROGRAM_RULES
from netprops.certificates.records import certificate
from netprops.certificates.rules import RULES
from netprops.questions.asking import traced
from netprops.questions.composition import bent_by_composition

R, R2, P, P2 = reals(), reals(2), positive(), positive(2)


@dataclass(frozen=True)
class Case:
    """A question whose proof uses the rule, a near miss, and the rule at which it is refused, if it is another.

    Functions come with their domains. `steps` are a proof by hand, for what no proof that is found is made of.
    """

    question: object
    holds: tuple
    misses: tuple
    at: str | None = None
    steps: tuple | None = None


def normal(*steps):
    """A proof of one entry by these steps, the last of which is about it."""
    return (*steps, ("normal form", [len(steps) - 1], {"level": 0, "settled": False}))


def both(row):
    """Of rows of other tables."""
    return row[-2:]


def of_family(name):
    """The function that a family is for, and a miss of the rule's own hypothesis: by default its first near miss."""
    holds, misses = FAMILIES[name]
    return Case(is_convex, holds, BESIDE_FAMILIES.get(name, misses[0]))


BESIDE_FAMILIES = {
    # a negative factor of a logarithm
    "entropies": (lambda v: (v[0] + v[1]) * jnp.log(jnp.abs(v[0] + v[1]) + 1), box(-4, 4, shape=2)),
    # arguments that are not affine
    "Dirichlet normaliser": (
        lambda v: jax.lax.lgamma(1 + v[0] ** 2) + jax.lax.lgamma(1 + v[1] ** 2) - jax.lax.lgamma(2 + v @ v),
        R2,
    ),
    # a matrix that is not definite everywhere
    "matrix fraction": (
        lambda v: (v[2] * v[3] ** 2 - 2 * v[1] * v[3] * v[4] + v[0] * v[4] ** 2) / (1 + (v[0] * v[2] - v[1] ** 2) ** 2),
        box([1, -1, 1, -3, -3], [5, 2, 5, 3, 3]),
    ),
    # entries that are not affine
    "Ky Fan": (lambda v: jnp.linalg.norm((v**3).reshape(2, 3), "nuc"), reals(6)),
    # a convex function that falls first
    "function of one expression": (lambda v: (jnp.linalg.norm(v) - 1) ** 2, R2),
}


CASES = {
    # sums
    "affine": Case(is_convex, *both(CONVEX["affine"])),
    "both ways": Case(
        is_affine,
        (lambda x: jnp.arctan(x) + jnp.arctan(1 / x), P),
        (lambda x: jnp.arctan(x) + jnp.arctan(2 / x), P),
        at="one form",
    ),
    "terms": Case(
        is_convex,
        (lambda v, q: q * jnp.exp(v[0]) + jnp.exp(v[1]), R2, P),
        (lambda v, q: q * jnp.exp(v[0]) + jnp.exp(v[1]), R2, R),
    ),
    "squares": Case(is_convex, *both(CONVEX["nonnegative parameters"])),
    "quadratic form": Case(is_convex, (quadratic(NEARLY_FLAT), R2), (quadratic(NEARLY_SADDLE), R2)),
    "sum": Case(
        is_convex,
        (lambda v: jnp.exp(v[0]) + v[1], R2),
        (lambda v: jnp.exp(v[0]) + v[1] ** 3, R2),
        steps=normal(("affine", []), ("exp", [0]), ("terms", [1]), ("sum", [2], {"summands": [[0]]})),
    ),
    "outweighed": Case(is_convex, *both(CONVEX["outweighed"])),
    # powers
    "power": Case(is_convex, *both(CONVEX["power of a convex nonnegative function"])),
    "even power of affine": Case(is_convex, *both(CONVEX["even power"])),
    "power of a Euclidean norm": Case(is_convex, *both(CONVEX["norm"])),
    "power of a hyperbolic form": Case(is_convex, *both(CONVEX["reciprocal of a hyperbolic form"])),
    "norm": Case(
        is_convex,
        (lambda v: (v[0] ** 4 + v[1] ** 4) ** 0.25, R2),
        (lambda v: (20 + v[0] ** 4 - v[1] ** 4) ** 0.25, box(-1, 1, shape=2)),
    ),
    "modulus of affine": Case(is_convex, *both(CONVEX["norm of higher degree"])),
    "convex operand": Case(
        is_convex,
        (lambda v: jnp.sqrt(1 + v[0] ** 4 + jnp.abs(v[1]) ** 2.5), R2),
        (lambda v: jnp.sqrt(1 + v[0] ** 4 + jnp.abs(v[1]) ** 1.5), R2),
    ),
    "power mean": Case(is_concave, *both(CONCAVE["power mean"])),
    "product of negative powers": Case(is_convex, *both(CONVEX["reciprocal of a product"])),
    "power over powers": Case(
        is_convex,
        (lambda p: p[0] ** 2 / p[1], (R, P)),
        (lambda p: p[0] ** 2 / p[1] ** 2, (R, P)),
    ),
    "geometric mean": Case(is_concave, *both(CONCAVE["geometric mean of unequal weights"])),
    "log-convex product": Case(
        is_convex,
        (lambda p: jnp.exp(p[0]) / p[1], (R, P)),
        (lambda p: jnp.exp(p[0]) / p[1], (R, box(-2, -1))),
    ),
    # functions
    "unfolded": Case(
        is_convex,
        (lambda v, q: q * jnp.sum(jnp.exp(v)), reals(5), P),
        (lambda v, q: q * jnp.abs(v[0]), reals(5), P),
    ),
    "exp": Case(is_convex, (lambda x: jnp.exp(x**2), R), (lambda x: -jnp.exp(x**2), R)),
    "maximum": Case(
        is_convex,
        (lambda v: jax.nn.relu(jnp.exp(v[0]) + v[1]), R2),
        (lambda v: -jax.nn.relu(jnp.exp(v[0]) + v[1]), R2),
    ),
    "choice by data": Case(
        is_convex,
        (lambda x, q: jnp.where(q > 1, jnp.exp(x), x**2), R, R),
        (lambda x, q: jnp.where(x > 1, jnp.exp(x), x**2), R, R),
    ),
    "log": Case(
        is_concave,
        (lambda x: jnp.log(1 - x**2), box(-0.5, 0.5)),
        (lambda x: -jnp.log(1 - x**2), box(-0.5, 0.5)),
    ),
    "log-sum-exp": Case(
        is_convex,
        (lambda v: jnp.log(jnp.cosh(v[0] - v[1]) + 0.5), R2),
        (lambda v: jnp.log(jnp.cosh(v[0] - v[1]) - 0.5), R2),
    ),
    "log-convex function": Case(
        is_convex,
        (lambda v: jnp.log(jnp.cosh(v[0] - v[1]) + 2), R2),
        (lambda v: jnp.log(jax.lax.erf(v[1] - v[0]) + 2), R2),
    ),
    "logarithm": Case(
        is_convex,
        (lambda v: jnp.log(1 / (v[0] * v[1]) + 3), P2),
        (lambda v: jnp.log(v[0] * v[1] + 3), box(-1, 1, shape=2)),
    ),
    "log of a hyperbolic form": Case(is_concave, *both(CONCAVE["log of a determinant"])),
    "log of a normal tail": Case(is_concave, *both(CONCAVE["complementary error function"])),
    "function of affine": Case(is_convex, *both(CONVEX["composition"])),
    "composition": Case(is_convex, *both(CONVEX["composition by monotonicity"])),
    # whole sums
    "quotient of degree two": Case(is_convex, *both(CONVEX["a form over an affine one"])),
    "relative entropies": Case(is_convex, *both(CONVEX["relative entropy"])),
    "perspective": Case(
        is_convex,
        (lambda p: p[1] * jnp.exp(p[0] / p[1]), (R, P)),
        (lambda p: p[1] * jnp.exp(p[0] / p[1] ** 2), (R, box(1, 2))),
    ),
    "products of waves as sums": Case(is_convex, *both(CONVEX["products of waves"]), at="outweighed"),
    "common shift": Case(
        is_convex,
        (lambda v: jnp.maximum(v[0] ** 2 - v[1] ** 2, 0.0) + v[1] ** 2, R2),
        (lambda v: v[1] ** 2 - jnp.maximum(v[0] ** 2 - v[1] ** 2, 0.0), R2),
    ),
    "sum of squares": Case(is_convex, *both(CONVEX["Hessian a sum of squares"])),
    "one form": Case(is_convex, *both(CONVEX["function of one affine form"])),
    # families
    **{name: of_family(name) for name in FAMILIES if name != "one form"},
    # order
    "strict along forms": Case(is_strictly_convex, *STRICT["squares"]),
    "constant": Case(is_constant, (lambda v: v[0] - v[0] + 2, R2), (lambda v: 1e-9 * v[0] + 2, R2)),
    "positive range": Case(is_positive, (jnp.exp, R), (lambda x: jnp.exp(x) - 1e-300, R)),
    "rising in each variable": Case(is_nondecreasing, RISING["sums"][0], (lambda v: v[0], R2)),
    "rising terms": Case(is_nondecreasing, *RISING["products of nonnegative factors"]),
    "rising operands": Case(
        is_nondecreasing,
        (jax.nn.relu, R),
        (lambda x: x, R),
        steps=normal(
            ("rising terms", []),
            ("rising terms", []),
            ("rising operands", [0, 1], {"term": 0}),
            ("rising in each variable", [2]),
        ),
    ),
    "derivative": Case(is_nondecreasing, *RISING["derivative by ranges"]),
    # quasi-convex
    "quasi-convex as convex": Case(is_quasiconvex, *QUASI["convex"], at="maximum"),
    "monotone outer function": Case(is_quasiconvex, *QUASI["increasing of convex"]),
    "quasi-convex quotient": Case(
        is_quasiconvex,
        (lambda v: v[0] / v[1], box([-3, 1], [3, 2])),
        (lambda v: v[0] / v[1], box([-3, -2], [3, -1])),
    ),
    "sum of logarithms": Case(
        is_quasiconvex,
        (lambda v: -v[0] * v[1], P2),
        (lambda v: -v[0] * v[1], nonnegative(2)),
    ),
    "clipped": Case(is_quasiconvex, *QUASI["a clipped ramp"]),
    "divided": Case(is_quasiconvex, *QUASI["a fraction of one denominator"]),
}


FORMS = np.array([[1.0, 2.0], [-3.0, 1.0], [2.0, 2.0]])
PROGRAMS = {
    "normal form": Case(is_convex, (lambda x: x * jnp.log(x), P), (lambda x: x * jnp.log(x), R)),
    "pulled back": Case(
        is_convex,
        (lambda x: jnp.sum(jnp.exp(FORMS @ x)), R2),
        (lambda x: jnp.sum(jnp.exp(FORMS @ (x * jnp.abs(x)))), R2),
        steps=(*normal(("affine", []), ("exp", [0]), ("terms", [1, 1, 1])), ("pulled back", [3])),
    ),
    "cut": None,  # below, with the rule for its outer part
    "bent and moving": None,
    "definite Hessian": Case(
        is_strictly_convex,
        (lambda x: jnp.cos(x) * jnp.cos(3 * x) + 5.5 * x**2, box(-10, 10)),
        (lambda x: jnp.cos(x) * jnp.cos(3 * x) + 4.9 * x**2, box(-10, 10)),
    ),
}


def arguments(case):
    """The function, and its domains: a tuple of boxes is one vector, entry by entry, as its users write it."""
    f, on, *for_all = case
    if isinstance(on, tuple):
        return (lambda p, *q: f(jnp.stack(p), *q)), (on, *for_all)
    return f, (on, *for_all)


def certificate_of(case):
    """The function, its domains, and the certificate that the case is about, as read back from a file."""
    f, domains = arguments(case.holds)
    if case.steps is not None:
        return f, domains, through_json(proved(case.question.__name__, case.steps, domains, f))
    verdict = case.question(f, *domains)
    assert (verdict.answer, verdict.evidence) == ("yes", "proved")
    return f, domains, through_json(verdict.certificate)


def rules_of(told):
    return {step["rule"] for step in told["steps"]}


def test_every_rule_has_a_case():
    assert set(CASES) == set(RULES)
    assert set(PROGRAMS) | {"one normal form"} == set(PROGRAM_RULES)


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_is_used_by_an_accepted_certificate(rule):
    f, _, told = certificate_of(CASES[rule])
    assert rule in rules_of(told)
    assert recheck(told, f)


@pytest.mark.parametrize("rule", RULES)
def test_a_forged_certificate_is_refused_at_the_rule(rule):
    case = CASES[rule]
    _, _, told = certificate_of(case)
    miss, domains = arguments(case.misses)
    step, _ = refusal(about(told, domains, miss), miss)
    assert step.endswith(f"({case.at or rule})")


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_states_a_theorem_and_kinds_of_goals(rule):
    assert RULES[rule].theorem.strip().endswith(".")
    assert RULES[rule].kinds


# ---------------------------------------------------------------- rules about programs


@pytest.mark.parametrize("rule", [name for name, case in PROGRAMS.items() if case])
def test_a_rule_about_programs_is_used_and_refuses_a_near_miss(rule):
    case = PROGRAMS[rule]
    f, _, told = certificate_of(case)
    assert rule in rules_of(told)
    assert recheck(told, f)
    miss, domains = arguments(case.misses)
    step, _ = refusal(about(told, domains, miss), miss)
    assert step.endswith(f"({case.at or rule})")


def test_affine_values_show_convexity_only():
    f, _, told = certificate_of(PROGRAMS["pulled back"])
    for question in ("is_strictly_convex", "is_quasiconvex", "is_affine", "is_positive"):
        assert refusal(sealed(told, question=question), f)[0].endswith("(pulled back)")
    refusal(sealed(told, question="is_concave"), f)
    bare = proved("is_convex", [("pulled back", [])], (R2,), f)
    assert refusal(bare, f)[1] == "the rule has 1 premises, the step 0"


def test_affine_values_stay_in_the_ranges_that_they_take():
    f = lambda x: -jnp.sum(jnp.log(1 + jnp.abs(FORMS) @ x))  # noqa: E731
    steps = (*normal(("affine", []), ("log", [0]), ("terms", [1, 1, 1])), ("pulled back", [3]))
    told = proved("is_convex", steps, (P2,), f)
    assert recheck(told, f)
    refusal(about(told, (R2,), f), f)


def test_one_normal_form():
    f, g = (lambda v: (v[0] + v[1]) ** 2), (lambda v: v[0] ** 2 + 2 * v[0] * v[1] + v[1] ** 2)
    told = through_json(are_equal(f, g, R2).certificate)
    assert recheck(told, f, g)
    assert rules_of(told) == {"one normal form"}
    other = lambda v: g(v) + 1e-30 * v[0]  # noqa: E731
    assert refusal(about(told, (R2,), f, other), f, other)[0] == "step 0 (one normal form)"
    # equal where both are defined, but not real everywhere
    whole, part = (lambda x: x), (lambda x: jnp.sqrt(x) ** 2)
    assert recheck(about(told, (P,), whole, part), whole, part)
    assert refusal(about(told, (R,), whole, part), whole, part)[0] == "step 0 (one normal form)"


def test_values_that_the_data_settle():
    f = lambda x, q: jnp.abs(x - jnp.sin(q)) + jnp.sin(q)  # noqa: E731
    steps = normal(("affine", []), ("affine", []), ("maximum", [0, 1]), ("terms", [2]))[:-1]
    told = proved("is_convex", (*steps, ("normal form", [3], {"level": 0, "settled": True})), (R, R), f, decision=1)
    assert recheck(told, f)
    nothing = lambda x, q: jnp.abs(x - q) + q  # noqa: E731
    step, why = refusal(about(told, (R, R), nothing), nothing)
    assert (step, why) == ("step 4 (normal form)", "no values are settled by the quantified arguments")


def cut(side, f, on):
    """The certificate of a proof by one cut."""
    asked = traced("is_convex", f, on)
    question = "is_convex" if side > 0 else "is_concave"
    proof = bent_by_composition(asked, side)
    return through_json(certificate(question, "yes", "proved", asked.domains, 1, [asked.program], proof))


@pytest.mark.parametrize(("side", "f", "on"), HOLD)
def test_a_cut_is_accepted_on_its_side_alone(side, f, on):
    told = cut(side, f, on)
    assert {"cut", "bent and moving"} <= rules_of(told)
    assert recheck(told, f)
    other = "is_concave" if side > 0 else "is_convex"
    refusal(sealed(told, question=other), f)
    assert refusal(sealed(told, question="is_strictly_convex"), f)[0].endswith("(cut)")


@pytest.mark.parametrize(("side", "f", "on"), HOLD)
def test_a_cut_refuses_the_wrong_bends(side, f, on):
    told = cut(side, f, on)
    bends = told["steps"][-1]["parameters"]["bends"]
    for wrong in ([-b for b in bends], bends[:-1], [*bends, 0], ["1"] * len(bends), [True] * len(bends), "1", None):
        if wrong != bends:
            refusal(sealed(put(told, ("steps", -1, "parameters", "bends"), wrong)), f)


MISSES = {
    "one inner function is concave": of(lse, bowl, lambda x: -tent(x)),
    "the outer one may be undefined": of(lambda y: jnp.log(y[0]) + y[1], bowl, tent),
    "the outer one falls": of(lambda y: y[0] - y[1], bowl, tent),
}


@pytest.mark.parametrize("name", MISSES)
def test_a_cut_refuses_a_near_miss(name):
    told = cut(1, of(lse, bowl, tent), R2)
    step, _ = refusal(about(told, (R2,), MISSES[name]), MISSES[name])
    assert step.startswith("step ")


def test_the_outer_part_of_a_cut_has_to_move_the_right_way():
    told = cut(1, of(lambda y: y[0] ** 2, bowl), R2)
    miss = of(lambda y: y[0] ** 2, lambda x: bowl(x) - 1)  # decreases on part of the values
    step, _ = refusal(about(told, (R2,), miss), miss)
    assert step.endswith("(rising terms)")


def test_boxes_that_leave_a_part_of_the_domain_out_are_refused():
    f, (on,), told = certificate_of(PROGRAMS["definite Hessian"])
    (boxes,) = told["steps"][0]["parameters"]["boxes"]
    assert len(boxes) > 1
    for wrong in (boxes[1:], boxes[:-1], [], [[["-5", "0"]]], [*boxes[1:], boxes[1]]):
        told["steps"][0]["parameters"]["boxes"] = [wrong]
        assert refusal(about(told, (on,), f), f)[0] == "step 0 (definite Hessian)"


def test_a_definite_hessian_of_each_entry():
    f = lambda x: jnp.stack([x**2, 2 * x**2])  # noqa: E731
    whole = [[["0", "1"]]]
    for boxes, holds in (([whole, whole], True), ([whole], False), ([whole, []], False), ([whole] * 3, False)):
        told = proved("is_strictly_convex", [("definite Hessian", [], {"boxes": boxes})], (box(0, 1),), f)
        assert bool(recheck(told, f)) == holds
