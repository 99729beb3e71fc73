"""Certificates: accepted as read back from a file, and refused in whatever way they are corrupted or forged."""

import json
import math
import random
import subprocess
import sys
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
import pytest
from compositions import composition
from forgeries import about, at, leaves, proved, put, refusal, sealed, through_json
from hypothesis import example, given
from hypothesis import strategies as st
from test_curvature import CONCAVE, CONVEX, RISING, STRICT
from test_quasiconvexity import RULES as QUASI

from netprops import (
    UnsupportedError,
    are_equal,
    box,
    curvature,
    has_curvature,
    is_affine,
    is_concave,
    is_constant,
    is_convex,
    is_higher,
    is_nondecreasing,
    is_nonincreasing,
    is_positive,
    is_quasiconcave,
    is_quasiconvex,
    is_strictly_convex,
    no_counterexample,
    ordered_cone,
    positive,
    reals,
    recheck,
    violates_jensen,
)
from netprops.certificates.checking import QUESTIONS
from netprops.certificates.records import certificate as certificate_of
from netprops.questions.asking import readings, traced
from netprops.readings.polynomials import TooLargeError
from netprops.readings.proofs import step as derived
from netprops.readings.quasiconvexity import quasiconvex

R, R2, P = reals(), reals(2), positive()


# ---------------------------------------------------------------- accepted


def square(x):
    return x**2


def cube(x):
    return x**3


def bowl(v):
    return v @ v


def saddle(v):
    return v[0] * v[1]


def exponential(x):
    return jnp.exp(x)


def affine(v):
    return 3 * v[0] - v[1] + 1


def doubled(x):
    return x + x


def twice(x):
    return 2 * x


def hinge(v):
    return jax.nn.relu(v[0] - v[1])


def cost(p, data):
    return jnp.sum((data["X"] @ p["w"] + p["b"] - data["y"]) ** 2)


def network(p, x):
    return jnp.tanh(x @ p["W"]) @ p["v"]


def ordered(v):
    return v[1] - v[0] / 2


PARAMETERS = {"w": reals(2), "b": R}
DATA = {"X": reals((3, 2)), "y": reals(3)}
NETWORK = {"W": reals((2, 2)), "v": reals(2)}

# what a verdict says -> the verdict, and the functions that it is about
ASKED = {
    "convex": lambda: (is_convex(square, R), square),
    "not convex": lambda: (is_convex(saddle, R2), saddle),
    "concave": lambda: (is_concave(lambda x: -jnp.cosh(x), R), lambda x: -jnp.cosh(x)),
    "not concave": lambda: (is_concave(bowl, R2), bowl),
    "affine": lambda: (is_affine(affine, R2), affine),
    "not affine": lambda: (is_affine(saddle, R2), saddle),
    "strictly convex": lambda: (is_strictly_convex(bowl, R2), bowl),
    "not strictly convex, on a segment": lambda: (is_strictly_convex(hinge, R2), hinge),
    "not strictly convex, on a chord": lambda: (is_strictly_convex(jnp.abs, R), jnp.abs),
    "constant": lambda: (is_constant(lambda x: x - x + 2, R), lambda x: x - x + 2),
    "not constant": lambda: (is_constant(square, R), square),
    "quasi-convex": lambda: (is_quasiconvex(cube, R), cube),
    "not quasi-convex": lambda: (is_quasiconvex(lambda x: -square(x), R), lambda x: -square(x)),
    "quasi-concave": lambda: (is_quasiconcave(cube, R), cube),
    "not quasi-concave": lambda: (is_quasiconcave(square, R), square),
    "non-decreasing": lambda: (is_nondecreasing(cube, R), cube),
    "not non-decreasing": lambda: (is_nondecreasing(square, R), square),
    "non-increasing": lambda: (is_nonincreasing(lambda x: -cube(x), R), lambda x: -cube(x)),
    "not non-increasing": lambda: (is_nonincreasing(square, R), square),
    "positive": lambda: (is_positive(exponential, R), exponential),
    "not positive": lambda: (is_positive(square, R), square),
    "a counterexample": lambda: (no_counterexample(cube, R), cube),
    "equal": lambda: (are_equal(doubled, twice, R), doubled, twice),
    "not equal": lambda: (are_equal(twice, square, R), twice, square),
    "bent up": lambda: (has_curvature(square, 1.0, 1.0, 1), square),
    "not bent down": lambda: (has_curvature(square, 1.0, 1.0, -1), square),
    "straight along a line": lambda: (has_curvature(saddle, [0.0, 0.0], [1.0, 0.0], 0), saddle),
    "higher": lambda: (is_higher(square, 2.0, 1.0), square),
    "not higher": lambda: (is_higher(square, 1.0, -1.0), square),
    "above its chord": lambda: (violates_jensen(saddle, [1.0, -1.0], [-1.0, 1.0], 0.25), saddle),
    "not above its chord": lambda: (violates_jensen(square, 0.0, 1.0), square),
    "curvature affine": lambda: (curvature(affine, R2), affine),
    "curvature convex": lambda: (curvature(exponential, R), exponential),
    "curvature concave": lambda: (curvature(jnp.log, P), jnp.log),
    "curvature neither": lambda: (curvature(saddle, R2), saddle),
    "for all data": lambda: (is_convex(cost, PARAMETERS, DATA), cost),
    "not for all data": lambda: (is_convex(network, NETWORK, reals(2)), network),
    "not for all numbers": lambda: (is_convex(lambda x, q: q * x**2, R, R), lambda x, q: q * x**2),
    "equal functions of several arguments": lambda: (
        are_equal(lambda p, q: p["a"] * q, lambda p, q: q * p["a"], ({"a": R}, R)),
        lambda p, q: p["a"] * q,
        lambda p, q: q * p["a"],
    ),
    "lists and tuples": lambda: (is_convex(lambda p: p[0] ** 2 + p[1][0], [R, (P, R)]), lambda p: p[0] ** 2 + p[1][0]),
    "one entry of several is not convex": lambda: (
        is_convex(lambda v: jnp.stack([v @ v, v[0] * v[1], -v[0]]), R2),
        lambda v: jnp.stack([v @ v, v[0] * v[1], -v[0]]),
    ),
    "convex in order": lambda: (
        is_convex(lambda v: jax.nn.relu(v[0] - v[1]), ordered_cone(2)),
        lambda v: jax.nn.relu(v[0] - v[1]),
    ),
    "not convex in order": lambda: (is_convex(saddle, ordered_cone(2)), saddle),
    "positive in order": lambda: (
        is_positive(lambda v: v[1] - v[0], ordered_cone(2, apart=1)),
        lambda v: v[1] - v[0],
    ),
    "not positive in order": lambda: (is_positive(lambda v: v[1] - v[0], ordered_cone(2)), lambda v: v[1] - v[0]),
    "equal in order": lambda: (
        are_equal(lambda v: jnp.maximum(v[0], v[1]), lambda v: v[1], ordered_cone(2)),
        lambda v: jnp.maximum(v[0], v[1]),
        lambda v: v[1],
    ),
    "not quasi-convex on an open box": lambda: (
        is_quasiconvex(lambda x: -jnp.abs(x), box(-1, 1, open=True)),
        lambda x: -jnp.abs(x),
    ),
    "on one point": lambda: (is_convex(lambda x: -(x**2), box(3, 3)), lambda x: -(x**2)),
    "ends that are long fractions": lambda: (is_positive(lambda x: x, box(1e-300, 1e300)), lambda x: x),
}
ANSWERED = {}


def answered(name):
    """The verdict, its certificate as read back from a file, and the functions."""
    if name not in ANSWERED:
        verdict, *functions = ASKED[name]()
        ANSWERED[name] = verdict, through_json(verdict.certificate), functions
    return ANSWERED[name]


@pytest.mark.parametrize("name", ASKED)
def test_the_certificate_of_an_answer_is_accepted(name):
    verdict, certificate, functions = answered(name)
    assert recheck(certificate, *functions)
    assert recheck(verdict.certificate, *functions)
    if not name.startswith("curvature"):
        assert (certificate["answer"], certificate["evidence"]) == (verdict.answer, verdict.evidence)


def test_every_question_that_has_certificates_was_asked_both_ways():
    answers = {}
    for name in ASKED:
        _, certificate, _ = answered(name)
        for part in certificate.get("parts", [certificate]):
            answers.setdefault(part["question"], set()).add(part["answer"])
    assert {q: {"yes", "no"} - {"yes"} if q == "no_counterexample" else {"yes", "no"} for q in QUESTIONS} == answers


def test_answers_without_certificates_say_so():
    by_boxes = is_positive(lambda x: x**4 - x + 0.5, box(-2, 2))
    assert (by_boxes.answer, by_boxes.evidence, by_boxes.certificate) == ("yes", "certified", None)
    sampled = no_counterexample(square, R)
    assert (sampled.evidence, sampled.certificate) == ("sampled", None)


TABLES = [
    (question, name, case)
    for question, table in (
        (is_convex, CONVEX), (is_concave, CONCAVE), (is_strictly_convex, STRICT), (is_nondecreasing, RISING),
        (is_quasiconvex, QUASI),
    )
    for name, row in table.items()
    for case in row[-2:]
]  # fmt: skip


@pytest.mark.parametrize(("question", "name", "case"), TABLES)
def test_the_certificates_of_all_rules_and_near_misses_are_accepted(question, name, case):
    f, on, *for_all = case
    function = (lambda p, *q: f(jnp.stack(p), *q)) if isinstance(on, tuple) else f
    verdict = question(function, on, *for_all)
    if verdict.answer == "undecided":
        assert verdict.certificate is None
    else:
        assert recheck(through_json(verdict.certificate), function)


PROVABLE = {  # how the calculus is asked about an expression
    "is_convex": lambda c, e: c.convex(e),
    "is_concave": lambda c, e: c.concave(e),
    "is_strictly_convex": lambda c, e: c.strictly_convex(e),
    "is_nondecreasing": lambda c, e: c.nondecreasing(e),
    "is_nonincreasing": lambda c, e: c.nondecreasing(c.table.scale(e, -1)),
    "is_quasiconvex": quasiconvex,
    "is_quasiconcave": lambda c, e: quasiconvex(c, c.table.scale(e, -1)),
}


def test_squares_of_numbers_known_by_name_are_squares_of_a_norm_and_others_are_not():
    def root(u):
        return lambda x: jnp.sqrt(x[0] ** 2 + u(x[1]) ** 2)

    known, bent = root(lambda y: jax.lax.lgamma(jnp.log(2.0))), root(jnp.sin)
    certificate = through_json(is_convex(known, on=reals(2)).certificate)
    assert certificate["steps"][0]["rule"] == "power of a Euclidean norm"
    assert recheck(certificate, known)
    assert refusal(about(certificate, [reals(2)], bent), bent)[0].endswith("(power of a Euclidean norm)")


@given(seed=st.integers(0, 2**64 - 1))
@example(seed=3769665)  # a norm of a number known by its name and a coordinate
def test_no_proof_about_a_random_composition_is_refused(seed):
    c = composition(random.Random(seed))
    question = traced("is_convex", c.function(), *c.domains())
    try:
        for reading in readings(question, []):
            for name, prove in PROVABLE.items():
                proofs = [prove(reading.calculus, e) for e in reading.expressions]
                if all(proofs):
                    whole = derived("normal form", "", *proofs, level=reading.symbols.table.level, settled=False)
                    basis = (question.domains, question.decision, [question.program], whole)
                    told = through_json(certificate_of(name, "yes", "proved", *basis))
                    assert recheck(told, c.function()), (c, name)
    except (UnsupportedError, TooLargeError):
        return


# ---------------------------------------------------------------- pytrees of types of their own


@jax.tree_util.register_dataclass
@dataclass
class Layer:
    weight: Any
    bias: Any


def squares_of(layer):
    return jnp.sum(layer.weight**2) + layer.bias


def test_a_module_is_given_back_as_domains():
    on = Layer(reals((2, 2)), R)
    certificate = through_json(is_convex(squares_of, on).certificate)
    assert recheck(certificate, squares_of, domains=[on])
    assert "pass it to recheck as `domains`" in refusal(certificate, squares_of)[1]
    for other in (Layer(reals((2, 2)), P), Layer(reals((2, 3)), R), Layer(R, reals((2, 2))), R):
        assert refusal(certificate, squares_of, domains=[other])[0] == "function"
    assert refusal(certificate, squares_of, domains=[on, on])[0] == "function"
    assert refusal(certificate, squares_of, domains=on)[0] == "function"
    refused = through_json(is_concave(squares_of, on).certificate)
    assert recheck(refused, squares_of, domains=[on])


# ---------------------------------------------------------------- corrupted leaf by leaf

# Leaves that may be others without the certificate becoming false, and why.
MAY_CHANGE = {
    "netprops": "by which version it was written, for people",
    "jax": "by which version it was traced, for people",
    "precision": "how many bits the prover needed; the checker finds its own",
    "level": "another normal form may have the same proof",
    "domains": "what is proved or seen of another domain is what it then says",
    "decision": "a witness in one argument is one in all; where functions are equal or differ, nothing varies apart",
    "expected": "a no says that the sign is not the one asked for, and there are three",
    "enclosures": "a wider ball that contains the number",
    "points": "another point at which the same is seen, and where the recorded numbers are enclosed as well",
    "question": "what follows, or holds as well: see FOLLOWS and HOLDS",
    "rule": "an affine function is a sum without bent terms, and a function its own first power",
}
RULES_TOO = {
    ("affine", "terms"),
    ("terms", "affine"),
    ("terms", "power"),
    ("affine", "squares"),
    ("affine", "rising terms"),
}
HOLDS = {  # what else is true of the function and shown by the same steps
    "affine": {"is_convex", "is_concave"},
    "quasi-convex": {"is_quasiconcave"},
    "quasi-concave": {"is_quasiconvex"},
    "convex in order": {"is_affine", "is_concave"},
    "on one point": {"is_affine", "is_concave"},
    "constant": set(),
}
FOLLOWS = {  # question, answer -> questions of the same answer on the same evidence
    ("is_convex", "no"): {"is_affine", "is_strictly_convex"},
    ("is_concave", "no"): {"is_affine"},
    ("is_affine", "no"): {"is_convex", "is_concave", "is_strictly_convex"},
    ("is_affine", "yes"): {"is_convex", "is_concave"},
    ("is_strictly_convex", "no"): {"is_convex", "is_affine"},
    ("is_constant", "no"): {"is_nondecreasing", "is_nonincreasing"},
    ("is_nondecreasing", "no"): {"is_constant"},
    ("is_nonincreasing", "no"): {"is_constant"},
}
TYPES = (None, True, -1, 10**40, math.inf, "x", [], {}, [None])
NUMBERS = ("0", "-1", "1/2", "1/0", "0x1p1", "0x1p9999", "[0 +/- 1e9]", "\u0661")
PLACES = (0, 1, 2)


def others(path, value):
    """What may be put in the place of a leaf; texts that are the same number are not."""
    if path[-1] == "question":
        return [*TYPES, *QUESTIONS]
    if path[-1] == "rule":
        return [*TYPES, *CASES_OF_RULES]
    if path[-1] == "answer":
        return [*TYPES, "yes", "no"]
    found = [*TYPES, *NUMBERS] if isinstance(value, str) else [*TYPES, *PLACES]
    return [other for other in found if not same(other, value) and number_of(other) != number_of(value)]


CASES_OF_RULES = ("affine", "terms", "squares", "power", "constant", "positive range", "rising terms", "normal form")


def number_of(text):
    """The number that a text is; the text itself if it is none."""
    try:
        return float.fromhex(text) if isinstance(text, str) and "0x" in text else float(Fraction(text))
    except (ValueError, TypeError, OverflowError, ZeroDivisionError):
        return text


COMMON = ("domains", "decision", "programs")  # to both parts of a curvature


def same(a, b):
    return type(a) is type(b) and a == b


@pytest.mark.parametrize("name", ASKED)
def test_whatever_leaf_is_corrupted_the_checksum_tells(name):
    _, certificate, functions = answered(name)
    for part, prefix in parts_of(certificate):
        for path in leaves(part):
            for other in ("x", 7, None):
                if not same(at(part, path), other):
                    failed, _ = refusal(put(certificate, (*prefix, *path), other), *functions)
                    assert failed.endswith("format") or (prefix and path[0] in ("question", "answer", *COMMON))


def parts_of(certificate):
    """The sealed parts of a certificate, and where they are."""
    if "parts" not in certificate:
        return [(certificate, ())]
    return [(part, ("parts", i)) for i, part in enumerate(certificate["parts"])]


@pytest.mark.parametrize("name", [name for name in ASKED if not name.startswith("curvature")])
def test_a_corrupted_leaf_under_a_new_seal_is_refused_or_does_not_matter(name):
    _, certificate, functions = answered(name)
    for path in leaves(certificate):
        for other in others(path, at(certificate, path)):
            if path == ("checksum",) or same(at(certificate, path), other):
                continue
            try:
                forged = sealed(put(certificate, path, other))
            except ValueError:  # infinite: no JSON
                forged = put(certificate, path, other)
            if recheck(forged, *functions):
                names = {path[0], path[1], path[-1]} if path[0] == "witness" else {path[0], path[-1]}
                assert names & set(MAY_CHANGE), (path, other)
                if path == ("question",):
                    asked_and_answered = certificate["question"], certificate["answer"]
                    assert other in (FOLLOWS.get(asked_and_answered) or HOLDS[name])
                if path[-1] == "rule":
                    assert (at(certificate, path), other) in RULES_TOO
                if "enclosures" in path:
                    assert other == "[0 +/- 1e9]"
                if path[-1] == "expected":
                    assert certificate["answer"] == "no"


# ---------------------------------------------------------------- corrupted structure


def sum_of_squares_and_exponentials(v):
    return jnp.exp(v[0]) + jnp.abs(v[1]) ** 3 + jax.nn.logsumexp(v) - v[0]


def proof():
    """A certificate of several steps, and its function."""
    verdict = is_convex(sum_of_squares_and_exponentials, R2)
    certificate = through_json(verdict.certificate)
    assert len(certificate["steps"]) > 5
    return certificate, sum_of_squares_and_exponentials


def test_no_step_can_be_left_out():
    certificate, f = proof()
    for place in range(len(certificate["steps"])):
        steps = [step for n, step in enumerate(certificate["steps"]) if n != place]
        assert refusal(sealed(certificate, steps=steps), f)[0].startswith("step ")


def test_no_two_steps_that_differ_can_change_places():
    certificate, f = proof()
    steps = certificate["steps"]
    for i in range(len(steps)):
        for j in range(i):
            moved = list(steps)
            moved[i], moved[j] = moved[j], moved[i]
            assert refusal(sealed(certificate, steps=moved), f)[0].startswith("step ")


def test_premises_are_earlier_steps_and_all_of_them():
    certificate, f = proof()
    last = len(certificate["steps"]) - 1
    for place, step in enumerate(certificate["steps"]):
        premises = step["premises"]
        for wrong in (
            [*premises, 0], premises[:-1], [place], [place + 1], [last], [-1], [True], ["0"], [0.0], "", "0", {}, None,
        ):  # fmt: skip
            if wrong != premises and not (wrong == [] and premises == []):
                forged = sealed(put(certificate, ("steps", place, "premises"), wrong))
                assert refusal(forged, f)[0].startswith("step ")


def test_a_step_on_which_nothing_rests_is_refused():
    certificate, f = proof()
    idle = {"rule": "affine", "premises": []}
    for place in range(2):
        steps = [*certificate["steps"][:place], idle, *certificate["steps"][place:]]
        moved = [{**s, "premises": [p + (p >= place) for p in s["premises"]]} for s in steps]
        assert refusal(sealed(certificate, steps=moved), f) == (f"step {place}", "nothing rests on it")


@pytest.mark.parametrize(
    "step", [None, 0, "affine", [], {}, {"rule": "affine"}, {"premises": []}, {"rule": None, "premises": []},
             {"rule": ["affine"], "premises": []}, {"rule": "no such rule", "premises": []},
             {"rule": "normal form", "premises": []}, {"rule": "affine", "premises": [], "words": ""},
             {"rule": "affine", "premises": [], "parameters": []}, {"rule": "affine", "premises": (), "parameters": 0}],
)  # fmt: skip
def test_a_step_that_is_none_is_refused(step):
    certificate = proved("is_affine", [("affine", []), ("normal form", [0], NORMAL)], (R2,), affine)
    assert recheck(certificate, affine)
    assert refusal(sealed(certificate, steps=[step, certificate["steps"][1]]), affine)[0].startswith("step 0")


NORMAL = {"level": 0, "settled": False}


@pytest.mark.parametrize("steps", [None, [], {}, "steps", 0, [[]], [0]])
def test_steps_that_are_none_are_refused(steps):
    certificate, f = proof()
    assert refusal(sealed(certificate, steps=steps), f)[0].startswith("step")


def test_every_part_of_a_certificate_is_needed_and_no_other_is_taken():
    for name in ("convex", "not convex"):
        _, certificate, functions = answered(name)
        for key in certificate:
            if key != "checksum":
                less = {k: v for k, v in certificate.items() if k != key}
                assert refusal(sealed(less), *functions)[0] == "format"
        assert refusal({k: v for k, v in certificate.items() if k != "checksum"}, *functions)[0] == "format"
        assert refusal(sealed(certificate, claim="it holds everywhere"), *functions)[0] == "format"
    _, certificate, functions = answered("convex")
    _, other, _ = answered("not convex")
    assert refusal(sealed(certificate, witness=other["witness"]), *functions)[0] == "format"


def test_every_part_of_a_witness_that_matters_is_needed():
    _, certificate, functions = answered("not convex")
    for key in certificate["witness"]:
        less = {k: v for k, v in certificate["witness"].items() if k != key}
        if key != "precision":
            step, why = refusal(sealed(certificate, witness=less), *functions)
            assert step in ("kind", "points", "sign", "enclosures")
            assert key in why
    for points in ({}, [], None, {"a": certificate["witness"]["points"]["a"]}):
        forged = sealed(certificate, witness={**certificate["witness"], "points": points})
        assert refusal(forged, *functions)[0] in ("points", "sign")
    for enclosures in ({}, [], None, {"gap": "1"}):
        forged = sealed(certificate, witness={**certificate["witness"], "enclosures": enclosures})
        assert refusal(forged, *functions)[0] == "enclosures"


@pytest.mark.parametrize("certificate", [None, 0, "", "certificate", [], {}, {"question": "curvature"},
                                         {"question": "curvature", "name": "convex", "parts": []},
                                         {"question": "curvature", "name": [], "parts": [{}, {}]},
                                         {"question": "curvature", "name": "affine", "parts": [0, 0]}])  # fmt: skip
def test_what_is_no_certificate_is_refused(certificate):
    assert refusal(certificate, square)[0] in ("format", "name")


def test_other_formats_and_schemas_are_refused():
    _, certificate, functions = answered("convex")
    for parts in ({"format": "another"}, {"schema": 2}, {"schema": True}, {"schema": "1"}, {"evidence": "certified"}):
        assert refusal(sealed(certificate, **parts), *functions)[0] == "format"


def test_deeply_nested_parameters_are_refused():
    deep = []
    for _ in range(100_000):
        deep = [deep]
    certificate = through_json(is_convex(CONVEX["maximum after a shift"][1][0], R2).certificate)
    (place,) = [n for n, step in enumerate(certificate["steps"]) if step["rule"] == "common shift"]
    certificate["steps"][place]["parameters"]["shift"] = deep
    assert refusal(certificate, CONVEX["maximum after a shift"][1][0])[0] == "format"
    shift = [["1", []]]
    for _ in range(100):
        shift = [["1", [[{"f": "sin", "of": [shift]}, "1"]]]]
    certificate["steps"][place]["parameters"]["shift"] = shift
    assert "step" in refusal(sealed(certificate), CONVEX["maximum after a shift"][1][0])[0]


# ---------------------------------------------------------------- about something else


def test_another_function_is_refused():
    for name, other in (("convex", cube), ("not convex", bowl), ("equal", square), ("curvature neither", bowl)):
        _, certificate, functions = answered(name)
        assert refusal(certificate, other, *functions[1:])[0].endswith("function")
    _, certificate, functions = answered("equal")
    assert refusal(certificate, *reversed(functions))[0] == "function"
    assert refusal(certificate, functions[0])[0] == "function"
    assert refusal(certificate)[0] == "function"
    assert refusal(answered("convex")[1], square, square)[0] == "function"
    assert refusal(answered("convex")[1], 3)[0] == "function"


def test_a_constant_that_is_another_number_makes_another_function():
    at_scale = lambda c: lambda x: c * x**2  # noqa: E731
    certificate = through_json(is_convex(at_scale(0.1), R).certificate)
    assert recheck(certificate, at_scale(0.1))
    assert refusal(certificate, at_scale(math.nextafter(0.1, 1)))[0] == "function"
    many = lambda c: lambda v: jnp.sum(jnp.full(3000, 1.0).at[1500].set(c) * v**2)  # noqa: E731
    certificate = through_json(is_convex(many(1.0), reals(3000)).certificate)
    assert recheck(certificate, many(1.0))
    assert refusal(certificate, many(2.0))[0] == "function"


def test_a_point_outside_the_domain_is_no_witness():
    _, certificate, functions = answered("not convex")
    inside = sealed(certificate, domains=[{"box": [2], "intervals": [["-1", "1", False, False]]}])
    assert recheck(inside, *functions)
    for ends in (["-1", "1", True, True], ["-1", "1/2", False, False], ["2", None, False, False]):
        assert refusal(sealed(certificate, domains=[{"box": [2], "intervals": [ends]}]), *functions)[0] == "domain"


def test_a_point_outside_the_cone_is_no_witness():
    _, certificate, functions = answered("not convex in order")
    points = certificate["witness"]["points"]
    turned = {name: point[::-1] for name, point in points.items()}
    forged = sealed(certificate, witness={**certificate["witness"], "points": turned})
    assert refusal(forged, *functions) == ("domain", "a lies outside the domain")


@pytest.mark.parametrize("ends", [["1", "0", False, False], ["0", "0", True, False], [None], None, "0011",
                                  ["0", "1", 0, 1], ["0", "1", None, None], [0, 1, False, False],
                                  [-math.inf, None, False, False]])  # fmt: skip
def test_intervals_that_are_none_are_refused(ends):
    _, certificate, functions = answered("convex")
    forged = put(certificate, ("domains", 0, "intervals", 0), ends)
    try:
        forged = sealed(forged)
    except ValueError:
        assert refusal(forged, *functions)[0] == "format"
        return
    assert refusal(forged, *functions)[0] == "function"


@pytest.mark.parametrize("shape", [[0], [-2], [True, 2], ["2"], "2", [2.0], None, [3]])
def test_shapes_that_are_none_are_refused(shape):
    _, certificate, functions = answered("not convex")
    assert refusal(sealed(put(certificate, ("domains", 0, "box"), shape)), *functions)[0] == "function"


def test_what_varies_are_whole_arguments():
    _, certificate, functions = answered("for all data")
    assert certificate["decision"] == 2
    for decision in (0, 1, 3, 5, True, "2"):
        assert refusal(sealed(certificate, decision=decision), *functions)[0] == "function"
    everything = refusal(sealed(certificate, decision=4), *functions)
    assert everything[0].startswith("step ")


# ---------------------------------------------------------------- once accepted, and false


def test_points_show_what_they_are_asked_about_alone():
    """A sign at points, whatever was expected of it, is no answer to a question about a domain."""
    _, certificate, functions = answered("not concave")
    witness = {**certificate["witness"], "kind": "at points", "expected": 1}
    assert refusal(sealed(certificate, question="is_convex", witness=witness), *functions)[0] == "kind"


def test_the_sign_that_a_question_asks_for_is_its_own():
    lower = through_json(is_higher(square, 1.0, 2.0).certificate)
    forged = sealed(lower, answer="yes", witness={**lower["witness"], "expected": -1})
    assert refusal(forged, square) == ("sign", "the sign asked for is 1")
    below = through_json(violates_jensen(square, 0.0, 1.0).certificate)
    forged = sealed(below, answer="yes", witness={**below["witness"], "expected": -1})
    assert refusal(forged, square) == ("sign", "the sign asked for is 1")


def test_there_is_no_curvature_along_nothing():
    _, certificate, functions = answered("straight along a line")
    points = {**certificate["witness"]["points"], "v": ["0", "0"]}
    forged = sealed(certificate, witness={**certificate["witness"], "points": points})
    assert refusal(forged, *functions) == ("sign", "the direction is 0")


def test_gaps_say_nothing_of_the_order_of_coordinates():
    """x2 - x1 / 2 rises in x1 and in the gap, and falls in the first coordinate."""
    steps = [("rising terms", []), ("rising in each variable", [0, 0]), ("normal form", [1], NORMAL)]
    forged = proved("is_nondecreasing", steps, (ordered_cone(2),), ordered)
    assert recheck(proved("is_nondecreasing", steps, (R2,), bowl_of_gaps), bowl_of_gaps)
    assert "order of its coordinates" in refusal(forged, ordered)[1]
    assert not is_nondecreasing(ordered, R2)


def bowl_of_gaps(v):
    return v[0] + v[1]


def test_both_parts_of_a_curvature_are_about_one_function_on_one_domain():
    up, down = (through_json(curvature(cube, on).certificate) for on in (box(0, 1), box(-1, 0)))
    assert (up["name"], down["name"]) == ("convex", "concave")
    forged = {**up, "name": "affine", "parts": [up["parts"][0], down["parts"][1]]}
    assert refusal(forged, cube) == ("name", "the two parts have other domains")
    for name in ("affine", "concave", "neither", "undecided", None, [], 0):
        assert refusal({**up, "name": name}, cube)[0] == "name"
    for parts in (up["parts"][::-1], up["parts"][:1], [*up["parts"], up["parts"][0]], {}, None):
        assert refusal({**up, "parts": parts}, cube)[0] == "name"
    assert refusal({**up, "words": "everywhere"}, cube)[0] == "name"


OPAQUE = {
    "rounding": lambda x: jnp.round(x),
    "a remainder": lambda x: jax.lax.rem(x, 2.0 + 0 * x),
    "an angle": lambda x: jnp.arctan2(x, x**2),
    "the third of seven": lambda x: jnp.sort(
        jnp.stack([x, 7 - x, 2 * x - 4, x**2 / 4, 14 - 3 * x, x / 2 + 2, 5 - x / 2])
    )[2],
}


@pytest.mark.parametrize("name", OPAQUE)
def test_a_segment_along_which_a_function_without_a_shape_rests(name):
    g = OPAQUE[name]
    f = lambda v: g(v[0] + 3) + v[0] ** 2 + 2 * v[1]  # noqa: E731
    verdict = is_strictly_convex(f, box(0.25, 0.5, shape=2))
    assert (verdict.answer, verdict.witness["kind"]) == ("no", "straight segment")
    told = through_json(verdict.certificate)
    assert recheck(told, f)
    moving = lambda v: g(v[0] + 3) + v[0] ** 2 + 2 * v[1] + 1e-9 * g(v[0] + v[1] + 3)  # noqa: E731
    assert not recheck(about(told, (box(0.25, 0.5, shape=2),), moving), moving)


def test_a_strictly_convex_term_is_convex_without_the_others():
    """q x^2 + 2 x y + y^2 is flat along (1, -1) where q is 1."""
    f = lambda v, q: q * v[0] ** 2 + 2 * v[0] * v[1] + v[1] ** 2 + jnp.exp(v[0] + v[1])  # noqa: E731
    steps = [("terms", []), ("strict along forms", [0]), ("normal form", [1], NORMAL)]
    forged = proved("is_strictly_convex", steps, (R2, box(1, 2)), f)
    assert refusal(forged, f) == (
        "step 1 (strict along forms)",
        "the strictly convex terms do not span the space",
    )
    assert recheck(through_json(is_strictly_convex(lambda x, q: q * x**2, R, P).certificate), lambda x, q: q * x**2)


@pytest.mark.parametrize(
    ("question", "f", "on"),
    [
        (is_strictly_convex, lambda x: jnp.cosh(x / 2 + jnp.sin(2.0)), (R,)),
        (is_strictly_convex, lambda x, q: jnp.cosh(x - q), (R, R)),
        (is_convex, lambda v: v @ v + jnp.sin(v[0] + v[1] + jnp.sin(2.0)), (R2,)),
        (is_convex, lambda v, q: 0.25 * (v[0] + q) ** 4 + v @ v + jnp.sin(v[0] - v[1] + q), (R2, R)),
        (is_convex, lambda v, q: (v[0] + v[1] - q) ** 2 + jnp.sin(v[0] + v[1]), (R2, R)),
    ],
)
def test_what_rests_in_an_affine_form_may_be_anything(question, f, on):
    verdict = question(f, *on)
    assert verdict.evidence == "proved"
    assert recheck(through_json(verdict.certificate), f)


def test_the_order_of_keys_is_nobodys():
    """A store may sort the keys of objects."""
    for name in ASKED:
        _, certificate, functions = answered(name)
        turned = turn(certificate)
        assert recheck(turned, *functions)


def turn(value):
    if isinstance(value, dict):
        return {k: turn(value[k]) for k in sorted(value, reverse=True)}
    return [turn(v) for v in value] if isinstance(value, list) else value


SHIFT = CONVEX["maximum after a shift"][1][0]
X = {"x": 0}


@pytest.mark.parametrize(
    "term",
    [
        ["1", [[{"f": "log", "of": [[["1", [[X, "1"]]]]]}, "1"]]],  # log x
        ["1", [[X, "-1"]]],
        ["1", [[X, "1/2"]]],
        ["1", [[{"f": "atanh", "of": [[["1", [[X, "1"]]]]]}, "1"]]],
        ["1", [[{"f": "lgamma", "of": [[["1", [[X, "1"]]]]]}, "1"]]],
        ["1", [[{"f": "no function", "of": [[["1", [[X, "1"]]]]]}, "1"]]],
        ["1", [[{"f": "exp", "of": [[["1", [[X, "1"]]]]]}, "2"]]],  # no normal form: exp(2 x)
        ["1", [[{"f": "exp", "of": [[["1", [[X, "1"]]]]]}, "-1"]]],
        ["0", [[X, "1"]]],
        ["1", [[X, "0"]]],
        ["1", [[X, "1"], [X, "1"]]],
        ["1", [[X, "100000000000"]]],
        ["1", [[{"x": 2}, "1"]]],
        ["1", [[{"x": -1}, "1"]]],
        ["1", [[{"x": True}, "1"]]],
        ["1", [[{"f": "max", "of": []}, "1"]]],
        ["1", [[{"where": "lt", "of": [[], []]}, "1"]]],
        ["1", [[{"where": "no relation", "of": [[], [], []]}, "1"]]],
        ["1", [[{"number": "-2"}, "1/2"]]],
        ["1", [[{"sum": [["1", [[X, "1"]]], ["1", []]]}, "-1"]]],
        [1, []],
        ["1/0", []],
        ["1"],
        [],
        {},
        None,
    ],
    ids=str,
)
def test_an_expression_that_is_no_real_number_is_no_shift(term):
    certificate = through_json(is_convex(SHIFT, R2).certificate)
    assert recheck(certificate, SHIFT)
    (place,) = [n for n, step in enumerate(certificate["steps"]) if step["rule"] == "common shift"]
    path = ("steps", place, "parameters", "shift")
    forged = sealed(put(certificate, path, [*at(certificate, path), term]))
    step, why = refusal(forged, SHIFT)
    assert step == f"step {place} (common shift)"
    assert why.startswith("malformed")


# ---------------------------------------------------------------- what the checker is made of

PROBE = """
import json, sys
import jax
jax.config.update("jax_enable_x64", True)
import jax.numpy as jnp
from netprops import recheck
functions = {"square": lambda x: x**2, "saddle": lambda v: v[0] * v[1],
             "one form": lambda x: jnp.where(jnp.abs(x) <= 1, x**2 / 2, jnp.abs(x) - 0.5),
             "shift": lambda v: jnp.maximum(v[0] ** 2 - v[1] ** 2, 0.0) + v[1] ** 2,
             "cubes": lambda x: jax.nn.softplus(x)}
for line in sys.stdin:
    name, certificate = json.loads(line)
    found = recheck(certificate, functions[name])
    assert found, found
print(*sorted(m for m in sys.modules if m.startswith(("netprops", "scipy.optimize", "hypothesis", "optax"))))
"""
FORBIDDEN = (
    "search", "questions", "claims", "report", "plugin", "objects", "strategies", "readings.curvature",
    "readings.one_dimension", "readings.power_sums", "readings.degree_two", "readings.entropies",
    "readings.sum_of_squares", "readings.quasiconvexity", "readings.floats",
)  # fmt: skip


def test_another_process_that_checks_imports_neither_prover_nor_search():
    functions = {
        "square": (lambda x: x**2, R), "saddle": (saddle, R2),
        "one form": (lambda x: jnp.where(jnp.abs(x) <= 1, x**2 / 2, jnp.abs(x) - 0.5), R),
        "shift": (lambda v: jnp.maximum(v[0] ** 2 - v[1] ** 2, 0.0) + v[1] ** 2, R2), "cubes": (jax.nn.softplus, R),
    }  # fmt: skip
    lines = [json.dumps([name, is_convex(f, on).certificate]) for name, (f, on) in functions.items()]
    run = subprocess.run([sys.executable, "-c", PROBE], input="\n".join(lines), capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    loaded = run.stdout.split()
    assert "netprops.certificates.checking" in loaded
    assert not [m for m in loaded if m.removeprefix("netprops.").startswith(FORBIDDEN) or not m.startswith("netprops")]


# ---------------------------------------------------------------- long points


def layers(p):
    return jnp.sum(jnp.tanh(p["W"] @ p["x"]) * p["v"])


LAYERS = {"W": reals((6, 5)), "x": reals(5), "v": reals(6)}


def test_of_a_long_point_the_entries_that_are_not_0_are_enough():
    told = through_json(is_convex(layers, LAYERS).certificate)
    point = told["witness"]["points"]["a"]
    assert point["entries"] == 41
    assert 0 < len(point["nonzero"]) < 11
    assert recheck(told, layers)
    listed = [point["nonzero"].get(str(k), "0") for k in range(41)]
    assert recheck(sealed(put(told, ("witness", "points", "a"), listed)), layers)


@pytest.mark.parametrize(
    ("change", "step"),
    [
        (lambda point: {**point, "entries": 40}, "points"),
        (lambda point: {**point, "entries": True}, "points"),
        (lambda point: {**point, "nonzero": {**point["nonzero"], "41": "1"}}, "points"),
        (lambda point: {**point, "nonzero": {**point["nonzero"], "-1": "1"}}, "points"),
        (lambda point: {**point, "nonzero": [*point["nonzero"]]}, "points"),
        (lambda point: {"nonzero": point["nonzero"]}, "points"),
        (lambda point: {**point, "nonzero": {**point["nonzero"], "7": "0x1.8p+3"}}, "sign"),
    ],
)
def test_a_long_point_that_is_another_is_refused(change, step):
    told = through_json(is_convex(layers, LAYERS).certificate)
    changed = change(told["witness"]["points"]["a"])
    assert refusal(sealed(put(told, ("witness", "points", "a"), changed)), layers)[0] == step


def test_terms_are_numbered_alike_whatever_the_prover_tried_before():
    """The prover meets log cosh first, the checker log softplus: places go by what the terms are, not by when."""

    def f(x):
        return -(jnp.cosh(4 * x[0] + x[1] + 1) + 1) / jax.nn.softplus(x[1] / 2 + x[0] - 0.5)

    verdict = is_concave(f, on=box([0, -1], [0.125, 0]))
    assert verdict.answer == "yes"
    assert "sum" in {step["rule"] for step in verdict.certificate["steps"]}
    assert recheck(through_json(verdict.certificate), f)
