"""Certificates: accepted as read back from a file, and refused in whatever way they are corrupted or forged."""

import math
import subprocess
import sys
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
import pytest
from forgeries import about, at, leaves, proved, put, refusal, sealed, through_json
from test_curvature import CONCAVE, CONVEX, RISING, STRICT, asked
from test_quasiconvexity import RULES as QUASI

import netprops
from netprops import (
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
    nonnegative,
    ordered_cone,
    positive,
    reals,
    recheck,
    violates_jensen,
)
from netprops.certificates.checking import QUESTIONS

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
RULES_TOO = {("affine", "terms"), ("terms", "affine"), ("terms", "power"), ("affine", "squares"), ("affine", "rising terms")}
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
NUMBERS = ("0", "-1", "1/2", "1/0", "0x1p1", "0x1p9999", "[0 +/- 1e9]", "١")
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
                    step, _ = refusal(put(certificate, (*prefix, *path), other), *functions)
                    assert step.endswith("format") or (prefix and path[0] in ("question", "answer", *COMMON))


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
